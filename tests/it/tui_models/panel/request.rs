//! The request: typed, pasted, saved, edited elsewhere.

use super::*;

#[test]
fn a_request_that_is_longer_than_its_place_says_so() {
    let mut harness = listed();
    harness.keys("t");
    harness.keys("<shift-tab>e");
    harness.paste("\n\n\n\n\n\n");
    let screen = harness.screen(80, 24);
    assert!(screen.contains("│ 4-7 ") && screen.contains("│ of 7 "), "{screen}");
    assert!(screen.contains("Esc done") && screen.contains("EDITING"), "{screen}");
}

#[test]
fn broken_json_is_not_sent_and_stays() {
    let mut harness = listed();
    harness.keys("t<shift-tab>e<backspace>");
    harness.keys("<tab><enter>");
    assert!(harness.calls().is_empty());
    snapshots("wrong_request", &mut harness);
    harness.keys("tb<esc>");
    assert!(harness.screen(80, 24).contains("{\"a\": 3, \"b\": 5 "), "commands are no text");
    harness.keys("<esc>t");
    let (_, request) = tested(&mut harness, "<shift-tab>e}<tab>t", success());
    assert_eq!(request, "{\"a\": 3, \"b\": 5}");
}

#[test]
fn letters_typed_into_the_request_are_no_commands() {
    let mut harness = listed();
    harness.keys("t<shift-tab><enter>tab123q?");
    assert!(harness.screen(80, 24).contains("tab123q?"));
    assert!(harness.screen(80, 24).contains("▸request"), "{}", harness.screen(80, 24));
    assert!(harness.calls().is_empty());
}

#[test]
fn what_was_typed_stays_when_one_looks_elsewhere() {
    let mut harness = listed();
    harness.keys("t<shift-tab>e <esc><esc><down>");
    harness.keys("t<esc><up>t");
    let (_, request) = tested(&mut harness, "t", success());
    assert_eq!(request, "{\"a\": 3, \"b\": 5} ");
}

#[test]
fn requests_are_saved_under_a_name_and_taken_again() {
    let mut harness = listed();
    harness.shared().preferences.requests_file = Some("/nowhere/requests.json".into());
    harness.keys("tW");
    harness.keys("<enter>");
    assert_eq!(harness.layers(), ["prompt"], "it wants a name");
    harness.keys("small");
    harness.keys("<enter>");
    let stored = harness.calls();
    assert!(
        matches!(&stored[..], [(_, Call::StoreRequests { change: Change::Saved { name, request }, .. })] if name == "small" && request.contains("\"a\": 3")),
        "{stored:?}"
    );
    harness.keys("<shift-tab>ex<esc>L");
    snapshots("saved_requests", &mut harness);
    harness.keys("<enter>");
    harness.keys("<tab>t");
    let calls = harness.calls();
    assert!(
        matches!(&calls[0], (_, Call::TestModel(test)) if test.request == "{\"a\": 3, \"b\": 5}"),
        "{calls:?}"
    );
}

#[test]
fn moving_never_becomes_typing_and_the_mode_is_seen() {
    let mut harness = listed();
    harness.keys("tkkjq");
    assert!(
        matches!(&harness.effects[..], [Effect::Quit]),
        "a letter on a field is a command: {:?}",
        harness.effects
    );
    harness.effects.clear();
    harness.keys("jk");
    assert!(!harness.screen(80, 24).contains("EDITING"));
    harness.keys("exyz");
    let screen = harness.screen(80, 24);
    assert!(screen.contains("EDITING") && screen.contains("5}xyz"), "{screen}");
    harness.keys("<esc>kj");
    let screen = harness.screen(80, 24);
    assert!(!screen.contains("EDITING") && screen.contains("5}xyz "), "{screen}");
    harness.keys("uuu");
    assert!(
        harness.screen(80, 24).contains("request    {\"a\": 3, \"b\": 5} "),
        "undone: {}",
        harness.screen(80, 24)
    );
    harness.keys("X");
    assert!(harness.screen(80, 24).contains("no request; write JSON"), "{}", harness.screen(80, 24));
    harness.keys("u");
    assert!(!harness.screen(80, 24).contains("no request"), "cleared, and back");
    harness.keys("A8<esc>");
    let (_, request) = tested(&mut harness, "t", success());
    assert_eq!(request, "8", "what is typed replaces all that is selected");
}

#[test]
fn the_request_comes_back_from_an_editor_and_is_looked_at() {
    use keybench::tui::msg::Msg;
    let mut harness = listed();
    harness.keys("tE");
    let [Effect::Edit(text)] = &harness.effects[..] else { panic!("{:?}", harness.effects) };
    assert_eq!(text, "{\"a\": 3, \"b\": 5}");
    harness.effects.clear();
    harness.send(Msg::Edited(Ok("{\"a\": 4,\n".into())));
    let screen = harness.screen(80, 24);
    assert!(screen.contains("taken over as it is: the request is not valid JSON"), "{screen}");
    harness.send(Msg::Edited(Ok("{\"a\": 4}\n".into())));
    let (_, request) = tested(&mut harness, "t", success());
    assert_eq!(request, "{\"a\": 4}");
    harness.send(Msg::Edited(Err("vi cannot be started: not found".into())));
    assert!(harness.screen(80, 24).contains("the request is as it was"));
}

#[test]
fn a_saved_request_is_deleted_after_a_question() {
    let mut harness = listed();
    harness.shared().preferences.requests_file = Some("/nowhere/requests.json".into());
    harness.keys("t<enter>");
    harness.calls();
    harness.keys("Wsmall<enter>Wother<enter>L");
    assert!(harness.screen(80, 24).contains("Ctrl-D delete"));
    harness.keys("<down><ctrl-d>");
    let screen = harness.screen(80, 24);
    assert!(screen.contains("Delete the saved request small?"), "{screen}");
    harness.keys("n");
    assert!(harness.screen(80, 24).contains("small: {"), "nothing is deleted without a yes");
    harness.effects.clear();
    harness.keys("<ctrl-d>y");
    let calls = harness.calls();
    assert!(
        matches!(&calls[..], [(_, Call::StoreRequests { change: Change::Deleted { name }, .. })] if name == "small"),
        "{calls:?}"
    );
    let screen = harness.screen(80, 24);
    assert!(screen.contains("other: {") && !screen.contains("small: {"), "the rest is shown\n{screen}");
    harness.keys("<down>");
    assert!(!harness.screen(80, 24).contains("delete"), "what was only sent has no name to delete");
    harness.keys("<ctrl-d>");
    assert_eq!(harness.layers().last(), Some(&"chooser"));
}

#[test]
fn a_long_request_goes_on_in_the_next_row() {
    let mut harness = listed();
    harness.keys("teA");
    let request =
        "{\"tenure_months\": 5, \"monthly_charge\": 89.5, \"support_calls\": 4, \"contract\": \"monthly\"}";
    harness.keys("<backspace>");
    harness.paste(request);
    for keys in ["", "<esc>"] {
        harness.keys(keys);
        let screen = harness.screen(80, 24);
        let words: String = screen.chars().filter(|c| !c.is_whitespace() && *c != '│').collect();
        assert!(words.contains(&request.replace(' ', "")), "{screen}");
    }
}
