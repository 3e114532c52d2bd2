//! A rotation of every marked key: one successor after the other, and a summary at the end.

use std::collections::VecDeque;

use super::rotation::questions::successor_expires;
use super::tab::Settings;
use crate::actions::rotation::ByHand;
use crate::text;
use crate::tui::decision::Decision;
use crate::tui::key_list::describe;
use crate::tui::layer::Outcome;
use crate::tui::overlays::Question;
use crate::tui::shared::Shared;

/// Keys of the question that are listed one by one.
const LISTED: usize = 5;

/// The rotations that are left, and how many there were.
#[derive(Debug)]
pub struct Queue {
    left: VecDeque<String>,
    all: usize,
}

impl Settings {
    /// Asks whether every marked key is to get a successor; `None` where no more than one can.
    pub(super) fn ask_rotate_marked(&self, shared: &Shared) -> Option<Outcome> {
        let mut keys = self.keys.chosen();
        keys.retain(|key| {
            let has_one =
                self.rotations.of(&key.key_id).is_some_and(|rotation| rotation.successor().is_some());
            !has_one && !shared.session.was_given(&key.key_id)
        });
        if keys.len() < 2 {
            return None;
        }
        let mut lines: Vec<String> =
            keys.iter().take(LISTED).map(|key| format!("  {}", describe(key))).collect();
        if keys.len() > LISTED {
            lines.push(format!("  and {} more", keys.len() - LISTED));
        }
        lines.push(String::new());
        lines.push("Each gets a new key with the same audience and comment, shown once.".into());
        lines.push("They come one after the other; the old keys still work.".into());
        lines.push(successor_expires(shared));
        let then = Decision::RotateMarked(keys.iter().map(|key| key.key_id.clone()).collect());
        let title = format!("Rotate {} API keys?", keys.len());
        Some(Question::new(title, lines, "Create successors", then).ask())
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
                self.stop_rotating(shared);
                Outcome::done()
            }
            (Some(key_id), Some(username)) => self.create_successor(shared, username, &key_id),
            _ => {
                let all = text::count(all, "key has a successor", "keys have a successor");
                shared.notices.info(shared.now, format!("{all}; the old ones still work: r on each goes on"));
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

    /// One of them did not come to its end: the rest is not begun.
    pub(super) fn stop_rotating(&mut self, shared: &mut Shared) {
        let Some(Queue { left, all }) = self.queue.take() else { return };
        let done = all - left.len() - 1;
        let text = format!("{done} of {all} keys have a successor; {} not begun", left.len());
        shared.notices.warning(shared.now, text);
    }
}
