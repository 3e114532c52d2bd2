//! The rows of an input file, read one at a time: JSONL or CSV.
//!
//! The file is read twice, once to check every row and once to send them, so that a mistake in the
//! last row is found before the first is sent, and the rows are never in memory together. What is sent
//! is what was checked: see [`super::source`].

use std::io::{self, BufRead as _, Read as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::columns::{Columns, CsvRows};
use super::source::{Changed, Seal, Source};
use crate::probe::ModelRequest;
use crate::text::json;

/// Largest row, in bytes: a model call may have 5 MB (DOCS, ml-calling-a-model).
pub(super) const MAX_ROW: usize = 5_000_000;

/// One row.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// Counted from 1.
    pub row: u64,
    /// Where it is in the file, counted from 1.
    pub line: u64,
    /// JSON text.
    pub id: Option<String>,
    pub request: ModelRequest,
    /// The answer that is expected, as JSON text, in a golden file.
    pub expect: Option<String>,
    /// The row as it was, as JSON text, if it is passed through.
    pub input: Option<String>,
}

/// An input file that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum BadInput {
    #[error("{} cannot be read: {error}", file.display())]
    Unreadable { file: PathBuf, error: io::Error },
    #[error("{} is neither JSONL nor CSV by its name", file.display())]
    Format { file: PathBuf },
    #[error("{}: {what}", file.display())]
    Columns { file: PathBuf, what: String },
    #[error("line {line} of {}: {what}", file.display())]
    Row { file: PathBuf, line: u64, what: String },
    #[error("{} has no rows", file.display())]
    Empty { file: PathBuf },
    /// Another program has written to it between the two readings.
    #[error("{} has changed since it was checked", file.display())]
    Changed { file: PathBuf },
}

impl BadInput {
    /// What to do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Unreadable { .. } => "name a file that can be read twice: not a pipe",
            Self::Format { .. } => "name it FILE.jsonl or FILE.csv",
            Self::Columns { .. } => {
                "write --map column:type,… with the types string, int, number, bool, json; type? allows empty cells"
            }
            Self::Row { .. } => "mend that row; nothing was sent",
            Self::Empty { file } if is_csv(file) => "write one row a line, below the head line",
            Self::Empty { .. } => "write one row a line: {\"request\": {\"a\": 3}}",
            Self::Changed { .. } => "let nothing write to it meanwhile, and start again",
        }
    }
}

/// An input file and how its rows are read.
#[derive(Debug, Clone)]
pub struct Input {
    file: PathBuf,
    /// `None`: JSONL.
    columns: Option<Columns>,
    pass_through: bool,
}

/// What a whole file was found to be.
#[derive(Debug, Clone)]
pub struct Checked {
    pub rows: u64,
    /// The bytes that were checked.
    pub seal: Seal,
    /// The request of the first row.
    pub first: ModelRequest,
    /// The line of the first row without an expected answer.
    without_answer: Option<u64>,
}

impl Checked {
    /// # Errors
    /// A row has no expected answer, as each row of a golden file has.
    pub fn all_have_answers(&self, input: &Input) -> Result<(), BadInput> {
        match self.without_answer {
            None => Ok(()),
            Some(line) => {
                let what = "it has no member `expect`".to_owned();
                Err(BadInput::Row { file: input.file.clone(), line, what })
            }
        }
    }
}

impl Input {
    /// # Errors
    /// The name says neither JSONL nor CSV, or columns are given for JSONL.
    pub fn new(file: &Path, columns: Columns, pass_through: bool) -> Result<Self, BadInput> {
        let extension = file.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
        let columns = match extension.to_ascii_lowercase().as_str() {
            _ if is_csv(file) => Some(columns),
            "jsonl" | "ndjson" if columns.is_default() => None,
            "jsonl" | "ndjson" => {
                let what = "--map and --id are for CSV; a row of JSONL has its request and id".to_owned();
                return Err(BadInput::Columns { file: file.to_owned(), what });
            }
            _ => return Err(BadInput::Format { file: file.to_owned() }),
        };
        Ok(Self { file: file.to_owned(), columns, pass_through })
    }

    /// Whether the rows are repeated in the result.
    pub fn passes_through(&self) -> bool {
        self.pass_through
    }

    /// What, beside the file itself, decides which requests its rows are.
    pub fn mapping(&self) -> String {
        self.columns.as_ref().map(Columns::to_string).unwrap_or_default()
    }

    /// Reads all rows once.
    ///
    /// # Errors
    /// The first row that cannot be sent, with its line.
    pub fn check(&self) -> Result<Checked, BadInput> {
        let mut rows = self.rows(None)?;
        let (mut first, mut without_answer) = (None, None);
        while let Some(row) = rows.next(|_| true)? {
            if row.expect.is_none() {
                without_answer.get_or_insert(row.line);
            }
            first.get_or_insert(row.request);
        }
        match (first, rows.seal()) {
            (Some(first), Some(seal)) => Ok(Checked { rows: rows.row, seal, first, without_answer }),
            _ => Err(BadInput::Empty { file: self.file.clone() }),
        }
    }

