//! The list of models.

use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::Line;
use ratatui::widgets::{Paragraph, Widget, Wrap};

use super::{bordered, cell, cursor, put};
use crate::text;
use crate::tui::app::App;
use crate::tui::command::{Command, Context};
use crate::tui::screens::models::layout;
use crate::tui::screens::models::list::{Deployed, Fetched, ListScope};
use crate::tui::screens::models::update::count;
use crate::tui::view::is_wide;
use crate::tui::widgets::field::Field;
use crate::tui::widgets::pane::awaited;
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
}

pub(super) fn list(app: &App, frame: &mut Frame<'_>, area: Rect) {
    let theme = &app.preferences.theme;
    let models = &app.models;
    let focused = models.open.is_none();
    let title = Line::styled(" Models ", theme.title);
    let summary = summary(app, usize::from(area.width).saturating_sub(13));
    bordered(app, frame, area, title, Line::styled(format!(" {summary} "), theme.dim), focused);
    let rows = layout::list_rows(area, is_wide(app), models.is_filtered());
    let inner = layout::inside(area);
    let buf = frame.buffer_mut();
    if inner.is_empty() {
        return;
    }
    let mut below = rows;
    if models.is_filtered() && rows.bottom() < inner.bottom() {
        filter(app, buf, Rect { y: rows.bottom(), height: 1, ..inner });
        below.height += 1;
    }
    let columns = Columns::of(inner.width);
    let heads = Rect { height: 1, ..inner };
    let mut x = inner.x + 2;
    for (name, width) in [
        ("PROJECT", columns.project),
        ("MODEL", columns.model + 1),
        ("AUTH", columns.auth),
        ("STATUS", columns.status),
        (columns.replicas_head, columns.replicas),
    ] {
        x = cell(buf, heads, x, width, name, theme.column);
    }
    if models.list.is_empty() {
        let words = nothing_to_list(app);
        Paragraph::new(words)
            .wrap(Wrap { trim: true })
            .style(theme.dim)
            .render(Rect { x: rows.x + 2, width: rows.width.saturating_sub(3), ..rows }, buf);
        return;
    }
    let mut project: &str = "";
    for (row, (at, entry)) in rows.rows().zip(models.list.in_sight(rows.height.into())) {
        let selected = at == models.list.selected_at();
        let (sign, style) = cursor(app, selected, focused);
        let first = project != entry.model.project.name;
        project = &entry.model.project.name;
        put(buf, row, row.x, sign, theme.accent);
        let mut x = row.x + 2;
        let shown = if first { text::clean(project) } else { "".into() };
        x = cell(buf, row, x, columns.project - 1, &shown, theme.dim) + 1;
        let name = text::clean(&entry.model.name);
        cell(buf, row, x, columns.model, &name, theme.text);
        mark(buf, row, x, &name, models.list.filter(), theme.matched);
        x += columns.model + 1;
        x = cell(buf, row, x, columns.auth, if entry.model.auth_enabled { "on" } else { "off" }, theme.text);
        let (words, of_status) = status(app, &entry.deployed);
        x = cell(buf, row, x, columns.status - 1, &words, of_status) + 1;
        let replicas = entry.replicas().map(|n| n.to_string()).unwrap_or_default();
        cell(buf, row, x, columns.replicas, &replicas, theme.text);
        if selected {
            select_row(buf, row, style);
        }
    }
    about_selected(app, buf, below, inner);
}

/// The filter under the rows, as the other tabs have it.
fn filter(app: &App, buf: &mut Buffer, row: Rect) {
    let theme = &app.preferences.theme;
    let open = app.models.filter.is_some();
    put(buf, row, row.x + 1, "/", if open { theme.key } else { theme.dim });
    let place = Rect { x: row.x + row.width.min(3), width: row.width.saturating_sub(4), ..row };
    match &app.models.filter {
        Some(field) => field.render(place, buf, true, &app.styles()),
        None => Field::new(app.models.list.filter()).render(place, buf, false, &app.styles()),
    }
}

