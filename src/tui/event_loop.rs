//! The loop: one place that waits, for signals, answers, keys, and a tick while something goes on.
//!
//! The queue is drained before anything is drawn, so fifty keys in one read make one frame, and a
//! frame is drawn only when something changed. Nothing wakes the loop while nothing happens.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use crossterm::event::{self, Event, KeyEventKind};
use jiff::Timestamp;
use rustix::process::Signal as Number;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, error::TryRecvError, unbounded_channel};
use tokio::time::{Instant, sleep_until};

use super::beginning::Beginning;
#[cfg(debug_assertions)]
use super::call::Call;
use super::effect::{Effect, Effects};
use super::msg::Msg;
#[cfg(debug_assertions)]
use super::requests::{Kind, LayerId};
use super::runner::Runner;
use super::term::clipboard;
use super::term::pace::Pace;
use super::term::terminal::{self, Guard, Screen};
use super::update::{self, Ui};
use super::view;

/// How often something that goes on is drawn again.
const TICK: Duration = Duration::from_millis(250);
/// How long the program may take to end by itself after its terminal went away.
const LAST_WORDS: Duration = Duration::from_millis(700);
/// Keys taken from the terminal before a frame is drawn.
const BATCH: usize = 512;
/// SIGTSTP, which tokio has no name for.
const SIGTSTP: i32 = Number::TSTP.as_raw();

/// Why the loop ended other than by a wish of the person's.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("the terminal cannot be used: {0}")]
    Terminal(#[from] io::Error),
    #[error("a task failed: {0}; this is a bug in keybench")]
    Panicked(String),
}

/// Runs the interface until it is left.
pub async fn run(ui: &mut Ui, beginning: Beginning) -> Result<(), Error> {
    let guard = Guard::enter()?;
    let mut screen = terminal::screen()?;
    let mut signals = Signals::new()?;
    // The first frame comes before the first request.
    screen.draw(|frame| view::view(ui, frame))?;

    let (answers, mut inbox) = unbounded_channel();
    let session = match &beginning {
        Beginning::Session(session) => Some(Arc::new((**session).clone())),
        Beginning::Embedded(_) | Beginning::Welcome => None,
    };
    let mut runner = Runner::new(session, answers.clone());
    let mut keys = read_keys(answers.clone());
    watch_for_hang_up(answers);
    let mut ended = Ended::No;
    let first = update::start(ui, Timestamp::now(), beginning);
    ended.or(carry_out(ui, first, &mut runner, &guard, &mut screen)?);
    #[cfg(debug_assertions)]
    panic_where_asked(ui, &mut runner);
    let mut next_tick = None;
    let mut pace = Pace::new(Instant::now());
    let mut stale = Stale::ByItself;
    loop {
        let mut next_frame = None;
        if matches!(ended, Ended::No) && stale != Stale::No {
            let now = Instant::now();
            if stale == Stale::ByAPerson {
                pace.begin_again(now);
            }
            match pace.take(now) {
                Ok(()) => {
                    screen.draw(|frame| view::view(ui, frame))?;
                    stale = Stale::No;
                }
                Err(turn) => next_frame = Some(turn),
            }
        }
        if let Ended::Yes(result) = ended {
            runner.cancel_all();
            drop(guard);
            runner.shutdown().await;
            return result;
        }
        next_tick = if ui.animated() { next_tick.or(Some(Instant::now() + TICK)) } else { None };
        let message = tokio::select! {
            biased;
            signal = signals.next() => match signal {
                Caught::Terminate => Some(Msg::Terminate),
                Caught::Stop => {
                    let effects = vec![Effect::Suspend];
                    ended.or(carry_out(ui, effects, &mut runner, &guard, &mut screen)?);
                    None
                }
                Caught::Continue => {
                    guard.again()?;
                    repaint(&mut screen)?;
                    stale = Stale::ByAPerson;
                    Some(Msg::Resumed)
                }
            },
            Some(message) = inbox.recv() => Some(message),
            Some(batch) = keys.recv() => {
                for event in batch {
                    let Some(message) = from_terminal(event) else { continue };
                    stale = Stale::ByAPerson;
                    ended.or(deliver(ui, message, &mut runner, &guard, &mut screen)?);
                }
                None
            }
            () = sleep_until(next_frame.unwrap_or_else(Instant::now)), if next_frame.is_some() => None,
            () = sleep_until(next_tick.unwrap_or_else(Instant::now)), if next_tick.is_some() => {
                next_tick = None;
                Some(Msg::Tick)
            }
        };
        if let Some(message) = message {
            stale.by_itself();
            ended.or(deliver(ui, message, &mut runner, &guard, &mut screen)?);
        }
        // What is there already is part of the same frame.
        while matches!(ended, Ended::No) {
            let message = match inbox.try_recv() {
                Ok(message) => message,
                Err(TryRecvError::Empty | TryRecvError::Disconnected) => break,
            };
            stale.by_itself();
            ended.or(deliver(ui, message, &mut runner, &guard, &mut screen)?);
        }
    }
}

