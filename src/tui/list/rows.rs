//! The rows of a list, in whatever order they came, with what takes long to find: their orders and
//! the text that a filter searches.
//!
//! Both are kept up page by page, and by the task that fetches if it can, so that no key press waits
//! for a hundred thousand comparisons of texts.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::ops::Range;

use super::pattern::Pattern;
use super::search::Search;
use super::state::Sortable;
use super::table::Column;
use crate::text;

/// One row. A column is named by its index.
pub trait Row: Sized {
    /// What the list is called in `columns.json`; empty if its columns cannot be chosen.
    const NAME: &'static str = "";
    /// All columns.
    const COLUMNS: &'static [Column];
    /// Columns whose order is kept up as rows arrive. Others are sorted on demand.
    const KEPT: &'static [usize] = &[];
    /// The order before any is chosen; `None` for that of arrival.
    const FIRST: Option<usize> = None;
    /// Whether rows are looked up often, so that an index of their ids is worth its memory.
    const INDEXED: bool = true;

    /// What distinguishes it from the others, and is the same in the next list.
    fn id(&self) -> &str;

    /// The texts that a filter finds: what each column shows.
    fn texts(&self, add: &mut dyn FnMut(usize, &str));

    /// The whole of what a column shortens. Only a longer part of it is found: two digits are somewhere in
    /// nearly every Key ID.
    fn whole(&self, _add: &mut dyn FnMut(usize, &str)) {}

    /// The text in which a filter finds the best matches first; without one they stay in the list's order.
    fn name(&self) -> Option<&str> {
        None
    }

    /// What a column shows, if its width follows its texts ([`Width::Fill`](super::Width)).
    fn filling(&self, _column: usize) -> &str {
        ""
    }

    /// What the row is sorted by.
    fn key(&self, column: usize) -> Key<'_>;

    /// The order in a column of [`Self::KEPT`].
    fn order(&self, other: &Self, column: usize) -> Ordering {
        self.key(column).cmp(&other.key(column))
    }

    /// What the rows can be sorted by, where these columns are hidden.
    fn sortable(hidden: u64) -> Sortable {
        Sortable { columns: Column::sortable(Self::COLUMNS) & !hidden, first: Self::FIRST }
    }

    /// The row was listed once more. Returns whether that changed it.
    fn renew(&mut self, newer: Self) -> bool {
        *self = newer;
        true
    }
}

/// What a row is sorted by. Rows without anything come first.
///
/// An empty text is [`Key::None`]: comparing empty texts, whose pointers are dangling, can take a hundred
/// times as long as comparing others (glibc's memcmp with AVX-512).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Key<'a> {
    None,
    Number(i64),
    Text(&'a str),
}

impl<'a> From<&'a str> for Key<'a> {
    fn from(text: &'a str) -> Self {
        if text.is_empty() { Self::None } else { Self::Text(text) }
    }
}

/// The rows of a list.
#[derive(Debug)]
pub struct Rows<R> {
    all: Vec<R>,
    by_id: HashMap<Box<str>, u32>,
    /// The orders of [`Row::KEPT`].
    kept: Vec<Vec<u32>>,
    /// The width of the widest text in each column that fills; it does not shrink.
    widest: Vec<u16>,
    /// Boxed: lists travel in messages.
    search: Box<Search>,
}

/// Notes how wide the texts of a row are.
fn widen<R: Row>(widest: &mut Vec<u16>, row: &R) {
    widest.resize(R::COLUMNS.len(), 0);
    for (column, widest) in widest.iter_mut().enumerate() {
        let width = u16::try_from(text::width(row.filling(column))).unwrap_or(u16::MAX);
        *widest = width.max(*widest);
    }
}

impl<R> Default for Rows<R> {
    fn default() -> Self {
        let (all, by_id, kept, widest) = (Vec::new(), HashMap::new(), Vec::new(), Vec::new());
        Self { all, by_id, kept, widest, search: Box::default() }
    }
}

impl<R: Row> FromIterator<R> for Rows<R> {
    fn from_iter<I: IntoIterator<Item = R>>(rows: I) -> Self {
        let mut this = Self::default();
        this.add(rows);
        this.search.shrink();
        this
    }
}

impl<R: Row> Rows<R> {
    pub fn all(&self) -> &[R] {
        &self.all
    }

