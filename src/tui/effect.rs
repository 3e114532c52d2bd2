//! Everything that the interface can ask of the world: what `update` returns.

use super::call::Call;
use super::embedded::Embedded;
use super::requests::RequestId;
use crate::config::Session;
use crate::secret::ApiKey;

/// What `update` returns; carried out after it, in order.
pub type Effects = Vec<Effect>;

/// One thing to do.
#[derive(Debug)]
pub enum Effect {
    /// Runs `call` on tokio; its answer comes back as [`Msg::Answer`](super::msg::Msg::Answer) with the same id.
    Start {
        id: RequestId,
        call: Call,
    },
    /// Drops the request: nothing of it comes back.
    Cancel(RequestId),
    /// Sends text to the terminal's clipboard (OSC 52).
    Copy(Copied),
    /// Stops the process as Ctrl-Z does in a shell.
    Suspend,
    /// Opens a text in the user's editor, which gets the terminal; it comes back as
    /// [`Msg::Edited`](super::msg::Msg::Edited).
    Edit(String),
    /// Takes the mouse's clicks from the terminal, or leaves them to it.
    Mouse(bool),
    /// Rings the terminal's bell, or sends its notification.
    Notify(&'static str),
    /// Draws every cell again.
    Repaint,
    /// Uses another workbench or credential from now on.
    UseSession(Box<Session>),
    /// The key of the session is this user's: requests need not ask, and what is kept of them says so.
    NameUser(String),
    /// Keeps an embedded workbench running until the program ends, or until another replaces it.
    Host(Box<Embedded>),
    Quit,
}

/// What goes to the clipboard.
#[derive(Debug)]
pub enum Copied {
    Text(String),
    Key(ApiKey),
}

impl Copied {
    /// The text itself, for the code that writes it to the terminal.
    pub fn expose(&self) -> &str {
        match self {
            Self::Text(text) => text,
            Self::Key(key) => key.expose(),
        }
    }
}
