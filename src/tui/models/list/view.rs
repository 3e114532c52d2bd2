//! How the list of models looks.

use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::Line;
use ratatui::widgets::{Paragraph, Widget, Wrap};

use super::ListPane;
use super::model_list::Fetched;
use super::row::{Deployed, Row};
use crate::text;
use crate::tui::call::ListScope;
use crate::tui::command::Command;
use crate::tui::layout::is_wide;
use crate::tui::models::draw::{bordered, cell, cursor, put};
use crate::tui::models::layout;
use crate::tui::parts::pane::{awaited, filter_row};
use crate::tui::shared::Shared;
use crate::tui::widgets::table::select_row;

/// Widths of the list's columns.
#[derive(Debug, Clone, Copy)]
struct Columns {
    project: u16,
    /// What the others leave.
    model: u16,
    auth: u16,
    status: u16,
    replicas: u16,
    replicas_head: &'static str,
}

impl Columns {
    fn of(width: u16) -> Self {
        let (project, auth, status, replicas, replicas_head) =
            if width < 56 { (12, 5, 12, 4, "REPL") } else { (14, 5, 15, 9, "REPLICAS") };
        let model = width.saturating_sub(2 + project + 1 + auth + status + replicas);
        Self { project, model, auth, status, replicas, replicas_head }
    }

    fn heads(&self, shared: &Shared, buf: &mut Buffer, row: Rect) {
        let mut x = row.x + 2;
        for (name, width) in [
            ("PROJECT", self.project),
            ("MODEL", self.model + 1),
            ("AUTH", self.auth),
            ("STATUS", self.status),
            (self.replicas_head, self.replicas),
        ] {
            x = cell(buf, row, x, width, name, shared.preferences.theme.column);
        }
    }
}

impl ListPane {
    /// Draws the list; `focused` if it has the focus.
    pub fn draw(&self, shared: &Shared, focused: bool, frame: &mut Frame<'_>, area: Rect) {
        let theme = &shared.preferences.theme;
        let filtered = self.models.filter.is_shown();
        let summary = self.summary(usize::from(area.width).saturating_sub(13));
        let (title, note) = (Line::styled(" Models ", theme.title), format!(" {summary} "));
        bordered(shared, frame, area, title, Line::styled(note, theme.dim), focused);
        let rows = layout::list_rows(area, is_wide(shared), filtered);
        let inner = layout::inside(area);
        if inner.is_empty() {
            return;
        }
        let mut below = rows;
        if filtered && rows.bottom() < inner.bottom() {
            below.height += 1;
            filter_row(
                shared,
                &self.models.filter,
                frame,
                Rect { y: inner.y, height: below.bottom() - inner.y, ..inner },
            );
        }
        let buf = frame.buffer_mut();
        let columns = Columns::of(inner.width);
        columns.heads(shared, buf, Rect { height: 1, ..inner });
        if self.models.is_empty() {
            Paragraph::new(self.nothing_to_list(shared))
                .wrap(Wrap { trim: true })
                .style(theme.dim)
                .render(Rect { x: rows.x + 2, width: rows.width.saturating_sub(3), ..rows }, buf);
            return;
        }
        let mut project = "";
        for (row, (at, entry)) in rows.rows().zip(self.models.in_sight(rows.height.into())) {
            let first = project != entry.model.project.name;
            project = &entry.model.project.name;
            self.draw_row(shared, buf, row, columns, entry, first);
            if at == self.models.selected_at() {
                let (sign, style) = cursor(shared, true, focused);
                put(buf, row, row.x, sign, theme.accent);
                select_row(buf, row, style);
            }
        }
        self.about_selected(shared, buf, below, inner);
    }

    /// Draws one model, with its project if it is the `first` of it.
    fn draw_row(
        &self,
        shared: &Shared,
        buf: &mut Buffer,
        row: Rect,
        columns: Columns,
        entry: &Row,
        first: bool,
    ) {
        let theme = &shared.preferences.theme;
        let mut x = row.x + 2;
        let project = if first { text::clean(&entry.model.project.name) } else { "".into() };
        x = cell(buf, row, x, columns.project - 1, &project, theme.dim) + 1;
        let name = text::clean(&entry.model.name);
        cell(buf, row, x, columns.model, &name, theme.text);
        mark(buf, row, x, &name, self.models.filter.text(), theme.matched);
        x += columns.model + 1;
        x = cell(buf, row, x, columns.auth, if entry.model.auth_enabled { "on" } else { "off" }, theme.text);
        let (status, style) = status(shared, &entry.deployed);
        x = cell(buf, row, x, columns.status - 1, &status, style) + 1;
        let replicas = entry.replicas().map(|n| n.to_string()).unwrap_or_default();
        cell(buf, row, x, columns.replicas, &replicas, theme.text);
    }