    pub fn len(&self) -> usize {
        self.all.len()
    }

    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// The row with this id.
    pub fn find(&self, id: &str) -> Option<usize> {
        if R::INDEXED {
            return self.by_id.get(id).map(|at| *at as usize);
        }
        self.all.iter().position(|row| row.id() == id)
    }

    /// Adds a page. A list that changes while it is read page by page may give a row twice. Returns
    /// whether anything was new.
    pub fn add(&mut self, rows: impl IntoIterator<Item = R>) -> bool {
        let first = self.all.len();
        let mut changed = false;
        for row in rows {
            let known = if R::INDEXED { self.find(row.id()) } else { None };
            if let Some(at) = known {
                self.change(at, |old| changed |= old.renew(row));
                continue;
            }
            let Ok(at) = u32::try_from(self.all.len()) else { break };
            if R::INDEXED {
                self.by_id.insert(row.id().into(), at);
            }
            self.search.push(&row);
            widen(&mut self.widest, &row);
            self.all.push(row);
        }
        self.kept.resize_with(R::KEPT.len(), Vec::new);
        let all = &self.all;
        for (kept, column) in self.kept.iter_mut().zip(R::KEPT) {
            merge(kept, first..all.len(), |one, other| {
                all[*one as usize].order(&all[*other as usize], *column)
            });
        }
        changed || self.all.len() > first
    }

    /// Drops the rows that came first.
    pub fn drop_first(&mut self, rows: usize) {
        let left = self.all.split_off(rows.min(self.all.len()));
        let search = Box::new(Search::new(self.search.hidden()));
        *self = Self { search, ..Self::default() };
        self.add(left);
    }

    /// Changes a row, but neither its id nor what the kept orders depend on.
    pub fn change(&mut self, at: usize, change: impl FnOnce(&mut R)) {
        let Some(row) = self.all.get_mut(at) else { return };
        change(row);
        widen(&mut self.widest, row);
        self.search.change(at, row);
        if self.search.is_loose() {
            self.index(self.search.hidden());
        }
    }

    /// Columns that are not shown, one bit each.
    pub fn hidden(&self) -> u64 {
        self.search.hidden()
    }

    /// The width of the widest text in each column that fills.
    pub fn widest(&self) -> &[u16] {
        &self.widest
    }

    /// Makes the texts for the filter anew, where `hidden` are the columns that are not shown, one bit
    /// each.
    pub fn index(&mut self, hidden: u64) {
        *self.search = Search::new(hidden);
        self.all.iter().for_each(|row| self.search.push(row));
    }

    /// The kept order of a column; empty if it is not kept.
    pub fn order(&self, column: usize) -> &[u32] {
        let at = R::KEPT.iter().position(|kept| *kept == column);
        at.and_then(|at| self.kept.get(at)).map_or(&[], Vec::as_slice)
    }

    /// The rows in the order of a column, equal ones in their first order.
    pub fn sorted(&self, column: Option<usize>) -> Vec<u32> {
        let column = column.or(R::FIRST);
        if let Some(column) = column.filter(|column| R::KEPT.contains(column)) {
            return self.order(column).to_vec();
        }
        let mut rows = match R::FIRST.map(|first| self.order(first)) {
            Some(kept) if kept.len() == self.len() => kept.to_vec(),
            _ => (0..u32::try_from(self.len()).unwrap_or(u32::MAX)).collect(),
        };
        let Some(column) = column else { return rows };
        // Each row is looked at once, in the order of memory; comparing would jump to and fro.
        let mut numbers = Vec::with_capacity(self.len());
        for row in &self.all {
            match row.key(column) {
                Key::None => numbers.push(i64::MIN),
                Key::Number(number) => numbers.push(number),
                Key::Text(_) => break,
            }
        }
        if numbers.len() == self.len() {
            rows.sort_by_key(|row| numbers[*row as usize]);
        } else {
            let keys: Vec<Key<'_>> = self.all.iter().map(|row| row.key(column)).collect();
            rows.sort_by_key(|row| keys[*row as usize]);
        }
        rows
    }

    /// Which rows match, in the order of memory, which is much faster than in that of the list. `more`
    /// adds what is found in texts that change by themselves; see [`Pattern::hits`].
    pub fn passing(&self, pattern: &Pattern, more: impl FnOnce(&mut [u64])) -> Vec<bool> {
        let mut rows = self.search.hits(pattern, &self.all);
        more(&mut rows);
        rows.into_iter().map(|hits| pattern.accepts(hits)).collect()
    }
}

