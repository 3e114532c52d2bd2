//! What the footer and the sentences on the screen say about keys: only what works now, and under the
//! key that the keymap gives it.

use crate::tui_support::pictures::{PICTURES, open};
use keybench::api::{Error, Reason};
use keybench::tui::call::{Answer, Call};
use keybench::tui::command::COMMANDS;
use keybench::tui::keymap::Keymap;
use keybench::tui::requests::RequestId;
use keybench::tui::session::Expiration;
use keybench::tui::testing::Harness;

/// The last row of the screen.
fn footer(harness: &mut Harness) -> String {
    harness.screen(120, 40).lines().last().unwrap_or_default().to_owned()
}

#[test]
fn sentences_name_the_keys_of_the_keymap() {
    const MOVED: [(&str, &str); 5] =
        [("esc", "f2"), ("enter", "f3"), ("ctrl-r", "f4"), ("ctrl-x", "f5"), ("tab", "f6")];
    let moved = |key: &str| MOVED.iter().find(|(from, _)| *from == key).map(|(_, to)| *to);
    let changed = COMMANDS.iter().filter(|entry| entry.keys.iter().any(|key| moved(key).is_some()));
    let changes = changed.map(|entry| {
        let keys = entry.keys.iter().map(|key| moved(key).unwrap_or(key).to_owned());
        (entry.id.to_owned(), keys.collect())
    });
    let (keymap, problems) = Keymap::new(&changes.collect());
    assert!(problems.is_empty(), "{problems:?}");
    // The palette lists what it found when it was opened.
    for picture in PICTURES.iter().filter(|picture| !picture.name.starts_with("palette")) {
        let mut harness = (picture.open)();
        harness.shared().keymap = keymap.clone();
        for (columns, rows) in [(80, 24), (120, 40)] {
            let screen = harness.screen(columns, rows);
            for old in ["Esc", "Enter", "Ctrl-R", "Ctrl-X", " Tab"] {
                assert!(!screen.contains(old), "{old} in {}\n{screen}", picture.name);
            }
        }
    }
}

#[test]
fn a_command_without_a_key_goes_by_its_name() {
    let (keymap, problems) = Keymap::new(&[("refresh".to_owned(), Vec::new())].into());
    assert!(problems.is_empty(), "{problems:?}");
    let mut harness = open("models_failed");
    harness.shared().keymap = keymap;
    let screen = harness.screen(120, 40);
    assert!(screen.contains(":Refresh tries"), "{screen}");
}

#[test]
fn a_move_among_keys_leaves_the_footer_and_the_legacy_key_says_why_it_takes_less() {
    let mut keys = open("keys");
    let before = footer(&mut keys);
    assert!(before.contains("d delete  t test  y copy id"), "{before}");
    keys.keys("j");
    assert_eq!(footer(&mut keys), before);
    keys.keys("G");
    let legacy = footer(&mut keys);
    assert!(legacy.contains("r rotate  — delete  — test  — copy id  Enter details"), "{legacy}");
    for (key, why) in
        [("d", "cannot be deleted"), ("t", "not with the legacy key"), ("y", "the legacy key has no Key ID")]
    {
        keys.keys(key);
        let screen = keys.screen(80, 24);
        assert!(screen.contains(why), "{key}: {screen}");
    }
}

#[test]
fn a_wide_window_names_more_keys_and_a_dialog_none_that_lead_away() {
    let mut keys = open("keys");
    let narrow = keys.screen(80, 24);
    assert!(!narrow.contains("H history"), "{narrow}");
    let wide = keys.screen(200, 50);
    assert!(wide.contains("Space mark  H history  P profiles  ! notices"), "{wide}");
    let mut question = open("delete_key");
    assert!(!footer(&mut question).contains("history"), "{}", footer(&mut question));
}

#[test]
fn the_marked_keys_are_deleted_from_any_row() {
    let mut keys = open("keys_marked");
    keys.keys("G");
    assert!(footer(&mut keys).contains("d delete"), "{}", footer(&mut keys));
}

