//! The answer of the selected result, beside the results or below them.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::results::why_rows;
use crate::tui::command::Command;
use crate::tui::model_result::{TestResult, Why};
use crate::tui::models::draw::put;
use crate::tui::models::result_rows::{self, Row};
use crate::tui::shared::Shared;
use crate::tui::widgets::json_tree::JsonTree;

/// Below this many rows the body comes before the timings.
const LOW: u16 = 8;

/// The answer that is in sight.
#[derive(Debug, Default)]
pub struct Answer {
    /// What the rows were made of; other rows are wanted once it is something else.
    made_of: Option<MadeOf>,
    tree: Option<JsonTree>,
    rows: Vec<Row>,
    /// The row that has the cursor.
    at: usize,
    /// The first row in sight.
    top: usize,
    /// Headers and request are shown, too.
    headers: bool,
}

/// What the rows of an answer depend on.
#[derive(Debug, Clone, PartialEq, Eq)]
struct MadeOf {
    number: u32,
    columns: u16,
    low: bool,
    headers: bool,
    /// How far the reason of a failure is known.
    why: u8,
}

impl MadeOf {
    fn of(result: &TestResult, area: Rect, headers: bool) -> Self {
        let why = match &result.why {
            _ if result.mended => 4,
            Why::Nothing => 0,
            Why::Unknown => 1,
            Why::Asking(_) => 2,
            Why::Known(_) => 3,
        };
        Self { number: result.number, columns: area.width, low: area.height < LOW, headers, why }
    }
}

impl Answer {
    /// Follows the selection: makes the rows of `result` for this area, unless they are there.
    pub fn follow(&mut self, shared: &Shared, result: Option<&TestResult>, area: Rect) {
        let Some(result) = result else {
            *self = Self { headers: self.headers, ..Self::default() };
            return;
        };
        let wanted = MadeOf::of(result, area, self.headers);
        if self.made_of.as_ref().is_none_or(|made_of| made_of.number != wanted.number) {
            self.tree = result_rows::tree(result, false);
            (self.at, self.top) = (0, 0);
        }
        if self.made_of.as_ref() != Some(&wanted) {
            self.made_of = Some(wanted);
            self.make(shared, result);
        }
        self.scroll(area.height);
    }

    fn make(&mut self, shared: &Shared, result: &TestResult) {
        let Some(MadeOf { columns, low, .. }) = self.made_of else { return };
        let columns = usize::from(columns.saturating_sub(1)).max(1);
        let mut rows = vec![result_rows::status(shared, result)];
        let phases = result_rows::phases(shared, result);
        let why = why_rows(shared, result, columns);
        rows.extend(why);
        let body = result_rows::body(shared, result, self.tree.as_ref());
        if low {
            rows.extend(body);
            rows.extend(phases);
        } else {
            rows.extend(phases);
            rows.extend(body);
        }
        if self.headers {
            rows.push(Row::default());
            rows.extend(result_rows::report(shared, result.tail()));
        }
        let rows = result_rows::wrapped(rows, columns);
        self.at = result_rows::kept(&self.rows, self.at, &rows).min(rows.len().saturating_sub(1));
        self.rows = rows;
    }

    /// Keeps the cursor in sight.
    fn scroll(&mut self, height: u16) {
        let height = usize::from(height).max(1);
        let lowest = (self.at + 1).saturating_sub(height);
        self.top = self.top.clamp(lowest, self.at.max(lowest)).min(self.rows.len().saturating_sub(1));
    }

    /// Moves and folds, where `area` is the pane; `false` where the command is something else. At its
    /// first row, going up is left to the host.
    pub fn command(&mut self, shared: &Shared, result: &TestResult, command: Command, area: Rect) -> bool {
        let page = usize::from(area.height).max(1);
        let last = self.rows.len().saturating_sub(1);
        match command {
            Command::Up if self.at == 0 => return false,
            Command::Up => self.at -= 1,
            Command::Down => self.at = (self.at + 1).min(last),
            Command::PageUp => self.at = self.at.saturating_sub(page),
            Command::PageDown => self.at = (self.at + page).min(last),
            Command::First => self.at = 0,
            Command::Last => self.at = last,
            Command::Headers => return self.show_headers(shared, result, area),
            Command::Fold => self.fold(shared, result),
            Command::FoldAll => {
                if let Some(tree) = &mut self.tree {
                    tree.toggle_all();
                    self.make(shared, result);
                }
            }
            _ => return false,
        }
        self.follow(shared, Some(result), area);
        true
    }

    /// Shows the headers and goes to them, or hides them.
    fn show_headers(&mut self, shared: &Shared, result: &TestResult, area: Rect) -> bool {
        let end = self.rows.len();
        self.headers = !self.headers;
        (self.at, self.top) = (0, 0);
        self.follow(shared, Some(result), area);
        if self.headers {
            self.at = (end + 1).min(self.rows.len().saturating_sub(1));
            self.top = self.at;
            self.scroll(area.height);
        }
        true
    }

    /// Folds what the cursor is in; where it is above the body, all of it.
    fn fold(&mut self, shared: &Shared, result: &TestResult) {
        let node = self.rows.get(self.at).and_then(|row| row.node);
        // Below the body there is nothing to fold.
        if node.is_none() && self.rows.iter().take(self.at).any(|row| row.node.is_some()) {
            return;
        }
        if self.tree.as_mut().is_some_and(|tree| tree.toggle(node.unwrap_or(0))) {
            self.make(shared, result);
        }
    }

    /// Draws it; the cursor where it has the focus.
    pub fn draw(&self, shared: &Shared, buf: &mut Buffer, area: Rect, focused: bool) {
        let theme = &shared.preferences.theme;
        for (line, (at, row)) in area.rows().zip(self.rows.iter().enumerate().skip(self.top)) {
            let sign = if focused && at == self.at { shared.preferences.glyphs.cursor } else { " " };
            put(buf, line, line.x, sign, theme.accent);
            row.draw(buf, line, line.x + 1);
        }
        let below = self.rows.len().saturating_sub(self.top + usize::from(area.height));
        if below > 0 && area.height > 0 {
            let note = format!(" {below} more ");
            let line = Rect { y: area.bottom() - 1, height: 1, ..area };
            let columns = crate::text::width(&note) as u16;
            put(buf, line, line.right().saturating_sub(columns), &note, theme.dim);
        }
    }
}
