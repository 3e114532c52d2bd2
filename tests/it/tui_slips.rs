//! Keys that cannot be lost by a slip, marks, and what works wherever nothing is typed.

use jiff::SignedDuration;
use keybench::actions::keys::Own;
use keybench::api::Sent;
use keybench::tui::call::Call;
use keybench::tui::effect::{Copied, Effect};
use keybench::tui::msg::{Mouse, Msg};
use keybench::tui::tab::Tab;
use keybench::tui::term::clipboard::{Path, Tmux};
use keybench::tui::testing::Harness;
use keybench::tui::theme::Theme;

use crate::tui_support::models;
use crate::tui_support::rotation::{OLD, successor};
use crate::tui_support::settings::{
    answer_created, answer_list, demo, demo_keys, is_list, made, only_call, revealed,
};

#[test]
fn a_new_key_is_lost_by_typing_the_word_and_by_no_other_key() {
    let mut harness = revealed();
    for keys in [
        "<esc>",
        "<esc><esc><esc>",
        "<esc>y",
        "<esc>y<enter>",
        "<esc><enter>",
        "<esc>lost<enter>",
        "<esc><tab><enter>",
    ] {
        let mut harness = revealed();
        harness.keys(keys);
        assert!(harness.layers().contains(&"reveal"), "{keys} lost it");
    }
    harness.keys("<esc>");
    assert!(harness.screen(80, 24).contains("Type lose to confirm"), "{}", harness.screen(80, 24));
    harness.keys("lose<enter>");
    assert!(harness.layers().is_empty());
}

#[test]
fn leaving_the_program_does_not_lose_a_new_key_by_a_slip_either() {
    let mut harness = revealed();
    harness.keys("qy<enter><ctrl-c><ctrl-c>");
    assert!(!harness.effects.iter().any(|effect| matches!(effect, Effect::Quit)));
    let mut harness = revealed();
    harness.keys("qlose<enter>");
    assert!(harness.effects.iter().any(|effect| matches!(effect, Effect::Quit)));
    let mut harness = revealed();
    harness.keys("yq");
    assert!(
        harness.effects.iter().any(|effect| matches!(effect, Effect::Quit)),
        "a key that was copied is no reason"
    );
}

/// `clipboard = "off"`, and a tmux that is set to keep what is copied, or does not say.
#[test]
fn a_key_that_is_known_not_to_arrive_was_not_copied() {
    let held_back = Path::Tmux(Some(Tmux::HoldsBack));
    for (clipboard, why) in [
        (None, "the key was not sent: the clipboard is switched off"),
        (Some(held_back), "the key was not sent: tmux holds it back"),
        (Some(Path::TMUX), "the key was sent to tmux, which hands it on only with"),
    ] {
        let mut harness = revealed();
        harness.shared().preferences.clipboard = clipboard;
        harness.keys("y");
        let screen = harness.screen(120, 40);
        assert!(screen.contains(why) && !screen.contains('✓'), "{screen}");
        harness.keys("<esc>");
        assert!(harness.screen(80, 24).contains("Type lose to confirm"), "{}", harness.screen(80, 24));
        harness.keys("<esc>q");
        assert!(!harness.effects.iter().any(|effect| matches!(effect, Effect::Quit)), "{why}");

        let mut harness = successor();
        harness.shared().preferences.clipboard = clipboard;
        harness.keys("y<esc>");
        assert!(harness.layers().contains(&"reveal"), "the old key is in use: {}", harness.screen(80, 24));
    }
    let mut harness = revealed();
    harness.shared().preferences.clipboard = Some(Path::TMUX);
    harness.send(Msg::Tmux(Tmux::ByBuffer));
    harness.keys("y<esc>");
    assert!(harness.layers().is_empty(), "{}", harness.screen(80, 24));
}

#[test]
fn five_minutes_without_a_key_hide_what_is_shown_in_clear() {
    let mut harness = revealed();
    assert!(harness.screen(80, 24).contains("abababab"));
    let due = harness.ui.wakes_at().unwrap();
    // The list behind is looked at before; the key is hidden at its own time.
    harness.now += SignedDuration::from_secs(299);
    harness.send(Msg::Wake);
    assert!(harness.screen(80, 24).contains("abababab"), "due {due}");
    harness.now += SignedDuration::from_secs(1);
    harness.send(Msg::Wake);
    assert!(!harness.screen(80, 24).contains("abababab"));
    harness.keys("s");
    assert!(harness.screen(80, 24).contains("abababab"), "a key brings it back");
}

