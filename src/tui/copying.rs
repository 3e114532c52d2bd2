//! Copying to the terminal's clipboard, and what is said of it.

use super::effect::{Copied, Effect};
use super::shared::Shared;
use super::term::clipboard::{Path, SETTING, Tmux};
use crate::secret::ApiKey;

/// What copying something comes to.
#[derive(Debug)]
pub struct Sent {
    /// Nothing is known to hold it back. Whether the terminal takes it cannot be known.
    pub arrives: bool,
    /// `Key ID sent to your terminal's clipboard`
    pub text: String,
}

impl Shared {
    /// Copies text, and says so in a notice; `what` is `Key ID` or `the answer was`.
    pub fn copy(&mut self, what: &str, text: String) -> Effect {
        self.say(self.sent(what));
        Effect::Copy(Copied::Text(text))
    }

    /// The same for a key; also returns whether it counts as copied.
    pub fn copy_key(&mut self, what: &str, key: ApiKey) -> (bool, Effect) {
        let sent = self.sent(what);
        (self.say(sent), Effect::Copy(Copied::Key(key)))
    }

    fn say(&mut self, sent: Sent) -> bool {
        match sent.arrives {
            true => self.notices.info(self.now, sent.text),
            false => self.notices.warning(self.now, sent.text),
        }
        sent.arrives
    }

    /// What copying `what` comes to.
    pub fn sent(&self, what: &str) -> Sent {
        let to_terminal = format!("{what} sent to your terminal's clipboard");
        let (arrives, text) = match self.preferences.clipboard {
            None => (false, format!("{what} not sent: the clipboard is switched off in config.toml")),
            Some(Path::Direct) => (true, to_terminal),
            Some(Path::Screen) => (true, format!("{to_terminal} (through GNU screen)")),
            Some(Path::Tmux(Some(Tmux::HandsOn | Tmux::ByBuffer))) => {
                (true, format!("{to_terminal} (through tmux)"))
            }
            Some(Path::Tmux(Some(Tmux::HoldsBack))) => {
                (false, format!("{what} not sent: tmux holds it back until `{SETTING}`"))
            }
            Some(Path::Tmux(None)) => {
                (false, format!("{what} sent to tmux, which hands it on only with `{SETTING}`"))
            }
        };
        Sent { arrives, text }
    }
}
