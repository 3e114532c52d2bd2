//! The history of notices, newest first, with request ids and hints.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::text;
use crate::tui::app::App;
use crate::tui::notices::Level;
use crate::tui::widgets::dialog::reader;

pub(super) fn view(app: &App, scroll: u16, frame: &mut Frame<'_>, area: Rect) {
    reader(app, "Notices", lines(app), scroll, frame, area);
}

pub(super) fn lines(app: &App) -> Vec<Line<'_>> {
    let theme = &app.preferences.theme;
    let mut lines = Vec::new();
    for notice in app.notices.history().iter().rev() {
        let (word, style) = match notice.level {
            Level::Info => ("info", theme.ok),
            Level::Warning => ("warning", theme.warn),
            Level::Error => ("error", theme.error),
        };
        lines.push(Line::from(vec![
            Span::styled(notice.at.strftime("%H:%M:%S UTC  ").to_string(), theme.dim),
            Span::styled(format!("{word:<8}"), style),
            Span::raw(text::clean(&notice.text)),
        ]));
        if let Some(hint) = &notice.hint {
            lines.push(Line::from(format!("    what to do: {}", text::clean(hint))));
        }
        if let Some(id) = &notice.request_id {
            lines.push(Line::styled(format!("    request id: {}", text::clean(id)), theme.dim));
        }
    }
    if lines.is_empty() {
        lines.push(Line::from("Nothing was told yet."));
    }
    lines
}