    /// The line under the rows: what the selected model does.
    fn about_selected(&self, shared: &Shared, buf: &mut Buffer, rows: Rect, inner: Rect) {
        let theme = &shared.preferences.theme;
        if rows.bottom() + 2 > inner.bottom() {
            return;
        }
        let line = Rect { y: rows.bottom(), height: 1, ..inner };
        put(buf, line, line.x, &shared.preferences.glyphs.line.repeat(line.width.into()), theme.border);
        let Some(row) = self.models.selected() else { return };
        let about = Rect { y: rows.bottom() + 1, ..line };
        let text = if row.model.description.is_empty() { "no description" } else { &row.model.description };
        let text = text::clean(text);
        let text = text::truncate(&text, usize::from(about.width) - 1);
        put(buf, about, about.x + 1, &text, theme.dim);
    }

    /// `7 models, mine, by project · 09:14 UTC`, or as much of it as fits into `columns`.
    fn summary(&self, columns: usize) -> String {
        let (order, reversed) = self.models.order();
        let reversed = if reversed { ", reversed" } else { "" };
        // While a newer list comes, the one in sight keeps its time: what changes nothing sends nothing.
        let age = match (&self.models.fetched, self.models.as_of()) {
            (Fetched::Never | Fetched::GivenUp, _) => return "not fetched".to_owned(),
            (Fetched::Failed(_), _) if self.models.total() == 0 => return "fetching failed".to_owned(),
            (Fetched::Failed(_), _) => "fetching failed".to_owned(),
            (Fetched::Coming | Fetched::Whole, Some(when)) => when.strftime("%H:%M UTC").to_string(),
            (Fetched::Coming | Fetched::Whole, None) => "fetching…".to_owned(),
        };
        let (count, scope, order) = (self.count(), self.scope.label(), order.label());
        let whole = format!("{count}, {scope}, by {order}{reversed} · {age}");
        if text::width(&whole) <= columns {
            return whole;
        }
        text::truncate(&format!("{count}, {scope} · {age}"), columns).into_owned()
    }

    /// Why there are no rows.
    fn nothing_to_list(&self, shared: &Shared) -> String {
        let none = self.models.total() == 0;
        let (refresh, scope) = (shared.key_of(Command::Refresh), shared.key_of(Command::ModelScope));
        match &self.models.fetched {
            Fetched::Never | Fetched::GivenUp | Fetched::Coming if none => {
                // A cancelled request is forgotten there at once.
                let listing = self.listing.or(shared.requests.last_started());
                awaited(shared, listing, "asking the workbench for models")
            }
            Fetched::Failed(error) if none && error.status() == Some(401) => {
                let profiles = shared.key_of(Command::Profiles);
                format!("no models: {error}; {profiles} signs in with another key, {refresh} tries again")
            }
            Fetched::Failed(error) if none => {
                let hint = error.hint().map(|hint| format!("; {hint}")).unwrap_or_default();
                format!("no models: {error}{hint}. {refresh} tries again")
            }
            _ if none && self.scope == ListScope::Mine => {
                format!(
                    "no models in your own projects, nor in those that you are a collaborator of; {scope} lists public ones too"
                )
            }
            _ if none => {
                "no models: you see those of your own projects, of projects that you are a collaborator of, and of public ones".to_owned()
            }
            _ => {
                let filter = text::clean(self.models.filter.text());
                format!("no model matches {filter:?}; {} shows all", shared.key_of(Command::Back))
            }
        }
    }
}

/// Marks the parts of a name that match the filter.
fn mark(buf: &mut Buffer, row: Rect, x: u16, name: &str, filter: &str, style: Style) {
    let lower = name.to_lowercase();
    if lower.len() != name.len() {
        return;
    }
    for word in filter.to_lowercase().split_whitespace() {
        if let Some(at) = lower.find(word)
            && name.is_char_boundary(at)
        {
            let start = x + text::width(&name[..at]) as u16;
            let columns = text::width(word) as u16;
            let end = start.saturating_add(columns).min(row.right());
            for column in start..end {
                buf[(column, row.y)].set_style(style);
            }
        }
    }
}

/// A symbol, a label and a style for a deployment.
pub fn status(shared: &Shared, deployed: &Deployed) -> (String, Style) {
    let (theme, glyphs) = (&shared.preferences.theme, shared.preferences.glyphs);
    let (sign, style) = match (deployed, deployed.label()) {
        (Deployed::Unread, _) => return (String::new(), theme.dim),
        (Deployed::Reading, _) => return (glyphs.ellipsis.to_owned(), theme.dim),
        (_, "deployed") => (glyphs.active, theme.ok),
        (_, "pending" | "deploying" | "stopping") => (glyphs.soon, theme.warn),
        (_, "failed") => (glyphs.bad, theme.error),
        (_, "stopped" | "not deployed") => (glyphs.expired, theme.dim),
        _ => (glyphs.unknown, theme.dim),
    };
    (format!("{sign} {}", text::clean(deployed.label())), style)
}
