//! Taking answers.

use super::reading::{read_what_is_in_sight, rows_in_sight};
use crate::probe::CallResult;
use crate::tui::app::App;
use crate::tui::effect::{self, Effects};
use crate::tui::requests::{Kind, RequestId, Scope};
use crate::tui::screens::models::calls::{Call, Explain, Reply, Test};
use crate::tui::screens::models::list::Deployed;
use crate::tui::screens::models::results::{TestResult, Why};

/// Selects the project of the workbench session that the program runs in, once, unless the person
/// went elsewhere meanwhile.
fn begin_with_project(app: &mut App) {
    let Some(project) = app.session.project.take() else { return };
    if app.models.open.is_none() && app.models.list.selected_at() == 0 {
        let height = rows_in_sight(app);
        app.models.list.select_project(&project, height);
    }
}

/// An answer came, or a page of one that goes on.
pub fn reply(app: &mut App, id: RequestId, reply: Reply) -> Effects {
    let mut effects = Effects::new();
    match reply {
        Reply::Page(models) => app.models.list.page(models),
        Reply::Listed(done) => {
            app.models.listing = None;
            match done {
                Ok(()) => {
                    app.models.list.end(app.now);
                    begin_with_project(app);
                }
                Err(error) => {
                    // An empty list has the room to say it itself.
                    if app.models.list.total() > 0 {
                        app.notices.failed(app.now, &error);
                    }
                    app.models.list.fail(error);
                }
            }
        }
        Reply::Deployment { model_id, found } => {
            app.models.reading.remove(&id);
            let deployed = match found {
                Ok(found) => Deployed::Read(found),
                Err(error) => Deployed::Failed(error.to_string()),
            };
            app.models.list.read(&model_id, deployed, app.now);
        }
        Reply::Projects(projects) => {
            let projects = projects.into_iter().map(|project| (project.id.clone(), project));
            app.models.projects.extend(projects);
        }
        Reply::Requests(Err(problem)) => {
            let text = format!("requests of earlier tests cannot be read: {problem}");
            app.notices.warning(app.now, text);
        }
        Reply::Requests(Ok(requests)) => {
            for (model_id, requests) in requests {
                app.models.requests.entry(model_id).or_insert(requests);
            }
        }
        Reply::RequestsStored(done) => {
            if let Err(problem) = done {
                let text = format!("the request is not kept for the next start: {problem}");
                app.notices.warning(app.now, text);
            }
        }
        Reply::RunProgress { model_id, summary } => {
            if let Some(runs) = app.models.runs.get_mut(&model_id) {
                runs.latest = Some(summary);
            }
        }
        Reply::RunEnded { model_id, ended } => {
            let Some(runs) = app.models.runs.get_mut(&model_id) else { return effects };
            runs.live = None;
            match ended {
                Ok(summary) => runs.latest = Some(summary),
                Err(error) => {
                    let hint = error.hint().map(|hint| format!("; {hint}")).unwrap_or_default();
                    runs.problem = Some(format!("the run did not begin: {error}{hint}"));
                }
            }
            if app.models.running.as_ref() != Some(&model_id) {
                runs.unseen = true;
                app.notices.info(app.now, "the run has ended; b shows it");
            }
        }
        Reply::RunStopAsked => {}
        Reply::Written { file, done } => match done {
            Ok(()) => {
                app.models.prompt = None;
                app.notices.info(app.now, format!("written to {}", file.display()));
            }
            Err(problem) => match &mut app.models.prompt {
                Some(prompt) => prompt.problem = Some(problem),
                None => app.notices.error(app.now, format!("{}: {problem}", file.display()), None),
            },
        },
        Reply::Project { project_id, project } => {
            app.models.reading_project = None;
            match project {
                Ok(project) => {
                    app.models.projects.insert(project_id, *project);
                }
                Err(_) => {
                    app.models.unreadable_projects.insert(project_id);
                }
            }
        }
        Reply::Tested { test, sent, call } => effects.extend(tested(app, *test, sent, *call)),
        Reply::Explained { model_id, number, diagnosis } => {
            let panel = app.models.panels.get_mut(&model_id);
            if let Some(result) = panel.and_then(|panel| panel.result_mut(number)) {
                result.why = Why::Known(diagnosis);
            }
        }
        Reply::CollaboratorAdded { project_id, project, username, permission, done } => match done {
            Ok(()) => {
                let results = app.models.panels.values_mut().flat_map(|panel| &mut panel.results);
                for result in results.filter(|result| result.wants_collaborator(&project_id, &username)) {
                    result.mended = true;
                }
                let text =
                    format!("{username} is a collaborator of {project} now ({permission}); test again");
                app.notices.info(app.now, text);
            }
            Err(error) => app.notices.failed(app.now, &error),
        },
        Reply::DeploymentAsked { model_id, what, done } => match done {
            Ok(deployment) => {
                let word = deployment.status.clone();
                app.notices.info(app.now, format!("asked to {what}; the deployment is {word}"));
                app.models.list.set_deployed(&model_id, Deployed::Unread);
            }
            Err(error) => app.notices.failed(app.now, &error),
        },
    }
    effects.extend(read_what_is_in_sight(app));
    effects
}

pub(super) fn tested(app: &mut App, test: Test, sent: String, call: CallResult) -> Effects {
    let Test { model_id, number, key, key_label, .. } = test;
    let Some(row) = app.models.list.row(&model_id) else { return Effects::new() };
    let model = row.model.to_wire();
    let path = row.path();
    let Some(panel) = app.models.panels.get_mut(&model_id) else { return Effects::new() };
    if panel.running.as_ref().is_some_and(|running| running.number == number) {
        panel.running = None;
    }
    let result = TestResult::new(number, key_label, sent, call.clone());
    let failed = result.failure().is_some();
    panel.push(result);
    if !failed {
        return Effects::new();
    }
    let signed_in = app.session.username.clone();
    let call = effect::Call::Models(Call::Explain(Box::new(Explain { number, model, key, call, signed_in })));
    let what = format!("asking why {path} refused");
    let (id, start) = app.start(Scope::Models, Kind::Read, what, call);
    if let Some(result) = app.models.panels.get_mut(&model_id).and_then(|panel| panel.result_mut(number)) {
        result.why = Why::Asking(id);
    }
    vec![start]
}
