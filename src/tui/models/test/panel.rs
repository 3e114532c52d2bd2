//! The Test panel of one model: the key, the request, and what the calls answered.

use crossterm::event::{KeyCode, KeyEvent};
use ratatui::layout::Rect;

use super::answer::Answer;
use super::key::{self, KeyChoice};
use super::mend;
use super::result_list::newest_first;
use crate::actions;
use crate::secret::{ApiKey, NotAnApiKey};
use crate::text;
use crate::tui::call::KeyToSend;
use crate::tui::command::{Command, KeyContext};
use crate::tui::list::List;
use crate::tui::model_result::{TestResult, Why};
use crate::tui::models::list::row::ListedModel;
use crate::tui::requests::RequestId;
use crate::tui::session::SessionState;
use crate::tui::shared::Shared;
use crate::tui::widgets::Edit;
use crate::tui::widgets::editor::JsonEditor;
use crate::tui::widgets::json_problem::JsonProblem;
use crate::tui::widgets::secret_field::SecretField;

/// The part of the panel that has the keys.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Focus {
    Key,
    Request,
    #[default]
    Test,
    Results,
    Answer,
}

impl Focus {
    const ORDER: [Self; 5] = [Self::Key, Self::Request, Self::Test, Self::Results, Self::Answer];

    /// The next part; `None` after the last.
    pub fn next(self) -> Option<Self> {
        let at = Self::ORDER.iter().position(|part| *part == self)?;
        Self::ORDER.get(at + 1).copied()
    }

    pub fn previous(self) -> Option<Self> {
        let at = Self::ORDER.iter().position(|part| *part == self)?;
        Self::ORDER.get(at.checked_sub(1)?).copied()
    }
}

/// A test that has no answer yet.
#[derive(Debug, Clone)]
pub struct Running {
    pub id: RequestId,
    pub number: u32,
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
    pub results: List<TestResult>,
    pub running: Option<Running>,
    /// The answer of the selected result.
    pub answer: Answer,
    /// The field that has the focus is typed into: characters are text, and no command.
    pub editing: bool,
    /// Why the last press on Test sent nothing.
    pub problem: Option<String>,
    tests: u32,
}

impl Panel {
    /// A panel with a first request: `last` (the last one sent to this model), else the example in
    /// the description, else `{}`.
    pub fn new(model: &ListedModel, last: Option<&str>) -> Self {
        let request = last.or_else(|| actions::models::example(&model.description)).unwrap_or("{}");
        Self {
            focus: Focus::default(),
            choice: if model.auth_enabled { KeyChoice::SignedIn } else { KeyChoice::Nothing },
            chosen_before: None,
            field: SecretField::default(),
            editor: JsonEditor::new(request),
            results: newest_first(),
            running: None,
            answer: Answer::default(),
            editing: false,
            problem: None,
            tests: 0,
        }
    }

    /// The key to send, or what is wrong with the typed one.
    pub fn key_to_send(&self) -> Result<KeyToSend, NotAnApiKey> {
        Ok(match &self.choice {
            KeyChoice::SignedIn => KeyToSend::SignedIn,
            KeyChoice::Nothing => KeyToSend::Nothing,
            KeyChoice::Known(known) => KeyToSend::This(known.key.clone()),
            KeyChoice::Typed => KeyToSend::This(self.field.key()?),
        })
    }

