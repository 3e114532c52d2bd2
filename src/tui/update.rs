//! The only thing that changes the state: a message in, effects out, no I/O, no clock, no await.

use std::time::Duration;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use jiff::Timestamp;

use super::ahead::Ahead;
use super::beginning::Beginning;
use super::call::Answer;
use super::command::{Command, Danger, KeyContext};
use super::decision::Decision;
use super::effect::{Effect, Effects};
use super::event::{Destination, Event};
use super::keymap::Chord;
use super::layer::Outcome;
use super::models::History;
use super::msg::{Mouse, Msg};
use super::overlays::question::LOSE;
use super::overlays::{Help, NoticeHistory, Palette, ProfileList, Question, Themes};
use super::preferences::Preferences;
use super::requests::{Kind, LayerId, RequestId};
use super::session::{self, SessionState};
use super::shared::Shared;
use super::stack::Stack;
use super::suspension::Suspension;
use super::tab::Tab;
use super::term::clipboard::Path;
use super::view;
use crate::actions::keys::Own;
use crate::actions::rotation;
use crate::config::setting::Setting;

/// What a run or a check that is ended by quitting leaves.
const SENT: &str = "what was sent was sent, and nothing of it is kept";

/// The whole state of the interface.
#[derive(Debug)]
pub struct Ui {
    pub shared: Shared,
    pub stack: Stack,
    /// A signal or the end of the terminal stopped the program before it could ask about what is left
    /// behind.
    pub terminated: bool,
    /// Keys that wait for a list.
    pub(super) ahead: Ahead,
    suspension: Suspension,
}

impl Ui {
    /// The interface before anything was asked.
    pub fn new(beginning: &Beginning, preferences: Preferences, now: Timestamp) -> Self {
        let session = match beginning {
            Beginning::Session(session) => SessionState {
                handed_over: rotation::handed_over(session),
                ..SessionState::new(session, Own::of(session))
            },
            Beginning::Embedded(wish) => SessionState::opening("demo", &wish.user),
            Beginning::Welcome => SessionState::default(),
        };
        Self {
            shared: Shared::new(session, preferences, now),
            stack: Stack::default(),
            terminated: false,
            ahead: Ahead::default(),
            suspension: Suspension::default(),
        }
    }

    /// Whether something on the screen moves by itself, so that ticks are wanted.
    pub fn animated(&self) -> bool {
        self.shared.requests.awaited().next().is_some() || self.stack.watches(&self.shared)
    }

    /// When something happens by itself next: an attempt to reconnect, a look at a list in sight. One
    /// timer serves them all, and there is none while nothing is due.
    pub fn wakes_at(&self) -> Option<Timestamp> {
        let (shared, stack) = (&self.shared, &self.stack);
        let due = [shared.session.contacts.retry_at(), shared.due(), stack.wakes_at(shared)];
        due.into_iter().flatten().min()
    }

    /// The contexts that have the keys now, innermost first.
    pub fn contexts(&self) -> Vec<KeyContext> {
        self.stack.contexts(&self.shared)
    }

    /// Whether characters are text now.
    pub fn typing(&self) -> bool {
        self.stack.top_layer(&self.shared).is_some_and(|layer| layer.typing(&self.shared))
    }

    /// The command that a key is now; `None` for a text, or what means nothing.
    fn command_of(&self, key: KeyEvent) -> Option<Command> {
        let chord = Chord::of(key).filter(|chord| !(self.typing() && chord.edits_text()));
        chord.and_then(|chord| self.shared.keymap.command(chord, &self.contexts()))
    }

    /// What the layers leave behind at the workbench, if the program ends without asking.
    pub fn left_behind(&self) -> Option<String> {
        let ended = self.shared.requests.ended_by_quitting().map(|request| match request.kind {
            Kind::Calls => format!("It was still {}: {SENT}.", request.what),
            _ => format!("It was still {}: look at the list.", request.what),
        });
        let layers = self.stack.all().filter_map(|layer| layer.left_behind(&self.shared));
        let parts: Vec<String> = layers.chain(ended).collect();
        (!parts.is_empty()).then(|| parts.join(" "))
    }
}

/// The requests after the first frame.
pub fn start(ui: &mut Ui, now: Timestamp, beginning: Beginning) -> Effects {
    let Ui { shared, stack, .. } = ui;
    shared.now = now;
    match beginning {
        Beginning::Welcome => Effects::new(),
        Beginning::Embedded(wish) => vec![session::start_embedded(shared, wish)],
        Beginning::Session(_) => {
            let mut effects = session::begin(shared);
            effects.extend(stack.enter(shared));
            effects
        }
    }
}

