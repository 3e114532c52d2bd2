//! How the Models tab looks.

use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::{Alignment, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Paragraph, Widget, Wrap};

use super::layout;
use super::list::{Deployed, Fetched, Row};
use super::panel::{Focus, KeyChoice, Panel};
use super::results::Why;
use super::update::{count, known_label};
use crate::diagnosis::{Action, Diagnosis};
use crate::text;
use crate::tui::app::App;
use crate::tui::command::{Command, Context};
use crate::tui::view::is_wide;
use crate::tui::widgets::dialog::{centred, frame_box};
use crate::wire::Project;

/// Draws the tab.
pub fn view(app: &App, frame: &mut Frame<'_>, area: Rect) {
    let halves = layout::halves(area, is_wide(app), app.models.open.is_some());
    if let Some(viewer) = &app.models.viewer {
        let inside = frame_box(app, &viewer.title, frame, area);
        let lines = viewer.lines.iter().skip(viewer.top).take(inside.height.into());
        for (row, line) in inside.rows().zip(lines) {
            let style =
                if line.starts_with(' ') { app.preferences.theme.text } else { app.preferences.theme.title };
            frame.buffer_mut().set_stringn(row.x, row.y, line, row.width.into(), style);
        }
        let below = viewer.lines.len().saturating_sub(viewer.top + usize::from(inside.height));
        if below > 0 {
            let more = format!(" {} below ", text::count(below, "line", "lines"));
            let y = area.bottom().saturating_sub(1);
            frame.buffer_mut().set_stringn(
                area.x + 2,
                y,
                more,
                area.width.saturating_sub(4).into(),
                app.preferences.theme.dim,
            );
        }
        return;
    }
    if let Some(area) = halves.list {
        list(app, frame, area);
    }
    if let Some(area) = halves.model {
        model(app, frame, area);
    }
    if let Some(chooser) = &app.models.chooser {
        let rows = u16::try_from(chooser.options.len()).unwrap_or(u16::MAX).saturating_add(2);
        let inside = frame_box(app, "API key for the test", frame, centred(area, 64, rows));
        let height = usize::from(inside.height);
        let top = (chooser.selected + 1).saturating_sub(height);
        for (row, (at, (label, _))) in inside.rows().zip(chooser.options.iter().enumerate().skip(top)) {
            let (sign, style) = cursor(app, at == chooser.selected, true);
            let line = format!("{sign} {}", text::clean(label));
            frame.buffer_mut().set_stringn(row.x, row.y, line, row.width.into(), style);
        }
    }
}

/// The sign before a row and the row's style.
fn cursor(app: &App, selected: bool, focused: bool) -> (&'static str, Style) {
    let theme = &app.preferences.theme;
    match (selected, focused) {
        (false, _) => (" ", theme.text),
        (true, true) => (app.preferences.glyphs.cursor, theme.selected),
        (true, false) => (app.preferences.glyphs.cursor, theme.selected_elsewhere),
    }
}

fn bordered(app: &App, frame: &mut Frame<'_>, area: Rect, title: Line<'_>, right: Line<'_>, focused: bool) {
    let theme = &app.preferences.theme;
    Block::bordered()
        .border_set(app.preferences.glyphs.border)
        .border_style(if focused { theme.focused } else { theme.border })
        .title(title)
        .title(right.alignment(Alignment::Right))
        .render(area, frame.buffer_mut());
}

/// Writes `text` and gives the column behind it.
fn put(buf: &mut Buffer, row: Rect, x: u16, text: &str, style: Style) -> u16 {
    if row.is_empty() || x >= row.right() {
        return x;
    }
    buf.set_stringn(x, row.y, text, usize::from(row.right() - x), style).0
}

/// Writes `text` cut to `columns` and gives the column behind those.
fn cell(buf: &mut Buffer, row: Rect, x: u16, columns: u16, text: &str, style: Style) -> u16 {
    put(buf, row, x, &text::truncate(text, columns.into()), style);
    x.saturating_add(columns)
}

// ---- the list --------------------------------------------------------------------------------

