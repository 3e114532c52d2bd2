//! The Settings tab without a terminal and without a network: keys and answers in, effects and
//! screens out.

mod deletion;
mod new_key;
mod reveal;

use crate::tui_support::settings::{
    answer_created, answer_deleted, answer_list, demo, demo_keys, is_list, key, listed, made, only_call,
    refusal, revealed,
};
use keybench::actions::keys::Own;
use keybench::api::Error;
use keybench::tui::call::{Answer, Call, DeletedKeys, ToDelete};
use keybench::tui::effect::Effect;
use keybench::tui::requests::RequestId;
use keybench::tui::session::Expiration;
use keybench::tui::testing::Harness;
use keybench::wire::CreateV2KeyResponse;

#[test]
fn the_table_tells_keys_apart_and_ends_with_the_legacy_key() {
    let mut harness = demo();
    insta::assert_snapshot!("keys_60x16", harness.screen(60, 16));
}

#[test]
fn the_filter_narrows_while_it_is_typed() {
    let mut harness = demo();
    harness.keys("/dash");
    let screen = harness.screen(80, 24);
    assert!(screen.contains("77d0…41bb") && !screen.contains("5b1c…9f0a"), "{screen}");
    harness.keys("<enter>d");
    assert!(harness.screen(80, 24).contains("Delete this API key?"));
    harness.keys("<esc><esc>");
    assert!(harness.screen(80, 24).contains("5b1c…9f0a"));
}

#[test]
fn sorting_by_expiry_puts_the_expired_key_first() {
    let mut harness = demo();
    let rows = |harness: &mut Harness| {
        let screen = harness.screen(80, 24);
        let ids = ["5b1c…9f0a", "77d0…41bb", "0a9e…c2d4", "legacy"];
        let id_in = |line: &str| ids.into_iter().find(|id| line.contains(*id));
        screen.lines().skip(3).filter_map(id_in).collect::<Vec<_>>()
    };
    harness.keys("oog");
    assert_eq!(rows(&mut harness), ["0a9e…c2d4", "77d0…41bb", "5b1c…9f0a", "legacy"]);
    harness.keys("O");
    assert_eq!(rows(&mut harness), ["legacy", "5b1c…9f0a", "77d0…41bb", "0a9e…c2d4"]);
}

#[test]
fn late_answers_are_dropped() {
    let mut harness = demo();
    harness.keys("<ctrl-r>");
    let (id, _) = harness.calls().into_iter().find(|(_, call)| is_list(call)).unwrap();
    harness.keys("2");
    answer_list(&mut harness, id, Ok(Vec::new()));
    harness.keys("1");
    assert!(harness.screen(80, 24).contains("5b1c…9f0a"), "the answer came after its screen was left");
}

#[test]
fn a_failed_list_keeps_the_old_one_and_says_why() {
    let mut harness = demo();
    harness.keys("<ctrl-r>");
    let (id, _) = harness.calls().into_iter().find(|(_, call)| is_list(call)).unwrap();
    answer_list(&mut harness, id, Err(refusal("no")));
    let screen = harness.screen(80, 24);
    assert!(screen.contains("5b1c…9f0a") && screen.contains("fetching failed"), "{screen}");
    insta::assert_snapshot!("keys_failed_80x24", screen);
}

#[test]
fn read_only_mode_has_no_changing_commands() {
    let mut harness = demo();
    harness.shared().session.read_only = true;
    harness.keys("n");
    assert!(harness.layers().is_empty());
    let screen = harness.screen(80, 24);
    assert!(screen.contains("[RO]") && screen.contains("read-only") && !screen.contains("n new"), "{screen}");
}

#[test]
fn pasted_text_reaches_fields_only() {
    let mut harness = demo();
    harness.paste("dddd");
    assert!(harness.layers().is_empty() && harness.calls().is_empty());
    harness.keys("n<tab><tab>");
    harness.paste("two\nlines");
    assert!(harness.screen(80, 24).contains("two lines"));
}

#[test]
fn details_and_help_can_be_read() {
    let mut harness = demo();
    harness.keys("<enter>");
    harness.keys("<esc>?");
    harness.keys("G");
    insta::assert_snapshot!("help_end_80x24", harness.screen(80, 24));
}

/// A snapshot holds no style, so the selection's is asserted here.
#[test]
fn the_selected_row_is_reversed_as_a_whole() {
    use ratatui::style::Modifier;
    let harness = demo();
    let buffer = harness.buffer(80, 24);
    let reversed = |y: u16| (1..79).filter(|x| buffer[(*x, y)].modifier.contains(Modifier::REVERSED)).count();
    assert_eq!((reversed(4), reversed(5)), (77, 0));
}

#[test]
fn a_filter_counts_and_says_when_nothing_matches() {
    let mut harness = demo();
    harness.keys("/dash");
    assert!(harness.screen(80, 24).contains("1 of 3 keys"));
    harness.keys("xyz");
    let screen = harness.screen(80, 24);
    assert!(screen.contains("0 of 3 keys") && screen.contains("nothing matches"), "{screen}");
}

