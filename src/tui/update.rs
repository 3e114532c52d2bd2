//! The only thing that changes the state: a message in, effects out, no I/O, no clock, no await.

use crossterm::event::KeyEvent;
use jiff::Timestamp;

use super::Beginning;
use super::app::{App, Tab};
use super::command::{Command, Context, Danger};
use super::effect::{Effect, Effects};
use super::keymap::Chord;
use super::msg::{Msg, Reply};
use super::overlays::{self, Confirm, Confirmed, Overlay};
use super::requests::RequestId;
use super::{screens, session};

/// What is asked once the first frame is on the screen.
pub fn start(app: &mut App, now: Timestamp, beginning: Beginning) -> Effects {
    app.now = now;
    match beginning {
        Beginning::Welcome => return Effects::new(),
        Beginning::Embedded(wish) => return session::start_embedded(app, wish),
        Beginning::Session(_) => {}
    }
    let mut effects = session::begin(app);
    effects.extend(screens::enter(app));
    effects
}

/// Takes one message.
pub fn update(app: &mut App, now: Timestamp, msg: Msg) -> Effects {
    app.now = now;
    match msg {
        Msg::Key(key) => on_key(app, key),
        Msg::Paste(text) => paste(app, &text),
        Msg::Resize(columns, rows) => {
            app.size = (columns, rows);
            screens::resized(app)
        }
        Msg::Tick => {
            app.ticks = app.ticks.wrapping_add(1);
            screens::tick(app)
        }
        Msg::Resumed | Msg::TaskPanicked(_) => Effects::new(),
        Msg::Terminate => {
            app.terminated = true;
            vec![Effect::Quit]
        }
        Msg::Reply { id, took, reply } => {
            // Nobody waits for the answer of a request that was given up.
            if app.requests.finish(id).is_none() {
                return Effects::new();
            }
            session::note_connection(app, took, &reply);
            match reply {
                Reply::Session(reply) => session::reply(app, reply),
                reply => answered(app, id, reply),
            }
        }
        Msg::Progress { id, reply } if app.requests.waits_for(id) => answered(app, id, reply),
        Msg::Progress { .. } => Effects::new(),
    }
}

/// An answer for a screen, which a palette over it may draw on too.
fn answered(app: &mut App, id: RequestId, reply: Reply) -> Effects {
    let effects = screens::reply(app, id, reply);
    overlays::names_came(app);
    effects
}

/// The contexts that have the keys now, innermost first.
pub fn contexts(app: &App) -> Vec<Context> {
    let mut contexts = overlays::contexts(app).unwrap_or_else(|| screens::contexts(app));
    contexts.push(Context::Global);
    contexts
}

/// Whether characters are text now.
pub fn typing(app: &App) -> bool {
    if app.overlays.is_empty() { screens::typing(app) } else { overlays::typing(app) }
}

/// Whether something has to be answered or closed before anything else of the interface.
pub fn modal(app: &App) -> bool {
    !app.overlays.is_empty() || screens::modal(app)
}

/// What a command does now, in a word or two, where its own says too little; an empty word where it
/// does nothing now.
pub fn word(app: &App, command: Command) -> Option<String> {
    if !app.overlays.is_empty() {
        return overlays::word(app, command);
    }
    let word = match command {
        Command::Submit => screens::submit_word(app),
        other => screens::word(app, other),
    };
    word.map(str::to_owned)
}

fn on_key(app: &mut App, key: KeyEvent) -> Effects {
    app.notices.key_pressed();
    let chord = Chord::of(key);
    if !(typing(app) && chord.is_none_or(Chord::edits_text))
        && let Some(command) = chord.and_then(|chord| app.keymap.command(chord, &contexts(app)))
    {
        return run(app, command);
    }
    if app.overlays.is_empty() { screens::key(app, key) } else { overlays::key(app, key) }
}

fn paste(app: &mut App, text: &str) -> Effects {
    if app.overlays.is_empty() {
        return screens::paste(app, text);
    }
    overlays::paste(app, text);
    Effects::new()
}

/// Does what a command says, whether it came from a key or from the palette.
pub fn run(app: &mut App, command: Command) -> Effects {
    if let Some(entry) = app.entry(command, &contexts(app))
        && !app.allows(entry)
    {
        let what = if entry.danger == Danger::Destroys { "destroy" } else { "change" };
        app.notices.warning(app.now, format!("read-only mode: nothing here may {what} anything"));
        return Effects::new();
    }
    if !app.overlays.is_empty() {
        return overlays::command(app, command).unwrap_or_else(|| everywhere(app, command));
    }
    screens::command(app, command).unwrap_or_else(|| everywhere(app, command))
}

/// Commands that mean the same on every screen.
fn everywhere(app: &mut App, command: Command) -> Effects {
    match command {
        Command::Quit => return quit(app),
        Command::Repaint => return vec![Effect::Repaint],
        Command::Suspend => return vec![Effect::Suspend],
        Command::CancelRequest => return cancel_request(app),
        Command::Help => app.overlays.push(Overlay::Help(0)),
        Command::Notices => app.overlays.push(Overlay::Notices(0)),
        Command::Back => {
            app.notices.dismiss();
        }
        _ if modal(app) || !app.session.signed_in => {}
        Command::Profiles => return overlays::show_profiles(app),
        Command::Palette => return overlays::show_palette(app),
        Command::TabSettings => return show(app, Tab::Settings),
        Command::TabModels => return show(app, Tab::Models),
        Command::TabAdmin => return show(app, Tab::Admin),
        Command::NextPart => return show(app, app.tab.step(1)),
        Command::PreviousPart => return show(app, app.tab.step(2)),
        _ => {}
    }
    Effects::new()
}

/// Shows a tab; what the one before was reading is given up.
pub fn show(app: &mut App, tab: Tab) -> Effects {
    if app.tab == tab {
        return Effects::new();
    }
    let mut effects = app.abandon(app.tab.scope());
    app.tab = tab;
    effects.extend(screens::enter(app));
    effects
}

fn quit(app: &mut App) -> Effects {
    let unsaved = screens::unsaved(app);
    let changing = app.requests.changing().map(|request| format!("still {}", request.what));
    let waited =
        changing.is_some().then(|| "Leaving gives that up; it may have been done all the same.".into());
    let lost: Vec<String> = unsaved.into_iter().chain(changing).chain(waited).collect();
    if lost.is_empty() {
        return vec![Effect::Quit];
    }
    Confirm::new("Leave keybench?", lost, "Leave", Confirmed::Quit).or("Stay").ask(app)
}

fn cancel_request(app: &mut App) -> Effects {
    let Some((id, what)) = app.requests.running().first().map(|request| (request.id, request.what.clone()))
    else {
        return Effects::new();
    };
    app.notices.info(app.now, format!("gave up {what}"));
    let mut effects: Effects = app.cancel(id).into_iter().collect();
    effects.extend(screens::cancelled(app, id));
    effects
}
