//! The terminal: switched on once, switched off whatever the end.
//!
//! Everything that [`Guard::enter`] switches on stands in [`LEAVE`]'s undoing, which the guard's
//! `Drop`, the panic hook and the suspension share. Undoing twice is harmless.

use std::io::{self, IsTerminal, Stdout, Write};
use std::sync::atomic::{AtomicBool, Ordering};

use crossterm::terminal::{disable_raw_mode, enable_raw_mode};
use ratatui::Terminal;
use ratatui::layout::Size;
use rustix::event::{PollFd, PollFlags};

use super::backend::TermBackend;

/// Alternate screen, bracketed paste, cursor hidden.
const ENTER: &[u8] = b"\x1b[?1049h\x1b[?2004h\x1b[?25l";
/// The same undone; first of all the end of a frame that may have been cut short, and the pen.
const LEAVE: &[u8] = b"\x1b[?2026l\x1b[m\x1b[?2004l\x1b[?25h\x1b[?1049l";

/// Whether the modes are on now; the panic hook asks.
static ACTIVE: AtomicBool = AtomicBool::new(false);

/// What ratatui draws on.
pub type Screen = Terminal<TermBackend<Stdout>>;

/// Keeps the terminal's modes on while it lives.
pub struct Guard(());

impl Guard {
    /// Switches everything on. Fails where standard input or output is no terminal.
    pub fn enter() -> io::Result<Self> {
        if !io::stdin().is_terminal() || !io::stdout().is_terminal() {
            return Err(io::Error::other("standard input and output must be a terminal"));
        }
        install_panic_hook();
        switch_on()?;
        Ok(Self(()))
    }

    /// Back to the shell until `fg`: off, stop, and on again when the process continues.
    pub fn suspend(&self) -> io::Result<()> {
        switch_off();
        signal_hook::low_level::emulate_default_handler(signal_hook::consts::SIGTSTP)?;
        switch_on()
    }

    /// Switches everything on again after somebody else stopped and continued the process.
    pub fn again(&self) -> io::Result<()> {
        switch_on()
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        switch_off();
    }
}

/// A ratatui terminal over the real one.
pub fn screen() -> io::Result<Screen> {
    Terminal::new(TermBackend::new(io::stdout(), size))
}

/// Whether `error` says that there is no terminal any more.
pub fn is_gone(error: &io::Error) -> bool {
    error.raw_os_error() == Some(rustix::io::Errno::IO.raw_os_error())
}

/// Columns and rows, from the kernel.
fn size() -> io::Result<Size> {
    let size = rustix::termios::tcgetwinsize(io::stdout())?;
    Ok(Size::new(size.ws_col, size.ws_row))
}

fn switch_on() -> io::Result<()> {
    enable_raw_mode()?;
    ACTIVE.store(true, Ordering::SeqCst);
    let mut out = io::stdout().lock();
    out.write_all(ENTER)?;
    out.flush()
}

fn switch_off() {
    if ACTIVE.swap(false, Ordering::SeqCst) {
        // Nothing can be done about a terminal that is gone.
        let mut out = io::stdout();
        let _ = out.write_all(LEAVE).and_then(|()| out.flush());
        let _ = disable_raw_mode();
    }
}

/// Gives the terminal back before a panic is printed.
fn install_panic_hook() {
    static INSTALLED: AtomicBool = AtomicBool::new(false);
    if INSTALLED.swap(true, Ordering::SeqCst) {
        return;
    }
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        switch_off();
        before(info);
    }));
}

/// Whether a shell with job control stands behind the process, which could continue it.
///
/// There is none behind a session leader (`ssh -t host keybench`), nor behind a command of a shell
/// that runs commands in its own process group (`sh -c "keybench; echo"`, containers), nor where
/// whoever started the process is gone.
pub fn could_be_continued() -> bool {
    use rustix::process::{getpgrp, getppid, getsid};
    let session = getsid(None).ok();
    let parents = getppid().and_then(|parent| getsid(Some(parent)).ok());
    session.is_some() && session != Some(getpgrp()) && session == parents
}

/// Blocks until the terminal has gone away, without waking up before: a hang-up and an error are
/// reported whether asked for or not, and nothing else is asked for. Where SIGHUP does not arrive,
/// this is the only sign, and reading from a gone terminal spins.
pub fn wait_for_hang_up() {
    let stdin = io::stdin();
    loop {
        let mut watched = [PollFd::new(&stdin, PollFlags::empty())];
        match rustix::event::poll(&mut watched, None) {
            Err(rustix::io::Errno::INTR) => {}
            _ => return,
        }
    }
}
