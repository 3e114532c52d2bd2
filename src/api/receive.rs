//! Receives the body of an answer, within bounds.

use std::sync::atomic::{AtomicUsize, Ordering};

use secrecy::zeroize::Zeroizing;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::list::ListReader;
use super::masked;
use super::refusal::category;
use crate::wire;

/// Largest answer that is held in memory as a whole, in bytes. Lists are streamed, and no other answer
/// comes near it.
pub(super) const LARGEST: usize = 8 << 20;
/// Largest size of all answers being received in this process together, in bytes.
const TOGETHER: usize = 32 << 20;
/// Rows of one list: a bit more than a million keys, which take about 450 MiB in this process.
pub(super) const ROWS: usize = 1_250_000;

static HELD: AtomicUsize = AtomicUsize::new(0);

/// Receives the body of a successful answer.
pub(super) trait Sink: Send {
    /// Discards what was received: a retry starts.
    fn begin(&mut self);

    /// The largest body that it takes, where it takes none larger.
    fn largest(&self) -> Option<usize>;

    /// Takes the next chunk; an error says why the answer cannot be used.
    fn take(&mut self, piece: &[u8]) -> Result<(), String>;
}

/// An answer that is held in memory as a whole.
pub(super) struct Whole {
    bytes: Zeroizing<Vec<u8>>,
    largest: usize,
}

impl Whole {
    pub fn new(largest: usize) -> Self {
        Self { bytes: Zeroizing::default(), largest }
    }

    /// The body, with the secrets of this process masked.
    pub fn end(mut self) -> Zeroizing<Vec<u8>> {
        let mut bytes = std::mem::take(&mut self.bytes);
        HELD.fetch_sub(bytes.len(), Ordering::Relaxed);
        masked::mask(&mut bytes);
        bytes
    }
}

impl Sink for Whole {
    fn begin(&mut self) {
        HELD.fetch_sub(self.bytes.len(), Ordering::Relaxed);
        self.bytes = Zeroizing::default();
    }

    fn largest(&self) -> Option<usize> {
        Some(self.largest)
    }

    fn take(&mut self, piece: &[u8]) -> Result<(), String> {
        if self.bytes.len() + piece.len() > self.largest {
            return Err(too_large(self.largest));
        }
        if HELD.fetch_add(piece.len(), Ordering::Relaxed) + piece.len() > TOGETHER {
            HELD.fetch_sub(piece.len(), Ordering::Relaxed);
            let limit = TOGETHER >> 20;
            return Err(format!(
                "it and those that come at the same time are larger than {limit} MiB together"
            ));
        }
        self.bytes.extend_from_slice(piece);
        Ok(())
    }
}

impl Drop for Whole {
    fn drop(&mut self) {
        self.begin();
    }
}

pub(super) fn too_large(limit: usize) -> String {
    format!("it is larger than {} MiB", limit >> 20)
}

/// An answer of which only the rows of a list are held.
pub(super) struct Rows<T> {
    member: &'static str,
    reader: ListReader,
    rows: Vec<T>,
    most: usize,
}

impl<T> Rows<T> {
    pub fn new(member: &'static str) -> Self {
        Self { member, reader: ListReader::new(member), rows: Vec::new(), most: ROWS }
    }

    /// The rows, and the other members of the answer.
    ///
    /// # Errors
    /// If the list is missing, unterminated, or present twice.
    pub fn end(self) -> Result<(Vec<T>, Vec<u8>), String> {
        let rest = self.reader.end()?;
        let members: Option<Map<String, Value>> = serde_json::from_slice(&rest).ok();
        match members.as_ref().and_then(|members| members.get(self.member)) {
            None | Some(Value::Null) => {}
            Some(Value::Array(items)) if items.is_empty() => {}
            Some(_) => return Err("it is not the JSON expected (a member of another kind)".to_owned()),
        }
        Ok((self.rows, rest))
    }
}

impl<T: DeserializeOwned + Send> Sink for Rows<T> {
    fn begin(&mut self) {
        *self = Self { most: self.most, ..Self::new(self.member) };
    }

    fn largest(&self) -> Option<usize> {
        None
    }

    fn take(&mut self, piece: &[u8]) -> Result<(), String> {
        let (rows, most) = (&mut self.rows, self.most);
        self.reader.push(piece, &mut |element| {
            let at = rows.len() + 1;
            if at > most {
                return Err(format!("its list has more than {most} rows"));
            }
            let row = wire::from_slice(element).map_err(|error| {
                format!("it is not the JSON expected ({}, row {at} of its list)", category(&error))
            })?;
            rows.push(row);
            Ok(())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_one_list_with_so_many_rows_and_no_more() {
        let read = |answer: &str| {
            let mut rows = Rows::<i32> { most: 3, ..Rows::new("keys") };
            rows.begin();
            rows.take(answer.as_bytes()).and_then(|()| rows.end()).map(|(rows, _)| rows)
        };
        assert_eq!(read(r#"{"keys":[1,2,3]}"#), Ok(vec![1, 2, 3]));
        assert_eq!(read(r#"{"keys":null}"#), Ok(vec![]));
        for (answer, why) in [
            (r#"{"keys":[1,2,3,4]}"#, "more than 3 rows"),
            (r#"{"keys":[1,"x"]}"#, "row 2 of its list"),
            (r#"{"keys":"many"}"#, "another kind"),
            (r#"{"keys":[1],"keys":[2]}"#, "another kind"),
            (r#"{"keys":{"a":[1]}}"#, "another kind"),
        ] {
            assert!(read(answer).is_err_and(|error| error.contains(why)), "{answer}");
        }
    }

    #[test]
    fn what_is_held_is_bounded_alone_and_together_and_given_back() {
        let piece = vec![b' '; 1 << 20];
        let mut small = Whole::new(2 << 20);
        assert!(small.take(&piece).is_ok() && small.take(&piece).is_ok());
        assert_eq!(small.take(&piece), Err("it is larger than 2 MiB".to_owned()));
        let mut large: Vec<Whole> = (0..5).map(|_| Whole::new(LARGEST)).collect();
        let refused = (0..8).flat_map(|_| 0..5).filter_map(|at: usize| large[at].take(&piece).err()).next();
        assert!(refused.is_some_and(|why| why.contains("32 MiB together")));
        drop(large);
        assert_eq!(small.end().len(), 2 << 20);
        let mut again = Whole::new(LARGEST);
        assert!((0..8).all(|_| again.take(&piece).is_ok()), "what was held was given back");
    }
}