    /// What to call the chosen key in results: its Key ID, else no more of it than its end.
    pub fn key_label(&self, session: &SessionState) -> String {
        match &self.choice {
            KeyChoice::SignedIn => match &session.own_id {
                Some(id) => format!("{} signed in", text::short_id(id)),
                None => format!("the key of {}", session.user()),
            },
            KeyChoice::Nothing => "no key".to_owned(),
            KeyChoice::Known(known) => format!("{} {}", known.id(), key::label(known)),
            KeyChoice::Typed => self.field.masked(false),
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

    /// The next of the session's keys, or the one before.
    fn choose_next(&mut self, session: &SessionState, back: bool) {
        let options = key::options(session);
        let by = if back { options.len() - 1 } else { 1 };
        let at = options.iter().position(|(_, key)| self.choice.is(key)).unwrap_or(0);
        if let Some(choice) = KeyChoice::of(&options[(at + by) % options.len()].1, session) {
            self.choose(choice);
        }
    }

    /// The number of the next test.
    pub fn next_number(&mut self) -> u32 {
        self.tests += 1;
        self.tests
    }

    /// Requests whose answers are not wanted any more count as never made.
    pub fn forget(&mut self, gone: impl Fn(&RequestId) -> bool) {
        self.running = self.running.take().filter(|running| !gone(&running.id));
        let given_up = |result: &TestResult| matches!(&result.why, Why::Asking(id) if gone(id));
        self.results.change_where(given_up, |result| result.why = Why::Unknown);
    }

    /// The request comes back from the user's editor.
    pub fn edited(&mut self, text: &str) {
        self.use_request(text.trim_end());
        let problem = self.editor.value().err();
        self.problem = problem.map(|problem| not_json("taken over as it is", problem));
    }

    /// Puts a request into the editor.
    pub fn use_request(&mut self, request: &str) {
        self.editor.replace(request);
        self.problem = None;
    }

    /// Gives the focus to a part; typing has ended.
    pub fn go(&mut self, focus: Focus) {
        self.focus = focus;
        self.editing = false;
    }

    /// Begins to type: into the key's field where that has the focus, else into the request.
    fn edit(&mut self) {
        if self.focus != Focus::Key {
            self.focus = Focus::Request;
        }
        self.editing = true;
    }

    /// Which commands apply now.
    pub fn contexts(&self) -> Vec<KeyContext> {
        if self.filters() {
            return vec![KeyContext::FilterField, KeyContext::List];
        }
        let (mends, panel): (bool, &[KeyContext]) = match self.focus {
            Focus::Results => (true, &[KeyContext::Results, KeyContext::ModelPanel, KeyContext::List]),
            Focus::Answer => (true, &[KeyContext::Answer, KeyContext::ModelPanel, KeyContext::Choice]),
            // Enter breaks the line there.
            Focus::Request if self.editing => (false, &[KeyContext::ModelPanel]),
            Focus::Key | Focus::Request | Focus::Test => {
                (!self.editing, &[KeyContext::ModelPanel, KeyContext::Form])
            }
        };
        let mut contexts = mend::contexts(self.selected_result().filter(|_| mends));
        contexts.extend(panel);
        contexts
    }

    /// Runs a command about this panel alone, where `height` results are on the screen.
    pub fn command(&mut self, command: Command, height: usize) -> Step {
        if self.results_command(command, height) {
            return Step::Done;
        }
        match (command, self.focus) {
            _ if self.filters() => return Step::Ignored,
            (Command::NextPart | Command::NextField, focus) => self.go(focus.next().unwrap_or(Focus::Key)),
            (Command::PreviousPart | Command::PreviousField, focus) => {
                self.go(focus.previous().unwrap_or(Focus::Answer));
            }
            (Command::Back | Command::Submit, _) if self.editing => self.editing = false,
            (Command::EditField, _) | (Command::Open | Command::Submit, Focus::Key | Focus::Request) => {
                self.edit();
            }
            (Command::Right, Focus::Results) => self.focus = Focus::Answer,
            (Command::Left | Command::Up, Focus::Answer) => self.focus = Focus::Results,
            (Command::Back, _) if self.running.is_some() => return Step::GiveUp,
            (Command::Back | Command::Left, _) => return Step::Close,
            (Command::Open, Focus::Results) | (Command::OpenResult, _) => return Step::OpenResult,
            (Command::Open | Command::Submit, Focus::Test) | (Command::SendTest | Command::TestModel, _) => {
                return Step::Send;
            }
            (Command::OpenEditor, _) => return Step::OpenEditor,
            (edit, _) => return self.edit_command(edit),
        }
        Step::Done
    }

    /// Commands about the request as a whole.
    fn edit_command(&mut self, command: Command) -> Step {
        match command {
            Command::FormatRequest => self.format(),
            Command::UndoEdit => {
                self.editor.undo();
                self.problem = None;
            }
            Command::RedoEdit => {
                self.editor.redo();
                self.problem = None;
            }
            Command::SelectAll => {
                self.focus = Focus::Request;
                self.editing = true;
                self.editor.select_all();
            }
            Command::ClearRequest => self.use_request(""),
            _ => return Step::Ignored,
        }
        Step::Done
    }

    fn format(&mut self) {
        if self.editor.format() == Edit::Ignored {
            let problem = self.editor.value().err();
            self.problem = problem.map(|problem| not_json("it stays as it is", problem));
        }
    }

    /// A key for the field that is typed into.
    fn type_key(&mut self, key: KeyEvent) {
        if self.filters() {
            self.results.key(key);
        } else if self.focus == Focus::Key {
            if self.field.on_key(key) == Edit::Changed {
                self.typed();
            }
        } else if self.editor.on_key(key) == Edit::Changed {
            self.problem = None;
        }
    }

    /// A key that is no command: text where a field is typed into, else the arrows between the parts.
    pub fn key(&mut self, session: &SessionState, key: KeyEvent) -> Step {
        if self.editing || self.filters() {
            self.type_key(key);
            return Step::Done;
        }
        match (self.focus, key.code) {
            (Focus::Key, KeyCode::Left | KeyCode::Right | KeyCode::Char('h' | 'l')) => {
                self.choose_next(session, matches!(key.code, KeyCode::Left | KeyCode::Char('h')));
            }
            (Focus::Key, KeyCode::Delete | KeyCode::Backspace) => {
                self.field.clear();
                self.typed();
            }
            (Focus::Key | Focus::Request | Focus::Test, KeyCode::Up | KeyCode::Char('k')) => {
                self.go(self.focus.previous().unwrap_or(Focus::Key));
            }
            (Focus::Key | Focus::Request | Focus::Test, KeyCode::Down | KeyCode::Char('j')) => {
                self.go(self.focus.next().unwrap_or(Focus::Results));
            }
            (Focus::Request | Focus::Test, KeyCode::Left | KeyCode::Char('h')) => return Step::Close,
            (Focus::Test, KeyCode::Enter) => return Step::Send,
            _ => {}
        }
        Step::Done
    }

    /// Pasted text goes into the focused field. Outside the fields, a pasted API key goes into the
    /// field for the key, because it cannot be meant for anything else.
    pub fn paste(&mut self, pasted: &str) {
        match self.focus {
            Focus::Request => {
                self.editor.paste(pasted);
                self.problem = None;
            }
            Focus::Key => {
                self.field.paste(pasted);
                self.typed();
                // What was pasted is whole: there is nothing to wait for.
                self.problem = self.key_to_send().err().map(|problem| format!("API key: {problem}"));
            }
            Focus::Results if self.filters() => self.results.paste(pasted),
            Focus::Test | Focus::Results | Focus::Answer => {
                if let Ok(key) = ApiKey::parse(pasted) {
                    self.field.set(&key);
                    self.typed();
                }
            }
        }
    }

    /// The answer in sight is that of the selected result; `area` is its pane.
    pub fn follow(&mut self, shared: &Shared, area: Rect) {
        self.results.follow_columns(shared);
        self.answer.follow(shared, self.results.selected(), area);
    }

    /// A command about the answer, whose pane is `area`; `false` where it is something else.
    pub fn answer_command(&mut self, shared: &Shared, command: Command, area: Rect) -> bool {
        let about =
            self.focus == Focus::Answer || (self.focus == Focus::Results && command == Command::Headers);
        let Some(result) = self.results.selected().filter(|_| about) else { return false };
        self.answer.command(shared, result, command, area)
    }
}

/// What a command or a key leaves to the tab.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// It means nothing in the panel.
    Ignored,
    Done,
    /// The list gets the keys back.
    Close,
    /// The test is to be sent.
    Send,
    /// Cancels the test in flight.
    GiveUp,
    /// The selected result is to be shown whole.
    OpenResult,
    /// The request is to be opened in an editor.
    OpenEditor,
}

/// Why nothing was done with a request; the problem is shown beside it.
pub fn not_json(what: &str, problem: &JsonProblem) -> String {
    let JsonProblem { line, column, .. } = problem;
    format!("{what}: the request is not valid JSON: see line {line}, column {column}")
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
        assert_eq!(panel.key_to_send(), Ok(KeyToSend::SignedIn));
    }

    #[test]
    fn the_parts_follow_each_other() {
        assert_eq!(Focus::Key.next(), Some(Focus::Request));
        assert_eq!(Focus::Results.next(), Some(Focus::Answer));
        assert_eq!(Focus::Answer.next(), None);
        assert_eq!(Focus::Key.previous(), None);
        assert_eq!(Focus::Results.previous(), Some(Focus::Test));
    }
}
