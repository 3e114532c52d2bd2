//! The tab: the list of API keys, and what can be done with the selected one.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use crossterm::event::KeyEvent;
use jiff::{SignedDuration, Timestamp};
use ratatui::Frame;
use ratatui::layout::Rect;

use super::details::{Details, Facts};
use super::new_key::NewKey;
use super::reveal::Reveal;
use super::rotate_marked::Queue;
use super::rotation::questions::{mark, marks};
use super::rotation::steps::Rotations;
use super::services::{self, Services};
use super::{delete, view};
use crate::api;
use crate::text;
use crate::tui::call::{Answer, Call, FleetAnswer};
use crate::tui::command::{Command, KeyContext};
use crate::tui::decision::Decision;
use crate::tui::effect::Effects;
use crate::tui::event::{Destination, Event, Named};
use crate::tui::key_list::{KeyList, ListedKeys, Seen, Selected, deletion, of_service};
use crate::tui::layer::{Layer, NOT_NOW, Outcome, Readiness};
use crate::tui::requests::{Kind, RequestId};
use crate::tui::session;
use crate::tui::shared::Shared;
use crate::tui::tab::Tab;
use crate::wire::V2KeyDetails;

/// The state of the tab.
#[derive(Debug)]
pub struct Settings {
    pub(super) keys: KeyList,
    pub(super) rotations: Rotations,
    /// Rotations of marked keys that are left.
    pub(super) queue: Option<Queue>,
    /// Keys that were made elsewhere while the list was in sight, until they are no news any more.
    arrived: Option<(BTreeSet<String>, Timestamp)>,
    /// Key IDs of new keys that were left without having been copied or saved.
    pub(super) unkept: BTreeSet<String>,
    services: Services,
    /// Key IDs of the keys that belong to a service, each with what the list says of it.
    pub(super) of_services: BTreeMap<String, &'static str>,
}

/// How long a key that was made elsewhere is marked.
const NEWS: SignedDuration = SignedDuration::from_secs(10);

impl Default for Settings {
    fn default() -> Self {
        Self {
            keys: KeyList::with_legacy(),
            rotations: Rotations::default(),
            queue: None,
            arrived: None,
            unkept: BTreeSet::new(),
            services: Services::default(),
            of_services: BTreeMap::new(),
        }
    }
}

impl Settings {
    /// What the list shows beside the keys.
    fn seen(&self, shared: &Shared) -> Seen {
        let new = self.arrived.iter().flat_map(|(ids, _)| ids);
        let new =
            new.filter(|id| mark(&self.rotations, id).is_none()).map(|id| (id.clone(), "new".to_owned()));
        let seen = Seen::new(shared, marks(&self.rotations).chain(self.keys.replaced()).chain(new));
        seen.with_services(&self.of_services)
    }

    /// Finds the keys that belong to a service.
    fn find_services(&mut self, shared: &Shared) {
        let mark = |key: &V2KeyDetails| {
            Some((key.key_id.clone(), of_service::mark(&shared.session.service_of_own(key)?)))
        };
        self.of_services = self.keys.all().filter_map(mark).collect();
    }

    /// Requests the list, unless a request is in flight.
    fn list(&mut self, shared: &mut Shared) -> Effects {
        let Some(username) = shared.session.username.clone() else { return Effects::new() };
        if self.keys.fetch.is_running(shared) {
            return Effects::new();
        }
        let what = format!("listing the API keys of {username}");
        vec![self.keys.fetch.start(shared, what, Call::ListKeys { username })]
    }

    /// The same, and which services there are.
    fn list_with_services(&mut self, shared: &mut Shared) -> Effects {
        let mut effects = self.list(shared);
        effects.extend(self.services.read(shared));
        effects
    }

    /// Asks for the list again, even if it is in flight: a list that was requested before a change
    /// does not show the change.
    pub(super) fn list_anew(&mut self, shared: &mut Shared) -> Effects {
        let before = self.keys.fetch.request.take();
        let mut effects: Effects = before.and_then(|id| shared.cancel(id)).into_iter().collect();
        effects.extend(self.list(shared));
        effects
    }

    fn refresh(&mut self, shared: &mut Shared) -> Outcome {
        let mut effects = match shared.session.username {
            None => vec![session::ask_who(shared)],
            Some(_) => self.list(shared),
        };
        effects.push(session::ask_expiration(shared));
        effects.into()
    }

