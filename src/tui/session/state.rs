//! Who is signed in, where, and what was learned about that workbench.

use std::path::PathBuf;
use std::sync::Arc;

use ratatui::style::Color;

use super::contact::Contacts;
use crate::actions::fleet::ServiceKeys;
use crate::actions::fleet::held::State;
use crate::actions::fleet::service_keys::Member;
use crate::actions::keys::{Own, Spared};
use crate::actions::rotation::HandedOver;
use crate::api::ServerClock;
use crate::config::{KnownKey, Session};
use crate::expiry::Policy;
use crate::expiry::seen::LimitSeen;
use crate::secret::ApiKey;
use crate::wire::V2KeyDetails;

/// What is known about the workbench's expiration setting.
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
    /// A session is there, or about to be.
    pub signed_in: bool,
    /// What a session is waiting for, to show beside a spinner; its requests wait as well.
    pub opening: Option<String>,
    pub url: String,
    /// Where models answer.
    pub model_url: String,
    pub label: String,
    pub profile: Option<String>,
    /// What the label is coloured with, so that production looks different.
    pub colour: Option<Color>,
    pub username: Option<String>,
    pub read_only: bool,
    pub insecure: bool,
    /// The program runs inside a workbench session.
    pub inside_workbench: bool,
    /// The workbench runs inside this program, and its data go with it.
    pub embedded: bool,
    pub version: Option<String>,
    /// How the last contacts went.
    pub contacts: Contacts,
    /// How this machine's clock compares with the workbench's.
    pub clock: ServerClock,
    pub expiration: Expiration,
    /// What new keys and refusals revealed if the workbench does not publish its limit.
    pub limit_seen: LimitSeen,
    /// The longest life among the keys of the signed-in user, in days, once they were listed.
    pub longest_life: Option<i64>,
    pub known_keys: Vec<KnownKey>,
    /// The id of the model that a new key was tested with last: offered first the next time.
    pub last_tested: Option<String>,
    /// Which of the listed keys are in use here.
    pub own: Own,
    /// The services that this machine knows, which keys of the list may belong to.
    pub service_keys: Arc<ServiceKeys>,
    /// The Key ID of the key that is signed in, where it is known for sure.
    pub own_id: Option<String>,
    /// When keys were handed over from here, by `keys rotate` or in the interface.
    pub handed_over: HandedOver,
    /// The key that the session began with, for tests of models.
    pub own_key: Option<ApiKey>,
    /// Where tests and runs are kept; `None` where no history is.
    pub history: Option<PathBuf>,
    /// It was said that nothing is kept there.
    pub history_failed: bool,
    /// Id of the project to begin with, until its models were shown once.
    pub project: Option<String>,
}

impl SessionState {
    pub fn new(session: &Session, own: Own) -> Self {
        Self {
            signed_in: true,
            url: session.client.url().to_owned(),
            model_url: session.client.model_url().to_owned(),
            label: session.label.clone(),
            profile: session.profile.clone(),
            colour: session.colour.as_deref().and_then(|name| name.parse().ok()),
            username: session.username.clone(),
            read_only: session.read_only,
            insecure: session.insecure,
            inside_workbench: session.inside_workbench,
            own,
            own_id: session.key_id.clone(),
            own_key: session.client.key().cloned(),
            clock: session.client.clock(),
            project: session.project.clone(),
            history: session.history.clone(),
            known_keys: session.known_keys.clone(),
            ..Self::default()
        }
    }

    /// The key with this Key ID, if its text is known: it was created here, belongs to the demo, or
    /// is the one signed in with.
    pub fn known_key(&self, key_id: &str) -> Option<KnownKey> {
        let known = self.known_keys.iter().find(|known| known.key_id.as_deref() == Some(key_id));
        known.cloned().or_else(|| {
            let key = self.own_key.clone().filter(|_| self.is_own(key_id))?;
            let (label, username) = ("signed in".to_owned(), self.user().to_owned());
            Some(KnownKey { label, username, key_id: Some(key_id.to_owned()), key, tests: 0 })
        })
    }

    /// Whether keybench is signed in with this key.
    pub fn is_own(&self, key_id: &str) -> bool {
        self.own.is_signed_in(key_id)
    }

    /// Whether a workbench gave this key to the session that keybench runs in. The user must not
    /// replace or delete it, because the session could not go on without it.
    pub fn was_given(&self, key_id: &str) -> bool {
        self.own.spares(key_id) == Some(Spared::WorkbenchSession)
    }

    /// Takes over what this machine knew of its services when it was last looked for.
    pub fn services_known(&mut self, known: Option<&[State]>) {
        if let Some(known) = known {
            self.service_keys = Arc::new(self.service_keys.with_known(self.username.as_deref(), known));
        }
    }

    /// The service that a key of `username` belongs to.
    pub fn service_of(&self, username: &str, key: &V2KeyDetails) -> Option<Member> {
        self.service_keys.member(self.username.as_deref()?, username, &key.key_id, &key.comments)
    }

    /// The same of a key of the signed-in user.
    pub fn service_of_own(&self, key: &V2KeyDetails) -> Option<Member> {
        self.service_of(self.username.as_deref()?, key)
    }

    /// A session that is about to be there.
    pub fn opening(label: &str, user: &str) -> Self {
        Self {
            signed_in: true,
            embedded: true,
            opening: Some("starting the embedded workbench".into()),
            label: label.into(),
            username: Some(user.into()),
            ..Self::default()
        }
    }

    /// The policy, as far as the workbench revealed it.
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

    /// Who is signed in, or a placeholder while that is unknown.
    pub fn user(&self) -> &str {
        self.username.as_deref().unwrap_or("…")
    }
}
