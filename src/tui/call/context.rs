//! What a call may use while it runs.

use std::sync::Arc;

use tokio::sync::mpsc::UnboundedSender;

use super::Answer;
use crate::config::Session;
use crate::tui::msg::Msg;
use crate::tui::requests::RequestId;

/// What a [`Call`](super::Call) may use while it runs.
#[derive(Clone)]
pub struct CallContext {
    /// The current workbench and credential.
    pub session: Arc<Session>,
    /// Which request this is, for [`CallContext::progress`].
    pub id: RequestId,
    pub(in crate::tui) answers: UnboundedSender<Msg>,
}

impl CallContext {
    /// Sends a part of the answer before the call has ended.
    pub fn progress(&self, answer: Answer) {
        // The other end is gone only while the program ends.
        let _ = self.answers.send(Msg::Progress { id: self.id, answer });
    }
}
