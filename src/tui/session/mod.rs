//! The session: the requests that belong to it rather than to a layer, and what their answers mean.

pub mod contact;
mod state;

pub use state::{Expiration, SessionState};

use std::time::Duration;

use self::contact::{ModelService, Workbench};
use super::call::{Answer, Call, Opened, Refusal};
use super::effect::{Effect, Effects};
use super::embedded::Wish;
use super::event::Event;
use super::layer::Outcome;
use super::requests::{Asked, InFlight, Kind, LayerId};
use super::shared::Shared;
use crate::actions::{clock, history};
use crate::api::{self, ServerClock};
use crate::config::setting::Setting;
use crate::diagnosis::Cause;
use crate::text;

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

/// The workbench is back: asks for what is not known of it yet.
pub fn is_back(shared: &mut Shared) -> Effects {
    let mut effects = Effects::new();
    if matches!(shared.session.expiration, Expiration::Unknown | Expiration::Unreadable(_)) {
        effects.push(ask_expiration(shared));
    }
    if shared.session.version.is_none() {
        effects.push(ask(shared, Call::Version, "asking for the version"));
    }
    effects
}

/// Asks again who is signed in, if the first answer did not help.
pub fn ask_who(shared: &mut Shared) -> Effect {
    ask(shared, Call::WhoAmI, "asking whose key this is")
}

/// Asks for the expiration setting again.
pub fn ask_expiration(shared: &mut Shared) -> Effect {
    ask(shared, Call::Expiration, "reading the expiration setting")
}

/// The same where nobody asked for it: an administrator may have changed the setting.
pub fn look_at_expiration(shared: &mut Shared) -> Effect {
    shared.quietly(ask_expiration)
}

fn ask(shared: &mut Shared, call: Call, what: &str) -> Effect {
    shared.start_for(LayerId::Session, Kind::Read, what, call).1
}

