//! CSV with a head line: which columns make a request, and of which types.

use std::fmt;
use std::io::{self, Read};
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use csv::{ByteRecord, Reader};
use serde_json::{Number, Value};

use super::rows::{MAX_ROW, too_large};
use super::source::{Seal, Source};

/// What a cell is in a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Type {
    String,
    Int,
    Number,
    Bool,
    Json,
}

const TYPES: [(&str, Type); 5] = [
    ("string", Type::String),
    ("int", Type::Int),
    ("number", Type::Number),
    ("bool", Type::Bool),
    ("json", Type::Json),
];

/// One column of a mapping.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Column {
    name: String,
    of: Type,
    /// An empty cell is `null`, and otherwise an error.
    may_be_empty: bool,
}

/// Which columns are members of a request: those of `--map`, and without it all but the one of
/// `--id`, as text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Columns {
    map: Vec<Column>,
    /// The column that names a row in the result.
    pub id: Option<String>,
}

impl Columns {
    pub(super) fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

impl FromStr for Columns {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut map: Vec<Column> = Vec::new();
        for part in text.split(',') {
            // A name may hold a colon; the type does not.
            let (name, of) = part.trim().rsplit_once(':').unwrap_or((part.trim(), ""));
            let (of, may_be_empty) = of.strip_suffix('?').map_or((of, false), |of| (of, true));
            let Some((_, of)) = TYPES.iter().find(|(known, _)| *known == of) else {
                return Err(format!(
                    "{part:?} is no column:type; the types are string, int, number, bool and json, with ? if a cell may be empty"
                ));
            };
            if name.is_empty() || map.iter().any(|column| column.name == name) {
                return Err(format!("{part:?} names no column, or one twice"));
            }
            map.push(Column { name: name.to_owned(), of: *of, may_be_empty });
        }
        Ok(Self { map, id: None })
    }
}

impl fmt::Display for Columns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, column) in self.map.iter().enumerate() {
            let of = TYPES.iter().find(|(_, of)| *of == column.of).map_or("", |(name, _)| name);
            let (comma, sign) = (if at > 0 { "," } else { "" }, if column.may_be_empty { "?" } else { "" });
            write!(f, "{comma}{}:{of}{sign}", column.name)?;
        }
        match &self.id {
            Some(id) => write!(f, " id={id}"),
            None => Ok(()),
        }
    }
}

/// The records of a CSV file.
pub(super) struct CsvRows {
    reader: Reader<Bounded>,
    record: ByteRecord,
    head: Vec<String>,
    /// Position in a record, and what it becomes.
    members: Vec<(usize, Column)>,
    id: Option<usize>,
    read: Arc<AtomicUsize>,
}

/// Fails once much was read without a record having ended: a quote that is never closed.
struct Bounded {
    source: Source,
    read: Arc<AtomicUsize>,
}

impl Read for Bounded {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.source.read(buffer)?;
        if self.read.fetch_add(n, Ordering::Relaxed) > 2 * MAX_ROW {
            return Err(too_large());
        }
        Ok(n)
    }
}

impl CsvRows {
    /// Reads the head line.
    pub fn new(source: Source, columns: &Columns) -> Result<Self, String> {
        let read = Arc::new(AtomicUsize::new(0));
        let bounded = Bounded { source, read: Arc::clone(&read) };
        let mut reader = csv::ReaderBuilder::new().from_reader(bounded);
        let head = reader.headers().map_err(|error| format!("the head line cannot be read: {error}"))?;
        let head: Vec<String> = head.iter().map(|name| name.trim().to_owned()).collect();
        if let Some(twice) = head.iter().enumerate().find(|(at, name)| head[..*at].contains(name)) {
            return Err(format!("two columns are called {:?}", twice.1));
        }
        let find = |name: &str| {
            let at = head.iter().position(|known| known == name);
            at.ok_or_else(|| format!("there is no column {name:?}; there are {}", head.join(", ")))
        };
        let id = columns.id.as_deref().map(find).transpose()?;
        let members = match columns.map.is_empty() {
            false => columns
                .map
                .iter()
                .map(|column| Ok((find(&column.name)?, column.clone())))
                .collect::<Result<_, String>>()?,
            true => {
                let text =
                    |name: &String| Column { name: name.clone(), of: Type::String, may_be_empty: false };
                head.iter()
                    .enumerate()
                    .filter(|(at, _)| Some(*at) != id)
                    .map(|(at, c)| (at, text(c)))
                    .collect()
            }
        };
        Ok(Self { reader, record: ByteRecord::new(), head, members, id, read })
    }