/// The line under the rows: what the selected model does.
pub(super) fn about_selected(app: &App, buf: &mut Buffer, rows: Rect, inner: Rect) {
    let theme = &app.preferences.theme;
    if rows.bottom() + 2 > inner.bottom() {
        return;
    }
    let line = Rect { y: rows.bottom(), height: 1, ..inner };
    put(buf, line, line.x, &app.preferences.glyphs.line.repeat(line.width.into()), theme.border);
    let Some(row) = app.models.list.selected() else { return };
    let about = Rect { y: rows.bottom() + 1, ..line };
    let words = if row.model.description.is_empty() { "no description" } else { &row.model.description };
    put(
        buf,
        about,
        about.x + 1,
        &text::truncate(&text::clean(words), usize::from(about.width) - 1),
        theme.dim,
    );
}

/// Marks the parts of a name that the filter's words matched.
pub(super) fn mark(buf: &mut Buffer, row: Rect, x: u16, name: &str, filter: &str, style: Style) {
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

/// `7 models, mine, by project · 09:14 UTC`, or as much of it as fits into `columns`.
pub(super) fn summary(app: &App, columns: usize) -> String {
    let list = &app.models.list;
    let (order, reversed) = list.order();
    let reversed = if reversed { ", reversed" } else { "" };
    // While a newer list comes, the one in sight keeps its time: what changes nothing sends nothing.
    let age = match (&list.fetched, list.as_of()) {
        (Fetched::Never, _) => return "not fetched".to_owned(),
        (Fetched::Failed(_), _) if list.total() == 0 => return "fetching failed".to_owned(),
        (Fetched::Failed(_), _) => "fetching failed".to_owned(),
        (Fetched::Coming | Fetched::At(_), Some(when)) => when.strftime("%H:%M UTC").to_string(),
        (Fetched::Coming | Fetched::At(_), None) => "fetching…".to_owned(),
    };
    let scope = app.models.scope.word();
    let (count, order) = (count(app), order.word());
    let whole = format!("{count}, {scope}, by {order}{reversed} · {age}");
    if text::width(&whole) <= columns {
        return whole;
    }
    text::truncate(&format!("{count}, {scope} · {age}"), columns).into_owned()
}

pub(super) fn nothing_to_list(app: &App) -> String {
    let list = &app.models.list;
    match &list.fetched {
        Fetched::Never | Fetched::Coming if list.total() == 0 => {
            // What was given up is forgotten there at once.
            let listing = app.models.listing.or(app.requests.last_started());
            awaited(app, listing, "asking the workbench for models")
        }
        Fetched::Failed(error) if list.total() == 0 && error.status() == Some(401) => {
            format!("no models: {error}; {} signs in with another key, Ctrl-R asks again", profiles_key(app))
        }
        Fetched::Failed(error) if list.total() == 0 => {
            let hint = error.hint().map(|hint| format!("; {hint}")).unwrap_or_default();
            format!("no models: {error}{hint}. Ctrl-R asks again")
        }
        _ if list.total() == 0 && app.models.scope == ListScope::Mine => {
            "no models in your own projects, nor in those that you are a collaborator of; v lists public ones too".to_owned()
        }
        _ if list.total() == 0 => {
            "no models: you see those of your own projects, of projects that you are a collaborator of, and of public ones".to_owned()
        }
        _ => format!("no model matches {:?}; Esc shows all", text::clean(list.filter())),
    }
}

/// Where another key or profile is chosen, without leaving the program.
fn profiles_key(app: &App) -> String {
    let entry = app.entry(Command::Profiles, &[Context::Global]);
    entry.map(|entry| app.keymap.key_of(entry)).unwrap_or_default()
}

/// A sign, a word and a style for a deployment.
pub(super) fn status(app: &App, deployed: &Deployed) -> (String, Style) {
    let theme = &app.preferences.theme;
    let glyphs = app.preferences.glyphs;
    let (sign, style) = match (deployed, deployed.word()) {
        (Deployed::Unread, _) => return (String::new(), theme.dim),
        (Deployed::Reading, _) => return (glyphs.ellipsis.to_owned(), theme.dim),
        (_, "deployed") => (glyphs.active, theme.ok),
        (_, "pending" | "deploying" | "stopping") => (glyphs.soon, theme.warn),
        (_, "failed") => (glyphs.bad, theme.error),
        (_, "stopped" | "not deployed") => (glyphs.expired, theme.dim),
        _ => (glyphs.unknown, theme.dim),
    };
    (format!("{sign} {}", text::clean(deployed.word())), style)
}