#[test]
fn a_key_that_is_in_memory_can_be_copied_and_saved_again() {
    let mut harness = revealed();
    harness.keys("y<esc>");
    let mut keys = demo_keys();
    keys.insert(
        0,
        keybench::wire::V2KeyDetails {
            key_id: made().key_id,
            expiry_date: made().expiry_date.into(),
            comments: made().comments,
            ..Default::default()
        },
    );
    let listing: Vec<_> = harness.shared().requests.running().iter().map(|request| request.id).collect();
    for id in listing {
        answer_list(&mut harness, id, Ok(keys.clone()));
    }
    harness.keys("gY");
    let copied = harness
        .effects
        .iter()
        .any(|effect| matches!(effect, Effect::Copy(Copied::Key(key)) if *key == made().api_key));
    assert!(copied, "{}", harness.screen(80, 24));
    harness.effects.clear();
    harness.keys("w");
    let screen = harness.screen(80, 24);
    assert!(
        screen.contains("still in the memory") && !screen.contains("abababab"),
        "hidden at first: {screen}"
    );
    harness.keys("<enter>");
    let (_, call) = only_call(&mut harness);
    assert!(matches!(call, Call::SaveKey { key, .. } if key == made().api_key));
    harness.keys("<esc><esc>");
    assert!(harness.layers().is_empty(), "nothing would be lost");
    harness.keys("jw");
    assert!(harness.screen(80, 24).contains("the text of this key is not known here"));
}

#[test]
fn all_that_the_filter_shows_is_marked_inverted_and_marked_in_a_range() {
    let mut harness = demo();
    let marked = |harness: &mut Harness| {
        let screen = harness.screen(80, 24);
        screen
            .split(" marked")
            .next()
            .and_then(|text| text.rsplit(' ').next())
            .and_then(|n| n.parse::<u32>().ok())
            .unwrap_or(0)
    };
    harness.keys("*");
    assert_eq!(marked(&mut harness), 3);
    harness.keys("*");
    assert_eq!(marked(&mut harness), 0);
    harness.keys("g<space>~");
    assert_eq!(marked(&mut harness), 2);
    harness.keys("<esc>g<space>jV");
    assert_eq!(marked(&mut harness), 3);
    harness.keys("<esc>/dash<enter>*<esc>");
    assert_eq!(marked(&mut harness), 1, "{}", harness.screen(80, 24));
}

#[test]
fn marked_keys_are_rotated_one_after_the_other() {
    let mut harness = demo();
    harness.keys("*r");
    let screen = harness.screen(80, 24);
    assert!(
        screen.contains("Rotate 3 API keys?") && screen.contains("They will expire 2027-11-23"),
        "{screen}"
    );
    assert!(screen.contains("0a9e…c2d4 expired 52 days ago, the others work"), "{screen}");
    harness.keys("y");
    for number in 1..=3 {
        let calls = harness.calls();
        let (id, _) = calls.into_iter().find(|(_, call)| matches!(call, Call::CreateKey { .. })).unwrap();
        let mut key = made();
        key.key_id = format!("c0ffee001122334{number}");
        answer_created(&mut harness, id, Ok(key));
        assert_eq!(harness.layers(), ["reveal"], "{number}");
        let screen = harness.screen(80, 24);
        assert!(screen.contains(&format!("Successor {number} of 3")), "{screen}");
        let works = if number == 3 { "which expired 52 days ago" } else { "which still works" };
        assert!(screen.contains(works), "{screen}");
        harness.keys("y<esc>");
    }
    assert!(harness.screen(80, 24).contains("3 keys have a successor"), "{}", harness.screen(80, 24));
}

#[test]
fn a_successor_that_is_left_unsaved_ends_the_rotation_of_several() {
    let mut harness = demo();
    harness.keys("*ry");
    let calls = harness.calls();
    let (id, _) = calls.into_iter().find(|(_, call)| matches!(call, Call::CreateKey { .. })).unwrap();
    answer_created(&mut harness, id, Ok(made()));
    harness.keys("<esc>lose<enter>");
    let screen = harness.screen(120, 40);
    assert!(
        screen.contains("1 of 3 keys have a successor; the last was neither copied nor saved"),
        "{screen}"
    );
    assert!(screen.contains("2 not begun"), "{screen}");
}

