//! One result or Overview, whole: scrolled, searched, folded, copied, written to a file.
//!
//! A result has a cursor: what is folded is what it is in.

use std::borrow::Cow;

use crossterm::event::KeyEvent;
use ratatui::Frame;
use ratatui::layout::Rect;

use super::draw::put;
use super::overview::{self, Facts};
use super::prompt::{Prompt, note_written};
use super::result_rows::{self, Row};
use super::test::mend;
use crate::text;
use crate::tui::call::Answer;
use crate::tui::command::{Command, KeyContext};
use crate::tui::decision::Decision;
use crate::tui::event::Event;
use crate::tui::layer::{Layer, Outcome};
use crate::tui::layout;
use crate::tui::model_result::{HEADERS, TestResult, Why};
use crate::tui::parts::dialog::frame_box;
use crate::tui::requests::RequestId;
use crate::tui::shared::Shared;
use crate::tui::widgets::Edit;
use crate::tui::widgets::field::Field;
use crate::tui::widgets::json_tree::JsonTree;

/// The viewer.
#[derive(Debug)]
pub struct Viewer {
    title: String,
    content: Content,
    /// The body of a result, if it is JSON.
    tree: Option<JsonTree>,
    /// The content in rows that fit.
    rows: Vec<Row>,
    /// The first row in sight.
    top: usize,
    /// The row that has the cursor.
    at: usize,
    /// The search while it is being typed.
    search: Option<Field>,
    /// What was searched for last, in lower case.
    needle: String,
    /// How many lines hold it.
    matches: usize,
}

/// The content of the viewer.
#[derive(Debug)]
enum Content {
    /// The result of a test of a model.
    Result { model_id: String, result: Box<TestResult> },
    /// What is known about a model.
    Overview(Facts),
}

impl Viewer {
    fn new(title: String, content: Content) -> Self {
        Self {
            title,
            content,
            tree: None,
            rows: Vec::new(),
            top: 0,
            at: 0,
            search: None,
            needle: String::new(),
            matches: 0,
        }
    }

    /// Shows a result of the model at `path`.
    pub fn result(path: &str, model_id: String, result: TestResult) -> Self {
        let title = format!("{path}: result {}", result.number);
        let tree = result_rows::tree(&result, true);
        Self { tree, ..Self::new(title, Content::Result { model_id, result: Box::new(result) }) }
    }

    /// Shows what is known about the model at `path`.
    pub fn overview(path: String, facts: Facts) -> Self {
        Self::new(path, Content::Overview(facts))
    }

    fn shown_result(&self) -> Option<&TestResult> {
        match &self.content {
            Content::Result { result, .. } => Some(result),
            Content::Overview(_) => None,
        }
    }

    /// The content in rows of at most `columns`.
    fn rows_of(&self, shared: &Shared, columns: usize) -> Vec<Row> {
        let result = match &self.content {
            Content::Result { result, .. } => result,
            Content::Overview(facts) => return result_rows::report(shared, overview::whole(facts, columns)),
        };
        let mut rows = result_rows::report(shared, result.head(columns));
        if result.call.answer().is_some() {
            rows.extend(result_rows::report(shared, [result.body_head()]));
            rows.extend(result_rows::body(shared, result, self.tree.as_ref()));
            rows.push(Row::default());
        }
        rows.extend(result_rows::report(shared, result.tail()));
        result_rows::wrapped(rows, columns)
    }

    /// The whole content as a text.
    fn text(&self) -> String {
        match &self.content {
            Content::Result { result, .. } => result.whole(),
            Content::Overview(facts) => overview::whole(facts, usize::MAX).join("\n") + "\n",
        }
    }

    /// Breaks the content into rows again, for the width that there is now.
    fn rewrap(&mut self, shared: &Shared) {
        let rows = self.rows_of(shared, shared.size.0.saturating_sub(5).into());
        self.at = result_rows::kept(&self.rows, self.at, &rows);
        self.rows = rows;
        self.search_for(self.needle.clone());
        self.go_to(self.at, height(shared));
    }

    /// Moves the cursor, and with it the window.
    fn go_to(&mut self, row: usize, height: usize) {
        self.at = row.min(self.rows.len().saturating_sub(1));
        let lowest = (self.at + 1).saturating_sub(height);
        self.top = self.top.clamp(lowest, self.at.max(lowest));
        self.top = self.top.min(self.rows.len().saturating_sub(height));
    }

    /// Moves the window, and the cursor so that it stays in sight.
    fn scroll_to(&mut self, row: usize, height: usize) {
        self.top = row.min(self.rows.len().saturating_sub(height));
        self.at = self
            .at
            .clamp(self.top, (self.top + height - 1).max(self.top))
            .min(self.rows.len().saturating_sub(1));
    }

    /// Folds what the cursor is in, or unfolds it.
    fn fold(&mut self, shared: &Shared) {
        let node = self.rows.get(self.at).and_then(|row| row.node);
        // Below the body there is nothing to fold; above it, all of it is meant.
        if node.is_none() && self.rows.iter().take(self.at).any(|row| row.node.is_some()) {
            return;
        }
        if self.tree.as_mut().is_some_and(|tree| tree.toggle(node.unwrap_or(0))) {
            self.rewrap(shared);
        }
    }