/// Panics where `KEYBENCH_PANIC` says, to prove that the terminal survives it. Debug builds only.
#[cfg(debug_assertions)]
#[expect(clippy::panic, reason = "the panic is the purpose")]
fn panic_where_asked(ui: &mut Ui, runner: &mut Runner) {
    match std::env::var("KEYBENCH_PANIC").as_deref() {
        Ok("loop") => panic!("asked for by KEYBENCH_PANIC"),
        Ok("task") => {
            let id =
                ui.shared.requests.start(LayerId::Session, Kind::Read, "panicking".into(), ui.shared.now);
            runner.start(id, Call::Panic);
        }
        _ => {}
    }
}

/// Whether the state has changed since the last frame, and who waits for the next.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stale {
    No,
    ByItself,
    /// After a key or a change of the window: drawn at once.
    ByAPerson,
}

impl Stale {
    fn by_itself(&mut self) {
        if *self == Self::No {
            *self = Self::ByItself;
        }
    }
}

/// Whether, and how, the loop is over.
enum Ended {
    No,
    Yes(Result<(), Error>),
}

impl Ended {
    fn or(&mut self, other: Self) {
        if matches!(self, Self::No) {
            *self = other;
        }
    }
}

fn deliver(
    ui: &mut Ui,
    message: Msg,
    runner: &mut Runner,
    guard: &Guard,
    screen: &mut Screen,
) -> Result<Ended, Error> {
    match message {
        Msg::TaskPanicked(what) => Ok(Ended::Yes(Err(Error::Panicked(what)))),
        message => {
            let effects = update::update(ui, Timestamp::now(), message);
            carry_out(ui, effects, runner, guard, screen)
        }
    }
}

fn carry_out(
    ui: &mut Ui,
    effects: Effects,
    runner: &mut Runner,
    guard: &Guard,
    screen: &mut Screen,
) -> Result<Ended, Error> {
    let mut ended = Ended::No;
    for effect in effects {
        match effect {
            Effect::Start { id, call } => runner.start(id, call),
            Effect::Cancel(id) => runner.cancel(id),
            Effect::Host(embedded) => runner.host(*embedded),
            Effect::UseSession(session) => runner.use_session(Arc::from(session)),
            Effect::Copy(copied) => {
                let path = ui.shared.preferences.clipboard;
                if let Some(bytes) = path.and_then(|path| clipboard::sequence(copied.expose(), path)) {
                    screen.backend_mut().send(&bytes)?;
                }
            }
            Effect::Repaint => repaint(screen)?,
            Effect::Suspend if !terminal::could_be_continued() => {
                let text = "there is no shell behind this program that could continue it";
                ui.shared.notices.warning(Timestamp::now(), text);
            }
            Effect::Suspend => {
                guard.suspend()?;
                repaint(screen)?;
            }
            Effect::Quit => ended.or(Ended::Yes(Ok(()))),
        }
    }
    Ok(ended)
}

fn repaint(screen: &mut Screen) -> io::Result<()> {
    screen.backend_mut().forget();
    screen.clear()
}

fn from_terminal(event: Event) -> Option<Msg> {
    match event {
        Event::Key(key) if key.kind != KeyEventKind::Release => Some(Msg::Key(key)),
        Event::Paste(text) => Some(Msg::Paste(text)),
        Event::Resize(columns, rows) => Some(Msg::Resize(columns, rows)),
        _ => None,
    }
}

/// A thread that waits for keys and hands over all that arrived together. It ends with the
/// process: nothing but a key could wake it.
fn read_keys(failed: UnboundedSender<Msg>) -> UnboundedReceiver<Vec<Event>> {
    let (send, receive) = unbounded_channel();
    std::thread::spawn(move || {
        loop {
            let mut batch = match event::read() {
                Ok(event) => vec![event],
                Err(_) => {
                    let _ = failed.send(Msg::Terminate);
                    return;
                }
            };
            while batch.len() < BATCH && event::poll(Duration::ZERO).unwrap_or(false) {
                match event::read() {
                    Ok(event) => batch.push(event),
                    Err(_) => break,
                }
            }
            if send.send(batch).is_err() {
                return;
            }
        }
    });
    receive
}

/// A thread that ends the program when its terminal goes away.
fn watch_for_hang_up(tell: UnboundedSender<Msg>) {
    std::thread::spawn(move || {
        terminal::wait_for_hang_up();
        if tell.send(Msg::Terminate).is_ok() {
            std::thread::sleep(LAST_WORDS);
            // The loop may be stuck in a write that nobody reads any more.
            std::process::exit(128 + Number::HUP.as_raw());
        }
    });
}

/// The signals that mean something here.
struct Signals {
    term: Signal,
    hang_up: Signal,
    interrupt: Signal,
    stop: Signal,
    proceed: Signal,
}

enum Caught {
    Terminate,
    Stop,
    Continue,
}

impl Signals {
    fn new() -> io::Result<Self> {
        Ok(Self {
            term: signal(SignalKind::terminate())?,
            hang_up: signal(SignalKind::hangup())?,
            interrupt: signal(SignalKind::interrupt())?,
            stop: signal(SignalKind::from_raw(SIGTSTP))?,
            proceed: signal(SignalKind::from_raw(Number::CONT.as_raw()))?,
        })
    }

    async fn next(&mut self) -> Caught {
        tokio::select! {
            _ = self.term.recv() => Caught::Terminate,
            _ = self.hang_up.recv() => Caught::Terminate,
            _ = self.interrupt.recv() => Caught::Terminate,
            _ = self.stop.recv() => Caught::Stop,
            _ = self.proceed.recv() => Caught::Continue,
        }
    }
}
