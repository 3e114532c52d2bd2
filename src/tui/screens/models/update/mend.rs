//! What mends a failure, and what is done with the model itself.

use super::Confirmed;
use super::boxes::choose;
use crate::diagnosis::Action;
use crate::tui::app::App;
use crate::tui::effect::{self, Copied, Effect, Effects};
use crate::tui::overlays::{self, Confirm};
use crate::tui::requests::{Kind, Scope};
use crate::tui::screens::models::calls::Call;
use crate::tui::screens::models::code::{Language, ModelRequest};
use crate::tui::screens::models::example;
use crate::tui::screens::models::list::Deployed;
use crate::tui::screens::models::panel::KeyChoice;
use crate::tui::screens::models::state::Choice;
use crate::tui::screens::settings::sent_to_terminal;
use crate::wire::ModelDeployment;

/// The newest action of a kind that the selected result's diagnosis offers.
pub(super) fn action<T>(app: &App, pick: impl Fn(&Action) -> Option<T>) -> Option<T> {
    let result = app.models.panel()?.selected_result()?;
    if result.mended {
        return None;
    }
    result.diagnosis()?.actions.iter().find_map(pick)
}

pub(super) fn add_collaborator(app: &mut App) -> Effects {
    let wanted = action(app, |action| match action {
        Action::AddCollaborator { project_id, project_name, username, permission } => {
            Some((project_id.clone(), project_name.clone(), username.clone(), permission.clone()))
        }
        _ => None,
    });
    let Some((project_id, project, username, permission)) = wanted else {
        app.notices.info(app.now, "the selected result has no refusal that adding a collaborator mends");
        return Effects::new();
    };
    let what = format!("adding {username} to {project}");
    let call = effect::Call::Models(Call::AddCollaborator { project_id, project, username, permission });
    vec![app.start(Scope::Models, Kind::Change, what, call).1]
}

pub(super) fn copy_message(app: &mut App) -> Effects {
    let message = action(app, |action| match action {
        Action::CopyMessage { text } => Some(text.clone()),
        _ => None,
    });
    match message {
        Some(message) => copy(app, "the message was", message),
        None => {
            app.notices.info(app.now, "the selected result has no message to copy");
            Effects::new()
        }
    }
}

/// Asks for the language that the call is to be copied in.
pub(super) fn choose_language(app: &mut App) {
    let options = Language::ALL.map(|language| (language.name().to_owned(), Choice::Copy(language)));
    choose(app, "Copy the call as", options.into(), 0);
}

pub(super) fn copy_call(app: &mut App, language: Language) -> Effects {
    let Some(row) = app.models.subject() else { return Effects::new() };
    let panel = app.models.panels.get(&row.model.id);
    let example = || example::in_description(&row.model.description);
    let request = panel.and_then(|panel| panel.editor.value().ok()).or_else(example).unwrap_or("{}");
    let with_key = panel.map_or(row.model.auth_enabled, |panel| !matches!(panel.choice, KeyChoice::Nothing));
    let url = &app.session.model_url;
    let code = language.write(ModelRequest { url, access_key: &row.model.access_key, request, with_key });
    let what = format!("the call in {} was", language.name());
    copy(app, &what, code)
}

/// Sends `text` to the terminal's clipboard and says so.
pub(super) fn copy(app: &mut App, what: &str, text: String) -> Effects {
    app.notices.info(app.now, sent_to_terminal(app, what));
    vec![Effect::Copy(Copied::Text(text))]
}

pub(super) fn ask_stop(app: &mut App) -> Effects {
    let Some(row) = app.models.subject() else { return Effects::new() };
    let (path, model_id) = (row.path(), row.model.id.clone());
    if row.deployed.deployment().is_none() {
        let why = match row.deployed {
            Deployed::Read(_) => "has no deployment to stop",
            _ => "has a deployment that is not known yet: try again when its status is there",
        };
        app.notices.warning(app.now, format!("{path} {why}"));
        return Effects::new();
    }
    let lines = vec![
        format!("The deployment of {path} is stopped, with all its replicas."),
        "Whoever calls the model gets no answer until it is deployed again.".to_owned(),
    ];
    let then = overlays::Confirmed::Models(Confirmed::Stop { model_id });
    Confirm::new(format!("Stop {path}?"), lines, "Stop", then).ask(app)
}

/// Restarts the deployment; one that answers calls only after a question.
pub(super) fn ask_restart(app: &mut App) -> Effects {
    let Some(row) = app.models.subject() else { return Effects::new() };
    let (path, model_id) = (row.path(), row.model.id.clone());
    let Some(deployment) = row.deployed.deployment() else {
        app.notices.info(app.now, format!("{path} has no deployment to restart"));
        return Effects::new();
    };
    if matches!(deployment.status.as_str(), "stopped" | "failed") {
        return restart(app, &model_id);
    }
    let lines = vec![
        format!("The deployment of {path} is restarted, with all its replicas."),
        "Calls in flight are lost; nobody gets an answer until it is up again.".to_owned(),
    ];
    let then = overlays::Confirmed::Models(Confirmed::Restart { model_id });
    Confirm::new(format!("Restart {path}?"), lines, "Restart", then).ask(app)
}

pub(super) fn restart(app: &mut App, model_id: &str) -> Effects {
    let Some((path, deployment)) = deployment_of(app, model_id) else { return Effects::new() };
    let call = effect::Call::Models(Call::Restart(Box::new(deployment)));
    vec![app.start(Scope::Models, Kind::Change, format!("restarting {path}"), call).1]
}

pub(super) fn stop(app: &mut App, model_id: &str) -> Effects {
    let Some((path, deployment)) = deployment_of(app, model_id) else { return Effects::new() };
    let call = effect::Call::Models(Call::Stop(Box::new(deployment)));
    vec![app.start(Scope::Models, Kind::Change, format!("stopping {path}"), call).1]
}

fn deployment_of(app: &App, model_id: &str) -> Option<(String, ModelDeployment)> {
    let row = app.models.list.row(model_id)?;
    Some((row.path(), row.deployed.deployment()?.clone()))
}
