//! The areas of the tab, for drawing and for knowing which rows are visible.

use ratatui::layout::{Margin, Rect};

use crate::tui::layout;
use crate::tui::shared::Shared;
use crate::tui::widgets::filter::Filter;

/// The area of a section in the area of the tab: all but the line that names the sections.
pub fn section(tab: Rect) -> Rect {
    Rect { y: tab.y + tab.height.min(1), height: tab.height.saturating_sub(1), ..tab }
}

/// The area inside the frame of a section at the current size.
pub fn inside(shared: &Shared) -> Rect {
    section(layout::body(shared)).inner(Margin::new(1, 1))
}

/// How many rows of a section's table are on the screen: all but those of its head and its filter.
pub fn rows(shared: &Shared, filter: &Filter) -> usize {
    inside(shared).height.saturating_sub(1 + u16::from(filter.is_shown())).into()
}
