//! Who is signed in, where, and what was learned about that workbench.

use std::sync::Arc;
use std::time::Duration;

use super::app::App;
use super::effect::Effects;
use super::requests::{Kind, Scope};
use super::{effect, msg};
use crate::api::{self, expiration_setting};
use crate::config::Session;
use crate::expiry::Policy;
use crate::secret::ApiKey;
use crate::wire::AUDIENCE_API;

/// A key whose text this run knows: it was made here, or the demo came with it.
#[derive(Debug, Clone)]
pub struct KnownKey {
    /// What to call it in a list: its comment, or whose it is.
    pub label: String,
    pub username: String,
    pub key_id: Option<String>,
    pub key: ApiKey,
    /// How many model calls were made with it in this run.
    pub tests: usize,
}

/// How the connection is, as far as the last answer tells.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Connection {
    #[default]
    Unknown,
    /// The last answer took this long.
    Up(Duration),
    /// The last request got no usable answer.
    Down,
}

/// What the workbench tells about its expiration setting.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Expiration {
    /// Not asked, or no answer yet.
    #[default]
    Unknown,
    /// The setting, under the name that the workbench gave it.
    Setting { name: String, days: u32 },
    /// The workbench answered, and offers no such setting.
    NotOffered,
    /// The question was refused or not answered.
    Unreadable(String),
}

/// The signed-in session, without what only effects need.
#[derive(Debug, Default)]
pub struct SessionState {
    pub signed_in: bool,
    pub url: String,
    /// Where models answer.
    pub model_url: String,
    pub label: String,
    pub profile: Option<String>,
    pub username: Option<String>,
    pub read_only: bool,
    pub insecure: bool,
    pub version: Option<String>,
    pub connection: Connection,
    pub expiration: Expiration,
    pub known_keys: Vec<KnownKey>,
    /// The id of the key that this program is signed in with, where that is certain.
    pub own_key_id: Option<String>,
}

impl SessionState {
    pub fn new(session: &Session) -> Self {
        let known_keys = session.known_keys.iter().map(|known| KnownKey {
            label: known.label.clone(),
            username: known.username.clone(),
            key_id: None,
            key: known.key.clone(),
            tests: 0,
        });
        Self {
            signed_in: true,
            url: session.client.url().to_owned(),
            model_url: session.client.model_url().to_owned(),
            label: session.label.clone(),
            profile: session.profile.clone(),
            username: session.username.clone(),
            read_only: session.read_only,
            insecure: session.insecure,
            known_keys: known_keys.collect(),
            ..Self::default()
        }
    }

    /// The policy, as far as the workbench told it.
    pub fn policy(&self) -> Policy {
        match &self.expiration {
            Expiration::Setting { days, .. } => Policy::of_days(*days),
            _ => Policy::default(),
        }
    }

    /// `localhost:8642`: the URL without its scheme.
    pub fn host(&self) -> &str {
        self.url.split_once("://").map_or(self.url.as_str(), |(_, rest)| rest)
    }

    /// Who is signed in, or a word for not knowing it yet.
    pub fn user(&self) -> &str {
        self.username.as_deref().unwrap_or("…")
    }
}

/// Requests about the session itself.
#[derive(Debug)]
pub enum Call {
    /// Whose key this is.
    WhoAmI,
    /// The expiration setting.
    Expiration,
    Version,
}

/// Their answers.
#[derive(Debug)]
pub enum Reply {
    WhoAmI(Result<String, api::Error>),
    Expiration(Result<Option<(String, u32)>, api::Error>),
    Version(Result<String, api::Error>),
    /// There is no session to ask.
    SignedOut,
}

impl Call {
    pub(super) async fn run(self, session: Option<Arc<Session>>) -> Reply {
        let Some(session) = session else { return Reply::SignedOut };
        let client = &session.client;
        match self {
            Self::WhoAmI => {
                Reply::WhoAmI(client.validate_key(AUDIENCE_API).await.map(|answer| answer.username))
            }
            Self::Expiration => {
                Reply::Expiration(client.site_config().await.map(|map| expiration_setting(&map)))
            }
            Self::Version => Reply::Version(client.version().await.map(|version| version.git_sha)),
        }
    }
}

/// The questions that are asked when a session begins.
pub(super) fn begin(app: &mut App) -> Effects {
    let mut effects = Effects::new();
    let ask = [
        (Call::WhoAmI, "asking whose key this is"),
        (Call::Expiration, "reading the expiration setting"),
        (Call::Version, "asking for the version"),
    ];
    for (call, what) in ask {
        if matches!(call, Call::WhoAmI) && app.session.username.is_some() {
            continue;
        }
        effects.push(app.start(Scope::Session, Kind::Read, what, effect::Call::Session(call)).1);
    }
    effects
}

/// Asks for the expiration setting again.
pub fn ask_expiration(app: &mut App) -> Effects {
    let call = effect::Call::Session(Call::Expiration);
    vec![app.start(Scope::Session, Kind::Read, "reading the expiration setting", call).1]
}

/// Takes an answer; `true` where the user became known by it.
pub(super) fn reply(app: &mut App, reply: Reply) -> bool {
    match reply {
        Reply::WhoAmI(Ok(username)) => {
            app.session.username = Some(username);
            return true;
        }
        Reply::WhoAmI(Err(error)) => app.notices.failed(app.now, &error),
        Reply::Expiration(answer) => {
            app.session.expiration = match answer {
                Ok(Some((name, days))) => Expiration::Setting { name, days },
                Ok(None) => Expiration::NotOffered,
                Err(error) => Expiration::Unreadable(error.to_string()),
            };
        }
        Reply::Version(Ok(version)) => app.session.version = Some(version),
        // A workbench that does not tell its version works all the same.
        Reply::Version(Err(_)) | Reply::SignedOut => {}
    }
    false
}

/// What an answer says about the connection.
pub(super) fn note_connection(app: &mut App, took: Duration, reply: &msg::Reply) {
    let error = match reply {
        msg::Reply::Session(Reply::WhoAmI(Err(error))) => Some(error),
        msg::Reply::Settings(reply) => reply.error(),
        msg::Reply::Admin(reply) => reply.error(),
        _ => None,
    };
    app.session.connection = match error {
        Some(api::Error::NoAnswer { .. } | api::Error::NotAnApi { .. }) => Connection::Down,
        _ => Connection::Up(took),
    };
}
