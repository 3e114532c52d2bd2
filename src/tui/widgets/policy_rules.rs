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
