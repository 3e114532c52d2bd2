//! A layer of the interface: a tab, a dialog, a question, the palette. It owns its state, is handed
//! [`Shared`], and sees no other layer.
//!
//! What a layer wants to happen is its [`Outcome`]: effects for the world, events for the other
//! layers, and at most one change of the stack.

use std::borrow::Cow;
use std::fmt;

use crossterm::event::KeyEvent;
use jiff::Timestamp;
use ratatui::Frame;
use ratatui::layout::Rect;

use super::call::Answer;
use super::command::{Command, KeyContext};
use super::decision::Decision;
use super::effect::{Effect, Effects};
use super::event::{Event, Listing};
use super::requests::RequestId;
use super::shared::Shared;

/// The label of what does not apply to the selected row: the footer shows it without its key, so that
/// moving on moves no other one.
pub const NOT_NOW: &str = "–";

/// A part of the interface with a state of its own, which everything but `draw` may change. Nothing
/// here does I/O, reads a clock or waits.
pub trait Layer: fmt::Debug {
    /// For tests and debugging: `new key`.
    fn name(&self) -> &'static str;

    /// Which contexts of the command table have the keys, innermost first, without `Global`.
    fn contexts(&self, shared: &Shared) -> Vec<KeyContext>;

    /// Whether characters are text now.
    fn typing(&self, _shared: &Shared) -> bool {
        false
    }

    /// Whether the user must answer or close something before leaving the tab. Always true for a
    /// layer above the tabs.
    fn modal(&self, _shared: &Shared) -> bool {
        false
    }

    /// What the footer says a command does now, instead of the label in the command table. Empty: it
    /// does nothing now, and the footer leaves it out; [`NOT_NOW`]: it stays in sight without its key. A tab that labels [`Command::Back`] has a part open
    /// that Esc leaves.
    fn label(&self, _shared: &Shared, _command: Command) -> Option<Cow<'static, str>> {
        None
    }

    /// Its subject, if it is a question.
    fn asks(&self) -> Option<&Decision> {
        None
    }

    /// The `project/name` of the model with this id, if it lists that.
    fn name_of_model(&self, _id: &str) -> Option<String> {
        None
    }

    /// What would be lost by leaving the program: a sentence.
    fn unsaved(&self, _shared: &Shared) -> Option<String> {
        None
    }

    /// Whether leaving it now loses an API key for good: a slip must not be enough.
    fn loses_key(&self) -> bool {
        false
    }

    /// A sentence about what this layer leaves behind at the workbench, if the program ends now
    /// without asking.
    fn left_behind(&self, _shared: &Shared) -> Option<String> {
        None
    }

    /// The layer is shown: ask for what it needs.
    fn enter(&mut self, _shared: &mut Shared) -> Outcome {
        Outcome::done()
    }

    /// Runs a command; [`Outcome::ignored`] if it does not apply here.
    fn command(&mut self, shared: &mut Shared, command: Command) -> Outcome;

    /// How far the rows are that a command is about. A key that comes before them waits, and so do all
    /// after it.
    fn readiness(&self, _shared: &Shared, _command: Command) -> Readiness {
        Readiness::Ready
    }

    /// A key that is no command.
    fn key(&mut self, _shared: &mut Shared, _key: KeyEvent) -> Outcome {
        Outcome::ignored()
    }

    /// A click at this column and row of the terminal.
    fn click(&mut self, _shared: &mut Shared, _x: u16, _y: u16) -> Outcome {
        Outcome::ignored()
    }

    /// Pasted text: only ever into a field.
    fn paste(&mut self, _shared: &mut Shared, _text: &str) -> Outcome {
        Outcome::ignored()
    }

    /// The text that was opened in the user's editor is back.
    fn edited(&mut self, _shared: &mut Shared, _text: String) -> Outcome {
        Outcome::done()
    }

    /// The answer to a request of this layer, or a part of it that came early.
    fn answer(&mut self, _shared: &mut Shared, _id: RequestId, _answer: Answer) -> Outcome {
        Outcome::done()
    }

    /// Ends a request of this layer early with what it has come to. Ignored where it comes to nothing: it
    /// is cancelled then.
    fn end_early(&mut self, _shared: &mut Shared, _id: RequestId) -> Outcome {
        Outcome::ignored()
    }

    /// The user cancelled a request of this layer.
    fn cancelled(&mut self, _shared: &mut Shared, _id: RequestId) -> Outcome {
        Outcome::done()
    }

    /// A question of this layer was answered with yes.
    fn decided(&mut self, _shared: &mut Shared, _decision: Decision) -> Outcome {
        Outcome::done()
    }

    /// Something happened in another layer, or in this one.
    fn event(&mut self, _shared: &mut Shared, _event: &Event) -> Outcome {
        Outcome::done()
    }

    /// The window has another size: other rows may be in sight.
    fn resized(&mut self, _shared: &mut Shared) -> Outcome {
        Outcome::done()
    }

    /// Whether something in sight changes by itself, so that ticks are wanted.
    fn watches(&self, _shared: &Shared) -> bool {
        false
    }

    /// A quarter of a second passed while something was in flight or watched.
    fn tick(&mut self, _shared: &mut Shared) -> Outcome {
        Outcome::done()
    }

    /// When it wants to be woken: to look at its list again, or to take something out of sight.
    fn wakes_at(&self, _shared: &Shared) -> Option<Timestamp> {
        None
    }

    /// The time of a layer in sight has come, perhaps that of another one.
    fn wake(&mut self, _shared: &mut Shared) -> Outcome {
        Outcome::done()
    }

    /// Asks again for the list in sight, which nobody asked for; with `all`, for what a request each
    /// is needed for too.
    fn look_again(&mut self, _shared: &mut Shared, _all: bool) -> Outcome {
        Outcome::done()
    }

    /// Whether it takes the whole body, as a tab does: what opens over it does not hide it.
    fn fills_body(&self) -> bool {
        false
    }

    /// Whether to hide the layer that opened this one: two boxes with much text are hard to read.
    fn hides_opener(&self) -> bool {
        false
    }

    /// Draws the layer into `area`, the part of the screen between tabs and footer; only reads.
    fn draw(&self, shared: &Shared, frame: &mut Frame<'_>, area: Rect);
}