    /// A search looks in what was folded, too.
    fn unfold(&mut self, shared: &Shared) {
        if self.tree.as_mut().is_some_and(JsonTree::unfold_all) {
            self.rewrap(shared);
        }
    }

    /// Goes to the headers, which stand below the body, or from there back to the top.
    fn go_to_headers(&mut self, height: usize) {
        let headers = self.rows.iter().position(|row| row.text() == HEADERS);
        let at = headers.filter(|at| self.top < *at && self.at != *at).unwrap_or_default();
        self.scroll_to(at, height);
        self.go_to(at, height);
    }

    /// Searches for something else, or the same in other lines.
    fn search_for(&mut self, needle: String) {
        let holds = |row: &&Row| !needle.is_empty() && row.text().to_lowercase().contains(&needle);
        self.matches = self.rows.iter().filter(holds).count();
        self.needle = needle;
    }

    /// Shows the first of these lines that contains the search text.
    fn find(&mut self, mut lines: impl Iterator<Item = usize>, height: usize) {
        if self.needle.is_empty() {
            return;
        }
        if let Some(at) = lines.find(|at| self.rows[*at].text().to_lowercase().contains(&self.needle)) {
            self.scroll_to(at, height);
            self.go_to(at, height);
        }
    }

    /// From line `from` on, round the end.
    fn find_from(&mut self, from: usize, height: usize) {
        let count = self.rows.len();
        self.find((from..from + count).map(|at| at % count), height);
    }

    /// Backwards from the row before the cursor, wrapping around.
    fn find_back(&mut self, height: usize) {
        let (at, count) = (self.at, self.rows.len());
        self.find((1..=count).map(|back| (at + count - back % count) % count), height);
    }

    fn search_command(&mut self, command: Command) -> Outcome {
        match command {
            Command::Back => {
                self.search = None;
                self.search_for(String::new());
            }
            Command::Submit => self.search = None,
            _ => return Outcome::ignored(),
        }
        Outcome::done()
    }

    fn copy(&self, shared: &mut Shared) -> Outcome {
        let (what, text) = match &self.content {
            Content::Overview(_) => ("the Overview was", self.text()),
            Content::Result { result, .. } => ("the answer was", result.body_text()),
        };
        shared.copy(what, text).into()
    }

    fn export(&self) -> Outcome {
        let name = match self.shown_result() {
            Some(result) => format!("result-{}.txt", result.number),
            None => "overview.txt".to_owned(),
        };
        Outcome::push(Prompt::write_text(&name, self.text()))
    }
}

/// Rows inside the viewer's border.
fn height(shared: &Shared) -> usize {
    usize::from(layout::body(shared).height.saturating_sub(2)).max(1)
}

