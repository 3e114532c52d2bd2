//! The session: the requests that belong to it rather than to a layer, and what their answers mean.

mod state;

pub use state::{Connection, Expiration, SessionState};

use std::time::Duration;

use super::call::{Answer, Call, Opened, Refusal};
use super::effect::{Effect, Effects};
use super::embedded::Wish;
use super::event::Event;
use super::layer::Outcome;
use super::requests::{Kind, LayerId};
use super::shared::Shared;
use crate::actions::clock;
use crate::api::{self, ServerClock};

/// The requests at the start of a session.
pub fn begin(shared: &mut Shared) -> Effects {
    let mut effects = Effects::new();
    if shared.session.username.is_none() {
        effects.push(ask(shared, Call::WhoAmI, "asking whose key this is"));
    }
    effects.push(ask_expiration(shared));
    effects.push(ask(shared, Call::Version, "asking for the version"));
    effects
}

/// Starts an embedded workbench.
pub fn start_embedded(shared: &mut Shared, wish: Wish) -> Effect {
    shared.session = SessionState::opening("demo", &wish.user);
    ask(shared, Call::StartEmbedded(wish), "starting the embedded workbench")
}

/// Asks again who is signed in, if the first answer did not help.
pub fn ask_who(shared: &mut Shared) -> Effect {
    ask(shared, Call::WhoAmI, "asking whose key this is")
}

/// Asks for the expiration setting again.
pub fn ask_expiration(shared: &mut Shared) -> Effect {
    ask(shared, Call::Expiration, "reading the expiration setting")
}

fn ask(shared: &mut Shared, call: Call, what: &str) -> Effect {
    shared.start_for(LayerId::Session, Kind::Read, what, call).1
}

/// Switches to a session. The layers start over: what they knew is about another one.
pub fn open(shared: &mut Shared, opened: Opened) -> Effects {
    let Opened { session, own, caution, embedded } = opened;
    shared.session = SessionState { embedded: embedded.is_some(), ..SessionState::new(&session, own) };
    let given_up: Vec<_> = shared.requests.running().iter().map(|request| request.id).collect();
    let mut effects: Effects = given_up.into_iter().filter_map(|id| shared.cancel(id)).collect();
    effects.push(Effect::UseSession(Box::new(session)));
    effects.extend(embedded.map(|embedded| Effect::Host(Box::new(embedded))));
    effects.extend(begin(shared));
    if let Some(caution) = caution {
        shared.notices.warning(shared.now, caution);
    }
    effects
}

/// Takes what answers say of the workbench's time, and says so where the clocks begin to differ.
pub fn note_clock(shared: &mut Shared, clock: ServerClock) {
    let before = std::mem::replace(&mut shared.session.clock, clock);
    let differs = |clock| clock::check(clock, clock::DIFFERENCE).err();
    if let (Some(differs), None) = (differs(clock), differs(before)) {
        shared.notices.warning(shared.now, format!("{differs}: keys expire by the workbench's time"));
    } else if clock == ServerClock::Unsaid {
        shared.notices.warning(shared.now, clock::NO_TIME);
    }
}

/// No session could be opened, and no layer waits for the answer.
pub fn not_opened(shared: &mut Shared, refusal: Refusal) {
    if shared.session.opening.is_some() {
        shared.session = SessionState::default();
    }
    shared.notices.error(shared.now, refusal.message, refusal.hint);
}

/// Takes the answer to a request of the session.
pub fn answer(shared: &mut Shared, answer: Answer) -> Outcome {
    match answer {
        Answer::WhoAmI(Ok(username)) => {
            shared.session.username = Some(username);
            Outcome::event(Event::SignedIn)
        }
        Answer::WhoAmI(Err(error)) => {
            shared.notices.failed(shared.now, &error);
            Outcome::event(Event::NotSignedIn(format!("could not sign in: {error}")))
        }
        Answer::Expiration(answer) => {
            let known = &shared.session.expiration;
            shared.session.expiration = match answer {
                Ok(Some((name, days))) => Expiration::Setting { name, days },
                Ok(None) => Expiration::NotOffered,
                // A workbench that does not answer now has not changed what it answered before.
                Err(_) if matches!(known, Expiration::Setting { .. } | Expiration::NotOffered) => {
                    return Outcome::done();
                }
                Err(error) => Expiration::Unreadable(error.to_string()),
            };
            Outcome::event(Event::PolicyChanged)
        }
        Answer::Version(Ok(version)) => {
            shared.session.version = Some(version);
            Outcome::done()
        }
        // A workbench without a version works all the same.
        _ => Outcome::done(),
    }
}

/// Updates the state of the connection at the end of a request. `took` is as in
/// [`Msg::Answer`](super::msg::Msg::Answer).
pub fn note_connection(shared: &mut Shared, took: Option<Duration>, answer: &Answer) {
    let optional = answer.is_optional();
    let connection = &mut shared.session.connection;
    *connection = match (answer.error(), took) {
        (Some(api::Error::NoAnswer { .. }), _) => Connection::Down,
        (Some(api::Error::NotAnApi { .. } | api::Error::BadAnswer { .. }), _) if optional => return,
        (Some(api::Error::NotAnApi { status: 300..400, .. }), _) => Connection::Strange("a redirect"),
        (Some(api::Error::NotAnApi { .. }), _) => Connection::Strange("a web page"),
        (Some(api::Error::BadAnswer { .. }), _) => Connection::Strange("no API answer"),
        (_, Some(took)) => {
            shared.notices.answered();
            connection.answered(took)
        }
        // Neither a model's answer nor a file says anything about the workbench.
        (_, None) => return,
    };
}
