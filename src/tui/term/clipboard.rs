//! Copying through the terminal (OSC 52), so that it works over SSH and inside tmux.
//!
//! A program cannot know whether the terminal took the text, so nothing here says "copied". Whether tmux
//! holds it back can be asked.

use std::io;
use std::process::Stdio;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use tokio::io::AsyncWriteExt as _;
use tokio::time::timeout;

/// Terminals drop longer sequences, xterm from about 74 kB of base64 on.
const LIMIT: usize = 55_000;

/// Which multiplexer runs between the program and the terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Path {
    #[default]
    Direct,
    /// tmux takes a plain sequence into its own buffer and hands it on when `set-clipboard` is on;
    /// a pass-through needs `allow-passthrough`. Both are sent: tmux drops what is not allowed. With
    /// its default, `external`, neither may be, and its own command is called instead.
    Tmux(Option<Tmux>),
    /// GNU screen forwards the contents of a device control string.
    Screen,
}

/// What lets tmux hand on what programs copy.
pub const SETTING: &str = "tmux set -s set-clipboard on";

/// The name of tmux's buffer for the moment that it is there.
const BUFFER: &str = "keybench";
/// The longest wait for tmux.
const PATIENCE: Duration = Duration::from_secs(2);

/// How text gets through the tmux that this runs in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tmux {
    /// It hands on what programs write.
    HandsOn,
    /// It takes nothing from programs, and hands on what its own command loads.
    ByBuffer,
    HoldsBack,
}

impl Tmux {
    /// Asks tmux; `None` if it does not say.
    pub async fn ask() -> Option<Self> {
        let mut tmux = tmux(["display-message", "-p", "#{set-clipboard}/#{allow-passthrough}/"]);
        let output = timeout(PATIENCE, tmux.stdin(Stdio::null()).output()).await.ok()?.ok()?;
        Self::of(str::from_utf8(&output.stdout).ok()?)
    }

    /// From `external/0/`.
    fn of(settings: &str) -> Option<Self> {
        let (clipboard, rest) = settings.split_once('/')?;
        let (passes, _) = rest.split_once('/')?;
        Some(match (clipboard, passes) {
            ("on", _) => Self::HandsOn,
            // Before tmux 3.3 there was no such option, and everything was passed through.
            (_, passes) if !matches!(passes, "0" | "off") => Self::HandsOn,
            ("external", _) => Self::ByBuffer,
            _ => Self::HoldsBack,
        })
    }
}

/// Has tmux put `text` on the clipboard of its terminal. Its buffer is removed at once: it may be a key.
pub async fn load_into_tmux(text: &[u8]) -> io::Result<()> {
    let mut child = tmux(["load-buffer", "-w", "-b", BUFFER, "-"]).stdin(Stdio::piped()).spawn()?;
    if let Some(mut input) = child.stdin.take() {
        input.write_all(text).await?;
    }
    let loaded = timeout(PATIENCE, child.wait()).await;
    timeout(PATIENCE, tmux(["delete-buffer", "-b", BUFFER]).stdin(Stdio::null()).status()).await??;
    loaded?.map(drop)
}

fn tmux<const N: usize>(arguments: [&str; N]) -> tokio::process::Command {
    let mut tmux = tokio::process::Command::new("tmux");
    tmux.args(arguments).stdout(Stdio::piped()).stderr(Stdio::null()).kill_on_drop(true);
    tmux
}

impl Path {
    /// tmux, before it was asked.
    pub const TMUX: Self = Self::Tmux(None);

    /// From the environment variables `TMUX` and `STY`.
    pub fn from_env(tmux: bool, screen: bool) -> Self {
        match (tmux, screen) {
            (true, _) => Self::TMUX,
            (false, true) => Self::Screen,
            _ => Self::Direct,
        }
    }
}

/// The bytes that ask a terminal to put `text` on its clipboard; `None` if it is too long for
/// terminals.
pub fn sequence(text: &str, path: Path) -> Option<Vec<u8>> {
    if text.len() > LIMIT {
        return None;
    }
    let plain = format!("\x1b]52;c;{}\x07", STANDARD.encode(text));
    Some(
        match path {
            Path::Direct => plain,
            Path::Tmux(_) => format!("{plain}\x1bPtmux;{}\x1b\\", plain.replace('\x1b', "\x1b\x1b")),
            // GNU screen takes at most 768 bytes in one string.
            Path::Screen => {
                let parts: Vec<&str> =
                    plain.as_bytes().chunks(512).filter_map(|part| str::from_utf8(part).ok()).collect();
                parts.iter().map(|part| format!("\x1bP{part}\x1b\\")).collect()
            }
        }
        .into_bytes(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_path_has_its_wrapping() {
        let text = |path| String::from_utf8(sequence("key", path).unwrap()).unwrap();
        assert_eq!(text(Path::Direct), "\x1b]52;c;a2V5\x07");
        assert_eq!(text(Path::TMUX), "\x1b]52;c;a2V5\x07\x1bPtmux;\x1b\x1b]52;c;a2V5\x07\x1b\\");
        assert_eq!(text(Path::Screen), "\x1bP\x1b]52;c;a2V5\x07\x1b\\");
        assert!(sequence(&"x".repeat(LIMIT + 1), Path::Direct).is_none());
    }

    #[test]
    fn tmux_lets_text_through_as_it_is_set() {
        assert_eq!(Tmux::of("external/0/\n"), Some(Tmux::ByBuffer), "its defaults");
        assert_eq!(Tmux::of("off/off/\n"), Some(Tmux::HoldsBack));
        assert_eq!(Tmux::of("on/0/\n"), Some(Tmux::HandsOn));
        assert_eq!(Tmux::of("external/1/\n"), Some(Tmux::HandsOn));
        assert_eq!(Tmux::of("external/all/\n"), Some(Tmux::HandsOn));
        assert_eq!(Tmux::of("external//\n"), Some(Tmux::HandsOn), "tmux 3.2");
        assert_eq!(Tmux::of(""), None);
    }
}
