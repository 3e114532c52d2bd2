//! The little that a person wants to know of a certificate: whose, from whom, until when.
//!
//! Read straight from its DER form (RFC 5280); whether it is to be trusted is rustls's to say.

use jiff::Timestamp;
use jiff::civil::Date;

use crate::wire::time;

const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const OID: u8 = 0x06;
const UTC_TIME: u8 = 0x17;
const VERSION: u8 = 0xa0;
/// 2.5.4.3 and 2.5.4.10.
const COMMON_NAME: [u8; 3] = [0x55, 0x04, 0x03];
const ORGANISATION: [u8; 3] = [0x55, 0x04, 0x0a];

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    pub subject: String,
    pub issuer: String,
    /// Last day, UTC.
    pub until: Date,
}

impl Certificate {
    /// `None` where `der` is not a certificate that this can read.
    pub fn read(der: &[u8]) -> Option<Self> {
        let mut certificate = Reader(expect(&mut Reader(der), SEQUENCE)?);
        let mut body = Reader(expect(&mut certificate, SEQUENCE)?);
        if body.0.first() == Some(&VERSION) {
            body.next()?;
        }
        let _serial = body.next()?;
        let _algorithm = body.next()?;
        let issuer = expect(&mut body, SEQUENCE)?;
        let mut validity = Reader(expect(&mut body, SEQUENCE)?);
        let subject = expect(&mut body, SEQUENCE)?;
        let _not_before = validity.next()?;
        let (tag, not_after) = validity.next()?;
        Some(Self { subject: name(subject), issuer: name(issuer), until: day(tag, not_after)? })
    }

    /// Days from `now` to the last day.
    pub fn days_left(&self, now: Timestamp) -> Option<i64> {
        Some(crate::expiry::days_between(time::utc_day(now), self.until))
    }
}

/// Walks tag, length, value.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn next(&mut self) -> Option<(u8, &'a [u8])> {
        let (&tag, rest) = self.0.split_first()?;
        let (&first, rest) = rest.split_first()?;
        let (length, rest) = match first {
            0..=0x7f => (usize::from(first), rest),
            0x81..=0x84 => {
                let (digits, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
                (digits.iter().fold(0usize, |length, digit| length << 8 | usize::from(*digit)), rest)
            }
            _ => return None,
        };
        let (value, rest) = rest.split_at_checked(length)?;
        self.0 = rest;
        Some((tag, value))
    }
}

fn expect<'a>(reader: &mut Reader<'a>, wanted: u8) -> Option<&'a [u8]> {
    reader.next().filter(|(tag, _)| *tag == wanted).map(|(_, value)| value)
}

/// The common name, else the organisation, of a distinguished name.
fn name(value: &[u8]) -> String {
    let mut parts = Reader(value);
    let mut found = [None, None];
    while let Some(part) = expect(&mut parts, SET) {
        let mut attributes = Reader(part);
        while let Some(attribute) = expect(&mut attributes, SEQUENCE) {
            let mut pair = Reader(attribute);
            let (Some(kind), Some((_, text))) = (expect(&mut pair, OID), pair.next()) else { continue };
            let at = if kind == COMMON_NAME {
                0
            } else if kind == ORGANISATION {
                1
            } else {
                continue;
            };
            found[at] = Some(String::from_utf8_lossy(text).into_owned());
        }
    }
    let [common, organisation] = found;
    common.or(organisation).unwrap_or_else(|| "a name that cannot be read".to_owned())
}

/// `YYMMDD…` before 2050, `YYYYMMDD…` from then on.
fn day(tag: u8, value: &[u8]) -> Option<Date> {
    let text = std::str::from_utf8(value).ok()?;
    let number = |from: usize, to: usize| text.get(from..to)?.parse::<i16>().ok();
    let (year, rest) = if tag == UTC_TIME {
        let short = number(0, 2)?;
        (if short < 50 { 2000 + short } else { 1900 + short }, 2)
    } else {
        (number(0, 4)?, 4)
    };
    let month = i8::try_from(number(rest, rest + 2)?).ok()?;
    let day = i8::try_from(number(rest + 2, rest + 4)?).ok()?;
    Date::new(year, month, day).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn whose_from_whom_until_when() {
        let mut parameters = rcgen::CertificateParams::new(vec!["ml.example.com".to_owned()]).unwrap();
        parameters.distinguished_name.push(rcgen::DnType::CommonName, "ml.example.com");
        parameters.not_after = rcgen::date_time_ymd(2031, 5, 7);
        let key = rcgen::KeyPair::generate().unwrap();
        let der = parameters.self_signed(&key).unwrap().der().to_vec();
        let read = Certificate::read(&der).unwrap();
        assert_eq!((read.subject.as_str(), read.issuer.as_str()), ("ml.example.com", "ml.example.com"));
        assert_eq!(read.until, jiff::civil::date(2031, 5, 7));
        for cut in 0..der.len() {
            assert_eq!(Certificate::read(&der[..cut]), None);
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_not(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = Certificate::read(&bytes);
        }
    }
}
