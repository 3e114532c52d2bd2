//! One model: Overview and Test panel.

use std::ops::Range;

use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::key::{self, KeyChoice};
use super::panel::{Focus, Panel};
use super::result_list::needed;
use super::results::results;
use crate::text;
use crate::tui::command::Command;
use crate::tui::models::draw::{cell, fit, put};
use crate::tui::models::list::row::Row;
use crate::tui::models::list::view::status;
use crate::tui::models::{layout, overview};
use crate::tui::parts::pane::bordered;
use crate::tui::shared::Shared;
use crate::wire::Project;

/// A model, and what is known about it.
#[derive(Debug, Clone, Copy)]
pub struct Shown<'a> {
    pub row: &'a Row,
    pub project: Option<&'a Project>,
    pub panel: Option<&'a Panel>,
}

/// Draws a model; `focused` if it has the focus. Without a model the frame is empty.
pub fn model(shared: &Shared, shown: Option<Shown<'_>>, focused: bool, frame: &mut Frame<'_>, area: Rect) {
    let Some(Shown { row, project, panel }) = shown else {
        return bordered(shared, frame, area, Line::default(), Line::default(), false);
    };
    let theme = &shared.preferences.theme;
    let mut title = vec![Span::styled(format!(" {} ", text::clean(&row.path())), theme.title)];
    if panel.is_some_and(|panel| panel.editing) && focused {
        title.push(Span::styled(" EDITING ", theme.button_focused));
    }
    bordered(shared, frame, area, Line::from(title), state(shared, row), focused);
    let parts = parts(area, panel);
    let buf = frame.buffer_mut();
    overview::draw(shared, buf, parts.overview, row, project);
    let Some(panel) = panel else {
        let text = format!("{} opens the Test panel", shared.key_of(Command::TestModel));
        put(buf, parts.key, parts.key.x + 1, &text, theme.dim);
        return;
    };
    key_line(shared, buf, parts.key, panel, focused);
    request(shared, buf, parts.request, panel, focused);
    test_line(shared, buf, parts.test, panel, focused);
    if let Some(problem) = &panel.problem {
        for (line, part) in parts.problem.rows().zip(problem_lines(area, problem)) {
            put(buf, line, line.x + 1, &part, theme.error);
        }
    }
    // Where the answer is beside the results, the rule between them is the right side of their frame.
    let mut around = area;
    if let Some(rule) = parts.rule {
        around.width = rule.right() - area.x;
        let glyphs = shared.preferences.glyphs;
        rule.rows().for_each(|row| {
            put(buf, row, row.x, glyphs.border.vertical_left, theme.border);
        });
        let bottom = Rect { y: area.bottom() - 1, height: 1, ..rule };
        put(buf, bottom, bottom.x, glyphs.joint_bottom, if focused { theme.focused } else { theme.border });
    }
    panel.answer.draw(shared, buf, parts.answer, focused && panel.focus == Focus::Answer);
    results(shared, frame, parts.results, around, panel, focused);
}

/// Why the last press on Test sent nothing, in lines that fit.
fn problem_lines(area: Rect, problem: &str) -> Vec<String> {
    let width = usize::from(layout::inside(area).width.saturating_sub(2)).max(1);
    let mut lines = text::wrap(&text::clean(problem), width);
    lines.truncate(2);
    lines
}

/// Columns before what a part shows: its sign and its name.
const LABEL: u16 = 12;

/// The parts of a model's area.
pub fn parts(area: Rect, panel: Option<&Panel>) -> layout::ModelParts {
    let columns = layout::inside(area).width.saturating_sub(LABEL);
    let request = panel.map_or(1, |panel| panel.editor.row_count(columns.into()));
    let problem = panel.and_then(|panel| panel.problem.as_deref());
    let problem = problem.map_or(0, |problem| problem_lines(area, problem).len() as u16);
    let results = panel.map_or(0, |panel| needed(panel.results.widest()));
    layout::model_parts(area, request, problem, results)
}

/// How the deployment is, and how many replicas it has.
fn state(shared: &Shared, row: &Row) -> Line<'static> {
    let (word, style) = status(shared, &row.deployed);
    let replicas = row
        .replicas()
        .filter(|_| row.deployed.label() == "deployed")
        .map(|n| format!(" · {}", text::count(usize::try_from(n).unwrap_or(0), "replica", "replicas")));
    Line::from(vec![
        Span::styled(format!(" {word}"), style),
        Span::styled(format!("{} ", replicas.unwrap_or_default()), shared.preferences.theme.dim),
    ])
}

