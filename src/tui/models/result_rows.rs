//! One result in rows that fit a width: for the pane beside the results, and for the whole screen.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::draw::put;
use crate::text;
use crate::tui::model_result::TestResult;
use crate::tui::shared::Shared;
use crate::tui::widgets::json_tree::{JsonTree, Token};

/// Larger bodies are neither laid out nor highlighted beside the list, only on the whole screen.
const LARGE: usize = 256 * 1024;
/// As much of a large body is shown there.
const BEGINNING: usize = 16 * 1024;
/// Cells of the bar of phases.
const BAR: usize = 20;

/// A row, and the line of the body that it shows.
#[derive(Debug, Default, Clone)]
pub struct Row {
    pub spans: Vec<(String, Style)>,
    /// The line of the tree that it is part of.
    pub node: Option<usize>,
}

impl Row {
    pub fn new(text: impl Into<String>, style: Style) -> Self {
        Self { spans: vec![(text.into(), style)], node: None }
    }

    /// The same with more text.
    #[must_use]
    pub fn and(mut self, text: impl Into<String>, style: Style) -> Self {
        self.spans.push((text.into(), style));
        self
    }

    pub fn text(&self) -> String {
        self.spans.iter().map(|(text, _)| text.as_str()).collect()
    }

    /// Draws it from column `x` of a line.
    pub fn draw(&self, buf: &mut Buffer, line: Rect, mut x: u16) {
        for (text, style) in &self.spans {
            x = put(buf, line, x, text, *style);
        }
    }

    /// In rows of at most `columns`; what follows is indented like the first.
    fn wrap(self, columns: usize) -> Vec<Self> {
        let whole = self.text();
        if text::width(&whole) <= columns || columns < 8 {
            return vec![self];
        }
        let indent = whole.len() - whole.trim_start().len();
        let indent = if indent + 8 > columns { 0 } else { indent };
        let mut rows = vec![Self { spans: Vec::new(), node: self.node }];
        let mut used = 0;
        for (text, style) in self.spans {
            let mut rest = text.as_str();
            while !rest.is_empty() {
                let mut fits = prefix(rest, columns - used);
                if fits.is_empty() {
                    rows.push(Self { spans: vec![(" ".repeat(indent), style)], node: self.node });
                    used = indent;
                    fits = prefix(rest, columns - used);
                    if fits.is_empty() {
                        break;
                    }
                }
                used += text::width(fits);
                if let Some(row) = rows.last_mut() {
                    row.spans.push((fits.to_owned(), style));
                }
                rest = &rest[fits.len()..];
            }
        }
        rows
    }
}

/// As much of the beginning of `text` as fits into `columns`.
fn prefix(text: &str, columns: usize) -> &str {
    let mut used = 0;
    let end = text.char_indices().find(|(_, c)| {
        used += text::width(c.encode_utf8(&mut [0; 4]));
        used > columns
    });
    &text[..end.map_or(text.len(), |(at, _)| at)]
}

/// Every row in rows of at most `columns`.
pub fn wrapped(rows: impl IntoIterator<Item = Row>, columns: usize) -> Vec<Row> {
    rows.into_iter().flat_map(|row| row.wrap(columns)).collect()
}

/// The body as a tree, if it is JSON; `whole` however large it is.
pub fn tree(result: &TestResult, whole: bool) -> Option<JsonTree> {
    let answer = result.call.answer()?;
    if !whole && answer.body.len() > LARGE {
        return None;
    }
    answer.json().map(|json| JsonTree::new(&text::clean_lines(&text::json::pretty(json))))
}

/// `HTTP 200  success  replica add-1  12.4 ms  84 B`, the status in the colour of what it means.
pub fn status(shared: &Shared, result: &TestResult) -> Row {
    let theme = &shared.preferences.theme;
    let style = if result.failure().is_some() { theme.error } else { theme.ok };
    let word = result.failure().map_or("success", |kind| kind.label());
    let row = match &result.call.outcome {
        Ok(answer) => Row::new(format!("HTTP {}  {word}", answer.status), style),
        Err(_) => Row::new("no answer", style),
    };
    let replica = result.replica().map(|id| format!("  {}", text::clean(id))).unwrap_or_default();
    let size = result.size().map(|size| format!("  {}", text::size(size))).unwrap_or_default();
    row.and(format!("  {}{size}", text::latency(result.call.total)), theme.text).and(replica, theme.dim)
}

