//! Signing in to a workbench, and the profiles that remember it.
//!
//! Nothing is stored before the workbench has accepted the key. A profile belongs to one workbench
//! and one user: signing in again refreshes it, and keeps its label, colour and marks; the name of
//! another user's profile is refused unless the caller says to replace it.

use std::path::PathBuf;
use std::time::Duration;

use crate::api::{self, Client, ClientOptions, parse_url};
use crate::config::paths::{config_dir, inside_workbench, process_env};
use crate::config::{
    self, Credential, Overrides, Profile, Profiles, Session, Store, credential_command, made_keys, resolve,
};
use crate::secret::ApiKey;
use crate::text;
use crate::wire::{AUDIENCE_API, AUDIENCE_APPLICATION};

/// Why signing in failed. Nothing was stored.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Api(#[from] api::Error),
    #[error(transparent)]
    Config(#[from] config::Error),
    /// The profile of that name is for another workbench or another user.
    #[error("the profile {name} is for {}", holder(username, url))]
    Taken { name: String, url: String, username: String },
    #[error("the profile's name is empty")]
    EmptyName,
    /// A profile whose key comes from a command has no key to replace here.
    #[error("the profile {name} takes its key from a command: store the new key there yourself")]
    KeyOfCommand { name: String },
    /// The home directory is a project's storage.
    #[error(
        "inside a workbench session the home directory is the project's storage, which its collaborators can read; no key is stored there"
    )]
    SharedHome,
}

fn holder(username: &str, url: &str) -> String {
    let (username, url) = (text::clean(username), text::clean(url));
    if username.is_empty() { url.into_owned() } else { format!("{username} at {url}") }
}

impl Error {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Api(error) => return error.hint(),
            Self::Config(error) => return error.hint(),
            Self::Taken { name, .. } => {
                format!("choose another --name, or remove it first: keybench profile remove {name}")
            }
            Self::KeyOfCommand { .. } => return None,
            Self::EmptyName => "leave out --name, or name it".to_owned(),
            Self::SharedHome => {
                "nothing needs to be stored: the session's own key is used; else name a --credential-command, or insist with --store-in-session"
                    .to_owned()
            }
        })
    }
}

/// What to sign in to, and how the profile is to be. What is `None` stays as it is in a
/// profile that is refreshed.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// URL of the workbench.
    pub url: String,
    /// Name of the profile; `None`: one that is free, or that of the same workbench and user.
    pub name: Option<String>,
    /// The person knows that a profile of that name belongs to another workbench or user, and wants
    /// it replaced with all that it holds.
    pub replace: bool,
    pub model_url: Option<String>,
    pub ca_cert: Option<PathBuf>,
    pub insecure: bool,
    pub read_only: bool,
    pub label: Option<String>,
    pub colour: Option<String>,
    pub proxy: Option<String>,
    /// A shell command that prints the key; it is stored instead of the key.
    pub credential_command: Option<String>,
    /// For the requests of the session; not stored.
    pub timeout: Option<Duration>,
    /// The home directory is a project's storage: no key is stored, unless
    /// [`Self::store_in_session`] insists.
    pub inside_workbench: bool,
    pub store_in_session: bool,
}

impl Request {
    /// To the workbench at `url`, from the surroundings of this process.
    pub fn new(url: impl Into<String>) -> Self {
        Self { url: url.into(), inside_workbench: inside_workbench(), ..Self::default() }
    }
}

/// The result of signing in.
#[derive(Debug)]
pub struct SignedIn {
    pub session: Session,
    /// The profile that was stored; `None` without a [`Store`].
    pub profile: Option<String>,
    pub owner: Owner,
}

/// Whose key it is, and what it is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner {
    pub username: String,
    /// [`AUDIENCE_API`], or [`AUDIENCE_APPLICATION`]: API v2 and models refuse such a key.
    pub audience: &'static str,
}

impl Owner {
    /// What a user who signs in with the key should know.
    pub fn caution(&self) -> Option<String> {
        let audience = self.audience;
        (audience != AUDIENCE_API)
            .then(|| format!("this key is for {audience} only: API v2 and models will refuse it"))
    }
}

/// Whose key a client has, and for which audience it is valid.
///
/// # Errors
/// The key is not valid, or the workbench does not answer.
pub async fn owner(client: &Client) -> Result<Owner, api::Error> {
    let refused = match client.validate_key(AUDIENCE_API).await {
        Ok(answer) if answer.valid => {
            return Ok(Owner { username: answer.username, audience: AUDIENCE_API });
        }
        Ok(answer) => api::Error::Refused {
            operation: "validating the API key",
            status: 401,
            code: None,
            message: answer.message,
            request_id: None,
            retry_after: None,
        },
        Err(error) => error,
    };
    if refused.status() != Some(403) {
        return Err(refused);
    }
    // A key for another audience is refused here (OBSERVED, cai-connector), and is a good key there.
    match client.validate_key(AUDIENCE_APPLICATION).await {
        Ok(answer) if answer.valid => Ok(Owner { username: answer.username, audience: AUDIENCE_APPLICATION }),
        _ => Err(refused),
    }
}

