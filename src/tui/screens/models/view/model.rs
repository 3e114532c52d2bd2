//! One model: Overview and Test panel.

use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::list::status;
use super::results::{explain, results, why_lines};
use super::{bordered, cell, fit, put};
use crate::text;
use crate::tui::app::App;
use crate::tui::screens::models::layout;
use crate::tui::screens::models::list::Row;
use crate::tui::screens::models::panel::{Focus, KeyChoice, Panel};
use crate::tui::screens::models::update::known_label;
use crate::wire::Project;

pub(super) fn model(app: &App, frame: &mut Frame<'_>, area: Rect) {
    let theme = &app.preferences.theme;
    let Some(row) = app.models.subject() else {
        bordered(app, frame, area, Line::default(), Line::default(), false);
        return;
    };
    let focused = app.models.open.is_some();
    let title = Line::styled(format!(" {} ", text::clean(&row.path())), theme.title);
    let (words, style) = status(app, &row.deployed);
    let replicas = row
        .replicas()
        .filter(|_| row.deployed.word() == "deployed")
        .map(|n| format!(" · {}", text::count(usize::try_from(n).unwrap_or(0), "replica", "replicas")));
    let right = Line::from(vec![
        Span::styled(format!(" {words}"), style),
        Span::styled(format!("{} ", replicas.unwrap_or_default()), theme.dim),
    ]);
    bordered(app, frame, area, title, right, focused);
    let panel = app.models.panels.get(&row.model.id);
    let lines = panel.map_or(1, |panel| panel.editor.text().lines().count());
    let why = panel.map(|panel| why_lines(app, panel)).unwrap_or_default();
    let width = usize::from(layout::inside(area).width.saturating_sub(2)).max(1);
    let wanted: usize =
        why.iter().map(|(head, words, _)| text::wrap(&format!("{head}{words}"), width).len()).sum();
    let parts = layout::model_parts(area, lines, u16::try_from(wanted).unwrap_or(u16::MAX).min(6));
    let buf = frame.buffer_mut();
    overview(app, buf, parts.overview, row);
    let Some(panel) = panel else {
        let hint = "t opens the Test panel";
        put(buf, parts.key, parts.key.x + 1, hint, theme.dim);
        return;
    };
    key_line(app, buf, parts.key, panel, focused);
    request(app, buf, parts.request, panel, focused);
    test_line(app, buf, parts.test, panel, focused);
    results(app, buf, parts.heads, parts.results, panel, focused);
    explain(buf, parts.why, &why);
}

pub(super) fn overview(app: &App, buf: &mut Buffer, area: Rect, row: &Row) {
    let theme = &app.preferences.theme;
    let project = app.models.projects.get(&row.model.project.public_identifier);
    let owner = project.map_or("…", |project| project.owner.username.as_str());
    let mine = project
        .map_or_else(|| "…".to_owned(), |project| permission(project, app.session.username.as_deref()));
    let auth =
        if row.model.auth_enabled { "on: calls need an API key" } else { "off: calls need no API key" };
    let description = text::clean(&row.model.description).into_owned();
    let facts: Vec<(&str, String)> = if area.height > 3 {
        let build = row.deployed.build();
        let deployment = row.deployed.deployment();
        vec![
            ("about", description),
            ("owner", format!("{}, you: {mine}", text::clean(owner))),
            ("auth", auth.to_owned()),
            ("access key", text::short_id(&row.model.access_key).into_owned()),
            ("endpoint", format!("POST {}", app.session.model_url)),
            (
                "deployment",
                deployment.map_or_else(
                    || row.deployed.word().to_owned(),
                    |deployment| {
                        format!(
                            "{}, {} since {}",
                            text::short_id(&deployment.id),
                            text::clean(&deployment.status),
                            when(&deployment.updated_at)
                        )
                    },
                ),
            ),
            (
                "build",
                build.map_or_else(String::new, |build| {
                    format!(
                        "{} {}:{}",
                        text::short_id(&build.id),
                        text::clean(&build.file_path),
                        text::clean(&build.function_name)
                    )
                }),
            ),
            (
                "resources",
                deployment.map_or_else(String::new, |deployment| {
                    let gpus = match deployment.nvidia_gpu.0 {
                        0 => String::new(),
                        n => format!(", {n} GPU"),
                    };
                    let replicas = usize::try_from(deployment.replicas.0).unwrap_or(0);
                    format!(
                        "{} × {} vCPU, {} GB{gpus}",
                        text::count(replicas, "replica", "replicas"),
                        deployment.cpu,
                        deployment.memory
                    )
                }),
            ),
        ]
    } else {
        vec![("about", description), ("owner", format!("{}, you: {mine} · auth {auth}", text::clean(owner)))]
    };
    for (line, (name, words)) in area.rows().zip(facts) {
        cell(buf, line, line.x + 1, 11, name, theme.dim);
        let columns = usize::from(line.width.saturating_sub(13));
        put(buf, line, line.x + 12, &text::truncate(&words, columns), theme.text);
    }
}

