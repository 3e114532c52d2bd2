//! Receives the body of an answer, within bounds.

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use secrecy::zeroize::Zeroizing;
use serde_json::{Map, Value};

use super::list::ListReader;
use super::masked;
use super::refusal::category;
use super::room::{Room, Row};
use crate::wire;

/// Largest answer that is held in memory as a whole, in bytes. Lists are streamed, and no other answer
/// comes near it.
pub(super) const LARGEST: usize = 8 << 20;
/// Largest size of all answers being received in this process together, in bytes.
const TOGETHER: usize = 32 << 20;
/// Rows of one list, held or not: more than a million keys.
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

    /// The rest of the answer is not needed.
    fn is_done(&self) -> bool {
        false
    }

    /// Whether taking a chunk may last, because someone reads what it is made into.
    fn may_last(&self) -> bool {
        false
    }

    /// How long that lasted since it was last asked.
    fn lasted(&mut self) -> Duration {
        Duration::ZERO
    }
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

/// An answer of which some rows of a list are held.
pub(super) struct Rows<'a, T> {
    member: &'static str,
    reader: ListReader,
    received: usize,
    rows: Vec<T>,
    keep: &'a (dyn Fn(&T) -> bool + Sync),
    room: &'a Room,
    /// Bytes of the room that the rows take.
    taken: usize,
}

impl<'a, T> Rows<'a, T> {
    pub fn new(member: &'static str, room: &'a Room, keep: &'a (dyn Fn(&T) -> bool + Sync)) -> Self {
        let reader = ListReader::new(member);
        Self { member, reader, received: 0, rows: Vec::new(), keep, room, taken: 0 }
    }

    /// The rows, and the other members of the answer. They go on taking what they take of the room.
    ///
    /// # Errors
    /// If the list is missing, unterminated, or present twice.
    pub fn end(mut self) -> Result<(Vec<T>, Vec<u8>), String> {
        let rest = rest_of(std::mem::replace(&mut self.reader, ListReader::new(self.member)), self.member)?;
        self.taken = 0;
        Ok((std::mem::take(&mut self.rows), rest))
    }

    fn give_back(&mut self) {
        self.room.give_back(std::mem::take(&mut self.taken));
    }
}

impl<T> Drop for Rows<'_, T> {
    fn drop(&mut self) {
        self.give_back();
    }
}

impl<T: Row> Sink for Rows<'_, T> {
    fn begin(&mut self) {
        self.give_back();
        (self.reader, self.received, self.rows) = (ListReader::new(self.member), 0, Vec::new());
    }

    fn largest(&self) -> Option<usize> {
        None
    }

    fn take(&mut self, piece: &[u8]) -> Result<(), String> {
        let (received, rows, taken) = (&mut self.received, &mut self.rows, &mut self.taken);
        self.reader.push(piece, &mut |element| {
            let row: T = row(element, received)?;
            if (self.keep)(&row) {
                let size = row.size(element.len());
                self.room.take(size)?;
                *taken += size;
                rows.push(row);
            }
            Ok(())
        })
    }
}

/// An answer whose rows are passed on, until no more are needed: a list of any length takes no memory.
pub(super) struct Stream<'a, T> {
    member: &'static str,
    reader: ListReader,
    received: usize,
    each: &'a mut (dyn FnMut(T) -> ControlFlow<()> + Send),
    done: bool,
    lasted: Duration,
}

impl<'a, T> Stream<'a, T> {
    pub fn new(member: &'static str, each: &'a mut (dyn FnMut(T) -> ControlFlow<()> + Send)) -> Self {
        Self {
            member,
            reader: ListReader::new(member),
            received: 0,
            each,
            done: false,
            lasted: Duration::ZERO,
        }
    }

    /// The members beside the list; none if not all of it was needed.
    ///
    /// # Errors
    /// If the list is missing, unterminated, or present twice.
    pub fn end(self) -> Result<Vec<u8>, String> {
        if self.done { Ok(b"{}".to_vec()) } else { rest_of(self.reader, self.member) }
    }
}

impl<T: Row> Sink for Stream<'_, T> {
    /// No request is retried once a part of its answer has come.
    fn begin(&mut self) {
        (self.reader, self.received) = (ListReader::new(self.member), 0);
    }

    fn largest(&self) -> Option<usize> {
        None
    }

    fn take(&mut self, piece: &[u8]) -> Result<(), String> {
        let (received, each, done) = (&mut self.received, &mut *self.each, &mut self.done);
        let lasted = &mut self.lasted;
        self.reader.push(piece, &mut |element| {
            if !*done {
                let row = row(element, received)?;
                let began = Instant::now();
                *done = each(row).is_break();
                *lasted += began.elapsed();
            }
            Ok(())
        })
    }

    fn is_done(&self) -> bool {
        self.done
    }

    fn may_last(&self) -> bool {
        true
    }

    fn lasted(&mut self) -> Duration {
        std::mem::take(&mut self.lasted)
    }
}

/// The next row of a list of which some were `received`.
fn row<T: Row>(element: &[u8], received: &mut usize) -> Result<T, String> {
    *received += 1;
    if *received > ROWS {
        return Err(format!("its list has more than {ROWS} rows"));
    }
    let row: T = wire::from_slice(element).map_err(|error| {
        format!("it is not the JSON expected ({}, row {received} of its list)", category(&error))
    })?;
    match row.problem() {
        None => Ok(row),
        Some(problem) => Err(problem.to_owned()),
    }
}

/// The members beside a list that ended.
fn rest_of(reader: ListReader, member: &str) -> Result<Vec<u8>, String> {
    let rest = reader.end()?;
    let members: Option<Map<String, Value>> = serde_json::from_slice(&rest).ok();
    match members.as_ref().and_then(|members| members.get(member)) {
        None | Some(Value::Null) => Ok(rest),
        Some(Value::Array(items)) if items.is_empty() => Ok(rest),
        Some(_) => Err("it is not the JSON expected (a member of another kind)".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_one_list_with_so_many_rows_and_no_more() {
        let room = Room::of(3 * (size_of::<i32>() + 1));
        let read = |answer: &str| {
            let mut rows = Rows::<i32>::new("keys", &room, &|row| *row != 9);
            rows.begin();
            let read = rows.take(answer.as_bytes()).and_then(|()| rows.end()).map(|(rows, _)| rows);
            if let Ok(rows) = &read {
                room.give_back(rows.len() * (size_of::<i32>() + 1));
            }
            read
        };
        assert_eq!(read(r#"{"keys":[1,2,3]}"#), Ok(vec![1, 2, 3]));
        assert_eq!(read(r#"{"keys":[9,9,9,9,1]}"#), Ok(vec![1]), "what is not kept takes no room");
        assert_eq!(read(r#"{"keys":null}"#), Ok(vec![]));
        for (answer, why) in [
            (r#"{"keys":[1,2,3,4]}"#, "MiB"),
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
