//! The bordered parts of a screen.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::symbols::border::Set;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Borders, Clear, Paragraph, Widget, Wrap};

use crate::text;
use crate::tui::command::Command;
use crate::tui::list::Pattern;
use crate::tui::list::filter::Filter;
use crate::tui::requests::RequestId;
use crate::tui::shared::Shared;

/// Draws a border with a title at the left and a note at the right, without the last parts of the note
/// where they have no room; returns the inner area.
pub fn pane(
    shared: &Shared,
    title: &str,
    note: &str,
    focused: bool,
    frame: &mut Frame<'_>,
    area: Rect,
) -> Rect {
    let theme = &shared.preferences.theme;
    let room = usize::from(area.width).saturating_sub(text::width(title) + 8);
    let separator = format!(" {} ", shared.preferences.glyphs.separator);
    let mut note = note;
    while let Some((begin, _)) = note.rsplit_once(&separator).filter(|_| text::width(note) > room) {
        note = begin;
    }
    let note = match &*text::truncate(note, room) {
        "" => Line::default(),
        note => Line::styled(format!(" {note} "), theme.dim),
    };
    bordered(shared, frame, area, Line::styled(format!(" {title} "), theme.title), note, focused);
    Block::bordered().inner(area)
}

/// Draws a border with a title at the left and a note at the right.
pub fn bordered(
    shared: &Shared,
    frame: &mut Frame<'_>,
    area: Rect,
    title: Line<'_>,
    note: Line<'_>,
    focused: bool,
) {
    let theme = &shared.preferences.theme;
    let block = Block::new().border_set(shared.preferences.glyphs.border).border_style(if focused {
        theme.focused
    } else {
        theme.border
    });
    // A block for each side: one around the area would style every cell in it.
    let sides = [
        (Borders::LEFT, area.columns().next()),
        (Borders::RIGHT, area.columns().next_back()),
        (Borders::ALL - Borders::TOP, area.rows().next_back()),
    ];
    for (borders, side) in sides {
        block.clone().borders(borders).render(side.unwrap_or_default(), frame.buffer_mut());
    }
    let top = area.rows().next().unwrap_or_default();
    let block = block.borders(Borders::ALL - Borders::BOTTOM).title(title).title(note.right_aligned());
    block.render(top, frame.buffer_mut());
}

/// The text if a filter matches no row.
pub fn no_match(shared: &Shared) -> String {
    format!("nothing matches the filter; {} clears it", shared.key_of(Command::Back))
}

/// Text instead of a table, a blank column off the border.
pub fn message(shared: &Shared, message: &str, frame: &mut Frame<'_>, inside: Rect) {
    let place = Rect { x: inside.x + inside.width.min(1), width: inside.width.saturating_sub(2), ..inside };
    let message = Paragraph::new(text::clean(message).into_owned()).wrap(Wrap { trim: true });
    frame.render_widget(message.style(shared.preferences.theme.dim), place);
}

/// The text while a list is empty: `what` before and during its request, afterwards that it was
/// cancelled and which key asks again.
pub fn awaited(shared: &Shared, request: Option<RequestId>, what: &str) -> String {
    if request.is_none_or(|id| shared.requests.waits_for(id)) {
        return what.to_owned();
    }
    format!("cancelled: {what}; {} tries again", shared.key_of(Command::Refresh))
}

/// A horizontal rule across a pane with this inner area, joined to its border.
pub fn rule(shared: &Shared, frame: &mut Frame<'_>, inside: Rect, y: u16) {
    let glyphs = shared.preferences.glyphs;
    let signs = Set { top_left: glyphs.joint_left, top_right: glyphs.joint_right, ..glyphs.border };
    let line = Block::new().borders(Borders::ALL - Borders::BOTTOM).border_set(signs);
    let row = Rect { x: inside.x.saturating_sub(1), width: inside.width + 2, y, height: 1 };
    line.border_style(shared.preferences.theme.focused).render(row, frame.buffer_mut());
}

/// Draws a filter into the last row of a pane if it is shown; returns the area above it.
pub fn filter_row(shared: &Shared, filter: &Filter, frame: &mut Frame<'_>, area: Rect) -> Rect {
    if !filter.is_shown() || area.height < 2 {
        return area;
    }
    let theme = &shared.preferences.theme;
    let row = Rect { y: area.bottom() - 1, height: 1, ..area };
    let sign = Line::styled("/", if filter.is_open() { theme.key } else { theme.dim });
    frame.render_widget(
        sign,
        Rect { x: row.x + row.width.min(1), width: row.width.saturating_sub(1).min(1), ..row },
    );
    let field = Rect { x: row.x + row.width.min(3), width: row.width.saturating_sub(4), ..row };
    filter.field().render(field, frame.buffer_mut(), filter.is_open(), &shared.styles());
    Rect { height: area.height - 1, ..area }
}

/// The same under a text that lies over a tab.
pub fn filter_below(shared: &Shared, filter: &Filter, frame: &mut Frame<'_>, area: Rect) -> Rect {
    if filter.is_shown() {
        frame.render_widget(
            Clear,
            Rect { y: area.bottom().saturating_sub(1), height: area.height.min(1), ..area },
        );
    }
    filter_row(shared, filter, frame, area)
}

/// A text with what a filter finds in it marked.
pub fn marked(shared: &Shared, pattern: &Pattern, text: &str, style: Style) -> Vec<Span<'static>> {
    let mut found: Vec<_> = pattern.marks(text).collect();
    found.sort_by_key(|found| found.start);
    let mut spans = Vec::new();
    let mut end = 0;
    for found in found {
        let start = found.start.max(end);
        if start < found.end {
            spans.push(Span::styled(text[end..start].to_owned(), style));
            spans.push(Span::styled(
                text[start..found.end].to_owned(),
                style.patch(shared.preferences.theme.matched),
            ));
            end = found.end;
        }
    }
    spans.push(Span::styled(text[end..].to_owned(), style));
    spans
}
