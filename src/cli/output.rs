//! Standard output carries the result and nothing else; the rest goes to standard error.
//!
//! Tables are for people: cleaned of control characters, columns aligned. JSON is for programs:
//! one document, lists written row by row as their pages come.

use std::borrow::Cow;
use std::cell::Cell;
use std::io::{self, IsTerminal, Write};
use std::sync::atomic::{AtomicBool, Ordering};

use serde::Serialize;
use serde_json::json;

use super::error::{Exit, Failure};
use crate::{secret, text};

/// Widest a column of free text gets in a table on a terminal. Elsewhere nothing is cut: who reads it
/// there may be a program.
const WIDEST: usize = 40;
/// A line of a table on a terminal, where it can be kept that short; not the terminal's own width.
const LINE: usize = 80;
/// How much of a shortened name distinguishes it from others.
const TELLING: usize = 16;
/// Between two columns.
const GAP: usize = 2;

/// Nobody reads standard output any more, which the process has once.
static READER_IS_GONE: AtomicBool = AtomicBool::new(false);

/// Where and how a command's results go.
#[derive(Debug, Clone, Copy, Default)]
pub struct Output {
    pub json: bool,
    pub quiet: bool,
}

impl Output {
    /// Prints one JSON document.
    pub fn document(&self, value: &impl Serialize) -> Result<(), Failure> {
        let written = text::json::document(value).map_err(|error| cannot_write(&error.into()))?;
        let mut out = io::stdout().lock();
        printed(writeln!(out, "{written}").and_then(|()| out.flush()))
    }

    /// Prints one JSON document while it is made: it may be long.
    pub fn stream(&self, value: &impl Serialize) -> Result<(), Failure> {
        let mut out = io::BufWriter::new(io::stdout().lock());
        let written = text::json_stream::write(&mut out, value).map_err(io::Error::from);
        printed(written.and_then(|()| writeln!(out)).and_then(|()| out.flush()))
    }

    /// Prints lines for people; nothing with `--json`.
    pub fn lines(&self, lines: &[String]) -> Result<(), Failure> {
        if self.json {
            return Ok(());
        }
        let mut out = io::stdout().lock();
        let all = lines.iter().try_for_each(|line| writeln!(out, "{}", text::clean(line)));
        printed(all.and_then(|()| out.flush()))
    }

    /// A remark on standard error, unless `--quiet`. With `--json` there is none either: programs
    /// read standard error as documents.
    pub fn note(&self, remark: &str) {
        if !self.quiet && !self.json {
            say(&text::clean(remark));
        }
    }

    /// A warning on standard error, which no option silences: with `--json` a document on a line of
    /// its own, before that of an error.
    pub fn warn(&self, kind: &'static str, message: &str, hint: Option<&str>) {
        if self.json {
            let warning = json!({ "warning": { "kind": kind, "message": message, "hint": hint } });
            return say(&text::json::escaped(&warning.to_string()));
        }
        let hint = hint.map(|hint| format!(" → {hint}")).unwrap_or_default();
        say(&text::clean(&format!("keybench: {message}{hint}")));
    }

    /// A question on standard error, the cursor behind it.
    pub fn prompt(&self, question: &str) {
        eprint!("{question} ");
    }

    /// An error on standard error, as `--json` wants it.
    pub fn failure(&self, failure: &Failure) {
        if self.json {
            say(&text::json::escaped(&failure.to_json().to_string()));
            return;
        }
        say(&format!("keybench: {}", text::clean(&failure.message)));
        if let Some(hint) = &failure.hint {
            say(&format!("  → {}", text::clean(hint)));
        }
    }

    /// Begins a list of which each row is a JSON object, and a line of the table with `titles`.
    pub fn list(&self, titles: &'static [&'static str]) -> List {
        let cuts = io::stdout().is_terminal();
        List { json: self.json, titles, cuts, judged: false, shrinking: None, widths: Vec::new(), rows: 0 }
    }
}

/// A list that is printed while it comes.
pub struct List {
    json: bool,
    titles: &'static [&'static str],
    /// Whether long cells are cut.
    cuts: bool,
    /// Whether how the command ends depends on every row.
    judged: bool,
    /// The column that is narrowed so that a row fits [`LINE`].
    shrinking: Option<&'static str>,
    /// Set by the first page, so that all pages are aligned alike.
    widths: Vec<usize>,
    rows: usize,
}

impl List {
    /// The column under `title` is cut where rows would be longer than a line of a terminal. It
    /// should hold nothing that has to be typed.
    pub fn shrinking(mut self, title: &'static str) -> Self {
        self.shrinking = Some(title);
        self
    }