    fn listed(&mut self, shared: &mut Shared, answer: Result<ListedKeys, api::Error>) -> Outcome {
        match answer {
            Ok(keys) => {
                shared.session.longest_life = keys.longest_life();
                shared.session.services_known(keys.services());
                self.note_arrivals(shared, &keys);
                // Of those it may be, the one that is listed.
                if shared.session.own_id.is_none() {
                    let own = keys.keys().find(|key| shared.session.is_own(&key.key_id));
                    shared.session.own_id = own.map(|key| key.key_id.clone());
                }
                self.keys.listed(shared, keys, &self.seen(shared));
                self.find_services(shared);
                let ended = self.end_what_is_not_listed(shared);
                self.take_up_rotations(shared);
                ended
            }
            Err(error) => {
                self.keys.fetch.problem = Some(shared.instead(&error));
                shared.notices.failed(shared.now, &error);
                Outcome::done()
            }
        }
    }

    /// Marks keys of a newer list that were made elsewhere.
    fn note_arrivals(&mut self, shared: &Shared, newer: &ListedKeys) {
        let known = &shared.session.known_keys;
        let made_here = |id: &str| known.iter().any(|known| known.key_id.as_deref() == Some(id));
        let new: BTreeSet<_> = self.keys.new_in(newer).into_iter().filter(|id| !made_here(id)).collect();
        if let (false, Ok(until)) = (new.is_empty(), shared.now.checked_add(NEWS)) {
            self.arrived = Some((new, until));
        }
    }

    /// Keys of a user came or went, here or in another tab.
    fn keys_changed(&mut self, shared: &mut Shared, username: &str, deleted: &[String]) -> Outcome {
        let is_gone = |id: &str| deleted.iter().any(|gone| gone == id);
        shared.session.known_keys.retain(|known| !known.key_id.as_deref().is_some_and(is_gone));
        if shared.session.username.as_deref() != Some(username) {
            return Outcome::done();
        }
        let ended = self.end_rotations(deleted);
        if !deleted.is_empty() {
            self.keys.remove(&self.seen(shared), is_gone);
        }
        if deleted.iter().any(|id| shared.session.is_own(id)) {
            delete::own_key_deleted(shared);
            return ended;
        }
        ended.and(self.list_anew(shared).into())
    }

    fn copy_id(&self, shared: &mut Shared) -> Outcome {
        match self.keys.selected() {
            Some(Selected::Key(key)) => {
                let key_id = key.key_id.clone();
                shared.copy("Key ID", key_id).into()
            }
            Some(Selected::Legacy) => {
                shared.notices.warning(shared.now, "the legacy key has no Key ID");
                Outcome::done()
            }
            None => Outcome::done(),
        }
    }

    fn names(&self, shared: &Shared, limit: usize) -> Event {
        let named = |key: &V2KeyDetails| Named {
            name: format!("{} {}", text::short_id(&key.key_id), key.comments),
            note: "",
            destination: Destination::Key(key.key_id.clone()),
        };
        let state = self.keys.fetch.listing(shared, "yours");
        let names = self.keys.all().take(limit).map(named).collect();
        Event::NamesFound { from: Tab::Settings, names, state }
    }
}

