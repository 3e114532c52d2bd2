//! The Settings tab without a terminal and without a network: keys and answers in, effects and
//! screens out.

use crate::tui_support::settings::{
    answer_created, answer_deleted, answer_list, demo, is_list, key, made, only_call, refusal, revealed,
};
use keybench::actions::keys::Own;
use keybench::api::Error;
use keybench::tui::call::{Answer, Call};
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
fn a_key_without_a_date_gets_the_workbench_default() {
    let mut harness = demo();
    harness.keys("n");
    insta::assert_snapshot!("new_key_60x16", harness.screen(60, 16));
    harness.keys("<enter><enter>batch job<enter>");
    let (_, call) = only_call(&mut harness);
    let Call::CreateKey { username, new } = call else { panic!("{call:?}") };
    assert_eq!((username.as_str(), new.expiry, new.comment.as_str()), ("owner", None, "batch job"));
    assert_eq!(new.audiences, ["API"]);
}

/// Who believes to be in the comment must not change the audience or the date.
#[test]
fn letters_on_the_audience_change_nothing() {
    let mut harness = demo();
    harness.keys("n<tab>tour key hjkl");
    let before = harness.screen(80, 24);
    assert!(before.contains("< API: workbench and models >"), "{before}");
    harness.keys("<tab>batch job<enter>");
    let (_, call) = only_call(&mut harness);
    let Call::CreateKey { new, .. } = call else { panic!("{call:?}") };
    assert_eq!((new.expiry, new.comment.as_str()), (None, "batch job"));
    assert_eq!(new.audiences, ["API"]);
}

/// What was not asked about is said once the terminal has been given back.
#[test]
fn a_signal_leaves_word_of_a_key_that_was_not_kept() {
    let left = |harness: &Harness| harness.ui.left_behind();
    let mut harness = demo();
    assert_eq!(left(&harness), None);
    harness.keys("n<tab><tab>x<enter>");
    let words = left(&harness).unwrap();
    assert!(words.contains("still creating an API key"), "{words}");

    let mut harness = revealed();
    let words = left(&harness).unwrap();
    assert!(words.contains("was created, and neither copied nor saved: its text is lost"), "{words}");
    harness.send(keybench::tui::msg::Msg::Terminate);
    assert!(harness.ui.terminated && matches!(harness.effects.pop(), Some(Effect::Quit)));
    harness.keys("y");
    assert_eq!(left(&harness), None);
}

#[test]
fn typed_dates_and_quick_picks_are_sent_as_the_end_of_their_day() {
    for (keys, day) in
        [("+90d", "2027-02-21"), ("2027-01-31", "2027-01-31"), ("Q", "2027-02-21"), ("T", "2026-11-23")]
    {
        let mut harness = demo();
        harness.keys(&format!("n{keys}<tab><tab><tab><enter>"));
        let (_, call) = only_call(&mut harness);
        let Call::CreateKey { new, .. } = call else { panic!("{call:?}") };
        assert_eq!(new.expiry.map(|at| at.to_string()), Some(format!("{day}T23:59:59Z")), "{keys}");
    }
}

#[test]
fn a_refusal_stands_in_the_form_and_nothing_typed_is_lost() {
    let mut harness = demo();
    harness.shared().session.expiration = Expiration::NotOffered;
    harness.keys("n2031-01-31<tab><right><tab>batch job<enter>");
    let (id, _) = only_call(&mut harness);
    answer_created(&mut harness, id, Err(refusal("expiry date is beyond the limit of 90 days")));
    let screen = harness.screen(80, 24);
    assert!(
        screen.contains("2031-01-31") && screen.contains("batch job") && screen.contains("Application"),
        "{screen}"
    );
    harness.keys("<enter>");
    let (_, call) = only_call(&mut harness);
    assert!(matches!(call, Call::CreateKey { new, .. } if new.comment == "batch job"));
}

#[test]
fn beyond_the_limit_nothing_is_sent() {
    let mut harness = demo();
    harness.keys("n2031-01-31<tab><tab><tab><enter>");
    assert!(harness.calls().is_empty());
    let screen = harness.screen(80, 24);
    assert!(screen.contains("2027-11-23"), "{screen}");
}

#[test]
fn esc_asks_before_it_discards_and_a_second_esc_discards() {
    let mut harness = demo();
    harness.keys("n<esc>");
    assert!(harness.layers().is_empty(), "nothing was typed, nothing is asked");
    harness.keys("n<tab><tab>batch<esc>");
    harness.keys("<enter>");
    assert!(harness.screen(80, 24).contains("batch"), "the harmless button has the focus");
    harness.keys("<esc><esc>");
    assert!(harness.layers().is_empty());
}

