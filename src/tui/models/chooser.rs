//! A few things to choose one from: an API key, a language, an earlier request. What is typed is the
//! filter, as in the palette and in the choice of a model.

use std::borrow::Cow;

use crossterm::event::KeyEvent;
use ratatui::Frame;
use ratatui::layout::Rect;

use crate::tui::choice::Choice;
use crate::tui::command::{Command, KeyContext};
use crate::tui::decision::Decision;
use crate::tui::layer::{Layer, Outcome};
use crate::tui::layout::body;
use crate::tui::list::view::headless_rows_in;
use crate::tui::list::{Column, Key, List, ListView, Row, Shown, Width};
use crate::tui::overlays::Question;
use crate::tui::parts::dialog::{centred, frame_box, inside_box};
use crate::tui::shared::Shared;

/// One of the choices, and what it means.
#[derive(Debug)]
struct Item {
    label: String,
    then: Decision,
    /// The name of a request that can be deleted.
    deletes: Option<String>,
}

impl Row for Item {
    const COLUMNS: &'static [Column] = &[Column::new("", Width::Fill(8)).unsorted()];
    const INDEXED: bool = false;

    fn id(&self) -> &str {
        &self.label
    }

    fn texts(&self, add: &mut dyn FnMut(usize, &str)) {
        add(0, &self.label);
    }

    fn key(&self, _column: usize) -> Key<'_> {
        Key::None
    }
}

/// The list. The layer that opens it gets the choice.
#[derive(Debug)]
pub struct Chooser {
    title: &'static str,
    choices: List<Item>,
}

impl Chooser {
    /// With the row at `selected` selected.
    pub fn new(
        title: &'static str,
        options: impl Iterator<Item = (String, Choice)>,
        selected: usize,
    ) -> Self {
        let mut choices = List::default();
        let item = |(label, choice)| Item { label, then: Decision::Chosen(choice), deletes: None };
        choices.add(options.map(item));
        choices.state.select_row(selected);
        choices.state.filter.open();
        Self { title, choices }
    }

    /// The first choices are requests saved under these names, which can be deleted.
    #[must_use]
    pub fn deleting<'a>(mut self, names: impl Iterator<Item = &'a String>) -> Self {
        let labels: Vec<_> = self.choices.all().iter().map(|item| item.label.clone()).collect();
        for (label, name) in labels.iter().zip(names) {
            self.choices.change(label, |item| item.deletes = Some(name.clone()));
        }
        self
    }

    /// Asks whether the selected request is to be deleted.
    fn ask_to_delete(&self) -> Outcome {
        let Some(Item { label, deletes: Some(name), .. }) = self.choices.selected() else {
            return Outcome::done();
        };
        let lines =
            vec![label.clone(), "Tests and runs that were sent with it stay in the history.".to_owned()];
        let then = Decision::DeleteRequest(name.clone());
        Question::new(format!("Delete the saved request {name}?"), lines, "Delete", then).ask()
    }

    /// The box, in the area of a tab.
    fn area(&self, area: Rect) -> Rect {
        // The borders and the filter.
        centred(area, 68, u16::try_from(self.choices.all().len() + 3).unwrap_or(u16::MAX))
    }
}

impl Layer for Chooser {
    fn name(&self) -> &'static str {
        "chooser"
    }

    fn contexts(&self, _shared: &Shared) -> Vec<KeyContext> {
        let saved = self.choices.all().iter().any(|item| item.deletes.is_some());
        saved.then_some(KeyContext::Saved).into_iter().chain([KeyContext::Choice]).collect()
    }

    fn typing(&self, _shared: &Shared) -> bool {
        true
    }

    fn label(&self, _shared: &Shared, command: Command) -> Option<Cow<'static, str>> {
        match command {
            Command::Submit => Some(if self.asks().is_some() { "choose" } else { "" }.into()),
            Command::DeleteRequest => {
                let deletes = self.choices.selected().is_some_and(|item| item.deletes.is_some());
                (!deletes).then_some("".into())
            }
            _ => None,
        }
    }

    fn asks(&self) -> Option<&Decision> {
        self.choices.selected().map(|item| &item.then)
    }

    fn command(&mut self, shared: &mut Shared, command: Command) -> Outcome {
        match command {
            Command::Submit => match self.asks().cloned() {
                None => return Outcome::done(),
                decision => return Outcome { decision, ..Outcome::pop() },
            },
            Command::DeleteRequest => return self.ask_to_delete(),
            Command::Back if self.choices.state.filter.text().is_empty() => return Outcome::ignored(),
            _ => {}
        }
        let rows = headless_rows_in(inside_box(self.area(body(shared))), &self.choices.state);
        let known = self.choices.command(command, rows);
        // Esc has taken the text away: another one can be typed.
        self.choices.state.filter.open();
        if known { Outcome::done() } else { Outcome::ignored() }
    }

    fn key(&mut self, _shared: &mut Shared, key: KeyEvent) -> Outcome {
        self.choices.key(key);
        Outcome::done()
    }

    fn paste(&mut self, _shared: &mut Shared, text: &str) -> Outcome {
        self.choices.paste(text);
        Outcome::done()
    }

    /// The tab deletes it, and shows what is left.
    fn decided(&mut self, _shared: &mut Shared, decision: Decision) -> Outcome {
        Outcome { decision: Some(decision), ..Outcome::pop() }
    }

    fn draw(&self, shared: &Shared, frame: &mut Frame<'_>, area: Rect) {
        let around = self.area(area);
        let inside = frame_box(shared, self.title, frame, around);
        let view = ListView::new(shared, &self.choices.state, Item::COLUMNS).without_marks().framed(around);
        view.draw(frame, inside, |row, cells| {
            cells.extend(self.choices.all().get(row).map(|item| Shown::new(item.label.as_str())));
            false
        });
    }
}
