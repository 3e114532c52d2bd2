//! Small things that every part of the tab draws with.

use std::borrow::Cow;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::text;
use crate::tui::parts::write::write;

/// Writes `text` and gives the column behind it.
pub fn put(buf: &mut Buffer, row: Rect, x: u16, text: &str, style: Style) -> u16 {
    if row.is_empty() || x >= row.right() {
        return x;
    }
    write(buf, x, row.y, text, row.right() - x, style)
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
