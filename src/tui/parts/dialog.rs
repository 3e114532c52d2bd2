//! Boxes over a screen.

use ratatui::Frame;
use ratatui::layout::{Alignment, Margin, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span, Text};
use ratatui::widgets::{Block, Clear, Paragraph, Widget, Wrap};

use crate::tui::command::{Command, KeyContext};
use crate::tui::shared::Shared;

/// A box as large as its text, in the middle.
pub struct Dialog<'a> {
    title: &'a str,
    text: Text<'a>,
    /// What stays in sight below the text, where that has to scroll.
    foot: Text<'a>,
    scroll: u16,
    dangerous: bool,
}

/// Widest line that is comfortable to read, in columns: a Key ID and its name fit.
const COMFORTABLE: u16 = 76;

/// Where a dialog is, and the rows of its parts.
struct Parts {
    outer: Rect,
    text: u16,
    foot: u16,
    /// Rows of the text that have no room.
    hidden: u16,
}

impl Parts {
    fn inside(&self) -> Rect {
        let inside = inside_box(self.outer);
        // A box that takes the whole height has rows left under its text.
        Rect { height: inside.height.min(self.text + self.foot), ..inside }
    }
}

impl<'a> Dialog<'a> {
    pub fn new(title: &'a str, lines: Vec<Line<'a>>) -> Self {
        Self { title, text: Text::from(lines), foot: Text::default(), scroll: 0, dangerous: false }
    }

    /// The same for something that cannot be undone.
    #[must_use]
    pub fn dangerous(mut self) -> Self {
        self.dangerous = true;
        self
    }

    /// The same with lines that stay in sight below a text that is scrolled down by `scroll` rows, if there
    /// is no room for all of it.
    #[must_use]
    pub fn with_foot(mut self, foot: Vec<Line<'a>>, scroll: u16) -> Self {
        (self.foot, self.scroll) = (Text::from(foot), scroll);
        self
    }

    /// How far down the text can be scrolled in `area`, in rows.
    pub fn most_scroll(&self, area: Rect) -> u16 {
        self.parts(area).hidden
    }

    /// Where its lines are in `area`; the last one is that of the buttons.
    pub fn inside(&self, area: Rect) -> Rect {
        self.parts(area).inside()
    }

    fn parts(&self, area: Rect) -> Parts {
        let widest =
            self.text.lines.iter().chain(&self.foot.lines).map(Line::width).max().unwrap_or_default();
        let title = crate::text::width(self.title) + 2;
        let columns = u16::try_from(widest.max(title)).unwrap_or(u16::MAX).min(COMFORTABLE);
        let columns = columns.min(area.width.saturating_sub(6)).max(1);
        // A box that is nearly as wide as the area takes all of it.
        let width = centred(area, columns + 4, 0).width;
        let rows = |text: &Text<'a>| wrapped_rows(&paragraph(text.clone()), width.saturating_sub(4).max(1));
        let (text, foot) = (rows(&self.text), rows(&self.foot));
        let outer = centred(area, width, text + foot + 2);
        let hidden = (text + foot).saturating_sub(outer.height.saturating_sub(2)).min(text);
        Parts { outer, text: text - hidden, foot, hidden }
    }

    /// Draws the box over `area` and returns the inner area.
    pub fn render(self, shared: &Shared, frame: &mut Frame<'_>, area: Rect) -> Rect {
        let parts = self.parts(area);
        let (inside, Parts { outer, text, foot, hidden }) = (parts.inside(), parts);
        let theme = &shared.preferences.theme;
        let (border, title) =
            if self.dangerous { (theme.error, theme.error) } else { (theme.focused, theme.title) };
        styled_box(shared, self.title, (border, title), frame, outer);
        let scroll = self.scroll.min(hidden);
        let above = Rect { height: text.min(inside.height), ..inside };
        paragraph(self.text).scroll((scroll, 0)).render(above, frame.buffer_mut());
        let below = Rect { y: above.bottom(), height: inside.height - above.height, ..inside };
        paragraph(self.foot).render(below, frame.buffer_mut());
        if hidden > 0 && foot > 0 {
            say_more(shared, hidden - scroll, outer, frame);
        }
        inside
    }
}

