//! Everything that is known about one API key.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::rotation::questions::mark;
use super::rotation::steps::Rotations;
use crate::text;
use crate::tui::command::{Command, KeyContext};
use crate::tui::event::Proof;
use crate::tui::key_list::when::{from_today, works};
use crate::tui::key_list::{AUDIENCE, COMMENT, EXPIRES, KeyList, STATUS, Selected, of_service, sign, status};
use crate::tui::layer::{Layer, Outcome};
use crate::tui::layout::body;
use crate::tui::parts::reader::{Scroll, reader};
use crate::tui::shared::Shared;
use crate::wire::{V2KeyDetails, time};

/// What the tab knows about the selected row.
#[derive(Debug)]
pub enum Facts {
    Legacy,
    Key {
        key: Box<V2KeyDetails>,
        /// `replaced by 5b1c…9f0a`
        mark: Option<String>,
        /// The key that it replaces, and how far it is proven.
        replaces: Option<(Box<V2KeyDetails>, Proof)>,
    },
}

impl Facts {
    pub fn of_selected(keys: &KeyList, rotations: &Rotations) -> Option<Self> {
        let key = match keys.selected()? {
            Selected::Legacy => return Some(Self::Legacy),
            Selected::Key(key) => key,
        };
        let replaces = rotations
            .to(&key.key_id)
            .and_then(|rotation| Some((Box::new(rotation.old.clone()), rotation.successor()?.proof.clone())));
        let mark = mark(rotations, &key.key_id);
        Some(Self::Key { key: Box::new(key.clone()), mark, replaces })
    }

    /// All of it but what `in_the_row` has, one bit for each column of the list.
    pub fn lines(&self, shared: &Shared, in_the_row: u64) -> Vec<Line<'static>> {
        match self {
            Self::Legacy => [
                "The legacy key (v1): one for each user.",
                "It cannot be deleted and does not expire.",
                "cdswctl and API v1 use it (Basic). Model calls do not need it.",
                &format!("{} replaces it; the old one then stops.", shared.key_of(Command::RotateKey)),
            ]
            .map(|line| Line::from(line.to_owned()))
            .into(),
            Self::Key { key, mark, replaces } => {
                let mut lines = of_key(shared, key, in_the_row);
                if let Some(member) = shared.session.service_of_own(key) {
                    lines.push(fact(shared, "service", &of_service::facts_text(&member)));
                }
                if let Some(mark) = mark {
                    let text =
                        format!("It is being {mark}. {} continues.", shared.key_of(Command::RotateKey));
                    lines.extend([Line::default(), Line::styled(text, shared.preferences.theme.warn)]);
                }
                if let Some((old, proof)) = replaces {
                    let (old_id, works) = (text::short_id(&old.key_id), works(shared, old));
                    let text = format!("{old_id}, which {works}; {}", proof.text());
                    lines.extend([Line::default(), fact(shared, "replaces", &text)]);
                }
                lines.extend(at_hand(shared, &key.key_id));
                lines
            }
        }
    }
}

fn fact(shared: &Shared, name: &str, value: &str) -> Line<'static> {
    Line::from(vec![
        Span::styled(format!("{name:<10}"), shared.preferences.theme.dim),
        Span::raw(text::clean(value).into_owned()),
    ])
}

/// A date from the workbench to the minute; the text itself if it is not a date.
fn minute(date: &str) -> String {
    time::parse(date).map_or_else(|| date.to_owned(), |at| at.strftime("%Y-%m-%d %H:%M UTC").to_string())
}

/// What the workbench lists of a key, without what `in_the_row` has.
fn of_key(shared: &Shared, key: &V2KeyDetails, in_the_row: u64) -> Vec<Line<'static>> {
    let shows = |column: usize| in_the_row >> column & 1 == 0;
    let dated = |date: &str| {
        let from_today = from_today(shared, date).map(|days| format!(", {days}")).unwrap_or_default();
        format!("{}{from_today}", minute(date))
    };
    let mut lines = vec![fact(shared, "Key ID", &key.key_id)];
    if shows(STATUS) {
        let status = status(shared, time::parse(&key.expiry_date));
        let (glyph, style) = sign(shared, status);
        lines.push(Line::from(vec![
            Span::styled("status    ", shared.preferences.theme.dim),
            Span::styled(format!("{glyph} {}", status.as_str()), style),
        ]));
    }
    if shows(EXPIRES) {
        lines.push(fact(shared, "expires", &dated(&key.expiry_date)));
    }
    lines.push(fact(shared, "created", &dated(&key.created_at)));
    // The row says `several` for more than it has room for.
    if shows(AUDIENCE) || key.audiences.len() > 1 {
        let audience = if key.audiences.is_empty() { "unknown".to_owned() } else { key.audiences.join(", ") };
        lines.push(fact(shared, "audience", &audience));
    }
    if shows(COMMENT) {
        lines.push(fact(shared, "comment", if key.comments.is_empty() { "none" } else { &key.comments }));
    }
    lines
}

/// What this run knows of a key.
fn at_hand(shared: &Shared, key_id: &str) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    let known = shared.session.known_keys.iter().find(|known| known.key_id.as_deref() == Some(key_id));
    if let Some(known) = known {
        let [copy, write] = [Command::CopyKey, Command::SaveKey].map(|command| shared.key_of(command));
        lines.push(fact(shared, "at hand", &format!("{copy} copies it, {write} writes it to a file")));
        if known.tests > 0 {
            lines.push(fact(
                shared,
                "used",
                &format!("for {} here", text::count(known.tests, "test", "tests")),
            ));
        }
    }
    if known.is_some() || shared.session.is_own(key_id) {
        lines.insert(0, Line::default());
    }
    if shared.session.is_own(key_id) {
        lines.push(Line::styled("keybench is signed in with it.", shared.preferences.theme.accent));
    }
    lines
}

/// The details in a box, if they do not fit beside the list.
#[derive(Debug)]
pub struct Details {
    facts: Facts,
    scroll: Scroll,
}

impl Details {
    pub fn new(facts: Facts) -> Self {
        Self { facts, scroll: Scroll::default() }
    }
}

impl Layer for Details {
    fn name(&self) -> &'static str {
        "details"
    }

    fn contexts(&self, _shared: &Shared) -> Vec<KeyContext> {
        vec![KeyContext::Reader]
    }

    fn command(&mut self, shared: &mut Shared, command: Command) -> Outcome {
        if command == Command::KeyDetails {
            return Outcome::pop();
        }
        match self.scroll.command(command, self.facts.lines(shared, 0), body(shared)) {
            true => Outcome::done(),
            false => Outcome::ignored(),
        }
    }

    fn draw(&self, shared: &Shared, frame: &mut Frame<'_>, area: Rect) {
        reader(shared, "API key", self.facts.lines(shared, 0), self.scroll, frame, area);
    }
}
