//! What new keys and refusals revealed about a limit that the workbench does not publish.

use jiff::civil::Date;

use super::days::days_between;

/// A date that was requested.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Asked {
    /// When it was requested.
    on: Date,
    day: Date,
}

impl Asked {
    /// The requested lifetime, in days.
    fn life(self) -> i64 {
        days_between(self.on, self.day)
    }
}

/// The longest lifetime that was accepted, and the shortest that was refused. If they contradict
/// each other, the limit has changed in between, and the newer one wins.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LimitSeen {
    accepted: Option<Asked>,
    refused: Option<Asked>,
}

impl LimitSeen {
    /// A key that lasts until `day` was created on the day `on`.
    pub fn accepted(&mut self, on: Date, day: Date) {
        let asked = Asked { on, day };
        self.refused = self.refused.filter(|refused| refused.life() > asked.life());
        if self.accepted.is_none_or(|before| before.life() <= asked.life()) {
            self.accepted = Some(asked);
        }
    }

    /// A key that would last until `day` was refused on the day `on` with this message. A message
    /// that does not mention dates is ignored; a real workbench's wording is not documented, so any
    /// likely word counts.
    pub fn refused(&mut self, on: Date, day: Date, message: &str) {
        let message = message.to_lowercase();
        let of_a_date = ["expir", "date", "limit", "beyond", "exceed", "maximum"];
        let asked = Asked { on, day };
        if asked.life() < 1 || !of_a_date.iter().any(|word| message.contains(word)) {
            return;
        }
        self.accepted = self.accepted.filter(|accepted| accepted.life() < asked.life());
        if self.refused.is_none_or(|before| before.life() >= asked.life()) {
            self.refused = Some(asked);
        }
    }

    /// The resulting bounds in one sentence; `None` if nothing was learned.
    pub fn sentence(&self) -> Option<String> {
        let refusal = |Asked { on, day }| format!("{day} was refused as beyond the limit on {on}");
        Some(match (self.accepted, self.refused) {
            (None, None) => return None,
            (Some(accepted), None) => {
                let Asked { on, day } = accepted;
                format!("{day} was accepted on {on}: the limit is {} days or more.", accepted.life())
            }
            (None, Some(refused)) => {
                format!("{}: the limit is {} days or less.", refusal(refused), refused.life() - 1)
            }
            (Some(accepted), Some(refused)) => {
                let (least, most) = (accepted.life(), refused.life() - 1);
                let when =
                    if accepted.on == refused.on { String::new() } else { format!(" on {}", accepted.on) };
                let range = if least == most {
                    format!("is {least} days")
                } else {
                    format!("lies at {least} to {most} days")
                };
                format!("{}; {} was accepted{when}: the limit {range}.", refusal(refused), accepted.day)
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    const TODAY: Date = date(2026, 11, 23);
    const BEYOND: &str = "expiry date is beyond the limit";

    fn sentence(seen: &LimitSeen) -> String {
        seen.sentence().unwrap_or_default()
    }

    #[test]
    fn the_limit_lies_between_what_was_accepted_and_what_was_refused() {
        let mut seen = LimitSeen::default();
        assert_eq!(seen.sentence(), None);
        seen.refused(TODAY, date(2028, 1, 1), BEYOND);
        assert!(sentence(&seen).ends_with("the limit is 403 days or less."));
        seen.refused(TODAY, date(2027, 12, 1), BEYOND);
        seen.accepted(TODAY, date(2027, 1, 1));
        seen.accepted(TODAY, date(2027, 11, 23));
        seen.accepted(TODAY, date(2026, 12, 1));
        assert_eq!(
            sentence(&seen),
            "2027-12-01 was refused as beyond the limit on 2026-11-23; 2027-11-23 was accepted: the limit lies at 365 to 372 days."
        );
        seen.refused(date(2026, 11, 24), date(2027, 11, 25), BEYOND);
        assert!(sentence(&seen).ends_with("2027-11-23 was accepted on 2026-11-23: the limit is 365 days."));
    }

    #[test]
    fn a_limit_that_was_changed_is_learned_anew() {
        let mut seen = LimitSeen::default();
        seen.accepted(TODAY, date(2027, 11, 23));
        seen.refused(TODAY, date(2027, 3, 1), BEYOND);
        assert!(
            sentence(&seen).starts_with("2027-03-01 was refused") && !sentence(&seen).contains("accepted")
        );
        seen.accepted(TODAY, date(2027, 4, 1));
        assert!(
            sentence(&seen).starts_with("2027-04-01 was accepted") && !sentence(&seen).contains("refused")
        );
    }

    #[test]
    fn a_refusal_of_something_else_teaches_nothing() {
        let mut seen = LimitSeen::default();
        seen.refused(TODAY, date(2027, 3, 1), "no such audience");
        seen.refused(TODAY, TODAY, BEYOND);
        assert_eq!(seen, LimitSeen::default());
    }
}
