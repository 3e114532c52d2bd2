//! The Test panel of one model: the key, the request, and what the calls answered.

use std::collections::VecDeque;

use jiff::Timestamp;

use super::example;
use super::list::ListedModel;
use super::results::{TestResult, Why};
use crate::secret::{ApiKey, NotAnApiKey};
use crate::tui::requests::RequestId;
use crate::tui::session::KnownKey;
use crate::tui::widgets::editor::JsonEditor;
use crate::tui::widgets::secret_field::SecretField;

/// No more results than this are kept of a model, the oldest go first.
const KEPT: usize = 200;

/// The part of the panel that has the keys.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Focus {
    Key,
    Request,
    #[default]
    Test,
    Results,
}

impl Focus {
    const ORDER: [Self; 4] = [Self::Key, Self::Request, Self::Test, Self::Results];

    /// The part after this one; `None` after the last.
    pub fn next(self) -> Option<Self> {
        let at = Self::ORDER.iter().position(|part| *part == self)?;
        Self::ORDER.get(at + 1).copied()
    }

    pub fn previous(self) -> Option<Self> {
        let at = Self::ORDER.iter().position(|part| *part == self)?;
        Self::ORDER.get(at.checked_sub(1)?).copied()
    }
}

/// Which API key a test carries.
#[derive(Debug, Clone)]
pub enum KeyChoice {
    /// The one that the program is signed in with.
    SignedIn,
    /// No key at all: for a model whose authentication is off.
    Nothing,
    /// One that the program holds anyway.
    Known(KnownKey),
    /// What was typed or pasted into the field.
    Typed,
}

/// A key to send, or none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyToSend {
    SignedIn,
    Nothing,
    This(ApiKey),
}

/// A test that has no answer yet.
#[derive(Debug, Clone)]
pub struct Running {
    pub id: RequestId,
    pub number: u32,
    pub since: Timestamp,
}

/// Everything about testing one model. It stays while other models are looked at.
#[derive(Debug)]
pub struct Panel {
    pub focus: Focus,
    pub choice: KeyChoice,
    /// What was chosen before something was typed: it holds again once the field is empty.
    chosen_before: Option<KeyChoice>,
    pub field: SecretField,
    pub editor: JsonEditor,
    /// Newest first.
    pub results: VecDeque<TestResult>,
    pub selected: usize,
    pub running: Option<Running>,
    /// Why the last press on Test sent nothing.
    pub problem: Option<String>,
    tests: u32,
}

impl Panel {
    /// A panel that begins with `last` (the last request sent to this model), else with the
    /// example in its description, else with `{}`.
    pub fn new(model: &ListedModel, last: Option<&str>) -> Self {
        let request = last.or_else(|| example::in_description(&model.description)).unwrap_or("{}");
        Self {
            focus: Focus::default(),
            choice: if model.auth_enabled { KeyChoice::SignedIn } else { KeyChoice::Nothing },
            chosen_before: None,
            field: SecretField::default(),
            editor: JsonEditor::new(request),
            results: VecDeque::new(),
            selected: 0,
            running: None,
            problem: None,
            tests: 0,
        }
    }

    /// The key to send, or what is wrong with what was typed.
    pub fn key_to_send(&self) -> Result<KeyToSend, NotAnApiKey> {
        Ok(match &self.choice {
            KeyChoice::SignedIn => KeyToSend::SignedIn,
            KeyChoice::Nothing => KeyToSend::Nothing,
            KeyChoice::Known(known) => KeyToSend::This(known.key.clone()),
            KeyChoice::Typed => KeyToSend::This(self.field.key()?),
        })
    }

    /// Whose key it is, as far as the panel knows; `signed_in` is the user of this session.
    pub fn key_owner<'a>(&'a self, signed_in: Option<&'a str>) -> Option<&'a str> {
        match &self.choice {
            KeyChoice::SignedIn => signed_in,
            KeyChoice::Known(known) => Some(&known.username),
            KeyChoice::Nothing | KeyChoice::Typed => None,
        }
    }

