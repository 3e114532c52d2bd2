//! What every list can do: filter, sort, show its position, choose its columns.

use crate::tui_support::admin::{all_keys, all_keys_coming, audited};
use crate::tui_support::pictures::open;
use keybench::actions::audit::Finding;
use keybench::tui::call::{Answer, Call, DeletedKeys, ToDelete};
use keybench::tui::effect::{Copied, Effect};
use keybench::tui::msg::Msg;
use keybench::tui::testing::Harness;
use ratatui::style::Modifier;

/// The rows of the list in sight: what stands between its frame, from the row below the heads on.
fn rows(harness: &mut Harness) -> Vec<String> {
    let screen = harness.screen(80, 24);
    let inside = |line: &str| Some(line.strip_prefix('│')?.strip_suffix('│')?.to_owned());
    screen.lines().filter_map(inside).skip(1).take_while(|row| !row.trim().is_empty()).collect()
}

/// The row with the cursor, without it.
fn selected(harness: &mut Harness) -> String {
    let rows = rows(harness);
    rows.iter().find_map(|row| row.strip_prefix('▸')).unwrap_or_else(|| panic!("{rows:?}")).trim().to_owned()
}

#[test]
fn what_is_seen_in_a_row_is_found() {
    for picture in ["keys", "models", "users", "user_keys", "projects", "collaborators", "all_keys"] {
        let row = selected(&mut open(picture));
        let words: Vec<&str> = row
            .split_whitespace()
            .filter(|word| word.chars().any(char::is_alphanumeric) && !word.contains('…'))
            .collect();
        assert!(words.len() > 1, "{row}");
        for word in words {
            let mut harness = open(picture);
            harness.keys(&format!("/{word}<enter>"));
            let found = rows(&mut harness);
            let found: Vec<&str> = found.iter().map(|found| found.trim_start_matches('▸').trim()).collect();
            assert!(found.contains(&row.as_str()), "{word:?} in {picture}: {found:?}");
        }
    }
}