/// Columns of the list, without the model's name, which takes what is left.
const PROJECT: u16 = 13;
const AUTH: u16 = 5;
const STATUS: u16 = 14;
const REPLICAS: u16 = 9;

fn list(app: &App, frame: &mut Frame<'_>, area: Rect) {
    let theme = &app.preferences.theme;
    let models = &app.models;
    let focused = models.open.is_none();
    let title = match &models.filter {
        Some(field) => Line::from(vec![
            Span::styled(" Models ", theme.title),
            Span::styled("/", theme.key),
            Span::styled(format!("{}_ ", text::clean(field.text())), theme.field_focused),
        ]),
        None if models.list.filter().is_empty() => Line::styled(" Models ", theme.title),
        None => Line::from(vec![
            Span::styled(" Models ", theme.title),
            Span::styled(format!("/{} ", text::clean(models.list.filter())), theme.matched),
        ]),
    };
    bordered(app, frame, area, title, Line::styled(format!(" {} ", summary(app)), theme.dim), focused);
    let rows = layout::list_rows(area);
    let inner = layout::inside(area);
    let buf = frame.buffer_mut();
    if inner.is_empty() {
        return;
    }
    let model = inner.width.saturating_sub(2 + PROJECT + 1 + AUTH + STATUS + REPLICAS + 1);
    let heads = Rect { height: 1, ..inner };
    let mut x = inner.x + 2;
    for (name, columns) in [
        ("PROJECT", PROJECT + 1),
        ("MODEL", model + 1),
        ("AUTH", AUTH),
        ("STATUS", STATUS),
        ("REPLICAS", REPLICAS),
    ] {
        x = cell(buf, heads, x, columns, name, theme.column);
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
        let (sign, style) = cursor(app, at == models.list.selected_at(), focused);
        let first = project != entry.model.project.name;
        project = &entry.model.project.name;
        put(buf, row, row.x, sign, theme.accent);
        let mut x = row.x + 2;
        let shown = if first { text::clean(project) } else { "".into() };
        x = cell(buf, row, x, PROJECT, &shown, theme.dim) + 1;
        let name = text::clean(&entry.model.name);
        let width = usize::from(model);
        let padded = format!("{:<width$}", text::truncate(&name, width));
        cell(buf, row, x, model, &padded, style);
        mark(buf, row, x, &name, models.list.filter(), theme.matched);
        x += model + 1;
        x = cell(buf, row, x, AUTH, if entry.model.auth_enabled { "on" } else { "off" }, theme.text);
        let (words, style) = status(app, &entry.deployed);
        x = cell(buf, row, x, STATUS, &words, style);
        let replicas = entry.replicas().map(|n| n.to_string()).unwrap_or_default();
        cell(buf, row, x, REPLICAS, &replicas, theme.text);
    }
    about_selected(app, buf, rows, inner);
}

