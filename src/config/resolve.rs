//! Turns flags, environment and files into one workbench and one key, each value with its origin.
//!
//! The order is flag, environment, profile, variables of a workbench session. A key belongs to the
//! URL that it was given for: a profile's key goes to the profile's URL, a session's key to the
//! session's, and neither to a URL from another source.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use secrecy::zeroize::Zeroizing;

use super::paths::Env;
use super::profile::Profile;
use super::store::Loaded;
use super::{Error, Session, credential_command, history};
use crate::api::{self, Client, ClientOptions, parse_url};
use crate::secret::{ApiKey, LegacyKey};

/// What the command line says.
#[derive(Debug, Clone, Default)]
pub struct Overrides {
    pub profile: Option<String>,
    pub url: Option<String>,
    pub model_url: Option<String>,
    pub ca_cert: Option<PathBuf>,
    pub insecure: bool,
    pub timeout: Option<Duration>,
    pub read_only: bool,
}

/// The source of a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A command line option, such as `--url`.
    Flag(&'static str),
    /// A variable of keybench.
    Env(&'static str),
    /// A profile, by name.
    Profile(String),
    /// A variable that a workbench session sets.
    Workbench(&'static str),
    Default,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(name) | Self::Env(name) | Self::Workbench(name) => f.write_str(name),
            Self::Profile(name) => write!(f, "profile {name}"),
            Self::Default => f.write_str("default"),
        }
    }
}

/// A value and its origin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Traced<T> {
    pub value: T,
    pub source: Source,
}

/// Everything needed to reach a workbench, with origins.
#[derive(Debug, Clone)]
pub struct Resolved {
    pub url: Traced<String>,
    pub key: Option<Traced<ApiKey>>,
    pub legacy_key: Option<LegacyKey>,
    pub model_url: Option<Traced<String>>,
    pub ca_cert: Option<Traced<PathBuf>>,
    pub proxy: Option<Traced<String>>,
    pub insecure: bool,
    pub read_only: bool,
    pub timeout: Duration,
    /// Timeout of one model call, if `--timeout` is given.
    pub model_timeout: Option<Duration>,
    /// The profile in use; `None` if the URL is not the profile's.
    pub profile: Option<(String, Profile)>,
    pub username: Option<String>,
    /// Key ID of the key, if the profile knows it.
    pub key_id: Option<String>,
    pub project: Option<Traced<String>>,
    pub inside_workbench: bool,
    /// The key that this workbench gave to the session, whether or not it is in use.
    pub session_key: Option<ApiKey>,
    /// Where tests and runs are kept; `None` where no history is.
    pub history: Option<PathBuf>,
}

impl Resolved {
    /// # Errors
    /// [`Error::NoKey`], and what [`Client::new`] does not accept.
    pub fn session(&self) -> Result<Session, Error> {
        if self.key.is_none() {
            return Err(Error::NoKey { url: self.url.value.clone() });
        }
        let mut session = Session::new(Client::new(self.client_options())?);
        session.username = self.username.clone();
        session.key_id = self.key_id.clone();
        session.read_only = self.read_only;
        session.model_timeout = self.model_timeout;
        session.project = self.project.as_ref().map(|project| project.value.clone());
        session.inside_workbench = self.inside_workbench;
        session.session_key = self.session_key.clone();
        session.history = self.history.clone();
        if let Some((name, profile)) = &self.profile {
            session.label = profile.label.clone().unwrap_or_else(|| name.clone());
            session.profile = Some(name.clone());
            session.colour = profile.colour.clone();
        }
        Ok(session)
    }

    /// The options of the client, with the key if there is one.
    pub fn client_options(&self) -> ClientOptions {
        ClientOptions {
            url: self.url.value.clone(),
            model_url: self.model_url.as_ref().map(|url| url.value.clone()),
            key: self.key.as_ref().map(|key| key.value.clone()),
            ca_cert: self.ca_cert.as_ref().map(|file| file.value.clone()),
            insecure: self.insecure,
            timeout: self.timeout,
            proxy: self.proxy.as_ref().map(|proxy| proxy.value.clone()),
            direct: false,
            legacy_key: self.legacy_key.clone(),
        }
    }
}

/// Combines all sources. Sends nothing, but runs a profile's `credential_command`.
///
/// # Errors
/// [`Error::NoWorkbench`] if no URL is known (or the problem with the files that explains it),
/// [`Error::UnknownProfile`], and values that cannot be read. A missing key is not an error yet.
pub fn resolve(flags: &Overrides, env: Env<'_>, loaded: &mut Loaded) -> Result<Resolved, Error> {
    match without_key(flags, env, loaded)? {
        (_, Some(problem)) => Err(problem),
        (resolved, None) => Ok(resolved),
    }
}

