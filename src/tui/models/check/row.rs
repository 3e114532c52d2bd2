//! A row whose answer is not as expected, in the table of results.

use crate::actions::check::{RowReport, number};
use crate::tui::list::{Column, Key, Row, Width};

const ROW: usize = 0;
const ID: usize = 1;
const MEMBER: usize = 2;
const EXPECTED: usize = 3;
const GOT: usize = 4;
const OFF: usize = 5;

/// Instead of a member, where a call failed: its status, or that there was no answer.
fn failed(status: Option<u16>) -> String {
    status.map_or_else(|| "no answer".to_owned(), |status| format!("HTTP {status}"))
}

/// The row, with what the table shows of it: the member that is off most.
#[derive(Debug)]
pub struct Differing {
    number: String,
    pub report: RowReport,
    pub member: String,
    pub expected: String,
    pub got: String,
    pub off: String,
}

impl Differing {
    pub fn number(&self) -> &str {
        &self.number
    }

    /// The id in the file, as it is read.
    pub fn label(&self) -> &str {
        let id = self.report.id.as_deref().unwrap_or_default();
        id.strip_prefix('"').and_then(|id| id.strip_suffix('"')).unwrap_or(id)
    }
}

/// How far a number is off: `0.0025`.
pub fn off(difference: Option<f64>) -> String {
    difference.map(number).unwrap_or_default()
}

/// One side of a difference.
pub fn side(value: Option<&String>) -> &str {
    value.map_or("nothing", String::as_str)
}

impl From<RowReport> for Differing {
    fn from(report: RowReport) -> Self {
        let number = report.row.to_string();
        let (member, expected, got, off) = match (&report.failure, report.differences.as_slice()) {
            (Some(failure), _) => {
                let expected = report.expected.clone().unwrap_or_default();
                (failed(report.status), expected, failure.clone(), String::new())
            }
            (None, [worst, others @ ..]) => {
                let more = if others.is_empty() { String::new() } else { format!(" +{}", others.len()) };
                let sides = (side(worst.expected.as_ref()), side(worst.got.as_ref()));
                (
                    format!("{}{more}", worst.path),
                    sides.0.to_owned(),
                    sides.1.to_owned(),
                    off(worst.difference),
                )
            }
            (None, []) => Default::default(),
        };
        Self { number, report, member, expected, got, off }
    }
}

impl Row for Differing {
    const NAME: &'static str = "check";
    const COLUMNS: &'static [Column] = &[
        Column::new("ROW", Width::Fixed(7)).right(),
        Column::new("ID", Width::Fill(4)).ends().optional(2),
        Column::new("MEMBER", Width::Fill(9)),
        Column::new("EXPECTED", Width::Fill(9)),
        Column::new("GOT", Width::Fill(9)),
        Column::new("OFF BY", Width::Fixed(9)).right().optional(1),
    ];

    fn id(&self) -> &str {
        &self.number
    }

    fn texts(&self, add: &mut dyn FnMut(usize, &str)) {
        add(ROW, &self.number);
        add(ID, self.label());
        add(MEMBER, &self.member);
        add(EXPECTED, &self.expected);
        add(GOT, &self.got);
        add(OFF, &self.off);
        // Those that the table has no room for.
        for one in self.report.differences.iter().skip(1) {
            add(MEMBER, &one.path);
            add(EXPECTED, side(one.expected.as_ref()));
            add(GOT, side(one.got.as_ref()));
        }
    }

    fn filling(&self, column: usize) -> &str {
        match column {
            ID => self.label(),
            MEMBER => &self.member,
            EXPECTED => &self.expected,
            GOT => &self.got,
            _ => "",
        }
    }

    fn key(&self, column: usize) -> Key<'_> {
        match column {
            ROW => i64::try_from(self.report.row).map_or(Key::None, Key::Number),
            ID => self.label().into(),
            MEMBER => self.member.as_str().into(),
            EXPECTED => self.expected.as_str().into(),
            GOT => self.got.as_str().into(),
            _ => {
                let worst = self.report.differences.first().and_then(|one| one.difference);
                // Of numbers that are not negative, the bits have the order.
                worst.and_then(|off| i64::try_from(off.to_bits()).ok()).map_or(Key::None, Key::Number)
            }
        }
    }
}
