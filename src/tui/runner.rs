//! Carries out requests: one tokio task each, which can be cancelled.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use secrecy::zeroize::Zeroizing;
use tokio::sync::mpsc::UnboundedSender;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::call::{self, Call, CallContext};
use super::embedded::Embedded;
use super::msg::Msg;
use super::requests::RequestId;
use super::term::clipboard::{self, Tmux};
use crate::api::Client;
use crate::config::Session;

/// How long the end waits for requests that are cancelled, and for an embedded workbench that is just
/// starting.
const ENDING: Duration = Duration::from_secs(5);

/// The requests in flight and what they need.
pub struct Runner {
    /// `None` until someone signs in.
    session: Option<Arc<Session>>,
    answers: UnboundedSender<Msg>,
    running: HashMap<RequestId, CancellationToken>,
    /// The workbench that runs in this process.
    hosted: Option<Embedded>,
    /// What was started and is not over yet, cancelled or not.
    tasks: TaskTracker,
}

impl Runner {
    /// Answers go to `answers`.
    pub fn new(session: Option<Arc<Session>>, answers: UnboundedSender<Msg>) -> Self {
        Self { session, answers, running: HashMap::new(), hosted: None, tasks: TaskTracker::new() }
    }

    /// Starts a request. Its answer arrives as a message, unless it is cancelled before.
    pub fn start(&mut self, id: RequestId, call: Call) {
        self.running.retain(|_, token| !token.is_cancelled());
        let token = CancellationToken::new();
        self.running.insert(id, token.clone());
        let answers = self.answers.clone();
        // Each notes what it sends itself: others go on beside it.
        let session = self.session.as_deref().map(|session| {
            let client = session.client.noting();
            Arc::new(Session { client, ..session.clone() })
        });
        let to_its_end = makes_a_folder(&call);
        let context = session.clone().map(|session| CallContext { session, id, answers: answers.clone() });
        self.tasks.spawn(async move {
            // When this task is over, the entry above may go.
            let _over = token.clone().drop_guard();
            let client = session.as_ref().map(|session| session.client.clone());
            let before = client.as_ref().map(Client::answers);
            let mut work = tokio::spawn(call::run(call, context));
            let message = tokio::select! {
                biased;
                () = token.cancelled() => {
                    if !to_its_end {
                        work.abort();
                    }
                    drop(work.await);
                    return;
                }
                done = &mut work => match done {
                    Ok(answer) => {
                        let now = client.as_ref().map(Client::answers).filter(|now| Some(*now) != before);
                        if let (Some(before), Some(now)) = (before, now) && before.clock != now.clock {
                            let _ = answers.send(Msg::Clock(now.clock));
                        }
                        if let Some(sent) = client.as_ref().and_then(Client::sent) {
                            let _ = answers.send(Msg::Sent { id, sent });
                        }
                        Msg::Answer { id, took: now.map(|now| now.last), answer }
                    }
                    Err(error) => Msg::TaskPanicked(error.to_string()),
                },
            };
            // The other end is gone only while the program ends.
            let _ = answers.send(message);
        });
    }

    /// Drops a request: its connection closes and nothing of it comes back.
    pub fn cancel(&mut self, id: RequestId) {
        if let Some(token) = self.running.remove(&id) {
            token.cancel();
        }
    }

    /// Asks tmux how it lets through what is copied.
    pub fn ask_tmux(&self) {
        let answers = self.answers.clone();
        tokio::spawn(async move {
            if let Some(said) = Tmux::ask().await {
                // Nobody takes it once the loop is over.
                let _ = answers.send(Msg::Tmux(said));
            }
        });
    }

    /// Copies a text by a command of tmux.
    pub fn copy_by_tmux(&self, text: &str) {
        let text = Zeroizing::new(text.as_bytes().to_vec());
        self.tasks.spawn(async move {
            if let Err(error) = clipboard::load_into_tmux(&text).await {
                tracing::warn!(%error, "tmux did not take what was copied");
            }
        });
    }

    /// Drops everything.
    pub fn cancel_all(&mut self) {
        self.running.drain().for_each(|(_, token)| token.cancel());
    }

    /// Keeps an embedded workbench running, instead of the previous one.
    pub fn host(&mut self, embedded: Embedded) {
        if let Some(before) = self.hosted.replace(embedded) {
            tokio::spawn(before.shutdown());
        }
    }

    /// Ends the embedded workbench, if there is one, even if it only starts.
    pub async fn shutdown(self) {
        self.tasks.close();
        let _ = timeout(ENDING, self.tasks.wait()).await;
        if let Some(embedded) = self.hosted {
            embedded.shutdown().await;
        }
    }

    /// Uses another workbench or credential from the next request on.
    pub fn use_session(&mut self, session: Arc<Session>) {
        self.session = Some(session);
    }

    /// The key of the session is this user's.
    pub fn name_user(&mut self, username: String) {
        if let Some(session) = &mut self.session {
            Arc::make_mut(session).username = Some(username);
        }
    }
}

/// Whether `call` makes a folder that must not stay: what starts in it is waited for, and dropped with it.
fn makes_a_folder(call: &Call) -> bool {
    matches!(call, Call::StartEmbedded(wish) if wish.data.is_none())
}
