//! The real binary in a pseudo-terminal: keys in, what a terminal makes of its bytes out.

#![allow(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, ExitStatus, MasterPty, PtySize, native_pty_system};
use rustix::fs::{Mode, OFlags, open};
use rustix::process::{Pid, Signal, kill_process};
use rustix::termios::{LocalModes, tcgetattr};

/// A wait that takes longer than this has failed. Generous, because machines are shared.
const PATIENCE: Duration = Duration::from_secs(60);

/// The folder for temporary files, in the home of the program.
const TEMPORARY: &str = "temporary";

struct Seen {
    screen: vt100::Parser,
    raw: Vec<u8>,
    /// When bytes came, and how many there were in all.
    reads: Vec<(Instant, usize)>,
    closed: bool,
}

impl Seen {
    /// Whether a frame has begun that has not ended: the screen shows parts of two frames then.
    fn is_between_frames(&self) -> bool {
        const MARK: &[u8] = b"\x1b[?2026";
        let last = self.raw.windows(MARK.len() + 1).rev().find(|bytes| bytes.starts_with(MARK));
        last.is_some_and(|mark| mark.ends_with(b"h"))
    }

    /// The screen, as a person sees it.
    fn contents(&self) -> String {
        self.screen.screen().contents()
    }
}

/// A running program and its terminal.
pub struct Terminal {
    seen: Arc<(Mutex<Seen>, Condvar)>,
    master: Box<dyn MasterPty + Send>,
    writer: Box<dyn Write + Send>,
    child: Box<dyn Child + Send + Sync>,
    _home: tempfile::TempDir,
}

fn number(n: u16) -> NonZeroU16 {
    NonZeroU16::new(n).unwrap()
}

impl Terminal {
    /// Starts `keybench` with these arguments at 80×24, with a configuration folder of its own.
    pub fn start(arguments: &[&str]) -> Self {
        Self::start_with(arguments, &[])
    }

    /// The same with more environment variables.
    pub fn start_with(arguments: &[&str], variables: &[(&str, &str)]) -> Self {
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_keybench"));
        command.args(arguments);
        Self::spawn(command, variables)
    }

    /// Starts any command.
    pub fn spawn(mut command: CommandBuilder, variables: &[(&str, &str)]) -> Self {
        let home = tempfile::tempdir().unwrap();
        command.env_clear();
        for (name, value) in [("TERM", "xterm-256color"), ("LC_ALL", "C.UTF-8"), ("PATH", "/usr/bin:/bin")] {
            command.env(name, value);
        }
        command.env("HOME", home.path());
        command.env("KEYBENCH_CONFIG_DIR", home.path().join("config"));
        let temporary = home.path().join(TEMPORARY);
        std::fs::create_dir(&temporary).unwrap();
        command.env("TMPDIR", &temporary);
        variables.iter().for_each(|(name, value)| command.env(name, value));
        command.cwd(home.path());
        let size = PtySize { rows: 24, cols: 80, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).unwrap();
        let child = pair.slave.spawn_command(command).unwrap();
        let screen = vt100::Parser::new(number(24), number(80), 0);
        let seen = Arc::new((
            Mutex::new(Seen { screen, raw: Vec::new(), reads: Vec::new(), closed: false }),
            Condvar::new(),
        ));
        let mut reader = pair.master.try_clone_reader().unwrap();
        let shared = Arc::clone(&seen);
        std::thread::spawn(move || {
            let mut buffer = [0; 8192];
            loop {
                let read = reader.read(&mut buffer).unwrap_or(0);
                let mut seen = shared.0.lock().unwrap();
                seen.raw.extend_from_slice(&buffer[..read]);
                let length = seen.raw.len();
                seen.reads.push((Instant::now(), length));
                seen.screen.process(&buffer[..read]);
                seen.closed = read == 0;
                shared.1.notify_all();
                if read == 0 {
                    return;
                }
            }
        });
        let writer = pair.master.take_writer().unwrap();
        Self { seen, master: pair.master, writer, child, _home: home }
    }

    /// Where files without a path go.
    pub fn home(&self) -> &Path {
        self._home.path()
    }

    /// Types bytes.
    pub fn send(&mut self, bytes: &str) {
        self.writer.write_all(bytes.as_bytes()).unwrap();
        self.writer.flush().unwrap();
    }

    /// Waits until the screen shows `text`, and gives the screen.
    #[track_caller]
    pub fn wait_for(&self, text: &str) -> String {
        self.wait_until(&format!("{text:?} on the screen"), |screen| screen.contains(text))
    }