#[test]
fn a_rotation_says_when_the_successor_expires_before_it_is_made() {
    let mut harness = demo();
    harness.keys("r");
    assert!(
        harness.screen(80, 24).contains("It will expire 2027-11-23, in 365 days"),
        "{}",
        harness.screen(80, 24)
    );
}

#[test]
fn tabs_palette_help_and_quit_work_wherever_nothing_is_typed() {
    let dialogs: [fn() -> Harness; 2] = [
        || {
            let mut harness = demo();
            harness.keys("d");
            harness
        },
        || {
            let mut harness = demo();
            harness.keys("!");
            harness
        },
    ];
    for open in dialogs {
        let mut harness = open();
        harness.keys("2");
        assert!(harness.layers().is_empty());
        assert_eq!(harness.ui.stack.tab(&harness.ui.shared), Some(Tab::Models));
        let mut harness = open();
        harness.keys(":");
        assert_eq!(harness.layers().last(), Some(&"palette"));
        let mut harness = open();
        harness.keys("?");
        assert_eq!(harness.layers().last(), Some(&"help"));
        let mut harness = open();
        harness.keys("q");
        assert!(harness.effects.iter().any(|effect| matches!(effect, Effect::Quit)));
    }
    let mut harness = revealed();
    harness.keys("2");
    assert!(harness.screen(80, 24).contains("Type lose to confirm"), "a key would be lost");
}

#[test]
fn a_theme_is_seen_while_it_is_selected() {
    let mut harness = demo();
    harness.shared().preferences.theme = Theme::terminal();
    harness.keys("<f8>");
    assert_eq!(harness.layers(), ["themes"]);
    harness.keys("j");
    assert_eq!(harness.shared().preferences.theme, Theme::dusk());
    harness.keys("<esc>");
    assert_eq!(harness.shared().preferences.theme, Theme::terminal());
    harness.keys(":theme<enter>jj<enter>");
    assert_eq!(harness.shared().preferences.theme, Theme::paper());
    assert!(harness.screen(80, 24).contains("the theme holds for this run only"));
}

#[test]
fn the_mouse_scrolls_selects_and_presses() {
    let mut harness = demo();
    harness.screen(80, 24);
    harness.keys(":mouse<enter>");
    assert!(harness.effects.iter().any(|effect| matches!(effect, Effect::Mouse(true))));
    harness.keys("g");
    let selected = |harness: &mut Harness| {
        let screen = harness.screen(80, 24);
        screen
            .lines()
            .position(|line| line.contains('▸') && line.contains("d ") || line.contains("▸  legacy"))
            .unwrap()
    };
    let first = selected(&mut harness);
    harness.send(Msg::Mouse(Mouse::Click(10, first as u16 + 1)));
    assert_eq!(selected(&mut harness), first + 1);
    harness.send(Msg::Mouse(Mouse::Click(10, first as u16 + 1)));
    assert_eq!(harness.layers(), ["details"], "a click on the selected row opens it");
    harness.keys("<esc>");
    harness.send(Msg::Mouse(Mouse::Down));
    assert_eq!(selected(&mut harness), first + 3, "{}", harness.screen(80, 24));
    harness.send(Msg::Mouse(Mouse::Click(3, 23)));
    assert_eq!(harness.layers(), ["new key"], "a key of the footer");
    harness.keys("<esc>");
    harness.send(Msg::Mouse(Mouse::Click(17, 1)));
    assert_eq!(harness.ui.stack.tab(&harness.ui.shared), Some(Tab::Models));
    let at = |harness: &mut Harness, text: &str| {
        let screen = harness.screen(80, 24);
        let found = screen.lines().zip(0..).find_map(|(line, y)| Some((line.split_once(text)?.0, y)));
        let (before, y) = found.unwrap_or_else(|| panic!("{text}: {screen}"));
        Mouse::Click(before.chars().count() as u16 + 2, y)
    };
    let mut harness = demo();
    harness.keys("n");
    let button = at(&mut harness, "[ Create key ]");
    harness.send(Msg::Mouse(button));
    assert!(matches!(&harness.calls()[..], [.., (_, Call::CreateKey { .. })]));
    let mut harness = demo();
    for (button, deletes) in [("[Cancel]", false), ("Delete  ", true)] {
        harness.keys("d");
        let button = at(&mut harness, button);
        harness.send(Msg::Mouse(button));
        assert_eq!((harness.calls().len(), harness.layers().len()), (usize::from(deletes), 0));
    }
    let mut harness = models::listed();
    harness.keys("t");
    let button = at(&mut harness, "[ Test ]");
    harness.send(Msg::Mouse(button));
    assert!(matches!(&harness.calls()[..], [.., (_, Call::TestModel(_))]));
    let mut harness = models::listed();
    harness.screen(80, 24);
    harness.send(Msg::Mouse(Mouse::Click(20, 5)));
    assert!(
        harness.screen(80, 24).contains("Probability that a customer leaves"),
        "{}",
        harness.screen(80, 24)
    );
}