/// Sorts `new` and puts each of it where it belongs in `sorted`. Only where it belongs is searched for:
/// a page must not compare all the rows that were there before.
fn merge(sorted: &mut Vec<u32>, new: Range<usize>, order: impl Fn(&u32, &u32) -> Ordering) {
    let mut fresh: Vec<u32> = new.filter_map(|row| u32::try_from(row).ok()).collect();
    fresh.sort_by(&order);
    let mut end = sorted.len();
    sorted.extend_from_slice(&fresh);
    // From the last one on, so that every old row moves once, behind the fresh ones before it.
    for (before, row) in fresh.iter().enumerate().rev() {
        let is_before = |other: &u32| order(other, row) != Ordering::Greater;
        let old = &sorted[..end];
        // What arrives in this order is behind all others.
        let position = match old.last().is_none_or(is_before) {
            true => end,
            false => old.partition_point(is_before),
        };
        sorted.copy_within(position..end, position + before + 1);
        sorted[position + before] = *row;
        end = position;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::list::table::Width;

    #[derive(Debug)]
    struct Fruit(&'static str, i64);

    impl Row for Fruit {
        const COLUMNS: &'static [Column] =
            &[Column::new("NAME", Width::Fill(4)), Column::new("PRICE", Width::Fixed(5))];
        const KEPT: &'static [usize] = &[0];

        fn id(&self) -> &str {
            self.0
        }

        fn texts(&self, add: &mut dyn FnMut(usize, &str)) {
            add(0, self.0);
            add(1, &self.1.to_string());
        }

        fn whole(&self, add: &mut dyn FnMut(usize, &str)) {
            add(0, &format!("{}3f9c07d1", self.0));
        }

        fn filling(&self, column: usize) -> &str {
            if column == 0 { self.0 } else { "" }
        }

        fn key(&self, column: usize) -> Key<'_> {
            if column == 0 { self.0.into() } else { Key::Number(self.1) }
        }
    }

    fn found(rows: &Rows<Fruit>, pattern: &str) -> Vec<&'static str> {
        let passing = rows.passing(&Pattern::new(pattern), |_| {});
        rows.all().iter().zip(passing).filter(|(_, passes)| *passes).map(|(row, _)| row.0).collect()
    }

    #[test]
    fn orders_are_the_same_whatever_the_pages() {
        let fruit = [Fruit("pear", 2), Fruit("Apple", 1), Fruit("fig", 2), Fruit("date", 1)];
        let mut rows: Rows<Fruit> = Rows::default();
        for one in fruit {
            rows.add([one]);
        }
        assert_eq!(rows.sorted(None), [0, 1, 2, 3]);
        assert_eq!(rows.sorted(Some(0)), [1, 3, 2, 0]);
        assert_eq!(rows.sorted(Some(1)), [1, 3, 0, 2], "equal ones in the order received");
        assert_eq!(rows.widest(), [5, 0]);
    }

    #[test]
    fn what_is_searched_follows_the_rows_and_the_columns() {
        let mut rows: Rows<Fruit> = [Fruit("pear", 2), Fruit("Apple", 12)].into_iter().collect();
        assert_eq!(found(&rows, "2"), ["pear", "Apple"]);
        assert_eq!(found(&rows, "Apple 1"), ["Apple"]);
        assert!(found(&rows, "APPLE").is_empty());
        assert_eq!(found(&rows, "!app"), ["pear"]);
        for price in 0..2_000 {
            rows.change(0, |row| row.1 = price);
        }
        assert_eq!(found(&rows, "1999"), ["pear"]);
        assert_eq!(rows.search.changes(), 1);
        rows.add([Fruit("pear", 7)]);
        assert_eq!((rows.len(), found(&rows, "7")), (2, vec!["pear"]), "a row that comes again");
        assert!(found(&rows, "9c0").is_empty() && found(&rows, "3F9C07").is_empty(), "not seen");
        assert_eq!(found(&rows, "3f9c07"), ["pear", "Apple"], "a longer part of what is shortened");
        assert_eq!(found(&rows, "pear3f9c07d1"), ["pear"]);
        rows.index(0b10);
        assert!(found(&rows, "7").is_empty(), "its column is not shown");
        assert!(found(&rows, "Apple 12").is_empty());
    }
}
