use super::*;

fn press(editor: &mut JsonEditor, code: KeyCode) -> Edit {
    editor.on_key(KeyEvent::new(code, KeyModifiers::NONE))
}

#[test]
fn the_place_where_json_breaks_is_named_while_typing() {
    let mut editor = JsonEditor::new("{\"a\": 3}");
    assert!(!editor.is_touched());
    press(&mut editor, KeyCode::Backspace);
    let problem = editor.value().unwrap_err();
    assert_eq!((problem.line, problem.column), (1, 7));
    assert!(problem.message.starts_with("} is missing"), "{problem}");
    assert!(editor.is_touched());
    press(&mut editor, KeyCode::Char('}'));
    assert_eq!(editor.value(), Ok("{\"a\": 3}"));
    assert!(!editor.is_touched());
}

#[test]
fn formatting_keeps_the_value_and_can_be_undone() {
    let mut editor = JsonEditor::new("{\"rows\":[{\"x\":1},{\"x\":2}]}");
    assert_eq!(editor.format(), Edit::Changed);
    assert!(editor.text().lines().count() > 3);
    editor.on_key(KeyEvent::new(KeyCode::Char('7'), KeyModifiers::CONTROL));
    assert_eq!(editor.text(), "{\"rows\":[{\"x\":1},{\"x\":2}]}");
    editor.replace("{");
    assert_eq!(editor.format(), Edit::Ignored);
    assert_eq!(editor.text(), "{");
}

#[test]
fn everything_selected_is_replaced_by_what_is_typed_and_comes_back() {
    let mut editor = JsonEditor::new("{\"a\": 1,\n\"b\": 2}");
    let before = editor.text();
    editor.select_all();
    press(&mut editor, KeyCode::Char('8'));
    assert_eq!(editor.value(), Ok("8"));
    editor.undo();
    assert_eq!(editor.text(), before);
    editor.redo();
    assert_eq!(editor.text(), "8");
    editor.select_all();
    press(&mut editor, KeyCode::Left);
    press(&mut editor, KeyCode::Char('1'));
    assert_eq!(editor.text().len(), 2, "moving ends the selection");
    editor.replace("");
    editor.undo();
    assert_eq!(editor.text().len(), 2, "cleared, and brought back");
}

#[test]
fn a_text_of_any_length_is_replaced_whole() {
    let line = format!("[{}0]", "0, ".repeat(40_000));
    let lines = vec!["1,"; 70_000].join("\n");
    for long in [line, lines] {
        let mut editor = JsonEditor::new(&long);
        editor.replace("{}");
        assert_eq!(editor.text().len(), 2);
        editor.undo();
        assert!(editor.text() == long, "the length of it: {}", editor.text().len());
        press(&mut editor, KeyCode::Char('7'));
        assert!(editor.text() == format!("{long}7"), "the cursor is where it was");
        press(&mut editor, KeyCode::Backspace);
        editor.select_all();
        press(&mut editor, KeyCode::Char('7'));
        assert_eq!(editor.text(), "7");
    }
}

#[test]
fn what_is_typed_in_one_go_is_taken_back_at_once() {
    let mut editor = JsonEditor::new("[]");
    press(&mut editor, KeyCode::Left);
    "12".chars().for_each(|c| assert_eq!(press(&mut editor, KeyCode::Char(c)), Edit::Changed));
    press(&mut editor, KeyCode::Backspace);
    press(&mut editor, KeyCode::End);
    "34".chars().for_each(|c| assert_eq!(press(&mut editor, KeyCode::Char(c)), Edit::Changed));
    let texts = |editor: &mut JsonEditor, go: fn(&mut JsonEditor)| -> Vec<String> {
        let text = |_| {
            go(editor);
            editor.text()
        };
        (0..4).map(text).collect()
    };
    assert_eq!(texts(&mut editor, JsonEditor::undo), ["[1]", "[12]", "[]", "[]"]);
    assert_eq!(editor.cursor(), (0, 1));
    assert_eq!(texts(&mut editor, JsonEditor::redo), ["[12]", "[1]", "[1]34", "[1]34"]);
    editor.undo();
    press(&mut editor, KeyCode::Char('x'));
    editor.redo();
    assert_eq!(editor.text(), "[1]x", "a change ends what was taken back");
}