#[test]
fn the_end_of_a_long_run_rings_only_while_the_window_has_no_focus() {
    for (focused, elapsed, rings) in
        [(Some(false), 600, true), (Some(true), 600, false), (None, 600, false), (Some(false), 100, false)]
    {
        let (mut harness, id, run) = models::running();
        if let Some(focused) = focused {
            harness.send(Msg::Focus(focused));
        }
        let ended = Ok(models::summary(elapsed, true));
        harness.answer(id, keybench::tui::call::Answer::RunEnded { model_id: run.model_id, ended });
        let rang = harness.effects.iter().any(|effect| matches!(effect, Effect::Notify(_)));
        assert_eq!(rang, rings, "{focused:?} {elapsed}");
    }
}

#[test]
fn every_request_is_in_the_log_with_the_command_that_does_the_same() {
    let mut harness = models::listed();
    models::refused(&mut harness, "tKouts<enter><enter>");
    harness.keys("!");
    assert!(harness.screen(80, 24).contains("Notices"));
    harness.keys("!");
    let screen = harness.screen(120, 40);
    assert!(screen.contains("401") && screen.contains("calling churn-prod/add"), "{screen}");
    assert!(
        screen.contains("printf %s \"$KEY\" | keybench models test churn-prod/add"),
        "by its name: {screen}"
    );
    assert!(screen.contains("HTTP      POST "), "{screen}");
    harness.keys("y");
    let copies = |effect: &Effect| matches!(effect, Effect::Copy(Copied::Text(text)) if text.contains("models test churn-prod/add"));
    assert!(harness.effects.iter().any(copies));
    harness.keys("<enter>");
    assert!(harness.screen(80, 24).contains("╭ Request ─"), "{}", harness.screen(80, 24));
    harness.keys("<esc>!");
    assert!(harness.screen(80, 24).contains("Notices (! requests)"));
}

#[test]
fn what_the_user_did_is_found_among_the_requests_and_what_sent_nothing_is_none() {
    let mut harness = models::listed();
    harness.keys("c<tab><tab>p<enter>");
    harness.keys("<esc><esc>!!");
    let screen = harness.screen(120, 40);
    assert!(!screen.contains("checking") && !screen.contains("reading deployments"), "{screen}");
    assert!(
        screen.contains("listing the models") && screen.contains("in the background, hidden"),
        "{screen}"
    );
    harness.keys("b");
    let screen = harness.screen(120, 40);
    assert!(screen.contains("reading deployments") && screen.contains("b hide background"), "{screen}");
    harness.keys("/deploy<enter>");
    let screen = harness.screen(120, 40);
    assert!(screen.contains("keybench models show playground/echo"), "{screen}");
    assert!(!screen.contains("listing the models"), "{screen}");
}

#[test]
fn a_new_key_that_was_left_is_at_hand_on_its_row_and_quitting_says_what_is_lost() {
    let mut harness = successor();
    harness.keys("<esc>");
    let screen = harness.screen(80, 24);
    assert!(screen.contains("Until keybench ends, Y on its row still copies it"), "{screen}");
    harness.keys("lose<enter>/c0ff<enter>g");
    let screen = harness.screen(80, 24);
    assert!(screen.contains("Y copies the key, w writes it"), "{screen}");
    harness.keys("q");
    let screen = harness.screen(80, 24);
    assert!(screen.contains("Leaving loses the text of c0ff…3344"), "{screen}");
    harness.keys("<esc>Yq");
    let quits = |effect: &Effect| matches!(effect, Effect::Quit);
    assert!(harness.effects.iter().any(quits), "it was copied: {}", harness.screen(80, 24));
}

