use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use jiff::ToSpan;
use jiff::civil::{Date, Weekday, date};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::*;
use crate::tui::widgets::Styles;

/// Days from today to a limit; typed texts are a date or a number of days.
struct Plain {
    today: Date,
    last: Option<Date>,
}

const PICKS: [QuickPick; 3] = [
    QuickPick { key: 'W', label: "7d", text: "7" },
    QuickPick { key: 'Y', label: "1y", text: "365" },
    QuickPick { key: 'X', label: "max", text: "max" },
];

impl Rules for Plain {
    fn today(&self) -> Date {
        self.today
    }
    fn last(&self) -> Option<Date> {
        self.last
    }
    fn read(&self, text: &str) -> Result<Date, String> {
        if text == "max" {
            return self.last.ok_or_else(|| "no limit is known".to_owned());
        }
        let days = text.trim_start_matches('+').trim_end_matches('d').parse::<i64>();
        days.map_or_else(
            |_| text.parse().map_err(|_| format!("{text:?} is not a date")),
            |days| Ok(self.today.saturating_add(days.days())),
        )
    }
    fn meaning(&self, day: Date) -> String {
        let days = (day - self.today).get_days();
        match self.last {
            Some(last) if day > last => format!("{day} is beyond the limit; the last day is {last}"),
            _ => format!("expires {day}, in {days} days"),
        }
    }
    fn quick_picks(&self) -> &[QuickPick] {
        &PICKS
    }
}

fn rules() -> Plain {
    Plain { today: date(2026, 11, 23), last: Some(date(2027, 11, 23)) }
}

fn unlimited(today: Date) -> Plain {
    Plain { today, last: None }
}

fn press(picker: &mut DatePicker, rules: &Plain, keys: &str) -> Outcome {
    let mut outcome = Outcome::Ignored;
    for c in keys.chars() {
        let code = match c {
            '⏎' => KeyCode::Enter,
            '⌫' => KeyCode::Backspace,
            '⎋' => KeyCode::Esc,
            '↓' => KeyCode::Down,
            c => KeyCode::Char(c),
        };
        outcome = picker.on_key(KeyEvent::new(code, KeyModifiers::NONE), rules);
    }
    outcome
}

fn after(start: Date, rules: &Plain, keys: &str) -> Date {
    let mut picker = DatePicker::new(start, rules);
    press(&mut picker, rules, keys);
    picker.selected()
}

fn drawn(picker: &DatePicker, rules: &Plain, width: u16, height: u16) -> String {
    let area = Rect::new(0, 0, width, height);
    let mut buf = Buffer::empty(area);
    picker.render(area, &mut buf, true, rules, &Styles::default());
    let row = |y| (0..width).map(|x| buf[(x, y)].symbol()).collect::<String>();
    (0..height).map(|y| row(y).trim_end().to_owned()).collect::<Vec<_>>().join("\n")
}

#[test]
fn days_weeks_months_and_years() {
    let rules = unlimited(date(2026, 1, 1));
    let start = date(2027, 1, 31);
    for (keys, expected) in [
        ("l", date(2027, 2, 1)),
        ("h", date(2027, 1, 30)),
        ("j", date(2027, 2, 7)),
        ("k", date(2027, 1, 24)),
        ("]", date(2027, 2, 28)),
        ("]]", date(2027, 3, 31)),
        ("]l", date(2027, 3, 1)),
        ("]h]", date(2027, 3, 27)),
        ("[", date(2026, 12, 31)),
        ("[[", date(2026, 11, 30)),
        ("[[]]", date(2027, 1, 31)),
        ("}", date(2028, 1, 31)),
        ("{", date(2026, 1, 31)),
        ("T", date(2026, 1, 1)),
    ] {
        assert_eq!(after(start, &rules, keys), expected, "{keys}");
    }
}

#[test]
fn leap_days_and_year_ends() {
    let rules = unlimited(date(2024, 1, 1));
    assert_eq!(after(date(2028, 2, 29), &rules, "}"), date(2029, 2, 28));
    assert_eq!(after(date(2028, 2, 29), &rules, "}}}}"), date(2032, 2, 29));
    assert_eq!(after(date(2028, 2, 28), &rules, "l"), date(2028, 2, 29));
    assert_eq!(after(date(2027, 2, 28), &rules, "l"), date(2027, 3, 1));
    assert_eq!(after(date(2027, 12, 31), &rules, "l"), date(2028, 1, 1));
    assert_eq!(after(date(2028, 1, 1), &rules, "h"), date(2027, 12, 31));
    assert_eq!(after(Date::MAX, &rules, "lj]}"), Date::MAX);
}

