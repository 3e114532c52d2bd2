//! Keys that are pressed before there are rows for them: they wait, in their order, and so do all after
//! them. This holds for every list; a layer only says how far its rows are ([`Layer::readiness`]).
//!
//! [`Layer::readiness`]: super::layer::Layer::readiness

use std::collections::VecDeque;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use jiff::{SignedDuration, Timestamp};

use super::command::{Command, KeyContext};
use super::layer::Readiness;
use super::requests::LayerId;
use super::shared::Shared;
use super::stack::Stack;
use crate::text;

/// The most keys that wait; more are dropped.
const MOST: usize = 64;
/// What waits no longer than this is not mentioned.
const MENTIONED: SignedDuration = SignedDuration::from_millis(250);

/// Commands of lists that need no row.
const NEED_NO_ROW: [Command; 15] = [
    Command::Filter,
    Command::Sort,
    Command::SortReverse,
    Command::ChooseColumns,
    Command::NewKey,
    Command::Services,
    Command::PlanFleet,
    Command::ApplyFleet,
    Command::PruneFleet,
    Command::AddProfile,
    Command::ModelScope,
    Command::NextSection,
    Command::PreviousSection,
    Command::EditExpiration,
    Command::Left,
];

/// The keys that wait.
#[derive(Debug, Default)]
pub struct Ahead {
    keys: VecDeque<KeyEvent>,
    /// The layer that they were pressed in; `None` while a session is being opened.
    layer: Option<LayerId>,
    since: Timestamp,
}

impl Ahead {
    /// Forgets them.
    pub fn clear(&mut self) {
        self.keys.clear();
    }

    /// The first of them.
    pub fn first(&self) -> Option<KeyEvent> {
        self.keys.front().copied()
    }

    /// Takes them all, to be pressed again.
    pub fn take(&mut self) -> VecDeque<KeyEvent> {
        std::mem::take(&mut self.keys)
    }

    /// Whether this key waits, or ends the waiting of the others: nothing else is done with it then.
    pub fn takes(
        &mut self,
        shared: &Shared,
        stack: &Stack,
        (key, command): (KeyEvent, Option<Command>),
    ) -> bool {
        if self.keys.is_empty() {
            if readiness(shared, stack, command) != Readiness::Awaited {
                return false;
            }
            (self.layer, self.since) = (stack.top(shared), shared.now);
        }
        let ctrl_c = key.code == KeyCode::Char('c') && key.modifiers.contains(KeyModifiers::CONTROL);
        match command {
            _ if self.keys.is_empty() => {}
            Some(Command::Back | Command::Quit) => {
                self.clear();
                return ctrl_c || command == Some(Command::Back);
            }
            // The request that they wait for may be the one.
            Some(Command::CancelRequest) => return false,
            _ => {}
        }
        if self.keys.len() < MOST {
            self.keys.push_back(key);
        }
        true
    }

    /// Whether they can be pressed now, where `command` is that of the first one. They are forgotten if no
    /// rows come, or if something else came to the top.
    pub fn is_over(&mut self, shared: &Shared, stack: &Stack, command: Option<Command>) -> bool {
        let top = stack.top(shared);
        let moved = self.layer.is_some() && self.layer != top || top == Some(LayerId::Welcome);
        match readiness(shared, stack, command) {
            _ if moved => self.clear(),
            Readiness::Missing => self.clear(),
            Readiness::Awaited | Readiness::Partly => self.layer = top,
            Readiness::Ready => return true,
        }
        false
    }

    /// `3 keys wait for the list; Esc drops them`
    pub fn note(&self, shared: &Shared) -> Option<String> {
        let waits = !self.keys.is_empty() && shared.now.duration_since(self.since) >= MENTIONED;
        let (keys, them) = match self.keys.len() {
            1 => ("key waits", "it"),
            _ => ("keys wait", "them"),
        };
        let count = text::count(self.keys.len(), keys, keys);
        waits.then(|| format!("{count} for the list; {} drops {them}", shared.key_of(Command::Back)))
    }
}

/// Whether there are rows for a command.
fn readiness(shared: &Shared, stack: &Stack, command: Option<Command>) -> Readiness {
    let Some(layer) = stack.top_layer(shared) else {
        return match command {
            Some(Command::Quit | Command::CancelRequest | Command::Repaint | Command::Suspend) => {
                Readiness::Ready
            }
            // What is shown now ends with the opening.
            _ => Readiness::Awaited,
        };
    };
    let contexts = layer.contexts(shared);
    let needs_row = |command| {
        let submits_filter = command == Command::Submit && contexts.contains(&KeyContext::FilterField);
        !submits_filter && !NEED_NO_ROW.contains(&command) && shared.entry(command, &contexts).is_some()
    };
    match command.filter(|command| needs_row(*command)).map(|command| layer.readiness(shared, command)) {
        // Nothing comes.
        Some(Readiness::Awaited | Readiness::Partly) if shared.requests.running().is_empty() => {
            Readiness::Missing
        }
        readiness => readiness.unwrap_or(Readiness::Ready),
    }
}
