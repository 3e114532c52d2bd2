//! Short messages of the interface, and their history.
//!
//! The next key removes a message; an error stays until the user dismisses it. Neither needs a timer,
//! so an idle interface stays idle.

use jiff::Timestamp;

use crate::api;

/// How serious a notice is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    Info,
    Warning,
    Error,
}

/// One notice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    pub at: Timestamp,
    pub level: Level,
    /// One sentence.
    pub text: String,
    /// What to do about it.
    pub hint: Option<String>,
    /// The workbench's name for the request, for its administrator.
    pub request_id: Option<String>,
    /// It only reports that the workbench did not answer: its next answer removes it.
    pub passing: bool,
}

/// The history is cut at this many, oldest first.
const KEPT: usize = 200;

/// The notice that is shown, and those before it.
#[derive(Debug, Default)]
pub struct Notices {
    history: Vec<Notice>,
    shown: bool,
    /// The history is open, which shows the notice whole.
    reading: bool,
    /// Esc is for something else first: a dialog, or a text that is typed.
    pub covered: bool,
    /// Characters are text.
    pub typing: bool,
    /// What to do in the interface if the workbench does not accept the key.
    sign_in: String,
    /// What is said now is about a request that was to change something.
    pub of_change: bool,
}

impl Notices {
    pub fn info(&mut self, at: Timestamp, text: impl Into<String>) {
        self.push(Notice {
            at,
            level: Level::Info,
            text: text.into(),
            hint: None,
            request_id: None,
            passing: false,
        });
    }

    pub fn warning(&mut self, at: Timestamp, text: impl Into<String>) {
        self.push(Notice {
            at,
            level: Level::Warning,
            text: text.into(),
            hint: None,
            request_id: None,
            passing: false,
        });
    }

    /// What is no longer so with the next answer.
    pub fn until_answered(&mut self, at: Timestamp, text: impl Into<String>) {
        self.warning(at, text);
        self.history.last_mut().into_iter().for_each(|notice| notice.passing = true);
    }

    /// An error of this program's own, with what to do about it.
    pub fn error(&mut self, at: Timestamp, text: impl Into<String>, hint: Option<String>) {
        self.push(Notice {
            at,
            level: Level::Error,
            text: text.into(),
            hint,
            request_id: None,
            passing: false,
        });
    }

    /// Sets what to do in the interface if the workbench does not accept the key.
    pub fn set_sign_in(&mut self, hint: String) {
        self.sign_in = hint;
    }

    /// What to do about an error, with the keys of the interface. If the key is not accepted, it is
    /// the same everywhere.
    pub fn way_out(&self, error: &api::Error) -> Option<String> {
        match error.is_unauthenticated() {
            true => Some(self.sign_in.clone()),
            false => error.hint(),
        }
    }

    /// A request that did not succeed.
    pub fn failed(&mut self, at: Timestamp, error: &api::Error) {
        self.failure(at, error, self.way_out(error));
    }

    /// The same, with a clause about what is there nevertheless.
    pub fn failed_but(&mut self, at: Timestamp, error: &api::Error, exists: &str) {
        let hint = self.way_out(error).map(|hint| format!("; {hint}")).unwrap_or_default();
        self.failure(at, error, Some(format!("{exists}{hint}")));
    }

    fn failure(&mut self, at: Timestamp, error: &api::Error, hint: Option<String>) {
        let request_id = error.request_id().map(str::to_owned);
        // A change may have been made without an answer: that stays to be read.
        let passing = match error {
            api::Error::NoAnswer { changes, .. } => !changes,
            api::Error::NotAnApi { .. } | api::Error::BadAnswer { .. } => !self.of_change,
            _ => false,
        };
        self.push(Notice { at, level: Level::Error, text: error.to_string(), hint, request_id, passing });
    }

    fn push(&mut self, notice: Notice) {
        // The same once more replaces what it repeats.
        self.history.pop_if(|last| last.text == notice.text && last.level == notice.level);
        if self.history.len() == KEPT {
            self.history.remove(0);
        }
        self.history.push(notice);
        self.shown = true;
    }

    /// The notice to show now.
    pub fn current(&self) -> Option<&Notice> {
        self.history.last().filter(|_| self.shown)
    }

    /// The notice below the tabs; `None` while the history is open.
    pub fn in_sight(&self) -> Option<&Notice> {
        self.current().filter(|_| !self.reading)
    }

    /// The history was opened or closed.
    pub fn set_reading(&mut self, reading: bool) {
        self.reading = reading;
    }

    /// A key was pressed: news has been seen, an error stays.
    pub fn key_pressed(&mut self) {
        if self.current().is_some_and(|notice| notice.level != Level::Error) {
            self.shown = false;
        }
    }

    /// The workbench answered: that it did not is no news any more. Returns whether an error stays,
    /// as that of a change that may have been made.
    pub fn answered(&mut self) -> bool {
        if self.current().is_some_and(|notice| notice.passing) {
            self.shown = false;
        }
        self.current().is_some_and(|notice| notice.level == Level::Error)
    }

    /// Dismisses the shown notice; returns whether there was one.
    pub fn dismiss(&mut self) -> bool {
        std::mem::take(&mut self.shown)
    }

    /// Whether Esc dismisses an error.
    pub fn takes_esc(&self) -> bool {
        !self.covered && self.current().is_some_and(|notice| notice.level == Level::Error)
    }

    /// All notices, oldest first.
    pub fn history(&self) -> &[Notice] {
        &self.history
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn news_goes_with_a_key_and_errors_stay() {
        let now = Timestamp::UNIX_EPOCH;
        let mut notices = Notices::default();
        notices.info(now, "done");
        notices.key_pressed();
        assert!(notices.current().is_none());
        notices.error(now, "broken", None);
        notices.key_pressed();
        assert_eq!(notices.current().map(|n| n.text.as_str()), Some("broken"));
        assert!(notices.dismiss() && !notices.dismiss());
        assert_eq!(notices.history().len(), 2);
    }

    #[test]
    fn an_answer_takes_away_that_there_was_none() {
        let silence = |changes| api::Error::NoAnswer {
            operation: "asking",
            reason: api::Reason::Connect,
            detail: String::new(),
            changes,
        };
        let mut notices = Notices::default();
        notices.failed(Timestamp::UNIX_EPOCH, &silence(false));
        notices.answered();
        assert!(notices.current().is_none() && notices.history().len() == 1);
        notices.failed(Timestamp::UNIX_EPOCH, &silence(true));
        notices.answered();
        assert!(notices.current().is_some(), "it may have been done anyway");
    }
}