#[test]
fn no_key_leads_out_of_the_policy() {
    let rules = rules();
    let (first, last) = (rules.today, rules.last.unwrap());
    for keys in ["h", "k", "[", "{", "{{{["] {
        assert_eq!(after(first, &rules, keys), first, "{keys}");
    }
    for keys in ["l", "j", "]", "}", "}}]"] {
        assert_eq!(after(last, &rules, keys), last, "{keys}");
    }
    assert_eq!(DatePicker::new(date(2030, 1, 1), &rules).selected(), last);
    assert_eq!(DatePicker::new(date(2020, 1, 1), &rules).selected(), first);
}

#[test]
fn the_grid_follows_what_is_typed() {
    let rules = rules();
    let mut picker = DatePicker::new(rules.today, &rules);
    assert_eq!(press(&mut picker, &rules, "2027-01-3"), Outcome::Changed);
    assert!(picker.is_typing());
    assert_eq!(picker.unread_text(), Some("2027-01-3"));
    press(&mut picker, &rules, "1");
    assert_eq!(picker.selected(), date(2027, 1, 31));
    assert_eq!(picker.unread_text(), None);
    assert_eq!(press(&mut picker, &rules, "⏎"), Outcome::Accepted);
    assert_eq!(press(&mut picker, &rules, "+90d⏎"), Outcome::Accepted);
    assert_eq!(picker.selected(), date(2027, 2, 21));
}

#[test]
fn a_typed_day_that_cannot_be_chosen_is_not_accepted_and_not_lost() {
    let rules = rules();
    let mut picker = DatePicker::new(rules.today, &rules);
    assert_eq!(press(&mut picker, &rules, "+900d⏎"), Outcome::Changed);
    // "+90" and "+9" were days in between, and the last of them stays chosen.
    assert_eq!(picker.selected(), date(2027, 2, 21));
    assert_eq!(picker.unread_text(), Some("+900d"));
    assert!(drawn(&picker, &rules, 60, 12).contains("beyond the limit"));
    assert_eq!(press(&mut picker, &rules, "⌫⌫⏎"), Outcome::Accepted);
    assert_eq!(picker.selected(), date(2027, 2, 21), "the text is +90");
}

#[test]
fn words_that_begin_like_a_quick_pick_are_typed() {
    let rules = rules();
    for text in ["default", "w", "tomorrow", "banana", "-5d"] {
        let mut picker = DatePicker::new(rules.today, &rules);
        press(&mut picker, &rules, text);
        assert_eq!((picker.typed_text(), picker.selected()), (text, rules.today));
    }
}

#[test]
fn esc_takes_back_what_was_typed() {
    let rules = rules();
    let mut picker = DatePicker::new(date(2026, 12, 24), &rules);
    press(&mut picker, &rules, "+900d⎋");
    assert_eq!((picker.selected(), picker.typed_text(), picker.is_typing()), (date(2026, 12, 24), "", false));
    assert!(drawn(&picker, &rules, 60, 12).contains("date 2026-12-24"));
}

#[test]
fn a_low_picker_shows_what_is_typed_and_what_is_wrong_with_it() {
    let rules = rules();
    let mut picker = DatePicker::new(rules.today, &rules);
    press(&mut picker, &rules, "2029-01-01⏎");
    let shown = drawn(&picker, &rules, 56, 10);
    assert!(
        shown.contains("date 2029-01-01") && shown.contains("beyond the limit; the last day is"),
        "{shown}"
    );
    let mut buf = Buffer::empty(Rect::new(0, 0, 56, 3));
    picker.render_closed(buf.area, &mut buf, &rules, &Styles::default());
    let shown: String = buf.content.iter().map(|cell| cell.symbol()).collect();
    assert!(shown.contains("date 2029-01-01") && shown.contains("beyond the limit"), "{shown}");
}

