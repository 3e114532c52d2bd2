//! Filters, sorts and pages lists in SQL.
//!
//! A page starts after the last row of the previous page (its sort values and its ID), not after a
//! number of rows, so nothing is skipped or shown twice while rows are added.

use rusqlite::types::Value;
use rusqlite::{Connection, Row, params_from_iter};

use super::StoreError;

/// A list of the wire: the source of its rows, and what it can be filtered and sorted by.
pub struct Listing {
    /// What the row reader needs; see [`super::columns`].
    pub columns: &'static str,
    pub from: &'static str,
    /// The column that identifies rows, and that orders equal ones.
    pub id: &'static str,
    /// Keys of `search_filter`, each with the SQL that it searches.
    pub filters: &'static [(&'static str, &'static str)],
    /// Keys of `sort`, each with the SQL that it orders by; never NULL.
    pub sorts: &'static [(&'static str, &'static str)],
}

/// Which rows belong to the list at all: a condition and its values.
#[derive(Debug, Clone)]
pub struct Scope {
    pub condition: String,
    pub values: Vec<Value>,
}

impl Scope {
    pub fn new(condition: impl Into<String>, values: impl IntoIterator<Item = Value>) -> Self {
        Self { condition: condition.into(), values: values.into_iter().collect() }
    }
}