    /// The rows from the beginning. With a `seal` they are those that were checked, or none; without
    /// one all that can be wrong with a row is found.
    ///
    /// # Errors
    /// The file cannot be read or has changed, or its head line does not fit.
    pub fn rows(&self, seal: Option<&Seal>) -> Result<Rows, BadInput> {
        let source = Source::open(&self.file, seal.cloned()).map_err(|error| self.unreadable(error))?;
        let format = match &self.columns {
            None => Format::Lines(Box::new(source), Vec::new()),
            Some(columns) => {
                let rows = CsvRows::new(source, columns)
                    .map_err(|what| BadInput::Columns { file: self.file.clone(), what })?;
                Format::Csv(Box::new(rows))
            }
        };
        Ok(Rows { input: self.clone(), format, strictly: seal.is_none(), row: 0, line: 0 })
    }

    /// Whether the file is as `seal` found it, as far as its metadata says.
    pub fn is_untouched(&self, seal: &Seal) -> bool {
        seal.is_untouched(&self.file)
    }

    pub(in crate::actions) fn bad_row(&self, line: u64, what: String) -> BadInput {
        BadInput::Row { file: self.file.clone(), line, what }
    }

    fn unreadable(&self, error: io::Error) -> BadInput {
        let file = self.file.clone();
        if Changed::is(&error) { BadInput::Changed { file } } else { BadInput::Unreadable { file, error } }
    }
}

/// Rows as they are read.
pub struct Rows {
    input: Input,
    format: Format,
    strictly: bool,
    row: u64,
    line: u64,
}

enum Format {
    Lines(Box<Source>, Vec<u8>),
    Csv(Box<CsvRows>),
}

/// A row of JSONL; other members mean nothing here.
#[derive(Deserialize)]
struct Line<'a> {
    #[serde(borrow, default)]
    id: Option<&'a RawValue>,
    #[serde(borrow)]
    request: &'a RawValue,
    #[serde(borrow, default, deserialize_with = "given")]
    expect: Option<&'a RawValue>,
}

/// `null` is a value too.
fn given<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<&'de RawValue>, D::Error> {
    <&RawValue>::deserialize(deserializer).map(Some)
}

impl Rows {
    /// The next row whose number is `wanted`. The others are only counted.
    ///
    /// # Errors
    /// The file cannot be read, or the row cannot be sent.
    pub fn next(&mut self, wanted: impl Fn(u64) -> bool) -> Result<Option<Row>, BadInput> {
        loop {
            let read = match &mut self.format {
                Format::Lines(reader, line) => read_line(reader, line, &mut self.line),
                Format::Csv(rows) => rows.read(&mut self.line),
            };
            match read {
                Ok(false) => return Ok(None),
                Ok(true) => {}
                Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                    return Err(self.bad(error.to_string()));
                }
                Err(error) => return Err(self.input.unreadable(error)),
            }
            self.row += 1;
            if wanted(self.row) {
                return match self.parsed() {
                    Ok(row) => Ok(Some(row)),
                    Err(what) => Err(self.bad(what)),
                };
            }
        }
    }

    /// The bytes that were read, if that was the whole file.
    fn seal(&self) -> Option<Seal> {
        match &self.format {
            Format::Lines(source, _) => source.seal(),
            Format::Csv(rows) => rows.seal(),
        }
    }

    fn parsed(&self) -> Result<Row, String> {
        let (row, line, pass_through) = (self.row, self.line, self.input.pass_through);
        match &self.format {
            Format::Csv(rows) => {
                let (id, request) = rows.request()?;
                let input = pass_through.then(|| rows.as_object());
                Ok(Row { row, line, id, request: ModelRequest::trusted(request), expect: None, input })
            }
            Format::Lines(_, bytes) => {
                let text = match self.strictly {
                    true => json::valid(bytes).map_err(|why| format!("it is not JSON: {why}"))?,
                    false => std::str::from_utf8(bytes).map_err(|error| error.to_string())?,
                };
                // Read into its members, an array would pass for one.
                if !text.trim_start().starts_with('{') {
                    return Err("it is no row {\"id\"?, \"request\"}: it is not an object".to_owned());
                }
                let read: Line<'_> = serde_json::from_str(text)
                    .map_err(|error| format!("it is no row {{\"id\"?, \"request\"}}: {error}"))?;
                let is_name = |id: &RawValue| !id.get().starts_with(['{', '[', 't', 'f']);
                if read.id.is_some_and(|id| !is_name(id)) {
                    return Err("its id is neither a text nor a number".to_owned());
                }
                Ok(Row {
                    row,
                    line,
                    id: read.id.map(|id| id.get().to_owned()),
                    request: ModelRequest::trusted(read.request.get().to_owned()),
                    expect: read.expect.map(|expect| expect.get().to_owned()),
                    input: pass_through.then(|| text.trim().to_owned()),
                })
            }
        }
    }

    fn bad(&self, what: String) -> BadInput {
        BadInput::Row { file: self.input.file.clone(), line: self.line, what }
    }
}

fn is_csv(file: &Path) -> bool {
    file.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("csv"))
}

/// Reads the next line that is not empty. False at the end.
fn read_line(reader: &mut Source, line: &mut Vec<u8>, number: &mut u64) -> io::Result<bool> {
    loop {
        line.clear();
        *number += 1;
        if reader.by_ref().take(MAX_ROW as u64 + 1).read_until(b'\n', line)? == 0 {
            return Ok(false);
        }
        if line.len() > MAX_ROW {
            return Err(too_large());
        }
        if !line.trim_ascii().is_empty() {
            return Ok(true);
        }
    }
}

pub(super) fn too_large() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "it is larger than the 5 MB that a model call may have")
}