#[test]
fn rotating_and_deleting_several_say_what_is_left_out_and_why() {
    // The old key of a rotation and its successor are both marked.
    let mut harness = successor();
    harness.keys("y<esc><enter>*r");
    let screen = harness.screen(80, 24);
    assert!(screen.contains("Rotate 3 API keys?"), "{screen}");
    assert!(screen.contains("77d0…41bb is left out: it is being replaced by c0ff…3344 already."), "{screen}");
    assert!(screen.contains("They will expire"), "{screen}");
    harness.keys("<esc>d");
    let screen = harness.screen(80, 24);
    assert!(screen.contains("4 keys of owner"), "{screen}");
    assert!(!screen.contains("which stays") && !screen.contains("no successor"), "both go: {screen}");

    // The one that is signed in with stays, and so it loses its successor.
    let mut harness = successor();
    harness.shared().session.own = Own::default().signed_in_with(OLD);
    harness.keys("y<esc><enter>*d");
    let screen = harness.screen(80, 24);
    assert!(screen.contains("77d0…41bb stays: keybench is signed in with it."), "{screen}");
    assert!(screen.contains("c0ff…3344 was to replace 77d0…41bb, which then has no successor."), "{screen}");
}

#[test]
fn the_one_marked_key_is_rotated_wherever_the_cursor_is() {
    let mut harness = demo();
    harness.keys("j<space>gr");
    let screen = harness.screen(80, 24);
    assert!(screen.contains("Rotate this API key?") && screen.contains("77d0…41bb  2026"), "{screen}");
}

#[test]
fn a_question_about_marked_keys_says_that_the_filter_hides_them() {
    let mut harness = demo();
    harness.keys("j<space><space>");
    for command in ["d", "r"] {
        harness.keys(&format!("/dash<enter>{command}"));
        let screen = harness.screen(80, 24);
        assert!(screen.contains("The filter hides 1 of the 2 marked keys."), "{screen}");
        harness.keys(&format!("<esc>/<ctrl-u>signed<enter>{command}"));
        let screen = harness.screen(80, 24);
        assert!(screen.contains("The filter hides all marked keys."), "{screen}");
        harness.keys(&format!("<esc>/<ctrl-u><enter>{command}"));
        let screen = harness.screen(80, 24);
        assert!(!screen.contains("The filter hides"), "{screen}");
        harness.keys("<esc>");
    }
}

/// An error names Esc only if Esc dismisses it next.
#[test]
fn what_esc_does_next_is_said_once() {
    let mut harness = demo();
    let now = harness.now;
    harness.shared().notices.error(now, "the list could not be fetched", None);
    harness.keys("n");
    let screen = harness.screen(80, 24);
    assert!(screen.contains("Esc back") && !screen.contains("Esc dismiss"), "{screen}");
    assert!(!screen.contains("! all"), "! is a character here\n{screen}");
    harness.keys("<esc>");
    let screen = harness.screen(80, 24);
    assert!(harness.layers().is_empty() && screen.contains("Esc dismiss  ! all"), "{screen}");
    // In a part of a tab it dismisses before it leads back.
    let mut harness = models::listed();
    harness.keys("<enter>");
    harness.shared().notices.error(now, "the request could not be saved", None);
    let screen = harness.screen(80, 24);
    assert!(screen.contains("Esc dismiss") && !screen.contains("Esc back"), "{screen}");
    harness.keys("<esc>");
    let screen = harness.screen(80, 24);
    assert!(screen.contains("[ Test ]") && screen.contains("Esc back"), "{screen}");
}

#[test]
fn a_request_in_the_log_has_its_method_and_the_name_that_the_workbench_gave_it() {
    let mut harness = demo();
    for (count, request_id) in [(1, Some("7f3a-11")), (3, None)] {
        harness.keys("<ctrl-r>");
        let (id, _) = harness.calls().into_iter().find(|(_, call)| is_list(call)).unwrap();
        let (request_id_sent, status) = (request_id.map(str::to_owned), Some(200));
        let sent = Sent { count, status, request_id: request_id_sent, ..Sent::default() };
        harness.send(Msg::Sent { id, sent });
        answer_list(&mut harness, id, Ok(demo_keys()));
        harness.keys("!!");
        let screen = harness.screen(80, 24);
        match request_id {
            Some(_) => assert!(
                screen.contains(" 200 ") && screen.contains("HTTP      GET · request ID 7f3a-11"),
                "{screen}"
            ),
            None => assert!(screen.contains("HTTP      GET, the last of 3 requests "), "{screen}"),
        }
        harness.keys("<enter>");
        assert!(harness.screen(80, 24).contains("HTTP      GET"), "{}", harness.screen(80, 24));
        harness.keys("<esc><esc>");
    }
}
