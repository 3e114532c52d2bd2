//! Who is signed in, where, and what was learned about that workbench.

use std::sync::Arc;
use std::time::Duration;

use super::app::App;
use super::effect::{Effect, Effects};
use super::embedded::{Embedded, Wish};
use super::requests::{Kind, Scope};
use super::screens::{admin, models, settings, welcome};
use super::{effect, msg, overlays, screens};
use crate::api::{self, Client, ClientOptions, expiration_setting};
use crate::config::paths::process_env;
use crate::config::resolve::open_profile;
use crate::config::{self, Credential, Profile, Profiles, Session, Store};
use crate::expiry::Policy;
use crate::expiry::seen::LimitSeen;
use crate::secret::ApiKey;
use crate::text;
use crate::wire::{AUDIENCE_API, V2KeyDetails};
use ratatui::style::Color;

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

impl KnownKey {
    /// Which key it is: its Key ID as tables show it, or the end of its text where that is not known.
    pub fn id(&self) -> String {
        self.key_id.as_deref().map_or_else(|| self.key.masked(), |id| text::short_id(id).into_owned())
    }
}

/// How the connection is, as far as the last answer tells.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Connection {
    #[default]
    Unknown,
    /// Answers take about this long.
    Up(Duration),
    /// What came was no answer of the API: a few words for what it was.
    Strange(&'static str),
    /// The last request got no answer.
    Down,
}

impl Connection {
    /// After an answer that took so long. Only a change that a person would call one counts: a
    /// header that moves with every answer says no more and is sent every time.
    fn answered(&self, took: Duration) -> Self {
        const NOT_FELT: Duration = Duration::from_millis(10);
        match *self {
            Self::Up(before)
                if took.abs_diff(before) < NOT_FELT || (before / 2..=before * 2).contains(&took) =>
            {
                Self::Up(before)
            }
            _ => Self::Up(took),
        }
    }
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
    /// A session is there, or about to be.
    pub signed_in: bool,
    /// What a session is waiting for, as words after a spinner; its requests wait as well.
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
    /// The credential is a workbench session's own.
    pub inside_workbench: bool,
    /// The workbench runs inside this program, and its data go with it.
    pub embedded: bool,
    pub version: Option<String>,
    pub connection: Connection,
    pub expiration: Expiration,
    /// What new keys and refusals taught where the workbench does not tell the limit.
    pub limit_seen: LimitSeen,
    pub known_keys: Vec<KnownKey>,
    /// The id of the key that this program is signed in with, where that is certain.
    pub own_key_id: Option<String>,
    /// That key, to recognise its id in a list.
    pub own_key: Option<ApiKey>,
    /// The key that a workbench gave to the session that the program runs in, whichever is in use.
    pub session_key: Option<ApiKey>,
    /// Id of the project to begin with, until its models were shown once.
    pub project: Option<String>,
}

