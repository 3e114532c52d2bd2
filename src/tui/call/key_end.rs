//! When a key expires, for counting.

use jiff::Timestamp;

/// When a key expires, for counting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyEnd {
    /// `None` if the text is not a date.
    pub at: Option<Timestamp>,
    /// A rotation has replaced it, and it only stays for its grace time.
    pub replaced: bool,
}

impl From<Option<Timestamp>> for KeyEnd {
    fn from(at: Option<Timestamp>) -> Self {
        Self { at, replaced: false }
    }
}
