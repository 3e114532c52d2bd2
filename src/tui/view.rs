//! Draws the state: header, tabs, the screen, the footer, and the layers above.
//!
//! ```text
//!  keybench  demo ▸ owner @ localhost:8642                 26.06   ● 3 ms
//!  1 Settings   2 Models   3 Admin                     ◜ listing API keys
//! ╭ the screen of the tab ───────────────────────────────────────────────╮
//! ╰──────────────────────────────────────────────────────────────────────╯
//!  a notice, while there is one
//!  n new  r rotate  d delete                      / filter  : palette  ? help
//! ```

use std::time::Duration;

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span, Text};
use strum::VariantArray as _;

use super::command::{COMMANDS, Command, Entry, KeyContext};
use super::glyphs;
use super::header::header;
use super::layer::NOT_NOW;
use super::layout::{MIN_COLUMNS, MIN_ROWS, body_in, notice_lines};
use super::parts::write::write;
use super::shared::Shared;
use super::tab::Tab;
use super::update::Ui;
use crate::text;

/// Draws everything.
pub fn view(ui: &Ui, frame: &mut Frame<'_>) {
    let Ui { shared, stack, .. } = ui;
    let area = frame.area();
    if area.width < MIN_COLUMNS || area.height < MIN_ROWS {
        frame.render_widget(Line::from(too_small(area)), area);
    } else {
        let row = |y: u16| Rect { x: area.x, y, width: area.width, height: 1 };
        header(shared, frame, row(area.y));
        tabs(shared, stack.tab(shared), frame, row(area.y + 1));
        let body = body_in(shared, area);
        let mut layers = stack.in_sight(shared);
        // The footer is below the area that the layers above the tab cover.
        if let Some(base) = layers.next() {
            base.draw(shared, frame, body);
        }
        if let Some(notice) = shared.notices.in_sight() {
            let height = area.bottom().saturating_sub(1 + body.bottom());
            let area = Rect { y: body.bottom(), height, ..area };
            frame.render_widget(Text::from(notice_lines(shared, notice)), area);
        }
        footer(ui, frame, row(area.bottom() - 1));
        let mut layers = layers.peekable();
        if layers.peek().is_some() {
            // What has no keys now steps back; a theme that dims nothing leaves it.
            frame.buffer_mut().set_style(body, shared.preferences.theme.dim);
        }
        layers.for_each(|layer| layer.draw(shared, frame, body));
    }
    if shared.preferences.glyphs == &glyphs::ASCII {
        glyphs::to_ascii(frame.buffer_mut());
    }
}

/// The text if the screens have no room, as long as fits.
fn too_small(area: Rect) -> String {
    let (needs, has) = (format!("{MIN_COLUMNS}×{MIN_ROWS}"), format!("{}×{}", area.width, area.height));
    let lines = [
        format!("keybench needs {needs}, have {has}"),
        format!("needs {needs}, have {has}"),
        format!("needs {needs}"),
    ];
    let fits = lines.iter().find(|line| text::width(line) <= area.width.into());
    fits.cloned().unwrap_or_else(|| text::truncate(&needs, area.width.into()).into_owned())
}

/// Puts `left` at the left and `right` at the right of one row, the right one first in need.
pub(super) fn two_ends(frame: &mut Frame<'_>, row: Rect, left: Line<'_>, right: Line<'_>) {
    let right_width = u16::try_from(right.width()).unwrap_or(row.width).min(row.width);
    let middle = row.right() - right_width;
    for (line, begin, end) in [(left, row.x, middle), (right, middle, row.right())] {
        line.iter()
            .fold(begin, |x, span| write(frame.buffer_mut(), x, row.y, &span.content, end - x, span.style));
    }
}