/// Which of these rows to return, and in which order.
#[derive(Debug, Clone, Default)]
pub struct Selection {
    /// SQL and the text that it must contain (case matters).
    pub filters: Vec<(&'static str, String)>,
    /// Whether one matching filter is enough; otherwise all must match.
    pub any: bool,
    /// SQL to order by, and whether descending.
    pub sorts: Vec<(&'static str, bool)>,
    /// The position of the previous page's last row: its sort values, then its ID.
    pub after: Option<Vec<Value>>,
    /// Rows per page.
    pub size: usize,
}

/// One page, and the position of its last row if another page follows.
#[derive(Debug, Clone)]
pub struct Slice<T> {
    pub items: Vec<T>,
    pub next: Option<Vec<Value>>,
}

/// Reads one page.
pub fn page<T>(
    db: &Connection,
    listing: &Listing,
    scope: &Scope,
    selection: &Selection,
    read: impl Fn(&Row) -> rusqlite::Result<T>,
) -> Result<Slice<T>, StoreError> {
    let order: Vec<(&str, bool)> =
        selection.sorts.iter().copied().chain([(listing.id, last_direction(selection))]).collect();
    let mut values = scope.values.clone();
    let mut conditions = vec![format!("({})", scope.condition)];
    conditions.extend(matching(selection, &mut values));
    if let Some(position) = &selection.after {
        conditions.push(beyond(&order, position, &mut values));
    }
    let keys = order.iter().map(|(column, _)| *column).collect::<Vec<_>>().join(", ");
    let directions: Vec<String> = order
        .iter()
        .map(|(column, down)| format!("{column} {}", if *down { "DESC" } else { "ASC" }))
        .collect();
    let sql = format!(
        "SELECT {}, {keys} FROM {} WHERE {} ORDER BY {} LIMIT {}",
        listing.columns,
        listing.from,
        conditions.join(" AND "),
        directions.join(", "),
        selection.size + 1
    );
    let mut statement = db.prepare_cached(&sql)?;
    let first_key = statement.column_count() - order.len();
    let mut rows = statement.query(params_from_iter(values))?;
    let mut items = Vec::new();
    let mut position = Vec::new();
    while let Some(row) = rows.next()? {
        if items.len() == selection.size {
            return Ok(Slice { items, next: Some(position) });
        }
        items.push(read(row)?);
        if items.len() == selection.size {
            let keys = (first_key..first_key + order.len()).map(|at| row.get::<_, Value>(at));
            position = keys.collect::<Result<_, _>>()?;
        }
    }
    Ok(Slice { items, next: None })
}

/// The number of rows that match the filters, on all pages.
pub fn count(
    db: &Connection,
    listing: &Listing,
    scope: &Scope,
    selection: &Selection,
) -> Result<i64, StoreError> {
    let mut values = scope.values.clone();
    let mut conditions = vec![format!("({})", scope.condition)];
    conditions.extend(matching(selection, &mut values));
    let sql = format!("SELECT count(*) FROM {} WHERE {}", listing.from, conditions.join(" AND "));
    Ok(db.prepare_cached(&sql)?.query_row(params_from_iter(values), |row| row.get(0))?)
}

/// The condition for the filters, if there are any; adds its values.
fn matching(selection: &Selection, values: &mut Vec<Value>) -> Option<String> {
    let conditions: Vec<String> =
        selection.filters.iter().map(|(column, _)| format!("instr({column}, ?) > 0")).collect();
    values.extend(selection.filters.iter().map(|(_, text)| Value::Text(text.clone())));
    let word = if selection.any { " OR " } else { " AND " };
    (!conditions.is_empty()).then(|| format!("({})", conditions.join(word)))
}

/// Equal rows follow the direction of the last sort key.
fn last_direction(selection: &Selection) -> bool {
    selection.sorts.last().is_some_and(|(_, down)| *down)
}

/// The condition "comes after this position in this order"; adds its values.
fn beyond(order: &[(&str, bool)], position: &[Value], values: &mut Vec<Value>) -> String {
    let mut alternatives = Vec::new();
    for (depth, (column, down)) in order.iter().enumerate() {
        let mut all: Vec<String> = order[..depth].iter().map(|(equal, _)| format!("{equal} = ?")).collect();
        all.push(format!("{column} {} ?", if *down { "<" } else { ">" }));
        alternatives.push(format!("({})", all.join(" AND ")));
        values.extend(position.iter().take(depth + 1).cloned());
    }
    format!("({})", alternatives.join(" OR "))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LISTING: Listing = Listing {
        columns: "t.name",
        from: "things t",
        id: "t.id",
        filters: &[("name", "t.name")],
        sorts: &[("name", "t.name"), ("size", "t.size")],
    };

    fn things(rows: &[(&str, i64)]) -> Connection {
        let db = Connection::open_in_memory().unwrap();
        db.execute_batch("CREATE TABLE things (id INTEGER PRIMARY KEY, name TEXT, size INTEGER)").unwrap();
        for (name, size) in rows {
            add(&db, name, *size);
        }
        db
    }

    fn add(db: &Connection, name: &str, size: i64) {
        db.execute("INSERT INTO things (name, size) VALUES (?, ?)", (name, size)).unwrap();
    }

    fn names(db: &Connection, selection: &Selection) -> Slice<String> {
        page(db, &LISTING, &Scope::new("1", []), selection, |row| row.get(0)).unwrap()
    }

    #[test]
    fn pages_follow_mixed_directions_and_equal_values() {
        let db = things(&[("a", 1), ("b", 2), ("c", 1), ("d", 2), ("e", 1)]);
        let mut selection =
            Selection { sorts: vec![("t.size", true), ("t.name", false)], size: 2, ..Default::default() };
        let mut seen = Vec::new();
        loop {
            let slice = names(&db, &selection);
            seen.extend(slice.items);
            let Some(next) = slice.next else { break };
            selection.after = Some(next);
        }
        assert_eq!(seen, ["b", "d", "a", "c", "e"]);
    }

    #[test]
    fn a_row_added_before_the_position_moves_nothing() {
        let db = things(&[("b", 1), ("c", 1), ("d", 1)]);
        let mut selection = Selection { sorts: vec![("t.name", false)], size: 2, ..Default::default() };
        let first = names(&db, &selection);
        add(&db, "a", 1);
        add(&db, "cc", 1);
        selection.after = first.next;
        assert_eq!(first.items, ["b", "c"]);
        let second = names(&db, &selection);
        assert_eq!(second.items, ["cc", "d"]);
        assert!(second.next.is_none(), "the last page has no next one, also when it is full");
    }

    #[test]
    fn filters_are_substrings_and_case_matters() {
        let db = things(&[("DSE", 1), ("dse", 1), ("100%", 1)]);
        let filtered = |text: &str| {
            let filters = vec![("t.name", text.to_owned())];
            names(&db, &Selection { filters, size: 9, ..Default::default() }).items
        };
        assert_eq!(filtered("DS"), ["DSE"]);
        assert_eq!(filtered("%"), ["100%"]);
    }
}
