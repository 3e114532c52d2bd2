//! The history of notices, newest first, with request ids and hints.

use crossterm::event::KeyEvent;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::RequestList;
use crate::text;
use crate::tui::command::{Command, KeyContext};
use crate::tui::layer::{Layer, Outcome};
use crate::tui::layout;
use crate::tui::list::Pattern;
use crate::tui::list::filter::{Done, Filter};
use crate::tui::notices::Level;
use crate::tui::parts::pane::{filter_below, marked, no_match};
use crate::tui::parts::reader::{Scroll, reader};
use crate::tui::shared::Shared;

/// The history of notices.
#[derive(Debug, Default)]
pub struct NoticeHistory {
    scroll: Scroll,
    filter: Filter,
}

impl Layer for NoticeHistory {
    fn name(&self) -> &'static str {
        "notices"
    }

    fn contexts(&self, _shared: &Shared) -> Vec<KeyContext> {
        match self.filter.is_open() {
            true => vec![KeyContext::FilterField, KeyContext::Notices, KeyContext::Reader],
            false => vec![KeyContext::Notices, KeyContext::Reader],
        }
    }

    fn typing(&self, _shared: &Shared) -> bool {
        self.filter.is_open()
    }

    fn command(&mut self, shared: &mut Shared, command: Command) -> Outcome {
        match command {
            _ if self.filter.command(command) != Done::Not => {
                self.scroll = Scroll::default();
                Outcome::done()
            }
            // The same key again shows the other view.
            Command::Notices | Command::NextPart | Command::PreviousPart => {
                Outcome::replace(RequestList::new(shared))
            }
            other if self.scroll.command(other, lines(shared, &self.filter), layout::body(shared)) => {
                Outcome::done()
            }
            _ => Outcome::ignored(),
        }
    }

    fn key(&mut self, _shared: &mut Shared, key: KeyEvent) -> Outcome {
        self.filter.on_key(key);
        Outcome::done()
    }

    fn paste(&mut self, _shared: &mut Shared, text: &str) -> Outcome {
        self.filter.paste(text);
        Outcome::done()
    }

    fn draw(&self, shared: &Shared, frame: &mut Frame<'_>, area: Rect) {
        let area = filter_below(shared, &self.filter, frame, area);
        let title = format!("Notices ({} requests)", shared.key_of(Command::Notices));
        reader(shared, &title, lines(shared, &self.filter), self.scroll, frame, area);
    }
}

fn lines<'a>(shared: &'a Shared, filter: &Filter) -> Vec<Line<'a>> {
    let theme = &shared.preferences.theme;
    let pattern = Pattern::new(filter.text());
    let mut lines = Vec::new();
    for notice in shared.notices.history().iter().rev() {
        let (word, style) = match notice.level {
            Level::Info => ("info", theme.ok),
            Level::Warning => ("warning", theme.warn),
            Level::Error => ("error", theme.error),
        };
        let at = notice.at.strftime("%H:%M:%S UTC").to_string();
        let hint = notice.hint.as_deref().unwrap_or_default();
        let id = notice.request_id.as_deref().unwrap_or_default();
        if !pattern.keeps(&[&at, word, &notice.text, hint, id]) {
            continue;
        }
        let mut spans = marked(shared, &pattern, &at, theme.dim);
        spans.push(Span::raw("  "));
        spans.extend(marked(shared, &pattern, &format!("{word:<8}"), style));
        spans.extend(marked(shared, &pattern, &text::clean(&notice.text), theme.text));
        lines.push(Line::from(spans));
        for (head, value, style) in [("what to do", hint, theme.text), ("request id", id, theme.dim)] {
            if !value.is_empty() {
                let mut spans = vec![Span::styled(format!("    {head}: "), style)];
                spans.extend(marked(shared, &pattern, &text::clean(value), style));
                lines.push(Line::from(spans));
            }
        }
    }
    if lines.is_empty() {
        let none = shared.notices.history().is_empty();
        lines.push(Line::from(if none { "No notices yet.".to_owned() } else { no_match(shared) }));
    }
    lines
}