fn tabs(shared: &Shared, current: Option<Tab>, frame: &mut Frame<'_>, row: Rect) {
    let theme = &shared.preferences.theme;
    let mut spans = vec![Span::raw(" ")];
    // Before there is a session there is nothing to show in them.
    let shown = if shared.session.signed_in { Tab::VARIANTS } else { &[] };
    for tab in shown.iter().copied() {
        let style = if current == Some(tab) { theme.tab_current } else { theme.tab };
        spans.push(Span::styled(format!("{} ", shared.key_of(tab.command())), theme.key));
        spans.push(Span::styled(tab.name(), style));
        spans.push(Span::raw("   "));
    }
    let running: Vec<_> = shared.requests.awaited().collect();
    let right = match running
        .first()
        .filter(|request| shared.waiting(request.id) >= Some(Duration::from_millis(200)))
    {
        None => Line::default(),
        Some(first) => {
            let more = if running.len() > 1 { format!(" (+{})", running.len() - 1) } else { String::new() };
            // The names of the tabs are whole whatever goes on.
            let tabs: usize = spans.iter().map(Span::width).sum();
            let room = usize::from(row.width).saturating_sub(tabs + 2);
            // The key that cancels it is never cut; that it cancels is said where all of the rest fits.
            let cancel = shared.key_of(Command::CancelRequest);
            let what = text::clean(&first.what);
            let long = format!("{more}  {cancel} cancels");
            let fits = text::width(&what) + text::width(&long) < room;
            let tail = if fits { long } else { format!("{more}  {cancel}") };
            let what = text::truncate(&what, room.saturating_sub(text::width(&tail) + 1)).into_owned();
            Line::from(vec![
                Span::styled(shared.spinner(), theme.accent),
                Span::styled(format!(" {what}{tail}"), theme.dim),
                Span::raw(" "),
            ])
        }
    };
    two_ends(frame, row, Line::from(spans), right);
}

/// The command of what is drawn at this column and row: a tab, a key of the footer.
pub fn command_at(ui: &Ui, x: u16, y: u16) -> Option<Command> {
    let (columns, rows) = ui.shared.size;
    if y == 1 && ui.shared.session.signed_in {
        let mut begin = 1;
        for tab in Tab::VARIANTS.iter().copied() {
            let end = begin + 2 + text::width(tab.name()) as u16;
            if (begin..end).contains(&x) {
                return Some(tab.command());
            }
            begin = end + 3;
        }
    }
    if y + 1 != rows {
        return None;
    }
    let (ours, everywhere) = footer_hints(ui, columns);
    let width = |hints: &[Hint]| hints.iter().map(|hint| hint.width() as u16).sum::<u16>();
    let mut begin = 0;
    let right = columns.saturating_sub(width(&everywhere));
    for (at, hint) in
        ours.iter().map(|hint| (None, hint)).chain(everywhere.iter().map(|hint| (Some(right), hint)))
    {
        begin = at.map_or(begin, |right| begin.max(right));
        let end = begin + hint.width() as u16;
        if (begin..end).contains(&x) {
            return Some(hint.command);
        }
        begin = end;
    }
    None
}

/// A key and what it does, for the footer.
struct Hint {
    command: Command,
    /// How far out the context is that it belongs to, 0 for the innermost.
    depth: usize,
    /// As in the command table.
    order: u8,
    key: String,
    label: String,
    /// Whether it does anything with what is selected.
    works: bool,
}

/// From this order on, a hint applies to every screen and is at the right.
const EVERYWHERE: u8 = 79;
/// The order of the history's hint.
const HISTORY: u8 = 78;
/// The orders of hints that lead away from the screen, if there is room for them.
const ELSEWHERE: std::ops::Range<u8> = 70..EVERYWHERE;
/// The order of the palette's hint.
const PALETTE: u8 = 81;

impl Hint {
    fn width(&self) -> usize {
        text::width(&self.key) + text::width(&self.label) + 3
    }
}

