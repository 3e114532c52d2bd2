//! The terminal's cursor: the shortest way from where it is to where it is wanted.

use std::io::Write as _;

use ratatui::layout::Position;

/// Up to this many columns or rows, one control character each is no longer than a sequence.
const STEPS: u16 = 4;

/// Where the cursor is, as far as that is known.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Cursor {
    row: Option<u16>,
    /// `None` behind the last column: the terminal keeps its cursor in the margin then, although it
    /// shows it in the last column.
    column: Option<u16>,
    /// Characters were written whose width terminals see differently. The row is right all the same.
    doubtful: bool,
    /// Nothing was written in this frame: another program may have written to the terminal since.
    stale: bool,
}

impl Cursor {
    /// The top left corner.
    pub const HOME: Self = Self { row: Some(0), column: Some(0), doubtful: false, stale: false };

    pub fn position(self) -> Option<Position> {
        Some(Position { x: self.column?, y: self.row? })
    }

    /// A symbol was written where `width` columns are.
    pub fn wrote(&mut self, symbol: &str, width: u16) {
        let columns = columns(symbol);
        self.doubtful |= columns > 1 || symbol.chars().nth(1).is_some();
        self.column = self.column.map(|column| column.saturating_add(columns)).filter(|x| *x < width);
    }

    pub fn frame_ended(&mut self) {
        self.stale = true;
    }

    /// Appends what moves it to `to`.
    pub fn go(&mut self, to: Position, frame: &mut Vec<u8>) {
        if self.position() == Some(to) {
            return;
        }
        let start = frame.len();
        // Once a frame the row is set anew: what another program wrote in between moves one frame at most.
        match self.row.filter(|row| !self.stale || *row == to.y) {
            None => absolute(to, frame),
            Some(row) => {
                // A column that is doubtful is not carried over to another row.
                let column = self.column.filter(|_| row == to.y || !self.doubtful);
                to_column(column, to.x, frame);
                to_row(row, to.y, frame);
                let length = frame.len() - start;
                absolute(to, frame);
                if frame.len() - start < 2 * length {
                    frame.drain(start..start + length);
                } else {
                    frame.truncate(start + length);
                }
            }
        }
        // To the right it only went on from where it was.
        let went_on = self.row == Some(to.y) && self.column.is_some_and(|x| x < to.x);
        self.doubtful &= went_on;
        (self.row, self.column, self.stale) = (Some(to.y), Some(to.x), false);
    }
}

/// So many columns a symbol takes.
pub(super) fn columns(symbol: &str) -> u16 {
    // Nearly all are ASCII.
    if symbol.len() == 1 { 1 } else { u16::try_from(crate::text::width(symbol).max(1)).unwrap_or(1) }
}

/// CUP, without the numbers that are 1.
fn absolute(to: Position, frame: &mut Vec<u8>) {
    frame.extend_from_slice(b"\x1b[");
    if to.y > 0 {
        let _ = write!(frame, "{}", to.y + 1);
    }
    if to.x > 0 {
        let _ = write!(frame, ";{}", to.x + 1);
    }
    frame.push(b'H');
}

fn to_column(from: Option<u16>, to: u16, frame: &mut Vec<u8>) {
    match from {
        _ if to == 0 => frame.push(b'\r'),
        Some(from) if from <= to => sequence(to - from, b'C', frame),
        Some(from) if from - to <= STEPS => steps(from - to, 0x08, frame),
        Some(from) if from - to < 10 => sequence(from - to, b'D', frame),
        _ => sequence(to + 1, b'G', frame),
    }
}

fn to_row(from: u16, to: u16, frame: &mut Vec<u8>) {
    match to.checked_sub(from) {
        Some(down) if down <= STEPS => steps(down, b'\n', frame),
        Some(down) => sequence(down, b'B', frame),
        None => sequence(from - to, b'A', frame),
    }
}

fn steps(n: u16, control: u8, frame: &mut Vec<u8>) {
    frame.extend(std::iter::repeat_n(control, n.into()));
}

/// `ESC [ n letter`, without the number when it is 1; nothing for no step.
fn sequence(n: u16, letter: u8, frame: &mut Vec<u8>) {
    if n == 0 {
        return;
    }
    frame.extend_from_slice(b"\x1b[");
    if n > 1 {
        let _ = write!(frame, "{n}");
    }
    frame.push(letter);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn way(from: Cursor, x: u16, y: u16) -> String {
        let (mut cursor, mut frame) = (from, Vec::new());
        cursor.go(Position { x, y }, &mut frame);
        assert_eq!(cursor.position(), Some(Position { x, y }));
        String::from_utf8(frame).unwrap().replace('\x1b', "^")
    }

    fn at(x: u16, y: u16) -> Cursor {
        Cursor { row: Some(y), column: Some(x), ..Cursor::default() }
    }

    #[test]
    fn each_way_is_the_shortest() {
        assert_eq!(way(Cursor::default(), 0, 0), "^[H");
        assert_eq!(way(Cursor::default(), 9, 0), "^[;10H");
        assert_eq!(way(Cursor::default(), 9, 9), "^[10;10H");
        assert_eq!(way(at(9, 9), 9, 9), "");
        assert_eq!(way(at(9, 9), 10, 9), "^[C");
        assert_eq!(way(at(9, 9), 30, 9), "^[21C");
        assert_eq!(way(at(9, 9), 7, 9), "\u{8}\u{8}");
        assert_eq!(way(at(39, 9), 32, 9), "^[7D");
        assert_eq!(way(at(39, 9), 9, 9), "^[10G");
        assert_eq!(way(at(39, 9), 0, 10), "\r\n");
        assert_eq!(way(at(39, 9), 1, 10), "^[2G\n");
        assert_eq!(way(at(39, 9), 39, 12), "\n\n\n");
        assert_eq!(way(at(39, 9), 39, 20), "^[11B");
        assert_eq!(way(at(39, 9), 39, 8), "^[A");
        assert_eq!(way(at(39, 9), 5, 2), "^[3;6H");
    }

    #[test]
    fn what_is_uncertain_stays_in_its_row() {
        let mut behind = at(38, 9);
        behind.wrote("字", 40);
        assert_eq!(behind.position(), None, "in the margin");
        assert_eq!(way(behind, 0, 10), "\r\n");
        assert_eq!(way(behind, 5, 9), "^[6G");
        let mut wide = at(20, 9);
        wide.wrote("字", 40);
        assert_eq!(way(wide, 24, 9), "^[2C");
        assert_eq!(way(wide, 22, 10), "^[23G\n");
        let mut frame = Vec::new();
        wide.go(Position { x: 24, y: 9 }, &mut frame);
        assert_eq!(way(wide, 24, 10), "^[25G\n", "still uncertain");
        wide.go(Position { x: 0, y: 10 }, &mut frame);
        wide.wrote("a", 40);
        assert_eq!(way(wide, 1, 11), "\n");
    }
}