/// Takes one message, and then the keys that waited for it.
pub fn update(ui: &mut Ui, now: Timestamp, msg: Msg) -> Effects {
    ui.shared.now = now;
    let mut effects = take(ui, msg);
    if let Some(key) = ui.ahead.first() {
        let command = ui.command_of(key);
        if ui.ahead.is_over(&ui.shared, &ui.stack, command) {
            // One of them may lead to a list that is read only then: those after it wait once more.
            effects.extend(ui.ahead.take().into_iter().flat_map(|key| on_key(ui, key)).collect::<Effects>());
        }
    }
    effects.extend(ui.suspension.due(&ui.shared));
    (ui.shared.notices.typing, ui.shared.notices.covered) =
        (ui.typing(), ui.typing() || ui.stack.is_covered());
    effects
}

fn take(ui: &mut Ui, msg: Msg) -> Effects {
    let Ui { shared, stack, .. } = ui;
    match msg {
        Msg::Key(key) => on_key(ui, key),
        Msg::Paste(text) => {
            stack.with_top(shared, |layer, shared| layer.paste(shared, &text)).unwrap_or_default()
        }
        Msg::Edited(Ok(text)) => {
            stack.with_top(shared, |layer, shared| layer.edited(shared, text)).unwrap_or_default()
        }
        Msg::Edited(Err(problem)) => {
            shared.notices.error(shared.now, problem, Some("the request is as it was".to_owned()));
            Effects::new()
        }
        Msg::Resize(columns, rows) => {
            shared.size = (columns, rows);
            stack.with_all_in_sight(shared, |layer, shared| layer.resized(shared))
        }
        Msg::Tick => {
            shared.ticks = shared.ticks.wrapping_add(1);
            stack.with_all_in_sight(shared, |layer, shared| layer.tick(shared))
        }
        Msg::Wake => {
            let mut effects: Effects = session::reconnect(shared).into_iter().collect();
            effects.extend(stack.with_all_in_sight(shared, |layer, shared| layer.wake(shared)));
            if shared.due().is_some_and(|due| due <= shared.now) {
                effects.extend(stack.look_again(shared, false));
            }
            effects
        }
        Msg::Mouse(mouse) => on_mouse(ui, mouse),
        Msg::Focus(focused) => {
            shared.watch.focused = Some(focused);
            Effects::new()
        }
        Msg::Suspend => ui.suspension.begin(shared, stack),
        Msg::Resumed | Msg::TaskPanicked(_) => Effects::new(),
        Msg::Terminate => {
            ui.terminated = true;
            vec![Effect::Quit]
        }
        Msg::Answer { id, took, answer } => ended(ui, id, took, answer),
        Msg::Tmux(said) => {
            if let Some(Path::Tmux(known)) = &mut shared.preferences.clipboard {
                *known = Some(said);
            }
            Effects::new()
        }
        Msg::Sent { id, sent } => {
            shared.requests.note_sent(id, sent);
            Effects::new()
        }
        Msg::NotKept(error) => {
            session::note_not_kept(shared, &error);
            Effects::new()
        }
        Msg::Clock(clock) => {
            session::note_clock(shared, clock);
            Effects::new()
        }
        Msg::Progress { id, answer } => match shared.requests.owner(id) {
            Some(owner) => answered(ui, owner, id, answer),
            None => Effects::new(),
        },
    }
}

/// A request has ended: its layer gets the answer.
fn ended(ui: &mut Ui, id: RequestId, took: Option<Duration>, answer: Answer) -> Effects {
    let Ui { shared, stack, .. } = ui;
    // The answer to a cancelled request is dropped.
    let Some(request) = shared.requests.finish(id) else { return Effects::new() };
    let about = request.about.as_deref();
    let model = about.and_then(|id| stack.all().find_map(|layer| layer.name_of_model(id)));
    shared.log.push(&request, took, &answer, model);
    let (back, effect) = session::note_contact(shared, &request, took, &answer);
    // What follows from the answer to nobody's wish is nobody's wish either.
    ui.shared.quiet = request.kind == Kind::Quiet;
    ui.shared.notices.of_change = request.kind == Kind::Change;
    let mut effects = answered(ui, request.owner, id, answer);
    ui.shared.quiet = false;
    effects.extend(effect);
    if back {
        effects.extend(is_back(ui));
    }
    effects
}

