//! The chosen day, and the effect of each key on it.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use jiff::civil::{Date, Weekday};
use jiff::{Span, ToSpan};

use crate::tui::widgets::{Edit, field::Field};

/// What the host knows about days.
pub trait Rules {
    fn today(&self) -> Date;

    /// The first day that can be chosen.
    fn first(&self) -> Date {
        self.today()
    }

    /// The last day that can be chosen; `None` if no limit is known.
    fn last(&self) -> Option<Date>;

    /// Parses typed text; the error says what would be valid.
    fn read(&self, text: &str) -> Result<Date, String>;

    /// What is missing in a typed text that can still become a date; follows "still missing:".
    fn still_missing(&self, _text: &str) -> Option<String> {
        None
    }

    /// Whether a typed date can start with this character.
    fn can_begin(&self, _c: char) -> bool {
        true
    }

    /// What choosing `day` means, as a sentence.
    fn meaning(&self, day: Date) -> String;

    fn quick_picks(&self) -> &[QuickPick];
}

/// A day that is one key away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QuickPick {
    /// A capital letter: others start a typed date.
    pub key: char,
    pub label: &'static str,
    /// What [`Rules::read`] makes the day of, when the key is pressed.
    pub text: &'static str,
}

/// What a key did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The key is not handled here; the caller may use it.
    Ignored,
    /// The day, the typed text or a message changed.
    Changed,
    /// The chosen day is to be taken.
    Accepted,
}

/// A month grid with one day chosen.
#[derive(Debug, Clone)]
pub struct DatePicker {
    pub(super) selected: Date,
    /// The day of the month that moving by months tries to keep: 31 January, 28 February, 31 March.
    wanted_day: Option<i8>,
    pub(super) typed: Field,
    /// Characters go into the typed field.
    pub(super) typing: bool,
    /// The day that was chosen when the typing began.
    before_typing: Date,
    /// Why the typed text, or a quick pick, names no day that can be chosen.
    pub(super) problem: Option<String>,
    /// The text is unfinished: not an error.
    pub(super) wanting: Option<String>,
    pub(super) week_start: Weekday,
}

impl DatePicker {
    /// A picker with `selected` chosen, or the nearest day that the rules allow; weeks begin on
    /// Monday.
    pub fn new(selected: Date, rules: &dyn Rules) -> Self {
        let selected = clamp(selected, rules);
        Self {
            selected,
            before_typing: selected,
            wanted_day: None,
            typed: Field::default().with_limit(40),
            typing: false,
            problem: None,
            wanting: None,
            week_start: Weekday::Monday,
        }
    }

    #[must_use]
    pub fn with_week_start(mut self, week_start: Weekday) -> Self {
        self.week_start = week_start;
        self
    }

    /// The chosen day: always one that the rules allow.
    pub fn selected(&self) -> Date {
        self.selected
    }

    /// What was typed and is not (yet) a day that can be chosen.
    pub fn unread_text(&self) -> Option<&str> {
        let unread = self.problem.is_some() || self.wanting.is_some();
        (unread && !self.typed.is_empty()).then(|| self.typed.text())
    }

    /// What was typed, whether it names a day or not.
    pub fn typed_text(&self) -> &str {
        self.typed.text()
    }

    /// Whether characters go into the typed field, so that even a digit is no command.
    pub fn is_typing(&self) -> bool {
        self.typing
    }

    /// Chooses `day`, or the nearest one that the rules allow.
    pub fn select(&mut self, day: Date, rules: &dyn Rules) {
        self.selected = clamp(day, rules);
        self.wanted_day = None;
        (self.problem, self.wanting) = (None, None);
        self.typed.clear();
        self.typing = false;
    }

    /// The rules changed (a policy was learned): the chosen day follows them.
    pub fn rules_changed(&mut self, rules: &dyn Rules) {
        self.selected = clamp(self.selected, rules);
        if !self.typed.is_empty() {
            self.read_typed(rules);
        }
    }

    pub fn on_key(&mut self, key: KeyEvent, rules: &dyn Rules) -> Outcome {
        if key.modifiers.contains(KeyModifiers::ALT) {
            return Outcome::Ignored;
        }
        if self.typing {
            return self.on_key_while_typing(key, rules);
        }
        if key.modifiers.contains(KeyModifiers::CONTROL) {
            return Outcome::Ignored;
        }
        match key.code {
            KeyCode::Left | KeyCode::Char('h') => self.step((-1).day(), rules),
            KeyCode::Right | KeyCode::Char('l') => self.step(1.day(), rules),
            KeyCode::Up | KeyCode::Char('k') => self.step((-1).week(), rules),
            KeyCode::Down | KeyCode::Char('j') => self.step(1.week(), rules),
            KeyCode::Char('[') | KeyCode::PageUp => self.step_months((-1).month(), rules),
            KeyCode::Char(']') | KeyCode::PageDown => self.step_months(1.month(), rules),
            KeyCode::Char('{') => self.step_months((-1).year(), rules),
            KeyCode::Char('}') => self.step_months(1.year(), rules),
            KeyCode::Home => self.jump(self.selected.first_of_month(), rules),
            KeyCode::End => self.jump(self.selected.last_of_month(), rules),
            KeyCode::Char('T') => self.jump(rules.today(), rules),
            KeyCode::Enter if self.unread_text().is_some() => {
                self.judge_typed(rules);
                Outcome::Changed
            }
            KeyCode::Enter => Outcome::Accepted,
            KeyCode::Backspace => self.resume_typing(),
            KeyCode::Char(c) => match rules.quick_picks().iter().find(|pick| pick.key == c) {
                Some(pick) => self.pick(*pick, rules),
                None if c.is_alphanumeric() && !rules.can_begin(c) => {
                    self.wanting = Some("type a date such as +90d".to_owned());
                    Outcome::Changed
                }
                None if c.is_alphanumeric() || matches!(c, '+' | '-') => {
                    self.begin_typing();
                    self.on_key_while_typing(key, rules)
                }
                None => Outcome::Ignored,
            },
            _ => Outcome::Ignored,
        }
    }

