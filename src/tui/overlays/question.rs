//! A question before something that cannot be undone. It names what would be destroyed, and Cancel
//! has the focus. The strong form requires typing a name.

use std::borrow::Cow;

use crossterm::event::{KeyCode, KeyEvent};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Modifier;
use ratatui::text::{Line, Span};

use crate::text;
use crate::tui::command::{Command, KeyContext};
use crate::tui::decision::Decision;
use crate::tui::layer::{Layer, Outcome};
use crate::tui::layout::body;
use crate::tui::parts::dialog::{Dialog, key_hints};
use crate::tui::shared::Shared;
use crate::tui::widgets::field::Field;

/// What has to be typed before an API key is lost: no key says it by a slip.
pub const LOSE: &str = "lose";

/// Between its buttons.
const GAP: &str = "   ";

/// A question.
#[derive(Debug)]
pub struct Question {
    title: String,
    lines: Vec<String>,
    /// The label of the button that does it: `Delete`.
    yes: &'static str,
    no: &'static str,
    /// The name to type, and what was typed.
    typed: Option<(String, Field)>,
    yes_focused: bool,
    /// A second Esc means yes: the question only protects typed text.
    esc_is_yes: bool,
    /// What leaving the program here leaves behind.
    unsaved: Option<String>,
    /// How far down the lines are scrolled, if there is no room for all.
    scroll: u16,
    then: Decision,
    /// What a further key does instead.
    also: Option<(KeyContext, Command, Decision)>,
}

impl Question {
    /// A question with two buttons, the harmless one focused.
    pub fn new(title: impl Into<String>, lines: Vec<String>, yes: &'static str, then: Decision) -> Self {
        Self {
            title: title.into(),
            lines,
            yes,
            no: "Cancel",
            typed: None,
            yes_focused: false,
            esc_is_yes: false,
            unsaved: None,
            scroll: 0,
            then,
            also: None,
        }
    }

    /// The same with another label for the harmless button.
    #[must_use]
    pub fn or(mut self, no: &'static str) -> Self {
        self.no = no;
        self
    }

    /// The same, and `name` has to be typed before it is done.
    #[must_use]
    pub fn typing_name(mut self, name: impl Into<String>) -> Self {
        self.typed = Some((name.into(), Field::default()));
        self
    }

    /// The same, and a second Esc is a yes: for leaving something typed.
    #[must_use]
    pub fn esc_discards(mut self) -> Self {
        self.esc_is_yes = true;
        self
    }

    /// The same with a key of this context for something else.
    #[must_use]
    pub fn also(mut self, context: KeyContext, command: Command, then: Decision) -> Self {
        self.also = Some((context, command, then));
        self
    }

    /// Adds a sentence about what quitting here would leave behind.
    #[must_use]
    pub fn leaving(mut self, unsaved: Option<String>) -> Self {
        self.unsaved = unsaved;
        self
    }

    /// Puts the question on the screen; the layer that asks gets the decision.
    pub fn ask(self) -> Outcome {
        Outcome::push(self)
    }

    /// Whether nothing that follows could make it the name.
    fn differs(&self) -> bool {
        self.typed.as_ref().is_some_and(|(name, field)| !name.starts_with(field.text().trim()))
    }

    fn is_typed(&self) -> bool {
        self.typed.as_ref().is_none_or(|(name, field)| field.text().trim() == name)
    }

    fn agreed(&self) -> Outcome {
        Outcome { decision: Some(self.then.clone()), ..Outcome::pop() }
    }

    fn dialog(&self, shared: &Shared) -> Dialog<'_> {
        let theme = &shared.preferences.theme;
        let lines = self.lines.iter().map(|line| Line::from(line.as_str())).collect();
        let mut foot = Vec::new();
        let buttons = match &self.typed {
            Some((name, _)) => {
                foot.push(Line::default());
                foot.push(Line::from(match self.differs() {
                    false => format!("Type {name} to confirm:"),
                    true => format!("That does not match. Type {name} to confirm:"),
                }));
                foot.push(Line::default());
                // Enter does it once the name is typed in full.
                let (submit, back) = (shared.key_of(Command::Submit), shared.key_of(Command::Back));
                let yes = Span::styled(format!(" {submit} {} ", self.yes), theme.button_focused);
                let no = Span::styled(format!(" {back} {} ", self.no), theme.button);
                match self.is_typed() {
                    true => vec![yes, Span::raw("  "), no],
                    false => vec![no],
                }
            }
            None => self.buttons(shared),
        };
        foot.push(Line::default());
        foot.push(Line::from(buttons));
        let dialog = Dialog::new(&self.title, lines).with_foot(foot, self.scroll);
        if self.then.destroys() { dialog.dangerous() } else { dialog }
    }

    /// Scrolls lines that have no room; `false` for other keys.
    fn scrolls(&mut self, shared: &Shared, code: KeyCode) -> bool {
        let area = body(shared);
        let page = area.height / 2;
        let to = match code {
            KeyCode::Up => self.scroll.saturating_sub(1),
            KeyCode::Down => self.scroll + 1,
            KeyCode::PageUp => self.scroll.saturating_sub(page),
            KeyCode::PageDown => self.scroll + page,
            _ => return false,
        };
        self.scroll = to.min(self.dialog(shared).most_scroll(area));
        true
    }

    /// The buttons of a question without a name to type, and the keys that answer it at once.
    fn buttons(&self, shared: &Shared) -> Vec<Span<'static>> {
        let theme = &shared.preferences.theme;
        // The brackets mark the focused one even without styles.
        let button = |label: &str, focused: bool| match focused {
            true if label == self.yes && self.then.destroys() => {
                Span::styled(format!("[{label}]"), theme.error.add_modifier(Modifier::REVERSED))
            }
            true => Span::styled(format!("[{label}]"), theme.button_focused),
            false => Span::styled(format!(" {label} "), theme.button),
        };
        let mut contexts = self.contexts(shared);
        contexts.push(KeyContext::Global);
        let mut hints = if self.esc_is_yes {
            vec![(Command::Back, "again discards")]
        } else {
            vec![(Command::Yes, "yes"), (Command::No, "no")]
        };
        let also = self.also.as_ref().and_then(|(_, command, _)| shared.entry(*command, &contexts));
        hints.extend(also.map(|entry| (entry.command, entry.short)));
        let hints = key_hints(shared, &contexts, &hints, "  ").spans.into_iter();
        let hints = hints.map(|hint| Span::styled(hint.content, theme.dim));
        let gap = || Span::raw(GAP);
        [button(self.no, !self.yes_focused), gap(), button(self.yes, self.yes_focused), gap()]
            .into_iter()
            .chain(hints)
            .collect()
    }
}

