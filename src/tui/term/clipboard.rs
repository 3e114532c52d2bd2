//! Copying through the terminal (OSC 52), so that it works over SSH and inside tmux.
//!
//! A program cannot know whether the terminal took the text, so nothing here says "copied".

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
    Tmux,
    /// GNU screen forwards the contents of a device control string.
    Screen,
}

impl Path {
    /// From the environment variables `TMUX` and `STY`.
    pub fn from_env(tmux: bool, screen: bool) -> Self {
        match (tmux, screen) {
            (true, _) => Self::Tmux,
            (false, true) => Self::Screen,
            _ => Self::Direct,
        }
    }

    /// What may prevent it, to be shown beside "sent to your terminal".
    pub fn caveat(self) -> Option<&'static str> {
        match self {
            Self::Direct => None,
            Self::Tmux => Some("tmux hands it on with `set -g set-clipboard on`"),
            Self::Screen => Some("through GNU screen"),
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
            Path::Tmux => format!("{plain}\x1bPtmux;{}\x1b\\", plain.replace('\x1b', "\x1b\x1b")),
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
        assert_eq!(text(Path::Tmux), "\x1b]52;c;a2V5\x07\x1bPtmux;\x1b\x1b]52;c;a2V5\x07\x1b\\");
        assert_eq!(text(Path::Screen), "\x1bP\x1b]52;c;a2V5\x07\x1b\\");
        assert!(sequence(&"x".repeat(LIMIT + 1), Path::Direct).is_none());
    }
}