/// Like [`resolve`], for callers that can continue without a key: returns the reason why there is
/// none beside what is known.
///
/// # Errors
/// As [`resolve`], except those about the key alone.
pub fn without_key(
    flags: &Overrides,
    env: Env<'_>,
    loaded: &mut Loaded,
) -> Result<(Resolved, Option<Error>), Error> {
    let chosen = Chosen::new(flags, env, loaded)?;
    let profile = chosen.own_profile();
    let Chosen { url, workbench, .. } = chosen;
    let of_profile = |value: Option<String>| {
        let (name, _) = profile.as_ref()?;
        value.map(|value| traced(value, Source::Profile(name.clone())))
    };
    let entry = profile.as_ref().map(|(_, profile)| profile.clone()).unwrap_or_default();
    let mut resolved = Resolved {
        key: None,
        legacy_key: None,
        model_url: given("--model-url", &flags.model_url, "KEYBENCH_MODEL_URL", env)?
            .or_else(|| of_profile(entry.model_url.clone())),
        ca_cert: match (&flags.ca_cert, &entry.ca_cert, &profile) {
            (Some(file), ..) => Some(traced(file.clone(), Source::Flag("--ca-cert"))),
            (None, Some(file), Some((name, _))) => Some(traced(file.clone(), Source::Profile(name.clone()))),
            _ => None,
        },
        proxy: of_profile(entry.proxy.clone()),
        insecure: flags.insecure || entry.insecure,
        read_only: flags.read_only || entry.read_only,
        timeout: flags.timeout.unwrap_or(Duration::from_secs(30)),
        model_timeout: flags.timeout,
        username: None,
        key_id: None,
        project: None,
        inside_workbench: env("CDSW_DOMAIN")?.is_some(),
        session_key: None,
        history: history::file(env, loaded).ok(),
        profile,
        url,
    };
    if workbench.as_ref().is_some_and(|own| own.value == resolved.url.value) {
        resolved.project = session_variable("CDSW_PROJECT_ID", env)?;
        resolved.session_key = env("CDSW_APIV2_KEY")?.map(|key| ApiKey::from_workbench(key.trim()));
    }
    let problem = match find_key(&mut resolved, env, loaded) {
        Err(problem) => Some(problem),
        Ok(()) if resolved.key.is_none() => first_problem(loaded),
        Ok(()) => None,
    };
    Ok((resolved, problem))
}

/// Whether any certificate is accepted; runs no command to find out.
pub fn is_insecure(flags: &Overrides, env: Env<'_>, loaded: &mut Loaded) -> bool {
    let of_profile = |chosen: Chosen| chosen.own_profile().is_some_and(|(_, profile)| profile.insecure);
    flags.insecure || Chosen::new(flags, env, loaded).is_ok_and(of_profile)
}

/// Which workbench is meant; runs no command to find out.
///
/// # Errors
/// As [`resolve`].
pub fn url(flags: &Overrides, env: Env<'_>, loaded: &mut Loaded) -> Result<Traced<String>, Error> {
    Chosen::new(flags, env, loaded).map(|chosen| chosen.url)
}

/// The workbench that is meant.
struct Chosen {
    url: Traced<String>,
    /// The profile that is named or current, whether or not it is for that URL.
    profile: Option<(String, Profile)>,
    /// The workbench that this process runs in.
    workbench: Option<Traced<String>>,
}

impl Chosen {
    fn new(flags: &Overrides, env: Env<'_>, loaded: &mut Loaded) -> Result<Self, Error> {
        let named = given("--profile", &flags.profile, "KEYBENCH_PROFILE", env)?;
        let explicit = named.is_some();
        let name = named.map(|named| named.value).or_else(|| loaded.profiles.current.clone());
        let profile = match name {
            Some(name) => match loaded.profiles.profiles.get(&name) {
                Some(profile) => Some((name, profile.clone())),
                None if explicit => return Err(unknown(name, loaded)),
                None => None,
            },
            None => None,
        };
        let workbench = workbench_url(env)?;
        let chosen = given("--url", &flags.url, "KEYBENCH_URL", env)?
            .or_else(|| {
                profile.as_ref().map(|(name, p)| traced(p.url.clone(), Source::Profile(name.clone())))
            })
            .or_else(|| workbench.clone());
        let Some(chosen) = chosen else {
            return Err(first_problem(loaded).unwrap_or(Error::NoWorkbench));
        };
        let url = Traced { value: read_url(&chosen)?, source: chosen.source };
        Ok(Self { url, profile, workbench })
    }

