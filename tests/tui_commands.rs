//! Every command of the table, through every key that it lies on: what it changes, asks or shows.
//!
//! A command without a row here fails the test, and so does a row whose outcome was there before the
//! key was pressed.

mod tui_support;

use keybench::tui::app::{App, Tab};
use keybench::tui::command::{COMMANDS, Entry};
use keybench::tui::effect::{Call, Copied, Effect};
use keybench::tui::overlays::Overlay;
use keybench::tui::screens::admin::{self, Section};
use keybench::tui::screens::models;
use keybench::tui::screens::settings::{self, Dialog};
use keybench::tui::testing::Harness;
use tui_support::pictures::{PICTURES, open};

/// What a command is expected to do.
enum Does {
    /// The screen shows this, and did not before.
    Shows(&'static str),
    /// The screen showed this, and does no longer.
    Hides(&'static str),
    /// The state is so, and was not before.
    Makes(fn(&App) -> bool),
    /// An effect is returned.
    Returns(fn(&Effect) -> bool),
    /// A request is started.
    Asks(fn(&Call) -> bool),
}

use Does::{Asks, Hides, Makes, Returns, Shows};

/// A command by its id, the picture in which its keys are pressed and what is pressed before them,
/// and what it does there.
const ROWS: &[(&str, &str, &str, Does)] = &[
    // Everywhere
    ("tab.settings", "models", "", Makes(|app| app.tab == Tab::Settings)),
    ("tab.models", "keys", "", Makes(|app| app.tab == Tab::Models)),
    ("tab.admin", "keys", "", Makes(|app| app.tab == Tab::Admin)),
    ("next", "keys", "", Makes(|app| app.tab == Tab::Models)),
    ("previous", "keys", "", Makes(|app| app.tab == Tab::Admin)),
    ("back", "notice_error", "", Hides("Esc dismiss")),
    ("palette", "keys", "", Makes(|app| matches!(app.overlays[..], [Overlay::Palette(_)]))),
    ("help", "keys", "", Makes(|app| matches!(app.overlays[..], [Overlay::Help(0)]))),
    ("refresh", "keys", "", Asks(|call| matches!(call, Call::Settings(settings::Call::List { .. })))),
    ("cancel", "waiting", "", Returns(|effect| matches!(effect, Effect::Cancel(_)))),
    ("notices", "keys", "", Makes(|app| matches!(app.overlays[..], [Overlay::Notices(0)]))),
    ("profiles", "keys", "", Makes(|app| matches!(app.overlays[..], [Overlay::Profiles(_)]))),
    ("repaint", "keys", "", Returns(|effect| matches!(effect, Effect::Repaint))),
    ("suspend", "keys", "", Returns(|effect| matches!(effect, Effect::Suspend))),
    ("quit", "keys", "", Returns(|effect| matches!(effect, Effect::Quit))),
    // Lists
    ("up", "keys", "jj", Makes(|app| selected(app) == Some(1))),
    ("down", "keys", "", Makes(|app| selected(app) == Some(1))),
    ("left", "test_success", "<down>", Makes(|app| app.models.open.is_none())),
    ("right", "models", "", Makes(|app| app.models.open.is_some())),
    ("page-up", "keys", "G", Makes(|app| selected(app) == Some(0))),
    ("page-down", "keys", "", Makes(|app| selected(app) == Some(3))),
    ("first", "keys", "jj", Makes(|app| selected(app) == Some(0))),
    ("last", "keys", "", Makes(|app| selected(app) == Some(3))),
    ("filter", "keys", "", Makes(|app| app.settings.keys.filter.is_open())),
    ("sort", "keys", "", Makes(|app| app.settings.keys.table.sort == Some((0, false)))),
    ("sort-reverse", "keys", "", Makes(|app| app.settings.keys.table.sort == Some((0, true)))),
    ("open", "models", "", Makes(|app| app.models.open.is_some())),
    // Forms and dialogs
    ("form.next", "run_form", "", Makes(|app| run_focus(app) == Some(1))),
    ("form.previous", "run_form", "", Makes(|app| run_focus(app) == Some(4))),
    ("form.submit", "run_form", "", Asks(|call| matches!(call, Call::Models(models::Call::Run(_))))),
    (
        "confirm.yes",
        "delete_key",
        "",
        Asks(|call| matches!(call, Call::Settings(settings::Call::Delete { .. }))),
    ),
    ("confirm.no", "delete_key", "", Makes(|app| app.overlays.is_empty())),
    // Settings
    ("keys.new", "keys", "", Makes(|app| matches!(app.settings.dialog, Some(Dialog::NewKey(_))))),
    ("keys.rotate", "keys", "", Shows("Rotate this API key?")),
    ("keys.delete", "keys", "", Shows("Delete this API key?")),
    ("keys.test", "keys", "", Shows("the text of this key is not known here")),
    ("keys.copy-id", "keys", "", Returns(|effect| copies(effect, "5b1c66aa10129f0a"))),
    ("keys.open", "keys", "", Makes(|app| matches!(app.settings.dialog, Some(Dialog::Details(0))))),
    ("mark", "keys", "", Makes(|app| app.settings.keys.marked.len() == 1)),
    ("keys.delete-all", "keys", "", Shows("Type owner to confirm")),
    ("reveal.copy", "reveal", "", Returns(|effect| matches!(effect, Effect::Copy(Copied::Key(_))))),
    ("reveal.save", "reveal", "", Shows("batch-job.key")),
    ("reveal.show", "reveal", "", Hides("abababab")),
    ("rotation.delete-old", "rotation", "", Shows("Delete the old key now?")),
    ("rotation.again", "rotation", "", Shows("Rotate this API key?")),
    // Profiles
    ("profiles.add", "profiles", "", Makes(|app| matches!(app.overlays.last(), Some(Overlay::SignIn(_))))),
    ("profiles.remove", "profiles", "", Shows("Sign out?")),
    // Models
    ("models.test", "models", "", Makes(|app| app.models.open.is_some())),
    ("models.run", "models", "", Makes(|app| run_focus(app) == Some(0))),
    ("models.scope", "models", "", Shows("public too")),
    ("models.overview", "models", "", Makes(|app| app.models.viewer.is_some())),
    ("models.restart", "models", "", Shows("Restart churn-prod/add?")),
    ("models.stop", "models", "", Shows("Stop churn-prod/add?")),
    ("models.copy-call", "models", "", Shows("Copy the call as")),
    ("test.send", "test", "", Asks(|call| matches!(call, Call::Models(models::Call::Test(_))))),
    ("test.choose-key", "test", "", Shows("API key for the test")),
    (
        "test.format",
        "test",
        "<shift-tab>   <tab>",
        Makes(|app| request(app) == Some("{\"a\": 3, \"b\": 5}".to_owned())),
    ),
    ("test.save", "test", "", Shows("Save the request under a name")),
    ("test.load", "test_success", "", Shows("Requests of this model")),
    ("results.open", "test_success", "<down>", Makes(|app| app.models.viewer.is_some())),
    (
        "results.add-collaborator",
        "test_refused",
        "",
        Asks(
            |call| matches!(call, Call::Models(models::Call::AddCollaborator { username, .. }) if username == "outsider"),
        ),
    ),
    (
        "results.copy-message",
        "test_refused",
        "",
        Returns(|effect| copies(effect, "Please add outsider to churn-prod")),
    ),
    ("result.search", "result", "", Makes(searching)),
    ("result.copy", "result", "", Returns(|effect| copies(effect, "\"success\": false"))),
    (
        "result.next-match",
        "result_search",
        "<enter>",
        Makes(|app| app.models.viewer.as_ref().is_some_and(|viewer| viewer.top > 0)),
    ),
    (
        "result.previous-match",
        "result_search",
        "<enter>",
        Makes(|app| app.models.viewer.as_ref().is_some_and(|viewer| viewer.top > 0)),
    ),
    (
        "result.fold",
        "result",
        "",
        Makes(|app| app.models.viewer.as_ref().is_some_and(|viewer| viewer.folded)),
    ),
    ("results.export", "result", "", Shows("result-1.txt")),
    ("run.stop", "run_live", "", Asks(|call| matches!(call, Call::Models(models::Call::StopRun(_))))),
    ("run.freeze", "run_live", "", Shows("frozen")),
    ("run.compare", "run_compared", "", Hides("the run before")),
    // Admin
    ("admin.next", "users", "", Makes(|app| app.admin.section == Section::Security)),
    ("admin.previous", "users", "", Makes(|app| app.admin.section == Section::Projects)),
    ("admin.expiration", "security", "", Shows("new value")),
    ("admin.delete-key", "user_keys", "", Shows("1 key of owner at demo")),
    ("admin.delete-all", "users", "", Shows("Type admin to confirm")),
    ("admin.copy-id", "user_keys", "", Returns(|effect| copies(effect, "5b1c66aa10129f0a"))),
    (
        "collaborators.add",
        "projects",
        "",
        Asks(|call| matches!(call, Call::Admin(admin::Call::Collaborators { .. }))),
    ),
    ("collaborators.change", "collaborators", "j", Shows("has now")),
    ("collaborators.remove", "collaborators", "j", Shows("Remove this collaborator?")),
];

fn selected(app: &App) -> Option<usize> {
    app.settings.keys.table.selected_row()
}

fn run_focus(app: &App) -> Option<usize> {
    app.models.runs_in_sight().filter(|runs| runs.asking).map(|runs| runs.form.focus)
}

fn request(app: &App) -> Option<String> {
    app.models.panel().map(|panel| panel.editor.text())
}

fn searching(app: &App) -> bool {
    app.models.viewer.as_ref().is_some_and(|viewer| viewer.search.is_some())
}

fn copies(effect: &Effect, part: &str) -> bool {
    matches!(effect, Effect::Copy(Copied::Text(text)) if text.contains(part))
}

/// Whether it is done; effects are those since the keys.
fn is_done(does: &Does, harness: &mut Harness) -> bool {
    match does {
        Shows(text) => harness.screen(80, 24).contains(text),
        Hides(text) => !harness.screen(80, 24).contains(text),
        Makes(state) => state(&harness.app),
        Returns(wanted) => harness.effects.iter().any(wanted),
        Asks(wanted) => {
            harness.effects.iter().any(|effect| matches!(effect, Effect::Start { call, .. } if wanted(call)))
        }
    }
}

/// A key as the table writes it, as the harness reads it.
fn pressed(key: &str) -> String {
    if key.chars().count() == 1 { key.to_owned() } else { format!("<{key}>") }
}

fn row(entry: &Entry) -> Option<&'static (&'static str, &'static str, &'static str, Does)> {
    ROWS.iter().find(|(id, ..)| *id == entry.id)
}

#[test]
fn every_command_does_what_it_says_on_every_key_it_has() {
    let mut wrong = Vec::new();
    for entry in COMMANDS {
        let Some((id, picture, before, does)) = row(entry) else {
            wrong.push(format!("{}: no test; give it a row", entry.id));
            continue;
        };
        for key in entry.keys {
            let mut harness = open(picture);
            harness.screen(80, 24);
            harness.keys(before);
            harness.effects.clear();
            if is_done(does, &mut harness) {
                wrong.push(format!("{id}: it is so before {key} is pressed"));
            }
            harness.effects.clear();
            harness.keys(&pressed(key));
            if !is_done(does, &mut harness) {
                wrong.push(format!("{id}: {key} in {picture} does not\n{}", harness.screen(80, 24)));
            }
        }
    }
    let gone = ROWS.iter().filter(|(id, ..)| !COMMANDS.iter().any(|entry| entry.id == *id));
    wrong.extend(gone.map(|(id, ..)| format!("{id}: there is no such command any more")));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_changing_command_works_in_read_only_mode() {
    use keybench::tui::command::Danger;
    for entry in COMMANDS.iter().filter(|entry| entry.danger != Danger::Safe) {
        let Some((id, picture, before, _)) = row(entry) else { continue };
        let mut harness = open(picture);
        harness.app.session.read_only = true;
        harness.screen(80, 24);
        harness.keys(before);
        harness.effects.clear();
        harness.keys(&pressed(entry.keys[0]));
        let screen = harness.screen(80, 24);
        assert!(screen.contains("read-only mode"), "{id}\n{screen}");
        let starts = harness.effects.iter().any(|effect| matches!(effect, Effect::Start { .. }));
        assert!(!starts, "{id}: {:?}", harness.effects);
    }
}

/// Hints whose keys rightly change nothing in a picture: what is wrong is said already, the request
/// is laid out already, nothing of the answer lies deep, nothing has been measured.
fn stays(picture: &str, hint: &str) -> bool {
    matches!(
        (picture, hint),
        ("new_key_typed" | "run_wrong", "Enter") | ("result", "z") | ("run_connecting", "f")
    ) || matches!(hint, "F" | "Ctrl-F")
}

/// A hint for a key that does nothing is worse than none: each key in a footer changes the picture,
/// or asks for something.
#[test]
fn every_hint_of_every_footer_does_something() {
    let mut dead = Vec::new();
    for picture in PICTURES {
        let before = (picture.open)().screen(120, 40);
        let footer = before.lines().last().unwrap_or_default();
        for hint in footer.split("  ").map(str::trim).filter(|hint| !hint.is_empty()) {
            let key = hint.split(' ').next().unwrap_or_default();
            let mut harness = (picture.open)();
            harness.screen(120, 40);
            harness.effects.clear();
            // A letter is pressed as it stands, `Ctrl-P` as the harness names it.
            let named = if key.chars().count() == 1 { key.to_owned() } else { key.to_lowercase() };
            harness.keys(&pressed(&named));
            let changed = !harness.effects.is_empty() || harness.screen(120, 40) != before;
            if !changed && !stays(picture.name, key) {
                dead.push(format!("{}: {hint}", picture.name));
            }
        }
    }
    assert!(dead.is_empty(), "{dead:#?}");
}
