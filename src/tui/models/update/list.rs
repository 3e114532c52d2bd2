//! Keys and commands of the list.

use crossterm::event::KeyEvent;

use super::boxes::open_overview;
use super::mend::{ask_restart, ask_stop, choose_language};
use super::reading::{read_what_is_in_sight, refresh, rows_in_sight};
use super::run::open_runs;
use crate::tui::app::App;
use crate::tui::command::Command;
use crate::tui::effect::Effects;
use crate::tui::requests::Scope;
use crate::tui::screens::models::panel::{Focus, KeyChoice, Panel};
use crate::tui::view;
use crate::tui::widgets::Edit;
use crate::tui::widgets::field::Field;

pub(super) fn list_command(app: &mut App, command: Command) -> Option<Effects> {
    let height = rows_in_sight(app).max(1);
    let list = &mut app.models.list;
    let page = isize::try_from(height).unwrap_or(isize::MAX);
    match command {
        Command::Up => list.move_by(-1, height),
        Command::Down => list.move_by(1, height),
        Command::PageUp => list.move_by(-page, height),
        Command::PageDown => list.move_by(page, height),
        Command::First => list.select(0, height),
        Command::Last => list.select(usize::MAX, height),
        Command::Sort => {
            let next = list.order().0.next();
            list.sort_by(next);
        }
        Command::SortReverse => {
            let order = list.order().0;
            list.sort_by(order);
        }
        Command::Filter => app.models.filter = Some(Field::new(app.models.list.filter())),
        Command::Open | Command::TestModel | Command::Right => open_selected(app),
        Command::Back if !list.filter().is_empty() => list.set_filter(""),
        Command::NextPart | Command::PreviousPart if view::is_wide(app) && !app.models.list.is_empty() => {
            open_selected(app);
        }
        Command::ModelOverview => open_overview(app),
        Command::RestartModel => return Some(ask_restart(app)),
        Command::StopModel => return Some(ask_stop(app)),
        Command::CopyCall => choose_language(app),
        Command::RunModel if !app.models.list.is_empty() => {
            open_selected(app);
            return Some(open_runs(app));
        }
        Command::ModelScope => return Some(next_scope(app)),
        _ => return None,
    }
    Some(Effects::new())
}

/// While the filter is typed, the arrows still move in the list.
pub(super) fn filter_command(app: &mut App, command: Command) -> Option<Effects> {
    match command {
        Command::Submit => app.models.filter = None,
        Command::Back => {
            app.models.filter = None;
            app.models.list.set_filter("");
        }
        Command::Up | Command::Down | Command::PageUp | Command::PageDown => {
            return list_command(app, command);
        }
        _ => return None,
    }
    Some(Effects::new())
}

pub(super) fn filter_key(app: &mut App, key: KeyEvent) -> Effects {
    let height = rows_in_sight(app).max(1);
    let Some(field) = app.models.filter.as_mut() else { return Effects::new() };
    if field.on_key(key) == Edit::Changed {
        let filter = field.text().to_owned();
        app.models.list.set_filter(&filter);
        app.models.list.select(0, height);
    }
    read_what_is_in_sight(app)
}

/// Lists other models: mine, with public ones, all.
fn next_scope(app: &mut App) -> Effects {
    app.models.scope = app.models.scope.next();
    app.models.list.outdate();
    let mut effects = app.abandon(Scope::Models);
    super::reading::forget_what_was_given_up(app);
    effects.extend(refresh(app));
    effects
}

/// Gives the keys to the panel of the selected model.
pub(super) fn open_selected(app: &mut App) {
    let models = &mut app.models;
    let Some(row) = models.list.selected() else { return };
    let model_id = row.model.id.clone();
    if !models.panels.contains_key(&model_id) {
        let last = models.requests.get(&model_id).and_then(|requests| requests.last());
        let panel = Panel::new(&row.model, last);
        models.panels.insert(model_id.clone(), panel);
    }
    models.open = Some(model_id);
    let offered = models.offered_key.take();
    if let Some(panel) = models.panel_mut() {
        panel.focus = Focus::Test;
        if let Some(known) = offered {
            panel.choose(KeyChoice::Known(known));
        }
    }
}
