//! The Models tab: models, their Overview, tests and runs.
//!
//! | file | what it holds |
//! |---|---|
//! | [`list`], [`row`] | the rows: filter, order, window, what is known of the deployments |
//! | [`overview`] | what is known of a model, as facts with names |
//! | [`panel`] | the Test panel of one model: key, request, results |
//! | [`results`] | one ended test, in a line and as a whole |
//! | [`calls`] | what the tab asks of the world |
//! | `state`, `update`, `view` | the whole of it, what changes it, how it looks |
//! | [`layout`] | where the parts lie |
//! | [`run`] | runs: what is asked for, how they go, how they ended |
//! | [`code`], [`example`] | a call as curl, Python and R; the first request |

pub mod calls;
pub mod code;
pub mod example;
pub mod layout;
pub mod list;
pub mod overview;
pub mod panel;
pub mod results;
pub mod row;
mod rows;
pub mod run;
mod state;
mod update;
mod view;

pub use calls::{Call, Reply};
pub use state::State;
pub use update::Confirmed;
pub(in crate::tui) use update::{
    cancelled, command, confirmed, contexts, enter, key, modal, note_sent, paste, prepare, reply, resized,
    test_with, tick, typing, unsaved, watches,
};
pub(in crate::tui) use view::view;

use self::row::Row;
use super::super::app::App;
use super::super::command::Command;
use super::super::effect::Effects;
use crate::config::requests::Requests;
use crate::wire::ShortProject;

/// Id and `project/name` of every model that is listed, for the palette.
pub(in crate::tui) fn names(app: &App) -> impl Iterator<Item = (String, String)> + '_ {
    app.models.list.rows().iter().map(|row| (row.model.id.clone(), row.path()))
}

/// The projects of the models that are listed, in no order.
pub(in crate::tui) fn short_projects(app: &App) -> impl Iterator<Item = &ShortProject> {
    app.models.list.projects()
}

/// Selects the first model of a project, with the list grouped by project.
pub(in crate::tui) fn select_project(app: &mut App, project_id: &str) -> Effects {
    let height = update::rows_in_sight(app);
    app.models.open = None;
    if !app.models.list.select_project(project_id, height) {
        app.notices.info(app.now, "no model of this project is listed; v lists more");
    }
    Effects::new()
}

/// Models whose path has all words of `filter` and that are `wanted`, by project: `limit` at most.
pub(in crate::tui) fn matching<'a>(
    app: &'a App,
    filter: &str,
    limit: usize,
    wanted: impl Fn(&Row) -> bool,
) -> Vec<&'a Row> {
    app.models.list.matching(filter).filter(|row| wanted(row)).take(limit).collect()
}

/// The request that a test of a model begins with: what stands in its Test panel, or would.
pub(in crate::tui) fn request_for(app: &App, row: &Row) -> String {
    match app.models.panels.get(&row.model.id) {
        Some(panel) => panel.editor.text(),
        None => {
            let last = app.models.requests.get(&row.model.id).and_then(Requests::last);
            panel::Panel::new(&row.model, last).editor.text()
        }
    }
}

/// What Enter does in the form that has the keys.
pub(super) fn submit_word(app: &App) -> Option<&'static str> {
    let models = &app.models;
    if let Some(prompt) = &models.prompt {
        return Some(if prompt.purpose == state::Purpose::SaveRequest { "save" } else { "write file" });
    }
    if models.is_modal() {
        return None;
    }
    match models.runs_in_sight() {
        Some(runs) => runs.asking.then_some("begin run"),
        None => models.panel().map(|_| "send test"),
    }
}

/// What a command does now; an empty word for those about a model where there is none.
pub(super) fn word(app: &App, command: Command) -> Option<&'static str> {
    let about_one = matches!(
        command,
        Command::TestModel | Command::Open | Command::RunModel | Command::CopyCall | Command::ModelOverview
    );
    (about_one && app.models.subject().is_none()).then_some("")
}

/// Selects a model by its id.
pub(in crate::tui) fn select(app: &mut App, model_id: &str) -> Effects {
    let height = update::rows_in_sight(app);
    app.models.open = None;
    app.models.list.select_model(model_id, height);
    Effects::new()
}