    /// Types `bytes` now and then until the screen shows `text`.
    #[allow(dead_code, reason = "for what no screen tells")]
    pub fn send_until(&mut self, bytes: &str, text: &str) {
        let deadline = Instant::now() + PATIENCE;
        let (lock, changed) = (Arc::clone(&self.seen), Duration::from_millis(1_500));
        while Instant::now() < deadline {
            self.send(bytes);
            let seen = lock.0.lock().unwrap();
            let is_shown = |seen: &Seen| seen.contents().contains(text);
            let until = lock.1.wait_timeout_while(seen, changed, |seen| !is_shown(seen)).unwrap().0;
            if is_shown(&until) {
                return;
            }
        }
        panic!("{text:?} never came");
    }

    /// Waits until the screen shows one of `texts`, in one line or broken over several of a box.
    #[track_caller]
    pub fn wait_for_any(&self, texts: &[&str]) -> String {
        self.wait_until(&format!("one of {texts:?} on the screen"), |screen| {
            let flowing = screen.replace('│', " ");
            let flowing = flowing.split_whitespace().collect::<Vec<_>>().join(" ");
            texts.iter().any(|text| flowing.contains(text))
        })
    }

    /// Waits until the screen no longer shows `text`.
    #[track_caller]
    pub fn wait_gone(&self, text: &str) -> String {
        self.wait_until(&format!("{text:?} gone"), |screen| !screen.contains(text))
    }

    /// Waits until the bytes so far contain `bytes`.
    #[track_caller]
    pub fn wait_for_bytes(&self, bytes: &str) {
        self.wait(&format!("the bytes {bytes:?}"), |seen| {
            seen.raw.windows(bytes.len()).any(|window| window == bytes.as_bytes())
        });
    }

    #[track_caller]
    fn wait(&self, what: &str, done: impl Fn(&Seen) -> bool) -> String {
        let (lock, changed) = &*self.seen;
        let deadline = Instant::now() + PATIENCE;
        let mut seen: MutexGuard<'_, Seen> = lock.lock().unwrap();
        loop {
            if done(&seen) {
                return seen.contents();
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() || seen.closed {
                let screen = seen.contents();
                drop(seen);
                panic!("waited in vain for {what}; the screen is:\n{screen}");
            }
            seen = changed.wait_timeout(seen, left).unwrap().0;
        }
    }

    /// Waits until the screen is as `wanted`, a whole frame, and gives it.
    #[track_caller]
    pub fn wait_until(&self, what: &str, wanted: impl Fn(&str) -> bool) -> String {
        self.wait(what, |seen| (seen.closed || !seen.is_between_frames()) && wanted(&seen.contents()))
    }

    /// Waits until nothing was written for so long.
    pub fn wait_quiet(&self, time: Duration) {
        let (lock, changed) = &*self.seen;
        let mut seen = lock.lock().unwrap();
        loop {
            let before = seen.raw.len();
            seen = changed.wait_timeout(seen, time).unwrap().0;
            if seen.raw.len() == before {
                return;
            }
        }
    }

    /// What was written after the first `from` bytes, as it came.
    pub fn reads(&self, from: usize) -> Vec<(Instant, Vec<u8>)> {
        let seen = self.seen.0.lock().unwrap();
        let mut begin = from;
        let mut reads = Vec::new();
        for (at, end) in seen.reads.iter().filter(|(_, end)| *end > from) {
            reads.push((*at, seen.raw[begin..*end].to_vec()));
            begin = *end;
        }
        reads
    }

    /// Everything that was written so far.
    pub fn raw(&self) -> String {
        String::from_utf8_lossy(&self.seen.0.lock().unwrap().raw).into_owned()
    }

    fn modes(&self) -> LocalModes {
        let flags = OFlags::RDWR | OFlags::NOCTTY;
        let tty = open(self.master.tty_name().unwrap(), flags, Mode::empty()).unwrap();
        tcgetattr(tty).unwrap().local_modes
    }

    /// Whether the terminal shows what is typed.
    pub fn echoes(&self) -> bool {
        self.modes().contains(LocalModes::ECHO)
    }

    /// Asserts that the interface has the terminal, with all modes that it needs.
    #[track_caller]
    pub fn assert_in_use(&self) {
        self.wait("the modes of the interface", |seen| {
            let screen = seen.screen.screen();
            screen.alternate_screen() && screen.bracketed_paste()
        });
        let cooked = LocalModes::ECHO | LocalModes::ICANON | LocalModes::ISIG;
        assert!(!self.modes().intersects(cooked), "{:?}", self.modes());
    }

    /// Waits for the end, or until `text` was written, and gives all that was.
    pub fn wait_until_ended_or(&self, text: &str) -> String {
        let (lock, changed) = &*self.seen;
        let mut seen = lock.lock().unwrap();
        let deadline = Instant::now() + PATIENCE;
        while !seen.closed && !String::from_utf8_lossy(&seen.raw).contains(text) && Instant::now() < deadline
        {
            seen = changed.wait_timeout(seen, PATIENCE).unwrap().0;
        }
        String::from_utf8_lossy(&seen.raw).into_owned()
    }

    pub fn resize(&self, columns: u16, rows: u16) {
        let size = PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 };
        self.seen.0.lock().unwrap().screen.screen_mut().set_size(number(rows), number(columns));
        self.master.resize(size).unwrap();
    }

