//! Input from the terminal: keys, pasted text, and its end.
//!
//! crossterm reads with `poll(2)` (its feature `use-dev-tty`): as long as something is unread, the
//! terminal is readable. By default it is notified once about new input, and forgets this if the
//! signal of a new size arrives at the same time. The key then waits for the next one, and if the
//! terminal's buffer is full, there is no next one. Sizes come from [`super::signals`], because
//! crossterm looks for them only between keys.

use std::io::{self, Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::sync::mpsc;
use std::time::Duration;

use crossterm::event::{self, Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use rustix::process::Signal as Number;
use tokio::sync::mpsc::{Receiver, Sender, UnboundedSender, channel};

use super::terminal;
use crate::tui::msg::Msg;

/// How long the program may take to end by itself after its terminal went away.
const LAST_WORDS: Duration = Duration::from_millis(700);
/// With no time at all crossterm does not even look.
const AT_ONCE: Duration = Duration::from_millis(1);
/// Keys that may wait for the loop; further ones wait in the terminal.
pub const WAITING: usize = 512;

/// Allocates what reading needs from the system, so that an error is reported before the terminal is
/// changed.
pub fn prepare() -> io::Result<()> {
    // crossterm needs a pair of sockets, and hides why it has none.
    event::poll(Duration::ZERO).map(|_| ()).map_err(|error| UnixStream::pair().err().unwrap_or(error))
}

/// Keys as they come.
pub struct Keys {
    pub arriving: Receiver<Msg>,
    /// The other end is watched by the thread that reads.
    wake: UnixStream,
    stand_by: mpsc::Sender<mpsc::Receiver<()>>,
    stands_by: mpsc::Receiver<()>,
}

impl Keys {
    /// Reads nothing of the terminal while `work` runs: another program does.
    pub fn leave_alone<T>(&mut self, work: impl FnOnce() -> T) -> io::Result<T> {
        let (_on, until) = mpsc::channel();
        let gone = || io::Error::other("nothing reads the terminal any more");
        self.stand_by.send(until).map_err(|_| gone())?;
        self.wake.write_all(&[0])?;
        self.stands_by.recv().map_err(|_| gone())?;
        // Dropping the sender lets the thread go on, whatever becomes of the work.
        Ok(work())
    }
}

/// A thread that waits for keys. It ends with the process.
pub fn read(failed: UnboundedSender<Msg>) -> io::Result<Keys> {
    let (send, arriving) = channel(WAITING);
    let (wake, woken) = UnixStream::pair()?;
    let (stand_by, orders) = mpsc::channel();
    let (standing, stands_by) = mpsc::channel();
    let mut reader = Reader { send, woken, orders, standing };
    std::thread::Builder::new().name("keybench-keys".into()).spawn(move || {
        if reader.run().is_err() {
            let _ = failed.send(Msg::Terminate);
        }
    })?;
    Ok(Keys { arriving, wake, stand_by, stands_by })
}

struct Reader {
    send: Sender<Msg>,
    woken: UnixStream,
    orders: mpsc::Receiver<mpsc::Receiver<()>>,
    standing: mpsc::Sender<()>,
}

impl Reader {
    /// Ends where nobody takes the keys any more.
    fn run(&mut self) -> io::Result<()> {
        loop {
            // What crossterm has read already is no reason for the terminal to be readable.
            while event::poll(AT_ONCE)? {
                if message(event::read()?).is_some_and(|message| self.send.blocking_send(message).is_err()) {
                    return Ok(());
                }
            }
            if self.is_called()? {
                self.woken.read_exact(&mut [0])?;
                let Ok(until) = self.orders.recv() else { return Ok(()) };
                if self.standing.send(()).is_err() {
                    return Ok(());
                }
                // An error is the other end's end: it is over.
                let _ = until.recv();
            }
        }
    }

    /// Waits for a key, or until the terminal is to be left alone.
    fn is_called(&self) -> io::Result<bool> {
        let stdin = io::stdin();
        let mut watched = [PollFd::new(&stdin, PollFlags::IN), PollFd::new(&self.woken, PollFlags::IN)];
        match poll(&mut watched, None) {
            Err(Errno::INTR) => Ok(false),
            Err(error) => Err(error.into()),
            Ok(_) => Ok(!watched[1].revents().is_empty()),
        }
    }
}

fn message(event: Event) -> Option<Msg> {
    match event {
        // Enter that was pressed before the terminal was in raw mode has become a line feed.
        Event::Key(key) if key.code == KeyCode::Char('j') && key.modifiers == KeyModifiers::CONTROL => {
            Some(Msg::Key(KeyEvent::new(KeyCode::Enter, KeyModifiers::NONE)))
        }
        Event::Key(key) if key.kind != KeyEventKind::Release => Some(Msg::Key(key)),
        Event::Paste(text) => Some(Msg::Paste(text)),
        Event::FocusGained => Some(Msg::Focus(true)),
        Event::FocusLost => Some(Msg::Focus(false)),
        _ => None,
    }
}

/// A thread that ends the program when its terminal goes away.
pub fn watch_for_hang_up(tell: UnboundedSender<Msg>) -> io::Result<()> {
    std::thread::Builder::new().name("keybench-hang-up".into()).spawn(move || {
        terminal::wait_for_hang_up();
        if tell.send(Msg::Terminate).is_ok() {
            std::thread::sleep(LAST_WORDS);
            // The loop may be stuck in a write that no terminal reads any more.
            std::process::exit(128 + Number::HUP.as_raw());
        }
    })?;
    Ok(())
}