/// `2026-11-23 09:14`, or the text as it came.
pub(super) fn when(time: &str) -> String {
    crate::wire::time::parse(time)
        .map_or_else(|| text::clean(time).into_owned(), |time| time.strftime("%Y-%m-%d %H:%M").to_string())
}

/// The strongest right of the signed-in user in a project.
pub(super) fn permission(project: &Project, username: Option<&str>) -> String {
    let rights = project.permissions;
    let word = match () {
        () if username == Some(project.owner.username.as_str()) => "owner",
        () if rights.admin => "admin",
        () if rights.write => "write",
        () if rights.operator => "operator",
        () if rights.read => "read",
        () => return format!("nothing listed ({} project)", text::clean(&project.visibility)),
    };
    word.to_owned()
}

/// The sign and the name of a part, marked where it has the keys.
pub(super) fn label(app: &App, buf: &mut Buffer, line: Rect, name: &str, focused: bool) -> u16 {
    let theme = &app.preferences.theme;
    let (sign, style) = if focused { (app.preferences.glyphs.cursor, theme.title) } else { (" ", theme.dim) };
    put(buf, line, line.x, sign, theme.accent);
    cell(buf, line, line.x + 1, 11, name, style)
}

pub(super) fn key_line(app: &App, buf: &mut Buffer, line: Rect, panel: &Panel, focused: bool) {
    let theme = &app.preferences.theme;
    let here = focused && panel.focus == Focus::Key;
    let x = label(app, buf, line, "API key", here);
    if line.is_empty() || x >= line.right() {
        return;
    }
    let words = match &panel.choice {
        KeyChoice::Typed => {
            let field = Rect { x, width: line.right() - x, ..line };
            panel.field.render(field, buf, here, &app.styles());
            return;
        }
        KeyChoice::SignedIn => format!("the key that is signed in ({})", app.session.user()),
        KeyChoice::Nothing => "none".to_owned(),
        KeyChoice::Known(known) => {
            format!("{}  {}", known.key.masked(), known_label(&known.label, &known.username))
        }
    };
    let style = if here { theme.field_focused } else { theme.field };
    let end = put(buf, line, x, &text::clean(&words), style);
    let hint = if here { "paste one, or left/right for others" } else { "" };
    put(buf, line, end + 2, hint, theme.dim);
}

pub(super) fn request(app: &App, buf: &mut Buffer, area: Rect, panel: &Panel, focused: bool) {
    let here = focused && panel.focus == Focus::Request;
    let x = label(app, buf, Rect { height: area.height.min(1), ..area }, "request", here);
    if area.is_empty() || x >= area.right() {
        return;
    }
    panel.editor.render(Rect { x, width: area.right() - x, ..area }, buf, here, &app.styles());
}

pub(super) fn test_line(app: &App, buf: &mut Buffer, line: Rect, panel: &Panel, focused: bool) {
    let theme = &app.preferences.theme;
    let here = focused && panel.focus == Focus::Test;
    put(buf, line, line.x, if here { app.preferences.glyphs.cursor } else { " " }, theme.accent);
    let style = if here { theme.button_focused } else { theme.button };
    let x = put(buf, line, line.x + 12, "[ Test ]", style) + 2;
    if let Err(problem) = panel.editor.value() {
        put(buf, line, x, &fit(&problem.to_string(), line, x), theme.warn);
        return;
    }
    if let Some(running) = &panel.running {
        let waited = app.waiting(running.id).unwrap_or_default().as_secs();
        let words = format!("{} test {}: {waited} s, Esc gives up", app.spinner(), running.number);
        put(buf, line, x, &fit(&words, line, x), theme.accent);
    }
}
