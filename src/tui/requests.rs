//! What is in flight: who asked for it, since when, and whether its answer is still wanted.
//!
//! An answer counts only while its id stands here. Cancelling takes the id out, so an answer that
//! was already on its way is dropped on arrival: no generation counters in the screens.

use jiff::Timestamp;

/// Names one request for the life of the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RequestId(pub u64);

/// Who asked. Leaving a screen cancels what its scope reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    Session,
    Settings,
    Models,
    Admin,
    /// An open dialog; cancelled when it closes.
    Dialog,
}

/// Whether a request only reads, or changes something at the other end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Read,
    /// Goes on when its screen is left: it may already have happened.
    Change,
}

/// A request without an answer yet.
#[derive(Debug, Clone)]
pub struct InFlight {
    pub id: RequestId,
    pub scope: Scope,
    pub kind: Kind,
    /// `listing the API keys of owner`, to be read after a spinner.
    pub what: String,
    pub since: Timestamp,
}

/// All requests without an answer yet, oldest first.
#[derive(Debug, Default)]
pub struct Requests {
    last: u64,
    running: Vec<InFlight>,
}

impl Requests {
    /// Notes a request that is about to start.
    pub fn start(&mut self, scope: Scope, kind: Kind, what: String, since: Timestamp) -> RequestId {
        self.last += 1;
        let id = RequestId(self.last);
        self.running.push(InFlight { id, scope, kind, what, since });
        id
    }

    /// The last request that was started, which may have ended; `None` before the first.
    pub fn last_started(&self) -> Option<RequestId> {
        (self.last > 0).then_some(RequestId(self.last))
    }

    /// Takes a request out; `None` when nobody waits for it any more.
    pub fn finish(&mut self, id: RequestId) -> Option<InFlight> {
        let at = self.running.iter().position(|request| request.id == id)?;
        Some(self.running.remove(at))
    }

    /// Whether an answer to `id` is still wanted.
    pub fn waits_for(&self, id: RequestId) -> bool {
        self.running.iter().any(|request| request.id == id)
    }

    /// Takes out what `scope` only reads, and says which requests that were.
    pub fn abandon(&mut self, scope: Scope) -> Vec<RequestId> {
        let gone = |request: &InFlight| request.scope == scope && request.kind == Kind::Read;
        let ids = self.running.iter().filter(|r| gone(r)).map(|r| r.id).collect();
        self.running.retain(|request| !gone(request));
        ids
    }

    /// Everything in flight, oldest first.
    pub fn running(&self) -> &[InFlight] {
        &self.running
    }

    /// Whether a request that changes something has no answer yet.
    pub fn changing(&self) -> Option<&InFlight> {
        self.running.iter().find(|request| request.kind == Kind::Change)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leaving_a_screen_drops_its_reads_and_keeps_its_changes() {
        let mut requests = Requests::default();
        let mut start = |scope, kind| requests.start(scope, kind, String::new(), Timestamp::UNIX_EPOCH);
        let read = start(Scope::Settings, Kind::Read);
        let change = start(Scope::Settings, Kind::Change);
        let other = start(Scope::Models, Kind::Read);
        assert_eq!(requests.abandon(Scope::Settings), [read]);
        assert!(requests.finish(read).is_none(), "a late answer is not wanted");
        assert!(requests.waits_for(change) && requests.waits_for(other));
        assert_eq!(requests.changing().map(|r| r.id), Some(change));
    }
}