    /// The profile, if the URL is its own: nothing in it applies to another URL.
    fn own_profile(&self) -> Option<(String, Profile)> {
        let is_own = |profile: &Profile| parse_url(&profile.url).is_ok_and(|own| own == self.url.value);
        self.profile.clone().filter(|(_, profile)| is_own(profile))
    }
}

fn find_key(resolved: &mut Resolved, env: Env<'_>, loaded: &Loaded) -> Result<(), Error> {
    if let Some(text) = env("KEYBENCH_API_KEY")? {
        let text = Zeroizing::new(text);
        let from = "KEYBENCH_API_KEY";
        let key = ApiKey::parse(&text).map_err(|why| Error::BadKey { from: from.to_owned(), why })?;
        resolved.key = Some(traced(key, Source::Env(from)));
        return Ok(());
    }
    if let Some((name, profile)) = &resolved.profile {
        let stored = loaded.credentials.keys.get(name).filter(|stored| stored.url == resolved.url.value);
        resolved.legacy_key = stored.and_then(|stored| stored.legacy_api_key.clone());
        let key = match (&profile.credential_command, stored) {
            (Some(command), _) => Some(credential_command::run(name, command)?),
            (None, Some(stored)) if !stored.api_key.expose().is_empty() => Some(stored.api_key.clone()),
            _ => None,
        };
        if let Some(key) = key {
            resolved.key = Some(traced(key, Source::Profile(name.clone())));
            resolved.username = Some(profile.username.clone()).filter(|name| !name.is_empty());
            resolved.key_id = stored.map(|stored| stored.key_id.clone()).filter(|id| !id.is_empty());
            return Ok(());
        }
    }
    resolved.key = resolved.session_key.clone().map(|key| traced(key, Source::Workbench("CDSW_APIV2_KEY")));
    Ok(())
}

/// The workbench that this process runs in: `CDSW_DOMAIN` has no scheme, and the URLs beside it
/// show whether TLS is on (OBSERVED, CAI_STUDIO_AGENT).
fn workbench_url(env: Env<'_>) -> Result<Option<Traced<String>>, Error> {
    let Some(domain) = env("CDSW_DOMAIN")? else { return Ok(None) };
    let beside = match env("CDSW_PROJECT_URL")? {
        Some(url) => Some(url),
        None => env("CDSW_API_URL")?,
    };
    let plain = beside.is_some_and(|url| url.trim().to_ascii_lowercase().starts_with("http://"));
    let scheme = if plain { "http" } else { "https" };
    let url = format!("{scheme}://{}", domain.trim().trim_end_matches('/'));
    Ok(Some(traced(parse_url(&url).unwrap_or(url), Source::Workbench("CDSW_DOMAIN"))))
}

fn read_url(given: &Traced<String>) -> Result<String, Error> {
    parse_url(&given.value)
        .map_err(|error: api::Error| Error::Value { from: given.source.to_string(), error })
}

fn first_problem(loaded: &mut Loaded) -> Option<Error> {
    // A broken `config.toml` does not explain a missing workbench or key.
    let is_settings = |problem: &Error| problem.file().is_some_and(|file| file.ends_with("config.toml"));
    let at = loaded.problems.iter().position(|problem| !is_settings(problem))?;
    Some(loaded.problems.remove(at))
}

fn unknown(name: String, loaded: &mut Loaded) -> Error {
    let known = loaded.profiles.profiles.keys().cloned().collect();
    first_problem(loaded).unwrap_or(Error::UnknownProfile { name, known })
}

/// The value of an option, else of a variable.
fn given(
    option: &'static str,
    value: &Option<String>,
    name: &'static str,
    env: Env<'_>,
) -> Result<Option<Traced<String>>, Error> {
    Ok(match value {
        Some(value) => Some(traced(value.clone(), Source::Flag(option))),
        None => env(name)?.map(|value| traced(value, Source::Env(name))),
    })
}

fn session_variable(name: &'static str, env: Env<'_>) -> Result<Option<Traced<String>>, Error> {
    Ok(env(name)?.map(|value| traced(value.trim().to_owned(), Source::Workbench(name))))
}

fn traced<T>(value: T, source: Source) -> Traced<T> {
    Traced { value, source }
}
