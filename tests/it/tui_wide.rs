//! What wide windows are used for: no column is cut beside an empty half, Details do not repeat the row,
//! and previews follow the selection.

use crate::tui_support::admin::{counted, projects, rested, user_preview};
use crate::tui_support::models;
use crate::tui_support::settings::{answer_list, demo, is_list, key};
use keybench::config::Store;
use keybench::config::setting::Setting;
use keybench::tui::call::{Answer, Call};
use keybench::tui::msg::Msg;
use keybench::tui::testing::Harness;

/// The screen without its first two and its last row.
fn body(harness: &mut Harness, columns: u16, rows: u16) -> String {
    harness.screen(columns, rows).lines().skip(2).take(usize::from(rows) - 3).collect::<Vec<_>>().join("\n")
}

#[test]
fn details_are_beside_the_list_below_it_or_a_line() {
    let mut harness = demo();
    let below = body(&mut harness, 100, 30);
    assert!(below.contains("├─ Details ─") && below.contains("│ Key ID    5b1c66aa10129f0a"), "{below}");
    let beside = body(&mut harness, 120, 40);
    assert!(beside.contains("╮╭ Details ─"), "{beside}");
    for screen in [below, beside, body(&mut harness, 200, 50)] {
        assert!(screen.contains("not deletable"), "no comment is cut\n{screen}");
        assert_eq!(screen.matches("2027-11-23").count(), 1, "Details do not repeat the row\n{screen}");
        assert_eq!(screen.matches("nightly scoring").count(), 1, "{screen}");
        assert!(screen.contains("created   2026-11-20 09:14 UTC, 3 days ago"), "{screen}");
    }
    let line = body(&mut harness, 80, 24);
    assert!(line.contains("│ created 2026-11-20") && !line.contains("Key ID"), "{line}");
}

#[test]
fn details_have_what_the_row_does_not_show() {
    let mut harness = demo();
    // Without the columns EXPIRES and COMMENT.
    harness.keys("Cjj<space>Gk<space><enter>");
    let screen = body(&mut harness, 120, 40);
    assert!(screen.contains("expires   2027-11-23 23:59 UTC, in 365 days"), "{screen}");
    assert!(screen.contains("comment   nightly scoring"), "{screen}");
}

#[test]
fn a_long_comment_leaves_details_their_room() {
    let mut harness = demo();
    harness.keys("<ctrl-r>");
    let (id, _) = harness.calls().into_iter().find(|(_, call)| is_list(call)).unwrap();
    let comment = "nightly scoring of the churn model for the retention team, eu-west, which is asked for daily, \
                   weekly and after each delivery";
    let key_id = "5b1c66aa10129f0a".repeat(4);
    answer_list(&mut harness, id, Ok(vec![key(&key_id, "2027-11-23T23:59:59Z", "API", comment)]));
    for (columns, width) in [(120, 36), (200, 80)] {
        let screen = body(&mut harness, columns, 40);
        let details = |line: &str| line.chars().skip(columns as usize - width).collect::<String>();
        let details: Vec<String> = screen.lines().map(details).collect();
        assert!(details.iter().any(|line| line.starts_with("╭ Details ")), "{screen}");
        assert_eq!(details.iter().any(|line| line.contains(&key_id)), columns == 200, "{screen}");
        // What the row cuts is whole there.
        let words = details.join(" ").replace('│', " ");
        let words: Vec<&str> = words.split_whitespace().collect();
        assert!(words.join(" ").contains(comment), "{screen}");
    }
}

#[test]
fn the_keys_of_a_user_are_shown_once_the_selection_rests() {
    let mut harness = counted();
    harness.screen(80, 24);
    assert_eq!(harness.ui.stack.wakes_at(&harness.ui.shared), None, "there is no room for them");
    harness.screen(120, 40);
    harness.calls();
    harness.keys("j");
    harness.now += jiff::SignedDuration::from_millis(200);
    harness.keys("jj");
    harness.now += jiff::SignedDuration::from_millis(200);
    harness.send(Msg::Wake);
    assert!(harness.calls().is_empty(), "it does not rest yet");
    let calls = rested(&mut harness);
    let [(id, Call::ListKeys { username })] = &calls[..] else { panic!("{calls:?}") };
    assert_eq!(username, "owner");
    assert!(!harness.shared().requests.is_awaited(*id), "no spinner");
    let (id, keys) = (*id, vec![key("77d0aa31b2c541bb", "2026-12-01T23:59:59Z", "API", "dashboard")]);
    harness.answer(id, Answer::Keys { username: "owner".into(), answer: Ok(keys.into()) });
    let screen = harness.screen(120, 40);
    assert!(screen.contains("API keys of owner") && screen.contains("dashboard"), "{screen}");
    harness.keys("kj");
    assert_eq!(harness.ui.stack.wakes_at(&harness.ui.shared), None, "it is known");
    assert!(harness.screen(120, 40).contains("dashboard"));
}

