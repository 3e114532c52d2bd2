//! How a check looks: its form; how far it is, the rows that differ, and the selected one whole.

use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::Style;
use ratatui::widgets::{Clear, Widget as _};

use super::Check;
use super::row::{off, side};
use crate::actions::check::{Report, counts, over_all};
use crate::text;
use crate::tui::command::Command;
use crate::tui::kept_check::LiveCheck;
use crate::tui::list::Shown;
use crate::tui::models::draw::{cell, fit, put};
use crate::tui::models::layout::inside;
use crate::tui::parts::dialog::{centred, frame_box};
use crate::tui::parts::pane::{message, pane, rule};
use crate::tui::shared::Shared;

/// Columns of a form's field.
const FIELD: u16 = 46;
/// Columns of a number that says how far another one is off.
const OFF: u16 = 10;

/// The parts of a check's area, from the top.
#[derive(Debug, Clone, Copy)]
pub struct Parts {
    head: Rect,
    /// The table of rows that differ.
    pub rows: Rect,
    rule: Rect,
    /// About the selected row, or about all of them.
    below: Rect,
}

/// Lays a check out; `head` is how many lines it takes to say how far it is.
pub fn parts(area: Rect, head: u16) -> Parts {
    let inner = inside(area);
    let below = (inner.height * 2 / 5).clamp(4, 12).min(inner.height / 2);
    let parts =
        [Constraint::Length(head), Constraint::Fill(1), Constraint::Length(1), Constraint::Length(below)];
    let [head, rows, rule, below] = inner.layout(&Layout::vertical(parts));
    Parts { head, rows, rule, below }
}

impl Check {
    /// What stands above the table, with its style.
    pub(super) fn head(&self, shared: &Shared, columns: u16) -> Vec<(String, Style)> {
        let theme = &shared.preferences.theme;
        let mut lines = Vec::new();
        let mut add = |text: &str, style| {
            let wrapped = text::wrap(text, usize::from(columns.saturating_sub(2)).max(1));
            lines.extend(wrapped.into_iter().take(3).map(|line| (line, style)));
        };
        if let Some(live) = &self.kept.live {
            add(&progress(shared, live), theme.accent);
        } else if let Some(checked) = &self.kept.checked {
            let report = &*checked.report;
            add(&summary(report), if report.is_passed() { theme.ok } else { theme.text });
            if let Some(stop) = &report.stop {
                let left = report.rows.saturating_sub(report.compared());
                add(&format!("{stop}: {} not compared", rows(left)), theme.error);
            }
        }
        lines
    }

    pub(super) fn parts(&self, shared: &Shared, area: Rect) -> Parts {
        let head = self.head(shared, inside(area).width).len();
        parts(area, u16::try_from(head).unwrap_or(u16::MAX))
    }

    pub(super) fn draw_form(&self, shared: &Shared, frame: &mut Frame<'_>, area: Rect) {
        let title = format!("Check {}", text::clean(&self.path));
        let area = frame_box(shared, &title, frame, centred(area, 72, 14));
        let (submit, back) = (shared.key_of(Command::Submit), shared.key_of(Command::Back));
        let key = self.key.as_ref().map_or("your own key", |(_, label)| label);
        let note = format!("{submit} checks with {key}, {back} goes back");
        let note = (self.form.problem.as_deref(), note.as_str());
        self.form.fields.draw(shared, frame.buffer_mut(), area, FIELD, note);
    }

    pub(super) fn draw_rows(&self, shared: &Shared, frame: &mut Frame<'_>, area: Rect) {
        let theme = &shared.preferences.theme;
        let parts = self.parts(shared, area);
        Clear.render(area, frame.buffer_mut());
        let title = format!("Check {}", text::clean(&self.path));
        let inner = pane(shared, &title, &self.note(), true, frame, area);
        for (row, (line, style)) in parts.head.rows().zip(self.head(shared, inner.width)) {
            put(frame.buffer_mut(), row, row.x + 1, &text::clean(&line), style);
        }
        if self.rows.all().is_empty() {
            return message(shared, self.instead(), frame, parts.rows);
        }
        let view = self.rows.view(shared).without_marks().framed(area);
        view.draw(frame, parts.rows, |row, cells| {
            let Some(row) = self.rows.all().get(row) else { return false };
            let member = if row.report.failure.is_some() { theme.error } else { theme.text };
            cells.push(Shown::new(row.number()));
            cells.push(Shown::new(row.label()));
            cells.push(Shown::styled(row.member.as_str(), member));
            cells.push(Shown::new(row.expected.as_str()));
            cells.push(Shown::styled(row.got.as_str(), theme.warn));
            cells.push(Shown::new(row.off.as_str()));
            false
        });
        rule(shared, frame, parts.rule, parts.rule.y);
        self.draw_below(shared, frame.buffer_mut(), parts.below);
    }

