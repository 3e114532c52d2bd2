//! What an editor can take back and make again.

/// As many are kept.
const MOST: usize = 100;

/// A text and where its cursor is: line and character, from 0.
pub type State = (String, (usize, usize));

/// What kind of change it is: several of one kind in a row are one step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Typed,
    Erased,
    /// A step of its own.
    Whole,
}

/// States before each change, and those that were left by taking changes back.
#[derive(Debug, Clone, Default)]
pub struct Steps {
    past: Vec<State>,
    future: Vec<State>,
    last: Option<Kind>,
}

impl Steps {
    /// A change was made; `before` it was this.
    pub fn note(&mut self, kind: Kind, before: State) {
        self.future.clear();
        if self.last.replace(kind) == Some(kind) && kind != Kind::Whole {
            return;
        }
        if self.past.len() == MOST {
            self.past.remove(0);
        }
        self.past.push(before);
    }

    /// The next change begins a step.
    pub fn pause(&mut self) {
        self.last = None;
    }

    /// The state before the last change; `now` is kept for [`Self::redo`].
    pub fn undo(&mut self, now: State) -> Option<State> {
        self.pause();
        let before = self.past.pop()?;
        self.future.push(now);
        Some(before)
    }

    /// The state that was left by the last [`Self::undo`].
    pub fn redo(&mut self, now: State) -> Option<State> {
        self.pause();
        let after = self.future.pop()?;
        self.past.push(now);
        Some(after)
    }
}
