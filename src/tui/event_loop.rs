//! The loop: the only code that waits, for signals, answers, keys, and a tick while something is in
//! progress.
//!
//! Everything that has arrived is handled before a frame is drawn, so fifty keys in one read make one
//! frame. A frame is drawn only after a change. Nothing wakes the loop while nothing happens.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::time::{Instant, sleep_until};

use super::beginning::Beginning;
#[cfg(debug_assertions)]
use super::call::Call;
use super::effect::{Effect, Effects};
use super::msg::Msg;
#[cfg(debug_assertions)]
use super::requests::{Kind, LayerId};
use super::runner::Runner;
use super::term::clipboard::{self, Tmux};
use super::term::editor;
use super::term::frame_rate::FrameRate;
use super::term::input::{self, Keys};
use super::term::signals::{Caught, Signals};
use super::term::terminal::{self, Guard, Screen};
use super::update::{self, Ui};
use super::view;
use crate::limits;

/// How often something that goes on is drawn again.
const TICK: Duration = Duration::from_millis(250);

/// Why the loop ended, if not because the user quit.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("the terminal cannot be used: {}", limits::used_up(.0).unwrap_or_else(|| .0.to_string()))]
    Terminal(#[from] io::Error),
    #[error("the interface cannot start: {}", limits::no_thread(.0))]
    NoThread(io::Error),
    #[error("a task failed: {0}; this is a bug in keybench")]
    Panicked(String),
}

/// Runs the interface until it is left.
pub async fn run(ui: &mut Ui, beginning: Beginning) -> Result<(), Error> {
    // Signals first: whenever one comes, the modes that were set until then are undone.
    let signals = Signals::listen()?;
    input::prepare()?;
    let (answers, inbox) = unbounded_channel();
    let session = match &beginning {
        Beginning::Session(session) => Some(Arc::new((**session).clone())),
        Beginning::Embedded(_) | Beginning::Welcome => None,
    };
    let guard = Guard::enter()?;
    ui.shared.size = terminal::size()?.into();
    let mut event_loop = Loop {
        screen: terminal::screen()?,
        runner: Runner::new(session, answers.clone()),
        ui,
        guard,
        stale: Stale::ByItself,
        to_edit: None,
        ended: None,
    };
    // The first frame comes before the first request.
    event_loop.draw()?;
    let keys = input::read(answers.clone()).map_err(Error::NoThread)?;
    input::watch_for_hang_up(answers).map_err(Error::NoThread)?;
    if event_loop.ui.shared.preferences.mouse {
        terminal::take_mouse(true)?;
    }
    event_loop.turn(beginning, Sources { signals, inbox, keys }).await
}

/// Where messages come from.
struct Sources {
    signals: Signals,
    inbox: UnboundedReceiver<Msg>,
    keys: Keys,
}

/// Something that the loop waited for.
enum Happened {
    Signal(Caught),
    /// An answer, or the end.
    Message(Msg),
    Key(Msg),
    /// It is time for the next frame.
    Frame,
    Tick,
    /// The time that something in the state waits for.
    Wake,
}

impl Sources {
    async fn next(
        &mut self,
        frame: Option<Instant>,
        tick: Option<Instant>,
        wake: Option<Instant>,
    ) -> Happened {
        tokio::select! {
            biased;
            signal = self.signals.next() => Happened::Signal(signal),
            Some(message) = self.inbox.recv() => Happened::Message(message),
            Some(key) = self.keys.arriving.recv() => Happened::Key(key),
            () = sleep_until(frame.unwrap_or_else(Instant::now)), if frame.is_some() => Happened::Frame,
            () = sleep_until(tick.unwrap_or_else(Instant::now)), if tick.is_some() => Happened::Tick,
            () = sleep_until(wake.unwrap_or_else(Instant::now)), if wake.is_some() => Happened::Wake,
        }
    }
}

/// The state, and what its effects act on.
struct Loop<'a> {
    ui: &'a mut Ui,
    runner: Runner,
    guard: Guard,
    screen: Screen,
    stale: Stale,
    /// A text that is to be opened in the user's editor.
    to_edit: Option<String>,
    /// Set once the loop is over.
    ended: Option<Result<(), Error>>,
}

