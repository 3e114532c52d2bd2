//! The layers on the screen: one tab, and above it dialogs, questions and the palette.
//!
//! The top layer gets the keys. An answer goes to the layer that asked, an event to all layers.
//! Layers never see each other.

use std::collections::VecDeque;

use jiff::Timestamp;
use strum::VariantArray as _;

use super::command::{Command, KeyContext};
use super::decision::Decision;
use super::effect::{Effect, Effects};
use super::event::Event;
use super::layer::{Change, Layer, Outcome};
use super::requests::{LayerId, RequestId, TabId};
use super::shared::Shared;
use super::tab::Tab;
use super::welcome::Welcome;
use super::{admin, models, settings};

/// Events that one message may lead to. More would be a circle of layers that answer each other.
const MOST_EVENTS: usize = 200;

/// The tabs and the layers above them.
#[derive(Debug)]
pub struct Stack {
    tabs: Vec<Box<dyn Layer>>,
    current: Tab,
    welcome: Welcome,
    above: Vec<Slot>,
    last_id: u32,
    /// The command that a layer wants to be run next.
    chosen: Option<Command>,
}

/// A layer above the tabs.
#[derive(Debug)]
struct Slot {
    id: LayerId,
    /// The layer that opened it.
    opener: LayerId,
    layer: Box<dyn Layer>,
}

/// The layer that a tab shows.
fn layer_of(tab: Tab) -> Box<dyn Layer> {
    match tab {
        Tab::Settings => Box::new(settings::Settings::default()),
        Tab::Models => Box::new(models::Models::default()),
        Tab::Admin => Box::new(admin::Admin::default()),
    }
}

impl Default for Stack {
    fn default() -> Self {
        Self {
            tabs: Tab::VARIANTS.iter().copied().map(layer_of).collect(),
            current: Tab::default(),
            welcome: Welcome::default(),
            above: Vec::new(),
            last_id: 0,
            chosen: None,
        }
    }
}

impl Stack {
    /// The current tab, if someone is signed in.
    pub fn tab(&self, shared: &Shared) -> Option<Tab> {
        shared.session.signed_in.then_some(self.current)
    }

    /// Starts over after signing in elsewhere. The current tab stays.
    pub fn reset(&mut self) {
        let (current, last_id) = (self.current, self.last_id);
        *self = Self { current, last_id, ..Self::default() };
    }

    /// The layer below all others; `None` while a session is being opened.
    fn base(&self, shared: &Shared) -> Option<LayerId> {
        match (shared.session.signed_in, shared.session.url.is_empty()) {
            (false, _) => Some(LayerId::Welcome),
            (true, true) => None,
            (true, false) => Some(self.current.into()),
        }
    }

    /// The layer that has the keys.
    pub fn top(&self, shared: &Shared) -> Option<LayerId> {
        self.above.last().map(|slot| slot.id).or_else(|| self.base(shared))
    }

    /// A layer by its id.
    pub fn layer(&self, id: LayerId) -> Option<&dyn Layer> {
        match id {
            LayerId::Session => None,
            LayerId::Welcome => Some(&self.welcome),
            LayerId::Tab(TabId(tab)) => self.tabs.get(tab).map(|layer| &**layer),
            LayerId::Above(_) => self.above.iter().find(|slot| slot.id == id).map(|slot| &*slot.layer),
        }
    }

    fn layer_mut(&mut self, id: LayerId) -> Option<&mut dyn Layer> {
        match id {
            LayerId::Session => None,
            LayerId::Welcome => Some(&mut self.welcome),
            LayerId::Tab(TabId(tab)) => match self.tabs.get_mut(tab) {
                Some(layer) => Some(&mut **layer),
                None => None,
            },
            LayerId::Above(_) => match self.above.iter_mut().find(|slot| slot.id == id) {
                Some(slot) => Some(&mut *slot.layer),
                None => None,
            },
        }
    }

    /// The layer that has the keys.
    pub fn top_layer(&self, shared: &Shared) -> Option<&dyn Layer> {
        self.top(shared).and_then(|id| self.layer(id))
    }