impl SessionState {
    pub fn new(session: &Session) -> Self {
        let known_keys = session.known_keys.iter().map(|known| KnownKey {
            label: known.label.clone(),
            username: known.username.clone(),
            key_id: known.key_id.clone(),
            key: known.key.clone(),
            tests: 0,
        });
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
            own_key_id: session.key_id.clone(),
            own_key: session.client.options().key.clone(),
            session_key: session.session_key.clone(),
            project: session.project.clone(),
            known_keys: known_keys.collect(),
            ..Self::default()
        }
    }

    /// Whether a workbench gave this key to the session that the program runs in: it is not the
    /// person's to replace or to delete, as the session would go on without one.
    pub fn was_given(&self, key_id: &str) -> bool {
        let own = self.inside_workbench && self.own_key_id.as_deref() == Some(key_id);
        own || self.session_key.as_ref().is_some_and(|key| key.first_half() == key_id)
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

    /// The policy, as far as the workbench told it.
    pub fn policy(&self) -> Policy {
        match &self.expiration {
            Expiration::Setting { days, .. } => Policy::of_days(*days),
            _ => Policy::default(),
        }
    }

    /// Finds the id of the signed-in key among `listed`. That it is the key's first half is a guess
    /// (INFERRED), which the list confirms: 64 hexadecimal digits do not agree by chance.
    pub fn recognise_own_key(&mut self, listed: &[V2KeyDetails]) {
        let Some(key) = self.own_key.as_ref().filter(|_| self.own_key_id.is_none()) else { return };
        let own = listed.iter().find(|listed| listed.key_id == key.first_half());
        self.own_key_id = own.map(|own| own.key_id.clone());
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

/// A session that was just opened.
#[derive(Debug)]
pub struct Opened {
    pub session: Session,
    pub embedded: Option<Embedded>,
}

/// Why there is no session, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    pub message: String,
    pub hint: Option<String>,
}

impl From<api::Error> for Refusal {
    fn from(error: api::Error) -> Self {
        Self { message: error.to_string(), hint: error.hint() }
    }
}

impl From<config::Error> for Refusal {
    fn from(error: config::Error) -> Self {
        Self { message: error.to_string(), hint: error.hint() }
    }
}

/// Requests about the session itself.
#[derive(Debug)]
pub enum Call {
    /// Starts an embedded workbench and signs in to it.
    StartEmbedded(Wish),
    /// Signs in with a key, and stores both as a profile once the key was accepted.
    SignIn {
        store: Option<Store>,
        url: String,
        key: ApiKey,
        name: String,
    },
    /// Signs in with what a profile stores, and makes it current.
    OpenProfile {
        store: Store,
        name: String,
    },
    /// Reads the profiles.
    Profiles {
        store: Store,
    },
    /// Forgets a profile and its key.
    RemoveProfile {
        store: Store,
        name: String,
    },
    /// Panics inside a task, to prove that the terminal survives it.
    #[cfg(debug_assertions)]
    Panic,
    /// Whose key this is.
    WhoAmI,
    /// The expiration setting.
    Expiration,
    Version,
}

/// Their answers.
#[derive(Debug)]
pub enum Reply {
    /// A session to use from now on, and the workbench behind it where that runs here.
    Opened(Result<Box<Opened>, Refusal>),
    Profiles(Result<Profiles, String>),
    ProfileRemoved {
        name: String,
        answer: Result<Profiles, String>,
    },
    WhoAmI(Result<String, api::Error>),
    Expiration(Result<Option<(String, u32)>, api::Error>),
    Version(Result<String, api::Error>),
    /// There is no session to ask.
    SignedOut,
}

impl Call {
    pub(super) async fn run(self, session: Option<Arc<Session>>) -> Reply {
        match self {
            Self::StartEmbedded(wish) => {
                return Reply::Opened(match Embedded::start(wish).await {
                    Ok((embedded, session)) => Ok(Box::new(Opened { session, embedded: Some(embedded) })),
                    Err(message) => Err(Refusal { message, hint: None }),
                });
            }
            Self::SignIn { store, url, key, name } => {
                let opened = sign_in(store, url, key, name).await;
                return Reply::Opened(opened.map(|session| Box::new(Opened { session, embedded: None })));
            }
            Self::OpenProfile { store, name } => {
                let opened = blocking(move || {
                    let session = open_profile(&store, &name, &process_env)?;
                    store.make_current(&name)?;
                    Ok(session)
                });
                return Reply::Opened(
                    opened.await.map(|session| Box::new(Opened { session, embedded: None })),
                );
            }
            Self::Profiles { store } => return Reply::Profiles(profiles(store).await),
            Self::RemoveProfile { store, name } => {
                let (place, gone) = (store.clone(), name.clone());
                let removed = blocking(move || place.remove(&gone).map_err(Refusal::from)).await;
                let answer = match removed {
                    Ok(()) => profiles(store).await,
                    Err(refusal) => Err(refusal.message),
                };
                return Reply::ProfileRemoved { name, answer };
            }
            #[cfg(debug_assertions)]
            #[expect(clippy::panic, reason = "the panic is the purpose")]
            Self::Panic => panic!("asked for by KEYBENCH_PANIC"),
            Self::WhoAmI | Self::Expiration | Self::Version => {}
        }
        let Some(session) = session else { return Reply::SignedOut };
        let client = &session.client;
        match self {
            Self::WhoAmI => {
                Reply::WhoAmI(client.validate_key(AUDIENCE_API).await.map(|answer| answer.username))
            }
            Self::Expiration => {
                Reply::Expiration(client.site_config().await.map(|map| expiration_setting(&map)))
            }
            _ => Reply::Version(client.version().await.map(|version| version.git_sha)),
        }
    }
}

/// Files are read and written where waiting for them holds up nobody.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Refusal> + Send + 'static,
) -> Result<T, Refusal> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|error| Err(Refusal { message: error.to_string(), hint: None }))
}

async fn profiles(store: Store) -> Result<Profiles, String> {
    let read = blocking(move || {
        let loaded = store.load();
        match loaded.problems.into_iter().next() {
            Some(problem) => Err(problem.into()),
            None => Ok(loaded.profiles),
        }
    });
    read.await.map_err(|refusal| refusal.message)
}