#[test]
fn quick_picks_and_keys_of_others() {
    let rules = rules();
    assert_eq!(after(rules.today, &rules, "W"), date(2026, 11, 30));
    assert_eq!(after(rules.today, &rules, "X"), date(2027, 11, 23));
    let open = unlimited(rules.today);
    let mut picker = DatePicker::new(open.today, &open);
    assert_eq!(press(&mut picker, &open, "X"), Outcome::Changed);
    assert!(drawn(&picker, &open, 60, 12).contains("no limit is known"));
    assert_eq!(press(&mut picker, &open, "⏎"), Outcome::Changed, "another day was asked for");
    assert_eq!(press(&mut picker, &open, "W"), Outcome::Changed, "one that may be had");
    assert_eq!(press(&mut picker, &open, "⏎"), Outcome::Accepted);
    assert_eq!(press(&mut picker, &open, "?"), Outcome::Ignored);
    assert_eq!(picker.on_key(KeyEvent::new(KeyCode::Tab, KeyModifiers::NONE), &open), Outcome::Ignored);
    assert_eq!(press(&mut picker, &open, "⎋"), Outcome::Ignored);
}

#[test]
fn arrows_leave_the_typed_field() {
    let rules = rules();
    let mut picker = DatePicker::new(rules.today, &rules);
    press(&mut picker, &rules, "+7↓");
    assert_eq!(picker.selected(), date(2026, 12, 7));
    assert!(!picker.is_typing());
}

#[test]
fn a_policy_that_is_learned_later_moves_the_day() {
    let open = unlimited(date(2026, 11, 23));
    let mut picker = DatePicker::new(date(2030, 1, 1), &open);
    picker.rules_changed(&rules());
    assert_eq!(picker.selected(), date(2027, 11, 23));
}

#[test]
fn the_month_beside_its_quick_picks() {
    let rules = rules();
    let picker = DatePicker::new(date(2026, 11, 30), &rules);
    insta::assert_snapshot!(drawn(&picker, &rules, 56, FULL_HEIGHT));
}

#[test]
fn a_narrow_picker_has_its_quick_picks_below() {
    let rules = rules();
    let mut picker = DatePicker::new(rules.today, &rules);
    press(&mut picker, &rules, "+40");
    insta::assert_snapshot!(drawn(&picker, &rules, 40, FULL_HEIGHT + 1));
}

#[test]
fn weeks_begin_where_the_setting_says() {
    let rules = unlimited(date(2026, 11, 1));
    let sunday = DatePicker::new(date(2026, 11, 1), &rules).with_week_start(Weekday::Sunday);
    let shown = drawn(&sunday, &rules, 22, 3);
    assert_eq!(shown, "  [ November 2026 ]\n Su Mo Tu We Th Fr Sa\n[ 1] 2  3  4  5  6  7");
    let monday = DatePicker::new(date(2026, 11, 1), &rules);
    assert!(drawn(&monday, &rules, 22, 3).ends_with(" Mo Tu We Th Fr Sa Su\n                  [ 1]"));
}

#[test]
fn days_that_cannot_be_chosen_are_dim_and_the_chosen_one_reversed() {
    let rules = rules();
    let picker = DatePicker::new(date(2026, 11, 24), &rules);
    let area = Rect::new(0, 0, 22, 8);
    let mut buf = Buffer::empty(area);
    let styles = Styles::default();
    picker.render(area, &mut buf, true, &rules, &styles);
    // 22 November is the Sunday of the fourth week, the 23rd and 24th start the fifth.
    assert_eq!(buf[(20, 5)].modifier, styles.dim.add_modifier);
    assert_eq!((buf[(0, 6)].symbol(), buf[(3, 6)].symbol(), buf[(6, 6)].symbol()), ("*", "[", "]"));
    assert_eq!(buf[(4, 6)].modifier, styles.cursor.add_modifier);
    assert_eq!(buf[(7, 6)].modifier, styles.text.add_modifier);
}

#[test]
fn it_draws_at_every_size() {
    let rules = rules();
    let mut picker = DatePicker::new(rules.today, &rules);
    for keys in ["", "+999", "⎋X", "]"] {
        press(&mut picker, &rules, keys);
        for width in 0..70 {
            for height in 0..16 {
                drawn(&picker, &rules, width, height);
            }
        }
    }
}