#[test]
fn the_new_key_is_shown_once_and_leaving_it_asks() {
    let mut harness = revealed();
    insta::assert_snapshot!("reveal_60x16", harness.screen(60, 16));
    harness.keys("q");
    assert!(harness.screen(80, 24).contains("neither copied nor saved"));
    harness.keys("<esc><esc>");
    harness.keys("<enter>");
    assert!(harness.screen(80, 24).contains(&"ab".repeat(32)), "the key is still there");
    harness.keys("<esc>lose<enter>");
    assert!(!harness.screen(80, 24).contains(&"ab".repeat(32)));
    assert_eq!(harness.shared().session.known_keys.len(), 1, "the run still knows it, for tests");
}

#[test]
fn a_copied_key_can_be_left_without_a_question() {
    let mut harness = revealed();
    harness.keys("y");
    let copied = harness.effects.iter().any(|effect| matches!(effect, Effect::Copy(_)));
    assert!(copied);
    let screen = harness.screen(80, 24);
    assert!(screen.contains("sent to your terminal") && !screen.contains("copied"), "{screen}");
    harness.keys("<esc>");
    assert!(harness.layers().is_empty());
}

#[test]
fn saving_asks_for_a_name_and_says_where_the_key_is() {
    let mut harness = revealed();
    harness.keys("w");
    assert!(harness.screen(80, 24).contains("batch-job.key"));
    harness.keys("<ctrl-u>/tmp/k<enter>");
    let (id, call) = only_call(&mut harness);
    assert!(matches!(&call, Call::SaveKey { path, .. } if path == "/tmp/k"), "{call:?}");
    assert!(!format!("{call:?}").contains("abab"), "no key in debug output");
    let problem = "/tmp/k is there already; give another name".to_owned();
    harness.answer(id, Answer::KeySaved(Err(problem)));
    assert!(harness.screen(80, 24).contains("is there already"));
    harness.keys("2<enter>");
    let (id, call) = only_call(&mut harness);
    assert!(matches!(&call, Call::SaveKey { path, .. } if path == "/tmp/k2"), "the name is still there");
    harness.answer(id, Answer::KeySaved(Ok("batch-job.key".into())));
    insta::assert_snapshot!("reveal_saved_80x24", harness.screen(80, 24));
    harness.keys("<esc>");
    assert!(harness.layers().is_empty());
}

#[test]
fn deleting_names_the_key_and_cancel_has_the_focus() {
    let mut harness = demo();
    harness.keys("jd");
    harness.keys("<enter>");
    assert!(harness.calls().is_empty() && harness.layers().is_empty());
    harness.keys("d<tab><enter>");
    let (id, call) = only_call(&mut harness);
    assert!(
        matches!(&call, Call::DeleteKeys { key_ids, .. } if key_ids == &["77d0aa31b2c541bb"]),
        "{call:?}"
    );
    answer_deleted(&mut harness, id, &["77d0aa31b2c541bb"], Vec::new());
    assert!(harness.screen(80, 24).contains("deleted 1 API key of owner: 77d0…41bb"));
    let (_, call) = harness.calls().remove(0);
    assert!(is_list(&call));
}

#[test]
fn marked_keys_are_deleted_together_and_named() {
    let mut harness = demo();
    harness.keys("<space><space>d");
    let screen = harness.screen(80, 24);
    assert!(
        screen.contains("2 keys of owner")
            && screen.contains("nightly scoring")
            && screen.contains("dashboard")
    );
    harness.keys("y");
    let (_, call) = only_call(&mut harness);
    assert!(matches!(&call, Call::DeleteKeys { key_ids, .. } if key_ids.len() == 2), "{call:?}");
}

#[test]
fn deleting_all_wants_the_user_name() {
    let mut harness = demo();
    harness.shared().session.own = Own::default().signed_in_with("5b1c66aa10129f0a");
    harness.keys("D");
    insta::assert_snapshot!("delete_all_80x24", harness.screen(80, 24));
    harness.keys("own!");
    assert!(harness.screen(80, 24).contains("That is not owner"), "{}", harness.screen(80, 24));
    harness.keys("<backspace>e<enter>");
    assert!(harness.calls().is_empty() && !harness.layers().is_empty());
    harness.keys("r<enter>");
    let (_, call) = only_call(&mut harness);
    let Call::DeleteKeys { username, key_ids } = call else { panic!("{call:?}") };
    assert_eq!(username, "owner");
    assert_eq!(key_ids, ["77d0aa31b2c541bb", "0a9e14d03311c2d4"], "all but the signed-in one");
}