/// The user of a session.
///
/// # Errors
/// It is not known, and the workbench does not say.
pub async fn username(session: &Session) -> Result<String, api::Error> {
    match &session.username {
        Some(username) => Ok(username.clone()),
        None => Ok(owner(&session.client).await?.username),
    }
}

/// Checks what can be checked before there is a key, so that no one types a key in vain.
///
/// # Errors
/// As [`sign_in`].
pub fn check(store: &Store, request: &Request) -> Result<(), Error> {
    let loaded = store.load();
    // Files that cannot be read must not be overwritten. Settings are not written.
    let is_about_settings = |problem: &config::Error| {
        problem.file().is_some_and(|file| *file == store.config_file())
            && !matches!(problem, config::Error::Newer { .. })
    };
    if let Some(problem) = loaded.problems.into_iter().find(|problem| !is_about_settings(problem)) {
        return Err(problem.into());
    }
    if request.inside_workbench && request.credential_command.is_none() && !request.store_in_session {
        return Err(Error::SharedHome);
    }
    let Some(name) = &request.name else { return Ok(()) };
    if name.trim().is_empty() {
        return Err(Error::EmptyName);
    }
    refresh(&loaded.profiles, name, &parse_url(&request.url)?, None, request.replace).map(drop)
}

/// Signs in with `key`, or with what the request's command prints, and stores the profile once the
/// workbench has accepted the key. Without a `store` nothing is remembered.
///
/// # Errors
/// Nothing was stored.
pub async fn sign_in(
    store: Option<&Store>,
    request: Request,
    key: Option<ApiKey>,
) -> Result<SignedIn, Error> {
    let url = parse_url(&request.url)?;
    if let Some(store) = store {
        check(store, &request)?;
    }
    let key = match (&request.credential_command, key) {
        (Some(command), _) => {
            let (name, command) = (request.name.clone().unwrap_or_else(|| "new".to_owned()), command.clone());
            blocking(move || Ok(credential_command::run(&name, &command)?)).await?
        }
        (None, Some(key)) => key,
        (None, None) => return Err(config::Error::NoKey { url }.into()),
    };
    // What a profile that is refreshed says about the way holds for the first request too.
    let old = store.map(|store| store.load().profiles).unwrap_or_default();
    let old = request.name.as_ref().and_then(|name| old.profiles.get(name)).filter(|old| old.url == url);
    let way = profile(&request, &url, "", old.cloned().unwrap_or_default());
    let client = Client::new(client_options(&way, key.clone(), request.timeout))?;
    let owner = owner(&client).await?;
    let Some(store) = store.cloned() else {
        let mut session = Session::new(client);
        session.username = Some(owner.username.clone());
        session.read_only = request.read_only;
        session.model_timeout = request.timeout;
        return Ok(SignedIn { session, profile: None, owner });
    };
    let username = owner.username.clone();
    let (name, session) = blocking(move || {
        let given = Overrides { timeout: request.timeout, ..Overrides::default() };
        let name = remember(&store, &request, &url, &username, key.clone())?;
        Ok((name.clone(), opened(&store, &name, &given, Some(key))?))
    })
    .await?;
    Ok(SignedIn { session, profile: Some(name), owner })
}

fn remember(
    store: &Store,
    request: &Request,
    url: &str,
    username: &str,
    key: ApiKey,
) -> Result<String, Error> {
    let credential = request.credential_command.is_none().then(|| Credential {
        url: url.to_owned(),
        key_id: made_keys::find(store, &key).ok().flatten().map(|made| made.key_id).unwrap_or_default(),
        api_key: key,
        legacy_api_key: None,
    });
    // Among the profiles as they are now: another one may have come while the key was typed.
    store.save_as(
        |profiles| {
            let name = request.name.clone().unwrap_or_else(|| profiles.free_name(url, username));
            let old = refresh(profiles, &name, url, Some(username), request.replace)?;
            Ok::<_, Error>((name, profile(request, url, username, old)))
        },
        credential,
    )
}

/// The profile that is refreshed under `name`; an empty one where there is none, or where it is to
/// be replaced.
fn refresh(
    profiles: &Profiles,
    name: &str,
    url: &str,
    username: Option<&str>,
    replace: bool,
) -> Result<Profile, Error> {
    let Some(old) = profiles.profiles.get(name) else { return Ok(Profile::default()) };
    let own_url = parse_url(&old.url).is_ok_and(|own| own == url);
    let own_user = username.is_none_or(|username| old.username.is_empty() || old.username == username);
    match (own_url && own_user, replace) {
        (true, _) => Ok(old.clone()),
        (false, true) => Ok(Profile::default()),
        (false, false) => {
            Err(Error::Taken { name: name.to_owned(), url: old.url.clone(), username: old.username.clone() })
        }
    }
}