impl Loop<'_> {
    fn begin(&mut self, beginning: Beginning) -> Result<(), Error> {
        let effects = update::start(self.ui, Timestamp::now(), beginning);
        self.carry_out(effects)?;
        self.ask_tmux();
        #[cfg(debug_assertions)]
        panic_where_asked(self.ui, &mut self.runner);
        Ok(())
    }

    /// Goes on until the end, and tidies up however that comes.
    async fn turn(mut self, beginning: Beginning, mut sources: Sources) -> Result<(), Error> {
        let ended = match self.begin(beginning) {
            Ok(()) => self.go_on(&mut sources).await,
            Err(error) => Err(error),
        };
        self.runner.cancel_all();
        drop(self.guard);
        self.runner.shutdown().await;
        ended
    }

    async fn go_on(&mut self, sources: &mut Sources) -> Result<(), Error> {
        let mut next_tick = None;
        let mut frame_rate = FrameRate::new(Instant::now());
        loop {
            if let Some(result) = self.ended.take() {
                return result;
            }
            let next_frame = self.draw_in_turn(&mut frame_rate)?;
            next_tick = if self.ui.animated() { next_tick.or(Some(Instant::now() + TICK)) } else { None };
            match sources.next(next_frame, next_tick, wake(self.ui)).await {
                Happened::Signal(signal) => self.hear(signal)?,
                Happened::Message(message) => self.take(message, Stale::ByItself)?,
                Happened::Key(message) => self.take(message, Stale::ByAPerson)?,
                Happened::Frame => {}
                Happened::Tick => {
                    next_tick = None;
                    self.take(Msg::Tick, Stale::ByItself)?;
                }
                Happened::Wake => self.take(Msg::Wake, Stale::ByItself)?,
            }
            self.take_what_is_there(sources)?;
            if let Some(text) = self.to_edit.take() {
                self.edit(&text, sources)?;
            }
        }
    }

    /// Draws what has changed, or gives the time at which it may be drawn.
    fn draw_in_turn(&mut self, frame_rate: &mut FrameRate) -> Result<Option<Instant>, Error> {
        let now = Instant::now();
        match self.stale {
            Stale::No => return Ok(None),
            Stale::ByItself => {}
            Stale::ByAPerson => frame_rate.begin_again(now),
        }
        match frame_rate.take(now) {
            Ok(()) => self.draw().map(|()| None),
            Err(turn) => Ok(Some(turn)),
        }
    }

    fn draw(&mut self) -> Result<(), Error> {
        self.screen.draw(|frame| view::view(self.ui, frame))?;
        self.stale = Stale::No;
        Ok(())
    }

    fn hear(&mut self, signal: Caught) -> Result<(), Error> {
        match signal {
            Caught::Terminate => self.take(Msg::Terminate, Stale::ByItself),
            Caught::Stop => self.take(Msg::Suspend, Stale::ByItself),
            Caught::Resize => self.fit(),
            Caught::Continue => {
                self.guard.again()?;
                self.come_back()
            }
        }
    }

    /// After a stop: the terminal may be in any state, and its size may have changed.
    fn come_back(&mut self) -> Result<(), Error> {
        repaint(&mut self.screen)?;
        self.take(Msg::Resumed, Stale::ByAPerson)?;
        self.fit()
    }

    /// Takes the size of the window over.
    fn fit(&mut self) -> Result<(), Error> {
        let size = terminal::size()?;
        self.take(Msg::Resize(size.width, size.height), Stale::ByAPerson)
    }

    /// Input that has already arrived becomes part of the same frame.
    fn take_what_is_there(&mut self, sources: &mut Sources) -> Result<(), Error> {
        for _ in 0..input::WAITING {
            let (message, stale) = match sources.inbox.try_recv() {
                Ok(message) => (message, Stale::ByItself),
                Err(_) => match sources.keys.arriving.try_recv() {
                    Ok(key) => (key, Stale::ByAPerson),
                    Err(_) => return Ok(()),
                },
            };
            self.take(message, stale)?;
        }
        Ok(())
    }

    /// Takes one message, unless the loop is over.
    fn take(&mut self, message: Msg, stale: Stale) -> Result<(), Error> {
        if self.ended.is_some() {
            return Ok(());
        }
        self.stale = self.stale.max(stale);
        match message {
            Msg::TaskPanicked(what) => {
                self.ended = Some(Err(Error::Panicked(what)));
                Ok(())
            }
            message => {
                let effects = update::update(self.ui, Timestamp::now(), message);
                self.carry_out(effects)
            }
        }
    }

    fn ask_tmux(&self) {
        if matches!(self.ui.shared.preferences.clipboard, Some(clipboard::Path::Tmux(_))) {
            self.runner.ask_tmux();
        }
    }

    fn carry_out(&mut self, effects: Effects) -> Result<(), Error> {
        for effect in effects {
            match effect {
                Effect::Start { id, call } => self.runner.start(id, call),
                Effect::Cancel(id) => self.runner.cancel(id),
                Effect::Host(embedded) => self.runner.host(*embedded),
                Effect::UseSession(session) => self.runner.use_session(Arc::from(session)),
                Effect::NameUser(username) => self.runner.name_user(username),
                Effect::Copy(copied) => {
                    let path = self.ui.shared.preferences.clipboard;
                    if path == Some(clipboard::Path::Tmux(Some(Tmux::ByBuffer))) {
                        self.runner.copy_by_tmux(copied.expose());
                    } else if let Some(bytes) =
                        path.and_then(|path| clipboard::sequence(copied.expose(), path))
                    {
                        self.screen.backend_mut().send(&bytes)?;
                    }
                    // Once more: it may be set now.
                    self.ask_tmux();
                }
                Effect::Mouse(on) => terminal::take_mouse(on)?,
                Effect::Notify(text) => {
                    let bytes = self.ui.shared.preferences.notify.bytes(text);
                    self.screen.backend_mut().send(&bytes)?;
                }
                Effect::Edit(text) => self.to_edit = Some(text),
                Effect::Repaint => repaint(&mut self.screen)?,
                Effect::Suspend => self.suspend()?,
                Effect::Quit => self.ended = self.ended.take().or(Some(Ok(()))),
            }
        }
        Ok(())
    }

    /// The user's editor gets the terminal, and the loop goes on once it has ended.
    fn edit(&mut self, text: &str, sources: &mut Sources) -> Result<(), Error> {
        let guard = &self.guard;
        // Other tasks, the workbench in this process among them, go on meanwhile.
        let work = || tokio::task::block_in_place(|| editor::edit(text));
        let edited = sources.keys.leave_alone(|| guard.lend(work))??;
        sources.signals.forget_stops();
        self.come_back()?;
        self.take(Msg::Edited(edited), Stale::ByAPerson)
    }

    fn suspend(&mut self) -> Result<(), Error> {
        if terminal::could_be_continued() {
            self.guard.suspend()?;
            return self.come_back();
        }
        let text = "there is no shell behind this program that could continue it";
        self.ui.shared.notices.warning(Timestamp::now(), text);
        self.stale = Stale::ByAPerson;
        Ok(())
    }
}

/// When something in the state is due, by the clock of the loop. Never at once, so that a mistake
/// cannot keep the loop busy.
fn wake(ui: &Ui) -> Option<Instant> {
    const SOONEST: Duration = Duration::from_millis(200);
    let due = ui.wakes_at()?.duration_since(Timestamp::now());
    Some(Instant::now() + Duration::try_from(due).unwrap_or_default().max(SOONEST))
}

fn repaint(screen: &mut Screen) -> io::Result<()> {
    screen.backend_mut().forget();
    screen.clear()
}

/// Whether the state has changed since the last frame, and who waits for the next.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Stale {
    No,
    ByItself,
    /// After a key or a change of the window: drawn at once.
    ByAPerson,
}

/// Panics at the point named by `KEYBENCH_PANIC`, to prove that the terminal survives it. Debug
/// builds only.
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