/// Switches to a session. The layers start over: what they knew is about another one.
pub fn open(shared: &mut Shared, opened: Opened) -> Effects {
    let Opened { session, own, handed_over, caution, embedded } = opened;
    let state = SessionState::new(&session, own);
    shared.session = SessionState { embedded: embedded.is_some(), handed_over, ..state };
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

/// A test or a run is not in the history. What keeps happening is said once.
pub fn note_not_kept(shared: &mut Shared, error: &history::Error) {
    if !error.is_passing() && std::mem::replace(&mut shared.session.history_failed, true) {
        return;
    }
    shared.notices.error(shared.now, format!("not kept: {error}"), Some(error.hint()));
}

/// No session could be opened, and no layer waits for the answer.
pub fn not_opened(shared: &mut Shared, refusal: Refusal) {
    if shared.session.opening.is_some() {
        shared.session = SessionState::default();
    }
    shared.notices.error(shared.now, refusal.message, refusal.hint);
}

/// The workbench said whose key it is.
fn user_is_known(shared: &mut Shared, username: String) -> Outcome {
    shared.session.username = Some(username.clone());
    Outcome::event(Event::SignedIn).and_effect(Effect::NameUser(username))
}

/// Takes the answer to a request of the session.
pub fn answer(shared: &mut Shared, answer: Answer) -> Outcome {
    match answer {
        Answer::WhoAmI(Ok(username)) => user_is_known(shared, username),
        Answer::WhoAmI(Err(error)) => {
            shared.notices.failed(shared.now, &error);
            Outcome::event(Event::NotSignedIn(format!("could not sign in: {}", shared.instead(&error))))
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
        // The first contact with it failed, or the session would know its user.
        Answer::Reached(Ok(username)) if shared.session.username.is_none() => user_is_known(shared, username),
        Answer::ColumnsStored(Err(problem)) => {
            let text = format!("the columns are not kept for the next start: {problem}");
            shared.notices.warning(shared.now, text);
            Outcome::done()
        }
        Answer::SettingStored { file, setting, done } => {
            match (setting, done) {
                (Setting::Theme(_), Ok(())) => {
                    shared.notices.info(shared.now, format!("theme saved in {}", file.display()));
                }
                // The notice about the mouse says how to use it.
                (Setting::Mouse(_), Ok(())) => {}
                (setting, Err(problem)) => {
                    let text = format!("the {} holds for this run only: {problem}", setting.name());
                    shared.notices.warning(shared.now, text);
                }
            }
            Outcome::done()
        }
        // A workbench without a version works all the same.
        _ => Outcome::done(),
    }
}

/// An attempt to reconnect, if one is due.
pub fn reconnect(shared: &mut Shared) -> Option<Effect> {
    let due = shared.session.contacts.retry_at()?;
    (due <= shared.now).then(|| reach(shared))
}

/// Asks the workbench whether it is there, unseen.
fn reach(shared: &mut Shared) -> Effect {
    shared.session.contacts.retrying();
    shared.start_for(LayerId::Session, Kind::Quiet, "reaching the workbench", Call::Reach).1
}

/// The state of a workbench of which an answer was `error`; `None` where the API itself answered.
fn failure(error: &api::Error) -> Option<Workbench> {
    Some(match error {
        api::Error::NoAnswer { .. } => Workbench::Down,
        api::Error::NotAnApi { status: 300..400, .. } => Workbench::Strange("a redirect"),
        api::Error::NotAnApi { .. } => Workbench::Strange("a web page"),
        api::Error::BadAnswer { .. } => Workbench::Strange("no API answer"),
        error if is_of_server(error) => Workbench::Strange("server errors"),
        _ => return None,
    })
}

/// Whether the workbench answered that it cannot do its work. An operation that is not offered (501) and
/// a key that cannot be one are no such thing.
fn is_of_server(error: &api::Error) -> bool {
    matches!(error, api::Error::Refused { status: 500.., .. })
        && error.status() != Some(501)
        && !error.is_rejection()
}

/// What the end of a request says about the contacts with workbench and model service; `took` as in
/// [`Msg::Answer`](super::msg::Msg::Answer). Returns whether the workbench is back, and what there is
/// to ask.
pub fn note_contact(
    shared: &mut Shared,
    request: &InFlight,
    took: Option<Duration>,
    answer: &Answer,
) -> (bool, Option<Effect>) {
    let now = shared.now;
    // The time of an answer is that of any request meanwhile: what is about a file of this machine had none.
    let took = took.filter(|_| request.asked != Asked::Nothing);
    if let Some(models) = contact::of_models(answer) {
        shared.session.contacts.models_are(models, now);
        if models == ModelService::Down && shared.session.contacts.is_up() {
            shared.session.contacts.answered(now, Workbench::Doubtful);
            return (false, Some(reach(shared)));
        }
        return (false, None);
    }
    // Asked why the own key was refused: the workbench may refuse it, too.
    if let Answer::Explained { diagnosis, .. } = answer
        && *shared.session.contacts.models().state() == ModelService::KeyRefused
        && matches!(diagnosis.cause, Cause::KeyUnknown | Cause::KeyExpired)
    {
        shared.session.contacts.answered(now, Workbench::KeyRefused);
        return (false, None);
    }
    let optional = answer.is_optional();
    let contacts = &mut shared.session.contacts;
    let before = contacts.workbench().state();
    let asked_for_this = matches!(answer, Answer::Reached(_));
    match answer.error() {
        // It may be the trouble of one operation.
        Some(error) if is_of_server(error) && !asked_for_this => {
            let doubts = contacts.is_up() && !optional;
            if doubts {
                contacts.answered(now, Workbench::Doubtful);
            }
            return (false, doubts.then(|| reach(shared)));
        }
        error => match error.and_then(failure) {
            Some(Workbench::Strange(_)) if optional => return (false, None),
            Some(state) => {
                contacts.failed(now, state, asked_for_this);
                return (false, None);
            }
            None => {}
        },
    }
    let state = match (answer.error(), took) {
        (Some(error), Some(_)) if error.kind() == "unauthenticated" => Workbench::KeyRefused,
        // What nobody asked for changes no latency.
        (_, Some(_)) if request.kind == Kind::Quiet && contacts.is_up() => before.clone(),
        (_, Some(took)) => before.answered(took),
        // A file says nothing about the workbench.
        (_, None) => return (false, None),
    };
    let answers = matches!(state, Workbench::Up(_) | Workbench::KeyRefused);
    let gone = contacts.answered(now, state);
    let error_stays = answers && shared.notices.answered();
    if let Some(gone) = gone
        && !error_stays
    {
        let time = match gone.as_secs() {
            ..1 => "less than a second".to_owned(),
            _ => text::span(gone.unsigned_abs()),
        };
        shared.notices.info(now, format!("back after {time}"));
    }
    (gone.is_some() && answers, None)
}