/// How far the rows of a list are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Readiness {
    Ready,
    /// Some are there, more are being read.
    Partly,
    /// None is there yet, they are being read.
    Awaited,
    /// They could not be read, or nobody asked for them.
    Missing,
}

impl Readiness {
    /// Of a list that has come so far.
    pub fn of(listing: &Listing, is_empty: bool) -> Self {
        match listing {
            Listing::Unread | Listing::Failed(_) => Self::Missing,
            Listing::Reading if is_empty => Self::Awaited,
            Listing::Reading => Self::Partly,
            Listing::Complete(_) => Self::Ready,
        }
    }
}

/// What a layer wants to happen.
#[derive(Debug, Default)]
#[must_use]
pub struct Outcome {
    /// The command, key or text meant something here.
    pub taken: bool,
    pub effects: Effects,
    pub events: Vec<Event>,
    pub change: Option<Change>,
    /// For the layer that opened this one: its question was answered with yes.
    pub decision: Option<Decision>,
    /// A command to run next, as if its key had been pressed: a choice in the palette.
    pub run: Option<Command>,
}

/// A change of the stack.
#[derive(Debug)]
pub enum Change {
    /// Puts a layer on top.
    Push(Box<dyn Layer>),
    /// Puts a layer where this one is.
    Replace(Box<dyn Layer>),
    /// Takes this layer away.
    Pop,
}

impl Outcome {
    /// It means nothing here.
    pub fn ignored() -> Self {
        Self::default()
    }

    /// Done, and nothing else is to happen.
    pub fn done() -> Self {
        Self { taken: true, ..Self::default() }
    }

    pub fn push(layer: impl Layer + 'static) -> Self {
        Self { change: Some(Change::Push(Box::new(layer))), ..Self::done() }
    }

    pub fn replace(layer: impl Layer + 'static) -> Self {
        Self { change: Some(Change::Replace(Box::new(layer))), ..Self::done() }
    }

    pub fn pop() -> Self {
        Self { change: Some(Change::Pop), ..Self::done() }
    }

    pub fn event(event: Event) -> Self {
        Self::done().and_event(event)
    }

    pub fn effect(effect: Effect) -> Self {
        Self::done().and_effect(effect)
    }

    pub fn and_event(mut self, event: Event) -> Self {
        self.events.push(event);
        self
    }

    pub fn and_effect(mut self, effect: Effect) -> Self {
        self.effects.push(effect);
        self
    }

    /// Both, this one first. Only one of them may change the stack.
    pub fn and(mut self, other: Self) -> Self {
        debug_assert!(self.change.is_none() || other.change.is_none(), "at most one change of the stack");
        self.taken |= other.taken;
        self.effects.extend(other.effects);
        self.events.extend(other.events);
        self.change = self.change.or(other.change);
        self.decision = self.decision.or(other.decision);
        self.run = self.run.or(other.run);
        self
    }

    /// `other` where this one means nothing.
    pub fn or_else(self, other: impl FnOnce() -> Self) -> Self {
        if self.taken { self } else { other() }
    }
}

impl From<Effect> for Outcome {
    fn from(effect: Effect) -> Self {
        Self::effect(effect)
    }
}

impl From<Effects> for Outcome {
    fn from(effects: Effects) -> Self {
        Self { effects, ..Self::done() }
    }
}

impl From<Option<Effect>> for Outcome {
    fn from(effect: Option<Effect>) -> Self {
        effect.into_iter().collect::<Effects>().into()
    }
}
