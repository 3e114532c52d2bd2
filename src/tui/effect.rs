//! Everything that the interface can ask of the world: what `update` returns.

use std::sync::Arc;

use tokio::sync::mpsc::UnboundedSender;

use super::embedded::Embedded;
use super::msg::{Msg, Reply};
use super::requests::RequestId;
use super::screens::{admin, models, settings};
use super::session;
use crate::config::Session;
use crate::secret::ApiKey;

/// What `update` returns; carried out after it, in order.
pub type Effects = Vec<Effect>;

/// One thing to do.
#[derive(Debug)]
pub enum Effect {
    /// Runs `call` on tokio; its answer comes back as [`Msg::Reply`] with the same id.
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
    /// Draws every cell again.
    Repaint,
    /// Uses another workbench or credential from now on.
    UseSession(Box<Session>),
    /// Keeps an embedded workbench running until the program ends, or another takes its place.
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
    /// The text itself, for the one place that writes it to the terminal.
    pub fn expose(&self) -> &str {
        match self {
            Self::Text(text) => text,
            Self::Key(key) => key.expose(),
        }
    }
}

/// A request, as data: `update` makes it, a test can look at it, [`Call::run`] carries it out.
#[derive(Debug)]
pub enum Call {
    Session(session::Call),
    Settings(settings::Call),
    Models(models::Call),
    Admin(admin::Call),
}

/// What a [`Call`] may use while it runs.
#[derive(Clone)]
pub struct Context {
    /// The current workbench and credential.
    pub session: Arc<Session>,
    /// Which request this is, for [`Context::progress`].
    pub id: RequestId,
    pub(super) replies: UnboundedSender<Msg>,
}

impl Context {
    /// Sends something to show before the call has ended.
    pub fn progress(&self, reply: Reply) {
        // The other end is gone only while the program ends.
        let _ = self.replies.send(Msg::Progress { id: self.id, reply });
    }
}

impl Call {
    /// Carries the call out. Cancelled by dropping the future.
    pub async fn run(self, context: Context) -> Reply {
        match self {
            Self::Session(call) => Reply::Session(call.run(Some(context.session)).await),
            Self::Settings(call) => Reply::Settings(call.run(context).await),
            Self::Models(call) => Reply::Models(call.run(context).await),
            Self::Admin(call) => Reply::Admin(call.run(context).await),
        }
    }
}
