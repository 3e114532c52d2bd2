//! Every command of the table, through every key that it lies on: what it changes, asks or shows.
//!
//! A command without a row here fails the test, and so does a row whose outcome was there before the
//! key was pressed.

use crate::tui_support::pictures::{PICTURES, open};
use keybench::tui::call::{Call, FleetCall, ToDelete};
use keybench::tui::command::{COMMANDS, Entry};
use keybench::tui::effect::{Copied, Effect};
use keybench::tui::tab::Tab;
use keybench::tui::testing::Harness;

/// What a command is expected to do.
enum Does {
    /// The screen shows this, and did not before.
    Shows(&'static str),
    /// The screen showed this, and does no longer.
    Hides(&'static str),
    /// The row with this text has the cursor.
    Selects(&'static str),
    /// The tab is shown.
    Goes(Tab),
    /// The layer of this name lies on top.
    Opens(&'static str),
    /// No layer lies above the tab any more.
    Closes,
    /// Characters are text.
    Types,
    /// An effect is returned.
    Returns(fn(&Effect) -> bool),
    /// A request is started.
    Asks(fn(&Call) -> bool),
}

use Does::{Asks, Closes, Goes, Hides, Opens, Returns, Selects, Shows, Types};

/// A command by its id, the picture in which its keys are pressed and what is pressed before them,
/// and what it does there.
const ROWS: &[(&str, &str, &str, Does)] = &[
    // Everywhere
    ("tab.settings", "models", "", Goes(Tab::Settings)),
    ("tab.models", "keys", "", Goes(Tab::Models)),
    ("tab.admin", "keys", "", Goes(Tab::Admin)),
    ("next", "keys", "", Goes(Tab::Models)),
    ("previous", "keys", "", Goes(Tab::Admin)),
    ("back", "notice_error", "", Hides("Esc dismiss")),
    ("palette", "keys", "", Opens("palette")),
    ("help", "keys", "", Opens("help")),
    ("refresh", "keys", "", Asks(|call| matches!(call, Call::ListKeys { .. }))),
    ("cancel", "waiting", "", Returns(|effect| matches!(effect, Effect::Cancel(_)))),
    ("notices", "keys", "", Opens("notices")),
    ("requests.copy", "requests", "", Returns(|effect| copies(effect, "keybench"))),
    ("requests.background", "requests", "", Shows("b hide background")),
    ("profiles", "keys", "", Opens("profiles")),
    ("history", "keys", "", Opens("history")),
    ("themes", "keys", "", Opens("themes")),
    ("mouse", "keys", "", Returns(|effect| matches!(effect, Effect::Mouse(true)))),
    ("repaint", "keys", "", Returns(|effect| matches!(effect, Effect::Repaint))),
    ("suspend", "keys", "", Returns(|effect| matches!(effect, Effect::Suspend))),
    ("quit", "keys", "", Returns(|effect| matches!(effect, Effect::Quit))),
    // Lists
    ("up", "keys", "jj", Selects("77d0…41bb")),
    ("down", "keys", "", Selects("77d0…41bb")),
    ("left", "test_success", "<down>", Hides("[ Test ]")),
    ("right", "models", "", Shows("[ Test ]")),
    ("page-up", "keys", "G", Selects("5b1c…9f0a")),
    ("page-down", "keys", "", Selects("legacy")),
    ("first", "keys", "jj", Selects("5b1c…9f0a")),
    ("last", "keys", "", Selects("legacy")),
    ("filter", "keys", "", Types),
    ("columns", "keys", "", Opens("columns")),
    ("columns.up", "columns", "j", Shows(" 1/7 ")),
    ("columns.down", "columns", "", Shows(" 2/7 ")),
    ("columns.all", "columns", "<space>", Shows("✓ KEY ID")),
    ("sort", "keys", "", Shows("KEY ID▴")),
    ("sort-reverse", "keys", "", Shows("KEY ID▾")),
    ("open", "models", "", Shows("[ Test ]")),
    // Forms and dialogs
    ("form.next", "run_form", "", Selects("in flight")),
    ("form.previous", "run_form", "", Selects("warm-up")),
    ("form.submit", "run_form", "", Asks(|call| matches!(call, Call::Run(_)))),
    ("confirm.yes", "delete_key", "", Asks(|call| matches!(call, Call::DeleteKeys(ToDelete::Keys { .. })))),
    ("confirm.no", "delete_key", "", Closes),
    // Settings
    ("keys.new", "keys", "", Opens("new key")),
    ("keys.rotate", "keys", "", Shows("Rotate this API key?")),
    ("rotation.expiry", "rotate", "", Opens("expiry of the successor")),
    ("keys.delete", "keys", "", Shows("Delete this API key?")),
    ("keys.test", "keys", "", Shows("the text of this key is not known here")),
    ("keys.copy-id", "keys", "", Returns(|effect| copies(effect, "5b1c66aa10129f0a"))),
    ("keys.open", "keys", "", Opens("details")),
    ("mark", "keys", "", Shows("1 marked")),
    ("mark-all", "keys", "", Shows("3 marked")),
    ("mark-invert", "keys", "<space>", Shows("2 marked")),
    ("mark-range", "keys", "<space>j", Shows("3 marked")),
    ("keys.copy-key", "keys", "", Shows("the text of this key is not known here")),
    ("keys.save", "keys", "", Shows("the text of this key is not known here")),
    ("keys.delete-all", "delete_all", "<esc>", Shows("Type owner to confirm")),
    ("reveal.copy", "reveal", "", Returns(|effect| matches!(effect, Effect::Copy(Copied::Key(_))))),
    ("reveal.save", "reveal", "", Shows("batch-job.key")),
    ("reveal.show", "reveal", "", Hides("abababab")),
    ("rotation.delete-old", "rotation", "", Shows("Delete the old key now?")),
    ("rotation.again", "rotation", "", Shows("Rotate this API key?")),
    // Profiles
    ("profiles.add", "profiles", "", Opens("sign-in")),
    ("profiles.remove", "profiles", "", Shows("Sign out?")),
    // Models
    ("models.test", "models", "", Shows("[ Test ]")),
    ("models.check", "models", "", Opens("check")),
    ("models.run", "models", "", Shows("Run against churn-prod/add")),
    ("models.scope", "models", "", Shows("public too")),
    ("models.overview", "models", "", Shows("POST http://localhost")),
    ("models.builds", "models", "", Opens("builds")),
    ("builds.deploy", "builds_deployed", "", Opens("deploy")),
    ("builds.new", "builds", "", Opens("build")),
    ("builds.copy-id", "builds", "", Returns(|effect| matches!(effect, Effect::Copy(Copied::Text(_))))),
    ("builds.restart", "builds", "", Shows("Restart churn-prod/add?")),
    ("builds.stop", "builds", "", Shows("Stop churn-prod/add?")),
    ("models.restart", "models", "", Shows("Restart churn-prod/add?")),
    ("models.stop", "models", "", Shows("Stop churn-prod/add?")),
    ("models.copy-call", "models", "", Shows("Copy the call as")),
    ("test.send", "test", "", Asks(|call| matches!(call, Call::TestModel(_)))),
    ("test.choose-key", "test", "", Shows("API key for the test")),
    ("test.edit", "test", "", Types),
    ("test.editor", "test", "", Returns(|effect| matches!(effect, Effect::Edit(_)))),
    ("test.undo", "test", "X", Hides("no request; write JSON")),
    ("test.redo", "test", "Xu", Shows("no request; write JSON")),
    ("test.select-all", "test", "", Types),
    ("test.clear", "test", "", Shows("no request; write JSON")),
    ("test.format", "test", "<shift-tab>e<home>   <esc>", Shows("request    {\"a\": 3")),
    ("test.save", "test", "", Shows("Save the request under a name")),
    ("test.load", "test_success", "", Shows("Requests of this model")),
    ("saved.delete", "saved_requests", "", Shows("Delete the saved request small?")),
    ("results.open", "test_success", "<down>", Shows("churn-prod/add: result 1")),
    ("results.add-collaborator", "test_refused", "", Shows("outsider becomes a collaborator of churn-prod")),
    (
        "results.copy-message",
        "test_refused",
        "",
        Returns(|effect| copies(effect, "Please add outsider to churn-prod")),
    ),
    ("result.search", "result", "", Types),
    ("result.copy", "result", "", Returns(|effect| copies(effect, "\"success\": false"))),
    ("result.next-match", "result_search", "<enter>", Hides("HTTP 401 ")),
    ("result.previous-match", "result_search", "<enter>", Hides("HTTP 401 ")),
    ("result.fold", "result_deep", "/deep<enter>", Hides("\"deep\"")),
    ("result.fold-all", "result_deep", "", Hides("\"deep\"")),
    ("result.headers", "test_success", "<down>", Shows("HEADERS")),
    ("results.export", "result", "", Shows("result-1.txt")),
    ("check.stop", "check_live", "", Asks(|call| matches!(call, Call::StopRun(_)))),
    ("check.test-row", "check", "", Asks(|call| matches!(call, Call::ReadRow(_, 21)))),
    ("check.again", "check", "", Shows("tolerance")),
    ("check.members", "check", "", Hides("row 21, ")),
    ("run.stop", "run_live", "", Asks(|call| matches!(call, Call::StopRun(_)))),
    ("run.freeze", "run_live", "", Shows("frozen")),
    ("run.compare", "run_compared", "", Hides("the run before")),
    // History
    ("history.send", "history_test", "", Asks(|call| matches!(call, Call::TestModel(_)))),
    ("history.edit", "history_test", "", Shows("[ Test ]")),
    ("history.compare", "history", "<space><space>", Asks(|call| matches!(call, Call::HistoryRuns { .. }))),
    // Services
    ("services", "keys", "", Shows("No manifest is named")),
    ("services.apply", "services", "", Shows("Apply the manifest?")),
    ("services.plan", "services", "", Asks(|call| matches!(call, Call::Fleet(FleetCall::Plan { .. })))),
    ("services.prune", "services", "", Shows("Delete the keys of services that left?")),
    ("services.open", "services", "", Opens("text")),
    // Admin
    ("admin.next", "users", "", Shows("Default API keys expiration")),
    ("admin.previous", "users", "", Shows("╭ API keys of all users")),
    ("admin.copy-message", "all_keys", "", Returns(|effect| copies(effect, "Hello viewer Doe"))),
    ("admin.expiration", "security", "", Shows("new value")),
    ("admin.delete-key", "user_keys", "", Shows("1 key of owner at demo")),
    ("admin.delete-all", "users", "", Shows("Type admin to confirm")),
    ("admin.copy-id", "user_keys", "", Returns(|effect| copies(effect, "5b1c66aa10129f0a"))),
    ("collaborators.add", "projects", "", Asks(|call| matches!(call, Call::Collaborators { .. }))),
    ("collaborators.change", "collaborators", "j", Shows("has now")),
    ("collaborators.remove", "collaborators", "j", Shows("Remove this collaborator?")),
];

fn copies(effect: &Effect, part: &str) -> bool {
    matches!(effect, Effect::Copy(Copied::Text(text)) if text.contains(part))
}

/// Whether it is done; effects are those since the keys.
fn is_done(does: &Does, harness: &mut Harness) -> bool {
    match does {
        Shows(text) => harness.screen(80, 24).contains(text),
        Hides(text) => !harness.screen(80, 24).contains(text),
        Selects(text) => harness
            .screen(80, 24)
            .lines()
            .any(|line| line.split_once('▸').is_some_and(|(_, row)| row.trim_start().starts_with(text))),
        Goes(tab) => harness.ui.stack.tab(&harness.ui.shared) == Some(*tab),
        Opens(name) => harness.layers().last() == Some(name),
        Closes => harness.layers().is_empty(),
        Types => harness.ui.typing(),
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
        harness.shared().session.read_only = true;
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
        ("new_key_typed" | "run_wrong" | "check_wrong", "Enter") | ("result", "z") | ("run_connecting", "f")
            // They wait until there is something to open them over.
            | ("opening", "H" | "P" | "!" | ":" | "?")
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
            // It does not apply to the selected row.
            if key == "—" {
                continue;
            }
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
