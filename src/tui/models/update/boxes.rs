//! Keys and commands of what opens over the tab: one result whole, things to choose from, names
//! to type.

use crossterm::event::KeyEvent;

use super::mend::{add_collaborator, copy, copy_message};
use super::saved::save_request;
use crate::tui::app::App;
use crate::tui::command::Command;
use crate::tui::effect::{self, Effects};
use crate::tui::requests::{Kind, Scope};
use crate::tui::screens::models::calls::Call;
use crate::tui::screens::models::overview;
use crate::tui::screens::models::panel::{Focus, Panel};
use crate::tui::screens::models::results::TestResult;
use crate::tui::screens::models::state::{Choice, Chooser, Prompt, Purpose, Shown, Viewer};
use crate::tui::view;
use crate::tui::widgets::Edit;
use crate::tui::widgets::field::Field;

// ---- one result, whole

pub(super) fn open_result(app: &mut App) {
    let Some(row) = app.models.subject() else { return };
    let Some(result) = app.models.panel().and_then(Panel::selected_result) else { return };
    let title = format!("{}: result {}", row.path(), result.number);
    show(app, title, row.model.id.clone(), Shown::Result(result.number));
}

/// Shows all that is known of a model.
pub(super) fn open_overview(app: &mut App) {
    let Some(row) = app.models.subject() else { return };
    show(app, row.path(), row.model.id.clone(), Shown::Overview);
}

fn show(app: &mut App, title: String, model_id: String, shown: Shown) {
    let viewer = Viewer {
        title,
        model_id,
        shown,
        lines: Vec::new(),
        top: 0,
        folded: false,
        search: None,
        needle: String::new(),
        matches: 0,
    };
    app.models.viewer = Some(viewer);
    rewrap(app);
}

/// Columns inside the viewer's border.
fn columns(app: &App) -> usize {
    app.size.0.saturating_sub(4).into()
}

/// Rows inside the viewer's border.
fn rows(app: &App) -> usize {
    usize::from(view::body(app).height.saturating_sub(2)).max(1)
}

/// The result that the viewer shows.
pub(super) fn viewed(app: &App) -> Option<&TestResult> {
    let viewer = app.models.viewer.as_ref()?;
    let Shown::Result(number) = viewer.shown else { return None };
    app.models.panels.get(&viewer.model_id)?.results.iter().find(|result| result.number == number)
}

/// What the viewer shows, in lines of at most `columns`.
fn viewed_lines(app: &App, columns: usize, folded: bool) -> Option<Vec<String>> {
    let viewer = app.models.viewer.as_ref()?;
    match viewer.shown {
        Shown::Result(_) => viewed(app).map(|result| result.whole(columns, folded)),
        Shown::Overview => {
            app.models.list.row(&viewer.model_id).map(|row| overview::whole(app, row, columns))
        }
    }
}

pub(super) fn viewer_command(app: &mut App, command: Command) -> Option<Effects> {
    let height = rows(app);
    let viewer = app.models.viewer.as_mut()?;
    if viewer.search.is_some() {
        match command {
            Command::Back => {
                viewer.search = None;
                viewer.search_for(String::new());
            }
            Command::Submit => viewer.search = None,
            _ => return None,
        }
        return Some(Effects::new());
    }
    match command {
        Command::Up => viewer.scroll_to(viewer.top.saturating_sub(1), height),
        Command::Down => viewer.scroll_to(viewer.top + 1, height),
        Command::PageUp => viewer.scroll_to(viewer.top.saturating_sub(height), height),
        Command::PageDown => viewer.scroll_to(viewer.top + height, height),
        Command::First => viewer.scroll_to(0, height),
        Command::Last => viewer.scroll_to(usize::MAX, height),
        Command::Filter => viewer.search = Some(Field::default()),
        Command::NextMatch => {
            viewer.find(viewer.top + 1, height);
        }
        Command::PreviousMatch => {
            viewer.find_back(height);
        }
        Command::Fold => fold(app),
        Command::Back | Command::Quit => app.models.viewer = None,
        Command::CopyResult if viewer.shown == Shown::Overview => {
            let lines = viewed_lines(app, usize::MAX, false).unwrap_or_default();
            return Some(copy(app, "the Overview was", lines.join("\n")));
        }
        Command::CopyResult => {
            let body = viewed(app).map(TestResult::body_text).unwrap_or_default();
            return Some(copy(app, "the answer was", body));
        }
        Command::ExportResults => {
            let name = match viewer.shown {
                Shown::Result(number) => format!("result-{number}.txt"),
                Shown::Overview => "overview.txt".to_owned(),
            };
            app.models.prompt =
                Some(Prompt { purpose: Purpose::SaveResult, field: Field::new(name), problem: None });
        }
        Command::AddCollaboratorFix => return Some(add_collaborator(app)),
        Command::CopyMessage => return Some(copy_message(app)),
        _ => return None,
    }
    Some(Effects::new())
}

