//! What every screen and every dialog looks like, compact and wide, and what is shown by style alone.

use std::collections::BTreeSet;
use std::path::Path;

use crate::tui_support::pictures::{PICTURES, open};
use keybench::tui::Ui;
use keybench::tui::command::COMMANDS;
use keybench::tui::keymap::Keymap;
use keybench::tui::theme::{NAMES, Theme};
use ratatui::buffer::Buffer;
use ratatui::style::{Modifier, Style};

#[test]
fn every_picture_compact_and_wide() {
    for picture in PICTURES {
        let mut harness = (picture.open)();
        insta::assert_snapshot!(format!("{}_80x24", picture.name), harness.screen(80, 24));
        insta::assert_snapshot!(format!("{}_120x40", picture.name), harness.screen(120, 40));
    }
}

#[test]
fn no_screen_dialog_or_question_is_without_a_picture() {
    let seen: BTreeSet<String> = PICTURES.iter().flat_map(|picture| parts(&(picture.open)().ui)).collect();
    let all = all_parts();
    let missing: Vec<&String> = all.difference(&seen).collect();
    assert!(missing.is_empty(), "no picture of {missing:?}");

    let contexts: BTreeSet<String> = PICTURES
        .iter()
        .flat_map(|picture| (picture.open)().ui.contexts())
        .map(|context| format!("{context:?}"))
        .collect();
    let unseen: BTreeSet<String> = COMMANDS
        .iter()
        .flat_map(|entry| entry.contexts)
        .map(|context| format!("{context:?}"))
        .filter(|context| !contexts.contains(context))
        .collect();
    assert!(unseen.is_empty(), "no picture in which the keys go to {unseen:?}");
}

/// The layers in sight, and what the questions among them ask about.
fn parts(ui: &Ui) -> Vec<String> {
    let layers: Vec<_> = ui.stack.in_sight(&ui.shared).collect();
    let names = layers.iter().map(|layer| layer.name().to_owned());
    names
        .chain(layers.iter().filter_map(|layer| layer.asks()).map(|about| name(&format!("{about:?}"))))
        .collect()
}

/// The name that begins a text: `DeleteKeys { .. }`
fn name(text: &str) -> String {
    text.chars().take_while(|c| c.is_alphanumeric()).collect()
}

/// What the source has of both: the name of each layer, and each kind of decision.
fn all_parts() -> BTreeSet<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/tui");
    let mut parts = BTreeSet::new();
    let mut folders = vec![folder.clone()];
    while let Some(folder) = folders.pop() {
        for path in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = std::fs::read_to_string(path).unwrap();
                let after = text.split("fn name(&self) -> &'static str {").skip(1);
                parts.extend(
                    after
                        .filter_map(|name| name.trim().strip_prefix('"')?.split('"').next())
                        .map(str::to_owned),
                );
            }
        }
    }
    let decisions = std::fs::read_to_string(folder.join("decision.rs")).unwrap();
    let variants = decisions.lines().filter_map(|line| line.strip_prefix("    "));
    parts.extend(variants.filter(|line| line.starts_with(char::is_uppercase)).map(name));
    // No question asks about it: it leads from one question to a calendar.
    parts.remove("ChooseExpiry");
    parts
}

/// A style of a theme.
type Role = fn(&Theme) -> Style;

/// Pictures in which something has the focus: its text, and the role that marks it.
const FOCUSED: &[(&str, &str, Role)] = &[
    ("keys", "5b1c…9f0a", |theme| theme.selected),
    ("keys_filter", "77d0…41bb", |theme| theme.selected),
    ("models", "add", |theme| theme.selected),
    ("models_filter", "slow", |theme| theme.selected),
    ("test", "[ Test ]", |theme| theme.button_focused),
    ("choose_key", "the key that is signed in", |theme| theme.selected),
    ("users", "admin Doe", |theme| theme.selected),
    ("user_keys", "5b1c…9f0a", |theme| theme.selected),
    ("projects", "churn-prod", |theme| theme.selected),
    ("collaborators", "owner Doe", |theme| theme.selected),
    ("profiles", "http://localhost:8642 ", |theme| theme.selected),
    ("palette", "New API key", |theme| theme.selected),
    ("welcome", "Sign in to a workbench", |theme| theme.selected),
    ("delete_key", "[Cancel]", |theme| theme.button_focused),
    ("new_key_discard", "[Keep editing]", |theme| theme.button_focused),
    ("new_key", "23]", |theme| theme.button_focused),
    ("collaborator_permission", "read", |theme| theme.selected),
];