impl Layer for Settings {
    fn name(&self) -> &'static str {
        "settings"
    }

    fn contexts(&self, _shared: &Shared) -> Vec<KeyContext> {
        if self.services.are_shown() {
            return self.services.contexts();
        }
        let innermost =
            if self.keys.state.filter.is_open() { KeyContext::FilterField } else { KeyContext::Keys };
        vec![innermost, KeyContext::List]
    }

    fn typing(&self, _shared: &Shared) -> bool {
        if self.services.are_shown() { self.services.typing() } else { self.keys.state.filter.is_open() }
    }

    /// Moving from key to key changes no footer: what can be done stays where the eye knows it, and each
    /// step costs few bytes. What the legacy key does not take is not offered on its row.
    fn label(&self, shared: &Shared, command: Command) -> Option<Cow<'static, str>> {
        if self.services.are_shown() {
            return self.services.label(shared, command);
        }
        if command == Command::Services {
            return services::file(shared).is_none().then_some("".into());
        }
        let about_a_row = [
            Command::RotateKey,
            Command::DeleteKey,
            Command::TestWithKey,
            Command::KeyDetails,
            Command::CopyKeyId,
            Command::Mark,
        ];
        let not_of_legacy = [Command::DeleteKey, Command::TestWithKey, Command::CopyKeyId, Command::Mark];
        match self.keys.selected() {
            None => about_a_row.contains(&command).then_some("".into()),
            Some(Selected::Legacy) if self.keys.marked.is_empty() => {
                not_of_legacy.contains(&command).then_some(NOT_NOW.into())
            }
            Some(_) => None,
        }
    }

    fn unsaved(&self, shared: &Shared) -> Option<String> {
        let ids = self.not_kept(shared)?;
        Some(format!("Leaving loses the text of {ids}: created here, neither copied nor saved."))
    }

    fn left_behind(&self, shared: &Shared) -> Option<String> {
        let ids = self.not_kept(shared)?;
        Some(format!("{ids}: created, and neither copied nor saved; the text is lost, delete it."))
    }

    fn enter(&mut self, shared: &mut Shared) -> Outcome {
        self.list_with_services(shared).into()
    }

    fn command(&mut self, shared: &mut Shared, command: Command) -> Outcome {
        if self.services.are_shown() {
            return self.services.command(shared, command);
        }
        match command {
            Command::Services => self.services.toggle(shared),
            Command::NewKey => {
                let form = NewKey::new(shared);
                Outcome::push(form).and_effect(session::look_at_expiration(shared))
            }
            Command::DeleteKey => delete::ask(shared, &self.keys, &self.rotations),
            Command::DeleteAllKeys => delete::ask_all(shared, &self.keys),
            Command::RotateKey => self.ask_rotate(shared),
            Command::CopyKeyId => self.copy_id(shared),
            Command::CopyKey => self.copy_key_again(shared),
            Command::SaveKey => self.save_key_again(shared),
            Command::TestWithKey => self.test_with_selected(shared),
            Command::KeyDetails => match Facts::of_selected(&self.keys, &self.rotations) {
                Some(facts) => Outcome::push(Details::new(facts)),
                None => Outcome::done(),
            },
            Command::Refresh => self.refresh(shared),
            Command::ChooseColumns => KeyList::choose_columns(shared),
            other => {
                let seen = self.seen(shared);
                let table = view::table(shared, &self.keys, &seen);
                if self.keys.command(other, &seen, table) { Outcome::done() } else { Outcome::ignored() }
            }
        }
    }

    fn readiness(&self, shared: &Shared, _command: Command) -> Readiness {
        match shared.session.username {
            _ if self.services.are_shown() => self.services.readiness(shared),
            None if self.keys.fetch.problem.is_none() => Readiness::Awaited,
            _ => self.keys.readiness(shared),
        }
    }

    fn key(&mut self, shared: &mut Shared, key: KeyEvent) -> Outcome {
        if self.services.are_shown() {
            return self.services.key(key);
        }
        self.keys.key(key, &self.seen(shared));
        Outcome::done()
    }

    fn click(&mut self, shared: &mut Shared, x: u16, y: u16) -> Outcome {
        if self.services.are_shown() {
            return self.services.click(shared, x, y);
        }
        let table = view::table(shared, &self.keys, &self.seen(shared));
        match self.keys.click(table, x, y) {
            Some(true) => self.command(shared, Command::KeyDetails),
            Some(false) => Outcome::done(),
            None => Outcome::ignored(),
        }
    }

    fn paste(&mut self, shared: &mut Shared, text: &str) -> Outcome {
        if self.services.are_shown() {
            return self.services.paste(text);
        }
        self.keys.paste(text, &self.seen(shared));
        Outcome::done()
    }

    fn answer(&mut self, shared: &mut Shared, id: RequestId, answer: Answer) -> Outcome {
        match answer {
            Answer::Keys { answer, .. } => self.listed(shared, answer),
            Answer::Fleet(answer) => {
                let is_manifest = matches!(answer, FleetAnswer::Services(_));
                let outcome = self.services.answer(shared, answer);
                if is_manifest {
                    self.find_services(shared);
                }
                outcome
            }
            Answer::KeyCreated(answer) if self.rotations.awaits(id) => {
                self.successor_created(shared, id, answer)
            }
            Answer::KeyCreated(answer) => self.created_late(shared, answer),
            Answer::KeyAdopted(answer) => self.adopted(shared, answer),
            Answer::HandOverNoted(Err(problem)) => {
                shared.notices.warning(shared.now, format!("the hand-over is not noted: {problem}"));
                Outcome::done()
            }
            Answer::KeysDeleted(keys) => {
                // Both keys of a rotation exist unless the event says that one was deleted.
                self.rotations.not_deleted(id);
                deletion::report(shared, &keys);
                Outcome::event(keys.changed())
            }
            Answer::LegacyKeyRotated(Ok(answer)) => Outcome::push(Reveal::legacy(*answer)),
            Answer::LegacyKeyRotated(Err(error)) => {
                shared.notices.failed(shared.now, &error);
                Outcome::done()
            }
            // The dialog that showed the key is closed.
            Answer::KeySaved(Ok(path)) => {
                shared.notices.info(shared.now, Reveal::written_to(&path));
                Outcome::done()
            }
            Answer::KeySaved(Err(problem)) => {
                shared.notices.error(shared.now, problem, None);
                Outcome::done()
            }
            _ => Outcome::done(),
        }
    }

    fn cancelled(&mut self, shared: &mut Shared, id: RequestId) -> Outcome {
        self.services.cancelled(shared, id);
        self.rotation_cancelled(shared, id)
    }

    fn decided(&mut self, shared: &mut Shared, decision: Decision) -> Outcome {
        let Some(username) = shared.session.username.clone() else { return Outcome::done() };
        let (what, call) = match decision {
            Decision::DeleteKeys(keys) => (keys.what(), Call::DeleteKeys(keys)),
            Decision::RotateLegacyKey => {
                ("rotating the legacy key".to_owned(), Call::RotateLegacyKey { username })
            }
            Decision::ShowService(name) => return self.services.show(shared, name),
            Decision::ApplyFleet => return self.services.apply(shared),
            Decision::PruneFleet(agreed) => return self.services.prune(shared, agreed),
            Decision::RotateMarked(key_ids) => return self.rotate_marked(shared, key_ids),
            Decision::Rotate { key_id, expiry } => {
                return self.create_successor(shared, username, &key_id, expiry);
            }
            Decision::ChooseExpiry(key_id) => return self.choose_expiry(shared, key_id),
            Decision::DeleteOldKey(old_id) => return self.delete_old(shared, username, old_id),
            _ => return Outcome::done(),
        };
        shared.start(Kind::Change, what, call).1.into()
    }

    fn event(&mut self, shared: &mut Shared, event: &Event) -> Outcome {
        match event {
            Event::SignedIn => {
                self.services.forget();
                return self.list_with_services(shared).into();
            }
            Event::NotSignedIn(problem) => self.keys.fetch.problem = Some(problem.clone()),
            Event::KeysChanged { username, deleted } => return self.keys_changed(shared, username, deleted),
            Event::ColumnsChanged => {
                self.services.follow_columns(shared);
                self.keys.follow_columns(&self.seen(shared));
            }
            Event::KeyKept(key_id) => {
                self.unkept.remove(key_id);
                return self.handed_over(shared, key_id);
            }
            Event::KeyLeft(key_id) => drop(self.unkept.insert(key_id.clone())),
            Event::KeyTested { key_id: Some(key_id), proof, .. } => {
                self.rotations.tested(key_id, proof.clone());
            }
            Event::AskDeleteOld(_) if self.queue.is_some() => return self.rotate_next(shared),
            Event::SuccessorLost(_) => self.stop_rotating(shared, true),
            Event::AskDeleteOld(old_id) => return self.ask_delete_old(shared, old_id),
            Event::FindNames { limit, .. } => return Outcome::event(self.names(shared, *limit)),
            Event::Show(Destination::Part(_, KeyContext::Keys)) if self.services.are_shown() => {
                return self.services.toggle(shared);
            }
            Event::Show(Destination::Key(key_id)) => self.keys.select_key(key_id),
            _ => {}
        }
        Outcome::done()
    }

    fn wakes_at(&self, _shared: &Shared) -> Option<Timestamp> {
        self.arrived.as_ref().map(|(_, until)| *until)
    }

    fn wake(&mut self, shared: &mut Shared) -> Outcome {
        self.arrived = self.arrived.take().filter(|(_, until)| *until > shared.now);
        Outcome::done()
    }

    fn look_again(&mut self, shared: &mut Shared, _all: bool) -> Outcome {
        self.list(shared).into()
    }

    fn draw(&self, shared: &Shared, frame: &mut Frame<'_>, area: Rect) {
        if self.services.are_shown() {
            return self.services.draw(shared, frame, area);
        }
        view::draw(shared, &self.keys, &self.rotations, &self.seen(shared), frame, area);
    }
}