    /// The field was typed or pasted into: that is the key, until the field is empty again.
    pub fn typed(&mut self) {
        if self.field.is_empty() {
            self.choice = self.chosen_before.take().unwrap_or(KeyChoice::Nothing);
        } else if !matches!(self.choice, KeyChoice::Typed) {
            self.chosen_before = Some(std::mem::replace(&mut self.choice, KeyChoice::Typed));
        }
        self.problem = None;
    }

    pub fn choose(&mut self, choice: KeyChoice) {
        if !matches!(choice, KeyChoice::Typed) {
            self.field.clear();
        }
        self.chosen_before = None;
        self.choice = choice;
        self.problem = None;
    }

    /// The number of the next test.
    pub fn next_number(&mut self) -> u32 {
        self.tests += 1;
        self.tests
    }

    /// A call ended.
    pub fn push(&mut self, result: TestResult) {
        self.results.push_front(result);
        self.results.truncate(KEPT);
        self.selected = 0;
        // Bodies of up to 8 MiB each are not kept for ever.
        for older in self.results.iter_mut().skip(10) {
            older.forget_most_of_the_body();
        }
    }

    pub fn selected_result(&self) -> Option<&TestResult> {
        self.results.get(self.selected)
    }

    pub fn result_mut(&mut self, number: u32) -> Option<&mut TestResult> {
        self.results.iter_mut().find(|result| result.number == number)
    }

    /// Questions that nobody waits for any more count as never asked.
    pub fn forget_questions(&mut self, gone: impl Fn(&RequestId) -> bool) {
        for result in &mut self.results {
            if matches!(&result.why, Why::Asking(id) if gone(id)) {
                result.why = Why::Unknown;
            }
        }
    }

    pub fn select_result(&mut self, position: usize) {
        self.selected = position.min(self.results.len().saturating_sub(1));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn model(description: &str, auth_enabled: bool) -> ListedModel {
        ListedModel {
            id: String::new(),
            name: String::new(),
            description: description.to_owned(),
            access_key: String::new(),
            auth_enabled,
            project: Default::default(),
        }
    }

    #[test]
    fn the_request_begins_with_the_last_then_the_example_then_nothing() {
        let text = |description, last| Panel::new(&model(description, true), last).editor.text();
        assert_eq!(text("adds {\"a\": 1}", Some("{\"a\": 2}")), "{\"a\": 2}");
        assert_eq!(text("adds {\"a\": 1}", None), "{\"a\": 1}");
        assert_eq!(text("adds", None), "{}");
    }

    #[test]
    fn a_model_without_authentication_gets_no_key_unless_one_is_given() {
        let mut panel = Panel::new(&model("", false), None);
        assert_eq!(panel.key_to_send(), Ok(KeyToSend::Nothing));
        panel.field.paste("0a0a");
        panel.typed();
        assert_eq!(panel.key_to_send(), Err(NotAnApiKey::Length { found: 4 }));
        panel.field.clear();
        panel.typed();
        assert_eq!(panel.key_to_send(), Ok(KeyToSend::Nothing));
        assert_eq!(Panel::new(&model("", true), None).key_to_send(), Ok(KeyToSend::SignedIn));
    }

    #[test]
    fn a_letter_by_mistake_does_not_lose_the_chosen_key() {
        let mut panel = Panel::new(&model("", true), None);
        panel.field.paste("x");
        panel.typed();
        assert!(panel.key_to_send().is_err());
        panel.field.clear();
        panel.typed();
        assert_eq!(panel.key_to_send(), Ok(KeyToSend::SignedIn));
    }

    #[test]
    fn choosing_a_key_wipes_what_was_typed() {
        let mut panel = Panel::new(&model("", true), None);
        panel.field.paste("something");
        panel.typed();
        panel.choose(KeyChoice::SignedIn);
        assert!(panel.field.is_empty());
        assert_eq!(panel.key_owner(Some("owner")), Some("owner"));
    }

    #[test]
    fn the_parts_follow_each_other() {
        assert_eq!(Focus::Key.next(), Some(Focus::Request));
        assert_eq!(Focus::Results.next(), None);
        assert_eq!(Focus::Key.previous(), None);
        assert_eq!(Focus::Results.previous(), Some(Focus::Test));
    }
}
