//! Which columns of a list a person wants to see.

use super::rows::Row;
use super::table::Column;
use crate::tui::shared::Shared;

/// All columns, in their first order.
pub fn all(columns: &[Column]) -> Vec<usize> {
    (0..columns.len()).collect()
}

/// The columns that are shown before any are chosen.
pub fn first(columns: &[Column]) -> Vec<usize> {
    all(columns).into_iter().filter(|column| !columns[*column].on_demand).collect()
}

/// What a column is called in `columns.json`: `key-id`.
pub fn name_of(column: &Column) -> String {
    column.head.to_lowercase().replace(' ', "-")
}

/// The columns that a list of these rows shows, in their order.
pub fn chosen<R: Row>(shared: &Shared) -> Vec<usize> {
    let names = shared.preferences.columns.get(R::NAME).map(Vec::as_slice).unwrap_or_default();
    let find = |name: &String| R::COLUMNS.iter().position(|column| name_of(column) == *name);
    let mut chosen: Vec<usize> = Vec::new();
    for column in names.iter().filter_map(find) {
        if !chosen.contains(&column) {
            chosen.push(column);
        }
    }
    if chosen.is_empty() { first(R::COLUMNS) } else { chosen }
}

/// The columns that it does not show, one bit each.
pub fn hidden<R: Row>(shared: &Shared) -> u64 {
    let chosen = chosen::<R>(shared);
    all(R::COLUMNS)
        .iter()
        .filter(|column| !chosen.contains(column))
        .fold(0, |bits, column| bits | 1 << column)
}