#[test]
fn a_preview_becomes_the_list_and_the_list_a_preview() {
    let mut harness = user_preview();
    harness.calls();
    harness.keys("<enter>");
    let calls = harness.calls();
    assert!(matches!(&calls[..], [(_, Call::ListKeys { .. })]), "{calls:?}");
    let screen = harness.screen(140, 40);
    assert!(screen.contains("Users ─") && screen.contains("77d0…41bb"), "{screen}");
    assert!(!harness.screen(120, 40).contains("Users ─"), "no column is cut for what was left");
    harness.keys("/dash<enter>");
    assert!(!harness.screen(140, 40).contains("5b1c…9f0a"));
    harness.keys("<esc><esc>");
    let screen = harness.screen(140, 40);
    assert!(screen.contains("▸  owner") && screen.contains("5b1c…9f0a"), "{screen}");
}

#[test]
fn a_preview_that_fails_says_so_where_it_would_be() {
    let mut harness = projects();
    let (id, call) = rested(&mut harness).remove(0);
    assert!(matches!(call, Call::Collaborators { .. }), "{call:?}");
    let error = keybench::api::Error::invalid("listing collaborators: not now", "");
    harness.answer(id, Answer::Collaborators { project_id: "id-churn-prod".into(), answer: Err(error) });
    let screen = harness.screen(120, 40);
    assert_eq!(screen.matches("not now").count(), 1, "no notice, which nobody asked for\n{screen}");
}

#[test]
fn a_theme_and_the_mouse_are_saved_where_there_is_a_configuration() {
    let mut harness = demo();
    harness.keys("<f8><down><enter><f9>");
    assert!(harness.calls().iter().all(|(_, call)| !matches!(call, Call::StoreSetting { .. })));
    harness.shared().preferences.store = Some(Store::at("/nowhere"));
    harness.keys("<f8><home><down><enter><f9>");
    let stored: Vec<_> = harness
        .calls()
        .into_iter()
        .filter_map(|(id, call)| match call {
            Call::StoreSetting { file, setting } => Some((id, file, setting)),
            _ => None,
        })
        .collect();
    let settings: Vec<Setting> = stored.iter().map(|(_, _, setting)| *setting).collect();
    assert_eq!(settings, [Setting::Theme("dusk"), Setting::Mouse(false)]);
    for ((id, file, setting), done) in stored.into_iter().zip([Ok(()), Err("it is read-only".to_owned())]) {
        harness.answer(id, Answer::SettingStored { file, setting, done });
    }
    harness.keys("!");
    let screen = harness.screen(120, 40);
    assert!(screen.contains("theme saved in /nowhere/config.toml"), "{screen}");
    assert!(screen.contains("the mouse holds for this run only: it is read-only"), "{screen}");
}

#[test]
fn a_refused_test_is_readable_beside_the_list() {
    let mut harness = models::listed();
    models::refused(&mut harness, "tKouts<enter><enter>");
    harness.keys("<esc>");
    for (columns, rows) in [(120, 40), (200, 50)] {
        let screen = harness.screen(columns, rows);
        let half = screen.lines().filter_map(|line| Some(line.rsplit_once("││")?.1.trim_end_matches('│')));
        let words = half.flat_map(str::split_whitespace).collect::<Vec<_>>().join(" ");
        let why = "outsider is not a collaborator of the project churn-prod, which owner owns.";
        assert!(words.contains(why), "{screen}");
    }
}

#[test]
fn a_wide_footer_has_what_a_narrow_one_leaves_out() {
    let mut harness = models::listed();
    let last = |harness: &mut Harness, columns| {
        harness.screen(columns, 40).lines().last().unwrap_or_default().to_owned()
    };
    for (keys, wide) in [
        ("", &["c check", "H history"][..]),
        ("t", &["c check", "W save request", "L saved requests", "H history"]),
    ] {
        harness.keys(keys);
        let footer = last(&mut harness, 200);
        assert!(wide.iter().all(|hint| footer.contains(hint)), "{footer}");
        assert!(!last(&mut harness, 80).contains("H history"));
    }
    harness.keys("c");
    assert!(!last(&mut harness, 200).contains("history"), "it does not open over a dialog");
}
