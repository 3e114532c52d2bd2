//! The form for a new key.

use super::*;

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

#[test]
fn a_letter_for_a_day_beyond_the_limit_holds_enter_back() {
    let mut harness = demo();
    harness.shared().session.expiration = Expiration::Setting { name: "days".into(), days: 10 };
    harness.keys("n");
    harness.calls();
    harness.keys("Q<enter><enter><enter>");
    let screen = harness.screen(80, 24);
    assert!(harness.calls().is_empty() && screen.contains("beyond the limit of 10 days"), "{screen}");
    harness.keys("<tab><tab><tab><enter>");
    let screen = harness.screen(80, 24);
    assert!(harness.calls().is_empty() && screen.contains("\"90d\" is not a day"), "{screen}");
    harness.keys("W<enter><enter>seven days<enter>");
    let (_, call) = only_call(&mut harness);
    let Call::CreateKey { new, .. } = call else { panic!("{call:?}") };
    assert_eq!(new.expiry.map(|at| at.to_string()).as_deref(), Some("2026-11-30T23:59:59Z"));
}

/// The request for the setting that was started, answered with so many days.
fn setting_is(harness: &mut Harness, days: u32) {
    let calls = harness.calls();
    let (id, _) = calls.into_iter().find(|(_, call)| matches!(call, Call::Expiration)).unwrap();
    harness.answer(id, Answer::Expiration(Ok(Some(("days".into(), days)))));
}

#[test]
fn the_form_reads_the_limit_anew_and_keeps_what_is_typed() {
    let mut harness = demo();
    harness.keys("n");
    assert!(harness.screen(80, 24).contains("expires 2027-11-23"));
    setting_is(&mut harness, 20);
    assert!(harness.screen(80, 24).contains("expires 2026-12-13"), "{}", harness.screen(80, 24));
    let mut harness = demo();
    harness.keys("n+9");
    setting_is(&mut harness, 20);
    harness.keys("d<enter><enter><enter>");
    let (_, call) = only_call(&mut harness);
    assert!(matches!(&call, Call::CreateKey { new, .. } if new.expiry.is_some()), "{call:?}");
}

#[test]
fn a_day_that_the_limit_refuses_makes_the_form_read_the_limit() {
    let mut harness = demo();
    harness.keys("nQ<enter><enter><enter>");
    let (id, _) = only_call(&mut harness);
    answer_created(&mut harness, id, Err(refusal("a key may last 20 days")));
    setting_is(&mut harness, 20);
    let screen = harness.screen(80, 24);
    assert!(screen.contains("expires 2026-12-13") && screen.contains("a key may last 20 days"), "{screen}");
}

#[test]
fn a_key_that_ends_on_another_day_than_the_form_showed_says_so() {
    let mut harness = demo();
    harness.keys("n<enter><enter><enter>");
    let (id, _) = only_call(&mut harness);
    answer_created(&mut harness, id, Ok(made()));
    for (columns, rows) in [(80, 24), (60, 16)] {
        let screen = harness.screen(columns, rows);
        assert!(screen.contains("2027-02-21 23:59 UTC, not 2027-11-23 as shown"), "{screen}");
    }
    let mut harness = demo();
    harness.keys("nQ<enter><enter><enter>");
    let (id, _) = only_call(&mut harness);
    answer_created(&mut harness, id, Ok(made()));
    assert!(!harness.screen(80, 24).contains("as shown"), "{}", harness.screen(80, 24));
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
    harness.keys("n");
    harness.calls();
    harness.keys("2031-01-31<tab><tab><tab><enter>");
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
fn a_digit_on_the_audience_leaves_no_form() {
    for keys in ["n<enter>", "nW<enter>"] {
        let mut harness = demo();
        harness.keys(keys);
        harness.keys("2");
        let screen = harness.screen(80, 24);
        assert_eq!(harness.layers(), ["new key"], "{screen}");
        assert!(screen.contains("Esc leaves the form first"), "{screen}");
        harness.keys("nd key<tab>2nd key<enter>");
        let (_, call) = only_call(&mut harness);
        assert!(matches!(&call, Call::CreateKey { new, .. } if new.comment == "2nd key"), "{call:?}");
    }
}