/// Leaves the deep parts of the body out, or shows them again.
fn fold(app: &mut App) {
    if let Some(viewer) = &mut app.models.viewer {
        viewer.folded = !viewer.folded;
    }
    rewrap(app);
}

/// Writes the shown result anew, for the width that there is now.
pub(super) fn rewrap(app: &mut App) {
    let (columns, height) = (columns(app), rows(app));
    let Some(folded) = app.models.viewer.as_ref().map(|viewer| viewer.folded) else { return };
    let Some(lines) = viewed_lines(app, columns, folded) else { return };
    if let Some(viewer) = &mut app.models.viewer {
        viewer.lines = lines;
        viewer.search_for(viewer.needle.clone());
        viewer.scroll_to(viewer.top, height);
    }
}

/// A character of the search: the first line that holds the text comes into sight.
pub(super) fn viewer_key(app: &mut App, key: KeyEvent) -> Effects {
    let height = rows(app);
    let Some(viewer) = &mut app.models.viewer else { return Effects::new() };
    let Some(field) = &mut viewer.search else { return Effects::new() };
    if field.on_key(key) == Edit::Changed {
        let needle = field.text().to_lowercase();
        viewer.search_for(needle);
        viewer.find(viewer.top, height);
    }
    Effects::new()
}

// ---- something to choose from

/// Opens a list with `selected` selected; nothing to choose from opens nothing.
pub(super) fn choose(app: &mut App, title: &'static str, options: Vec<(String, Choice)>, selected: usize) {
    if !options.is_empty() {
        app.models.chooser = Some(Chooser { title, options, selected });
    }
}

pub(super) fn chooser_command(app: &mut App, command: Command) -> Option<Effects> {
    let chooser = app.models.chooser.as_mut()?;
    let last = chooser.options.len().saturating_sub(1);
    match command {
        Command::Up => chooser.selected = chooser.selected.saturating_sub(1),
        Command::Down => chooser.selected = (chooser.selected + 1).min(last),
        Command::First => chooser.selected = 0,
        Command::Last => chooser.selected = last,
        Command::Back => app.models.chooser = None,
        Command::Submit => {
            let chosen = chooser.options.get(chooser.selected).map(|(_, choice)| choice.clone());
            app.models.chooser = None;
            return Some(chosen.map(|choice| chose(app, choice)).unwrap_or_default());
        }
        _ => return None,
    }
    Some(Effects::new())
}

fn chose(app: &mut App, choice: Choice) -> Effects {
    match choice {
        Choice::Copy(language) => return super::mend::copy_call(app, language),
        Choice::Key(choice) => {
            if let Some(panel) = app.models.panel_mut() {
                panel.choose(choice);
                panel.focus = Focus::Test;
            }
        }
        Choice::Request(request) => {
            if let Some(panel) = app.models.panel_mut() {
                panel.editor.replace(&request);
                panel.problem = None;
            }
        }
    }
    Effects::new()
}

// ---- a name to type

pub(super) fn prompt_command(app: &mut App, command: Command) -> Option<Effects> {
    match command {
        Command::Back => app.models.prompt = None,
        Command::Submit => return Some(submit(app)),
        // There is one field only.
        Command::NextField | Command::PreviousField => {}
        _ => return None,
    }
    Some(Effects::new())
}

pub(super) fn prompt_key(app: &mut App, key: KeyEvent) -> Effects {
    if let Some(prompt) = &mut app.models.prompt
        && prompt.field.on_key(key) == Edit::Changed
    {
        prompt.problem = None;
    }
    Effects::new()
}

fn submit(app: &mut App) -> Effects {
    let Some(prompt) = &mut app.models.prompt else { return Effects::new() };
    let name = prompt.field.text().trim().to_owned();
    if name.is_empty() {
        prompt.problem = Some("type a name".to_owned());
        return Effects::new();
    }
    let purpose = prompt.purpose.clone();
    match purpose {
        Purpose::ExportRun => {
            let summary = app.models.runs_in_sight().and_then(|runs| runs.latest.clone());
            let Some(summary) = summary else {
                app.models.prompt = None;
                return Effects::new();
            };
            let what = format!("writing {name}");
            let call = effect::Call::Models(Call::Export { file: name.into(), summary });
            vec![app.start(Scope::Session, Kind::Change, what, call).1]
        }
        Purpose::SaveRequest => {
            app.models.prompt = None;
            save_request(app, name)
        }
        Purpose::SaveResult => {
            let Some(text) = viewed_lines(app, usize::MAX, false).map(|lines| lines.join("\n") + "\n") else {
                app.models.prompt = None;
                return Effects::new();
            };
            let what = format!("writing {name}");
            let call = effect::Call::Models(Call::Write { file: name.into(), text });
            vec![app.start(Scope::Models, Kind::Change, what, call).1]
        }
    }
}