/// The phases of a call as one bar, and the longest of them by name.
pub fn phases(shared: &Shared, result: &TestResult) -> Option<Row> {
    const SHADES: [(&str, &str); 5] = [("·", "."), ("░", ":"), ("▒", "+"), ("█", "#"), ("▓", "=")];
    let theme = &shared.preferences.theme;
    let ascii = shared.styles().ascii;
    let whole = result.call.total.as_secs_f64();
    let phases: Vec<_> = result.call.phases.iter().collect();
    let (longest, time) =
        phases.iter().filter_map(|(name, time)| Some((*name, (*time)?))).max_by_key(|(_, time)| *time)?;
    let share = |time: f64| if whole > 0.0 { time / whole } else { 0.0 };
    let mut bar = String::new();
    let (mut upto, mut drawn) = (0.0, 0);
    for ((_, time), (shade, plain)) in phases.iter().zip(SHADES) {
        upto += share(time.unwrap_or_default().as_secs_f64());
        let end = ((upto * BAR as f64).round() as usize).min(BAR);
        bar.push_str(&(if ascii { plain } else { shade }).repeat(end.saturating_sub(drawn)));
        drawn = drawn.max(end);
    }
    let percent = (share(time.as_secs_f64()) * 100.0).round();
    let note = format!(" {longest} {} ({percent} %)", text::latency(time));
    Some(Row::new(bar, theme.accent).and(note, theme.dim))
}

/// The body: highlighted where it is JSON, else as it came, or as much of it as is shown here.
pub fn body(shared: &Shared, result: &TestResult, tree: Option<&JsonTree>) -> Vec<Row> {
    let theme = &shared.preferences.theme;
    let style = |token| match token {
        Token::Punctuation => theme.dim,
        Token::Name => theme.accent,
        Token::Text => theme.ok,
        Token::Number => theme.text,
        Token::Word => theme.warn,
    };
    if let Some(tree) = tree {
        let row = |(node, parts): (usize, Vec<(Token, String)>)| Row {
            spans: parts.into_iter().map(|(token, text)| (text, style(token))).collect(),
            node: Some(node),
        };
        return tree.rows().map(row).collect();
    }
    let Some(answer) = result.call.answer() else { return Vec::new() };
    let shown = &answer.body[..answer.body.len().min(BEGINNING)];
    let text = text::clean_lines(&String::from_utf8_lossy(shown));
    let mut rows: Vec<Row> = text.lines().map(|line| Row::new(line, theme.text)).collect();
    if shown.len() < answer.body.len() {
        let note = format!("… the first {} of it; Enter shows all", text::size(shown.len() as u64));
        rows.push(Row::new(note, theme.dim));
    }
    rows
}

/// The row of a cursor that was in row `at` of `before`, once the rows are made anew: it stays in its line of
/// the body, or goes to what that is folded into, and keeps its distance to the body elsewhere.
pub fn kept(before: &[Row], at: usize, after: &[Row]) -> usize {
    match before.get(at).and_then(|row| row.node) {
        Some(node) => {
            let shown = after.iter().filter_map(|row| row.node).filter(|shown| *shown <= node).max();
            after.iter().position(|row| row.node == shown).unwrap_or(at)
        }
        None if before.iter().take(at).any(|row| row.node.is_some()) => {
            (at + after.len()).saturating_sub(before.len())
        }
        None => at,
    }
}

/// Lines of a report: what is indented is text, the rest are heads.
pub fn report(shared: &Shared, lines: impl IntoIterator<Item = String>) -> Vec<Row> {
    let theme = &shared.preferences.theme;
    let row = |line: String| {
        let style = if line.starts_with(' ') { theme.text } else { theme.title };
        Row::new(line, style)
    };
    lines.into_iter().map(row).collect()
}
