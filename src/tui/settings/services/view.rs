//! How the services look.

use std::ops::RangeInclusive;

use ratatui::Frame;
use ratatui::layout::{Margin, Rect};
use ratatui::widgets::{Paragraph, Wrap};

use super::Services;
use super::facts::about;
use super::row::{ServiceRow, Stage};
use crate::text;
use crate::tui::layout::{beside, body, is_wide};
use crate::tui::list::view::rows_in;
use crate::tui::list::{ListView, Shown};
use crate::tui::parts::pane::{message, pane, rule};
use crate::tui::shared::Shared;

/// Rows about the selected service below the table, with the rule above them.
const FOOT: u16 = 7;
/// Rows that the table keeps.
const LEAST: u16 = 5;

/// The least width of the list beside Details.
const LIST: u16 = 76;
/// The width of Details.
const DETAILS: RangeInclusive<u16> = 36..=80;

/// The areas of the list and, if there is room, of the details beside it.
fn panes(shared: &Shared, area: Rect) -> (Rect, Option<Rect>) {
    let split = beside(area, LIST, DETAILS).filter(|_| is_wide(shared));
    split.map_or((area, None), |(list, details)| (list, Some(details)))
}

/// The table in a pane with this inner area, and what is below it.
fn parts(inside: Rect, is_narrow: bool) -> (Rect, Option<Rect>) {
    if !is_narrow || inside.height < LEAST + FOOT {
        return (inside, None);
    }
    let table = Rect { height: inside.height - FOOT, ..inside };
    (table, Some(Rect { y: table.bottom() + 1, height: FOOT - 1, ..inside }))
}

/// The area of the table at the current size.
pub fn table(shared: &Shared) -> Rect {
    let (list, details) = panes(shared, body(shared));
    parts(list.inner(Margin::new(1, 1)), details.is_none()).0
}

/// How many rows are in sight.
pub fn height(shared: &Shared, services: &Services) -> usize {
    rows_in(table(shared), &services.rows.state)
}

pub fn draw(shared: &Shared, services: &Services, frame: &mut Frame<'_>, area: Rect) {
    let (list, details) = panes(shared, area);
    let inside = pane(shared, "Services", &services.note(shared), true, frame, list);
    let selected = services.rows.selected();
    if let Some(area) = details {
        let inside = pane(shared, "Details", "", false, frame, area);
        if let Some(row) = selected {
            text_of(
                shared,
                row,
                frame,
                Rect { x: inside.x + 1, width: inside.width.saturating_sub(2), ..inside },
            );
        }
    }
    if services.rows.all().is_empty() {
        return message(shared, &services.instead(shared), frame, inside);
    }
    let (table, foot) = parts(inside, details.is_none());
    rows(shared, services, frame, list, table);
    if let (Some(foot), Some(row)) = (foot, selected) {
        rule(shared, frame, inside, table.bottom());
        text_of(shared, row, frame, Rect { x: foot.x + 1, width: foot.width.saturating_sub(2), ..foot });
    }
}

fn text_of(shared: &Shared, row: &ServiceRow, frame: &mut Frame<'_>, area: Rect) {
    frame.render_widget(Paragraph::new(about(shared, row)).wrap(Wrap { trim: false }), area);
}

fn rows(shared: &Shared, services: &Services, frame: &mut Frame<'_>, around: Rect, area: Rect) {
    let (theme, glyphs) = (&shared.preferences.theme, shared.preferences.glyphs);
    let view = ListView::of::<ServiceRow>(shared, &services.rows.state).without_marks().framed(around);
    let day = |day: &'_ str| if day.is_empty() { glyphs.none.to_owned() } else { day.to_owned() };
    view.draw(frame, area, |row, cells| {
        let Some(row) = services.rows.all().get(row) else { return false };
        let (sign, style) = match row.safe() {
            "safe" => (glyphs.active, theme.ok),
            "drifted" => (glyphs.soon, theme.warn),
            "unknown" => (glyphs.none, theme.dim),
            _ => (glyphs.bad, theme.error),
        };
        cells.push(Shown::new(row.name()));
        cells.push(Shown::styled(format!("{sign} {}", row.safe()), style));
        let until = if row.is_outdated() { "" } else { &row.until };
        cells.push(Shown::new(day(until)));
        cells.push(match row.stage {
            Stage::Applying => Shown::styled(row.next(), theme.accent),
            Stage::Failed => Shown::styled(row.next(), theme.error),
            Stage::Stopped => Shown::styled(row.next(), theme.warn),
            Stage::Planned | Stage::Applied | Stage::Unchanged => Shown::new(row.next()),
        });
        let due = if row.is_outdated() { "" } else { &row.due };
        cells.push(Shown::new(day(due)));
        cells.push(Shown::new(text::short_id(row.key_id())).whole(row.key_id()));
        false
    });
}
