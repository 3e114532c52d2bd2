//! The date picker's rules for the expiry of an API key.

use jiff::civil::Date;

use super::date_picker::{QuickPick, Rules};
use crate::expiry::{self, Policy};

const PICKS: [QuickPick; 6] = [
    QuickPick { key: 'W', label: "7d", text: "7d" },
    QuickPick { key: 'M', label: "30d", text: "30d" },
    QuickPick { key: 'Q', label: "90d", text: "90d" },
    QuickPick { key: 'Y', label: "1y", text: "1y" },
    QuickPick { key: 'D', label: "default", text: "default" },
    QuickPick { key: 'X', label: "max", text: "max" },
];

/// What the expiration policy allows today (UTC).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PolicyRules {
    pub policy: Policy,
    pub today: Date,
}

impl Rules for PolicyRules {
    fn today(&self) -> Date {
        self.today
    }

    fn last(&self) -> Option<Date> {
        self.policy.last_day(self.today)
    }

    fn read(&self, text: &str) -> Result<Date, String> {
        expiry::parse_day(text, self.today, &self.policy).map_err(|problem| problem.to_string())
    }

    fn still_missing(&self, text: &str) -> Option<String> {
        expiry::still_missing(text)
    }

    /// Numbers, `today`, `tomorrow`, `end of …`, `default`, `max`, `P90D`.
    fn can_begin(&self, c: char) -> bool {
        c.is_numeric() || matches!(c.to_ascii_lowercase(), 't' | 'e' | 'd' | 'm' | 'p')
    }

    fn meaning(&self, day: Date) -> String {
        expiry::meaning(day, self.today, &self.policy)
    }

    fn quick_picks(&self) -> &[QuickPick] {
        &PICKS
    }
}

#[cfg(test)]
mod tests {
    use crossterm::event::{KeyCode, KeyEvent};
    use jiff::civil::date;

    use super::*;
    use crate::tui::widgets::date_picker::DatePicker;

    fn said(keys: &str) -> String {
        let rules = PolicyRules { policy: Policy::of_days(365), today: date(2026, 11, 23) };
        let mut picker = DatePicker::new(rules.today, &rules);
        for c in keys.chars() {
            let code = if c == '⏎' { KeyCode::Enter } else { KeyCode::Char(c) };
            picker.on_key(KeyEvent::from(code), &rules);
        }
        let mut buf = ratatui::buffer::Buffer::empty(ratatui::layout::Rect::new(0, 0, 76, 12));
        picker.render(buf.area, &mut buf, true, &rules, &crate::tui::widgets::Styles::default());
        buf.content.iter().map(|cell| cell.symbol()).collect()
    }

    #[test]
    fn an_unfinished_date_says_what_is_missing_and_enter_judges_it() {
        assert!(said("2027-").contains("still missing: the month and the day"));
        assert!(!said("2027-").contains("is not a date"));
        assert!(said("2027-⏎").contains("is not a date"));
        assert!(said("2027-1-5").contains("expires 2027-01-05"));
        assert!(said("2026-11-2").contains("still missing"), "it may become the 23rd");
        assert!(said("2026-11-2⏎").contains("in the past"));
        assert!(said("2027-13").contains("is not a date"), "nothing that follows mends it");
    }

    #[test]
    fn a_letter_that_means_nothing_says_what_would() {
        assert!(said("z").contains("type a date such as +90d"));
        assert!(said("zz+9").contains("still missing: days, weeks"));
        assert!(said("zl").contains("expires 2026-11-24"), "a move takes the hint away");
    }

    fn picked(policy: Policy, keys: &str) -> Date {
        let rules = PolicyRules { policy, today: date(2026, 11, 23) };
        let mut picker = DatePicker::new(rules.today, &rules);
        for c in keys.chars() {
            picker.on_key(KeyEvent::from(KeyCode::Char(c)), &rules);
        }
        picker.selected()
    }

    #[test]
    fn quick_picks_keep_within_the_policy() {
        let year = Policy::of_days(365);
        for (keys, expected) in [
            ("W", date(2026, 11, 30)),
            ("M", date(2026, 12, 23)),
            ("Q", date(2027, 2, 21)),
            ("Y", date(2027, 11, 23)),
            ("D", date(2027, 11, 23)),
            ("X", date(2027, 11, 23)),
            ("default", date(2027, 11, 23)),
            ("tomorrow", date(2026, 11, 24)),
            ("max", date(2027, 11, 23)),
            ("3 months", date(2027, 2, 23)),
            ("end of month", date(2026, 11, 30)),
        ] {
            assert_eq!(picked(year, keys), expected, "{keys}");
        }
        assert_eq!(picked(year, "-5d"), date(2026, 11, 23), "a day in the past is refused");
        assert_eq!(picked(Policy::of_days(30), "Q"), date(2026, 11, 23), "90 days are too long");
        assert_eq!(picked(Policy::default(), "X"), date(2026, 11, 23), "no limit is known");
    }
}