    /// Names of the layers above the tab, the topmost last.
    pub fn names(&self) -> Vec<&'static str> {
        self.above.iter().map(|slot| slot.layer.name()).collect()
    }

    /// The contexts that have the keys now, innermost first.
    pub fn contexts(&self, shared: &Shared) -> Vec<KeyContext> {
        let mut contexts = self.top_layer(shared).map(|layer| layer.contexts(shared)).unwrap_or_default();
        contexts.push(KeyContext::Global);
        contexts
    }

    /// Whether something has to be answered or closed before anything else of the interface.
    pub fn modal(&self, shared: &Shared) -> bool {
        !self.above.is_empty()
            || self.base(shared).and_then(|id| self.layer(id)).is_some_and(|layer| layer.modal(shared))
    }

    /// Whether a layer lies over the tab.
    pub fn is_covered(&self) -> bool {
        !self.above.is_empty()
    }

    /// Whether the top layer is a question.
    pub fn asks(&self, shared: &Shared) -> bool {
        self.top_layer(shared).is_some_and(|layer| layer.asks().is_some())
    }

    /// Whether closing the layers over the tab would lose something.
    pub fn covers_unsaved(&self, shared: &Shared) -> bool {
        self.above.iter().any(|slot| slot.layer.unsaved(shared).is_some())
    }

    /// Whether something in sight changes by itself.
    pub fn watches(&self, shared: &Shared) -> bool {
        self.in_sight(shared).any(|layer| layer.watches(shared))
    }

    /// When a layer in sight wants to be woken.
    pub fn wakes_at(&self, shared: &Shared) -> Option<Timestamp> {
        self.in_sight(shared).filter_map(|layer| layer.wakes_at(shared)).min()
    }

    /// The layers on the screen, the lowest first.
    pub fn in_sight(&self, shared: &Shared) -> impl Iterator<Item = &dyn Layer> {
        let hidden = |id: LayerId| {
            let fills = self.layer(id).is_some_and(|layer| layer.fills_body());
            !fills && self.above.iter().any(|over| over.opener == id && over.layer.hides_opener())
        };
        // While a session is being opened the tab says so, although it has no focus yet. A tab stays in
        // sight behind what lies over it; the box without a session does not.
        let base = self.base(shared).unwrap_or_else(|| self.current.into());
        let base = self.layer(base).filter(|_| base != LayerId::Welcome || !hidden(base));
        let above = self.above.iter().filter(move |slot| !hidden(slot.id));
        base.into_iter().chain(above.map(|slot| &*slot.layer))
    }

    /// All layers, whether in sight or not, the tabs first.
    pub fn all(&self) -> impl Iterator<Item = &dyn Layer> {
        self.tabs.iter().map(|layer| &**layer).chain(self.above.iter().map(|slot| &*slot.layer))
    }

    /// The tab is shown, after the session began or another tab was left.
    pub fn enter(&mut self, shared: &mut Shared) -> Effects {
        shared.looked_at = Some(shared.now);
        match self.base(shared) {
            Some(base) => self.with(shared, base, |layer, shared| layer.enter(shared)),
            None => Effects::new(),
        }
    }

    /// The layers in sight ask for their lists again, which nobody asked for; `all` as in
    /// [`Layer::look_again`].
    pub fn look_again(&mut self, shared: &mut Shared, all: bool) -> Effects {
        shared.looked_at = Some(shared.now);
        shared.quietly(|shared| self.with_all_in_sight(shared, |layer, shared| layer.look_again(shared, all)))
    }

    /// Shows a tab; cancels the reads of the previous one.
    pub fn show(&mut self, shared: &mut Shared, tab: Tab) -> Effects {
        if self.current == tab {
            return Effects::new();
        }
        let left = self.current.into();
        let mut effects: Effects = shared.requests.abandon(left).into_iter().map(Effect::Cancel).collect();
        self.current = tab;
        effects.extend(self.enter(shared));
        effects
    }

    /// Gives the top layer control; returns whether it handled the input.
    pub fn with_top(
        &mut self,
        shared: &mut Shared,
        act: impl FnOnce(&mut dyn Layer, &mut Shared) -> Outcome,
    ) -> Option<Effects> {
        let id = self.top(shared)?;
        let outcome = self.turn(shared, id, act)?;
        outcome.taken.then(|| self.settle(shared, id, outcome))
    }

    /// Calls one layer; does nothing if it was closed.
    pub fn with(
        &mut self,
        shared: &mut Shared,
        id: LayerId,
        act: impl FnOnce(&mut dyn Layer, &mut Shared) -> Outcome,
    ) -> Effects {
        match self.turn(shared, id, act) {
            Some(outcome) => self.settle(shared, id, outcome),
            None => Effects::new(),
        }
    }

    /// Has a layer end a request early; `None` if that has no result.
    pub fn end_early(&mut self, shared: &mut Shared, owner: LayerId, id: RequestId) -> Option<Effects> {
        let outcome = self.turn(shared, owner, |layer, shared| layer.end_early(shared, id))?;
        outcome.taken.then(|| self.settle(shared, owner, outcome))
    }

    /// Gives every layer in sight its turn, the lowest first.
    pub fn with_all_in_sight(
        &mut self,
        shared: &mut Shared,
        act: impl Fn(&mut dyn Layer, &mut Shared) -> Outcome,
    ) -> Effects {
        let base = self.base(shared);
        let ids: Vec<_> = base.into_iter().chain(self.above.iter().map(|slot| slot.id)).collect();
        ids.into_iter().flat_map(|id| self.with(shared, id, &act)).collect()
    }

    /// The command that a layer wants to be run next, once.
    pub fn take_chosen(&mut self) -> Option<Command> {
        self.chosen.take()
    }

    fn turn(
        &mut self,
        shared: &mut Shared,
        id: LayerId,
        act: impl FnOnce(&mut dyn Layer, &mut Shared) -> Outcome,
    ) -> Option<Outcome> {
        shared.turn_of(id);
        self.layer_mut(id).map(|layer| act(layer, shared))
    }

    /// Carries out the outcome of `from`: changes the stack, passes on its decision, and sends its
    /// events, and those that follow from them, to all layers.
    pub fn settle(&mut self, shared: &mut Shared, from: LayerId, outcome: Outcome) -> Effects {
        let mut effects = Effects::new();
        let mut events = VecDeque::new();
        self.take(shared, from, outcome, &mut effects, &mut events);
        for _ in 0..MOST_EVENTS {
            let Some(event) = events.pop_front() else { break };
            if let Event::Show(destination) = &event {
                effects.extend(self.show(shared, destination.tab()));
            }
            for id in self.hearers() {
                if let Some(outcome) = self.turn(shared, id, |layer, shared| layer.event(shared, &event)) {
                    self.take(shared, id, outcome, &mut effects, &mut events);
                }
            }
        }
        debug_assert!(events.is_empty(), "the layers go on answering each other: {events:?}");
        let reading =
            self.above.last().is_some_and(|top| top.layer.contexts(shared).contains(&KeyContext::Notices));
        shared.notices.set_reading(reading);
        effects
    }

    fn hearers(&self) -> Vec<LayerId> {
        let tabs = Tab::VARIANTS.iter().copied().map(LayerId::from);
        tabs.chain(self.above.iter().map(|slot| slot.id)).collect()
    }

    fn take(
        &mut self,
        shared: &mut Shared,
        from: LayerId,
        outcome: Outcome,
        effects: &mut Effects,
        events: &mut VecDeque<Event>,
    ) {
        effects.extend(outcome.effects);
        events.extend(outcome.events);
        self.chosen = self.chosen.or(outcome.run);
        let opener = self.opener(from);
        let entered = match outcome.change {
            None => None,
            Some(Change::Push(layer)) => Some(self.push(from, layer)),
            Some(Change::Replace(layer)) => {
                let at = self.above.iter().position(|slot| slot.id == from);
                effects.extend(self.remove(shared, from));
                let id = self.push(opener, layer);
                // It takes the position of the one that it replaces, below the layers above that.
                if let (Some(at), Some(slot)) = (at, self.above.pop()) {
                    self.above.insert(at.min(self.above.len()), slot);
                }
                Some(id)
            }
            Some(Change::Pop) => {
                effects.extend(self.remove(shared, from));
                None
            }
        };
        if let Some(outcome) = entered.and_then(|id| {
            let outcome = self.turn(shared, id, |layer, shared| layer.enter(shared))?;
            Some((id, outcome))
        }) {
            self.take(shared, outcome.0, outcome.1, effects, events);
        }
        if let Some(decision) = outcome.decision {
            self.decide(shared, opener, decision, effects, events);
        }
    }

    /// A question of `asker` was answered with yes.
    fn decide(
        &mut self,
        shared: &mut Shared,
        asker: LayerId,
        decision: Decision,
        effects: &mut Effects,
        events: &mut VecDeque<Event>,
    ) {
        if decision == Decision::Quit {
            return effects.push(Effect::Quit);
        }
        if let Some(outcome) = self.turn(shared, asker, |layer, shared| layer.decided(shared, decision)) {
            self.take(shared, asker, outcome, effects, events);
        }
    }

    fn opener(&self, id: LayerId) -> LayerId {
        self.above.iter().find(|slot| slot.id == id).map_or(LayerId::Session, |slot| slot.opener)
    }

    fn push(&mut self, opener: LayerId, layer: Box<dyn Layer>) -> LayerId {
        self.last_id += 1;
        let id = LayerId::Above(self.last_id);
        self.above.push(Slot { id, opener, layer });
        id
    }

    /// Closes a layer and cancels its reads. Its other answers, and those of the layers that it
    /// opened, go to the layer that opened it.
    fn remove(&mut self, shared: &mut Shared, id: LayerId) -> Effects {
        let opener = self.opener(id);
        self.above.retain(|slot| slot.id != id);
        for slot in self.above.iter_mut().filter(|slot| slot.opener == id) {
            slot.opener = opener;
        }
        shared.requests.inherit(id, opener).into_iter().map(Effect::Cancel).collect()
    }

    /// Pushes a layer that no other layer asked for: help, the palette.
    pub fn open(&mut self, shared: &mut Shared, layer: impl Layer + 'static) -> Effects {
        let opener = self.top(shared).unwrap_or_default();
        self.settle(shared, opener, Outcome::push(layer))
    }

    /// Takes the top layer away.
    pub fn close_top(&mut self, shared: &mut Shared) -> Option<Effects> {
        let id = self.above.last()?.id;
        Some(self.settle(shared, id, Outcome::pop()))
    }
}
