//! Whether a user may be looking at the terminal, as far as a program can know.

use jiff::{SignedDuration, Timestamp};

/// So long after a key a user may still be looking.
const LOOKS_ON: SignedDuration = SignedDuration::from_mins(10);

/// Signs of a person.
#[derive(Debug, Clone, Copy, Default)]
pub struct Watch {
    /// Whether the window has the focus; `None` where the terminal does not report it.
    pub focused: Option<bool>,
    /// The last key.
    pub key_at: Option<Timestamp>,
}

impl Watch {
    /// Whether a user may be looking at `moment`, if no further key comes.
    pub fn sees(&self, moment: Timestamp) -> bool {
        self.focused == Some(true) || self.key_at.is_some_and(|key| moment.duration_since(key) < LOOKS_ON)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_looks_ten_minutes_after_the_last_key_unless_the_window_has_the_focus() {
        let at = |minutes| Timestamp::UNIX_EPOCH + SignedDuration::from_mins(minutes);
        let watch = |focused| Watch { focused, key_at: Some(at(0)) };
        for focused in [None, Some(false)] {
            assert!(watch(focused).sees(at(9)) && !watch(focused).sees(at(10)), "{focused:?}");
        }
        assert!(watch(Some(true)).sees(at(1000)));
    }
}