    /// Puts `pasted` into the typed field.
    pub fn paste(&mut self, pasted: &str, rules: &dyn Rules) -> Outcome {
        if !self.typing {
            self.begin_typing();
        }
        self.typed.paste(pasted.trim());
        self.read_typed(rules);
        Outcome::Changed
    }

    fn on_key_while_typing(&mut self, key: KeyEvent, rules: &dyn Rules) -> Outcome {
        match key.code {
            KeyCode::Enter => {
                self.judge_typed(rules);
                if self.problem.is_some() {
                    return Outcome::Changed;
                }
                self.typing = false;
                Outcome::Accepted
            }
            KeyCode::Esc => self.jump(self.before_typing, rules),
            KeyCode::Up | KeyCode::Down | KeyCode::PageUp | KeyCode::PageDown => {
                self.typing = false;
                self.on_key(key, rules)
            }
            _ => match self.typed.on_key(key) {
                Edit::Ignored => Outcome::Ignored,
                Edit::Moved => Outcome::Changed,
                Edit::Changed => {
                    self.read_typed(rules);
                    self.typing = !self.typed.is_empty();
                    Outcome::Changed
                }
            },
        }
    }

    fn begin_typing(&mut self) {
        self.before_typing = self.selected;
        self.typed.clear();
        self.wanting = None;
        self.typing = true;
    }

    fn resume_typing(&mut self) -> Outcome {
        if self.typed.is_empty() {
            return Outcome::Ignored;
        }
        self.typing = true;
        Outcome::Changed
    }

    /// The grid follows the typed text as soon as it is a day. Unfinished text is not an error.
    fn read_typed(&mut self, rules: &dyn Rules) {
        self.judge_typed(rules);
        let missing = self.problem.as_ref().and_then(|_| rules.still_missing(self.typed.text()));
        if let Some(missing) = missing {
            self.problem = None;
            self.wanting = Some(format!("still missing: {missing}"));
        }
    }

    /// The same for a text that is meant to be complete.
    fn judge_typed(&mut self, rules: &dyn Rules) {
        self.wanted_day = None;
        (self.problem, self.wanting) = (None, None);
        if self.typed.is_empty() {
            return;
        }
        match self.read(self.typed.text(), rules) {
            Ok(day) => self.selected = day,
            Err(problem) => self.problem = Some(problem),
        }
    }

    /// Reads `text` and checks the day again, so that faulty rules cannot choose a day outside their
    /// range.
    fn read(&self, text: &str, rules: &dyn Rules) -> Result<Date, String> {
        let day = rules.read(text)?;
        if clamp(day, rules) == day { Ok(day) } else { Err(rules.meaning(day)) }
    }

    fn pick(&mut self, pick: QuickPick, rules: &dyn Rules) -> Outcome {
        match self.read(pick.text, rules) {
            Ok(day) => self.jump(day, rules),
            // Like the same text typed: it stays, and holds Enter back.
            Err(problem) => {
                self.begin_typing();
                self.typing = false;
                self.typed.paste(pick.text);
                self.problem = Some(problem);
                Outcome::Changed
            }
        }
    }

    fn step(&mut self, span: Span, rules: &dyn Rules) -> Outcome {
        self.jump(self.selected.saturating_add(span), rules)
    }

    fn step_months(&mut self, span: Span, rules: &dyn Rules) -> Outcome {
        let wanted = self.wanted_day.unwrap_or(self.selected.day());
        let month = self.selected.first_of_month().saturating_add(span);
        let day = wanted.min(month.days_in_month());
        let outcome = self.jump(month.with().day(day).build().unwrap_or(month), rules);
        self.wanted_day = Some(wanted);
        outcome
    }

    fn jump(&mut self, day: Date, rules: &dyn Rules) -> Outcome {
        self.select(day, rules);
        Outcome::Changed
    }
}

fn clamp(day: Date, rules: &dyn Rules) -> Date {
    let first = rules.first();
    day.min(rules.last().unwrap_or(Date::MAX)).max(first)
}
