//! One model: Overview and Test panel.

use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::list::status;
use super::results::{explain, results, why_lines, wrapped};
use super::{bordered, cell, fit, put};
use crate::text;
use crate::tui::app::App;
use crate::tui::screens::models::layout;
use crate::tui::screens::models::list::Row;
use crate::tui::screens::models::overview;
use crate::tui::screens::models::panel::{Focus, KeyChoice, Panel};
use crate::tui::screens::models::update::known_label;

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
    let width = usize::from(layout::inside(area).width.saturating_sub(2)).max(1);
    let why = panel.map(|panel| wrapped(why_lines(app, panel), width)).unwrap_or_default();
    let parts = layout::model_parts(area, lines, u16::try_from(why.len()).unwrap_or(u16::MAX).min(9));
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
    explain(app, buf, parts.why, &why);
}

pub(super) fn overview(app: &App, buf: &mut Buffer, area: Rect, row: &Row) {
    let theme = &app.preferences.theme;
    let all = area.height > 3;
    let facts = if all { overview::facts(app, row) } else { overview::short_facts(app, row) };
    let columns = usize::from(area.width.saturating_sub(13)).max(1);
    let mut spare = usize::from(area.height).saturating_sub(facts.len());
    let mut lines = area.rows();
    for (name, words) in facts {
        let wrapped = text::wrap(&words, columns);
        // What is cut short takes the lines that no fact needs.
        let more = wrapped.len().saturating_sub(1).min(spare);
        spare -= more;
        for (at, words) in wrapped.iter().take(more + 1).enumerate() {
            let Some(line) = lines.next() else { break };
            cell(buf, line, line.x + 1, 11, if at == 0 { name } else { "" }, theme.dim);
            let cut = at == more && wrapped.len() > more + 1;
            let words =
                if cut { format!("{words} {}", app.preferences.glyphs.ellipsis) } else { words.clone() };
            put(buf, line, line.x + 12, &text::truncate(&words, columns), theme.text);
        }
    }
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
            format!("{}  {}", known.id(), known_label(&known.label, &known.username))
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
    let (lines, height) = (panel.editor.line_count(), usize::from(area.height));
    if lines > height && height > 1 {
        let first = panel.editor.first_in_sight(height, here) + 1;
        let words = format!("{first}-{} of {lines}", first + height - 1);
        let below = Rect { y: area.y + 1, height: 1, ..area };
        cell(buf, below, below.x + 1, 10, &words, app.preferences.theme.dim);
    }
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
    } else if focused && panel.focus == Focus::Request {
        let words = "Tab next  Esc done  Ctrl-U deletes the line";
        put(buf, line, x, &fit(words, line, x), theme.dim);
    }
}
