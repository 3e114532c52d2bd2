//! How the Models tab looks.

mod boxes;
mod list;
mod model;
mod results;
mod run;

use std::borrow::Cow;

use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::{Alignment, Rect};
use ratatui::style::Style;
use ratatui::text::Line;
use ratatui::widgets::{Block, Widget};

use super::layout;
use crate::text;
use crate::tui::app::App;
use crate::tui::view::is_wide;

/// Draws the tab.
pub fn view(app: &App, frame: &mut Frame<'_>, area: Rect) {
    if app.models.viewer.is_some() {
        boxes::viewer(app, frame, area);
    } else if let Some(runs) = app.models.runs_in_sight() {
        run::runs(app, runs, frame, area);
    } else {
        let halves = layout::halves(area, is_wide(app), app.models.open.is_some());
        if let Some(area) = halves.list {
            list::list(app, frame, area);
        }
        if let Some(area) = halves.model {
            model::model(app, frame, area);
        }
    }
    boxes::chooser(app, frame, area);
    boxes::prompt(app, frame, area);
}

/// The sign before a row and the row's style.
pub(super) fn cursor(app: &App, selected: bool, focused: bool) -> (&'static str, Style) {
    let theme = &app.preferences.theme;
    match (selected, focused) {
        (false, _) => (" ", theme.text),
        (true, true) => (app.preferences.glyphs.cursor, theme.selected),
        (true, false) => (app.preferences.glyphs.cursor, theme.selected_elsewhere),
    }
}

pub(super) fn bordered(
    app: &App,
    frame: &mut Frame<'_>,
    area: Rect,
    title: Line<'_>,
    right: Line<'_>,
    focused: bool,
) {
    let theme = &app.preferences.theme;
    Block::bordered()
        .border_set(app.preferences.glyphs.border)
        .border_style(if focused { theme.focused } else { theme.border })
        .title(title)
        .title(right.alignment(Alignment::Right))
        .render(area, frame.buffer_mut());
}

/// Writes `text` and gives the column behind it.
pub(super) fn put(buf: &mut Buffer, row: Rect, x: u16, text: &str, style: Style) -> u16 {
    if row.is_empty() || x >= row.right() {
        return x;
    }
    buf.set_stringn(x, row.y, text, usize::from(row.right() - x), style).0
}

/// Writes `text` cut to `columns` and gives the column behind those.
pub(super) fn cell(buf: &mut Buffer, row: Rect, x: u16, columns: u16, text: &str, style: Style) -> u16 {
    put(buf, row, x, &text::truncate(text, columns.into()), style);
    x.saturating_add(columns)
}

pub(super) fn fit<'a>(words: &'a str, line: Rect, x: u16) -> Cow<'a, str> {
    text::truncate(words, usize::from(line.right().saturating_sub(x)))
}
