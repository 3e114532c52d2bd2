//! What was sent for one piece of work, for a user who wants to know.

use std::sync::{Arc, Mutex, PoisonError};

use reqwest::Method;

/// The HTTP requests of one piece of work, tries included.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sent {
    pub count: u64,
    /// The method of the last of them.
    pub method: Method,
    /// The HTTP status of the answer to it, if one came.
    pub status: Option<u16>,
    /// The workbench's name for the last one that has one: `x-cdp-request-id` or `x-request-id`
    /// (OBSERVED, cai-mcp).
    pub request_id: Option<String>,
}

/// Where a client notes what it sends; clones share it.
#[derive(Debug, Clone, Default)]
pub(super) struct Notes(Arc<Mutex<Sent>>);

impl Notes {
    fn with<T>(&self, read: impl FnOnce(&mut Sent) -> T) -> T {
        read(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// A request is about to be sent.
    pub(super) fn sending(&self, method: &Method) {
        self.with(|sent| (sent.count, sent.method, sent.status) = (sent.count + 1, method.clone(), None));
    }

    /// Its answer begins with this status.
    pub(super) fn status(&self, status: u16) {
        self.with(|sent| sent.status = Some(status));
    }

    /// What was sent; `None` if nothing was.
    pub(super) fn sent(&self) -> Option<Sent> {
        self.with(|sent| (sent.count > 0).then(|| sent.clone()))
    }

    /// It was answered under this name.
    pub(super) fn answered(&self, request_id: Option<&str>) {
        if let Some(id) = request_id {
            self.with(|sent| sent.request_id = Some(id.to_owned()));
        }
    }
}
