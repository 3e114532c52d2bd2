//! Keys and commands of the Test panel, and sending a test.

use crossterm::event::{KeyCode, KeyEvent};

use super::boxes::{choose, open_overview, open_result};
use super::mend::{add_collaborator, ask_restart, ask_stop, choose_language, copy_message};
use super::run::open_runs;
use super::saved::{ask_name, choose_request, note_sent};
use crate::secret::ApiKey;
use crate::tui::app::App;
use crate::tui::command::Command;
use crate::tui::effect::{self, Effects};
use crate::tui::requests::{Kind, Scope};
use crate::tui::screens::models::calls::{Call, Test};
use crate::tui::screens::models::panel::{Focus, KeyChoice, KeyToSend, Panel, Running};
use crate::tui::screens::models::state::Choice;
use crate::tui::widgets::Edit;
use crate::tui::widgets::editor::JsonProblem;

pub(super) fn panel_command(app: &mut App, command: Command) -> Option<Effects> {
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
                panel.problem =
                    panel.editor.value().err().map(|problem| not_json("it stays as it is", problem));
            }
        }
        (Command::AddCollaboratorFix, _) => return Some(add_collaborator(app)),
        (Command::CopyMessage, _) => return Some(copy_message(app)),
        (Command::ModelOverview, _) => open_overview(app),
        (Command::RestartModel, _) => return Some(ask_restart(app)),
        (Command::StopModel, _) => return Some(ask_stop(app)),
        (Command::CopyCall, _) => choose_language(app),
        (Command::RunModel, _) => return Some(open_runs(app)),
        (Command::SaveRequest, _) => ask_name(app),
        (Command::LoadRequest, _) => choose_request(app),
        _ => return None,
    }
    Some(Effects::new())
}

/// A key that is no command: text, and the arrows between and in the fields.
pub(super) fn panel_key(app: &mut App, key: KeyEvent) -> Effects {
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

/// Pasted text goes into the field that has the keys. On the rest of the panel an API key, which
/// can hardly be meant for anything else, goes into the key's field.
pub(super) fn panel_paste(app: &mut App, pasted: &str) -> Effects {
    let Some(panel) = app.models.panel_mut() else { return Effects::new() };
    match panel.focus {
        Focus::Request => {
            panel.editor.paste(pasted);
            panel.problem = None;
        }
        Focus::Key => {
            panel.field.paste(pasted);
            panel.typed();
            // What was pasted is whole: there is nothing to wait for.
            panel.problem = panel.key_to_send().err().map(|problem| format!("API key: {problem}"));
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

/// Calls the model once, unless something typed is wrong.
pub(super) fn send(app: &mut App) -> Effects {
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
        // The focus stays: what is pressed next is a command still, and no text of the request.
        panel.problem = Some(not_json("nothing was sent", problem));
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
    let mut effects = note_sent(app, &model_id, &request);
    let test = Box::new(Test { model_id, number, access_key, key, key_label, request });
    let call = effect::Call::Models(Call::Test(test));
    let (id, start) = app.start(Scope::Models, Kind::Read, format!("calling {path}"), call);
    let since = app.now;
    if let Some(panel) = app.models.panel_mut() {
        panel.running = Some(Running { id, number, since });
    }
    effects.push(start);
    effects
}

/// Why nothing was done with a request; what is wrong with it stands beside it.
pub(super) fn not_json(what: &str, problem: &JsonProblem) -> String {
    let JsonProblem { line, column, .. } = problem;
    format!("{what}: the request is no JSON yet, look at line {line}, column {column}")
}

pub(super) fn give_up_test(app: &mut App) -> Effects {
    let Some(running) = app.models.panel_mut().and_then(|panel| panel.running.take()) else {
        return Effects::new();
    };
    app.notices.info(app.now, format!("test {} was given up; the model may still be at it", running.number));
    app.cancel(running.id).into_iter().collect()
}

/// The keys that can be chosen, with what to call them.
pub(super) fn key_options(app: &App) -> Vec<(String, KeyChoice)> {
    let mut options = vec![
        (format!("the key that is signed in ({})", app.session.user()), KeyChoice::SignedIn),
        ("no key".to_owned(), KeyChoice::Nothing),
    ];
    options.extend(app.session.known_keys.iter().map(|known| {
        let label = format!("{}  {}", known.id(), known_label(&known.label, &known.username));
        (label, KeyChoice::Known(known.clone()))
    }));
    options
}

pub(in crate::tui) fn known_label(label: &str, username: &str) -> String {
    if label.contains(username) { label.to_owned() } else { format!("{label} ({username})") }
}

pub(super) fn same(a: &KeyChoice, b: &KeyChoice) -> bool {
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
    let options = options.into_iter().map(|(label, choice)| (label, Choice::Key(choice))).collect();
    choose(app, "API key for the test", options, selected);
}

/// What to call the chosen key in results: its Key ID, else no more of it than its end.
pub(in crate::tui::screens::models) fn key_label(panel: &Panel, user: &str) -> String {
    match &panel.choice {
        KeyChoice::SignedIn => format!("the key of {user}"),
        KeyChoice::Nothing => "no key".to_owned(),
        KeyChoice::Known(known) => {
            format!("{} {}", known.id(), known_label(&known.label, &known.username))
        }
        KeyChoice::Typed => panel.field.masked(false),
    }
}
