//! A text that scrolls: help, notices, details.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Paragraph, Widget};

use super::dialog::{centred, frame_box, say_more};
use crate::text;
use crate::tui::command::Command;
use crate::tui::shared::Shared;

/// How far a text is scrolled down, in lines.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Scroll(u16);

impl Scroll {
    /// Scrolls `lines` as laid out in `area`; `false` for other commands.
    pub fn command(&mut self, command: Command, lines: Vec<Line<'_>>, area: Rect) -> bool {
        let page = area.height / 2;
        let last = last_scroll(lines, area);
        let to = match command {
            Command::Up => self.0.saturating_sub(1),
            Command::Down => self.0.saturating_add(1),
            Command::PageUp => self.0.saturating_sub(page),
            Command::PageDown => self.0.saturating_add(page),
            Command::First => 0,
            Command::Last => last,
            _ => return false,
        };
        self.0 = to.min(last);
        true
    }
}

/// Wraps a line; continuation lines are indented to its last span.
pub fn wrapped(line: Line<'_>, columns: usize) -> Vec<Line<'_>> {
    if line.width() <= columns {
        return vec![line];
    }
    let style = line.style;
    let mut spans = line.spans;
    let Some(last) = spans.pop() else { return Vec::new() };
    let blanks = last.content.len() - last.content.trim_start_matches(' ').len();
    let head: usize = spans.iter().map(Span::width).sum();
    let mut indent = head + blanks;
    let mut lines = Vec::new();
    if indent > columns / 3 {
        lines.push(Line::from(std::mem::take(&mut spans)).style(style));
        indent = 4.min(columns / 2);
    }
    for part in text::wrap(&last.content, columns - indent) {
        let before = indent - spans.iter().map(Span::width).sum::<usize>();
        spans.push(Span::raw(" ".repeat(before)));
        spans.push(Span::styled(part, last.style));
        lines.push(Line::from(std::mem::take(&mut spans)).style(style));
    }
    lines
}

/// The area of a reader with `lines`, and its lines as drawn.
fn laid_out<'a>(lines: Vec<Line<'a>>, area: Rect) -> (Rect, Vec<Line<'a>>) {
    let widest = lines.iter().map(Line::width).max().unwrap_or_default();
    let columns = u16::try_from(widest).unwrap_or(u16::MAX).saturating_add(4).max(40).min(area.width);
    let room = usize::from(columns.saturating_sub(4)).max(1);
    let lines: Vec<_> = lines.into_iter().flat_map(|line| wrapped(line, room)).collect();
    let rows = u16::try_from(lines.len()).unwrap_or(u16::MAX);
    (centred(area, columns, rows.saturating_add(2)), lines)
}

/// How far down the lines of a reader can be scrolled.
fn last_scroll(lines: Vec<Line<'_>>, area: Rect) -> u16 {
    let (outer, lines) = laid_out(lines, area);
    u16::try_from(lines.len()).unwrap_or(u16::MAX).saturating_sub(outer.height.saturating_sub(2))
}

/// A box over nearly the whole of `area` with lines that wrap and scroll.
pub fn reader(
    shared: &Shared,
    title: &str,
    lines: Vec<Line<'_>>,
    scroll: Scroll,
    frame: &mut Frame<'_>,
    area: Rect,
) {
    let (outer, lines) = laid_out(lines, area);
    let rows = u16::try_from(lines.len()).unwrap_or(u16::MAX);
    let inside = frame_box(shared, title, frame, outer);
    let scroll = scroll.0.min(rows.saturating_sub(inside.height));
    let below = rows.saturating_sub(inside.height).saturating_sub(scroll);
    Paragraph::new(lines).scroll((scroll, 0)).render(inside, frame.buffer_mut());
    say_more(shared, below, outer, frame);
}
