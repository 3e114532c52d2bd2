//! What a check finds over all rows, in bounded memory.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde::{Serialize, Serializer};
use serde_json::Value;

use super::compare::{Found, Path, Tolerance, general};
use crate::actions::score::{Row, Seal, Stop};
use crate::probe::Called;
use crate::text;

/// Differences that are shown of one row.
const SHOWN: usize = 8;
/// Members and label flips that are counted apart: a model may name its members after its data.
const MOST: usize = 500;
/// Longest value that is shown.
const LONGEST: usize = 60;

/// One member over all rows; an index counts as any.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Field {
    pub path: String,
    /// Rows, or items of a list, in which it was compared.
    pub compared: u64,
    pub different: u64,
    /// Between numbers.
    pub largest: Option<f64>,
    pub mean: Option<f64>,
    /// Pairs of numbers, and the sum of their differences.
    #[serde(skip)]
    numbers: (u64, f64),
}

/// A label that became another one.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Flip {
    pub path: String,
    pub expected: String,
    pub got: String,
    pub rows: u64,
}

/// One of the worst rows.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct RowReport {
    pub row: u64,
    pub line: u64,
    /// JSON text.
    #[serde(serialize_with = "as_json")]
    pub id: Option<String>,
    /// The worst first.
    pub differences: Vec<Difference>,
    /// Why the call failed.
    pub failure: Option<String>,
    /// The status of a call that failed, if it was answered.
    #[serde(skip)]
    pub status: Option<u16>,
    /// What was expected of a call that failed.
    #[serde(skip)]
    pub expected: Option<String>,
    /// The worst rows are those with the most of it.
    #[serde(skip)]
    pub badness: f64,
}

/// A member that differs by more than is allowed.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Difference {
    pub path: String,
    pub expected: Option<String>,
    pub got: Option<String>,
    pub difference: Option<f64>,
}

/// What a check found.
#[derive(Debug, Default)]
pub struct Report {
    /// `project/name`; two if they are compared with each other.
    pub models: Vec<String>,
    pub rows: u64,
    pub same: u64,
    pub different: u64,
    /// Calls that failed.
    pub failed: u64,
    /// Rows for which the earlier result has no answer to compare with.
    pub unrecorded: u64,
    fields: BTreeMap<String, Field>,
    /// Members that were left out.
    ignored: BTreeSet<String>,
    flips: BTreeMap<(String, String, String), u64>,
    worst: Vec<RowReport>,
    /// So many are kept.
    most: usize,
    /// The answers of the rows that differ, by row, if they are kept.
    answers: Option<BTreeMap<u64, String>>,
    pub elapsed: Duration,
    /// `None`: every row was compared.
    pub stop: Option<Stop>,
    /// The input as it was checked.
    pub(super) seal: Option<Seal>,
}

impl Report {
    /// Of nothing yet; keeps the `worst` rows.
    pub fn new(models: Vec<String>, rows: u64, worst: usize, keep_answers: bool) -> Self {
        Self { models, rows, most: worst, answers: keep_answers.then(BTreeMap::new), ..Self::default() }
    }

    /// Rows that were looked at.
    pub fn compared(&self) -> u64 {
        self.same + self.different + self.failed + self.unrecorded
    }

    /// Every row was compared, and all are as expected.
    pub fn is_passed(&self) -> bool {
        self.stop.is_none() && self.same == self.rows
    }

    /// Those that differ most often first, then by how far they are off.
    pub fn fields(&self) -> Vec<&Field> {
        let mut fields: Vec<_> = self.fields.values().collect();
        let off = |field: &Field| field.largest.unwrap_or_default();
        fields.sort_by(|a, b| (b.different.cmp(&a.different)).then(off(b).total_cmp(&off(a))));
        fields
    }