#[test]
fn lines_are_cleared_as_in_a_shell() {
    let ctrl = |c| KeyEvent::new(KeyCode::Char(c), KeyModifiers::CONTROL);
    let mut editor = JsonEditor::new("{\"a\": 1,\n\"b\": 2}");
    editor.on_key(ctrl('u'));
    assert_eq!(editor.text(), "{\"a\": 1,\n");
    editor.on_key(ctrl('u'));
    editor.on_key(ctrl('a'));
    editor.on_key(ctrl('k'));
    assert_eq!(editor.text(), "");
}

#[test]
fn a_short_request_stays_on_one_line_and_digits_stay() {
    for (typed, formatted) in [
        ("{\"a\":3,\n\"b\":5}", "{\"a\": 3, \"b\": 5}"),
        ("{ }", "{}"),
        ("{\"n\":12345678901234567890123}", "{\"n\": 12345678901234567890123}"),
        ("{\"n\":9007199254740993.5}", "{\"n\": 9007199254740993.5}"),
        ("[1e999]", "[\n  1e999\n]"),
    ] {
        let mut editor = JsonEditor::new(typed);
        assert_eq!(editor.format(), Edit::Changed);
        assert_eq!(editor.text(), formatted);
    }
}

#[test]
fn lines_can_be_pasted_and_broken() {
    let mut editor = JsonEditor::new("");
    editor.paste("{\r  \"a\": 1,");
    press(&mut editor, KeyCode::Enter);
    editor.paste("\"b\": 2\u{1b}}");
    assert_eq!(editor.text(), "{\n  \"a\": 1,\n  \"b\": 2\u{fffd}}");
    press(&mut editor, KeyCode::Backspace);
    press(&mut editor, KeyCode::Backspace);
    press(&mut editor, KeyCode::Char('}'));
    assert!(editor.value().unwrap().contains("\"b\": 2"), "{}", editor.text());
}

#[test]
fn at_its_edges_the_arrows_are_left_to_the_host() {
    let mut editor = JsonEditor::new("{\n}");
    assert_eq!(press(&mut editor, KeyCode::Down), Edit::Ignored);
    assert_eq!(press(&mut editor, KeyCode::Up), Edit::Moved);
    assert_eq!(press(&mut editor, KeyCode::Up), Edit::Ignored);
    assert_eq!(press(&mut editor, KeyCode::Tab), Edit::Ignored);
}

#[test]
fn a_long_line_goes_on_in_the_next_row_and_the_cursor_with_it() {
    let area = Rect::new(0, 0, 9, 3);
    let drawn = |editor: &JsonEditor, focused| {
        let mut buf = Buffer::empty(area);
        editor.render(area, &mut buf, focused, &Styles::default());
        let row = |y| (0..9).map(|x| buf[(x, y)].symbol()).collect::<String>().trim_end().to_owned();
        let reversed = Styles::default().cursor.add_modifier;
        let cursor = area.positions().find(|at| buf[*at].modifier == reversed).map(|at| (at.x, at.y));
        ([row(0), row(1), row(2)], cursor)
    };
    let mut editor = JsonEditor::new("{\"months\": 5, \"calls\": 4}");
    assert_eq!(editor.row_count(9), 4);
    assert_eq!(drawn(&editor, false).0, ["{\"months", "\": 5, \"c", "alls\": 4"]);
    let (rows, cursor) = drawn(&editor, true);
    assert_eq!((rows[2].as_str(), cursor), ("}", Some((1, 2))), "the end is in sight");
    press(&mut editor, KeyCode::Home);
    for _ in 0..8 {
        press(&mut editor, KeyCode::Right);
    }
    assert_eq!(drawn(&editor, true).1, Some((0, 1)), "at a break it is in the row below");
}

#[test]
fn it_draws_at_every_size() {
    let mut editor = JsonEditor::new("{\n  \"text\": \"日本語 and more than fits\",\n  x\n}");
    press(&mut editor, KeyCode::Up);
    for width in 0..12 {
        for height in 0..6 {
            let area = Rect::new(0, 0, width, height);
            let mut buf = Buffer::empty(area);
            editor.render(area, &mut buf, true, &Styles::default());
            editor.render(Rect::new(3, 2, 40, 9), &mut buf, false, &Styles::default());
        }
    }
}