/// The keys that matter now: the innermost context's first, then what works everywhere.
fn footer(ui: &Ui, frame: &mut Frame<'_>, row: Rect) {
    let shared = &ui.shared;
    let (ours, everywhere) = footer_hints(ui, row.width);
    let key = shared.preferences.theme.key;
    let spans = |hints: &[Hint]| -> Vec<Span<'static>> {
        let one = |hint: &Hint| {
            let style = if hint.works { key } else { Style::default() };
            let key = Span::styled(hint.key.clone(), style);
            [Span::raw(" "), key, Span::raw(format!(" {} ", hint.label))]
        };
        hints.iter().flat_map(one).collect()
    };
    let left = match ui.ahead.note(shared) {
        Some(note) => Line::styled(format!(" {note}"), shared.preferences.theme.dim),
        None => Line::from(spans(&ours)),
    };
    two_ends(frame, row, left, Line::from(spans(&everywhere)));
}

/// The hints that fit: those of the screen, and those that work everywhere.
fn footer_hints(ui: &Ui, columns: u16) -> (Vec<Hint>, Vec<Hint>) {
    let (mut ours, everywhere): (Vec<_>, Vec<_>) =
        hints(ui).into_iter().partition(|hint| hint.order < EVERYWHERE);
    let kept: usize = everywhere.iter().map(Hint::width).sum();
    let room = usize::from(columns).saturating_sub(kept + 1);
    while ours.iter().map(Hint::width).sum::<usize>() > room {
        ours.pop();
    }
    (ours, everywhere)
}

fn hints(ui: &Ui) -> Vec<Hint> {
    let Ui { shared, stack, .. } = ui;
    let contexts = ui.contexts();
    let typing = ui.typing();
    let modal = stack.modal(shared);
    let label = |entry: &Entry| {
        let label = stack.top_layer(shared).and_then(|layer| layer.label(shared, entry.command));
        let filters = entry.command == Command::Submit && contexts.first() == Some(&KeyContext::FilterField);
        let short = if filters { "keep filter" } else { entry.short };
        label.map_or_else(|| short.to_owned(), std::borrow::Cow::into_owned)
    };
    let mut hints = Vec::new();
    for entry in COMMANDS.iter().filter(|entry| entry.hint > 0 && shared.allows(entry)) {
        let Some(depth) = contexts.iter().position(|context| entry.contexts.contains(context)) else {
            continue;
        };
        let Some(mut key) = shared.keymap.working_key(entry, &contexts, typing) else { continue };
        let mut label = label(entry);
        let works = label != NOT_NOW;
        if !works {
            label = entry.short.to_owned();
            key = format!("{:<1$}", shared.preferences.glyphs.none, text::width(&key));
        }
        if !label.is_empty() {
            hints.push(Hint { command: entry.command, depth, order: entry.hint, key, label, works });
        }
    }
    hints.sort_by_key(|hint| (hint.order >= EVERYWHERE, hint.depth, hint.order));
    if modal || !shared.session.signed_in {
        hints.retain(|hint| hint.order != PALETTE && !ELSEWHERE.contains(&hint.order));
    }
    // It is of tests and runs, and does not open over a dialog.
    if modal || stack.tab(shared) != Some(Tab::Models) {
        hints.retain(|hint| hint.order != HISTORY);
    }
    // Inside a part of a tab, the way out is named instead of the way to the next part.
    let top = stack.top_layer(shared);
    let inside =
        top.and_then(|layer| layer.label(shared, Command::Back)).is_some_and(|label| !label.is_empty());
    if inside {
        hints.retain(|hint| hint.order != EVERYWHERE);
    }
    let last = match modal || inside {
        // It dismisses the notice, which says so.
        true if shared.notices.takes_esc() => None,
        true => Some(Command::Back),
        false => (!shared.session.signed_in).then_some(Command::Quit),
    };
    if let Some(entry) = COMMANDS.iter().find(|entry| Some(entry.command) == last) {
        let (key, label) = (shared.keymap.key_of(entry), label(entry));
        let (depth, order) = (usize::MAX, u8::MAX);
        hints.push(Hint { command: entry.command, depth, order, key, label, works: true });
    }
    hints
}
