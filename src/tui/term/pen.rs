//! Colours and attributes: the shortest way from one style to the next.

use std::fmt::Write as _;

use ratatui::buffer::Cell;
use ratatui::style::{Color, Modifier};

/// What the terminal writes with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pen {
    fg: Color,
    pub bg: Color,
    pub modifier: Modifier,
}

/// Attributes with their codes for on and off. Bold and dim share [`WEIGHT_OFF`].
const ATTRIBUTES: [(Modifier, u16, u16); 7] = [
    (Modifier::BOLD, 1, WEIGHT_OFF),
    (Modifier::DIM, 2, WEIGHT_OFF),
    (Modifier::ITALIC, 3, 23),
    (Modifier::UNDERLINED, 4, 24),
    (Modifier::REVERSED, 7, 27),
    (Modifier::HIDDEN, 8, 28),
    (Modifier::CROSSED_OUT, 9, 29),
];
const WEIGHT: Modifier = Modifier::BOLD.union(Modifier::DIM);
const WEIGHT_OFF: u16 = 22;

impl Pen {
    pub const DEFAULT: Self = Self { fg: Color::Reset, bg: Color::Reset, modifier: Modifier::empty() };

    /// What a cell is written with.
    pub fn of(cell: &Cell) -> Self {
        Self { fg: cell.fg, bg: cell.bg, modifier: cell.modifier }
    }

    /// Appends the sequence that takes a terminal from this pen to another one.
    pub fn change_to(self, to: Self, frame: &mut Vec<u8>) {
        if self == to {
            return;
        }
        // Without a number a code is 0, which resets all: what begins with `;` sets everything anew.
        let (changed, anew) = (self.codes(to), Self::DEFAULT.codes(to));
        let shortest = [changed.get(1..), Some(&anew)].into_iter().flatten().min_by_key(|codes| codes.len());
        frame.extend_from_slice(b"\x1b[");
        frame.extend_from_slice(shortest.unwrap_or_default().as_bytes());
        frame.push(b'm');
    }

    /// What changes from this pen to another one, a `;` before each code.
    fn codes(self, to: Self) -> String {
        let mut codes = Codes::default();
        let mut from = self.modifier;
        let gone = from.difference(to.modifier);
        if gone.intersects(WEIGHT) {
            codes.push(WEIGHT_OFF);
            from.remove(WEIGHT);
        }
        for (modifier, _, off) in ATTRIBUTES {
            if off != WEIGHT_OFF && gone.contains(modifier) {
                codes.push(off);
            }
        }
        let added = to.modifier.difference(from);
        for (modifier, on, _) in ATTRIBUTES {
            if added.contains(modifier) {
                codes.push(on);
            }
        }
        if self.fg != to.fg {
            codes.colour(to.fg, 30);
        }
        if self.bg != to.bg {
            codes.colour(to.bg, 40);
        }
        codes.0
    }
}

/// The numbers of one SGR sequence.
#[derive(Default)]
struct Codes(String);

impl Codes {
    fn push(&mut self, code: u16) {
        let _ = write!(self.0, ";{code}");
    }

    /// `base` is 30 for the foreground, 40 for the background.
    fn colour(&mut self, colour: Color, base: u16) {
        let named = |index: u16| if index < 8 { base + index } else { base + 52 + index };
        match colour {
            Color::Reset => self.push(base + 9),
            Color::Black => self.push(named(0)),
            Color::Red => self.push(named(1)),
            Color::Green => self.push(named(2)),
            Color::Yellow => self.push(named(3)),
            Color::Blue => self.push(named(4)),
            Color::Magenta => self.push(named(5)),
            Color::Cyan => self.push(named(6)),
            Color::Gray => self.push(named(7)),
            Color::DarkGray => self.push(named(8)),
            Color::LightRed => self.push(named(9)),
            Color::LightGreen => self.push(named(10)),
            Color::LightYellow => self.push(named(11)),
            Color::LightBlue => self.push(named(12)),
            Color::LightMagenta => self.push(named(13)),
            Color::LightCyan => self.push(named(14)),
            Color::White => self.push(named(15)),
            Color::Indexed(index) => [base + 8, 5, index.into()].into_iter().for_each(|code| self.push(code)),
            Color::Rgb(r, g, b) => {
                [base + 8, 2, r.into(), g.into(), b.into()].into_iter().for_each(|code| self.push(code));
            }
        }
    }
}
