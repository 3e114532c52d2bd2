//! The history of notices, newest first, with request ids and hints.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::text;
use crate::tui::command::{Command, KeyContext};
use crate::tui::layer::{Layer, Outcome};
use crate::tui::layout;
use crate::tui::notices::Level;
use crate::tui::parts::reader::{Scroll, reader};
use crate::tui::shared::Shared;

/// The history of notices.
#[derive(Debug, Default)]
pub struct NoticeHistory {
    scroll: Scroll,
}

impl Layer for NoticeHistory {
    fn name(&self) -> &'static str {
        "notices"
    }

    fn contexts(&self, _shared: &Shared) -> Vec<KeyContext> {
        vec![KeyContext::Notices, KeyContext::Reader]
    }

    fn command(&mut self, shared: &mut Shared, command: Command) -> Outcome {
        match command {
            Command::Help | Command::Notices => Outcome::pop(),
            other if self.scroll.command(other, lines(shared), layout::body(shared)) => Outcome::done(),
            _ => Outcome::ignored(),
        }
    }

    fn draw(&self, shared: &Shared, frame: &mut Frame<'_>, area: Rect) {
        reader(shared, "Notices", lines(shared), self.scroll, frame, area);
    }
}

fn lines(shared: &Shared) -> Vec<Line<'_>> {
    let theme = &shared.preferences.theme;
    let mut lines = Vec::new();
    for notice in shared.notices.history().iter().rev() {
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
        lines.push(Line::from("No notices yet."));
    }
    lines
}
