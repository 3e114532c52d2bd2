//! The areas of the tab, for drawing and for knowing which rows are visible.

use ratatui::layout::{Margin, Rect};

use crate::tui::layout;
use crate::tui::list::ListState;
use crate::tui::list::view::rows_in;
use crate::tui::shared::Shared;

/// The area of a section in the area of the tab: all but the line that names the sections.
pub fn section(tab: Rect) -> Rect {
    Rect { y: tab.y + tab.height.min(1), height: tab.height.saturating_sub(1), ..tab }
}

/// The area inside the frame of a section at the current size.
pub fn inside(shared: &Shared) -> Rect {
    section(layout::body(shared)).inner(Margin::new(1, 1))
}

/// How many rows of a section's list are on the screen.
pub fn rows(shared: &Shared, state: &ListState) -> usize {
    rows_in(inside(shared), state)
}
