//! Small things that every part of the tab draws with.

use std::borrow::Cow;

use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::{Alignment, Rect};
use ratatui::style::Style;
use ratatui::text::Line;
use ratatui::widgets::{Block, Widget};

use crate::text;
use crate::tui::shared::Shared;

/// A border with a title at the left and a note at the right.
pub fn bordered(
    shared: &Shared,
    frame: &mut Frame<'_>,
    area: Rect,
    title: Line<'_>,
    note: Line<'_>,
    focused: bool,
) {
    let theme = &shared.preferences.theme;
    Block::bordered()
        .border_set(shared.preferences.glyphs.border)
        .border_style(if focused { theme.focused } else { theme.border })
        .title(title)
        .title(note.alignment(Alignment::Right))
        .render(area, frame.buffer_mut());
}

/// Writes `text` and gives the column behind it.
pub fn put(buf: &mut Buffer, row: Rect, x: u16, text: &str, style: Style) -> u16 {
    if row.is_empty() || x >= row.right() {
        return x;
    }
    buf.set_stringn(x, row.y, text, usize::from(row.right() - x), style).0
}

/// Writes `text` cut to `columns` and gives the column behind those.
pub fn cell(buf: &mut Buffer, row: Rect, x: u16, columns: u16, text: &str, style: Style) -> u16 {
    put(buf, row, x, &text::truncate(text, columns.into()), style);
    x.saturating_add(columns)
}

/// As much of `text` as fits between `x` and the end of the row.
pub fn fit<'a>(text: &'a str, row: Rect, x: u16) -> Cow<'a, str> {
    text::truncate(text, usize::from(row.right().saturating_sub(x)))
}
