//! The rows that the requests of a run are taken from.

use crate::actions::score::{BadInput, Input};
use crate::probe::ModelRequest;
use crate::probe::run::Data;

/// Most bytes of rows: a run has them in memory, so that no disk delays a request.
const MOST: usize = 64 << 20;

/// All rows of `input`, and what identifies them.
///
/// # Errors
/// A row cannot be sent, or they are too many for memory.
pub fn rows(input: &Input) -> Result<(Data, Vec<ModelRequest>), BadInput> {
    let checked = input.check()?;
    let (mut requests, mut bytes) = (Vec::new(), 0);
    let mut rows = input.rows(Some(&checked.seal))?;
    while let Some(row) = rows.next(|_| true)? {
        bytes += row.request.as_str().len();
        if bytes > MOST {
            let what =
                format!("the rows up to here have more than the {} MB that a run may have", MOST >> 20);
            return Err(input.bad_row(row.line, what));
        }
        requests.push(row.request);
    }
    Ok((Data { hash: checked.seal.hash(), rows: checked.rows }, requests))
}
