//! Every screen and every dialog can be drawn at every size, and nothing runs over its frame.

use crate::tui_support::pictures::PICTURES;
use keybench::tui::layout::{MIN_COLUMNS, MIN_ROWS};
use keybench::tui::msg::Msg;
use keybench::tui::testing::{Harness, text};
use keybench::tui::{Ui, view};
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::{Terminal, TerminalOptions, Viewport};

const LARGEST: (u16, u16) = (200, 60);
/// From 100×30 on the layout is the wide one, and only widens.
const DENSE: (u16, u16) = (104, 34);
const SHARES: usize = 89;
const DENSE_SHARES: usize = 5;

/// A frame of this size, without a terminal to compare it with.
fn drawn(ui: &Ui, columns: u16, rows: u16) -> Buffer {
    let viewport = Viewport::Fixed(Rect::new(0, 0, columns, rows));
    let mut terminal = Terminal::with_options(TestBackend::new(1, 1), TerminalOptions { viewport }).unwrap();
    let mut frame = terminal.get_frame();
    view::view(ui, &mut frame);
    std::mem::take(frame.buffer_mut())
}

/// The sizes of one picture. From just below the smallest to `DENSE`, where layouts change, each size has
/// one picture in `DENSE_SHARES`, in turn, and each picture every row and column; each of the others has
/// one in `SHARES`. `KEYBENCH_ALL_SIZES=1` draws every picture at all of them, which takes minutes without
/// optimisation (`.ci/long`).
fn sizes(number: usize) -> impl Iterator<Item = (u16, u16)> {
    let all = std::env::var_os("KEYBENCH_ALL_SIZES").is_some();
    let every = move |one_in: usize, columns: u16, rows: u16| {
        (usize::from(columns) + 7 * usize::from(rows) + number).is_multiple_of(one_in)
    };
    (1..=LARGEST.1).flat_map(|rows| (1..=LARGEST.0).map(move |columns| (columns, rows))).filter(
        move |&(columns, rows)| {
            let dense =
                (MIN_COLUMNS - 1..=DENSE.0).contains(&columns) && (MIN_ROWS - 1..=DENSE.1).contains(&rows);
            all || every(if dense { DENSE_SHARES } else { SHARES }, columns, rows)
        },
    )
}

/// Draws every `of`th picture, beginning with number `first`.
fn sweep(first: usize, of: usize) {
    for (number, picture) in PICTURES.iter().enumerate().skip(first).step_by(of) {
        let mut harness = (picture.open)();
        for (columns, rows) in sizes(number) {
            harness.send(Msg::Resize(columns, rows));
            harness.effects.clear();
            let buffer = drawn(&harness.ui, columns, rows);
            if columns < MIN_COLUMNS || rows < MIN_ROWS {
                assert_eq!(text(&buffer), polite(columns, rows), "{} at {columns}x{rows}", picture.name);
            } else if (columns + rows).is_multiple_of(3)
                && let Some((x, y)) = frames::broken(&buffer)
            {
                let screen = text(&buffer);
                panic!("{} at {columns}x{rows}: the frame is broken at {x},{y}\n{screen}", picture.name);
            }
        }
    }
}

/// What is left below the smallest size.
fn polite(columns: u16, rows: u16) -> String {
    let words = [
        format!("keybench needs 60×16, have {columns}×{rows}"),
        format!("needs 60×16, have {columns}×{rows}"),
        "needs 60×16".to_owned(),
        keybench::text::truncate("60×16", columns.into()).into_owned(),
    ];
    let line = words.into_iter().find(|line| line.chars().count() <= columns.into()).unwrap_or_default();
    line + &"\n".repeat(rows.into())
}

#[test]
fn every_picture_at_every_size_1() {
    sweep(0, 4);
}

#[test]
fn every_picture_at_every_size_2() {
    sweep(1, 4);
}

#[test]
fn every_picture_at_every_size_3() {
    sweep(2, 4);
}

#[test]
fn every_picture_at_every_size_4() {
    sweep(3, 4);
}

#[test]
fn below_the_smallest_size_one_polite_line_is_left() {
    let harness = Harness::new();
    let text = |columns, rows| text(&drawn(&harness.ui, columns, rows));
    assert_eq!(text(59, 16), polite(59, 16));
    assert_eq!(text(60, 15).trim_end(), "keybench needs 60×16, have 60×15");
    assert!(text(60, 16).contains("API keys"));
}

/// Frames in a picture, found by their corners.
mod frames {
    use ratatui::buffer::Buffer;
    use ratatui::layout::Rect;

    /// Signs that a frame's sides are made of; the last is the scroll mark.
    const SIDES: [&str; 4] = ["│", "├", "┤", "┃"];

    /// Where something was written over the side of a frame that no other frame covers there.
    pub fn broken(buffer: &Buffer) -> Option<(u16, u16)> {
        let frames = all(buffer);
        for frame in &frames {
            for y in frame.y + 1..frame.bottom() - 1 {
                for x in [frame.x, frame.right() - 1] {
                    let whole = SIDES.contains(&buffer[(x, y)].symbol());
                    let covered = || frames.iter().any(|other| other != frame && covers(*other, x, y));
                    if !whole && !covered() {
                        return Some((x, y));
                    }
                }
            }
        }
        None
    }

    /// Whether a cell lies in the frame, or in the margin that it keeps.
    fn covers(frame: Rect, x: u16, y: u16) -> bool {
        (frame.y..frame.bottom()).contains(&y) && (frame.x.saturating_sub(1)..=frame.right()).contains(&x)
    }

    fn all(buffer: &Buffer) -> Vec<Rect> {
        let sign = |x: u16, y: u16| buffer[(x, y)].symbol();
        let Rect { width, height, .. } = buffer.area;
        let mut frames = Vec::new();
        for (x, y) in (0..height).flat_map(|y| (0..width).map(move |x| (x, y))) {
            if sign(x, y) != "╭" {
                continue;
            }
            let closed = |right: &u16, bottom: &u16| sign(x, *bottom) == "╰" && sign(*right, *bottom) == "╯";
            let found = (x + 1..width).filter(|right| sign(*right, y) == "╮").find_map(|right| {
                let bottom = (y + 1..height).find(|bottom| closed(&right, bottom))?;
                Some(Rect::new(x, y, right - x + 1, bottom - y + 1))
            });
            frames.extend(found);
        }
        frames
    }
}