    /// The command goes on where nobody reads the rest, as after `head`: how it ends depends on every row.
    pub fn judged(mut self) -> Self {
        self.judged = true;
        self
    }

    /// Prints some rows: each with its document and its cells.
    pub fn page<T: Serialize>(&mut self, rows: &[(T, Vec<String>)]) -> Result<(), Failure> {
        match self.write(rows) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe && !self.judged => Err(nobody_reads()),
            outcome => printed(outcome),
        }
    }

    /// Ends the list; gives how many rows there were.
    pub fn end(mut self) -> Result<usize, Failure> {
        let mut out = io::stdout().lock();
        let end = match (self.json, self.rows) {
            (true, 0) => writeln!(out, "[]"),
            (true, _) => writeln!(out, "\n]"),
            (false, 0) => self.table::<()>(&mut out, &[]),
            (false, _) => Ok(()),
        };
        printed(end.and_then(|()| out.flush()))?;
        Ok(self.rows)
    }

    fn write<T: Serialize>(&mut self, rows: &[(T, Vec<String>)]) -> io::Result<()> {
        if rows.is_empty() {
            return Ok(());
        }
        let mut out = io::BufWriter::new(io::stdout().lock());
        if self.json {
            for (document, _) in rows {
                out.write_all(if self.rows == 0 { b"[\n  " } else { b",\n  " })?;
                out.write_all(text::json::line(document)?.as_bytes())?;
                self.rows += 1;
            }
        } else {
            self.table(&mut out, rows)?;
            self.rows += rows.len();
        }
        out.flush()
    }

    fn table<T>(&mut self, out: &mut impl Write, rows: &[(T, Vec<String>)]) -> io::Result<()> {
        let cells: Vec<Vec<Cow<'_, str>>> =
            rows.iter().map(|(_, cells)| cells.iter().map(|cell| text::clean(cell)).collect()).collect();
        if self.widths.is_empty() {
            let widest = |column: usize| cells.iter().map(|row| text::width(&row[column])).max().unwrap_or(0);
            let columns = self.titles.iter().enumerate();
            // Where nothing is cut, one long cell widens its own row and no other.
            let most = if self.cuts { WIDEST } else { LINE };
            self.widths = columns.map(|(at, title)| widest(at).min(most).max(text::width(title))).collect();
            if self.cuts {
                self.shrink(widest(self.titles.len() - 1));
            }
            let titles: Vec<_> = self.titles.iter().map(|title| Cow::Borrowed(*title)).collect();
            self.line(out, &titles)?;
        }
        cells.iter().try_for_each(|row| self.line(out, row))
    }

    /// `last`: width of the last column, which is never cut.
    fn shrink(&mut self, last: usize) {
        let Some(at) = self.titles.iter().position(|title| Some(*title) == self.shrinking) else { return };
        let before = self.widths.len() - 1;
        let all = self.widths[..before].iter().map(|width| width + GAP).sum::<usize>() + last;
        let least = self.widths[at].min(TELLING);
        self.widths[at] = self.widths[at].saturating_sub(all.saturating_sub(LINE)).max(least);
    }

    /// The last column, where identifiers stand, is never cut.
    fn line(&self, out: &mut impl Write, cells: &[Cow<'_, str>]) -> io::Result<()> {
        let Some((last, before)) = cells.split_last() else { return writeln!(out) };
        for (cell, width) in before.iter().zip(&self.widths) {
            let cell = if self.cuts { text::truncate(cell, *width) } else { Cow::Borrowed(cell.as_ref()) };
            write!(out, "{cell}{:1$}", "", width.saturating_sub(text::width(&cell)) + GAP)?;
        }
        writeln!(out, "{}", last.trim_end())
    }
}

/// How far a long piece of work is: on standard error, if it is a terminal.
pub struct Progress {
    what: &'static str,
    of: usize,
    shows: bool,
    /// Something stands on the line.
    drawn: Cell<bool>,
}

impl Progress {
    pub fn new(out: &Output, what: &'static str, of: usize) -> Self {
        Self {
            what,
            of,
            shows: !out.quiet && !out.json && io::stderr().is_terminal(),
            drawn: Cell::new(false),
        }
    }

    pub fn at(&self, done: usize) {
        if self.shows {
            self.drawn.set(true);
            eprint!("\r\x1b[K{done} of {} {}", self.of, self.what);
        }
    }

    pub fn end(&self) {
        if self.drawn.take() {
            eprint!("\r\x1b[K");
        }
    }
}

impl Drop for Progress {
    /// An interrupted command drops it: what is said next begins on an empty line.
    fn drop(&mut self) {
        self.end();
    }
}