/// A snapshot holds no style, so what marks the selection is asserted here, in every theme.
#[test]
fn what_has_the_keys_looks_different_in_every_theme() {
    for name in NAMES {
        let theme = Theme::named(name).unwrap();
        for (picture, words, role) in FOCUSED {
            let mut harness = open(picture);
            harness.shared().preferences.theme = theme.clone();
            harness.screen(80, 24);
            let buffer = harness.buffer(80, 24);
            let style = role(&theme);
            let found = places(&buffer, words).into_iter().any(|(x, y)| {
                let cell = &buffer[(x, y)];
                cell.modifier.contains(style.add_modifier)
                    && style.fg.is_none_or(|fg| cell.fg == fg)
                    && style.bg.is_none_or(|bg| cell.bg == bg)
            });
            assert!(found, "{name}: {words:?} in {picture}\n{}", harness.screen(80, 24));
            assert_ne!(style, theme.text, "{name}: the role says nothing");
        }
    }
}

/// The lists select whole rows: the sign, every cell, and nothing of the row below.
#[test]
fn a_selected_row_is_reversed_from_its_sign_to_its_last_cell() {
    for picture in ["keys", "models", "users", "user_keys", "projects", "collaborators"] {
        let mut harness = open(picture);
        harness.screen(80, 24);
        let buffer = harness.buffer(80, 24);
        let (x, y) = *places(&buffer, "▸").iter().find(|(x, _)| *x == 1).unwrap();
        let reversed =
            |y: u16| (x..79).filter(|x| buffer[(*x, y)].modifier.contains(Modifier::REVERSED)).count();
        assert!(reversed(y) >= 75, "{picture}: {} cells", reversed(y));
        assert_eq!((reversed(y - 1), reversed(y + 1)), (0, 0), "{picture}");
    }
}

/// What the filter found is marked while it is typed, in the selected row too.
#[test]
fn what_a_filter_found_is_underlined() {
    for (picture, found) in
        [("keys_filter", "dashboard"), ("models_filter", "slow"), ("users_filter", "owner")]
    {
        let mut harness = open(picture);
        harness.screen(80, 24);
        let buffer = harness.buffer(80, 24);
        let marked =
            places(&buffer, found).iter().any(|place| buffer[*place].modifier.contains(Modifier::UNDERLINED));
        assert!(marked, "{picture}\n{}", harness.screen(80, 24));
    }
}

/// Where these words begin.
fn places(buffer: &Buffer, words: &str) -> Vec<(u16, u16)> {
    let letters: Vec<String> = words.chars().map(String::from).collect();
    let area = buffer.area;
    (0..area.height)
        .flat_map(|y| (0..area.width).map(move |x| (x, y)))
        .filter(|(x, y)| {
            letters.iter().enumerate().all(|(n, letter)| {
                buffer.cell((x + n as u16, *y)).is_some_and(|cell| cell.symbol() == letter)
            })
        })
        .collect()
}

/// A key that was moved in `config.toml` stands in the boxes too.
#[test]
fn boxes_name_the_keys_of_the_keymap() {
    let moved = [("reveal.copy", "c"), ("confirm.yes", "j"), ("profiles.add", "a"), ("back", "f2")];
    let changes = moved.map(|(id, key)| (id.to_owned(), vec![key.to_owned()])).into();
    let (keymap, problems) = Keymap::new(&changes);
    assert!(problems.is_empty(), "{problems:?}");
    for (picture, hint) in [
        ("reveal", "c copy"),
        ("reveal", "F2 leave"),
        ("delete_key", "j yes  n no"),
        ("profiles", "a sign in to another"),
        ("sign_in", "F2 leave"),
        ("prove_refused", "F2 back"),
    ] {
        let mut harness = open(picture);
        harness.shared().keymap = keymap.clone();
        let screen = harness.screen(80, 24);
        let inside: String = screen.lines().skip(2).take(21).collect();
        assert!(inside.contains(hint), "{hint:?} in {picture}\n{screen}");
    }
}

/// In a field the keys that edit a line do so, and do not move the list behind it.
#[test]
fn fields_are_edited_as_everywhere() {
    let fields = [
        ("keys", "/"),
        ("models", "/"),
        ("users", "/"),
        ("projects", "/"),
        ("user_keys", "/"),
        ("result", "/"),
        ("keys", ":"),
        ("keys", "n<tab><tab>"),
        ("collaborators", "a"),
        ("run_form", "<ctrl-u>"),
    ];
    for (picture, keys) in fields {
        let mut harness = open(picture);
        harness.keys(keys);
        harness.keys("1ab 2cd<ctrl-w>");
        let mut shows = |keys: &str, text: &str| {
            harness.keys(keys);
            let screen = harness.screen(80, 24);
            assert!(screen.contains(text), "{picture}, {keys}: {text:?}\n{screen}");
        };
        shows("3<ctrl-a>4", "41ab 3");
        shows("<end>5<home>6", "641ab 35");
        shows("<ctrl-e>7<left><left>8", "641ab 3857");
        shows("<ctrl-e><ctrl-u>9z", "9z");
        let screen = harness.screen(80, 24);
        assert!(!screen.contains("641ab"), "{picture}: the line was not deleted\n{screen}");
    }
}
