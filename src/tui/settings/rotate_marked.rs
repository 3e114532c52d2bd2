//! A rotation of every marked key: one successor after the other, and a summary at the end.

use std::collections::VecDeque;

use super::rotation::questions::{mark, successor_expires};
use super::tab::Settings;
use crate::actions::rotation::ByHand;
use crate::text;
use crate::tui::command::Command;
use crate::tui::decision::Decision;
use crate::tui::key_list::when::expired;
use crate::tui::key_list::{describe, of_service};
use crate::tui::layer::Outcome;
use crate::tui::overlays::Question;
use crate::tui::shared::Shared;
use crate::wire::V2KeyDetails;

/// Keys of the question that are listed one by one.
const LISTED: usize = 5;

/// The rotations that are left, and how many there were.
#[derive(Debug)]
pub struct Queue {
    left: VecDeque<String>,
    all: usize,
}

impl Queue {
    /// Which of them is under way: `2 of 3`.
    pub fn number(&self) -> String {
        format!("{} of {}", self.all - self.left.len(), self.all)
    }
}

impl Settings {
    /// Why a marked key gets no successor along with others: `21c2…dc0b is being replaced by b390…a5ab already.`
    fn left_out(&self, shared: &Shared, key: &V2KeyDetails) -> Option<String> {
        let id = text::short_id(&key.key_id);
        if let Some(mark) = mark(&self.rotations, &key.key_id) {
            return Some(format!("{id} is left out: it is being {mark} already."));
        }
        if let Some(member) = shared.session.service_of_own(key) {
            return Some(format!("{id} is left out: {}.", of_service::left_out(&member)));
        }
        let given = shared.session.was_given(&key.key_id);
        given.then(|| format!("{id} is left out: the workbench session that keybench runs in uses it."))
    }

    /// Asks whether every marked key is to get a successor. Says which do not, and why.
    pub(super) fn ask_rotate_marked(&self, shared: &mut Shared) -> Outcome {
        let mut keys = self.keys.chosen();
        if let [key] = keys[..] {
            return self.ask_rotate_one(shared, key);
        }
        let mut left_out = Vec::new();
        keys.retain(|key| match self.left_out(shared, key) {
            Some(why) => {
                left_out.push(why);
                false
            }
            None => true,
        });
        if keys.is_empty() {
            shared.notices.warning(shared.now, left_out.join(" "));
            return Outcome::done();
        }
        let mut lines: Vec<String> =
            keys.iter().take(LISTED).map(|key| format!("  {}", describe(key))).collect();
        if keys.len() > LISTED {
            lines.push(format!("  and {} more", keys.len() - LISTED));
        }
        lines.extend(self.keys.hidden_marks());
        lines.extend(left_out);
        lines.push(String::new());
        lines.push(
            "Each gets a new key with the same audience and comment, shown once, one after the other.".into(),
        );
        let ended = keys.iter().filter_map(|key| Some((text::short_id(&key.key_id), expired(shared, key)?)));
        let ended: Vec<String> = ended.map(|(id, when)| format!("{id} {when}")).collect();
        lines.push(match (&*ended, keys.len() - ended.len()) {
            ([], _) => "Nothing is deleted: the old keys work as before.".into(),
            (_, 0) => "Nothing is deleted, but all of them have expired.".into(),
            ([one], _) => format!("Nothing is deleted: {one}, the others work as before."),
            (_, _) => format!("Nothing is deleted: {} have expired, the others work as before.", ended.len()),
        });
        lines.push(successor_expires(shared, keys.len()));
        if let Some(own) = keys.iter().find(|key| shared.session.is_own(&key.key_id)) {
            let own = text::short_id(&own.key_id);
            lines.push(format!("keybench is signed in with {own}, and changes to its successor."));
        }
        let then = Decision::RotateMarked(keys.iter().map(|key| key.key_id.clone()).collect());
        let title = format!("Rotate {}?", text::count(keys.len(), "API key", "API keys"));
        Question::new(title, lines, "Create successors", then).ask()
    }

    /// Begins with the first of them.
    pub(super) fn rotate_marked(&mut self, shared: &mut Shared, key_ids: Vec<String>) -> Outcome {
        self.keys.marked.clear();
        self.queue = Some(Queue { all: key_ids.len(), left: key_ids.into() });
        self.rotate_next(shared)
    }

    /// The next of them, or the summary.
    pub(super) fn rotate_next(&mut self, shared: &mut Shared) -> Outcome {
        let Some(queue) = &mut self.queue else { return Outcome::done() };
        let (next, all) = (queue.left.pop_front(), queue.all);
        match (next, shared.session.username.clone()) {
            // Asked here, one key at a time: a plan reads the whole list.
            (Some(key_id), Some(_)) if self.has_too_many_in_doubt(shared, &key_id) => {
                self.stop_rotating(shared, false);
                Outcome::done()
            }
            (Some(key_id), Some(username)) => self.create_successor(shared, username, &key_id, None),
            _ => {
                let all = text::count(all, "key has a successor", "keys have a successor");
                shared.notices.info(shared.now, format!("{all}; the old ones stay: r on each goes on"));
                self.queue = None;
                Outcome::done()
            }
        }
    }

    fn has_too_many_in_doubt(&self, shared: &Shared, key_id: &str) -> bool {
        self.key(key_id).is_some_and(|old| {
            self.plan(shared, ByHand { old, successor: None, handed_over: None }).has_too_many_in_doubt()
        })
    }

    /// One of them did not come to its end: the rest is not begun. `left_unsaved`: it has a successor, which
    /// was neither copied nor saved.
    pub(super) fn stop_rotating(&mut self, shared: &mut Shared, left_unsaved: bool) {
        let Some(Queue { left, all }) = self.queue.take() else { return };
        let done = all - left.len() - usize::from(!left_unsaved);
        let mut text = format!("{done} of {all} keys have a successor");
        if left_unsaved {
            let copy = shared.key_of(Command::CopyKey);
            text.push_str(&format!("; the last was neither copied nor saved: {copy} on its row copies it"));
        }
        if !left.is_empty() {
            text.push_str(&format!("; {} not begun", left.len()));
        }
        shared.notices.warning(shared.now, text);
    }
}