/// Whether a person sits at both ends, so that a question can be asked.
pub fn can_ask() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// Whether the interface has a terminal to run in.
pub fn is_terminal() -> bool {
    io::stdin().is_terminal() && io::stdout().is_terminal()
}

/// Refuses to create a key that no one would see. A shell's `>&-` leaves standard output closed; the
/// runtime of Rust then puts /dev/null in its place, before `main`, open for reading and writing. A
/// shell's own `>/dev/null` is open for writing alone, and is taken as intended.
pub fn refuse_nowhere() -> Result<(), Failure> {
    use rustix::fs::{FileType, OFlags, fcntl_getfl, fstat, stat};
    let out = io::stdout();
    let also_read = fcntl_getfl(&out).is_ok_and(|flags| flags.contains(OFlags::RDWR));
    let (Ok(own), Ok(null)) = (fstat(&out), stat("/dev/null")) else { return Ok(()) };
    let is_device = FileType::from_raw_mode(own.st_mode) == FileType::CharacterDevice;
    if also_read && is_device && own.st_rdev == null.st_rdev {
        let message = "standard output is closed or /dev/null, and the key would be lost";
        return Err(Failure::new(Exit::Unwritten, "output", message)
            .hint("no key was created: redirect standard output to a file, or name one with --output"));
    }
    Ok(())
}

/// Asks on standard error; the answer is what was typed, trimmed. Dropping the future ends the wait.
pub async fn ask(question: String) -> Result<String, Failure> {
    eprint!("{} ", text::clean(&question));
    let read = tokio::task::spawn_blocking(|| {
        let mut answer = String::new();
        io::stdin().read_line(&mut answer).map(|_| answer.trim().to_owned())
    });
    let failed = |why: String| Failure::new(Exit::Bug, "input", format!("no answer can be read: {why}"));
    read.await.map_err(|error| failed(error.to_string()))?.map_err(|error| failed(error.to_string()))
}

/// Whether a new key came out. If standard output did not take it, it must be known that it exists.
pub fn delivered(printed: Result<(), Failure>, key_id: &str) -> Result<(), Failure> {
    let why = match printed {
        Ok(()) if !READER_IS_GONE.load(Ordering::Relaxed) => return Ok(()),
        Ok(()) => "standard output was closed".to_owned(),
        Err(failure) => failure.message,
    };
    let message = format!("key {key_id} was created, but could not be printed: {why}");
    Err(Failure::new(Exit::Unwritten, "undelivered", message)
        .hint(format!("delete it with `keybench keys delete {key_id}`, then create another one")))
}

/// How printing went. That the reader stops early, as `head` does, changes nothing about how a command
/// ends.
pub fn printed(outcome: io::Result<()>) -> Result<(), Failure> {
    match outcome {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
            READER_IS_GONE.store(true, Ordering::Relaxed);
            Ok(())
        }
        outcome => outcome.map_err(|error| cannot_write(&error)),
    }
}

/// Ends a list of which nobody reads the rest.
fn nobody_reads() -> Failure {
    Failure::new(Exit::Done, "closed", "")
}

fn cannot_write(error: &io::Error) -> Failure {
    Failure::new(Exit::Unwritten, "output", format!("the result cannot be written: {error}"))
}

/// A line on standard error. It may be closed, after a hang-up for example, which
/// must not cause a panic, which would hide the exit code.
fn say(line: &str) {
    let _ = writeln!(io::stderr().lock(), "{}", secret::mask_shapes(line));
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A table whose columns are too long for a line.
    fn table(cuts: bool) -> String {
        let titles = &["USER", "EXPIRES", "AUDIENCE", "NAME", "FINDINGS", "KEY ID"];
        let out = Output::default();
        let mut list = List { cuts, ..out.list(titles).shrinking("NAME") };
        let name = "a service of the department of statistics that runs at night";
        let row = [
            "someone@example.com",
            "2027-01-31",
            "API+Application",
            name,
            "beyond today's limit",
            "5b1c…9f0a",
        ];
        let mut written = Vec::new();
        let row = ((), row.map(str::to_owned).to_vec());
        list.table(&mut written, &[row]).unwrap();
        String::from_utf8(written).unwrap()
    }

    #[test]
    fn a_name_stays_telling_on_a_terminal_and_whole_in_a_pipe() {
        let on_a_terminal = table(true);
        assert!(on_a_terminal.contains("a service of th…"), "{on_a_terminal}");
        assert!(on_a_terminal.contains("5b1c…9f0a"), "{on_a_terminal}");
        let in_a_pipe = table(false);
        assert!(in_a_pipe.contains("statistics that runs at night"), "{in_a_pipe}");
    }
}
