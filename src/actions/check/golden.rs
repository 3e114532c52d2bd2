//! New answers written into a golden file.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use super::report::Report;
use crate::actions::score::{Columns, Error, Input, Seal};
use crate::config::replace::Replacement;
use crate::text::Members;

/// Writes the answers that differ, as `report` kept them, into the golden file that was checked. Gives
/// how many rows were changed.
///
/// # Errors
/// The file has changed since, or cannot be read or replaced; then it is left as it is.
pub fn update_golden(file: &Path, report: &Report) -> Result<u64, Error> {
    report.answers().map_or(Ok(0), |answers| update(file, report.seal.as_ref(), answers))
}

/// Replaces the member `expect` of the rows in `answers`, and leaves everything else of each row.
fn update(file: &Path, seal: Option<&Seal>, answers: &BTreeMap<u64, String>) -> Result<u64, Error> {
    let mut rows = Input::new(file, Columns::default(), true)?.rows(seal)?;
    let mut changed = 0;
    let mut input = Ok(());
    let written = Replacement::of(file).write_with(|to| {
        loop {
            let row = match rows.next(|_| true) {
                Ok(Some(row)) => row,
                Ok(None) => return Ok(()),
                Err(error) => {
                    input = Err(error);
                    return Err(io::Error::other("it cannot be read"));
                }
            };
            let text = row.input.unwrap_or_default();
            match answers.get(&row.row) {
                Some(answer) => {
                    changed += 1;
                    writeln!(to, "{}", with_answer(&text, answer)?)?;
                }
                None => writeln!(to, "{text}")?,
            }
        }
    });
    input?;
    written.map_err(|error| Error::Unwritten { file: file.to_owned(), error })?;
    Ok(changed)
}

fn with_answer(row: &str, answer: &str) -> Result<String, serde_json::Error> {
    let mut members = serde_json::from_str::<Members<'_>>(row)?.0;
    members.retain(|(name, _)| name != "expect");
    members.push(("expect".to_owned(), serde_json::from_str(answer)?));
    let members = members.iter().map(|(name, value)| Ok(format!("{}:{value}", serde_json::to_string(name)?)));
    Ok(format!("{{{}}}", members.collect::<Result<Vec<_>, serde_json::Error>>()?.join(",")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rest_of_a_row_stays_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("golden.jsonl");
        let old =
            "{\"id\":1,\"request\":{\"x\":1.50},\"expect\":1,\"why\":\"{}\"}\n{\"request\":2,\"expect\":2}\n";
        std::fs::write(&file, old).unwrap();
        let answers = BTreeMap::from([(1, "{\"y\":2.0}".to_owned())]);
        assert_eq!(update(&file, None, &answers).unwrap(), 1);
        let new = "{\"id\":1,\"request\":{\"x\":1.50},\"why\":\"{}\",\"expect\":{\"y\":2.0}}\n{\"request\":2,\"expect\":2}\n";
        assert_eq!(std::fs::read_to_string(&file).unwrap(), new);
    }
}
