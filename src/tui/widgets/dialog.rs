//! Boxes over a screen.

use ratatui::Frame;
use ratatui::layout::{Alignment, Rect};
use ratatui::text::{Line, Span, Text};
use ratatui::widgets::{Block, Clear, Paragraph, Widget, Wrap};

use crate::text;
use crate::tui::app::App;
use crate::tui::command::{Command, Context};

/// A box as large as its text, in the middle.
pub struct Dialog<'a> {
    title: &'a str,
    text: Text<'a>,
}

/// Widest line that is comfortable to read, in columns.
const COMFORTABLE: u16 = 72;

impl<'a> Dialog<'a> {
    pub fn new(title: &'a str, lines: Vec<Line<'a>>) -> Self {
        Self { title, text: Text::from(lines) }
    }

    /// Draws the box over `area` and gives the place inside it.
    pub fn render(self, app: &App, frame: &mut Frame<'_>, area: Rect) -> Rect {
        let widest = self.text.lines.iter().map(Line::width).max().unwrap_or_default();
        let title = crate::text::width(self.title) + 2;
        let columns = u16::try_from(widest.max(title)).unwrap_or(u16::MAX).min(COMFORTABLE);
        let columns = columns.min(area.width.saturating_sub(6)).max(1);
        let paragraph = Paragraph::new(self.text).wrap(Wrap { trim: false });
        let rows = wrapped_rows(&paragraph, columns);
        let outer = centred(area, columns + 4, rows + 2);
        let inside = frame_box(app, self.title, frame, outer);
        // A box that takes the whole height has rows left under its text.
        let inside = Rect { height: inside.height.min(rows), ..inside };
        paragraph.render(inside, frame.buffer_mut());
        inside
    }
}

/// Rows that a paragraph takes at a width, counted by drawing it nowhere.
fn wrapped_rows(paragraph: &Paragraph<'_>, columns: u16) -> u16 {
    const MOST: u16 = 100;
    let area = Rect::new(0, 0, columns, MOST);
    let mut buffer = ratatui::buffer::Buffer::filled(area, ratatui::buffer::Cell::new("\u{1}"));
    paragraph.render(area, &mut buffer);
    let _ = &mut buffer;
    let used = |y: u16| (0..columns).any(|x| !matches!(buffer[(x, y)].symbol(), "\u{1}" | " "));
    (0..MOST).rev().find(|y| used(*y)).map_or(0, |y| y + 1)
}

/// A cleared, bordered box with a title; gives the place inside, one blank column at each side.
/// Outside it another blank column keeps it off the frames and words behind it.
pub fn frame_box(app: &App, title: &str, frame: &mut Frame<'_>, outer: Rect) -> Rect {
    let outer = outer.intersection(frame.area());
    let theme = &app.preferences.theme;
    let margin = Rect { x: outer.x.saturating_sub(1), width: outer.width.saturating_add(2), ..outer };
    Clear.render(margin.intersection(frame.area()), frame.buffer_mut());
    let block = Block::bordered()
        .border_set(app.preferences.glyphs.border)
        .border_style(theme.focused)
        .title(Line::styled(format!(" {title} "), theme.title))
        .title_alignment(Alignment::Left);
    let inside = block.inner(outer);
    block.render(outer, frame.buffer_mut());
    Rect { x: inside.x + inside.width.min(1), width: inside.width.saturating_sub(2), ..inside }
}

/// The keys that matter in a box, as the keymap has them: `y copy   w write to a file`. `contexts`
/// are those of the box, innermost first; commands that cannot be used now are left out.
pub fn key_hints(app: &App, contexts: &[Context], hints: &[(Command, &str)], between: &str) -> Line<'static> {
    let theme = &app.preferences.theme;
    let usable = hints.iter().filter_map(|(command, words)| {
        let entry = app.entry(*command, contexts).filter(|entry| app.allows(entry))?;
        Some((app.keymap.key_of(entry), *words))
    });
    let mut spans = Vec::new();
    for (key, words) in usable {
        if !spans.is_empty() {
            spans.push(Span::raw(between.to_owned()));
        }
        spans.extend([Span::styled(key, theme.key), Span::raw(format!(" {words}"))]);
    }
    Line::from(spans)
}

/// A rectangle of the wanted size in the middle of `area`, cut to it. One that is nearly as large
/// as the area covers it: two frames beside each other are hard to read.
pub fn centred(area: Rect, columns: u16, rows: u16) -> Rect {
    let whole =
        |wanted: u16, most: u16, near: u16| if most.saturating_sub(wanted) <= near { most } else { wanted };
    let (width, height) = (whole(columns, area.width, 4), whole(rows, area.height, 2));
    Rect { x: area.x + (area.width - width) / 2, y: area.y + (area.height - height) / 2, width, height }
}

/// A line in as many as it takes; what follows the first stands under its last span.
fn wrapped(line: Line<'_>, columns: usize) -> Vec<Line<'_>> {
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

/// Where a reader with `lines` lies in `area`, and its lines as they are drawn.
fn laid_out<'a>(lines: Vec<Line<'a>>, area: Rect) -> (Rect, Vec<Line<'a>>) {
    let widest = lines.iter().map(Line::width).max().unwrap_or_default();
    let columns = u16::try_from(widest).unwrap_or(u16::MAX).saturating_add(4).max(40).min(area.width);
    let room = usize::from(columns.saturating_sub(4)).max(1);
    let lines: Vec<_> = lines.into_iter().flat_map(|line| wrapped(line, room)).collect();
    let rows = u16::try_from(lines.len()).unwrap_or(u16::MAX);
    (centred(area, columns, rows.saturating_add(2)), lines)
}

/// How far down the lines of a reader can be scrolled.
pub fn last_scroll(lines: Vec<Line<'_>>, area: Rect) -> u16 {
    let (outer, lines) = laid_out(lines, area);
    u16::try_from(lines.len()).unwrap_or(u16::MAX).saturating_sub(outer.height.saturating_sub(2))
}

/// A box over nearly the whole of `area` with lines that wrap and scroll.
pub fn reader(app: &App, title: &str, lines: Vec<Line<'_>>, scroll: u16, frame: &mut Frame<'_>, area: Rect) {
    let (outer, lines) = laid_out(lines, area);
    let rows = u16::try_from(lines.len()).unwrap_or(u16::MAX);
    let inside = frame_box(app, title, frame, outer);
    let scroll = scroll.min(rows.saturating_sub(inside.height));
    let below = rows.saturating_sub(inside.height).saturating_sub(scroll);
    Paragraph::new(lines).scroll((scroll, 0)).render(inside, frame.buffer_mut());
    if below > 0 && outer.height > 1 && outer.width > 20 {
        let more = format!(" {below} more lines below ");
        let row = Rect { x: outer.x + 2, y: outer.bottom() - 1, width: outer.width - 4, height: 1 };
        Line::styled(more, app.preferences.theme.dim).render(row, frame.buffer_mut());
    }
}
