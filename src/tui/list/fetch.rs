//! How far a list has been fetched.

use jiff::Timestamp;

use super::state::ListState;
use crate::text;
use crate::tui::call::Call;
use crate::tui::effect::Effect;
use crate::tui::event::Listing;
use crate::tui::parts::pane::awaited;
use crate::tui::requests::{Kind, RequestId};
use crate::tui::shared::Shared;

/// The request for a list, and what became of the one before.
#[derive(Debug, Default)]
pub struct Fetch {
    /// The last request, which may have ended.
    pub request: Option<RequestId>,
    /// When the list in sight was fetched.
    pub at: Option<Timestamp>,
    /// When it was another one for the last time.
    pub changed: Option<Timestamp>,
    /// A page of the list that comes brought something new.
    pub changing: bool,
    /// Why there is no newer list.
    pub problem: Option<String>,
}

impl Fetch {
    /// Whether the list is being fetched.
    pub fn is_running(&self, shared: &Shared) -> bool {
        self.request.is_some_and(|id| shared.requests.waits_for(id))
    }

    /// Asks for the list, although it may be in flight.
    pub fn start(&mut self, shared: &mut Shared, what: impl Into<String>, call: Call) -> Effect {
        let (id, effect) = shared.start(Kind::Read, what, call);
        self.request = Some(id);
        effect
    }

    /// The whole list is there.
    pub fn succeeded(&mut self, shared: &Shared) {
        if std::mem::take(&mut self.changing) || self.at.is_none() {
            self.changed = Some(shared.now);
        }
        (self.at, self.problem) = (Some(shared.now), None);
    }

    /// How far it is, for those who search the list; `scope` is what all of it is.
    pub fn listing(&self, shared: &Shared, scope: &'static str) -> Listing {
        match (&self.problem, self.at) {
            _ if self.is_running(shared) => Listing::Reading,
            (Some(problem), _) => Listing::Failed(problem.clone()),
            (None, Some(_)) => Listing::Complete(scope),
            (None, None) => Listing::Unread,
        }
    }

    /// The text instead of rows that have not come: why, or that they are awaited.
    pub fn instead(&self, shared: &Shared, what: &str) -> String {
        self.problem.clone().unwrap_or_else(|| awaited(shared, self.request, what))
    }

    /// `3 of 8 users · 09:14 UTC`, for the frame: the time is that of the last change. `all` is the number of rows with its noun.
    pub fn note(&self, shared: &Shared, state: &ListState, all: (usize, &str, &str)) -> String {
        let mut note = match all {
            (0, ..) if self.at.is_none() => String::new(),
            (n, one, many) => text::count(n, one, many),
        };
        if state.filter.is_shown() {
            note.insert_str(0, &format!("{} of ", state.len()));
        }
        if self.request.is_some_and(|id| shared.requests.is_awaited(id)) {
            note.push_str(if note.is_empty() { "listing" } else { ", listing" });
        } else if let Some(age) = self.age() {
            let separator = shared.preferences.glyphs.separator;
            note.push_str(&format!(" {separator} {age}"));
        }
        note
    }

    /// The time of the last change, or that what is in sight could not be fetched again.
    pub fn age(&self) -> Option<String> {
        let changed = self.changed?;
        Some(match self.problem {
            Some(_) => "fetching failed".to_owned(),
            None => changed.strftime("%H:%M UTC").to_string(),
        })
    }
}