/// The profile as it will be stored: `old` with what the request says.
fn profile(request: &Request, url: &str, username: &str, old: Profile) -> Profile {
    let given = request.clone();
    Profile {
        url: url.to_owned(),
        username: username.to_owned(),
        model_url: given.model_url.or(old.model_url),
        label: given.label.or(old.label),
        colour: given.colour.or(old.colour),
        read_only: given.read_only || old.read_only,
        ca_cert: given.ca_cert.or(old.ca_cert),
        insecure: given.insecure || old.insecure,
        proxy: given.proxy.or(old.proxy),
        credential_command: given.credential_command,
    }
}

fn client_options(profile: &Profile, key: ApiKey, timeout: Option<Duration>) -> ClientOptions {
    let mut options = ClientOptions::new(&profile.url);
    options.model_url = profile.model_url.clone();
    options.ca_cert = profile.ca_cert.clone();
    options.insecure = profile.insecure;
    options.proxy = profile.proxy.clone();
    options.timeout = timeout.unwrap_or(options.timeout);
    options.key = Some(key);
    options
}

/// Opens the profile `name` and makes it current. Of `given`, the options of the command line,
/// what concerns no particular workbench holds.
///
/// # Errors
/// The profile cannot be used; then the current one stays what it was.
pub async fn open(store: &Store, name: &str, given: &Overrides) -> Result<Session, Error> {
    let (store, name, given) = (store.clone(), name.to_owned(), given.clone());
    blocking(move || {
        let session = opened(&store, &name, &given, None)?;
        store.make_current(&name)?;
        Ok(session)
    })
    .await
}

/// The session of a profile. `key`, where the key is known already, spares running the profile's
/// command once more.
fn opened(store: &Store, name: &str, given: &Overrides, key: Option<ApiKey>) -> Result<Session, Error> {
    let flags = Overrides {
        profile: Some(name.to_owned()),
        insecure: given.insecure,
        timeout: given.timeout,
        read_only: given.read_only,
        ..Overrides::default()
    };
    // The environment's URL and key are not the named profile's; its history lies with its store.
    let by_env = config_dir(&process_env).is_ok_and(|folder| folder == store.dir());
    let env = |variable: &str| match variable {
        "KEYBENCH_CONFIG_DIR" if by_env => process_env(variable),
        "KEYBENCH_CONFIG_DIR" => Ok(store.dir().to_str().map(str::to_owned)),
        _ if variable.starts_with("KEYBENCH_") => Ok(None),
        _ => process_env(variable),
    };
    let mut loaded = store.load();
    if let (Some(api_key), Some(profile)) = (key, loaded.profiles.profiles.get_mut(name))
        && profile.credential_command.take().is_some()
    {
        let credential = Credential { url: profile.url.clone(), api_key, ..Credential::default() };
        loaded.credentials.keys.insert(name.to_owned(), credential);
    }
    let mut session = resolve(&flags, &env, &mut loaded)?.session()?;
    session.store = Some(store.clone());
    Ok(session)
}

/// Signs in with `key`, the successor of the key of `session`, and keeps it in the session's profile.
///
/// # Errors
/// The profile was not changed: it still holds the old key.
pub async fn adopt(session: &Session, key: ApiKey, key_id: String) -> Result<Session, Error> {
    let mut adopted = session.clone();
    adopted.client = session.client.with_key(key.clone());
    adopted.key_id = Some(key_id.clone());
    let (Some(name), Some(store)) = (session.profile.clone(), session.store.clone()) else {
        return Ok(adopted);
    };
    let url = session.client.url().to_owned();
    blocking(move || {
        let mut profiles = store.profiles()?.profiles;
        let Some(profile) = profiles.remove(&name) else {
            return Err(config::Error::UnknownProfile { name, known: profiles.into_keys().collect() }.into());
        };
        if profile.credential_command.is_some() {
            return Err(Error::KeyOfCommand { name });
        }
        let credential = Credential { url, api_key: key, key_id, legacy_api_key: None };
        store.save(&name, profile, Some(credential))?;
        Ok(adopted)
    })
    .await
}

/// Signs out: the profile and its key are gone from this machine. The key goes on working.
///
/// # Errors
/// The files cannot be changed, or there is no such profile.
pub async fn remove(store: &Store, name: &str) -> Result<(), Error> {
    let (store, name) = (store.clone(), name.to_owned());
    blocking(move || Ok(store.remove(&name)?)).await
}

/// The profiles.
///
/// # Errors
/// Their file cannot be read: no profiles would be the wrong answer.
pub async fn profiles(store: &Store) -> Result<Profiles, Error> {
    let store = store.clone();
    blocking(move || Ok(store.profiles()?)).await
}

/// Runs what waits for files and commands where it holds up nothing else.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(panicked) => std::panic::resume_unwind(panicked.into_panic()),
    }
}
