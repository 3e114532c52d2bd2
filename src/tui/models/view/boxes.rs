//! What lies over the tab: one result whole, something to choose from, a name to type.

use ratatui::Frame;
use ratatui::layout::Rect;

use super::{cursor, put};
use crate::text;
use crate::tui::app::App;
use crate::tui::widgets::dialog::{centred, frame_box};

/// One result, whole: as much of it as there are rows.
pub fn viewer(app: &App, frame: &mut Frame<'_>, area: Rect) {
    let Some(viewer) = &app.models.viewer else { return };
    let theme = &app.preferences.theme;
    let inside = frame_box(app, &viewer.title, frame, area);
    let buf = frame.buffer_mut();
    let lines = viewer.lines.iter().skip(viewer.top).take(inside.height.into());
    for (row, line) in inside.rows().zip(lines) {
        let style = if line.starts_with(' ') { theme.text } else { theme.title };
        put(buf, row, row.x, line, style);
        let lower = line.to_lowercase();
        // Lower case may be longer; the columns would not fit then.
        if !viewer.needle.is_empty() && lower.len() == line.len() {
            for (at, found) in lower.match_indices(&viewer.needle) {
                let before = line.get(..at).map_or(0, text::width) as u16;
                let marked =
                    Rect { x: row.x.saturating_add(before), width: text::width(found) as u16, ..row };
                buf.set_style(marked.intersection(row), theme.matched);
            }
        }
    }
    let below = viewer.lines.len().saturating_sub(viewer.top + usize::from(inside.height));
    let bottom = Rect {
        x: area.x + 2,
        y: area.bottom().saturating_sub(1),
        width: area.width.saturating_sub(4),
        height: 1,
    };
    let bottom = bottom.intersection(area);
    let found = match viewer.matches {
        _ if viewer.needle.is_empty() => String::new(),
        0 => " no match ".to_owned(),
        n => format!(" in {} ", text::count(n, "line", "lines")),
    };
    match &viewer.search {
        Some(field) => {
            let columns = (text::width(field.text()) as u16).saturating_add(5).min(bottom.width);
            put(buf, bottom, bottom.x, &" ".repeat(columns.into()), theme.text);
            put(buf, bottom, bottom.x + 1, "/", theme.key);
            let place = Rect { x: bottom.x + 3, width: columns.saturating_sub(4), ..bottom };
            field.render(place.intersection(bottom), buf, true, &app.styles());
            put(buf, bottom, bottom.x + columns, &found, theme.dim);
        }
        None => {
            let below = if below > 0 {
                format!(" {} below ", text::count(below, "line", "lines"))
            } else {
                String::new()
            };
            let x = put(buf, bottom, bottom.x, &below, theme.dim);
            if !found.is_empty() {
                put(buf, bottom, x + 1, &format!(" / {}{found}", text::clean(&viewer.needle)), theme.dim);
            }
        }
    }
}

/// Something to choose from.
pub fn chooser(app: &App, frame: &mut Frame<'_>, area: Rect) {
    let Some(chooser) = &app.models.chooser else { return };
    let rows = u16::try_from(chooser.options.len()).unwrap_or(u16::MAX).saturating_add(2);
    let inside = frame_box(app, chooser.title, frame, centred(area, 68, rows));
    let height = usize::from(inside.height);
    let top = (chooser.selected + 1).saturating_sub(height);
    for (row, (at, (label, _))) in inside.rows().zip(chooser.options.iter().enumerate().skip(top)) {
        let (sign, style) = cursor(app, at == chooser.selected, true);
        let line = format!("{sign} {}", text::clean(label));
        let line = text::truncate(&line, row.width.into());
        put(frame.buffer_mut(), row, row.x, &line, style);
    }
}

/// A name to type.
pub fn prompt(app: &App, frame: &mut Frame<'_>, area: Rect) {
    let Some(prompt) = &app.models.prompt else { return };
    let theme = &app.preferences.theme;
    let inside = frame_box(app, prompt.purpose.title(), frame, centred(area, 60, 4));
    let mut rows = inside.rows();
    if let Some(row) = rows.next() {
        prompt.field.render(row, frame.buffer_mut(), true, &app.styles());
    }
    if let Some(row) = rows.next() {
        let words = prompt.problem.as_deref().unwrap_or("Enter takes it, Esc goes back");
        let style = if prompt.problem.is_some() { theme.error } else { theme.dim };
        put(frame.buffer_mut(), row, row.x, &text::truncate(words, row.width.into()), style);
    }
}
