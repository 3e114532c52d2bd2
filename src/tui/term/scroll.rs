//! Rows that only moved: if a list scrolls by one, the terminal shifts it.
//!
//! Other programs send such a list again. But every terminal since the VT102 can delete or insert
//! lines inside scrolling margins (DECSTBM with DL and IL); then only the new rows are sent.

use ratatui::buffer::Cell;
use ratatui::layout::Size;

use super::cursor::columns;

/// Fewer rows than this are sent again in fewer bytes than moving them takes thought.
const WORTH_IT: usize = 4;

/// What the terminal shows, as far as is known.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Shadow {
    width: usize,
    cells: Vec<Cell>,
}

/// Rows `top..=bottom` move by one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Move {
    pub top: usize,
    pub bottom: usize,
    pub up: bool,
}

impl Shadow {
    /// An empty screen.
    fn blank(width: u16, height: u16) -> Self {
        let width = usize::from(width);
        Self { width, cells: vec![Cell::EMPTY; width * usize::from(height)] }
    }

    /// The same screen, or an empty one if the size differs.
    pub fn sized(self, size: Size) -> Self {
        let (width, height) = (usize::from(size.width), usize::from(size.height));
        let same = self.width == width && self.cells.len() == width * height;
        if same { self } else { Self::blank(size.width, size.height) }
    }

    fn rows(&self) -> usize {
        self.cells.len().checked_div(self.width).unwrap_or(0)
    }

    fn row(&self, y: usize) -> &[Cell] {
        &self.cells[y * self.width..(y + 1) * self.width]
    }

    /// One cell; `None` outside.
    pub fn cell(&self, x: u16, y: u16) -> Option<&Cell> {
        let inside = usize::from(x) < self.width;
        self.cells.get(usize::from(y) * self.width + usize::from(x)).filter(|_| inside)
    }

    pub fn set_all(&mut self, cells: &[(u16, u16, &Cell)]) {
        cells.iter().for_each(|(x, y, cell)| self.set(*x, *y, cell));
    }

    /// Takes one cell; a wide character covers those behind it, which then hold nothing.
    fn set(&mut self, x: u16, y: u16, cell: &Cell) {
        let (x, row) = (usize::from(x), usize::from(y) * self.width);
        let end = self.width.min(x + usize::from(columns(cell.symbol())));
        let Some([first, covered @ ..]) = self.cells.get_mut(row + x..row + end) else { return };
        first.clone_from(cell);
        for covered in covered {
            covered.clone_from(cell);
            covered.set_symbol("");
        }
    }

    /// The move that saves most for `next`, if one saves enough.
    pub fn find_move(&self, next: &Self) -> Option<Move> {
        let mut best: Option<(usize, Move)> = None;
        for up in [true, false] {
            let moved = |y: usize| {
                let (to, from) = if up { (y, y + 1) } else { (y + 1, y) };
                alike(next.row(to), self.row(from))
            };
            let saves = |y: usize| {
                let to = if up { y } else { y + 1 };
                usize::from(next.row(to) != self.row(to))
            };
            let mut run: Option<(usize, usize)> = None;
            for y in 0..self.rows().saturating_sub(1) {
                if !moved(y) {
                    run = None;
                    continue;
                }
                let (top, saved) = run.unwrap_or((y, 0));
                let saved = saved + saves(y);
                run = Some((top, saved));
                if saved >= WORTH_IT && best.is_none_or(|(most, _)| saved > most) {
                    best = Some((saved, Move { top, bottom: y + 1, up }));
                }
            }
        }
        best.map(|(_, found)| found)
    }

    /// Does what the terminal does when it scrolls rows.
    pub fn apply(&mut self, by: Move) {
        let rows = &mut self.cells[by.top * self.width..(by.bottom + 1) * self.width];
        let blank = if by.up {
            rows.rotate_left(self.width);
            by.bottom
        } else {
            rows.rotate_right(self.width);
            by.top
        };
        self.cells[blank * self.width..(blank + 1) * self.width].fill(Cell::EMPTY);
    }

    /// The cells in which `next` differs, in reading order.
    pub fn differences<'a>(&self, next: &'a Self) -> Vec<(u16, u16, &'a Cell)> {
        let pairs = self.cells.iter().zip(&next.cells).enumerate();
        let differing = pairs.filter(|(_, (old, new))| old != new);
        let place = |at: usize| {
            let (x, y) = (at % self.width, at / self.width);
            (u16::try_from(x).unwrap_or(u16::MAX), u16::try_from(y).unwrap_or(u16::MAX))
        };
        differing.map(|(at, (_, new))| (place(at).0, place(at).1, new)).collect()
    }
}

/// Whether rows differ in one cell at most: the frame of a list has a mark that does not scroll with the
/// rows, and where two lists are side by side it is in the middle.
fn alike(one: &[Cell], other: &[Cell]) -> bool {
    one.iter().zip(other).filter(|(one, other)| one != other).nth(1).is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn screen(rows: &[&str]) -> Shadow {
        let mut shadow = Shadow::blank(6, u16::try_from(rows.len()).unwrap());
        for (y, row) in (0..).zip(rows) {
            for (x, c) in (0..).zip(row.chars()) {
                shadow.set(x, y, Cell::EMPTY.clone().set_char(c));
            }
        }
        shadow
    }

    #[test]
    fn a_list_that_scrolled_is_moved_and_its_frame_is_not() {
        let old = screen(&["head", "one", "two", "three", "four", "five", "foot"]);
        let new = screen(&["head", "two", "three", "four", "five", "six", "foot"]);
        let found = old.find_move(&new).unwrap();
        assert_eq!(found, Move { top: 1, bottom: 5, up: true });
        let mut moved = old.clone();
        moved.apply(found);
        assert_eq!(moved.differences(&new).len(), 3, "only the new row is sent");
        let back = new.find_move(&old).unwrap();
        assert_eq!(back, Move { top: 1, bottom: 5, up: false });
    }

    #[test]
    fn a_mark_in_the_frame_does_not_keep_the_rows_from_moving() {
        let old = screen(&["head |", "one  |", "two  #", "thre |", "four |", "five |", "foot |"]);
        let new = screen(&["head |", "two  |", "thre #", "four |", "five |", "six  |", "foot |"]);
        let found = old.find_move(&new).unwrap();
        assert_eq!(found, Move { top: 1, bottom: 5, up: true });
        let mut moved = old.clone();
        moved.apply(found);
        let sent: Vec<_> = moved.differences(&new).into_iter().map(|(x, y, _)| (x, y)).collect();
        assert_eq!(sent, [(5, 1), (5, 2), (0, 5), (1, 5), (2, 5), (5, 5)]);
    }

    #[test]
    fn a_mark_between_two_lists_does_not_either() {
        let old = screen(&["head", "on | a", "tw # b", "th | c", "fo | d", "fi | e", "foot"]);
        let new = screen(&["head", "tw | b", "th # c", "fo | d", "fi | e", "si | f", "foot"]);
        assert_eq!(old.find_move(&new).unwrap(), Move { top: 1, bottom: 5, up: true });
    }

    #[test]
    fn other_pictures_are_not_moved() {
        let old = screen(&["head", "one", "two", "three", "", "", ""]);
        let new = screen(&["head", "one", "TWO", "three", "", "", ""]);
        assert_eq!(old.find_move(&new), None);
        assert_eq!(old.find_move(&old), None);
    }
}
