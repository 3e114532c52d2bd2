//! The options of a workbench.

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use super::behaviour::Behaviour;
use super::clock::Clock;
use super::trouble::Trouble;

/// The default address to listen on.
const LISTEN: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 8642);

/// How long a model call may wait for a replica, and how long a replica may take for it
/// (DOCS, ml-calling-a-model and ml-models-known-issues-and-limitations: 30 s each).
const MODEL_TIME: Duration = Duration::from_secs(30);

/// The initial content of an empty data directory.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Seed {
    /// Only the user `admin`.
    #[default]
    Empty,
    /// Users, projects and deployed models to try everything with.
    Demo,
    /// The demo users, this many keys of `owner` and models that `owner` can see, and this many
    /// more users with their own keys.
    Scale { keys: u64, models: u64, users: u32 },
    /// The content of a seed file.
    File(PathBuf),
}

/// The source of seeded keys, access keys and IDs.
#[derive(Clone, Default)]
pub enum Credentials {
    /// The system's random source.
    #[default]
    Random,
    /// A text, which gives the same ones on every start and machine: never a secret.
    Fixed(String),
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Random => "Random",
            Self::Fixed(_) => "Fixed(…)",
        })
    }
}

impl FromStr for Credentials {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once(':') {
            None if text == "random" => Ok(Self::Random),
            Some(("fixed", from)) if !from.is_empty() => Ok(Self::Fixed(from.to_owned())),
            _ => Err("write random, or fixed:TEXT".to_owned()),
        }
    }
}

/// A seed that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a seed; write demo, empty, scale:KEYS,MODELS[,USERS] or FILE.toml")]
pub struct BadSeed(String);

impl FromStr for Seed {
    type Err = BadSeed;

    fn from_str(text: &str) -> Result<Self, BadSeed> {
        let bad = || BadSeed(text.to_owned());
        match text {
            "demo" => Ok(Self::Demo),
            "empty" => Ok(Self::Empty),
            file if file.ends_with(".toml") => Ok(Self::File(file.into())),
            _ => {
                let counts = text.strip_prefix("scale:").ok_or_else(bad)?;
                let counts: Vec<&str> = counts.split(',').map(str::trim).collect();
                let (keys, models, users) = match counts[..] {
                    [keys, models] => (keys, models, "0"),
                    [keys, models, users] => (keys, models, users),
                    _ => return Err(bad()),
                };
                Ok(Self::Scale {
                    keys: keys.parse().map_err(|_| bad())?,
                    models: models.parse().map_err(|_| bad())?,
                    users: users.parse().map_err(|_| bad())?,
                })
            }
        }
    }
}

/// The options of a workbench.
#[derive(Debug, Clone)]
pub struct Options {
    /// Contains the store, the credentials and, unless `projects` is given, the project files.
    pub data: PathBuf,
    /// Port 0 means any free port.
    pub listen: SocketAddr,
    /// Acts only on an empty data directory.
    pub seed: Seed,
    /// The folder of the projects' folders; `data`/projects by default.
    pub projects: Option<PathBuf>,
    pub behaviour: Behaviour,
    /// How long a model call waits for a free replica.
    pub busy_wait: Duration,
    /// How long a replica may work on a model call.
    pub request_timeout: Duration,
    /// Log each request to standard error.
    pub access_log: bool,
    /// Listen on more than the loopback interface.
    pub allow_remote: bool,
    /// Run Python functions even if other machines can reach the workbench.
    pub python: bool,
    /// The program that starts Python functions: one whose `main` starts with
    /// [`super::python::confined::stage`]. `None` for this one, if it is such a program.
    pub starter: Option<PathBuf>,
    /// Serve TLS, with certificates that are created in the data directory.
    pub tls: bool,
    /// The name, and optionally the port, that clients use.
    pub host: Option<String>,
    /// Let Python functions see `host` and its model service as names of the loopback (Linux).
    pub show_host: bool,
    pub credentials: Credentials,
    /// The address of the control listener, if there is one.
    pub control: Option<SocketAddr>,
    /// Receives problems of this machine.
    pub trouble: Trouble,
    pub clock: Clock,
}

impl Options {
    /// The defaults for a data directory.
    pub fn new(data: impl Into<PathBuf>) -> Self {
        Self {
            data: data.into(),
            listen: LISTEN,
            seed: Seed::default(),
            projects: None,
            behaviour: Behaviour::default(),
            busy_wait: MODEL_TIME,
            request_timeout: MODEL_TIME,
            access_log: false,
            allow_remote: false,
            python: false,
            starter: None,
            tls: false,
            host: None,
            show_host: false,
            credentials: Credentials::default(),
            control: None,
            trouble: Trouble::default(),
            clock: Clock::system(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seeds_are_read_by_name() {
        assert_eq!("demo".parse(), Ok(Seed::Demo));
        assert_eq!("empty".parse(), Ok(Seed::Empty));
        assert_eq!("scale:1000000,1".parse(), Ok(Seed::Scale { keys: 1_000_000, models: 1, users: 0 }));
        assert_eq!("scale:6000,100,3000".parse(), Ok(Seed::Scale { keys: 6000, models: 100, users: 3000 }));
        for text in ["", "scale", "scale:1", "scale:-1,2", "scale:a,b", "scale:1,2,", "scale:1,2,3,4", "Demo"]
        {
            assert!(text.parse::<Seed>().is_err(), "{text:?}");
        }
    }
}