/// Nothing is stored before the workbench has accepted the key.
async fn sign_in(store: Option<Store>, url: String, key: ApiKey, name: String) -> Result<Session, Refusal> {
    let mut options = ClientOptions::new(&url);
    options.key = Some(key.clone());
    let client = Client::new(options)?;
    let username = client.validate_key(AUDIENCE_API).await?.username;
    let mut session = Session::new(client);
    session.username = Some(username.clone());
    let Some(store) = store else { return Ok(session) };
    let name = if name.is_empty() { session.label } else { name };
    blocking(move || {
        let profile = Profile { url: url.clone(), username, ..Profile::default() };
        let credential = Credential { url, api_key: key, ..Credential::default() };
        store.save(&name, profile, Some(credential))?;
        // What is signed in with now is what the next start will find.
        Ok(open_profile(&store, &name, &process_env)?)
    })
    .await
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

/// Starts an embedded workbench.
pub(super) fn start_embedded(app: &mut App, wish: Wish) -> Effects {
    let call = effect::Call::Session(Call::StartEmbedded(wish));
    vec![app.start(Scope::Session, Kind::Read, "starting the embedded workbench", call).1]
}

/// Asks again who is signed in, where the first answer was no help.
pub fn ask_who(app: &mut App) -> Effects {
    app.settings.keys.problem = None;
    let call = effect::Call::Session(Call::WhoAmI);
    vec![app.start(Scope::Session, Kind::Read, "asking whose key this is", call).1]
}

/// Asks for the expiration setting again.
pub fn ask_expiration(app: &mut App) -> Effects {
    let call = effect::Call::Session(Call::Expiration);
    vec![app.start(Scope::Session, Kind::Read, "reading the expiration setting", call).1]
}

/// Uses a session from now on: what was known about another one goes.
fn opened(app: &mut App, opened: Opened) -> Effects {
    let Opened { session, embedded } = opened;
    app.session = SessionState { embedded: embedded.is_some(), ..SessionState::new(&session) };
    app.welcome = welcome::State::default();
    app.settings = settings::State::default();
    app.models = models::State::default();
    app.admin = admin::State::default();
    app.overlays.clear();
    let given_up: Vec<_> = app.requests.running().iter().map(|request| request.id).collect();
    let mut effects: Effects = given_up.into_iter().filter_map(|id| app.cancel(id)).collect();
    effects.push(Effect::UseSession(Box::new(session)));
    effects.extend(embedded.map(|embedded| Effect::Host(Box::new(embedded))));
    effects.extend(begin(app));
    effects.extend(screens::enter(app));
    effects
}

/// Takes an answer.
pub(super) fn reply(app: &mut App, reply: Reply) -> Effects {
    match reply {
        Reply::Opened(Ok(session)) => return opened(app, *session),
        Reply::Opened(Err(refusal)) => {
            if app.session.opening.is_some() {
                app.session = SessionState::default();
            }
            if !overlays::sign_in_refused(app, &refusal) {
                app.notices.error(app.now, refusal.message, refusal.hint);
            }
        }
        Reply::Profiles(answer) => overlays::profiles_read(app, answer),
        Reply::ProfileRemoved { name, answer } => {
            if answer.is_ok() {
                app.notices.info(app.now, format!("signed out of {name}; its key is gone from this machine"));
            }
            overlays::profiles_read(app, answer);
        }
        Reply::WhoAmI(Ok(username)) => {
            app.session.username = Some(username);
            return screens::enter(app);
        }
        Reply::WhoAmI(Err(error)) => {
            app.settings.keys.problem = Some(format!("could not sign in: {error}"));
            app.notices.failed(app.now, &error);
        }
        Reply::Expiration(answer) => {
            app.session.expiration = match answer {
                Ok(Some((name, days))) => Expiration::Setting { name, days },
                Ok(None) => Expiration::NotOffered,
                Err(error) => Expiration::Unreadable(error.to_string()),
            };
            return screens::policy_changed(app);
        }
        Reply::Version(Ok(version)) => app.session.version = Some(version),
        // A workbench that does not tell its version works all the same.
        Reply::Version(Err(_)) | Reply::SignedOut => {}
    }
    Effects::new()
}

/// What the end of a request says about the connection; `took` as in [`msg::Msg::Reply`].
pub(super) fn note_connection(app: &mut App, took: Option<Duration>, reply: &msg::Reply) {
    let error = match reply {
        msg::Reply::Session(
            Reply::WhoAmI(Err(error)) | Reply::Expiration(Err(error)) | Reply::Version(Err(error)),
        ) => Some(error),
        msg::Reply::Session(_) => None,
        msg::Reply::Models(reply) => reply.error(),
        msg::Reply::Settings(reply) => reply.error(),
        msg::Reply::Admin(reply) => reply.error(),
    };
    // A workbench may well not offer these; what comes instead tells nothing of the connection.
    let optional = matches!(reply, msg::Reply::Session(Reply::Expiration(_) | Reply::Version(_)));
    let connection = &mut app.session.connection;
    *connection = match (error, took) {
        (Some(api::Error::NoAnswer { .. }), _) => Connection::Down,
        (Some(api::Error::NotAnApi { .. } | api::Error::BadAnswer { .. }), _) if optional => return,
        (Some(api::Error::NotAnApi { status: 300..400, .. }), _) => Connection::Strange("a redirect"),
        (Some(api::Error::NotAnApi { .. }), _) => Connection::Strange("a web page"),
        (Some(api::Error::BadAnswer { .. }), _) => Connection::Strange("no API answer"),
        (_, Some(took)) => {
            app.notices.answered();
            connection.answered(took)
        }
        // A model answers for itself, and a file for nobody.
        (_, None) => return,
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_connection_moves_only_when_a_person_would_notice() {
        let after = |before: u64, took: u64| {
            Connection::Up(Duration::from_millis(before)).answered(Duration::from_millis(took))
        };
        let up = |ms| Connection::Up(Duration::from_millis(ms));
        assert_eq!(after(1, 9), up(1));
        assert_eq!(after(100, 60), up(100));
        assert_eq!(after(100, 210), up(210));
        assert_eq!(after(100, 40), up(40));
        assert_eq!(Connection::Down.answered(Duration::from_millis(2)), up(2));
    }
}
