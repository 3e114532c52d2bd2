//! Input from the terminal: keys, pasted text, and its end.
//!
//! crossterm reads with `poll(2)` (its feature `use-dev-tty`): as long as something is unread, the
//! terminal is readable. By default it is notified once about new input, and forgets this if the
//! signal of a new size arrives at the same time. The key then waits for the next one, and if the
//! terminal's buffer is full, there is no next one. Sizes come from [`super::signals`], because
//! crossterm looks for them only between keys.

use std::io;
use std::os::unix::net::UnixStream;
use std::time::Duration;

use crossterm::event::{self, Event, KeyEventKind};
use rustix::process::Signal as Number;
use tokio::sync::mpsc::{Receiver, UnboundedSender, channel};

use super::terminal;
use crate::tui::msg::Msg;

/// How long the program may take to end by itself after its terminal went away.
const LAST_WORDS: Duration = Duration::from_millis(700);
/// Keys that may wait for the loop; further ones wait in the terminal.
pub const WAITING: usize = 512;

/// Allocates what reading needs from the system, so that an error is reported before the terminal is
/// changed.
pub fn prepare() -> io::Result<()> {
    // crossterm needs a pair of sockets, and hides why it has none.
    event::poll(Duration::ZERO).map(|_| ()).map_err(|error| UnixStream::pair().err().unwrap_or(error))
}

/// A thread that waits for keys. It ends with the process: nothing but a key could wake it.
pub fn read(failed: UnboundedSender<Msg>) -> io::Result<Receiver<Msg>> {
    let (send, receive) = channel(WAITING);
    std::thread::Builder::new().name("keybench-keys".into()).spawn(move || {
        loop {
            let Ok(event) = event::read() else {
                let _ = failed.send(Msg::Terminate);
                return;
            };
            if message(event).is_some_and(|message| send.blocking_send(message).is_err()) {
                return;
            }
        }
    })?;
    Ok(receive)
}

fn message(event: Event) -> Option<Msg> {
    match event {
        Event::Key(key) if key.kind != KeyEventKind::Release => Some(Msg::Key(key)),
        Event::Paste(text) => Some(Msg::Paste(text)),
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