    /// `5 of 12 rows listed`, where not all are.
    fn note(&self) -> String {
        let (shown, all) = (self.rows.state.len(), self.rows.all().len());
        let differ =
            self.kept.checked.as_ref().map_or(0, |checked| checked.report.different + checked.report.failed);
        match () {
            () if self.rows.state.filter.is_shown() => format!("{shown} of {}", rows(all as u64)),
            () if differ > all as u64 => format!("the worst {all} of {}", rows(differ)),
            () => String::new(),
        }
    }

    /// The text instead of rows.
    fn instead(&self) -> &'static str {
        match (&self.kept.live, &self.kept.checked) {
            (Some(LiveCheck { of: 0, .. }), _) => "All rows are read before the first is sent.",
            (Some(_), _) => "Every answer so far is as expected.",
            (None, Some(checked)) if checked.report.compared() == 0 => "No row was compared.",
            _ => "Every answer is as expected.",
        }
    }

    fn draw_below(&self, shared: &Shared, buf: &mut Buffer, area: Rect) {
        let theme = &shared.preferences.theme;
        if let Some(checked) = self.kept.checked.as_ref().filter(|_| self.over_all) {
            let mut lines = over_all(&checked.report);
            if lines.is_empty() {
                lines.push("No member of an answer differs.".to_owned());
            }
            for (row, line) in area.rows().zip(lines) {
                put(
                    buf,
                    row,
                    row.x + 1,
                    &text::truncate(&text::clean(&line), usize::from(area.width)),
                    theme.text,
                );
            }
            return;
        }
        let Some(selected) = self.rows.selected() else { return };
        let mut lines = area.rows();
        let Some(line) = lines.next() else { return };
        let id = Some(selected.label()).filter(|id| !id.is_empty()).map(|id| format!(", id {id}"));
        let id = id.unwrap_or_default();
        let what = format!("row {}{id} (line {})", selected.number(), selected.report.line);
        put(buf, line, line.x + 1, &text::clean(&what), theme.title);
        if let Some(failure) = &selected.report.failure {
            let wrapped = text::wrap(&text::clean(failure), usize::from(area.width.saturating_sub(2)).max(1));
            for (part, line) in wrapped.iter().zip(lines.by_ref()) {
                put(buf, line, line.x + 1, part, theme.error);
            }
            if let (Some(line), Some(expected)) = (lines.next(), &selected.report.expected) {
                let expected = format!("expected {}", text::clean(expected));
                put(buf, line, line.x + 1, &fit(&expected, line, line.x + 1), theme.text);
            }
            return;
        }
        let heads = ["MEMBER", "EXPECTED", "GOT", "OFF BY"].map(|head| (head.to_owned(), theme.column));
        let members = selected.report.differences.iter().map(|one| {
            let (expected, got) = (side(one.expected.as_ref()), side(one.got.as_ref()));
            [
                (one.path.clone(), theme.text),
                (expected.to_owned(), theme.text),
                (got.to_owned(), theme.warn),
                (off(one.difference), theme.text),
            ]
        });
        for (line, cells) in lines.zip(std::iter::once(heads).chain(members)) {
            side_by_side(buf, line, &cells);
        }
    }
}

/// A member with what was expected beside what came.
fn side_by_side(buf: &mut Buffer, line: Rect, cells: &[(String, Style); 4]) {
    let room = line.width.saturating_sub(OFF + 3);
    let member = (room / 4).max(9);
    let value = room.saturating_sub(member) / 2;
    let mut x = line.x + 1;
    for ((content, style), width) in cells.iter().zip([member, value, value, OFF]) {
        let content = text::clean(content);
        let right = if width == OFF { usize::from(OFF).saturating_sub(text::width(&content)) } else { 0 };
        let content = text::truncate(&content, usize::from(width.saturating_sub(1)).max(1));
        cell(buf, line, x + right as u16, width, &content, *style);
        x += width;
    }
}

fn progress(shared: &Shared, live: &LiveCheck) -> String {
    let (spinner, stop) = (shared.spinner(), shared.key_of(Command::StopRun));
    let LiveCheck { done, of, .. } = live;
    match (live.stopping, of) {
        (true, _) => format!("{spinner} stopping: {done} of {} compared", rows(*of)),
        (false, 0) => format!("{spinner} reading the file"),
        (false, _) => format!("{spinner} {done} of {} compared; {stop} stops the check", rows(*of)),
    }
}

/// `40 rows in 1.2 s · 39 same · 1 different · 0 failed`.
fn summary(report: &Report) -> String {
    let against = report.models.get(1).map(|other| format!(" against {other}")).unwrap_or_default();
    format!("{}{against} in {} · {}", rows(report.compared()), text::latency(report.elapsed), counts(report))
}

fn rows(n: u64) -> String {
    text::count(usize::try_from(n).unwrap_or(usize::MAX), "row", "rows")
}
