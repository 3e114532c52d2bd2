//! What keys, pastes and answers do to the Models tab.

use crossterm::event::{KeyCode, KeyEvent};
use serde_json::Value;

use super::calls::{Call, Explain, Reply, Test};
use super::code::{Language, ModelRequest};
use super::list::Deployed;
use super::panel::{Focus, KeyChoice, KeyToSend, Panel, Running};
use super::results::{TestResult, Why};
use super::state::{AT_A_TIME, Chooser, Viewer};
use super::{example, layout};
use crate::diagnosis::Action;
use crate::secret::ApiKey;
use crate::text;
use crate::tui::app::App;
use crate::tui::command::{Command, Context};
use crate::tui::effect::{self, Copied, Effect, Effects};
use crate::tui::overlays::{self, Confirm};
use crate::tui::requests::{Kind, RequestId, Scope};
use crate::tui::view;
use crate::tui::widgets::Edit;
use crate::tui::widgets::field::Field;

/// The tab is shown: the list is fetched where it is not there yet, and brought up to date.
pub fn enter(app: &mut App) -> Effects {
    forget_what_was_given_up(app);
    let mut effects = refresh(app);
    effects.extend(read_what_is_in_sight(app));
    effects
}

/// The window has another size: other rows may be in sight.
pub fn resized(app: &mut App) -> Effects {
    read_what_is_in_sight(app)
}

/// Where the keys go, the innermost first.
pub fn contexts(app: &App) -> Vec<Context> {
    let contexts = app.models.contexts().iter().copied();
    let mendable = action(app, |action| match action {
        Action::AddCollaborator { .. } | Action::CopyMessage { .. } => Some(()),
        _ => None,
    });
    let about_a_result = app.models.chooser.is_none() && !app.models.is_typing();
    mendable.filter(|()| about_a_result).map(|()| Context::Refusal).into_iter().chain(contexts).collect()
}

/// Whether characters are text now.
pub fn typing(app: &App) -> bool {
    app.models.is_typing()
}

/// Whether a dialog of the tab's own is open.
pub fn modal(app: &App) -> bool {
    app.models.viewer.is_some() || app.models.chooser.is_some()
}

/// Nothing is lost by leaving that could not be typed again: keys are never written anywhere.
pub fn unsaved(_app: &App) -> Option<String> {
    None
}

/// A request was given up.
pub fn cancelled(app: &mut App, _id: RequestId) {
    forget_what_was_given_up(app);
}

/// Requests that nobody waits for any more (the tab was left, the person gave them up) count as
/// never asked.
fn forget_what_was_given_up(app: &mut App) {
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
}

/// Asks for everything in sight again.
pub fn refresh(app: &mut App) -> Effects {
    if !app.session.signed_in || app.models.listing.is_some() {
        return Effects::new();
    }
    app.models.list.begin();
    app.models.unreadable_projects.clear();
    let call = effect::Call::Models(Call::List);
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
        && row.deployed == Deployed::Unread
        && wanted.len() < free
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
    let project = app.models.subject().map(|row| row.model.project.clone());
    if let Some(project) = project
        && app.models.reading_project.is_none()
        && !app.models.projects.contains_key(&project.public_identifier)
        && !app.models.unreadable_projects.contains(&project.public_identifier)
    {
        let call = effect::Call::Models(Call::Project { project_id: project.public_identifier });
        let what = format!("reading the project {}", project.name);
        let (id, start) = app.start(Scope::Models, Kind::Read, what, call);
        app.models.reading_project = Some(id);
        effects.push(start);
    }
    effects
}

fn rows_in_sight(app: &App) -> usize {
    let list = layout::halves(view::body(app), view::is_wide(app), app.models.open.is_some()).list;
    list.map_or(0, |list| layout::list_rows(list).height.into())
}

/// A command of the table. `None` where it means nothing here.
pub fn command(app: &mut App, command: Command) -> Option<Effects> {
    if command == Command::Refresh {
        return Some(refresh(app));
    }
    let effects = if app.models.filter.is_some() {
        filter_command(app, command)
    } else if app.models.viewer.is_some() {
        viewer_command(app, command)
    } else if app.models.chooser.is_some() {
        chooser_command(app, command)
    } else if app.models.open.is_some() {
        panel_command(app, command)
    } else {
        list_command(app, command)
    };
    effects.map(|mut effects| {
        effects.extend(read_what_is_in_sight(app));
        effects
    })
}