/// An answer for the layer that asked. One that opens a session is for all of them.
fn answered(ui: &mut Ui, owner: LayerId, id: RequestId, answer: Answer) -> Effects {
    let Ui { shared, stack, .. } = ui;
    match (answer, owner) {
        (Answer::Opened(Ok(opened)), _) => {
            let mut effects = session::open(shared, *opened);
            stack.reset();
            effects.extend(stack.enter(shared));
            effects
        }
        (Answer::Opened(Err(refusal)), LayerId::Session) => {
            session::not_opened(shared, refusal);
            Effects::new()
        }
        (answer, LayerId::Session) => {
            let outcome = session::answer(shared, answer);
            stack.settle(shared, LayerId::Session, outcome)
        }
        (answer, owner) => stack.with(shared, owner, |layer, shared| layer.answer(shared, id, answer)),
    }
}

/// The workbench answers again: what it could not answer is asked anew, and what is in sight.
fn is_back(ui: &mut Ui) -> Effects {
    let Ui { shared, stack, .. } = ui;
    let mut effects = session::is_back(shared);
    effects.extend(stack.look_again(shared, true));
    effects
}

fn on_key(ui: &mut Ui, key: KeyEvent) -> Effects {
    ui.shared.notices.key_pressed();
    ui.shared.watch.key_at = Some(ui.shared.now);
    let command = ui.command_of(key);
    if ui.ahead.takes(&ui.shared, &ui.stack, (key, command)) {
        return Effects::new();
    }
    if let Some(command) = command {
        return run(ui, command);
    }
    let Ui { shared, stack, .. } = ui;
    let effects = stack.with_top(shared, |layer, shared| layer.key(shared, key)).unwrap_or_default();
    run_chosen(ui, effects)
}

/// The wheel moves as the arrows do, three rows at a time; a click selects a row, opens the selected
/// one, shows a tab, presses what the footer names.
fn on_mouse(ui: &mut Ui, mouse: Mouse) -> Effects {
    const ROWS: usize = 3;
    let arrow = |code| KeyEvent::new(code, KeyModifiers::NONE);
    let (x, y) = match mouse {
        Mouse::Up => return (0..ROWS).flat_map(|_| on_key(ui, arrow(KeyCode::Up))).collect(),
        Mouse::Down => return (0..ROWS).flat_map(|_| on_key(ui, arrow(KeyCode::Down))).collect(),
        Mouse::Click(x, y) => (x, y),
    };
    ui.shared.watch.key_at = Some(ui.shared.now);
    ui.ahead.clear();
    if let Some(command) = view::command_at(ui, x, y) {
        return run(ui, command);
    }
    let Ui { shared, stack, .. } = ui;
    let effects = stack.with_top(shared, |layer, shared| layer.click(shared, x, y)).unwrap_or_default();
    run_chosen(ui, effects)
}

/// Runs a command, whether it came from a key or from the palette.
pub fn run(ui: &mut Ui, command: Command) -> Effects {
    if let Some(entry) = ui.shared.entry(command, &ui.contexts())
        && !ui.shared.allows(entry)
    {
        let what = if entry.danger == Danger::Destroys { "destroy" } else { "change" };
        let text = format!("read-only mode: keybench does not {what} anything");
        ui.shared.notices.warning(ui.shared.now, text);
        return Effects::new();
    }
    let Ui { shared, stack, .. } = ui;
    // An error in sight says that Esc dismisses it: not that it leaves a part of the tab, too.
    if command == Command::Back && shared.notices.takes_esc() {
        shared.notices.dismiss();
        return Effects::new();
    }
    if command == Command::Refresh {
        shared.looked_at = Some(shared.now);
    }
    match stack.with_top(shared, |layer, shared| layer.command(shared, command)) {
        Some(effects) => run_chosen(ui, effects),
        None => everywhere(ui, command),
    }
}

/// Runs the command that was chosen in the palette meanwhile.
fn run_chosen(ui: &mut Ui, mut effects: Effects) -> Effects {
    while let Some(command) = ui.stack.take_chosen() {
        effects.extend(run(ui, command));
    }
    effects
}

