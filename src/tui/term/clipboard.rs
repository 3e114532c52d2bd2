//! Copying through the terminal (OSC 52), so that it works over SSH and inside tmux.
//!
//! A program cannot know whether the terminal took the text, so nothing here says "copied". Whether tmux
//! holds it back can be asked.

use std::process::Stdio;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// Terminals drop longer sequences, xterm from about 74 kB of base64 on.
const LIMIT: usize = 55_000;

/// Which multiplexer runs between the program and the terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Path {
    #[default]
    Direct,
    /// tmux takes a plain sequence into its own buffer and hands it on when `set-clipboard` is on
    /// (its default `external` refuses programs); a pass-through needs `allow-passthrough`. Both
    /// are sent: whichever is allowed arrives, and the other is dropped.
    Tmux {
        /// What [`tmux_hands_on`] says.
        hands_on: Option<bool>,
    },
    /// GNU screen forwards the contents of a device control string.
    Screen,
}

/// What lets tmux hand on what programs copy.
pub const SETTING: &str = "tmux set -s set-clipboard on";

/// The longest wait for tmux.
const PATIENCE: Duration = Duration::from_secs(2);

/// Whether the tmux that this runs in hands on what is copied; `None` if it does not say.
pub async fn tmux_hands_on() -> Option<bool> {
    let mut tmux = tokio::process::Command::new("tmux");
    tmux.args(["display-message", "-p", "#{set-clipboard}/#{allow-passthrough}/"]);
    tmux.stdin(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
    let output = tokio::time::timeout(PATIENCE, tmux.output()).await.ok()?.ok()?;
    handed_on(str::from_utf8(&output.stdout).ok()?)
}

/// From `external/0/`.
fn handed_on(settings: &str) -> Option<bool> {
    let (clipboard, rest) = settings.split_once('/')?;
    let (passes, _) = rest.split_once('/')?;
    // Before tmux 3.3 there was no such option, and everything was passed through.
    Some(clipboard == "on" || !matches!(passes, "0" | "off"))
}

impl Path {
    /// tmux, before it was asked.
    pub const TMUX: Self = Self::Tmux { hands_on: None };

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
            Path::Tmux { .. } => format!("{plain}\x1bPtmux;{}\x1b\\", plain.replace('\x1b', "\x1b\x1b")),
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
    fn tmux_holds_text_back_unless_it_is_set_to_hand_it_on() {
        assert_eq!(handed_on("external/0/\n"), Some(false), "its defaults");
        assert_eq!(handed_on("off/off/\n"), Some(false));
        assert_eq!(handed_on("on/0/\n"), Some(true));
        assert_eq!(handed_on("external/1/\n"), Some(true));
        assert_eq!(handed_on("external/all/\n"), Some(true));
        assert_eq!(handed_on("external//\n"), Some(true), "tmux 3.2");
        assert_eq!(handed_on(""), None);
    }
}
