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

use crossterm::event::{
    self, Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers, MouseButton, MouseEventKind,
};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::{Errno, ioctl_fionread};
use rustix::process::Signal as Number;
use tokio::sync::mpsc::{Receiver, Sender, UnboundedSender, channel};

use super::terminal;
use crate::tui::msg::{Mouse, Msg};

/// How long the program may take to end by itself after its terminal went away.
const LAST_WORDS: Duration = Duration::from_millis(700);
/// With no time at all crossterm does not even look.
const AT_ONCE: Duration = Duration::from_millis(1);
/// Keys that may wait for the loop; further ones wait in the terminal.
pub const WAITING: usize = 512;
/// A paste ends when nothing has come for this long: its end may be lost …
const PAUSE: Timespec = Timespec { tv_sec: 1, tv_nsec: 0 };
/// … and one that is larger, in bytes, comes in several parts.
const PASTE: u64 = 1 << 20;
/// What ends a paste, and what begins the next part.
const END: &[u8] = b"\x1b[201~";
const END_AND_BEGIN: &[u8] = b"\x1b[201~\x1b[200~";
/// Bytes that begin a paste.
const OPENING: u64 = 6;

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
    let mut reader = Reader { send, woken, orders, standing, unfinished: Unfinished::default() };
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
    unfinished: Unfinished,
}

/// What has come and made no event so far: a paste whose end is awaited, or nothing.
#[derive(Debug, Default)]
struct Unfinished {
    /// About so many bytes.
    bytes: u64,
    /// More may have come than was counted: what comes after the count is read with what was counted.
    uncounted: bool,
}

impl Unfinished {
    /// So many bytes were counted, and so many events were read.
    fn read(&mut self, bytes: u64, events: u64) {
        // After an event only what came with it can be unfinished.
        let before = if events > 0 { 0 } else { self.bytes };
        self.bytes = (before + bytes).saturating_sub(events);
        self.uncounted |= events > 0;
    }

    /// How long more is waited for.
    fn patience(&self) -> Option<Timespec> {
        (self.uncounted || self.bytes >= OPENING).then_some(PAUSE)
    }
}

/// What the reader waited for.
enum Arrived {
    /// About so many bytes.
    Keys(u64),
    /// The terminal is to be left alone.
    Call,
    /// Nothing, for as long as the end of a paste may be awaited.
    Nothing,
}

impl Reader {
    /// Ends where nobody takes the keys any more.
    fn run(&mut self) -> io::Result<()> {
        let mut bytes = 0;
        loop {
            // What crossterm has read already is no reason for the terminal to be readable.
            let mut events = 0;
            while event::poll(AT_ONCE)? {
                events += 1;
                if !self.pass_on(event::read()?) {
                    return Ok(());
                }
            }
            self.unfinished.read(bytes, events);
            if self.unfinished.bytes > PASTE && !self.end_paste(END_AND_BEGIN)? {
                return Ok(());
            }
            bytes = match self.wait()? {
                Arrived::Keys(bytes) => bytes,
                Arrived::Nothing if self.end_paste(END)? => 0,
                Arrived::Call if self.stand_by()? => 0,
                Arrived::Nothing | Arrived::Call => return Ok(()),
            };
        }
    }

    /// `false` where nobody takes it.
    fn pass_on(&self, event: Event) -> bool {
        message(event).is_none_or(|message| self.send.blocking_send(message).is_ok())
    }

    /// Has crossterm read `bytes` instead of the terminal, and passes on what was pasted until then. It
    /// waits for the end of a paste as long as it takes, and there is no other way to tell it. Where
    /// nothing is being pasted, they mean nothing.
    fn end_paste(&mut self, bytes: &[u8]) -> io::Result<bool> {
        self.unfinished = Unfinished::default();
        let mut pasted = Vec::new();
        terminal::instead(bytes, || {
            while event::poll(AT_ONCE)? {
                if let paste @ Event::Paste(_) = event::read()? {
                    pasted.push(paste);
                }
            }
            Ok(())
        })?;
        Ok(pasted.into_iter().all(|paste| self.pass_on(paste)))
    }

    /// Leaves the terminal alone until that is over; `false` where nobody asked.
    fn stand_by(&mut self) -> io::Result<bool> {
        self.woken.read_exact(&mut [0])?;
        let Ok(until) = self.orders.recv() else { return Ok(false) };
        if self.standing.send(()).is_err() {
            return Ok(false);
        }
        // An error is the other end's end: it is over.
        let _ = until.recv();
        Ok(true)
    }

    fn wait(&self) -> io::Result<Arrived> {
        let stdin = io::stdin();
        let patience = self.unfinished.patience();
        let mut watched = [PollFd::new(&stdin, PollFlags::IN), PollFd::new(&self.woken, PollFlags::IN)];
        match poll(&mut watched, patience.as_ref()) {
            Err(Errno::INTR) => Ok(Arrived::Keys(0)),
            Err(error) => Err(error.into()),
            Ok(0) => Ok(Arrived::Nothing),
            Ok(_) if !watched[1].revents().is_empty() => Ok(Arrived::Call),
            Ok(_) => Ok(Arrived::Keys(ioctl_fionread(&stdin)?)),
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
        Event::Mouse(mouse) => match mouse.kind {
            MouseEventKind::ScrollUp => Some(Msg::Mouse(Mouse::Up)),
            MouseEventKind::ScrollDown => Some(Msg::Mouse(Mouse::Down)),
            MouseEventKind::Down(MouseButton::Left) => {
                Some(Msg::Mouse(Mouse::Click(mouse.column, mouse.row)))
            }
            _ => None,
        },
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_paste_is_awaited_that_came_with_a_key_and_was_not_counted() {
        let mut unfinished = Unfinished::default();
        assert!(unfinished.patience().is_none(), "nothing wakes a program that nobody uses");
        // A Tab was counted, and a paste had come when it was read.
        unfinished.read(1, 1);
        assert_eq!(unfinished.patience(), Some(PAUSE));
        unfinished = Unfinished::default();
        unfinished.read(OPENING - 1, 0);
        assert!(unfinished.patience().is_none(), "the beginning of a key");
        unfinished.read(1, 0);
        assert_eq!((unfinished.bytes, unfinished.patience()), (OPENING, Some(PAUSE)));
    }
}
