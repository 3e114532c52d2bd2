//! The requests of this run, newest first: what came of each, and the headless command that does the same.

use std::borrow::Cow;

use crossterm::event::KeyEvent;
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::{Line, Span, Text};

use super::NoticeHistory;
use crate::text;
use crate::tui::command::{Command, KeyContext};
use crate::tui::layer::{Layer, Outcome};
use crate::tui::layout::body;
use crate::tui::list::view::rows_in;
use crate::tui::list::{Column, Key, List, ListView, Row, Shown, Width};
use crate::tui::parts::pane::{message, pane, rule};
use crate::tui::parts::reader::{Scroll, reader, wrapped};
use crate::tui::request_log::Entry;
use crate::tui::shared::Shared;

/// Rows below the list about the selected request.
const ABOUT: u16 = 5;

/// A request with its texts.
#[derive(Debug)]
struct Logged {
    id: String,
    at: String,
    result: String,
    took: String,
    entry: Entry,
}

impl From<&Entry> for Logged {
    fn from(entry: &Entry) -> Self {
        let result = match (&entry.problem, entry.status) {
            (None, None) => "ok".to_owned(),
            (Some(_), None) => "failed".to_owned(),
            (_, Some(status)) => status.to_string(),
        };
        Self {
            id: entry.number.to_string(),
            at: entry.at.strftime("%H:%M:%S").to_string(),
            result,
            took: entry.took.map(text::latency).unwrap_or_default(),
            entry: entry.clone(),
        }
    }
}

impl Row for Logged {
    const COLUMNS: &'static [Column] = &[
        Column::new("UTC", Width::Fixed(8)).unsorted(),
        Column::new("RESULT", Width::Fixed(6)).unsorted(),
        Column::new("TIME", Width::Fixed(9)).right().unsorted(),
        Column::new("REQUEST", Width::Fill(20)).unsorted(),
    ];

    fn id(&self) -> &str {
        &self.id
    }

    fn texts(&self, add: &mut dyn FnMut(usize, &str)) {
        let Entry { what, problem, command, .. } = &self.entry;
        for (column, text) in [&self.at, &self.result, &self.took, what].into_iter().enumerate() {
            add(column, text);
        }
        [problem, command].into_iter().flatten().for_each(|text| add(3, text));
    }

    fn key(&self, _column: usize) -> Key<'_> {
        Key::None
    }
}

/// The requests.
#[derive(Debug)]
pub struct RequestList {
    requests: List<Logged>,
    /// Those that the user did not ask for are listed too.
    all: bool,
    /// The selected one is shown whole.
    open: Option<Scroll>,
    /// How many have ended, in the list as it is.
    seen: u64,
}

impl RequestList {
    pub fn new(shared: &Shared) -> Self {
        let mut list = Self { requests: List::default(), all: false, open: None, seen: 0 };
        list.read(shared);
        list
    }

    /// Lists what has ended.
    fn read(&mut self, shared: &Shared) {
        let entries = shared.log.entries();
        self.seen = entries.back().map_or(0, |entry| entry.number);
        let listed = entries.iter().rev().filter(|entry| self.all || !entry.background);
        self.requests.replace(listed.map(Logged::from).collect());
    }

    /// The same, if there are more by now.
    fn follow(&mut self, shared: &Shared) {
        if shared.log.entries().back().is_some_and(|entry| entry.number != self.seen) {
            self.read(shared);
        }
    }

    /// The list, and below it what is about the selected request.
    fn parts(inside: Rect) -> [Rect; 2] {
        let about = if inside.height > 2 * ABOUT { ABOUT + 1 } else { 0 };
        inside.layout(&Layout::vertical([Constraint::Fill(1), Constraint::Length(about)]))
    }

    /// The selected request whole: what it did, why it failed, and what to type for the same.
    fn lines(&self, shared: &Shared, whole: bool) -> Vec<Line<'static>> {
        let theme = &shared.preferences.theme;
        let Some(Logged { at, result, took, entry, .. }) = self.requests.selected() else {
            return Vec::new();
        };
        let fact = |head: &str, value: &str, style| {
            let head = Span::styled(format!("{head:<10}"), theme.dim);
            Line::from(vec![head, Span::styled(text::clean(value).into_owned(), style)])
        };
        let mut lines = Vec::new();
        if whole {
            lines.push(fact("request", &entry.what, theme.text));
            lines.push(fact("begun", &format!("{at} UTC"), theme.text));
            lines.push(fact("result", &format!("{result}  {took}"), theme.text));
        }
        let id = entry.request_id.as_deref().map(|id| format!("request ID {id}"));
        let http: Vec<&str> = entry.method.iter().chain(&id).map(String::as_str).collect();
        if !http.is_empty() {
            let separator = format!(" {} ", shared.preferences.glyphs.separator);
            lines.push(fact("HTTP", &http.join(&separator), theme.text));
        }
        lines.extend(entry.problem.as_deref().map(|problem| fact("why", problem, theme.error)));
        lines.push(match &entry.command {
            Some(command) => fact("the same", command, theme.text),
            None => fact("the same", "no command does this", theme.dim),
        });
        lines
    }

    fn copy(&self, shared: &mut Shared) -> Outcome {
        let Some(row) = self.requests.selected() else { return Outcome::done() };
        let Some(command) = row.entry.command.clone() else {
            shared.notices.warning(shared.now, "no command does this");
            return Outcome::done();
        };
        shared.copy("command", command).into()
    }

    /// `4 requests · 37 of lists in sight hidden`
    fn note(&self, shared: &Shared) -> String {
        let hidden = match self.all {
            true => 0,
            false => shared.log.entries().iter().filter(|entry| entry.background).count(),
        };
        let separator = shared.preferences.glyphs.separator;
        let shown = text::count(self.requests.all().len(), "request", "requests");
        match hidden {
            0 => shown,
            _ => format!("{shown} {separator} {hidden} in the background, hidden"),
        }
    }
}

