//! The expiry status of a key on a given day.

use jiff::Timestamp;

use super::days::days_between;
use crate::wire::time;

/// A key that expires within this many days expires soon.
pub const SOON_DAYS: u32 = 14;

/// The expiry status of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, strum::IntoStaticStr)]
#[strum(serialize_all = "lowercase")]
pub enum KeyStatus {
    /// Past its expiry date: the workbench refuses it.
    Expired,
    /// Valid, and expires within the days that count as "soon".
    Soon,
    /// Valid for longer.
    Active,
    /// The workbench gave no readable date.
    Unknown,
}

impl KeyStatus {
    /// The label, everywhere.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// The status at `now` of a key with this `expiry_date`; "soon" is within `soon_days`.
pub fn status(expiry_date: &str, now: Timestamp, soon_days: u32) -> KeyStatus {
    status_at(time::parse(expiry_date), now, soon_days)
}

/// The same for a date that was parsed before; `None`: it could not be.
pub fn status_at(expiry: Option<Timestamp>, now: Timestamp, soon_days: u32) -> KeyStatus {
    let Some(expiry) = expiry else {
        return KeyStatus::Unknown;
    };
    if expiry <= now {
        KeyStatus::Expired
    } else if days_between(time::utc_day(now), time::utc_day(expiry)) <= i64::from(soon_days) {
        KeyStatus::Soon
    } else {
        KeyStatus::Active
    }
}

/// Days from the UTC day of `now` to that of `expiry_date`; negative if it is past, `None` if the
/// date cannot be read.
pub fn days_left(expiry_date: &str, now: Timestamp) -> Option<i64> {
    let expiry = time::parse(expiry_date)?;
    Some(days_between(time::utc_day(now), time::utc_day(expiry)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_status_of_a_key() {
        let now: Timestamp = "2026-11-23T09:00:00Z".parse().unwrap();
        for (text, expected, left) in [
            ("2027-11-23T23:59:59Z", KeyStatus::Active, Some(365)),
            ("2026-12-01T23:59:59Z", KeyStatus::Soon, Some(8)),
            ("2026-11-23T09:00:00Z", KeyStatus::Expired, Some(0)),
            ("2026-10-02T23:59:59Z", KeyStatus::Expired, Some(-52)),
            ("", KeyStatus::Unknown, None),
        ] {
            assert_eq!(status(text, now, 14), expected, "{text}");
            assert_eq!(days_left(text, now), left, "{text}");
        }
    }
}