    pub fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.child.process_id().unwrap()).unwrap();
        kill_process(Pid::from_raw(pid).unwrap(), signal).unwrap();
    }

    /// Waits for the end; `None` where it does not come within `patience`.
    pub fn ended(&mut self, patience: Duration) -> Option<ExitStatus> {
        let deadline = Instant::now() + patience;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return Some(status);
            }
            if Instant::now() > deadline {
                return None;
            }
            // There is no event to wait for: a child's end is polled by portable-pty as well.
            std::thread::park_timeout(Duration::from_millis(5));
        }
    }

    /// Makes a key from the list of keys: a typed date, the default audience, a comment. Gives the
    /// screen that shows it.
    pub fn new_key(&mut self, comment: &str) -> String {
        self.send("n");
        self.wait_for("Mo Tu We Th Fr Sa Su");
        self.send("+90d");
        self.wait_for("in 90 days");
        self.send("\r");
        self.send("\r");
        self.send(&format!("{comment}\r"));
        self.wait_for("shown only this once")
    }

    /// Waits for the last byte: it may come after the end.
    #[track_caller]
    fn closed(&self) -> MutexGuard<'_, Seen> {
        let (lock, changed) = &*self.seen;
        let waited = changed.wait_timeout_while(lock.lock().unwrap(), PATIENCE, |seen| !seen.closed);
        let (seen, time) = waited.unwrap();
        assert!(!time.timed_out(), "the terminal is still in use");
        seen
    }

    /// All that was written, for a program that has ended.
    #[track_caller]
    pub fn all_raw(&self) -> String {
        String::from_utf8_lossy(&self.closed().raw).into_owned()
    }

    /// Waits for the end and for the last byte, and asserts that the terminal is as it was and no temporary
    /// file is left.
    #[track_caller]
    pub fn assert_restored(&mut self) -> ExitStatus {
        let status = self.ended(PATIENCE).expect("it ends");
        let seen = self.closed();
        let screen = seen.screen.screen();
        assert!(!screen.alternate_screen(), "the alternate screen is still on");
        assert!(!screen.bracketed_paste(), "bracketed paste is still on");
        assert!(!screen.hide_cursor(), "the cursor is still hidden");
        assert_eq!(screen.mouse_protocol_mode(), vt100::MouseProtocolMode::None);
        drop(seen);
        let cooked = LocalModes::ECHO | LocalModes::ICANON | LocalModes::ISIG;
        assert!(self.modes().contains(cooked), "{:?}", self.modes());
        let left: Vec<_> = std::fs::read_dir(self.home().join(TEMPORARY)).unwrap().flatten().collect();
        assert!(left.is_empty(), "temporary files are left: {left:?}");
        status
    }
}

/// Starts `keybench` and reads its terminal until `text` was written; dropping the master then
/// takes the terminal away, as closing its window does.
pub fn unwatched(
    arguments: &[&str],
    temporary: &Path,
    text: &str,
) -> (Box<dyn Child + Send + Sync>, Box<dyn MasterPty + Send>) {
    let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_keybench"));
    command.args(arguments);
    command.env_clear();
    command.env("PATH", "/usr/bin:/bin");
    // Else it begins in HOME, which need not be there.
    command.cwd(env!("CARGO_MANIFEST_DIR"));
    command.env("TERM", "xterm-256color");
    command.env("TMPDIR", temporary);
    let size = PtySize { rows: 24, cols: 80, pixel_width: 0, pixel_height: 0 };
    let pair = native_pty_system().openpty(size).unwrap();
    let child = pair.slave.spawn_command(command).unwrap();
    let mut reader = pair.master.try_clone_reader().unwrap();
    let (mut seen, mut buffer) = (String::new(), [0; 8192]);
    while !seen.contains(text) {
        let read = reader.read(&mut buffer).unwrap();
        assert!(read > 0, "it ended before {text:?}: {seen}");
        seen.push_str(&String::from_utf8_lossy(&buffer[..read]));
    }
    (child, pair.master)
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
