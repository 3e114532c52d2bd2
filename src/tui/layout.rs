//! The areas of the screen, for drawing and for knowing which rows are visible.

use std::ops::RangeInclusive;

use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::command::Command;
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

/// A list, and beside it what is about its selected row: the list gets the columns that it `needs` to
/// cut nothing, the other the rest within these limits. One long text does not take the room of the other.
/// `None` where there is no room for both.
pub fn beside(area: Rect, needs: u16, limits: RangeInclusive<u16>) -> Option<(Rect, Rect)> {
    // Three fifths; a list of this many columns is no wide one.
    const NOT_WIDE: u16 = 84;
    let most = (u32::from(area.width) * 3 / 5) as u16;
    let rest = area.width.saturating_sub(needs.min(most.max(NOT_WIDE)));
    let width = rest.min(*limits.end());
    let list = Rect { width: area.width - width, ..area };
    (width >= *limits.start()).then_some((list, Rect { x: list.right(), width, ..area }))
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

/// A notice and its hint in at most four lines; the hint is cut last. The history has the rest.
pub fn notice_lines(shared: &Shared, notice: &Notice) -> Vec<Line<'static>> {
    const MOST: usize = 4;
    const MARGIN: usize = 4;
    let theme = &shared.preferences.theme;
    let (sign, style) = match notice.level {
        Level::Info => (shared.preferences.glyphs.ok, theme.ok),
        Level::Warning => ("!", theme.warn),
        Level::Error => (shared.preferences.glyphs.bad, theme.error),
    };
    let room = usize::from(shared.size.0).saturating_sub(MARGIN).max(1);
    let all = shared.key_of(Command::Notices);
    // What Esc does first is said once on the screen, and where text is typed a character is no key.
    let mut more = String::new();
    if shared.notices.takes_esc() && notice.level == Level::Error {
        more.push_str(&format!("  {} dismiss", shared.key_of(Command::Back)));
    }
    if !shared.notices.typing && notice.level == Level::Error {
        more.push_str(&format!("  {all} all"));
    }
    let wrapped = |text: &str, columns: usize| text::wrap(&text::clean(text), columns.max(1));
    let narrow = room.saturating_sub(text::width(&more) + 1);
    let mut hints = notice.hint.as_deref().map(|hint| wrapped(hint, room - 1)).unwrap_or_default();
    let all = if shared.notices.typing { "…".to_owned() } else { format!("… ({all} shows all)") };
    cut(&mut hints, MOST - 1, narrow, &all);
    let mut texts = wrapped(&notice.text, room - 1);
    cut(&mut texts, MOST - hints.len(), if hints.is_empty() { narrow } else { room }, &all);
    let count = texts.len();
    let mut lines: Vec<String> = texts.into_iter().chain(hints).collect();
    // The keys stand behind all of it, in a line of their own where the last one has no room for them.
    let full = lines.len() == MOST;
    match lines.last_mut() {
        Some(last) if text::width(last) <= narrow => {}
        Some(last) if full => *last = text::truncate(last, narrow).into_owned(),
        _ => lines.push(String::new()),
    }
    let last = lines.len() - 1;
    let line = |(n, text): (usize, String)| {
        let before = if n == 0 { sign } else { " " };
        let after = if n == last { more.clone() } else { String::new() };
        let text = if n < count { Span::styled(text, style) } else { Span::raw(text) };
        Line::from(vec![Span::styled(format!(" {before} "), style), text, Span::styled(after, theme.dim)])
    };
    lines.into_iter().enumerate().map(line).collect()
}

/// Keeps the first `most` lines; the last one then has this `end`, which names the key that shows the others.
fn cut(lines: &mut Vec<String>, most: usize, columns: usize, end: &str) {
    if lines.len() <= most {
        return;
    }
    lines.truncate(most);
    if let Some(last) = lines.last_mut() {
        let kept = text::truncate(last, columns.saturating_sub(text::width(end)));
        *last = format!("{}{end}", kept.trim_end_matches('…'));
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::tui::session::SessionState;
    use crate::tui::testing::mono;

    #[test]
    fn the_keys_of_a_notice_stand_behind_it() {
        let mut shared = Shared::new(SessionState::default(), mono(), Timestamp::UNIX_EPOCH);
        shared.size = (60, 24);
        let mut lines = |text: &str, hint: Option<&str>| {
            shared.notices.error(Timestamp::UNIX_EPOCH, text, hint.map(str::to_owned));
            let notice = shared.notices.current().unwrap().clone();
            let lines = notice_lines(&shared, &notice);
            lines.iter().map(|line| line.to_string().trim_end().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(lines("short", Some("do this")), [" ✗ short", "   do this  Esc dismiss  ! all"]);
        let whole = "a sentence that takes more than one of the lines that there are";
        assert_eq!(
            lines(whole, None),
            [" ✗ a sentence that takes more than one of the lines that", "   there are  Esc dismiss  ! all"]
        );
        assert_eq!(
            lines("a sentence that takes all of one of the lines there is", None),
            [" ✗ a sentence that takes all of one of the lines there is", "     Esc dismiss  ! all"]
        );
        let long = lines(&whole.repeat(9), Some("do this"));
        assert_eq!(long.len(), 4);
        assert!(long[2].ends_with("(! shows all)") && long[3].ends_with("  Esc dismiss  ! all"), "{long:?}");
        assert!(long.iter().all(|line| text::width(line) <= 60), "{long:?}");
    }

    #[test]
    fn the_list_has_what_it_needs_and_the_other_the_rest() {
        let shares = |width, needs| {
            let (list, other) = beside(Rect::new(0, 2, width, 27), needs, 36..=80)?;
            assert_eq!((list.x, list.right(), other.right()), (0, other.x, width));
            Some((list.width, other.width))
        };
        assert_eq!(shares(120, 79), Some((79, 41)));
        assert_eq!(shares(200, 79), Some((120, 80)), "lines that are too long are hard to read");
        assert_eq!(shares(200, 161), Some((120, 80)), "one text is too long for the list");
        assert_eq!(shares(120, 161), Some((84, 36)));
        assert_eq!(shares(100, 79), None);
        assert_eq!(shares(100, 300), None);
    }
}