#[test]
fn the_footer_offers_what_works_for_the_selected_row() {
    let mut project = open("collaborators");
    let owner = footer(&mut project);
    assert!(owner.contains("a add") && !owner.contains("remove") && !owner.contains("permission"), "{owner}");
    project.keys("j");
    assert!(footer(&mut project).contains("d remove"), "{}", footer(&mut project));

    let mut first = open("run_ended");
    assert!(!footer(&mut first).contains("compare"), "there is no earlier run: {}", footer(&mut first));
}

/// The workbench does not accept the key.
fn rejected() -> Error {
    Error::Refused {
        operation: "listing",
        status: 401,
        code: Some(16),
        message: "the key was deleted".into(),
        request_id: None,
        retry_after: None,
    }
}

/// The request that a tab starts with.
fn asked(keys: &str, wanted: impl Fn(&Call) -> bool) -> (Harness, RequestId) {
    let mut harness = Harness::new().started();
    harness.keys(keys);
    let (id, _) = harness.calls().into_iter().find(|(_, call)| wanted(call)).unwrap();
    (harness, id)
}

#[test]
fn a_key_that_is_not_accepted_has_the_same_way_out_everywhere() {
    let (mut keys, id) = asked("", |call| matches!(call, Call::ListKeys { .. }));
    keys.answer(id, Answer::Keys { username: "owner".into(), answer: Err(rejected()) });
    let (mut models, id) = asked("2", |call| matches!(call, Call::ListModels { .. }));
    models.answer(id, Answer::ModelsListed(Err(rejected())));
    let (mut users, id) = asked("3", |call| matches!(call, Call::Users));
    users.answer(id, Answer::UsersListed(Err(rejected())));
    let (mut projects, id) = asked("3]]", |call| matches!(call, Call::Projects));
    projects.answer(id, Answer::ProjectsListed(Err(rejected())));
    for harness in [&mut keys, &mut models, &mut users, &mut projects] {
        let screen = harness.screen(80, 40);
        // Narrow parts break the lines differently after it.
        assert!(screen.contains("P signs"), "{screen}");
        assert!(!screen.contains("site administrator") && !screen.contains("keybench login"), "{screen}");
    }
}

#[test]
fn without_projects_the_footer_offers_none() {
    let (mut harness, id) = asked("3]]", |call| matches!(call, Call::Projects));
    harness.answer(id, Answer::ProjectsListed(Err(rejected())));
    let footer = footer(&mut harness);
    assert!(!footer.contains("open") && !footer.contains("add"), "{footer}");
}

/// A notice says what to do at its end: it is not cut before it.
#[test]
fn a_long_notice_is_whole_and_a_longer_one_names_the_key_that_shows_it() {
    let mut harness = Harness::new();
    let now = harness.now;
    let long = format!("{}; press the key", "the workbench said something ".repeat(6).trim());
    harness.shared().notices.warning(now, long);
    assert!(harness.screen(80, 24).contains("; press the key"), "{}", harness.screen(80, 24));
    let longer = format!("{}; press the key", "the workbench said something ".repeat(60).trim());
    harness.shared().notices.warning(now, longer);
    let screen = harness.screen(80, 24);
    assert!(screen.contains("… (! shows all)") && !screen.contains("press the key"), "{screen}");
}

/// What the workbench said about its limit holds while it does not answer.
#[test]
fn a_dead_workbench_takes_no_policy_away() {
    let mut harness = open("keys");
    let setting = Expiration::Setting { name: "days".into(), days: 90 };
    harness.shared().session.expiration = setting.clone();
    harness.keys("<ctrl-r>");
    let asked = harness.calls().into_iter().find(|(_, call)| matches!(call, Call::Expiration));
    let gone = Error::NoAnswer {
        operation: "reading the site's settings",
        reason: Reason::Connect,
        detail: "refused".into(),
        changes: false,
    };
    harness.answer(asked.unwrap().0, Answer::Expiration(Err(gone)));
    assert_eq!(harness.shared().session.expiration, setting);
    harness.keys("n");
    let screen = harness.screen(80, 24);
    assert!(screen.contains("in 90 days; the") && screen.contains("default and maximum"), "{screen}");
}