#[test]
fn words_narrow_down_and_unwanted_ones_exclude() {
    let found = |filter: &str| {
        let mut harness = open("keys");
        harness.keys("/");
        harness.paste(filter);
        rows(&mut harness)
            .iter()
            .map(|row| row[3..].trim_start_matches('▸').trim()[..4].to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(found("never"), ["lega"]);
    assert_eq!(found("soon"), ["77d0"]);
    assert_eq!(found("8 d !active"), ["77d0"]);
    assert_eq!(found("● act"), ["5b1c", "lega"]);
    assert_eq!(found("◐ soon"), ["77d0"]);
    assert_eq!(found("● soon"), [""; 0], "it is drawn with another sign");
    assert_eq!(found("!api"), ["0a9e", "lega"]);
    assert_eq!(found("active Nightly"), [""; 0], "a capital letter matches as typed");
    assert_eq!(found("5b1c66aa10129f0a"), ["5b1c"], "a Key ID pasted whole");
}

#[test]
fn a_pasted_key_id_is_marked_where_it_is_cut() {
    let mut harness = open("keys");
    harness.keys("/");
    harness.paste("5b1c66aa10129f0a");
    harness.screen(80, 24);
    let buffer = harness.buffer(80, 24);
    let cut =
        (0..24).flat_map(|y| (0..80).map(move |x| (x, y))).find(|at| buffer[*at].symbol() == "…").unwrap();
    assert!(buffer[cut].modifier.contains(Modifier::UNDERLINED));
}

#[test]
fn what_is_cut_is_marked_only_where_nothing_in_sight_says_why_a_row_matches() {
    let mut harness = open("keys");
    harness.keys("/");
    let mut marked = |text: &str| {
        harness.keys("<ctrl-u>");
        harness.paste(text);
        harness.screen(80, 24);
        let buffer = harness.buffer(80, 24);
        let cells = (0..24).flat_map(|y| (0..80).map(move |x| (x, y)));
        cells
            .filter(|at| buffer[*at].modifier.contains(Modifier::UNDERLINED))
            .map(|at| buffer[at].symbol().to_owned())
            .collect::<String>()
    };
    assert!(marked("66aa1012").contains('…'), "in the part of a Key ID that is left out");
    assert!(!marked("1").contains('…'), "in the dates, too");
}

#[test]
fn in_the_palette_the_best_match_comes_first() {
    let mut harness = open("keys");
    harness.keys(":s");
    let screen = harness.screen(80, 24);
    let names = screen.lines().filter_map(|line| Some(line.split_once("command ")?.1.trim().to_lowercase()));
    let ranks: Vec<u8> = names
        .map(|name| match name.find('s') {
            Some(0) => 0,
            Some(at) if name[..at].ends_with(' ') => 1,
            _ => 2,
        })
        .collect();
    assert!(ranks.is_sorted() && ranks.first() < ranks.last(), "{ranks:?} {screen}");
}

#[test]
fn an_order_begins_at_the_top_unless_the_selection_was_moved() {
    let mut harness = open("keys");
    harness.keys("ooo");
    assert!(selected(&mut harness).starts_with("0a9e"), "the first to expire");
    harness.keys("j");
    let chosen = selected(&mut harness);
    harness.keys("O");
    assert_eq!(selected(&mut harness), chosen);
}

#[test]
fn position_and_length_are_in_the_frame() {
    let mut harness = open("keys");
    assert!(harness.screen(80, 24).contains(" 1/4 ─╯"), "{}", harness.screen(80, 24));
    harness.keys("G/active<enter>");
    assert!(harness.screen(80, 24).contains(" 2/2 ─╯"), "{}", harness.screen(80, 24));
    assert!(!harness.screen(80, 24).contains('┃'), "all rows are in sight");
    let names: Vec<String> = (0..60).map(|n| format!("user{n:02}")).collect();
    let mut harness = crate::tui_support::admin::with_users(&names);
    let mark =
        |harness: &mut Harness| harness.screen(80, 24).lines().position(|line| line.ends_with('┃')).unwrap();
    let top = mark(&mut harness);
    harness.keys("<pagedown><pagedown>");
    let middle = mark(&mut harness);
    harness.keys("G");
    let end = mark(&mut harness);
    assert!(top < middle && middle < end, "{top} {middle} {end}");
}

#[test]
fn columns_are_chosen_ordered_and_saved() {
    let mut harness = open("keys");
    harness.shared().preferences.columns_file = Some("/nowhere/columns.json".into());
    // The Key ID goes, the comment comes first.
    harness.keys("C<space>GkKKKKK<enter>");
    let saved = harness.calls().into_iter().find_map(|(_, call)| match call {
        Call::StoreColumns { list, columns, .. } => Some((list, columns)),
        _ => None,
    });
    let (list, columns) = saved.unwrap();
    assert_eq!((list, columns.join(" ").as_str()), ("keys", "comment status expires left audience"));
    let screen = harness.screen(80, 24);
    assert!(!screen.contains("KEY ID") && screen.contains("│   COMMENT"), "{screen}");
    harness.keys("/5b1c");
    assert!(harness.screen(80, 24).contains("nothing matches"), "what is not shown is not found");
    harness.keys("<esc>Ca<enter>");
    assert!(harness.screen(80, 24).contains("│   KEY ID"));
    harness.keys("C<space>j<space>j<space>j<space>j<space>j<space>j<space><enter>");
    assert!(harness.screen(80, 24).contains("at least one column"));
}

#[test]
fn help_notices_and_pickers_are_filtered_like_lists() {
    let mut harness = open("keys");
    harness.keys("?/rotate");
    let screen = harness.screen(80, 24);
    assert!(screen.contains("Rotate: a successor first") && !screen.contains("One row up"), "{screen}");
    harness.keys("<esc>/filter");
    let screen = harness.screen(80, 24);
    assert!(
        screen.contains("Show only rows that match") && !screen.contains("Versions and files"),
        "{screen}"
    );
    harness.keys("<esc><esc>");
    assert!(harness.layers().is_empty());
    let mut harness = open("choose_key");
    harness.keys("outsider<enter>");
    assert!(harness.layers().is_empty(), "Enter chooses: {}", harness.screen(80, 24));
    assert!(harness.screen(80, 24).contains("••••c4d5"));
    let mut harness = open("profiles");
    harness.keys("/scoring");
    let screen = harness.screen(80, 24);
    assert!(screen.contains("svc-scoring") && !screen.contains("│ lab"), "{screen}");
}

#[test]
fn the_keys_of_all_users_come_as_they_are_read_the_first_to_expire_first() {
    let (mut harness, id) = all_keys_coming();
    let ids = |harness: &mut Harness| {
        rows(harness)
            .iter()
            .map(|row| row.split_whitespace().last().unwrap()[..4].to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(ids(&mut harness), ["0a9e", "77d0", "5b1c"]);
    assert!(
        harness.screen(80, 24).contains("3 keys · 2 with findings · users 2 of 3"),
        "{}",
        harness.screen(80, 24)
    );
    harness.keys("/viewer<enter>");
    let keys = vec![audited("viewer", "a0a0", "2026-11-30", 7, &[Finding::Expiring])];
    harness.send(Msg::Progress { id, answer: Answer::KeysAudited(keys) });
    assert_eq!(ids(&mut harness), ["0a9e", "a0a0"], "what comes is filtered too");
    harness.answer(id, Answer::Audited(Ok(Vec::new())));
    harness.keys("1");
    harness.keys("3");
    assert!(!harness.calls().iter().any(|(_, call)| matches!(call, Call::AuditKeys)), "only on demand");
    harness.keys("<ctrl-r>");
    assert!(harness.calls().iter().any(|(_, call)| matches!(call, Call::AuditKeys)));
}

#[test]
fn a_key_of_anybody_is_deleted_or_its_owner_written_to() {
    let mut harness = all_keys();
    harness.keys("jm");
    let copied = harness.effects.iter().find_map(|effect| match effect {
        Effect::Copy(Copied::Text(text)) => Some(text.clone()),
        _ => None,
    });
    let copied = copied.unwrap();
    assert!(copied.starts_with("Hello owner Doe,") && copied.contains(&"77d0".repeat(16)), "{copied}");
    assert!(!copied.contains("5b1c"), "the other key has no findings: {copied}");
    harness.keys("dy");
    let calls = harness.calls();
    let deleted = calls.into_iter().find_map(|(id, call)| match call {
        Call::DeleteKeys(ToDelete::Keys { username, key_ids }) => Some((id, username, key_ids)),
        _ => None,
    });
    let (id, username, deleted) = deleted.unwrap();
    assert_eq!((username.as_str(), deleted.len()), ("owner", 1));
    let keys = DeletedKeys { username, deleted, ..DeletedKeys::default() };
    harness.answer(id, Answer::KeysDeleted(keys));
    assert!(!harness.screen(80, 24).contains("77d0…77d0 │"), "{}", harness.screen(80, 24));
    harness.keys("<enter>");
    let call = harness.calls().into_iter().find(|(_, call)| matches!(call, Call::ListKeys { .. }));
    assert!(
        call.is_some() && harness.screen(80, 24).contains("API keys of owner"),
        "{}",
        harness.screen(80, 24)
    );
}