/// While the filter is typed, the arrows still move in the list.
fn filter_command(app: &mut App, command: Command) -> Option<Effects> {
    match command {
        Command::Open | Command::Submit => app.models.filter = None,
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

fn list_command(app: &mut App, command: Command) -> Option<Effects> {
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
        Command::RestartModel => return Some(restart(app)),
        Command::StopModel => return Some(ask_stop(app)),
        Command::CopyCall => return Some(copy_call(app, Language::Curl)),
        _ => return None,
    }
    Some(Effects::new())
}

/// Gives the keys to the panel of the selected model.
fn open_selected(app: &mut App) {
    let Some(row) = app.models.list.selected() else { return };
    let model = row.model.clone();
    open(app, model.id.clone(), |last| Panel::new(&model, last));
}

fn open(app: &mut App, model_id: String, new: impl FnOnce(Option<&str>) -> Panel) {
    let models = &mut app.models;
    if !models.panels.contains_key(&model_id) {
        let panel = new(models.last_requests.get(&model_id).map(String::as_str));
        models.panels.insert(model_id.clone(), panel);
    }
    models.open = Some(model_id);
    if let Some(panel) = models.panel_mut() {
        panel.focus = Focus::Test;
    }
}

fn panel_command(app: &mut App, command: Command) -> Option<Effects> {
    let panel = app.models.panel_mut()?;
    match (command, panel.focus) {
        (Command::NextPart | Command::NextField, focus) => panel.focus = focus.next().unwrap_or(Focus::Key),
        (Command::PreviousPart | Command::PreviousField, focus) => {
            panel.focus = focus.previous().unwrap_or(Focus::Results)
        }
        (Command::Up, Focus::Results) if panel.selected == 0 => panel.focus = Focus::Test,
        (Command::Up, Focus::Results) => panel.select_result(panel.selected - 1),
        (Command::Down, Focus::Results) => panel.select_result(panel.selected + 1),
        (Command::PageUp, Focus::Results) => panel.select_result(panel.selected.saturating_sub(10)),
        (Command::PageDown, Focus::Results) => panel.select_result(panel.selected + 10),
        (Command::First, Focus::Results) => panel.select_result(0),
        (Command::Last, Focus::Results) => panel.select_result(usize::MAX),
        (Command::Back, _) if panel.running.is_some() => return Some(give_up_test(app)),
        (Command::Back, Focus::Key | Focus::Request) => panel.focus = Focus::Test,
        (Command::Back | Command::Left, _) => app.models.open = None,
        (Command::Open, Focus::Results) | (Command::OpenResult, _) => open_result(app),
        (Command::Open | Command::Submit, Focus::Key | Focus::Test)
        | (Command::SendTest | Command::TestModel, _) => {
            return Some(send(app));
        }
        (Command::ChooseKey, _) => choose_key(app),
        (Command::FormatRequest, _) => {
            if panel.editor.format() == Edit::Ignored {
                panel.problem = panel.editor.value().err().map(|problem| format!("the request: {problem}"));
            }
        }
        (Command::AddCollaboratorFix, _) => return Some(add_collaborator(app)),
        (Command::CopyMessage, _) => return Some(copy_message(app)),
        (Command::RestartModel, _) => return Some(restart(app)),
        (Command::StopModel, _) => return Some(ask_stop(app)),
        (Command::CopyCall, _) => return Some(copy_call(app, Language::Curl)),
        _ => return None,
    }
    Some(Effects::new())
}

fn viewer_command(app: &mut App, command: Command) -> Option<Effects> {
    let height = usize::from(view::body(app).height.saturating_sub(2)).max(1);
    let viewer = app.models.viewer.as_mut()?;
    match command {
        Command::Up => viewer.scroll_to(viewer.top.saturating_sub(1), height),
        Command::Down => viewer.scroll_to(viewer.top + 1, height),
        Command::PageUp => viewer.scroll_to(viewer.top.saturating_sub(height), height),
        Command::PageDown => viewer.scroll_to(viewer.top + height, height),
        Command::First => viewer.scroll_to(0, height),
        Command::Last => viewer.scroll_to(usize::MAX, height),
        Command::Back | Command::Quit => app.models.viewer = None,
        Command::CopyResult => {
            let body = viewer.body.clone();
            return Some(vec![Effect::Copy(Copied::Text(body))]);
        }
        Command::AddCollaboratorFix => return Some(add_collaborator(app)),
        Command::CopyMessage => return Some(copy_message(app)),
        _ => return None,
    }
    Some(Effects::new())
}

fn chooser_command(app: &mut App, command: Command) -> Option<Effects> {
    let chooser = app.models.chooser.as_mut()?;
    let last = chooser.options.len().saturating_sub(1);
    match command {
        Command::Up => chooser.selected = chooser.selected.saturating_sub(1),
        Command::Down => chooser.selected = (chooser.selected + 1).min(last),
        Command::First => chooser.selected = 0,
        Command::Last => chooser.selected = last,
        Command::Back => app.models.chooser = None,
        Command::Open | Command::Submit => {
            let chosen = chooser.options.get(chooser.selected).map(|(_, choice)| choice.clone());
            app.models.chooser = None;
            if let (Some(choice), Some(panel)) = (chosen, app.models.panel_mut()) {
                panel.choose(choice);
                panel.focus = Focus::Test;
            }
        }
        _ => return None,
    }
    Some(Effects::new())
}

/// A key that is no command: text, and the arrows between and in the fields.
pub fn key(app: &mut App, key: KeyEvent) -> Effects {
    if app.models.filter.is_some() {
        return filter_key(app, key);
    }
    let options = key_options(app);
    let Some(panel) = app.models.panel_mut() else { return Effects::new() };
    match (panel.focus, key.code) {
        (Focus::Key, KeyCode::Enter) => return send(app),
        (Focus::Key, KeyCode::Left | KeyCode::Right) if panel.field.is_empty() => {
            let by = if key.code == KeyCode::Left { options.len() - 1 } else { 1 };
            let at = options.iter().position(|(_, choice)| same(choice, &panel.choice)).unwrap_or(0);
            panel.choose(options[(at + by) % options.len()].1.clone());
        }
        (Focus::Key, KeyCode::Down) => panel.focus = Focus::Request,
        (Focus::Key, KeyCode::Up) | (Focus::Results, _) => {}
        (Focus::Key, _) => {
            if panel.field.on_key(key) == Edit::Changed {
                panel.typed();
            }
        }
        (Focus::Request, code) => match panel.editor.on_key(key) {
            Edit::Ignored if code == KeyCode::Up => panel.focus = Focus::Key,
            Edit::Ignored if code == KeyCode::Down => panel.focus = Focus::Test,
            Edit::Ignored | Edit::Moved => {}
            Edit::Changed => panel.problem = None,
        },
        (Focus::Test, KeyCode::Enter) => return send(app),
        (Focus::Test, KeyCode::Up | KeyCode::Char('k')) => panel.focus = Focus::Request,
        (Focus::Test, KeyCode::Down | KeyCode::Char('j')) => panel.focus = Focus::Results,
        (Focus::Test, KeyCode::Left | KeyCode::Char('h')) => app.models.open = None,
        (Focus::Test, _) => {}
    }
    Effects::new()
}

fn filter_key(app: &mut App, key: KeyEvent) -> Effects {
    let height = rows_in_sight(app).max(1);
    let Some(field) = app.models.filter.as_mut() else { return Effects::new() };
    if field.on_key(key) == Edit::Changed {
        let filter = field.text().to_owned();
        app.models.list.set_filter(&filter);
        app.models.list.select(0, height);
    }
    read_what_is_in_sight(app)
}

/// Pasted text goes into the field that has the keys. On the rest of the panel an API key, which
/// can hardly be meant for anything else, goes into the key's field.
pub fn paste(app: &mut App, pasted: &str) -> Effects {
    if let Some(field) = &mut app.models.filter {
        field.paste(pasted);
        let filter = field.text().to_owned();
        app.models.list.set_filter(&filter);
        return read_what_is_in_sight(app);
    }
    if app.models.viewer.is_some() || app.models.chooser.is_some() {
        return Effects::new();
    }
    let Some(panel) = app.models.panel_mut() else { return Effects::new() };
    match panel.focus {
        Focus::Request => {
            panel.editor.paste(pasted);
            panel.problem = None;
        }
        Focus::Key => {
            panel.field.paste(pasted);
            panel.typed();
        }
        Focus::Test | Focus::Results => {
            if let Ok(key) = ApiKey::parse(pasted) {
                panel.field.set(&key);
                panel.typed();
            }
        }
    }
    Effects::new()
}

/// The keys that can be chosen, with what to call them.
fn key_options(app: &App) -> Vec<(String, KeyChoice)> {
    let mut options = vec![
        (format!("the key that is signed in ({})", app.session.user()), KeyChoice::SignedIn),
        ("no key".to_owned(), KeyChoice::Nothing),
    ];
    options.extend(app.session.known_keys.iter().map(|known| {
        let label = format!("{}  {}", known.key.masked(), known_label(&known.label, &known.username));
        (label, KeyChoice::Known(known.clone()))
    }));
    options
}

pub(super) fn known_label(label: &str, username: &str) -> String {
    if label.contains(username) { label.to_owned() } else { format!("{label} ({username})") }
}

fn same(a: &KeyChoice, b: &KeyChoice) -> bool {
    match (a, b) {
        (KeyChoice::SignedIn, KeyChoice::SignedIn) | (KeyChoice::Nothing, KeyChoice::Nothing) => true,
        (KeyChoice::Known(a), KeyChoice::Known(b)) => a.key == b.key,
        _ => false,
    }
}

fn choose_key(app: &mut App) {
    let options = key_options(app);
    let Some(panel) = app.models.panel() else { return };
    let selected = options.iter().position(|(_, choice)| same(choice, &panel.choice)).unwrap_or(0);
    app.models.chooser = Some(Chooser { options, selected });
}

/// What to call the chosen key in results: never more of it than the last four characters.
fn key_label(panel: &Panel, user: &str) -> String {
    match &panel.choice {
        KeyChoice::SignedIn => format!("the key of {user}"),
        KeyChoice::Nothing => "no key".to_owned(),
        KeyChoice::Known(known) => {
            format!("{} {}", known.key.masked(), known_label(&known.label, &known.username))
        }
        KeyChoice::Typed => panel.field.masked(false),
    }
}

/// Calls the model once, unless something typed is wrong.
fn send(app: &mut App) -> Effects {
    let user = app.session.user().to_owned();
    let Some(row) = app.models.subject() else { return Effects::new() };
    let (model_id, path, access_key) = (row.model.id.clone(), row.path(), row.model.access_key.clone());
    let Some(panel) = app.models.panel_mut() else { return Effects::new() };
    if panel.running.is_some() {
        panel.problem = Some("a test is in flight; Esc gives it up".to_owned());
        return Effects::new();
    }
    let key = match panel.key_to_send() {
        Ok(key) => key,
        Err(problem) => {
            panel.problem = Some(format!("API key: {problem}"));
            panel.focus = Focus::Key;
            return Effects::new();
        }
    };
    if let Err(problem) = panel.editor.value() {
        panel.problem = Some(format!("the request is not JSON: {problem}"));
        panel.focus = Focus::Request;
        return Effects::new();
    }
    panel.problem = None;
    if panel.focus == Focus::Key {
        panel.focus = Focus::Test;
    }
    let number = panel.next_number();
    let request = panel.editor.text();
    let key_label = key_label(panel, &user);
    if let KeyToSend::This(key) = &key
        && let Some(known) = app.session.known_keys.iter_mut().find(|known| known.key == *key)
    {
        known.tests += 1;
    }
    app.models.last_requests.insert(model_id.clone(), request.clone());
    let test = Box::new(Test { model_id, number, access_key, key, key_label, request });
    let call = effect::Call::Models(Call::Test(test));
    let (id, start) = app.start(Scope::Models, Kind::Read, format!("calling {path}"), call);
    let since = app.now;
    if let Some(panel) = app.models.panel_mut() {
        panel.running = Some(Running { id, number, since });
    }
    vec![start]
}

fn give_up_test(app: &mut App) -> Effects {
    let Some(running) = app.models.panel_mut().and_then(|panel| panel.running.take()) else {
        return Effects::new();
    };
    app.notices.info(app.now, format!("test {} was given up; the model may still be at it", running.number));
    app.cancel(running.id).into_iter().collect()
}

fn open_result(app: &mut App) {
    let Some(row) = app.models.subject() else { return };
    let path = row.path();
    let Some(result) = app.models.panel().and_then(Panel::selected_result) else { return };
    let title = format!("{path}: result {}", result.number);
    let columns = usize::from(app.size.0.saturating_sub(4));
    let viewer = Viewer { title, lines: result.whole(columns), top: 0, body: result.body_text() };
    app.models.viewer = Some(viewer);
}

/// The newest action of a kind that the selected result's diagnosis offers.
fn action<T>(app: &App, pick: impl Fn(&Action) -> Option<T>) -> Option<T> {
    app.models.panel()?.selected_result()?.diagnosis()?.actions.iter().find_map(pick)
}

fn add_collaborator(app: &mut App) -> Effects {
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

fn copy_message(app: &mut App) -> Effects {
    let message = action(app, |action| match action {
        Action::CopyMessage { text } => Some(text.clone()),
        _ => None,
    });
    match message {
        Some(message) => vec![Effect::Copy(Copied::Text(message))],
        None => {
            app.notices.info(app.now, "the selected result has no message to copy");
            Effects::new()
        }
    }
}

fn copy_call(app: &App, language: Language) -> Effects {
    let Some(row) = app.models.subject() else { return Effects::new() };
    let panel = app.models.panels.get(&row.model.id);
    let example = || serde_json::from_str(example::in_description(&row.model.description)?).ok();
    let request: Value = panel
        .and_then(|panel| panel.editor.value().ok().cloned())
        .or_else(example)
        .unwrap_or_else(|| Value::Object(Default::default()));
    let with_key = panel.map_or(row.model.auth_enabled, |panel| !matches!(panel.choice, KeyChoice::Nothing));
    let url = &app.session.model_url;
    let code =
        language.write(ModelRequest { url, access_key: &row.model.access_key, request: &request, with_key });
    vec![Effect::Copy(Copied::Text(code))]
}

fn ask_stop(app: &mut App) -> Effects {
    let Some(row) = app.models.subject() else { return Effects::new() };
    let (path, model_id) = (row.path(), row.model.id.clone());
    if row.deployed.deployment().is_none() {
        app.notices.info(app.now, format!("{path} has no deployment to stop"));
        return Effects::new();
    }
    let lines = vec![
        format!("The deployment of {path} is stopped, with all its replicas."),
        "Whoever calls the model gets no answer until it is deployed again.".to_owned(),
    ];
    let then = overlays::Confirmed::Models(Confirmed::Stop { model_id });
    Confirm::new(format!("Stop {path}?"), lines, "Stop", then).ask(app)
}

fn restart(app: &mut App) -> Effects {
    let Some(row) = app.models.subject() else { return Effects::new() };
    let path = row.path();
    let Some(deployment) = row.deployed.deployment().cloned() else {
        app.notices.info(app.now, format!("{path} has no deployment to restart"));
        return Effects::new();
    };
    let call = effect::Call::Models(Call::Restart(Box::new(deployment)));
    vec![app.start(Scope::Models, Kind::Change, format!("restarting {path}"), call).1]
}

/// An answer came, or a page of one that goes on.
pub fn reply(app: &mut App, id: RequestId, reply: Reply) -> Effects {
    let mut effects = Effects::new();
    match reply {
        Reply::Page(models) => app.models.list.page(models),
        Reply::Listed(done) => {
            app.models.listing = None;
            match done {
                Ok(()) => app.models.list.end(app.now),
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
            app.models.list.set_deployed(&model_id, deployed);
        }
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
        Reply::Tested { test, call } => effects.extend(tested(app, *test, *call)),
        Reply::Explained { model_id, number, diagnosis } => {
            let panel = app.models.panels.get_mut(&model_id);
            if let Some(result) = panel.and_then(|panel| panel.result_mut(number)) {
                result.why = Why::Known(diagnosis);
            }
        }
        Reply::CollaboratorAdded { project, username, permission, done, .. } => match done {
            Ok(()) => {
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

fn tested(app: &mut App, test: Test, call: crate::probe::CallResult) -> Effects {
    let Test { model_id, number, key, key_label, request, .. } = test;
    let Some(row) = app.models.list.row(&model_id) else { return Effects::new() };
    let model = row.model.clone();
    let path = row.path();
    let Some(panel) = app.models.panels.get_mut(&model_id) else { return Effects::new() };
    if panel.running.as_ref().is_some_and(|running| running.number == number) {
        panel.running = None;
    }
    let result = TestResult::new(number, key_label, request, call.clone());
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

/// What a yes to a question of this tab does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Confirmed {
    /// Stop the deployment of this model.
    Stop { model_id: String },
}

/// A question was answered with yes.
pub fn confirmed(app: &mut App, what: Confirmed) -> Effects {
    match what {
        Confirmed::Stop { model_id } => {
            let row = app.models.list.row(&model_id);
            let Some((path, deployment)) =
                row.and_then(|row| Some((row.path(), row.deployed.deployment()?.clone())))
            else {
                return Effects::new();
            };
            let call = effect::Call::Models(Call::Stop(Box::new(deployment)));
            vec![app.start(Scope::Models, Kind::Change, format!("stopping {path}"), call).1]
        }
    }
}

/// `3 of 7 models`, for the title.
pub fn count(app: &App) -> String {
    let list = &app.models.list;
    let all = text::count(list.total(), "model", "models");
    if list.len() == list.total() { all } else { format!("{} of {all}", list.len()) }
}