/// The symbol and the name of a part, marked if it has the focus.
fn label(shared: &Shared, buf: &mut Buffer, line: Rect, name: &str, focused: bool) -> u16 {
    let theme = &shared.preferences.theme;
    let (sign, style) =
        if focused { (shared.preferences.glyphs.cursor, theme.title) } else { (" ", theme.dim) };
    put(buf, line, line.x, sign, theme.accent);
    cell(buf, line, line.x + 1, LABEL - 1, name, style)
}

fn key_line(shared: &Shared, buf: &mut Buffer, line: Rect, panel: &Panel, focused: bool) {
    let theme = &shared.preferences.theme;
    let here = focused && panel.focus == Focus::Key;
    let x = label(shared, buf, line, "API key", here);
    if line.is_empty() || x >= line.right() {
        return;
    }
    let label = match &panel.choice {
        KeyChoice::Typed => {
            let field = Rect { x, width: line.right() - x, ..line };
            panel.field.render(field, buf, here && panel.editing, &shared.styles());
            return;
        }
        KeyChoice::SignedIn => format!("the key that is signed in ({})", shared.session.user()),
        KeyChoice::Nothing => "none".to_owned(),
        KeyChoice::Known(known) => key::id_and_label(known),
    };
    let style = if here { theme.field_focused } else { theme.field };
    let end = put(buf, line, x, &text::clean(&label), style);
    let hint = match here {
        true if panel.editing => format!("type or paste one, then {}", shared.key_of(Command::Back)),
        true => format!("paste one, or {} for others", shared.key_of(Command::ChooseKey)),
        false => String::new(),
    };
    put(buf, line, end + 2, &fit(&hint, line, end + 2), theme.dim);
}

fn request(shared: &Shared, buf: &mut Buffer, area: Rect, panel: &Panel, focused: bool) {
    let here = focused && panel.focus == Focus::Request;
    let x = label(shared, buf, Rect { height: area.height.min(1), ..area }, "request", here);
    if area.is_empty() || x >= area.right() {
        return;
    }
    let typing = here && panel.editing;
    panel.editor.render(Rect { x, width: area.right() - x, ..area }, buf, typing, &shared.styles());
    let (columns, height) = (usize::from(area.right() - x), usize::from(area.height));
    let rows = panel.editor.row_count(columns);
    if rows > height && height > 1 {
        let first = panel.editor.first_in_sight(columns, height, typing) + 1;
        let counts = [format!("{first}-{}", first + height - 1), format!("of {rows}")];
        for (row, count) in area.rows().skip(1).zip(counts) {
            // A blank stays before the text.
            cell(buf, row, row.x + 1, LABEL - 2, &count, shared.preferences.theme.dim);
        }
    }
}

/// The columns of the button in its line.
pub const BUTTON: Range<u16> = 12..20;

fn test_line(shared: &Shared, buf: &mut Buffer, line: Rect, panel: &Panel, focused: bool) {
    let theme = &shared.preferences.theme;
    let here = focused && panel.focus == Focus::Test;
    put(buf, line, line.x, if here { shared.preferences.glyphs.cursor } else { " " }, theme.accent);
    let style = if here { theme.button_focused } else { theme.button };
    let x = put(buf, line, line.x + BUTTON.start, "[ Test ]", style) + 2;
    if let Err(problem) = panel.editor.value() {
        put(buf, line, x, &fit(&problem.to_string(), line, x), theme.warn);
        return;
    }
    if let Some(running) = &panel.running {
        let waited = shared.waiting(running.id).unwrap_or_default().as_secs();
        let (spinner, back) = (shared.spinner(), shared.key_of(Command::Back));
        let note = format!("{spinner} test {}: {waited} s, {back} cancels", running.number);
        put(buf, line, x, &fit(&note, line, x), theme.accent);
    } else if focused && panel.focus == Focus::Request {
        let key = |command| shared.key_of(command);
        let (edit, back) = (key(Command::EditField), key(Command::Back));
        let note = match panel.editing {
            true => format!("{back} done  {} test  Ctrl-_ undo", "Ctrl-T"),
            false => {
                format!("{edit} edit  {} $EDITOR  {} undo", key(Command::OpenEditor), key(Command::UndoEdit))
            }
        };
        put(buf, line, x, &fit(&note, line, x), theme.dim);
    }
}