    /// The paths of `tolerance` that name no member of any answer: slips.
    pub fn unused<'a>(&self, tolerance: &'a Tolerance) -> Vec<&'a Path> {
        // What was not counted cannot be missed.
        if self.fields.len() >= MOST || self.ignored.len() >= MOST || self.same + self.different == 0 {
            return Vec::new();
        }
        let compared: Vec<_> = self.fields.keys().map(String::as_str).collect();
        let ignored: Vec<_> = self.ignored.iter().map(String::as_str).collect();
        tolerance.unused(&compared, &ignored)
    }

    /// The most frequent first.
    pub fn flips(&self) -> Vec<Flip> {
        let flip = |((path, expected, got), rows): (&(String, String, String), &u64)| Flip {
            path: path.clone(),
            expected: expected.clone(),
            got: got.clone(),
            rows: *rows,
        };
        let mut flips: Vec<_> = self.flips.iter().map(flip).collect();
        flips.sort_by_key(|flip| std::cmp::Reverse(flip.rows));
        flips
    }

    /// The worst rows, worst first.
    pub fn worst(&self) -> &[RowReport] {
        &self.worst
    }

    /// The answers of the rows that differ.
    pub fn answers(&self) -> Option<&BTreeMap<u64, String>> {
        self.answers.as_ref()
    }

    pub(super) fn failed(&mut self, row: &Row, model: usize, called: &Called, expected: Option<&str>) {
        self.failed += 1;
        // Which of two models it was; of one everybody knows.
        let model = self.models.get(model).filter(|_| self.models.len() > 1);
        let model = model.map(|model| format!("{model}: ")).unwrap_or_default();
        let (why, failure) = (called.why().unwrap_or_default(), called.outcome.as_ref().err());
        let failure = match failure {
            // Without a reason in the answer, that is all there is to say.
            Some(failure) if failure.message == failure.kind.label() => {
                format!("{model}{why}, and the answer does not say why")
            }
            Some(failure) => format!("{model}{}: {why}", failure.kind.label()),
            None => format!("{model}{why}"),
        };
        self.add(RowReport {
            failure: Some(failure),
            status: called.status.filter(|status| *status >= 400),
            expected: expected.map(shortened),
            badness: f64::INFINITY,
            ..row_report(row)
        });
    }

    /// The earlier result has no answer for a row.
    pub(super) fn missing(&mut self, row: &Row) {
        self.unrecorded += 1;
        let failure = Some("the result it is compared with has no answer for it".to_owned());
        self.add(RowReport { failure, ..row_report(row) });
    }

    pub(super) fn compared_row(&mut self, row: &Row, found: Vec<Found>, got: &str) {
        let is_same = found.iter().all(|one| one.is_same);
        self.same += u64::from(is_same);
        self.different += u64::from(!is_same);
        found.iter().for_each(|one| self.count(one));
        if is_same {
            return;
        }
        if let Some(answers) = &mut self.answers {
            answers.insert(row.row, got.to_owned());
        }
        let badness = found.iter().map(Found::badness).fold(0.0, f64::max);
        let mut worst: Vec<_> = found.into_iter().filter(|one| !one.is_same).collect();
        worst.sort_by(|one, other| other.badness().total_cmp(&one.badness()));
        let shown = worst.into_iter().take(SHOWN).map(Difference::from).collect();
        self.add(RowReport { differences: shown, badness, ..row_report(row) });
    }

    fn count(&mut self, one: &Found) {
        let path = general(&one.path).into_owned();
        if one.is_ignored {
            if self.ignored.len() < MOST {
                self.ignored.insert(path);
            }
            return;
        }
        if one.is_flip()
            && let (Some(expected), Some(got)) = (&one.expected, &one.got)
        {
            let flip = (path.clone(), shortened(expected), shortened(got));
            if self.flips.len() < MOST || self.flips.contains_key(&flip) {
                *self.flips.entry(flip).or_default() += 1;
            }
        }
        if self.fields.len() >= MOST && !self.fields.contains_key(&path) {
            return;
        }
        let field = self
            .fields
            .entry(path)
            .or_insert_with_key(|path| Field { path: path.clone(), ..Field::default() });
        field.compared += 1;
        field.different += u64::from(!one.is_same);
        if let Some(difference) = one.difference {
            let (numbers, sum) = &mut field.numbers;
            (*numbers, *sum) = (*numbers + 1, *sum + difference);
            field.largest = Some(field.largest.unwrap_or(0.0).max(difference));
            field.mean = Some(*sum / *numbers as f64);
        }
    }

    /// Keeps a row if it is one of the worst.
    pub fn add(&mut self, row: RowReport) {
        let order = |row: &RowReport| (row.badness, std::cmp::Reverse(row.row));
        let at = self.worst.partition_point(|other| order(other) > order(&row));
        if at < self.most {
            self.worst.insert(at, row);
            self.worst.truncate(self.most);
        }
    }
}

impl From<Found> for Difference {
    fn from(found: Found) -> Self {
        let shorten = |text: Option<String>| text.as_deref().map(shortened);
        Self {
            path: found.path,
            expected: shorten(found.expected),
            got: shorten(found.got),
            difference: found.difference,
        }
    }
}

/// A number stays a number.
fn as_json<S: Serializer>(text: &Option<String>, serializer: S) -> Result<S::Ok, S::Error> {
    text.as_deref().and_then(|text| serde_json::from_str::<Value>(text).ok()).serialize(serializer)
}

fn row_report(row: &Row) -> RowReport {
    RowReport { row: row.row, line: row.line, id: row.id.clone(), ..RowReport::default() }
}

fn shortened(text: &str) -> String {
    text::json::beginning(text, LONGEST)
}
