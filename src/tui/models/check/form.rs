//! What to check a model against.

use std::path::Path as File;

use crossterm::event::KeyEvent;

use crate::actions::check::{Against, Path, Request, Tolerance};
use crate::actions::score::{Columns, Input};
use crate::probe::code::shell;
use crate::probe::run::MAX_IN_FLIGHT;
use crate::tui::models::fields::{About, Fields};
use crate::tui::widgets::Edit;

const FILE: usize = 0;
const AGAINST: usize = 1;
const TOLERANCE: usize = 2;
const IGNORE: usize = 3;
const COLUMNS: usize = 4;
const IN_FLIGHT: usize = 5;

/// Rows that are listed: the worst.
pub const MOST: usize = 1000;

const ABOUT: [About; 6] = [
    ("file", "golden.jsonl", "a row a line: id, request and the answer to expect"),
    ("against", "", "another model, or FILE.jsonl of models score; empty: what the file expects"),
    ("tolerance", "", "how far numbers may be off: churn=1e-3,abs=1e-9,rel=1e-6; empty: not at all"),
    ("ignore", "", "members that do not count: trace_id,rows[*].at; empty: none"),
    ("columns", "", "of a CSV file: tenure:int,charge:number; empty: all of them, as strings"),
    ("in flight", "", "rows at the same time; empty: the number of replicas"),
];

/// The form.
#[derive(Debug)]
pub struct Form {
    pub fields: Fields,
    /// What is wrong with what was typed.
    pub problem: Option<String>,
}

impl Default for Form {
    fn default() -> Self {
        Self { fields: Fields::new(ABOUT, 0), problem: None }
    }
}

/// What was typed, as it is carried out and as options of the command line.
#[derive(Debug)]
pub struct Typed {
    pub input: Input,
    pub concurrency: Option<u32>,
    pub request: Request,
    pub options: String,
}

impl Form {
    /// What was typed; `None` if that will not do, which the form then says.
    pub fn read(&mut self) -> Option<Typed> {
        match self.typed() {
            Ok(typed) => Some(typed),
            Err((at, problem)) => {
                self.problem = Some(format!("{}: {problem}", self.fields.name(at)));
                self.fields.focus = at;
                None
            }
        }
    }

    fn typed(&self) -> Result<Typed, (usize, String)> {
        let [file, against, spec, ignored, columns, in_flight] =
            [FILE, AGAINST, TOLERANCE, IGNORE, COLUMNS, IN_FLIGHT].map(|at| self.fields.text(at));
        if file.is_empty() {
            return Err((FILE, "type the name of a file".to_owned()));
        }
        let mut options = match against {
            "" => format!(" --golden {}", shell(file)),
            against => format!(" --against {} --input {}", shell(against), shell(file)),
        };
        let mut option = |name: &str, text: &str| options.push_str(&format!(" --{name} {}", shell(text)));
        let mut tolerance = Tolerance::default();
        if !spec.is_empty() {
            tolerance.add(spec).map_err(|why| (TOLERANCE, why))?;
            option("tolerance", spec);
        }
        for path in ignored.split(',').map(str::trim).filter(|path| !path.is_empty()) {
            tolerance.ignore(path.parse::<Path>().map_err(|why| (IGNORE, why))?);
            option("ignore", path);
        }
        let map = match columns {
            "" => Columns::default(),
            columns => {
                option("map", columns);
                columns.parse().map_err(|why| (COLUMNS, why))?
            }
        };
        let concurrency = match in_flight {
            "" => None,
            text => {
                let number = text.parse().ok().filter(|number| (1..=MAX_IN_FLIGHT).contains(number));
                let number =
                    number.ok_or((IN_FLIGHT, format!("write a number from 1 to {MAX_IN_FLIGHT}")))?;
                options.push_str(&format!(" -c {number}"));
                Some(number)
            }
        };
        let input = Input::new(File::new(file), map, false)
            .map_err(|error| (FILE, format!("{error}; {}", error.hint())))?;
        let against = if against.is_empty() { Against::Golden } else { Against::named(against) };
        let request = Request { against, tolerance, worst: MOST, keep_answers: false };
        Ok(Typed { input, concurrency, request, options })
    }

    pub fn key(&mut self, key: KeyEvent) {
        if self.fields.key(key) == Edit::Changed {
            self.problem = None;
        }
    }

    pub fn paste(&mut self, text: &str) {
        self.fields.paste(text);
        self.problem = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(texts: [&str; 6]) -> Result<Typed, (usize, String)> {
        let mut form = Form::default();
        form.fields.set(&texts.map(str::to_owned));
        form.typed()
    }

    #[test]
    fn what_is_typed_is_what_the_command_line_takes() {
        let read = typed(["it's.jsonl", "", "p=1e-3, rel=1e-6", " a.b , c", "", ""]).unwrap();
        assert_eq!(
            read.options,
            r" --golden 'it'\''s.jsonl' --tolerance 'p=1e-3, rel=1e-6' --ignore 'a.b' --ignore 'c'"
        );
        let mut tolerance = Tolerance::default();
        tolerance.add("p=1e-3,rel=1e-6").unwrap();
        ["a.b", "c"].into_iter().for_each(|path| tolerance.ignore(path.parse().unwrap()));
        assert_eq!((&read.request.against, &read.request.tolerance), (&Against::Golden, &tolerance));
        assert_eq!(read.concurrency, None, "as many as there are replicas");
        let read = typed(["rows.csv", "p/m", "", "", "x:int", "4"]).unwrap();
        assert_eq!(read.options, " --against 'p/m' --input 'rows.csv' --map 'x:int' -c 4");
        assert_eq!(read.concurrency, Some(4));
        assert_eq!(read.request.against, Against::Model("p/m".to_owned()));
        let read = typed(["rows.csv", "week.jsonl", "", "", "", ""]).unwrap();
        assert_eq!(read.request.against, Against::Result("week.jsonl".into()));
    }

    #[test]
    fn a_wrong_field_is_named() {
        for (texts, at) in [
            (["", "", "", "", "", ""], FILE),
            (["rows.txt", "", "", "", "", ""], FILE),
            (["a.jsonl", "", "p", "", "", ""], TOLERANCE),
            (["a.csv", "m", "", "", "x:what", ""], COLUMNS),
            (["a.jsonl", "", "", "", "", "0"], IN_FLIGHT),
            (["a.jsonl", "", "", "", "", "65"], IN_FLIGHT),
        ] {
            assert_eq!(typed(texts).unwrap_err().0, at, "{texts:?}");
        }
    }
}
