//! The areas of the screen, for drawing and for knowing which rows are visible.

use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::notices::{Level, Notice};
use super::shared::Shared;
use crate::text;

/// The smallest terminal that the screens are made for.
pub const MIN_COLUMNS: u16 = 60;
/// The same, in rows.
pub const MIN_ROWS: u16 = 16;
/// From this size on, lists and details are side by side.
pub const WIDE_COLUMNS: u16 = 100;
/// The same, in rows.
pub const WIDE_ROWS: u16 = 30;

/// Whether there is room for list and detail side by side.
pub fn is_wide(shared: &Shared) -> bool {
    shared.size.0 >= WIDE_COLUMNS && shared.size.1 >= WIDE_ROWS
}

/// The area of a tab at the current size.
pub fn body(shared: &Shared) -> Rect {
    body_in(shared, Rect::new(0, 0, shared.size.0, shared.size.1))
}

/// The area of a tab in a terminal of this size.
pub fn body_in(shared: &Shared, area: Rect) -> Rect {
    let rows = shared.notices.in_sight().map_or(0, |notice| notice_lines(shared, notice).len() as u16);
    let height = area.height.saturating_sub(3 + rows);
    Rect { y: area.y + area.height.min(2), height, ..area }
}

/// A notice in at most two lines, and its hint in at most two more; the history has the rest.
pub fn notice_lines(shared: &Shared, notice: &Notice) -> Vec<Line<'static>> {
    const MOST: usize = 2;
    const MARGIN: usize = 4;
    let theme = &shared.preferences.theme;
    let (sign, style) = match notice.level {
        Level::Info => (shared.preferences.glyphs.ok, theme.ok),
        Level::Warning => ("!", theme.warn),
        Level::Error => (shared.preferences.glyphs.bad, theme.error),
    };
    let room = usize::from(shared.size.0).saturating_sub(MARGIN).max(1);
    let more = if notice.level == Level::Error { "  Esc dismiss  ! all" } else { "" };
    let cut = |words: &str, columns: usize| -> Vec<String> {
        let mut lines = text::wrap(&text::clean(words), columns.max(1));
        if lines.len() > MOST {
            lines.truncate(MOST);
            lines[MOST - 1].push('…');
        }
        lines
    };
    let mut lines = Vec::new();
    for (n, words) in cut(&notice.text, room.saturating_sub(more.len() + 1)).into_iter().enumerate() {
        let (before, after) = if n == 0 { (sign, more) } else { (" ", "") };
        lines.push(Line::from(vec![
            Span::styled(format!(" {before} "), style),
            Span::styled(words, style),
            Span::styled(after, theme.dim),
        ]));
    }
    let hint = notice.hint.as_deref().map(|hint| cut(hint, room - 1)).unwrap_or_default();
    lines.extend(hint.into_iter().map(|hint| Line::from(format!("   {hint}"))));
    lines
}