impl Layer for RequestList {
    fn name(&self) -> &'static str {
        "requests"
    }

    fn contexts(&self, _shared: &Shared) -> Vec<KeyContext> {
        match self.open {
            Some(_) => vec![KeyContext::Requests, KeyContext::Reader],
            None if self.requests.state.filter.is_open() => vec![KeyContext::FilterField, KeyContext::List],
            None => vec![KeyContext::Requests, KeyContext::List],
        }
    }

    fn typing(&self, _shared: &Shared) -> bool {
        self.requests.state.filter.is_open()
    }

    fn label(&self, _shared: &Shared, command: Command) -> Option<Cow<'static, str>> {
        let label = match command {
            Command::Open if self.open.is_some() || self.requests.state.is_empty() => "",
            Command::CopyCall if self.requests.state.is_empty() => "",
            Command::Background if self.open.is_some() => "",
            Command::Background if self.all => "hide background",
            _ => return None,
        };
        Some(label.into())
    }

    fn command(&mut self, shared: &mut Shared, command: Command) -> Outcome {
        self.follow(shared);
        if let (Some(mut scroll), true) = (self.open, command != Command::CopyCall) {
            if command == Command::Back {
                self.open = None;
                return Outcome::done();
            }
            let moved = scroll.command(command, self.lines(shared, true), body(shared));
            self.open = Some(scroll);
            return if moved { Outcome::done() } else { Outcome::ignored() };
        }
        let [list, _] = Self::parts(inside(body(shared)));
        match command {
            Command::Notices | Command::NextPart | Command::PreviousPart => {
                Outcome::replace(NoticeHistory::default())
            }
            Command::CopyCall => self.copy(shared),
            Command::Background => {
                self.all = !self.all;
                self.read(shared);
                Outcome::done()
            }
            Command::Open if self.requests.selected().is_some() => {
                self.open = Some(Scroll::default());
                Outcome::done()
            }
            other if self.requests.command(other, rows_in(list, &self.requests.state)) => Outcome::done(),
            _ => Outcome::ignored(),
        }
    }

    fn key(&mut self, _shared: &mut Shared, key: KeyEvent) -> Outcome {
        self.requests.key(key);
        Outcome::done()
    }

    fn paste(&mut self, _shared: &mut Shared, text: &str) -> Outcome {
        self.requests.paste(text);
        Outcome::done()
    }

    fn draw(&self, shared: &Shared, frame: &mut Frame<'_>, area: Rect) {
        if let Some(scroll) = self.open {
            return reader(shared, "Request", self.lines(shared, true), scroll, frame, area);
        }
        frame.render_widget(ratatui::widgets::Clear, area);
        let title = format!("Requests ({} notices)", shared.key_of(Command::Notices));
        let inside = pane(shared, &title, &self.note(shared), true, frame, area);
        if self.requests.all().is_empty() {
            return message(shared, "No requests have ended yet.", frame, inside);
        }
        let theme = &shared.preferences.theme;
        let [list, about] = Self::parts(inside);
        let view = ListView::of::<Logged>(shared, &self.requests.state).without_marks().framed(area);
        view.draw(frame, list, |row, cells| {
            let Some(Logged { at, result, took, entry, .. }) = self.requests.all().get(row) else {
                return false;
            };
            let style = if entry.problem.is_some() { theme.error } else { theme.ok };
            cells.push(Shown::styled(at.as_str(), theme.dim));
            cells.push(Shown::styled(result.as_str(), style));
            cells.push(Shown::new(took.as_str()));
            cells.push(Shown::new(entry.what.as_str()));
            false
        });
        if about.height > 1 {
            rule(shared, frame, inside, about.y);
            let columns = usize::from(about.width.saturating_sub(2));
            let lines = self.lines(shared, false).into_iter().flat_map(|line| wrapped(line, columns));
            let lines: Vec<_> = lines.take(ABOUT.into()).collect();
            let area =
                Rect { x: about.x + 1, y: about.y + 1, width: about.width.saturating_sub(2), height: ABOUT };
            frame.render_widget(Text::from(lines), area.intersection(inside));
        }
    }
}

/// The inside of the frame around the list.
fn inside(area: Rect) -> Rect {
    area.inner(ratatui::layout::Margin::new(1, 1))
}