#[test]
fn the_legacy_key_is_not_deleted() {
    let mut harness = demo();
    harness.keys("Gd");
    assert!(harness.calls().is_empty());
    assert!(harness.screen(80, 24).contains("the legacy key cannot be deleted"));
    harness.keys("r");
    harness.keys("y");
    assert!(matches!(only_call(&mut harness).1, Call::RotateLegacyKey { .. }));
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
    assert!(screen.contains("5b1c…9f0a"), "{screen}");
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

fn deleted(harness: &mut Harness) -> Vec<(RequestId, Call)> {
    let (id, call) = only_call(harness);
    let Call::DeleteKeys { key_ids, .. } = call else { panic!("{call:?}") };
    let ids: Vec<&str> = key_ids.iter().map(String::as_str).collect();
    answer_deleted(harness, id, &ids, Vec::new());
    harness.calls()
}

#[test]
fn the_signed_in_key_is_marked_and_deleting_it_says_what_that_means() {
    let mut harness = demo();
    harness.shared().session.own = Own::default().signed_in_with("77d0aa31b2c541bb");
    insta::assert_snapshot!("keys_own_80x24", harness.screen(80, 24));
    assert!(harness.screen(60, 16).contains("signed in: "), "{}", harness.screen(60, 16));
    harness.keys("jd");
    insta::assert_snapshot!("delete_own_80x24", harness.screen(80, 24));
    harness.keys("y");
    assert!(deleted(&mut harness).is_empty(), "nothing more can be asked with that key");
    insta::assert_snapshot!("deleted_own_80x24", harness.screen(80, 24));
}

/// With either of them gone nothing could go on; what is wanted all the same is chosen alone.
#[test]
fn of_several_keys_those_in_use_here_stay() {
    let mut harness = demo();
    harness.shared().session.own = Own::default().signed_in_with("5b1c66aa10129f0a");
    harness.keys("<space><space>d");
    let screen = harness.screen(80, 24);
    assert!(screen.contains("5b1c…9f0a stays: keybench is signed in with it."), "{screen}");
    assert!(screen.contains("1 key of owner"), "{screen}");
    harness.keys("y");
    let (_, call) = only_call(&mut harness);
    let Call::DeleteKeys { key_ids, .. } = call else { panic!("{call:?}") };
    assert_eq!(key_ids, ["77d0aa31b2c541bb"]);

    let mut harness = demo();
    harness.shared().session.own = Own::default().signed_in_with("5b1c66aa10129f0a").given(GIVEN);
    harness.keys("<space><space>d");
    assert!(harness.layers().is_empty(), "nothing is left to delete");
    let screen = harness.screen(120, 24);
    assert!(screen.contains("77d0…41bb stays: the workbench session"), "{screen}");
}

/// Which of them keeps the session going is not known, so none is taken for it.
#[test]
fn not_all_keys_are_deleted_where_the_one_in_use_is_not_known() {
    let mut harness = demo();
    harness.keys("D");
    assert!(harness.layers().is_empty() && harness.calls().is_empty());
    let screen = harness.screen(80, 24);
    assert!(screen.contains("not known"), "{screen}");
}

#[test]
fn a_refusal_in_the_middle_says_what_was_and_what_was_not_deleted() {
    let mut harness = demo();
    harness.keys("<space><space><space>dy");
    let (id, _) = only_call(&mut harness);
    let failed = ["77d0aa31b2c541bb", "0a9e14d03311c2d4"].map(|id| (id.to_owned(), refusal("no")));
    answer_deleted(&mut harness, id, &["5b1c66aa10129f0a"], failed.into());
    let screen = harness.screen(140, 24);
    let rows: Vec<&str> = screen.lines().filter(|line| line.starts_with('│')).collect();
    assert!(!rows.iter().any(|row| row.contains("5b1c…9f0a")), "{screen}");
    assert!(screen.contains("deleted 1 API key of owner: 5b1c…9f0a"), "{screen}");
    assert!(screen.contains("not deleted, as far as is known: 77d0…41bb, 0a9e…c2d4"), "{screen}");
}

#[test]
fn a_deleted_key_is_gone_even_where_the_new_list_does_not_come() {
    let mut harness = demo();
    harness.keys("jdy");
    let calls = deleted(&mut harness);
    let (id, _) = calls.into_iter().find(|(_, call)| is_list(call)).unwrap();
    answer_list(&mut harness, id, Err(refusal("no")));
    assert!(!harness.screen(80, 24).contains("77d0…41bb"));
}

#[test]
fn the_signed_in_key_is_recognised_where_the_list_confirms_its_id() {
    let id = "ab".repeat(32);
    let mut harness = Harness::new().started();
    harness.shared().session.own = Own::default().signed_in_with(id.clone());
    for (request, call) in harness.calls() {
        if is_list(&call) {
            let keys = vec![key(&id, "2027-11-23T23:59:59Z", "API", "")];
            answer_list(&mut harness, request, Ok(keys));
        }
    }
    assert!(harness.screen(80, 24).contains("API      signed in"));
}

#[test]
fn a_low_form_shows_what_is_typed_and_what_is_wrong() {
    let mut harness = demo();
    harness.keys("n2029-01-01<enter>");
    insta::assert_snapshot!("new_key_wrong_60x16", harness.screen(60, 16));
    harness.keys("<tab>");
    insta::assert_snapshot!("new_key_rest_60x16", harness.screen(60, 16));
}

#[test]
fn typed_words_are_no_quick_picks() {
    for (text, day) in [("tomorrow", Some("2026-11-24")), ("default", None), ("max", Some("2027-11-23"))] {
        let mut harness = demo();
        harness.keys(&format!("n{text}<enter><tab><tab><enter>"));
        let (_, call) = only_call(&mut harness);
        let Call::CreateKey { new, .. } = call else { panic!("{call:?}") };
        let day = day.map(|day| format!("{day}T23:59:59Z"));
        assert_eq!(new.expiry.map(|at| at.to_string()), day, "{text}");
    }
    let mut harness = demo();
    harness.keys("n-5d<enter>");
    assert!(harness.screen(80, 24).contains("in the past"));
    harness.keys("<esc><tab><tab><tab><enter>");
    let (_, call) = only_call(&mut harness);
    assert!(matches!(call, Call::CreateKey { new, .. } if new.expiry.is_none()), "Esc took it back");
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
                && (header.ends_with("  ● 3 ms") || header.ends_with("  ● 3 ms since 09:14")),
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
    assert!(again.iter().any(|(_, call)| matches!(call, Call::WhoAmI)));
}

#[test]
fn the_name_of_a_file_is_seen_on_a_low_terminal() {
    let mut harness = revealed();
    harness.keys("w");
    insta::assert_snapshot!("reveal_file_60x16", harness.screen(60, 16));
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
fn a_comment_says_when_it_is_full() {
    let mut harness = demo();
    harness.keys("n<tab><tab>");
    harness.paste(&"x".repeat(300));
    let screen = harness.screen(80, 24);
    assert!(
        screen.contains("a comment ends at 200 characters") && screen.contains("Enter create key"),
        "{screen}"
    );
}

#[test]
fn a_file_is_proposed_under_a_plain_name() {
    let mut harness = demo();
    harness.keys("n<enter><enter>batch<enter>");
    let (id, _) = only_call(&mut harness);
    let created = CreateV2KeyResponse { comments: "Größe — (nightly)  run!".into(), ..made() };
    answer_created(&mut harness, id, Ok(created));
    harness.keys("w");
    assert!(harness.screen(80, 24).contains("gr-e-nightly-run.key"), "{}", harness.screen(80, 24));
}

/// The session would go on without its key, whichever key keybench itself is signed in with.
#[test]
fn the_key_of_a_workbench_session_is_neither_deleted_nor_rotated() {
    for keys in ["<down>d", "<down>r"] {
        let mut harness = demo();
        harness.shared().session.own = Own::default().given(GIVEN);
        harness.keys(keys);
        let screen = harness.screen(80, 24);
        assert!(screen.contains("workbench session"), "{keys}: {screen}");
        assert!(harness.layers().is_empty(), "{keys}: {screen}");
    }
    let mut harness = demo();
    harness.shared().session.own = Own::default().given(GIVEN);
    harness.keys("d");
    assert!(!harness.layers().is_empty(), "another key may go");
    harness.keys("<esc>D");
    let screen = harness.screen(80, 24);
    assert!(screen.contains("77d0…41bb stays: the workbench session"), "{screen}");
    harness.keys("owner<enter>");
    let (_, call) = only_call(&mut harness);
    let Call::DeleteKeys { key_ids, .. } = call else { panic!("{call:?}") };
    assert_eq!(key_ids, ["5b1c66aa10129f0a", "0a9e14d03311c2d4"]);
}

/// Which of the listed keys it is cannot be seen here, so the workbench is asked whose it is before any is
/// deleted.
#[test]
fn of_all_keys_one_may_be_that_of_the_session_though_it_is_not_recognised() {
    let mut harness = demo();
    harness.shared().session.own = Own::default().signed_in_with("5b1c66aa10129f0a").given("not listed");
    harness.keys("Downer<enter>");
    let (_, call) = only_call(&mut harness);
    let Call::DeleteUnlessGiven { key_ids, .. } = call else { panic!("{call:?}") };
    assert_eq!(key_ids, [GIVEN, "0a9e14d03311c2d4"]);
}

/// The id of the second row.
const GIVEN: &str = "77d0aa31b2c541bb";
