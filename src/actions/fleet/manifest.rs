//! The manifest: which services there are, and where the key of each is needed.

use std::borrow::Cow;
use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::{Span, SpanRelativeTo};
use serde::Deserialize;

use super::Error;
use crate::actions::rotation::BUSY;
use crate::bounded;
use crate::config::owner;
use crate::config::replace::Access;
use crate::expiry::check_form;
use crate::text;
use crate::text::toml::Mistake;
use crate::wire::{AUDIENCE_API, AUDIENCE_APPLICATION};

/// A schema of the manifest, for editors.
pub const SCHEMA: &str = include_str!("../../../assets/fleet.schema.json");

/// How the ids of deliveries to a project's environment, and to a command, begin.
const PROJECT_ENV: &str = "project_env ";
const EXEC: &str = "exec ";
const DUE_DAYS: u32 = 14;
const GRACE: Duration = Duration::from_secs(86_400);
/// For a command, a reload and the command that reads.
const PATIENCE: Duration = Duration::from_secs(120);

/// What should be.
#[derive(Debug)]
pub struct Manifest {
    /// Absolute, so that a later run finds the services of this one.
    pub file: PathBuf,
    pub services: Vec<Service>,
}

/// A service with a key of its own.
#[derive(Debug, Clone, Default)]
pub struct Service {
    /// The name (comment) of its keys.
    pub name: String,
    /// Whose keys they are; `None`: the user's who runs the fleet.
    pub user: Option<String>,
    pub audiences: Vec<String>,
    /// As `keys create --expires` reads it.
    pub expires: String,
    pub due_days: u32,
    pub grace: Duration,
    /// The model that proves a key, with its request, and how often it is asked again.
    pub verify: Option<Verify>,
    pub deliver: Vec<Delivery>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Verify {
    pub model: String,
    /// JSON; the example in the model's description otherwise.
    pub request: Option<String>,
    /// How often a model that is busy or being deployed is asked again.
    #[serde(default = "asked_again")]
    pub busy: u32,
}

fn asked_again() -> u32 {
    BUSY
}

/// Where a key is needed.
#[derive(Debug, Clone)]
pub struct Delivery {
    /// Tells it from the others of its service: `file /etc/scoring/key`.
    pub id: String,
    pub to: Target,
    /// A command that makes the service read its key again.
    pub reload: Option<String>,
    /// For that command; and how long restarted models are waited for.
    pub reload_timeout: Duration,
}

#[derive(Debug, Clone)]
pub enum Target {
    File { path: PathBuf, access: Access },
    KubernetesSecret { namespace: Option<String>, name: String, key: String, timeout: Duration },
    ProjectEnv { project: String, variable: String, restart: Vec<String> },
    Exec { command: String, read: Option<String>, timeout: Duration },
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    version: u32,
    #[serde(default)]
    defaults: Defaults,
    #[serde(default)]
    service: Vec<WrittenService>,
}

#[derive(Debug, Default, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Defaults {
    user: Option<String>,
    audience: Option<OneOrMore>,
    expires: Option<String>,
    due: Option<String>,
    grace: Option<String>,
    verify: Option<WrittenVerify>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenService {
    name: String,
    user: Option<String>,
    audience: Option<OneOrMore>,
    expires: Option<String>,
    due: Option<String>,
    grace: Option<String>,
    verify: Option<WrittenVerify>,
    #[serde(default)]
    deliver: Vec<WrittenDelivery>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
enum OneOrMore {
    One(String),
    More(Vec<String>),
}

#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
enum WrittenVerify {
    Model(String),
    More(Verify),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenDelivery {
    file: Option<PathBuf>,
    mode: Option<String>,
    owner: Option<String>,
    group: Option<String>,
    kubernetes_secret: Option<String>,
    namespace: Option<String>,
    key: Option<String>,
    project_env: Option<String>,
    variable: Option<String>,
    #[serde(default)]
    shared_with_collaborators: bool,
    #[serde(default)]
    restart: Vec<String>,
    exec: Option<String>,
    read: Option<String>,
    timeout: Option<String>,
    reload: Option<String>,
    reload_timeout: Option<String>,
}

impl Service {
    /// Whose keys it has, where `own` runs the fleet.
    pub fn username<'a>(&'a self, own: &'a str) -> &'a str {
        self.user.as_deref().unwrap_or(own)
    }
}

impl Delivery {
    /// Whether the key is read only once something was reloaded or restarted.
    pub fn needs_reload(&self) -> bool {
        !self.restarts().is_empty() || self.reload.is_some()
    }

    /// The models that are restarted once the key is there.
    pub fn restarts(&self) -> &[String] {
        match &self.to {
            Target::ProjectEnv { restart, .. } => restart,
            _ => &[],
        }
    }
}

impl Manifest {
    /// Reads a manifest.
    ///
    /// # Errors
    /// [`Error::Manifest`] says what is wrong, and in which service; or it cannot be read.
    pub fn read(file: &Path) -> Result<Self, Error> {
        let unreadable = |error| Error::NoManifest { file: file.to_owned(), error };
        let text = bounded::read_to_string(file).map_err(unreadable)?;
        let services = services(&text).map_err(|why| Error::Manifest { file: file.to_owned(), why })?;
        let file = file.canonicalize().map_err(unreadable)?;
        Ok(Self { file, services })
    }
}

fn services(text: &str) -> Result<Vec<Service>, String> {
    let written: Written = toml::from_str(text).map_err(|error| Mistake::of(text, &error).to_string())?;
    if written.version != 1 {
        return Err(format!("its version is {}, and this keybench reads version 1", written.version));
    }
    let (mut names, mut targets) = (HashSet::new(), HashSet::new());
    let mut services = Vec::new();
    for service in written.service {
        let name = service.name.clone();
        let in_service = |why: String| format!("service {name:?}: {why}");
        let service = service.with(&written.defaults).map_err(in_service)?;
        if !names.insert((service.user.clone(), service.name.clone())) {
            return Err(in_service("there are two services of this name".to_owned()));
        }
        for delivery in &service.deliver {
            if !targets.insert(delivery.id.clone()) {
                return Err(in_service(format!("{} is delivered to twice", delivery.id)));
            }
        }
        services.push(service);
    }
    Ok(services)
}

/// Project and variable of a delivery to a project's environment, from its id.
pub fn project_variable(id: &str) -> Option<(&str, &str)> {
    id.strip_prefix(PROJECT_ENV)?.rsplit_once(' ')
}

/// A delivery's id for people: of a command its beginning, in quotes.
pub fn readable(id: &str) -> Cow<'_, str> {
    /// Columns of a command that are shown.
    const COMMAND: usize = 40;
    match id.strip_prefix(EXEC) {
        Some(command) => format!("{EXEC}`{}`", text::truncate(command.trim(), COMMAND)).into(),
        None => id.into(),
    }
}

impl WrittenService {
    fn with(self, defaults: &Defaults) -> Result<Service, String> {
        if self.name.trim().is_empty() {
            return Err("its name is empty".to_owned());
        }
        if self.deliver.is_empty() {
            return Err("it has no [[service.deliver]], so nothing would have its key".to_owned());
        }
        let audiences = match self.audience.or_else(|| defaults.audience.clone()) {
            None => vec![AUDIENCE_API.to_owned()],
            Some(OneOrMore::One(one)) => vec![one],
            Some(OneOrMore::More(more)) => more,
        };
        if audiences.is_empty() {
            return Err("its list of audiences is empty".to_owned());
        }
        let due = self.due.or_else(|| defaults.due.clone());
        let grace = self.grace.or_else(|| defaults.grace.clone());
        let due =
            due.map_or(Ok(Duration::from_secs(u64::from(DUE_DAYS) * 86_400)), |due| length("due", &due))?;
        let expires = self.expires.or_else(|| defaults.expires.clone());
        let expires = expires.unwrap_or_else(|| "default".to_owned());
        check_form(&expires).map_err(|why| format!("expires: {why}"))?;
        Ok(Service {
            audiences: audiences.iter().map(|text| audience(text)).collect::<Result<_, _>>()?,
            user: self.user.or_else(|| defaults.user.clone()),
            expires,
            due_days: u32::try_from(due.as_secs().div_ceil(86_400))
                .map_err(|_| "due is too long".to_owned())?,
            grace: grace.map_or(Ok(GRACE), |grace| length("grace", &grace))?,
            verify: self.verify.or_else(|| defaults.verify.clone()).map(|verify| match verify {
                WrittenVerify::Model(model) => Verify { model, request: None, busy: BUSY },
                WrittenVerify::More(verify) => verify,
            }),
            deliver: self.deliver.into_iter().map(WrittenDelivery::read).collect::<Result<_, _>>()?,
            name: self.name,
        })
    }
}

impl WrittenDelivery {
    fn read(self) -> Result<Delivery, String> {
        let timeout = self.timeout.as_deref().map_or(Ok(PATIENCE), |text| length("timeout", text))?;
        let reload_timeout =
            self.reload_timeout.as_deref().map_or(Ok(PATIENCE), |text| length("reload_timeout", text))?;
        self.check()?;
        let (id, to) = match (self.file, self.kubernetes_secret, self.project_env, self.exec) {
            (Some(path), None, None, None) => {
                let access = access(self.mode.as_deref(), self.owner.as_deref(), self.group.as_deref())?;
                if !path.is_absolute() {
                    return Err(format!("file {:?} is no absolute path", path.display()));
                }
                (format!("file {}", path.display()), Target::File { path, access })
            }
            (None, Some(name), None, None) => {
                let (namespace, key) = (self.namespace, self.key.unwrap_or_else(|| "api-key".to_owned()));
                let shown = namespace.as_deref().map(|space| format!("{space}/")).unwrap_or_default();
                let id = format!("kubernetes_secret {shown}{name} {key}");
                (id, Target::KubernetesSecret { namespace, name, key, timeout })
            }
            (None, None, Some(project), None) => {
                if !self.shared_with_collaborators {
                    return Err(format!(
                        "project_env {project:?}: collaborators of the project can read the key; write \
                         shared_with_collaborators = true if that is intended"
                    ));
                }
                let variable = self.variable.ok_or("project_env needs a variable".to_owned())?;
                let id = format!("{PROJECT_ENV}{project} {variable}");
                (id, Target::ProjectEnv { project, variable, restart: self.restart })
            }
            (None, None, None, Some(command)) if !command.trim().is_empty() => {
                (format!("{EXEC}{command}"), Target::Exec { command, read: self.read, timeout })
            }
            _ => {
                return Err(
                    "each [[service.deliver]] has one of file, kubernetes_secret, project_env and exec"
                        .to_owned(),
                );
            }
        };
        Ok(Delivery { id, to, reload: self.reload, reload_timeout })
    }

    /// Refuses members that this kind of delivery would ignore.
    fn check(&self) -> Result<(), String> {
        let (file, secret) = (self.file.is_some(), self.kubernetes_secret.is_some());
        let (project, exec) = (self.project_env.is_some(), self.exec.is_some());
        let reloads = self.reload.is_some() || !self.restart.is_empty();
        let members = [
            ("mode", self.mode.is_some(), file),
            ("owner", self.owner.is_some(), file),
            ("group", self.group.is_some(), file),
            ("namespace", self.namespace.is_some(), secret),
            ("key", self.key.is_some(), secret),
            ("variable", self.variable.is_some(), project),
            ("restart", !self.restart.is_empty(), project),
            ("shared_with_collaborators", self.shared_with_collaborators, project),
            ("read", self.read.is_some(), exec),
            ("timeout", self.timeout.is_some(), exec || secret),
            ("reload_timeout", self.reload_timeout.is_some(), reloads),
        ];
        match members.iter().find(|(_, given, fits)| *given && !fits) {
            Some((member, ..)) => Err(format!("{member} does not belong to this kind of delivery")),
            None => Ok(()),
        }
    }
}

fn audience(text: &str) -> Result<String, String> {
    let known = [AUDIENCE_API, AUDIENCE_APPLICATION].into_iter();
    let found = known.into_iter().find(|known| known.eq_ignore_ascii_case(text)).map(str::to_owned);
    found.ok_or_else(|| {
        format!("there is no audience {text:?}; it is {AUDIENCE_API} or {AUDIENCE_APPLICATION}")
    })
}

fn access(mode: Option<&str>, user: Option<&str>, group: Option<&str>) -> Result<Access, String> {
    let bits = |text: &str| {
        let mode = u32::from_str_radix(text, 8).ok().filter(|mode| *mode <= 0o777 && mode & 0o400 != 0);
        mode.ok_or_else(|| format!("{text:?} is no mode of a file that its owner can read"))
    };
    let id = |what: &str, name: &str, find: fn(&str) -> Option<u32>| {
        name.parse().ok().or_else(|| find(name)).ok_or_else(|| format!("this machine has no {what} {name:?}"))
    };
    Ok(Access {
        mode: mode.map(bits).transpose()?,
        owner: user.map(|name| id("user", name, owner::user_id)).transpose()?,
        group: group.map(|name| id("group", name, owner::group_id)).transpose()?,
    })
}

fn length(what: &str, text: &str) -> Result<Duration, String> {
    let bad = || format!("{what} = {text:?} is no time; write 14d, 24h or 2m");
    let span: Span = text.parse().map_err(|_| bad())?;
    let length = span.to_duration(SpanRelativeTo::days_are_24_hours()).map_err(|_| bad())?;
    Duration::try_from(length).map_err(|_| bad())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = r#"
        version = 1
        [defaults]
        due = "30d"
        verify = "churn-prod/churn"
        [[service]]
        name = "scoring"
        audience = ["API"]
        [[service.deliver]]
        file = "/etc/scoring/key"
        mode = "0640"
        reload = "systemctl reload scoring"
        [[service.deliver]]
        exec = "vault kv put secret/scoring key=-"
        read = "vault kv get -field=key secret/scoring"
        timeout = "30s"
    "#;

    #[test]
    fn a_manifest_with_its_defaults() {
        let services = services(ONE).unwrap();
        let service = &services[0];
        assert_eq!((service.due_days, service.grace, service.expires.as_str()), (30, GRACE, "default"));
        assert_eq!(service.verify.as_ref().unwrap().model, "churn-prod/churn");
        assert!(matches!(&service.deliver[0].to, Target::File { access, .. } if access.mode == Some(0o640)));
        assert!(matches!(&service.deliver[1].to, Target::Exec { timeout, .. } if timeout.as_secs() == 30));
    }

    #[test]
    fn what_is_wrong_is_said_with_the_service() {
        let service = |deliver: &str| {
            services(&format!("version = 1\n[[service]]\nname = \"a\"\n[[service.deliver]]\n{deliver}"))
                .unwrap_err()
        };
        for (deliver, why) in [
            ("", "one of file"),
            ("file = \"/a\"\nexec = \"b\"", "one of file"),
            ("file = \"key\"", "no absolute path"),
            ("file = \"/key\"\nmode = \"9\"", "no mode"),
            ("file = \"/key\"\nread = \"cat\"", "read does not belong"),
            ("project_env = \"p\"\nvariable = \"KEY\"", "shared_with_collaborators = true"),
            ("exec = \"x\"\ntimeout = \"soon\"", "is no time"),
            ("fiel = \"/key\"", "unknown field"),
        ] {
            let said = service(deliver);
            assert!(said.contains(why), "{deliver}: {said}");
        }
        assert!(services("version = 2").unwrap_err().contains("version 1"));
        let twice =
            format!("{ONE}\n[[service]]\nname = \"b\"\n[[service.deliver]]\nfile = \"/etc/scoring/key\"");
        assert!(services(&twice).unwrap_err().contains("delivered to twice"));
    }

    #[test]
    fn the_schema_knows_every_member() {
        let schema: serde_json::Value = serde_json::from_str(SCHEMA).unwrap();
        let service = &schema["$defs"]["service"]["properties"];
        for member in ["name", "user", "audience", "expires", "due", "grace", "verify", "deliver"] {
            assert!(service[member].is_object(), "{member}");
        }
        let delivery = &schema["$defs"]["deliver"]["properties"];
        for member in "file mode owner group kubernetes_secret namespace key project_env variable \
                       shared_with_collaborators restart exec read timeout reload reload_timeout"
            .split_whitespace()
        {
            assert!(delivery[member].is_object(), "{member}");
        }
    }
}