fn paragraph(text: Text<'_>) -> Paragraph<'_> {
    Paragraph::new(text).wrap(Wrap { trim: false })
}

/// Says in the lower border of a box how many lines there are below what it shows.
pub fn say_more(shared: &Shared, below: u16, outer: Rect, frame: &mut Frame<'_>) {
    if below > 0 && outer.height > 1 && outer.width > 20 {
        let more = match below {
            1 => " 1 more line below ".to_owned(),
            below => format!(" {below} more lines below "),
        };
        let row = Rect { x: outer.x + 2, y: outer.bottom() - 1, width: outer.width - 4, height: 1 };
        Line::styled(more, shared.preferences.theme.dim).render(row, frame.buffer_mut());
    }
}

/// Rows that a paragraph takes at a width, counted by drawing it nowhere.
fn wrapped_rows(paragraph: &Paragraph<'_>, columns: u16) -> u16 {
    const MOST: u16 = 100;
    let area = Rect::new(0, 0, columns, MOST);
    let mut buffer = ratatui::buffer::Buffer::filled(area, ratatui::buffer::Cell::new("\u{1}"));
    paragraph.render(area, &mut buffer);
    let used = |y: u16| (0..columns).any(|x| !matches!(buffer[(x, y)].symbol(), "\u{1}" | " "));
    (0..MOST).rev().find(|y| used(*y)).map_or(0, |y| y + 1)
}

/// The area inside a box, with a blank column at each side.
pub fn inside_box(outer: Rect) -> Rect {
    outer.inner(Margin::new(2, 1))
}

/// Draws an empty, bordered box with a title, and returns its inner area. A blank column at each
/// side, inside and outside, separates the text and the box from what surrounds them.
pub fn frame_box(shared: &Shared, title: &str, frame: &mut Frame<'_>, outer: Rect) -> Rect {
    let theme = &shared.preferences.theme;
    styled_box(shared, title, (theme.focused, theme.title), frame, outer)
}

/// The same with a border and a title in these styles.
fn styled_box(
    shared: &Shared,
    title: &str,
    (border, title_style): (Style, Style),
    frame: &mut Frame<'_>,
    outer: Rect,
) -> Rect {
    let outer = outer.intersection(frame.area());
    let margin = Rect { x: outer.x.saturating_sub(1), width: outer.width.saturating_add(2), ..outer };
    Clear.render(margin.intersection(frame.area()), frame.buffer_mut());
    let block = Block::bordered()
        .border_set(shared.preferences.glyphs.border)
        .border_style(border)
        .title(Line::styled(format!(" {title} "), title_style))
        .title_alignment(Alignment::Left);
    block.render(outer, frame.buffer_mut());
    inside_box(outer)
}

/// The keys of a box, from the keymap: `y copy   w write to a file`. `contexts` are those of the box,
/// innermost first. Commands that are not available now are left out.
pub fn key_hints(
    shared: &Shared,
    contexts: &[KeyContext],
    hints: &[(Command, &str)],
    between: &str,
) -> Line<'static> {
    let theme = &shared.preferences.theme;
    let usable = hints.iter().filter_map(|(command, label)| {
        let entry = shared.entry(*command, contexts).filter(|entry| shared.allows(entry))?;
        Some((shared.keymap.key_of(entry), *label))
    });
    let mut spans = Vec::new();
    for (key, label) in usable {
        if !spans.is_empty() {
            spans.push(Span::raw(between.to_owned()));
        }
        spans.extend([Span::styled(key, theme.key), Span::raw(format!(" {label}"))]);
    }
    Line::from(spans)
}

/// A rectangle of the wanted size in the middle of `area`, cut to fit. If it would be nearly as large
/// as the area, it covers all of it: two frames side by side are hard to read.
pub fn centred(area: Rect, columns: u16, rows: u16) -> Rect {
    let whole =
        |wanted: u16, most: u16, near: u16| if most.saturating_sub(wanted) <= near { most } else { wanted };
    let (width, height) = (whole(columns, area.width, 4), whole(rows, area.height, 2));
    Rect { x: area.x + (area.width - width) / 2, y: area.y + (area.height - height) / 2, width, height }
}