impl Layer for Viewer {
    fn name(&self) -> &'static str {
        "viewer"
    }

    fn contexts(&self, _shared: &Shared) -> Vec<KeyContext> {
        if self.search.is_some() {
            return vec![KeyContext::FilterField];
        }
        let mut contexts = mend::contexts(self.shown_result());
        if self.shown_result().is_some() {
            contexts.push(KeyContext::ResultView);
        }
        contexts.extend([KeyContext::Viewer, KeyContext::Reader]);
        contexts
    }

    fn typing(&self, _shared: &Shared) -> bool {
        self.search.is_some()
    }

    fn label(&self, _shared: &Shared, command: Command) -> Option<Cow<'static, str>> {
        (command == Command::Submit && self.search.is_some()).then_some("keep".into())
    }

    fn enter(&mut self, shared: &mut Shared) -> Outcome {
        self.rewrap(shared);
        Outcome::done()
    }

    fn command(&mut self, shared: &mut Shared, command: Command) -> Outcome {
        if self.search.is_some() {
            return self.search_command(command);
        }
        let height = height(shared);
        if matches!(command, Command::Filter | Command::NextMatch | Command::PreviousMatch) {
            self.unfold(shared);
        }
        match command {
            // The Overview has nothing to point at: it scrolls at once.
            Command::Up if self.tree.is_none() => self.scroll_to(self.top.saturating_sub(1), height),
            Command::Down if self.tree.is_none() => self.scroll_to(self.top + 1, height),
            Command::Up => self.go_to(self.at.saturating_sub(1), height),
            Command::Down => self.go_to(self.at + 1, height),
            Command::PageUp => {
                self.scroll_to(self.top.saturating_sub(height), height);
                self.go_to(self.at.saturating_sub(height), height);
            }
            Command::PageDown => {
                self.scroll_to(self.top + height, height);
                self.go_to(self.at, height);
            }
            Command::First => self.go_to(0, height),
            Command::Last => self.go_to(usize::MAX, height),
            Command::Filter => self.search = Some(Field::default()),
            Command::NextMatch => self.find_from(self.at + 1, height),
            Command::PreviousMatch => self.find_back(height),
            Command::Fold => self.fold(shared),
            Command::FoldAll => {
                self.tree.as_mut().map(JsonTree::toggle_all);
                self.rewrap(shared);
            }
            Command::Headers => self.go_to_headers(height),
            Command::CopyResult => return self.copy(shared),
            Command::ExportResults => return self.export(),
            Command::CopyMessage => return mend::copy_message(shared, self.shown_result()),
            Command::AddCollaboratorFix => return mend::ask_to_add(shared, self.shown_result()),
            _ => return Outcome::ignored(),
        }
        Outcome::done()
    }

    /// A character of the search: the first line that holds the text comes into sight.
    fn key(&mut self, shared: &mut Shared, key: KeyEvent) -> Outcome {
        let Some(field) = &mut self.search else { return Outcome::ignored() };
        if field.on_key(key) == Edit::Changed {
            let needle = field.text().to_lowercase();
            self.search_for(needle);
            self.find_from(self.at, height(shared));
        }
        Outcome::done()
    }

    /// The file of a prompt that is closed was written.
    fn answer(&mut self, shared: &mut Shared, _id: RequestId, answer: Answer) -> Outcome {
        if let Answer::Written { file, done } = answer {
            note_written(shared, &file, &done);
        }
        Outcome::done()
    }

    /// The layer that opened this one does it.
    fn decided(&mut self, _shared: &mut Shared, decision: Decision) -> Outcome {
        Outcome { decision: Some(decision), ..Outcome::done() }
    }

    /// News about the result while it is shown.
    fn event(&mut self, shared: &mut Shared, event: &Event) -> Outcome {
        let Content::Result { model_id, result, .. } = &mut self.content else { return Outcome::done() };
        match event {
            Event::TestExplained { model_id: of, number, diagnosis }
                if of == model_id && *number == result.number =>
            {
                result.why = Why::Known(diagnosis.clone());
            }
            Event::CollaboratorAdded { project_id, username }
                if result.wants_collaborator(project_id, username) =>
            {
                result.mended = true;
            }
            _ => return Outcome::done(),
        }
        self.rewrap(shared);
        Outcome::done()
    }

    fn resized(&mut self, shared: &mut Shared) -> Outcome {
        self.rewrap(shared);
        Outcome::done()
    }

    fn draw(&self, shared: &Shared, frame: &mut Frame<'_>, area: Rect) {
        let theme = &shared.preferences.theme;
        let inside = frame_box(shared, &self.title, frame, area);
        let buf = frame.buffer_mut();
        for (row, (at, shown)) in inside.rows().zip(self.rows.iter().enumerate().skip(self.top)) {
            let here = self.tree.is_some() && at == self.at;
            put(buf, row, row.x, if here { shared.preferences.glyphs.cursor } else { " " }, theme.accent);
            let row = Rect { x: row.x + 1, width: row.width.saturating_sub(1), ..row };
            shown.draw(buf, row, row.x);
            let line = shown.text();
            let lower = line.to_lowercase();
            // Lower case may be longer; the columns would not fit then.
            if self.needle.is_empty() || lower.len() != line.len() {
                continue;
            }
            for (at, found) in lower.match_indices(&self.needle) {
                let before = line.get(..at).map_or(0, text::width) as u16;
                let marked =
                    Rect { x: row.x.saturating_add(before), width: text::width(found) as u16, ..row };
                buf.set_style(marked.intersection(row), theme.matched);
            }
        }
        let below = self.rows.len().saturating_sub(self.top + usize::from(inside.height));
        self.draw_bottom(shared, frame, area, below);
    }
}

impl Viewer {
    /// On the lower border: how much is below, and the search.
    fn draw_bottom(&self, shared: &Shared, frame: &mut Frame<'_>, area: Rect, below: usize) {
        let theme = &shared.preferences.theme;
        let buf = frame.buffer_mut();
        let y = area.bottom().saturating_sub(1);
        let bottom = Rect { x: area.x + 2, y, width: area.width.saturating_sub(4), height: 1 };
        let bottom = bottom.intersection(area);
        let found = match self.matches {
            _ if self.needle.is_empty() => String::new(),
            0 => " no match ".to_owned(),
            n => format!(" in {} ", text::count(n, "line", "lines")),
        };
        let Some(field) = &self.search else {
            let below = match below {
                0 => String::new(),
                n => format!(" {} below ", text::count(n, "line", "lines")),
            };
            let x = put(buf, bottom, bottom.x, &below, theme.dim);
            if !found.is_empty() {
                put(buf, bottom, x + 1, &format!(" / {}{found}", text::clean(&self.needle)), theme.dim);
            }
            return;
        };
        let columns = (text::width(field.text()) as u16).saturating_add(5).min(bottom.width);
        put(buf, bottom, bottom.x, &" ".repeat(columns.into()), theme.text);
        put(buf, bottom, bottom.x + 1, "/", theme.key);
        let input = Rect { x: bottom.x + 3, width: columns.saturating_sub(4), ..bottom };
        field.render(input.intersection(bottom), buf, true, &shared.styles());
        put(buf, bottom, bottom.x + columns, &found, theme.dim);
    }
}
