//! Carries out requests: one tokio task each, which can be cancelled.

use std::collections::HashMap;
use std::sync::Arc;

use tokio::sync::mpsc::UnboundedSender;
use tokio_util::sync::CancellationToken;

use super::effect::{Call, Context};
use super::embedded::Embedded;
use super::msg::{Msg, Reply};
use super::requests::RequestId;
use crate::api::Client;
use crate::config::Session;

/// The requests in flight and what they need.
pub struct Runner {
    /// `None` before anybody has signed in.
    session: Option<Arc<Session>>,
    replies: UnboundedSender<Msg>,
    running: HashMap<RequestId, CancellationToken>,
    /// The workbench that runs in this process.
    hosted: Option<Embedded>,
}

impl Runner {
    /// Answers go to `replies`.
    pub fn new(session: Option<Arc<Session>>, replies: UnboundedSender<Msg>) -> Self {
        Self { session, replies, running: HashMap::new(), hosted: None }
    }

    /// Starts a request. Its answer arrives as a message, unless it is cancelled before.
    pub fn start(&mut self, id: RequestId, call: Call) {
        self.running.retain(|_, token| !token.is_cancelled());
        let token = CancellationToken::new();
        self.running.insert(id, token.clone());
        let replies = self.replies.clone();
        let session = self.session.clone();
        let context = session.clone().map(|session| Context { session, id, replies: replies.clone() });
        tokio::spawn(async move {
            // When this task is over, the entry above may go.
            let _over = token.clone().drop_guard();
            let client = session.as_ref().map(|session| session.client.clone());
            let before = client.as_ref().map(Client::answers);
            let work = tokio::spawn(async move {
                match (call, context) {
                    (Call::Session(call), _) => Some(Reply::Session(call.run(session).await)),
                    (call, Some(context)) => Some(call.run(context).await),
                    // Nobody is signed in: no screen is there to ask, or to miss an answer.
                    (_, None) => None,
                }
            });
            let abort = work.abort_handle();
            let message = tokio::select! {
                biased;
                () = token.cancelled() => {
                    abort.abort();
                    return;
                }
                done = work => match done {
                    Ok(None) => return,
                    Ok(Some(reply)) => {
                        let now = client.as_ref().map(Client::answers).filter(|now| Some(*now) != before);
                        Msg::Reply { id, took: now.map(|now| now.last), reply }
                    }
                    Err(error) => Msg::TaskPanicked(error.to_string()),
                },
            };
            // The other end is gone only while the program ends.
            let _ = replies.send(message);
        });
    }

    /// Drops a request: its connection closes and nothing of it comes back.
    pub fn cancel(&mut self, id: RequestId) {
        if let Some(token) = self.running.remove(&id) {
            token.cancel();
        }
    }

    /// Drops everything.
    pub fn cancel_all(&mut self) {
        self.running.drain().for_each(|(_, token)| token.cancel());
    }

    /// Keeps an embedded workbench running, in place of one before.
    pub fn host(&mut self, embedded: Embedded) {
        if let Some(before) = self.hosted.replace(embedded) {
            tokio::spawn(before.shutdown());
        }
    }

    /// Ends the embedded workbench, where there is one.
    pub async fn shutdown(self) {
        if let Some(embedded) = self.hosted {
            embedded.shutdown().await;
        }
    }

    /// Uses another workbench or credential from the next request on.
    pub fn use_session(&mut self, session: Arc<Session>) {
        self.session = Some(session);
    }
}
