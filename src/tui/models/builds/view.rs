//! How the builds of a model look: the list, and what is known of the selected one below or beside it.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::Style;
use ratatui::widgets::{Clear, Widget};

use super::Builds;
use super::details;
use super::row::Row;
use crate::actions::models::runtime;
use crate::text;
use crate::tui::layout::body;
use crate::tui::list::view::rows_in;
use crate::tui::list::{ListState, Shown};
use crate::tui::models::draw::put;
use crate::tui::models::layout::inside;
use crate::tui::models::list::view::deployment_sign;
use crate::tui::models::overview::whole;
use crate::tui::parts::pane::{message, pane, rule};
use crate::tui::shared::Shared;
use crate::wire::BuildState;

/// Rows of the details below the list.
const DETAILS: u16 = 10;

/// The table with its heads, the line below it, and the details of the selected build.
fn areas(area: Rect) -> [Rect; 3] {
    let inner = inside(area);
    let below = DETAILS.max(inner.height / 2).min(inner.height.saturating_sub(5));
    let parts = [Constraint::Fill(1), Constraint::Length(u16::from(below > 0)), Constraint::Length(below)];
    inner.layout(&Layout::vertical(parts))
}

/// The table with its heads.
pub fn table(shared: &Shared) -> Rect {
    let [table, ..] = areas(body(shared));
    table
}

/// How many builds are on the screen.
pub fn rows_in_sight(shared: &Shared, state: &ListState) -> usize {
    rows_in(table(shared), state)
}

pub fn draw(builds: &Builds, shared: &Shared, frame: &mut Frame<'_>, area: Rect) {
    Clear.render(area, frame.buffer_mut());
    let [table, line, facts] = areas(area);
    let all = (builds.list.all().len(), "build", "builds");
    let title = format!("Builds of {}", text::clean(&builds.path));
    let note = builds.fetch.note(shared, &builds.list.state, all);
    let inner = pane(shared, &title, &note, true, frame, area);
    if !line.is_empty() {
        rule(shared, frame, inner, line.y);
    }
    if builds.fetch.at.is_none() {
        return message(shared, &builds.fetch.instead(shared, "listing builds"), frame, table);
    }
    if builds.list.all().is_empty() {
        return message(shared, "no builds: this model was never built", frame, table);
    }
    let view = builds.list.view(shared).without_marks().framed(area);
    view.draw(frame, table, |at, cells| {
        let Some(row) = builds.list.all().get(at) else { return false };
        shown(shared, row, cells);
        false
    });
    if let Some(row) = builds.list.selected() {
        let why = builds.why_not(row);
        let lines = whole(&details::facts(shared, row, &why, &builds.seen), columns(facts));
        for (place, line) in facts.rows().zip(lines) {
            put(frame.buffer_mut(), place, place.x + 1, &line, shared.preferences.theme.text);
        }
    }
}

/// A blank column at each side.
fn columns(facts: Rect) -> usize {
    usize::from(facts.width.saturating_sub(2)).max(1)
}

fn shown<'a>(shared: &Shared, row: &'a Row, cells: &mut Vec<Shown<'a>>) {
    let build = &row.built.build;
    let (status, style) = build_sign(shared, build.state());
    cells.push(Shown::styled(format!("{status} {}", text::clean(&build.status)), style));
    cells.push(match row.deployment() {
        "" => Shown::new(""),
        status => {
            let (sign, style) = deployment_sign(shared, status);
            Shown::styled(format!("{sign} {}", text::clean(status)), style)
        }
    });
    cells.push(Shown::new(row.created.as_str()));
    cells.push(Shown::new(row.function.as_str()));
    cells.push(Shown::new(row.comment()));
    cells.push(Shown::new(runtime(build)));
    cells.push(Shown::styled(text::short_id(&build.id), shared.preferences.theme.dim).whole(&build.id));
}

/// A sign and a style for the status of a build.
fn build_sign(shared: &Shared, state: BuildState) -> (&'static str, Style) {
    let (theme, glyphs) = (&shared.preferences.theme, shared.preferences.glyphs);
    match state {
        BuildState::OnItsWay => (glyphs.soon, theme.warn),
        BuildState::Built => (glyphs.ok, theme.text),
        BuildState::Failed => (glyphs.bad, theme.error),
        BuildState::Unknown => (glyphs.unknown, theme.dim),
    }
}
