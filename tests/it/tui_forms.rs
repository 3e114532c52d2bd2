//! Forms that are left: by Esc, through the palette, by a click on a tab. What was typed is kept or asked about.

use keybench::tui::effect::Effect;
use keybench::tui::msg::{Mouse, Msg};
use keybench::tui::tab::Tab;
use keybench::tui::testing::Harness;

use crate::tui_support::{builds, models, settings};

/// How a form is left for a tab.
type Leave = fn(&mut Harness);

/// How a form is opened and filled in.
type Open = fn() -> Harness;

const WAYS: [(&str, Leave); 2] = [
    ("the palette", |harness| harness.keys("<ctrl-p>settings<enter>")),
    ("a click", |harness| {
        harness.shared().preferences.mouse = true;
        harness.screen(80, 24);
        harness.send(Msg::Mouse(Mouse::Click(3, 1)));
    }),
];

fn tab(harness: &Harness) -> Option<Tab> {
    harness.ui.stack.tab(&harness.ui.shared)
}

#[test]
fn a_filled_form_is_not_left_for_a_tab_without_a_question() {
    let forms: [(&str, Open); 3] = [
        ("sign-in", || {
            let mut harness = models::listed();
            harness.keys("PnHost");
            harness
        }),
        ("deploy", || {
            let mut harness = builds::rolling_back();
            harness.keys("7");
            harness
        }),
        ("new key", || {
            let mut harness = settings::demo();
            harness.keys("n<enter><right><enter>precious");
            harness
        }),
    ];
    for (form, open) in forms {
        for (way, leave) in WAYS {
            let mut harness = open();
            let (layers, screen) = (harness.layers(), harness.screen(80, 24));
            leave(&mut harness);
            assert_eq!(harness.layers()[..layers.len()], layers, "{form}, {way}: {screen}");
            // A second time discards nothing either.
            leave(&mut harness);
            assert_eq!(harness.layers()[..layers.len()], layers, "{form}, {way}, twice");
            harness.keys("n");
            assert!(harness.layers().starts_with(&layers), "{form}, {way}");
            harness.effects.clear();
            harness.keys("<ctrl-c>");
            assert!(!harness.effects.iter().any(|effect| matches!(effect, Effect::Quit)), "{form}");
        }
    }
}

#[test]
fn a_form_without_anything_typed_is_left_at_once() {
    for (way, leave) in WAYS {
        let mut harness = builds::rolling_back();
        leave(&mut harness);
        assert!(harness.layers().is_empty(), "{way}: {:?}", harness.layers());
        assert_eq!(tab(&harness), Some(Tab::Settings), "{way}");
    }
}

#[test]
fn what_was_typed_for_a_check_is_there_again() {
    for (way, leave) in WAYS {
        let mut harness = models::listed();
        harness.keys("c<ctrl-u>precious.jsonl");
        leave(&mut harness);
        assert_eq!(tab(&harness), Some(Tab::Settings), "{way}: {:?}", harness.layers());
        harness.keys("2c");
        let screen = harness.screen(80, 24);
        assert!(screen.contains("precious.jsonl"), "{way}: {screen}");
    }
}