/// Commands that mean the same on every screen.
fn everywhere(ui: &mut Ui, command: Command) -> Effects {
    let Ui { shared, stack, .. } = ui;
    match command {
        Command::Quit => return quit(ui),
        Command::Repaint => return vec![Effect::Repaint],
        Command::Themes if stack.names().last() != Some(&"themes") => {
            let themes = Themes::new(shared);
            return stack.open(shared, themes);
        }
        Command::Mouse => {
            shared.preferences.mouse = !shared.preferences.mouse;
            let text = match shared.preferences.mouse {
                true => {
                    "mouse on: wheel, rows, tabs and the keys below; with Shift the terminal selects text"
                }
                false => "mouse off",
            };
            shared.notices.info(shared.now, text);
            let saved = shared.save(Setting::Mouse(shared.preferences.mouse));
            return std::iter::once(Effect::Mouse(shared.preferences.mouse)).chain(saved).collect();
        }
        Command::Suspend => return ui.suspension.begin(shared, stack),
        Command::CancelRequest => return cancel_request(ui),
        Command::Help => {
            let help = Help::new(stack.contexts(shared));
            return stack.open(shared, help);
        }
        Command::Notices => return stack.open(shared, NoticeHistory::default()),
        Command::Back => {
            return stack.close_top(shared).unwrap_or_else(|| {
                shared.notices.dismiss();
                Effects::new()
            });
        }
        _ if !shared.session.signed_in => {}
        tab if Tab::of(tab).is_some() && stack.is_covered() => return leave_for(ui, command),
        Command::Palette if stack.is_covered() => {
            let palette = Palette::of_commands(shared, stack.contexts(shared));
            return stack.open(shared, palette);
        }
        _ if stack.modal(shared) => {}
        Command::Profiles => return stack.open(shared, ProfileList::default()),
        Command::History => return stack.open(shared, History::default()),
        Command::Palette => {
            let palette = Palette::new(shared, stack.contexts(shared));
            return stack.open(shared, palette);
        }
        Command::NextPart | Command::PreviousPart => {
            let current = stack.tab(shared).unwrap_or_default();
            let to = if command == Command::NextPart { current.next() } else { current.previous() };
            return stack.show(shared, to);
        }
        other => {
            if let Some(tab) = Tab::of(other) {
                let outcome = Outcome::event(Event::Show(Destination::Tab(tab)));
                return stack.settle(shared, LayerId::Session, outcome);
            }
        }
    }
    Effects::new()
}

/// From a dialog to a tab, step by step as Esc leaves each layer: what was typed is kept or asked about
/// as it is there. A question that comes up stays.
fn leave_for(ui: &mut Ui, command: Command) -> Effects {
    // A step may leave only a part of a layer.
    const STEPS: usize = 16;
    let Ui { shared, stack, .. } = ui;
    let mut effects = Effects::new();
    // What would be lost is answered with a key of the question itself.
    if stack.asks(shared) && stack.covers_unsaved(shared) {
        return effects;
    }
    for _ in 0..STEPS {
        if !stack.is_covered() {
            effects.extend(run(ui, command));
            break;
        }
        let left = stack.with_top(shared, |layer, shared| layer.command(shared, Command::Back));
        effects.extend(left.or_else(|| stack.close_top(shared)).unwrap_or_default());
        if stack.asks(shared) {
            break;
        }
    }
    effects
}

fn quit(ui: &mut Ui) -> Effects {
    let Ui { shared, stack, .. } = ui;
    let mut lost: Vec<String> = stack.all().filter_map(|layer| layer.unsaved(shared)).collect();
    for request in shared.requests.ended_by_quitting() {
        lost.push(format!("still {}", request.what));
        lost.push(match request.kind {
            Kind::Calls => format!("Quitting ends that: {SENT}."),
            _ => "Quitting cancels that; it may have been done anyway.".to_owned(),
        });
    }
    if lost.is_empty() {
        return vec![Effect::Quit];
    }
    let question = Question::new("Leave keybench?", lost, "Leave", Decision::Quit).or("Stay");
    let loses_key = stack.all().any(|layer| layer.loses_key());
    let question = if loses_key { question.typing_name(LOSE) } else { question };
    stack.open(shared, question)
}

fn cancel_request(ui: &mut Ui) -> Effects {
    let Ui { shared, stack, .. } = ui;
    let Some(request) = shared.requests.awaited().next().cloned() else { return Effects::new() };
    if let Some(effects) = stack.end_early(shared, request.owner, request.id) {
        return effects;
    }
    shared.notices.info(shared.now, format!("cancelled: {}", request.what));
    let mut effects: Effects = shared.cancel(request.id).into_iter().collect();
    effects.extend(stack.with(shared, request.owner, |layer, shared| layer.cancelled(shared, request.id)));
    effects
}
