//! The requests in flight: which layer asked, since when, and whether it still wants an answer.
//!
//! An answer counts only while its id is listed here. Cancelling removes the id, so an answer that
//! is already in flight is dropped on arrival: the layers need no generation counters.

use jiff::Timestamp;

use super::tab::Tab;
use crate::api::Sent;

/// Names one request for the life of the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RequestId(pub u64);

/// Identifies a layer, so that its answers find it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum LayerId {
    /// No layer: the session itself asked.
    #[default]
    Session,
    /// The screen without a session.
    Welcome,
    Tab(TabId),
    /// A layer above the tabs, by a number that is used once.
    Above(u32),
}

/// A tab as part of a [`LayerId`]: its index, since an id must hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TabId(pub usize);

impl From<Tab> for LayerId {
    fn from(tab: Tab) -> Self {
        Self::Tab(TabId(tab.index()))
    }
}

/// What a request does at the other end, and so what happens to it when its layer is left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A read; cancelled when its layer is left.
    Read,
    /// A read that nobody asked for: of a list in sight, after a while. It has no spinner.
    Quiet,
    /// Reads or writes something of this machine; goes on when its layer is left.
    Background,
    /// Changes something. It continues when its layer is closed, because the change may already have
    /// happened; quitting asks first.
    Change,
    /// Calls a model many times, as a run and a check do. It continues when its layer is closed; quitting
    /// asks first.
    Calls,
}

/// For whom a request is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// The user did something that needs it.
    ByUser,
    /// It keeps up what is in sight.
    ByItself,
    /// It is about files of this machine: no request is made.
    Nothing,
}

/// A request without an answer yet.
#[derive(Debug, Clone)]
pub struct InFlight {
    pub id: RequestId,
    /// The layer that gets the answer.
    pub owner: LayerId,
    pub kind: Kind,
    /// Shown after a spinner: `listing the API keys of owner`.
    pub what: String,
    pub since: Timestamp,
    /// The headless command that does the same.
    pub command: Option<String>,
    /// The id of the model that it is about.
    pub about: Option<String>,
    /// For whom it was made.
    pub asked: Asked,
    /// What was sent for it, once it is about to end.
    pub sent: Option<Sent>,
}

/// All requests without an answer yet, oldest first.
#[derive(Debug, Default)]
pub struct Requests {
    last: u64,
    running: Vec<InFlight>,
}

impl Requests {
    /// Notes a request that is about to start.
    pub fn start(&mut self, owner: LayerId, kind: Kind, what: String, since: Timestamp) -> RequestId {
        self.last += 1;
        let id = RequestId(self.last);
        let (command, about, asked) = (None, None, Asked::ByUser);
        self.running.push(InFlight { id, owner, kind, what, since, command, about, asked, sent: None });
        id
    }

    /// Notes for the log what the request `id` is: for whom, about which model, and the headless command
    /// that does the same.
    pub fn note(&mut self, id: RequestId, asked: Asked, about: Option<&str>, command: Option<String>) {
        if let Some(request) = self.running.iter_mut().find(|request| request.id == id) {
            (request.asked, request.about, request.command) = (asked, about.map(str::to_owned), command);
        }
    }

    /// Notes what was sent for the request `id`.
    pub fn note_sent(&mut self, id: RequestId, sent: Sent) {
        self.running
            .iter_mut()
            .filter(|request| request.id == id)
            .for_each(|request| request.sent = Some(sent.clone()));
    }

    /// The last request that was started, which may have ended; `None` before the first.
    pub fn last_started(&self) -> Option<RequestId> {
        (self.last > 0).then_some(RequestId(self.last))
    }

    /// Removes a request; `None` if its answer is no longer needed.
    pub fn finish(&mut self, id: RequestId) -> Option<InFlight> {
        let at = self.running.iter().position(|request| request.id == id)?;
        Some(self.running.remove(at))
    }

    /// Whether an answer to `id` is still wanted.
    pub fn waits_for(&self, id: RequestId) -> bool {
        self.owner(id).is_some()
    }

    /// Whether a person waits for the answer to `id`.
    pub fn is_awaited(&self, id: RequestId) -> bool {
        self.awaited().any(|request| request.id == id)
    }

    /// Which layer waits for the answer to `id`.
    pub fn owner(&self, id: RequestId) -> Option<LayerId> {
        self.running.iter().find(|request| request.id == id).map(|request| request.owner)
    }

    /// Takes out what `owner` only reads, and returns its ids.
    pub fn abandon(&mut self, owner: LayerId) -> Vec<RequestId> {
        let gone =
            |request: &InFlight| request.owner == owner && matches!(request.kind, Kind::Read | Kind::Quiet);
        let ids = self.running.iter().filter(|r| gone(r)).map(|r| r.id).collect();
        self.running.retain(|request| !gone(request));
        ids
    }

    /// A layer was closed: its reads are cancelled, and answers to its other requests go to the layer
    /// that opened it.
    pub fn inherit(&mut self, gone: LayerId, heir: LayerId) -> Vec<RequestId> {
        let abandoned = self.abandon(gone);
        for request in self.running.iter_mut().filter(|request| request.owner == gone) {
            request.owner = heir;
        }
        abandoned
    }

    /// `owner` gets the answer to `id` from now on.
    pub fn give(&mut self, id: RequestId, owner: LayerId) {
        self.running.iter_mut().filter(|request| request.id == id).for_each(|request| request.owner = owner);
    }

    /// Everything in flight, oldest first.
    pub fn running(&self) -> &[InFlight] {
        &self.running
    }

    /// What a person waits for, oldest first.
    pub fn awaited(&self) -> impl Iterator<Item = &InFlight> {
        self.running.iter().filter(|request| request.kind != Kind::Quiet)
    }

    /// What leaving the program would end: the first request that changes something, the first run or check.
    pub fn ended_by_quitting(&self) -> impl Iterator<Item = &InFlight> {
        let first = |kind| self.running.iter().find(move |request| request.kind == kind);
        [Kind::Change, Kind::Calls].into_iter().filter_map(first)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn start(requests: &mut Requests, owner: LayerId, kind: Kind) -> RequestId {
        requests.start(owner, kind, String::new(), Timestamp::UNIX_EPOCH)
    }

    #[test]
    fn leaving_a_layer_drops_its_reads_and_keeps_its_changes() {
        let mut requests = Requests::default();
        let read = start(&mut requests, Tab::Settings.into(), Kind::Read);
        let change = start(&mut requests, Tab::Settings.into(), Kind::Change);
        let other = start(&mut requests, Tab::Models.into(), Kind::Read);
        assert_eq!(requests.abandon(Tab::Settings.into()), [read]);
        assert!(requests.finish(read).is_none(), "a late answer is not wanted");
        assert!(requests.waits_for(change) && requests.waits_for(other));
        let calls = start(&mut requests, Tab::Models.into(), Kind::Calls);
        requests.abandon(Tab::Models.into());
        assert_eq!(requests.ended_by_quitting().map(|r| r.id).collect::<Vec<_>>(), [change, calls]);
    }

    #[test]
    fn the_answer_to_a_change_of_a_closed_dialog_goes_to_the_layer_below() {
        let mut requests = Requests::default();
        let dialog = LayerId::Above(7);
        let read = start(&mut requests, dialog, Kind::Read);
        let change = start(&mut requests, dialog, Kind::Change);
        assert_eq!(requests.inherit(dialog, Tab::Admin.into()), [read]);
        assert_eq!(requests.owner(change), Some(Tab::Admin.into()));
    }
}
