//! What is fetched and when: the list, and the deployments and projects of what is in sight.

use std::sync::Arc;

use jiff::SignedDuration;

use crate::tui::app::App;
use crate::tui::effect::{self, Effects};
use crate::tui::requests::{Kind, RequestId, Scope};
use crate::tui::screens::models::calls::Call;
use crate::tui::screens::models::layout;
use crate::tui::screens::models::list::Deployed;
use crate::tui::screens::models::state::AT_A_TIME;
use crate::tui::view;

/// How long a deployment that is changing is left alone before it is read again.
const WATCH: SignedDuration = SignedDuration::from_secs(2);

/// Asks for everything in sight again.
pub fn refresh(app: &mut App) -> Effects {
    if !app.session.signed_in || app.models.listing.is_some() {
        return Effects::new();
    }
    app.models.list.begin();
    app.models.unreadable_projects.clear();
    let call = effect::Call::Models(Call::List { scope: app.models.scope });
    let (id, start) = app.start(Scope::Models, Kind::Read, "listing the models", call);
    app.models.listing = Some(id);
    vec![start]
}

/// What is in sight is not known yet: deployments of the rows, the project of the model.
pub fn read_what_is_in_sight(app: &mut App) -> Effects {
    let mut effects = Effects::new();
    if !app.session.signed_in {
        return effects;
    }
    let free = AT_A_TIME.saturating_sub(app.models.reading.len());
    let mut wanted = app.models.list.take_unread(rows_in_sight(app), free);
    // An open model may have been filtered out of sight.
    if let Some(row) = app.models.subject()
        && (row.deployed == Deployed::Unread || row.is_stale())
        && wanted.len() < free
        && !wanted.iter().any(|(_, id)| *id == row.model.id)
    {
        wanted.push((row.model.project.public_identifier.clone(), row.model.id.clone()));
    }
    for (project_id, model_id) in wanted {
        app.models.list.note_reading(&model_id);
        let call = effect::Call::Models(Call::Deployment { project_id, model_id: model_id.clone() });
        let (id, start) = app.start(Scope::Models, Kind::Read, "reading deployments", call);
        app.models.reading.insert(id, model_id);
        effects.push(start);
    }
    let project = app.models.subject().map(|row| Arc::clone(&row.model.project));
    if let Some(project) = project
        && app.models.reading_project.is_none()
        && !app.models.projects.contains_key(&project.public_identifier)
        && !app.models.unreadable_projects.contains(&project.public_identifier)
    {
        let call = effect::Call::Models(Call::Project { project_id: project.public_identifier.clone() });
        let what = format!("reading the project {}", project.name);
        let (id, start) = app.start(Scope::Models, Kind::Read, what, call);
        app.models.reading_project = Some(id);
        effects.push(start);
    }
    effects
}

pub(in crate::tui::screens::models) fn rows_in_sight(app: &App) -> usize {
    let list = layout::halves(view::body(app), view::is_wide(app), app.models.open.is_some()).list;
    list.map_or(0, |list| layout::list_rows(list, view::is_wide(app), app.models.is_filtered()).height.into())
}

/// Requests that nobody waits for any more (the tab was left, the person gave them up) count as
/// never asked.
pub(super) fn forget_what_was_given_up(app: &mut App) {
    let App { models, requests, .. } = app;
    let gone = |id: &RequestId| !requests.waits_for(*id);
    let unread: Vec<String> = models.reading.extract_if(|id, _| gone(id)).map(|(_, model)| model).collect();
    for model_id in unread {
        models.list.set_deployed(&model_id, Deployed::Unread);
    }
    if models.reading_project.as_ref().is_some_and(gone) {
        models.reading_project = None;
    }
    if models.listing.as_ref().is_some_and(gone) {
        models.listing = None;
        models.list.give_up();
    }
    for panel in models.panels.values_mut() {
        if panel.running.as_ref().is_some_and(|running| gone(&running.id)) {
            panel.running = None;
        }
        panel.forget_questions(|id| gone(id));
    }
    for runs in models.runs.values_mut() {
        super::run::forget_given_up(runs, |id| gone(id));
    }
}

/// Whether something in sight changes by itself, so that it is to be looked at again in a while.
pub(in crate::tui) fn watches(app: &App) -> bool {
    app.session.signed_in && app.models.list.is_changing(rows_in_sight(app))
        || app.models.subject().is_some_and(|row| row.deployed.is_changing())
}

/// A quarter of a second has passed.
pub(in crate::tui) fn tick(app: &mut App) -> Effects {
    let Ok(before) = app.now.checked_sub(WATCH) else { return Effects::new() };
    let rows = rows_in_sight(app);
    let subject = app.models.subject().map(|row| row.model.id.clone());
    let models = &mut app.models;
    let being_read = |id: &str| models.reading.values().any(|reading| reading == id);
    models.list.watch(rows, subject.as_deref(), before, being_read);
    read_what_is_in_sight(app)
}
