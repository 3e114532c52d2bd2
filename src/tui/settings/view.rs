//! How the tab looks.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Margin, Rect};
use ratatui::text::Line;
use ratatui::widgets::{Paragraph, Wrap};

use super::details::Facts;
use super::rotation::questions::mark;
use super::rotation::steps::Rotations;
use crate::text;
use crate::tui::command::Command;
use crate::tui::key_list::{KeyList, Seen, Selected};
use crate::tui::layout::{body, is_wide};
use crate::tui::parts::pane::{awaited, message, pane, rule};
use crate::tui::shared::Shared;
use crate::wire::time;

/// Rows below the table: a rule, and a line about the selected key.
const FOOT: u16 = 2;

/// The areas of the list and, if there is room, of the details beside it.
fn panes(shared: &Shared, area: Rect) -> (Rect, Option<Rect>) {
    if !is_wide(shared) {
        return (area, None);
    }
    let width = (area.width * 36 / 100).clamp(34, 60);
    let [list, details] = area.layout(&Layout::horizontal([Constraint::Fill(1), Constraint::Length(width)]));
    (list, Some(details))
}

/// The area of the table in a pane with this inner area.
fn table_in(inside: Rect, has_foot: bool) -> Rect {
    let foot = if has_foot { FOOT } else { 0 };
    Rect { height: inside.height.saturating_sub(foot), ..inside }
}

/// The area of the table at the current size.
pub fn table(shared: &Shared) -> Rect {
    let (list, details) = panes(shared, body(shared));
    table_in(list.inner(Margin::new(1, 1)), details.is_none())
}

pub fn draw(
    shared: &Shared,
    keys: &KeyList,
    rotations: &Rotations,
    seen: &Seen,
    frame: &mut Frame<'_>,
    area: Rect,
) {
    let (list_area, details_area) = panes(shared, area);
    list(shared, keys, seen, details_area.is_none().then_some(rotations), frame, list_area);
    if let Some(area) = details_area {
        let inside = pane(shared, "Details", "", false, frame, area);
        let inside = Rect { x: inside.x + 1, width: inside.width.saturating_sub(2), ..inside };
        let facts = Facts::of_selected(keys, rotations);
        let lines = facts.map(|facts| facts.lines(shared)).unwrap_or_default();
        frame.render_widget(Paragraph::new(lines).wrap(Wrap { trim: false }), inside);
    }
}

/// Draws the list; with rotations it has a foot, about the selected key.
fn list(
    shared: &Shared,
    keys: &KeyList,
    seen: &Seen,
    foot: Option<&Rotations>,
    frame: &mut Frame<'_>,
    area: Rect,
) {
    let inside = pane(shared, "API keys", &keys.summary(shared), true, frame, area);
    if keys.fetch.at.is_none() {
        return message(shared, &without_list(shared, keys), frame, inside);
    }
    let table = table_in(inside, foot.is_some());
    keys.draw(shared, seen, frame, area, table);
    if keys.is_empty() && table.height > 4 {
        let row = Rect { x: table.x + 3, y: table.y + 3, width: table.width.saturating_sub(3), height: 1 };
        let text = format!("No API keys yet. Press {} for a new one.", shared.key_of(Command::NewKey));
        frame.render_widget(Line::styled(text, shared.preferences.theme.dim), row);
    }
    if let Some(rotations) = foot.filter(|_| inside.height > FOOT) {
        rule(shared, frame, inside, table.bottom());
        let row = Rect { y: table.bottom() + 1, height: 1, ..inside };
        frame.render_widget(Line::from(summary(shared, keys, rotations)), row);
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
        Some(Selected::Legacy) => return " for cdswctl and the v1 API".to_owned(),
        Some(Selected::Key(key)) => key,
    };
    let mut text = match (mark(rotations, &key.key_id), time::parse(&key.created_at)) {
        (Some(mark), _) => format!(" being {mark} {dot} {} continues", shared.key_of(Command::RotateKey)),
        (None, Some(at)) => format!(" created {}", at.strftime("%Y-%m-%d %H:%M UTC")),
        (None, None) => format!(" created {}", key.created_at),
    };
    let known = shared.session.known_keys.iter().find(|known| known.key_id.as_deref() == Some(&key.key_id));
    if let Some(known) = known {
        text.push_str(&format!(" {dot} at hand, {}", text::count(known.tests, "test", "tests")));
    }
    text::clean(&text).into_owned()
}
