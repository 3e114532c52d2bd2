//! How the tab looks.

use std::ops::RangeInclusive;

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Margin, Rect};
use ratatui::text::{Line, Text};

use super::details::Facts;
use super::rotation::questions::mark;
use super::rotation::steps::Rotations;
use crate::text;
use crate::tui::command::Command;
use crate::tui::key_list::{COMMENT, KeyList, Seen, Selected};
use crate::tui::layout::{WIDE_ROWS, beside, body, is_wide};
use crate::tui::parts::pane::{awaited, message, pane, rule};
use crate::tui::parts::reader::wrapped;
use crate::tui::shared::Shared;
use crate::wire::time;

/// Where the list is, and what is about its selected key.
struct Panes {
    list: Rect,
    /// Beside the list, if it leaves room.
    beside: Option<Rect>,
    /// The table inside the list's frame.
    table: Rect,
    /// Below the table, without the rule between them.
    below: Rect,
}

/// The least width of the list beside Details: its frame says how many keys there are and expire.
const LIST: u16 = 72;
/// The width of Details beside the list: a line of it is to hold most of a Key ID.
const DETAILS: RangeInclusive<u16> = 36..=80;
/// Rows of Details below the table, in a high window.
const BELOW: u16 = 6;

impl Panes {
    fn of(shared: &Shared, keys: &KeyList, seen: &Seen, area: Rect) -> Self {
        let needs = (keys.needed(shared, seen) + 2).max(LIST);
        let split = beside(area, needs, DETAILS).filter(|_| is_wide(shared));
        let (list, beside) = split.map_or((area, None), |(list, details)| (list, Some(details)));
        let inside = list.inner(Margin::new(1, 1));
        let rows = match beside {
            Some(_) => 0,
            None if shared.size.1 >= WIDE_ROWS => 1 + BELOW,
            // A line about the selected key.
            None => 2,
        };
        let [table, below] =
            inside.layout(&Layout::vertical([Constraint::Fill(1), Constraint::Length(rows)]));
        let below =
            Rect { y: below.y + below.height.min(1), height: below.height.saturating_sub(1), ..below };
        Self { list, beside, table, below }
    }

    /// Columns that a row shows whole, one bit each: Details do not repeat them.
    fn in_the_row(&self, shared: &Shared, keys: &KeyList, seen: &Seen) -> u64 {
        let whole = keys.needed(shared, seen) + 2 <= self.list.width;
        let cut = if whole { 0 } else { 1 << COMMENT };
        !(seen.hidden | cut)
    }
}

/// The area of the table at the current size.
pub fn table(shared: &Shared, keys: &KeyList, seen: &Seen) -> Rect {
    Panes::of(shared, keys, seen, body(shared)).table
}

pub fn draw(
    shared: &Shared,
    keys: &KeyList,
    rotations: &Rotations,
    seen: &Seen,
    frame: &mut Frame<'_>,
    area: Rect,
) {
    let panes = Panes::of(shared, keys, seen, area);
    let inside = pane(shared, "API keys", &keys.summary(shared), true, frame, panes.list);
    let known = keys.fetch.at.is_some();
    match known {
        true => list(shared, keys, seen, frame, &panes),
        false => message(shared, &without_list(shared, keys), frame, inside),
    }
    let facts = Facts::of_selected(keys, rotations).filter(|_| known);
    let in_the_row = panes.in_the_row(shared, keys, seen);
    let lines = |area: Rect| {
        let lines = facts.iter().flat_map(|facts| facts.lines(shared, in_the_row));
        let lines = lines.flat_map(|line| wrapped(line, area.width.saturating_sub(2).into()));
        lines.collect::<Vec<_>>()
    };
    if let Some(area) = panes.beside {
        let inside = pane(shared, "Details", "", false, frame, area);
        frame.render_widget(Text::from(lines(inside)), inside.inner(Margin::new(1, 0)));
    }
    if known && panes.beside.is_none() && !panes.below.is_empty() {
        rule(shared, frame, inside, panes.table.bottom());
        if panes.below.height > 1 {
            let title = Line::styled(" Details ", shared.preferences.theme.title);
            let row = Rect { x: inside.x + 1, y: panes.table.bottom(), width: 9, height: 1 };
            frame.render_widget(title, row.intersection(inside));
        }
        let text = match panes.below.height {
            1 => Text::from(summary(shared, keys, rotations)),
            // There is no room for blank lines between groups.
            _ => lines(panes.below).into_iter().filter(|line| line.width() > 0).collect(),
        };
        let margin = u16::from(panes.below.height > 1);
        frame.render_widget(text, panes.below.inner(Margin::new(margin, 0)));
    }
}

/// Draws the rows, or that there are none.
fn list(shared: &Shared, keys: &KeyList, seen: &Seen, frame: &mut Frame<'_>, panes: &Panes) {
    let table = panes.table;
    keys.draw(shared, seen, true, frame, (panes.list, table));
    if keys.is_empty() && table.height > 4 {
        let row = Rect { x: table.x + 3, y: table.y + 3, width: table.width.saturating_sub(3), height: 1 };
        let text = format!("No API keys yet. Press {} for a new one.", shared.key_of(Command::NewKey));
        frame.render_widget(Line::styled(text, shared.preferences.theme.dim), row);
    }
}

/// The text before any list has arrived.
fn without_list(shared: &Shared, keys: &KeyList) -> String {
    let (session, requests) = (&shared.session, &shared.requests);
    match (&keys.fetch.problem, &session.opening, &session.username) {
        (Some(problem), ..) => problem.clone(),
        (None, Some(opening), _) => opening.clone(),
        (None, None, None) => {
            let asking = requests.awaited().next().map(|request| request.id);
            awaited(shared, asking.or(requests.last_started()), "asking who you are")
        }
        (None, None, Some(user)) => {
            awaited(shared, keys.fetch.request, &format!("listing the API keys of {user}"))
        }
    }
}

/// The selected key in one line, without what the row already says: each move sends the line again.
fn summary(shared: &Shared, keys: &KeyList, rotations: &Rotations) -> String {
    let dot = shared.preferences.glyphs.separator;
    let key = match keys.selected() {
        None => return String::new(),
        Some(Selected::Legacy) => return " for API v1".to_owned(),
        Some(Selected::Key(key)) => key,
    };
    let mut text = match (mark(rotations, &key.key_id), time::parse(&key.created_at)) {
        (Some(mark), _) => format!(" being {mark} {dot} {} continues", shared.key_of(Command::RotateKey)),
        (None, Some(at)) => format!(" created {}", at.strftime("%Y-%m-%d %H:%M UTC")),
        (None, None) => format!(" created {}", key.created_at),
    };
    let known = shared.session.known_keys.iter().find(|known| known.key_id.as_deref() == Some(&key.key_id));
    if let Some(known) = known {
        let [copy, write] = [Command::CopyKey, Command::SaveKey].map(|command| shared.key_of(command));
        text.push_str(&format!(" {dot} {copy} copies the key, {write} writes it"));
        if known.tests > 0 {
            text.push_str(&format!(", {}", text::count(known.tests, "test", "tests")));
        }
    }
    text::clean(&text).into_owned()
}
