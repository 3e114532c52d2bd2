//! The terminal's modes: set once, and restored however the program ends.
//!
//! [`LEAVE`] undoes everything that [`Guard::enter`] sets. The guard's `Drop`, the panic hook and the
//! suspension share it. Undoing twice is harmless.

use std::io::{self, IsTerminal, Stdout, Write};
use std::os::fd::AsFd as _;
use std::sync::atomic::{AtomicBool, Ordering};

use crossterm::terminal::{disable_raw_mode, enable_raw_mode};
use nix::unistd::Pid;
use ratatui::Terminal;
use ratatui::layout::Size;
use rustix::event::{PollFd, PollFlags};
use rustix::termios::{OptionalActions, SpecialCodeIndex, tcgetattr, tcsetattr};

use super::backend::TermBackend;

/// Alternate screen, bracketed paste, reports of the focus, cursor hidden.
const ENTER: &[u8] = b"\x1b[?1049h\x1b[?2004h\x1b[?1004h\x1b[?25l";
/// The same undone; first of all the end of a frame that may have been cut short, and the pen.
const LEAVE: &[u8] = b"\x1b[?2026l\x1b[m\x1b[?1006l\x1b[?1000l\x1b[?1004l\x1b[?2004l\x1b[?25h\x1b[?1049l";

/// Clicks and the wheel, in coordinates of any size; leaving undoes it.
const MOUSE_ON: &[u8] = b"\x1b[?1000h\x1b[?1006h";
const MOUSE_OFF: &[u8] = b"\x1b[?1006l\x1b[?1000l";

/// Whether the terminal hands over the mouse.
static MOUSE: AtomicBool = AtomicBool::new(false);

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

    /// Suspends to the shell until `fg`: restores the terminal, stops, and sets the modes again.
    ///
    /// The whole process group stops, as it would have from Ctrl-Z without raw mode: a script that
    /// runs this program must stop too, or the shell goes on waiting for it.
    pub fn suspend(&self) -> io::Result<()> {
        switch_off();
        rustix::process::kill_current_process_group(rustix::process::Signal::STOP)?;
        switch_on()
    }

    /// Gives the terminal to another program while `work` runs.
    pub fn lend<T>(&self, work: impl FnOnce() -> T) -> io::Result<T> {
        switch_off();
        let done = work();
        switch_on()?;
        Ok(done)
    }

    /// Sets all modes again after another process stopped and continued this one. The shell has
    /// changed the modes since, and crossterm, which does not know this, would set none. In the
    /// background this stops the process until `fg`, like every change of modes.
    pub fn again(&self) -> io::Result<()> {
        let mut modes = tcgetattr(io::stdin())?;
        modes.make_raw();
        tcsetattr(io::stdin(), OptionalActions::Now, &modes)?;
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

/// Whether `error` means that the terminal went away.
pub fn is_gone(error: &io::Error) -> bool {
    error.raw_os_error() == Some(rustix::io::Errno::IO.raw_os_error())
}

/// Columns and rows, from the kernel.
pub fn size() -> io::Result<Size> {
    let size = rustix::termios::tcgetwinsize(io::stdout())?;
    Ok(Size::new(size.ws_col, size.ws_row))
}

fn switch_on() -> io::Result<()> {
    enable_raw_mode()?;
    read_at_once()?;
    ACTIVE.store(true, Ordering::SeqCst);
    let mut out = io::stdout().lock();
    out.write_all(ENTER)?;
    if MOUSE.load(Ordering::SeqCst) {
        out.write_all(MOUSE_ON)?;
    }
    out.flush()
}

/// Takes the mouse from the terminal, or gives it back.
pub fn take_mouse(on: bool) -> io::Result<()> {
    MOUSE.store(on, Ordering::SeqCst);
    let mut out = io::stdout().lock();
    out.write_all(if on { MOUSE_ON } else { MOUSE_OFF })?;
    out.flush()
}

fn switch_off() {
    if ACTIVE.swap(false, Ordering::SeqCst) {
        // If the terminal went away, there is nothing left to do.
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

/// Whether a shell with job control is behind the process, which could continue it.
///
/// There is none if the process is a session leader (`ssh -t host keybench`), if the shell runs
/// commands in its own process group (`sh -c "keybench; echo"`, containers), or if the parent process
/// has ended.
pub fn could_be_continued() -> bool {
    use nix::unistd::{getpgrp, getppid, getsid};
    let parent = getppid();
    let parents = (parent != NOT_HERE).then(|| getsid(Some(parent)).ok()).flatten();
    getsid(None).is_ok_and(|session| shell_behind(session, getpgrp(), parents))
}

/// The ID that the kernel reports for any process outside this PID namespace: the parent under
/// `kubectl exec`, the leaders of session and group under `unshare`. It identifies no process, and
/// two of them need not be the same process.
const NOT_HERE: Pid = Pid::from_raw(0);

/// Whether a process of `group` in `session` has a parent in its session that is no part of its job.
fn shell_behind(session: Pid, group: Pid, parents_session: Option<Pid>) -> bool {
    session != NOT_HERE && session != group && parents_session == Some(session)
}

/// Blocks until the terminal goes away. `poll` always reports a hang-up and an error, and is asked
/// for nothing else, so it never wakes up early. If SIGHUP does not arrive this is the only sign, and
/// reading from a terminal that went away spins.
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

/// Has the reader of standard input within `read` find `bytes` there, and then the end, instead of the
/// terminal.
pub fn instead(bytes: &[u8], read: impl FnOnce() -> io::Result<()>) -> io::Result<()> {
    let terminal = io::stdin().as_fd().try_clone_to_owned()?;
    let (from, mut to) = io::pipe()?;
    to.write_all(bytes)?;
    drop(to);
    rustix::stdio::dup2_stdin(&from)?;
    let done = read();
    rustix::stdio::dup2_stdin(&terminal)?;
    done
}

/// A read finds nothing where nothing was typed, instead of waiting: crossterm reads on until then, and
/// would wait for the rest of a sequence that never comes.
fn read_at_once() -> io::Result<()> {
    let mut modes = tcgetattr(io::stdin())?;
    modes.special_codes[SpecialCodeIndex::VMIN] = 0;
    Ok(tcsetattr(io::stdin(), OptionalActions::Now, &modes)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_shell_in_the_same_session_can_continue_a_job() {
        let [shell, job, other] = [10, 20, 30].map(Pid::from_raw);
        assert!(shell_behind(shell, job, Some(shell)));
        assert!(!shell_behind(job, job, Some(shell)), "a session leader");
        assert!(!shell_behind(shell, job, Some(other)), "a parent in another session");
        assert!(!shell_behind(shell, job, None), "no parent");
    }

    /// In a container the leaders may be outside, and the kernel reports 0 for them.
    #[test]
    fn leaders_outside_the_namespace_are_nobody() {
        let job = Pid::from_raw(20);
        assert!(!shell_behind(NOT_HERE, job, Some(NOT_HERE)));
        assert!(!shell_behind(NOT_HERE, NOT_HERE, Some(NOT_HERE)));
        assert!(!shell_behind(job, job, Some(NOT_HERE)));
    }
}