/// The line under the rows: what the selected model does.
fn about_selected(app: &App, buf: &mut Buffer, rows: Rect, inner: Rect) {
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

/// `7 models by project, 09:14`.
fn summary(app: &App) -> String {
    let list = &app.models.list;
    let (order, reversed) = list.order();
    let reversed = if reversed { ", reversed" } else { "" };
    let age = match &list.fetched {
        Fetched::Never => return "not fetched".to_owned(),
        Fetched::Coming => "fetching…".to_owned(),
        Fetched::At(when) => when.strftime("%H:%M UTC").to_string(),
        Fetched::Failed(_) => "fetching failed".to_owned(),
    };
    format!("{} by {}{reversed} · {age}", count(app), order.word())
}

fn nothing_to_list(app: &App) -> String {
    let list = &app.models.list;
    match &list.fetched {
        Fetched::Never | Fetched::Coming if list.total() == 0 => "asking the workbench for models…".to_owned(),
        Fetched::Failed(error) if list.total() == 0 => {
            let hint = error.hint().map(|hint| format!("; {hint}")).unwrap_or_default();
            format!("no models: {error}{hint}. Ctrl-R asks again")
        }
        _ if list.total() == 0 => {
            "no models: you see those of your own projects, of projects that you are a collaborator of, and of public ones".to_owned()
        }
        _ => format!("no model matches {:?}; Esc shows all", text::clean(list.filter())),
    }
}

/// A sign, a word and a style for a deployment.
fn status(app: &App, deployed: &Deployed) -> (String, Style) {
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

// ---- one model -------------------------------------------------------------------------------

fn model(app: &App, frame: &mut Frame<'_>, area: Rect) {
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

fn overview(app: &App, buf: &mut Buffer, area: Rect, row: &Row) {
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
fn when(time: &str) -> String {
    crate::wire::time::parse(time)
        .map_or_else(|| text::clean(time).into_owned(), |time| time.strftime("%Y-%m-%d %H:%M").to_string())
}

/// The strongest right of the signed-in user in a project.
fn permission(project: &Project, username: Option<&str>) -> String {
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
fn label(app: &App, buf: &mut Buffer, line: Rect, name: &str, focused: bool) -> u16 {
    let theme = &app.preferences.theme;
    let (sign, style) = if focused { (app.preferences.glyphs.cursor, theme.title) } else { (" ", theme.dim) };
    put(buf, line, line.x, sign, theme.accent);
    cell(buf, line, line.x + 1, 11, name, style)
}

fn key_line(app: &App, buf: &mut Buffer, line: Rect, panel: &Panel, focused: bool) {
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

fn request(app: &App, buf: &mut Buffer, area: Rect, panel: &Panel, focused: bool) {
    let here = focused && panel.focus == Focus::Request;
    let x = label(app, buf, Rect { height: area.height.min(1), ..area }, "request", here);
    if area.is_empty() || x >= area.right() {
        return;
    }
    panel.editor.render(Rect { x, width: area.right() - x, ..area }, buf, here, &app.styles());
}

fn test_line(app: &App, buf: &mut Buffer, line: Rect, panel: &Panel, focused: bool) {
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

fn fit<'a>(words: &'a str, line: Rect, x: u16) -> std::borrow::Cow<'a, str> {
    text::truncate(words, usize::from(line.right().saturating_sub(x)))
}

// ---- results ---------------------------------------------------------------------------------

const NUMBER: u16 = 4;
const TIME: u16 = 9;
const CODE: u16 = 5;
const LATENCY: u16 = 9;
const SIZE: u16 = 8;

fn results(app: &App, buf: &mut Buffer, heads: Rect, area: Rect, panel: &Panel, focused: bool) {
    let theme = &app.preferences.theme;
    let here = focused && panel.focus == Focus::Results;
    let fixed = 2 + NUMBER + TIME + CODE + LATENCY + SIZE + 2;
    let left = heads.width.saturating_sub(fixed);
    let replica = (left / 2).clamp(10, 28).min(left);
    put(buf, heads, heads.x, if here { app.preferences.glyphs.cursor } else { " " }, theme.accent);
    let mut x = heads.x + 1;
    let columns = [
        ("#", NUMBER),
        ("TIME", TIME),
        ("HTTP", CODE),
        ("REPLICA", replica + 1),
        ("LATENCY", LATENCY + 1),
        ("SIZE", SIZE),
    ];
    for (name, width) in columns {
        x = cell(buf, heads, x, width, name, theme.column);
    }
    put(buf, heads, x, "RESULT", theme.column);
    if panel.results.is_empty() {
        put(buf, area, area.x + 1, "no test yet: Enter on Test, or t", theme.dim);
        return;
    }
    let height = usize::from(area.height);
    let top = (panel.selected + 1).saturating_sub(height);
    for (row, (at, result)) in area.rows().zip(panel.results.iter().enumerate().skip(top)) {
        let (sign, style) = cursor(app, at == panel.selected, here);
        put(buf, row, row.x, sign, theme.accent);
        let outcome = if result.failure().is_some() { theme.error } else { theme.ok };
        let mut x = row.x + 1;
        x = cell(buf, row, x, NUMBER - 1, &result.number.to_string(), style) + 1;
        let time = result.call.started.strftime("%H:%M:%S").to_string();
        x = cell(buf, row, x, TIME, &time, theme.text);
        x = cell(buf, row, x, CODE, &result.code(), outcome);
        let id = result.replica().map_or(app.preferences.glyphs.none.into(), text::clean);
        x = cell(buf, row, x, replica, &id, theme.text) + 1;
        let latency = text::latency(result.call.total);
        x = cell(buf, row, x, LATENCY, &format!("{latency:>9}"), theme.text) + 1;
        let size = result.size().map_or_else(|| "-".to_owned(), text::size);
        x = cell(buf, row, x, SIZE - 1, &format!("{size:>7}"), theme.text) + 1;
        let style = if result.failure().is_some() { theme.error } else { theme.text };
        put(buf, row, x, &fit(&result.summary, row, x), style);
    }
}

/// What there is to say under the results: heads, words, styles. First what the last press on
/// Test was about, then why the selected result failed and what mends it.
fn why_lines(app: &App, panel: &Panel) -> Vec<(String, String, Style)> {
    let theme = &app.preferences.theme;
    let line = |head: &str, words: &str, style| (head.to_owned(), text::clean(words).into_owned(), style);
    if let Some(problem) = &panel.problem {
        return vec![line("", problem, theme.error)];
    }
    match panel.selected_result().map(|result| &result.why) {
        None | Some(Why::Nothing) => Vec::new(),
        Some(Why::Unknown) => vec![line("why: ", "not asked; test again", theme.dim)],
        Some(Why::Asking(_)) => vec![line("why: ", "asking the workbench…", theme.dim)],
        Some(Why::Known(diagnosis)) => {
            let mut lines = vec![line("why: ", &diagnosis.sentence, theme.error)];
            for (at, (key, words)) in offers(app, diagnosis).iter().enumerate() {
                let head = format!("{} {key}  ", if at == 0 { "fix:" } else { "    " });
                lines.push(line(&head, words, theme.accent));
            }
            let head = if lines.len() == 1 { "fix: " } else { "     " };
            lines.extend(diagnosis.remedy.as_ref().map(|remedy| line(head, remedy, theme.text)));
            lines
        }
    }
}

/// What a key here does about a failure: the key, and what it does.
fn offers(app: &App, diagnosis: &Diagnosis) -> Vec<(String, String)> {
    let key = |command: Command| {
        let entry = app.entry(command, &OFFERED_IN).filter(|entry| app.allows(entry))?;
        Some(app.keymap.key_of(entry))
    };
    let offer = |action: &Action| {
        let (command, words) = match action {
            Action::AddCollaborator { username, project_name, permission, .. } => (
                Command::AddCollaboratorFix,
                format!("add {username} as collaborator of {project_name} ({permission})"),
            ),
            Action::CopyMessage { .. } => {
                (Command::CopyMessage, "copy a message that asks for access".to_owned())
            }
            Action::ChooseKey | Action::TestWithoutKey => (Command::ChooseKey, action.label()),
            Action::TestAgain => (Command::SendTest, action.label()),
            Action::ReloadModel => (Command::Refresh, action.label()),
            Action::RestartDeployment { .. } => (Command::RestartModel, action.label()),
            Action::CreateKey => return None,
        };
        Some((key(command)?, words))
    };
    diagnosis.actions.iter().filter_map(offer).collect()
}

/// Where the commands that mend a refusal stand in the table.
const OFFERED_IN: [Context; 3] = [Context::Refusal, Context::ModelPanel, Context::Global];

fn explain(buf: &mut Buffer, area: Rect, lines: &[(String, String, Style)]) {
    let lines: Vec<Line<'_>> = lines
        .iter()
        .map(|(head, words, style)| {
            Line::from(vec![Span::raw(head.as_str()), Span::styled(words.as_str(), *style)])
        })
        .collect();
    let inner = Rect { x: area.x + 1, width: area.width.saturating_sub(2), ..area };
    Paragraph::new(lines).wrap(Wrap { trim: false }).render(inner.intersection(buf.area), buf);
}
