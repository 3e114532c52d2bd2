//! What keys, pastes and answers do to the Models tab.

mod boxes;
mod list;
mod mend;
mod panel;
mod reading;
mod replies;
mod run;
mod saved;

use crossterm::event::KeyEvent;

use crate::diagnosis::Action;
use crate::text;
use crate::tui::app::{App, Tab};
use crate::tui::command::{Command, Context};
use crate::tui::effect::Effects;
use crate::tui::requests::RequestId;
use crate::tui::screens::models::list::Fetched;
use crate::tui::session::KnownKey;
use crate::tui::update;

pub(super) use panel::key_label;
pub(in crate::tui) use panel::known_label;
pub(super) use reading::rows_in_sight;
pub(in crate::tui) use reading::{tick, watches};
pub(in crate::tui) use replies::reply;
pub use run::RunPlan;
pub(in crate::tui) use saved::note_sent;

use reading::{forget_what_was_given_up, read_what_is_in_sight, refresh};

/// The tab is shown: the list is fetched where it is not there yet, and brought up to date.
pub fn enter(app: &mut App) -> Effects {
    forget_what_was_given_up(app);
    let mut effects = saved::ask_for_requests(app);
    effects.extend(refresh(app));
    effects.extend(read_what_is_in_sight(app));
    effects
}

/// Another tab wants the models: what has never been fetched is.
pub fn prepare(app: &mut App) -> Effects {
    forget_what_was_given_up(app);
    let mut effects = saved::ask_for_requests(app);
    if matches!(app.models.list.fetched, Fetched::Never | Fetched::Failed(_)) {
        effects.extend(refresh(app));
    }
    effects
}

/// The window has another size: other rows may be in sight.
pub fn resized(app: &mut App) -> Effects {
    boxes::rewrap(app);
    read_what_is_in_sight(app)
}

/// Where the keys go, the innermost first.
pub fn contexts(app: &App) -> Vec<Context> {
    let mut contexts = Vec::new();
    let models = &app.models;
    if models.chooser.is_none()
        && models.prompt.is_none()
        && models.runs_in_sight().is_none()
        && !models.is_typing()
    {
        let offered =
            |wanted: fn(&Action) -> bool| mend::action(app, |action| wanted(action).then_some(())).is_some();
        if offered(|action| matches!(action, Action::AddCollaborator { .. })) {
            contexts.push(Context::MendableRefusal);
        }
        if offered(|action| matches!(action, Action::CopyMessage { .. })) {
            contexts.push(Context::Refusal);
        }
    }
    contexts.extend(models.contexts());
    contexts
}

/// Whether characters are text now.
pub fn typing(app: &App) -> bool {
    app.models.is_typing()
}

/// Whether a dialog of the tab's own is open.
pub fn modal(app: &App) -> bool {
    app.models.is_modal()
}

/// Nothing is lost by leaving that could not be typed again: keys are never written anywhere.
pub fn unsaved(_app: &App) -> Option<String> {
    None
}

/// A request was given up.
pub fn cancelled(app: &mut App, _id: RequestId) {
    forget_what_was_given_up(app);
}

/// A command of the table. `None` where it means nothing here.
pub fn command(app: &mut App, command: Command) -> Option<Effects> {
    if command == Command::Refresh && app.models.runs_in_sight().is_none() {
        return Some(refresh(app));
    }
    let models = &app.models;
    let effects = if models.prompt.is_some() {
        boxes::prompt_command(app, command)
    } else if models.viewer.is_some() {
        boxes::viewer_command(app, command)
    } else if models.chooser.is_some() {
        boxes::chooser_command(app, command)
    } else if models.runs_in_sight().is_some() {
        run::run_command(app, command)
    } else if models.filter.is_some() {
        list::filter_command(app, command)
    } else if models.open.is_some() {
        panel::panel_command(app, command)
    } else {
        list::list_command(app, command)
    };
    effects.map(|mut effects| {
        effects.extend(read_what_is_in_sight(app));
        effects
    })
}

/// A key that is no command: text, and the arrows between and in the fields.
pub fn key(app: &mut App, key: KeyEvent) -> Effects {
    let models = &app.models;
    if models.prompt.is_some() {
        boxes::prompt_key(app, key)
    } else if models.viewer.is_some() {
        boxes::viewer_key(app, key)
    } else if models.runs_in_sight().is_some() {
        run::run_key(app, key)
    } else if models.filter.is_some() {
        list::filter_key(app, key)
    } else if models.open.is_some() {
        panel::panel_key(app, key)
    } else {
        Effects::new()
    }
}

/// Pasted text: only ever into a field.
pub fn paste(app: &mut App, pasted: &str) -> Effects {
    if let Some(prompt) = &mut app.models.prompt {
        prompt.field.paste(pasted);
    } else if app.models.runs_in_sight().is_some() {
        run::run_paste(app, pasted);
    } else if let Some(field) = &mut app.models.filter {
        field.paste(pasted);
        let filter = field.text().to_owned();
        app.models.list.set_filter(&filter);
        return read_what_is_in_sight(app);
    } else if !app.models.is_modal() {
        return panel::panel_paste(app, pasted);
    }
    Effects::new()
}

/// Shows the tab, to choose the model that is tested with this key.
pub fn test_with(app: &mut App, known: KnownKey) -> Effects {
    app.notices.info(app.now, format!("Enter on a model tests it with {} {}", known.id(), known.label));
    app.models.open = None;
    app.models.offered_key = Some(known);
    update::show(app, Tab::Models)
}

/// What a yes to a question of this tab does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Confirmed {
    /// Stop the deployment of this model.
    Stop { model_id: String },
    /// Restart it.
    Restart { model_id: String },
    /// Leave the form of a run and what was typed there.
    DiscardRunForm,
    /// Begin a run beyond the ceiling.
    Run(Box<RunPlan>),
}

/// A question was answered with yes.
pub fn confirmed(app: &mut App, what: Confirmed) -> Effects {
    match what {
        Confirmed::Run(plan) => run::begin_with(app, plan.0),
        Confirmed::Stop { model_id } => mend::stop(app, &model_id),
        Confirmed::Restart { model_id } => mend::restart(app, &model_id),
        Confirmed::DiscardRunForm => run::discard_form(app),
    }
}

/// `3 of 7 models`, for the title.
pub fn count(app: &App) -> String {
    let list = &app.models.list;
    let all = text::count(list.total(), "model", "models");
    if list.len() == list.total() { all } else { format!("{} of {all}", list.len()) }
}
