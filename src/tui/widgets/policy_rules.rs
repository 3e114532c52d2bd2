//! The date picker's rules for the expiry of an API key.

use jiff::civil::Date;

use super::date_picker::{QuickPick, Rules};
use crate::expiry::{self, Policy};

const PICKS: [QuickPick; 6] = [
    QuickPick { key: 'w', label: "7d", text: "7d" },
    QuickPick { key: 'm', label: "30d", text: "30d" },
    QuickPick { key: 'q', label: "90d", text: "90d" },
    QuickPick { key: 'y', label: "1y", text: "1y" },
    QuickPick { key: 'd', label: "default", text: "default" },
    QuickPick { key: 'x', label: "max", text: "max" },
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
            ("w", date(2026, 11, 30)),
            ("m", date(2026, 12, 23)),
            ("q", date(2027, 2, 21)),
            ("y", date(2027, 11, 23)),
            ("d", date(2027, 11, 23)),
            ("x", date(2027, 11, 23)),
            ("3 months", date(2027, 2, 23)),
            ("end of month", date(2026, 11, 30)),
        ] {
            assert_eq!(picked(year, keys), expected, "{keys}");
        }
        assert_eq!(picked(Policy::of_days(30), "q"), date(2026, 11, 23), "90 days are too long");
        assert_eq!(picked(Policy::default(), "x"), date(2026, 11, 23), "no limit is known");
    }
}