    /// Reads the next record. False at the end.
    pub fn read(&mut self, line: &mut u64) -> io::Result<bool> {
        self.read.store(0, Ordering::Relaxed);
        let read = self.reader.read_byte_record(&mut self.record);
        let at = match &read {
            Err(error) => error.position().cloned(),
            Ok(_) => self.record.position().cloned(),
        };
        *line = at.map_or(*line, |at| at.line());
        match read {
            Ok(more) if self.record.as_slice().len() <= MAX_ROW => Ok(more),
            Ok(_) => Err(too_large()),
            Err(error) => match error.into_kind() {
                csv::ErrorKind::Io(error) => Err(error),
                csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
                    let cells =
                        crate::text::count(usize::try_from(len).unwrap_or(usize::MAX), "cell", "cells");
                    let mut what = format!("it has {cells}, and the head line has {expected_len}");
                    if self.record.as_slice().contains(&b'\n') {
                        what.push_str("; one goes over several lines: is a quotation mark missing?");
                    }
                    Err(io::Error::new(io::ErrorKind::InvalidData, what))
                }
                kind => Err(io::Error::new(io::ErrorKind::InvalidData, format!("{kind:?}"))),
            },
        }
    }

    /// The bytes that were read, if that was the whole file.
    pub fn seal(&self) -> Option<Seal> {
        self.reader.get_ref().source.seal()
    }

    /// The id and the request of the record, as JSON text.
    pub fn request(&self) -> Result<(Option<String>, String), String> {
        let mut request = String::from("{");
        for (at, column) in &self.members {
            let cell = self.cell(*at)?;
            let value = column.value(cell).map_err(|what| format!("{}: {what}", column.name))?;
            if request.len() > 1 {
                request.push(',');
            }
            request.push_str(&Value::from(column.name.as_str()).to_string());
            request.push(':');
            request.push_str(&value);
        }
        request.push('}');
        let id = self.id.map(|at| self.cell(at)).transpose()?;
        Ok((id.map(|id| Value::from(id).to_string()), request))
    }

    /// The whole record, all cells as text.
    pub fn as_object(&self) -> String {
        let cells = self.head.iter().enumerate().map(|(at, name)| {
            (name.clone(), Value::from(String::from_utf8_lossy(self.record.get(at).unwrap_or_default())))
        });
        Value::Object(cells.collect()).to_string()
    }

    fn cell(&self, at: usize) -> Result<&str, String> {
        let cell = self.record.get(at).unwrap_or_default();
        std::str::from_utf8(cell).map_err(|_| format!("{}: it is not UTF-8", self.head[at]))
    }
}

impl Column {
    /// The cell as JSON text. Numbers keep their digits.
    fn value(&self, cell: &str) -> Result<String, String> {
        let trimmed = cell.trim();
        if trimmed.is_empty() && self.may_be_empty {
            return Ok("null".to_owned());
        }
        let is_number = || trimmed.parse::<Number>().is_ok();
        let is_whole = || trimmed.trim_start_matches('-').bytes().all(|b| b.is_ascii_digit());
        match self.of {
            Type::String => Ok(Value::from(cell).to_string()),
            Type::Int if is_number() && is_whole() => Ok(trimmed.to_owned()),
            Type::Number if is_number() => Ok(trimmed.to_owned()),
            Type::Bool if trimmed.eq_ignore_ascii_case("true") => Ok("true".to_owned()),
            Type::Bool if trimmed.eq_ignore_ascii_case("false") => Ok("false".to_owned()),
            Type::Json => {
                let text = crate::text::json::valid(trimmed.as_bytes());
                text.map(crate::text::json::compact).map_err(|why| format!("it is not JSON: {why}"))
            }
            _ if trimmed.is_empty() => Err("the cell is empty; a type with ? allows that".to_owned()),
            Type::Int => Err(format!("{trimmed:?} is no whole number as JSON writes it")),
            Type::Number => Err(format!("{trimmed:?} is no number as JSON writes it")),
            Type::Bool => Err(format!("{trimmed:?} is neither true nor false")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_become_what_the_map_says_and_keep_their_digits() {
        let columns: Columns = "a:int,b:number?,c:bool,d:json,e:string".parse().unwrap();
        let value = |at: usize, cell: &str| columns.map[at].value(cell);
        assert_eq!(value(0, " -12345678901234567890123 ").unwrap(), "-12345678901234567890123");
        assert_eq!(value(1, "1.50").unwrap(), "1.50");
        assert_eq!(value(1, "").unwrap(), "null");
        assert_eq!(value(2, "True").unwrap(), "true");
        assert_eq!(value(3, "{\"x\": [1]}").unwrap(), "{\"x\":[1]}");
        assert_eq!(value(4, " \"7\" ").unwrap(), "\" \\\"7\\\" \"");
        for (at, cell) in
            [(0, "1.5"), (0, "007"), (0, ""), (0, "1e3"), (1, "NaN"), (1, "1,5"), (2, "1"), (3, "{")]
        {
            assert!(value(at, cell).is_err(), "{cell:?} is no {:?}", columns.map[at].of);
        }
        assert_eq!(columns.to_string(), "a:int,b:number?,c:bool,d:json,e:string");
    }

    #[test]
    fn a_map_that_cannot_be_read_is_refused() {
        for text in ["", "a", "a:float", "a:int,a:int", ":int", "a:int,"] {
            assert!(text.parse::<Columns>().is_err(), "{text:?}");
        }
    }
}