#[test]
fn t_says_why_a_key_cannot_be_tested() {
    let mut harness = demo();
    harness.keys("t");
    let screen = harness.screen(80, 24);
    assert!(screen.contains(" ! the text of this key") && screen.contains("Test panel"), "{screen}");
    harness.keys("Gt");
    assert!(harness.screen(80, 24).contains("not with the legacy key"));
}

#[test]
fn an_ascii_terminal_gets_nothing_else() {
    let mut harness = demo();
    harness.shared().preferences.glyphs = &keybench::tui::glyphs::ASCII;
    harness.shared().session.own = Own::default().signed_in_with("77d0aa31b2c541bb");
    for keys in ["", "<enter>", "<esc>n", "<esc>?", "<esc>!", "<esc>2", "3"] {
        harness.keys(keys);
        for (columns, rows) in [(80, 24), (60, 16), (120, 40), (40, 5)] {
            let screen = harness.screen(columns, rows);
            assert!(screen.is_ascii(), "{keys} {columns}x{rows}\n{screen}");
        }
    }
}

#[test]
fn the_header_keeps_its_ends_apart() {
    let mut harness = demo();
    harness.shared().session.url = "http://workbench.data.example.org:8642".into();
    harness.shared().session.version = Some("26.06.13-keybench".into());
    for columns in [60, 80, 100] {
        let screen = harness.screen(columns, 24);
        let header = screen.lines().next().unwrap();
        assert!(
            header.contains("demo ▸ owner")
                && (header.ends_with("  ● workbench 3 ms")
                    || header.ends_with("  ● workbench 3 ms, up since 09:14")),
            "{header}"
        );
    }
    harness.shared().session.label = "workbench.data.example.org:8642".into();
    assert_eq!(harness.screen(120, 24).matches("workbench.data.example.org").count(), 1);
}

#[test]
fn a_failed_sign_in_says_so_and_ctrl_r_tries_again() {
    let mut harness = Harness::new();
    harness.shared().session.username = None;
    let mut harness = harness.started();
    for (id, call) in harness.calls() {
        if matches!(call, Call::WhoAmI) {
            let answer = Err(Error::BadAnswer { operation: "asking", detail: "it was cut short".into() });
            harness.answer(id, Answer::WhoAmI(answer));
        }
    }
    let screen = harness.screen(80, 24);
    assert!(screen.contains("could not sign in") && screen.contains("Ctrl-R tries again"), "{screen}");
    assert!(!screen.contains("●"), "{screen}");
    harness.keys("<ctrl-r>");
    let again = harness.calls();
    let (id, _) = again.into_iter().find(|(_, call)| matches!(call, Call::WhoAmI)).unwrap();
    harness.answer(id, Answer::WhoAmI(Ok("owner".into())));
    let named = |effect: &Effect| matches!(effect, Effect::NameUser(username) if username == "owner");
    assert!(harness.effects.iter().any(named), "requests and the history know it too");
}

#[test]
fn a_long_notice_can_be_read_whole() {
    let mut harness = demo();
    let (now, end) = (harness.now, "and this is its end");
    let text =
        format!("reading the answer: {}, {end}", "it is not what an API answers ".repeat(8).trim_end());
    harness.shared().notices.error(
        now,
        text,
        Some("look at what stands between here and the workbench".into()),
    );
    let screen = harness.screen(80, 24);
    assert!(screen.contains("! all") && !screen.contains(end), "{screen}");
    harness.keys("!");
    insta::assert_snapshot!("notices_long_60x16", harness.screen(60, 16));
    harness.keys("G");
    assert!(harness.screen(60, 16).contains("its end"));
}

#[test]
fn a_text_scrolls_back_from_its_end_at_once() {
    let mut harness = demo();
    harness.screen(80, 24);
    harness.keys("?G");
    let end = harness.screen(80, 24);
    harness.keys("jjk");
    assert_ne!(harness.screen(80, 24), end);
    harness.keys("g");
    assert!(harness.screen(80, 24).contains("API keys"));
}

#[test]
fn the_day_of_creation_is_a_column_that_can_be_chosen_sorted_by_and_found() {
    let mut keys = demo_keys();
    keys[0].created_at = "2026-11-21T10:00:00Z".into();
    keys[2].created_at = "2025-01-02T10:00:00Z".into();
    let mut harness = listed(keys);
    assert!(!harness.screen(80, 24).contains("CREATED"));
    harness.keys("/2025-01<enter>");
    assert!(harness.screen(80, 24).contains("0 of 3"), "it is not shown: {}", harness.screen(80, 24));
    harness.keys("<esc>C<end><space><enter>");
    let screen = harness.screen(80, 24);
    assert!(screen.contains("CREATED") && screen.contains("2025-01-02"), "{screen}");
    harness.keys("/2025-01<enter>");
    assert!(harness.screen(80, 24).contains("1 of 3"), "{}", harness.screen(80, 24));
    harness.keys("<esc>g");
    let first = |screen: &str| screen.lines().nth(4).unwrap().to_owned();
    while !harness.screen(80, 24).contains("CREATED▴") && !harness.screen(80, 24).contains("CREATED ▴") {
        harness.keys("o");
    }
    harness.keys("g");
    assert!(first(&harness.screen(80, 24)).contains("0a9e…c2d4"), "{}", harness.screen(80, 24));
}