impl Layer for Question {
    fn name(&self) -> &'static str {
        "question"
    }

    fn contexts(&self, _shared: &Shared) -> Vec<KeyContext> {
        let also = self.also.iter().map(|(context, ..)| *context);
        also.chain([KeyContext::Confirm]).collect()
    }

    fn typing(&self, _shared: &Shared) -> bool {
        self.typed.is_some()
    }

    fn asks(&self) -> Option<&Decision> {
        Some(&self.then)
    }

    /// What Enter, Esc and a yes do, for the footer.
    fn label(&self, _shared: &Shared, command: Command) -> Option<Cow<'static, str>> {
        let label = match command {
            Command::Submit => match &self.typed {
                Some(_) if self.is_typed() => self.yes,
                Some((_, field)) if field.is_empty() => self.no,
                Some(_) => "",
                None if self.yes_focused => self.yes,
                None => self.no,
            },
            Command::Yes => self.yes,
            Command::Back if self.esc_is_yes => self.yes,
            Command::Back | Command::No => self.no,
            _ => return None,
        };
        Some(label.to_lowercase().into())
    }

    /// Of two frames, one in the other, neither can be read.
    fn hides_opener(&self) -> bool {
        true
    }

    fn unsaved(&self, _shared: &Shared) -> Option<String> {
        self.unsaved.clone()
    }

    fn left_behind(&self, _shared: &Shared) -> Option<String> {
        self.unsaved.clone()
    }

    fn command(&mut self, _shared: &mut Shared, command: Command) -> Outcome {
        match command {
            Command::NextPart | Command::PreviousPart | Command::NextField | Command::PreviousField => {
                self.yes_focused = !self.yes_focused;
                Outcome::done()
            }
            // With a name typed in full there is nothing left to doubt.
            Command::Submit => match &self.typed {
                Some(_) if self.is_typed() => self.agreed(),
                Some((_, field)) if !field.is_empty() => Outcome::done(),
                None if self.yes_focused => self.agreed(),
                _ => Outcome::pop(),
            },
            Command::Yes => self.agreed(),
            Command::No => Outcome::pop(),
            _ if self.also.as_ref().is_some_and(|(_, also, _)| *also == command) => {
                let decision = self.also.take().map(|(.., then)| then);
                Outcome { decision, ..Outcome::pop() }
            }
            Command::Back if self.esc_is_yes => self.agreed(),
            // A second Ctrl-C is a yes to leaving.
            Command::Quit if self.then == Decision::Quit && self.typed.is_some() => Outcome::done(),
            Command::Quit if self.then == Decision::Quit => self.agreed(),
            _ => Outcome::ignored(),
        }
    }

    fn key(&mut self, shared: &mut Shared, key: KeyEvent) -> Outcome {
        if self.scrolls(shared, key.code) {
            return Outcome::done();
        }
        let differs = self.differs();
        match (&mut self.typed, key.code) {
            (Some((_, field)), code) => {
                // Nothing typed behind a wrong beginning would make it the name.
                if differs && matches!(code, KeyCode::Char(_)) {
                    *field = Field::default();
                }
                field.on_key(key);
            }
            (None, KeyCode::Left | KeyCode::Right | KeyCode::Char('h' | 'l')) => {
                self.yes_focused = !self.yes_focused;
            }
            _ => {}
        }
        Outcome::done()
    }

    /// Presses a button; one behind a name is pressed with Enter.
    fn click(&mut self, shared: &mut Shared, x: u16, y: u16) -> Outcome {
        let inside = self.dialog(shared).inside(body(shared));
        if self.typed.is_some() || y + 1 != inside.bottom() {
            return Outcome::ignored();
        }
        let columns = |label: &str| text::width(label) as u16 + 2;
        let no = inside.x..inside.x + columns(self.no);
        let yes = no.end + GAP.len() as u16..no.end + GAP.len() as u16 + columns(self.yes);
        match x {
            x if no.contains(&x) => Outcome::pop(),
            x if yes.contains(&x) => self.agreed(),
            _ => Outcome::ignored(),
        }
    }

    fn paste(&mut self, _shared: &mut Shared, text: &str) -> Outcome {
        if let Some((_, field)) = &mut self.typed {
            field.paste(text);
        }
        Outcome::done()
    }

    fn draw(&self, shared: &Shared, frame: &mut Frame<'_>, area: Rect) {
        let inside = self.dialog(shared).render(shared, frame, area);
        if let (Some((_, field)), true) = (&self.typed, inside.height >= 3) {
            let row = Rect { y: inside.bottom() - 3, height: 1, ..inside };
            field.render(row, frame.buffer_mut(), true, &shared.styles());
        }
    }
}
