//! The picture of the state: header, tabs, the screen, the footer, and what lies over them.
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
use ratatui::layout::{Alignment, Rect};
use ratatui::text::{Line, Span, Text};

use super::app::{App, Tab};
use super::command::{COMMANDS, Command};
use super::glyphs;
use super::notices::{Level, Notice};
use super::session::Connection;
use super::{overlays, screens, update};
use crate::text;

/// The smallest terminal that the screens are made for.
pub const MIN_COLUMNS: u16 = 60;
/// The same, in rows.
pub const MIN_ROWS: u16 = 16;
/// From this size on lists and details stand side by side.
pub const WIDE_COLUMNS: u16 = 100;
/// The same, in rows.
pub const WIDE_ROWS: u16 = 30;

/// Whether there is room for list and detail side by side.
pub fn is_wide(app: &App) -> bool {
    app.size.0 >= WIDE_COLUMNS && app.size.1 >= WIDE_ROWS
}

/// Where the screen of the tab lies at the current size, so that `update` knows what is in sight.
pub fn body(app: &App) -> Rect {
    body_of(app, Rect::new(0, 0, app.size.0, app.size.1))
}

fn body_of(app: &App, area: Rect) -> Rect {
    let height = area.height.saturating_sub(3 + notice_rows(app));
    Rect { y: area.y + area.height.min(2), height, ..area }
}

fn notice_rows(app: &App) -> u16 {
    shown_notice(app).map_or(0, |notice| notice_lines(app, notice).len() as u16)
}

/// The notice below the screen; the open history shows it anyway, and whole.
fn shown_notice(app: &App) -> Option<&Notice> {
    let read = matches!(app.overlays.last(), Some(overlays::Overlay::Notices(_)));
    app.notices.current().filter(|_| !read)
}

/// A notice in at most two lines, and what to do in at most two more; the history has the rest.
fn notice_lines(app: &App, notice: &Notice) -> Vec<Line<'static>> {
    const MOST: usize = 2;
    const MARGIN: usize = 4;
    let theme = &app.preferences.theme;
    let (sign, style) = match notice.level {
        Level::Info => (app.preferences.glyphs.ok, theme.ok),
        Level::Warning => ("!", theme.warn),
        Level::Error => (app.preferences.glyphs.bad, theme.error),
    };
    let room = usize::from(app.size.0).saturating_sub(MARGIN).max(1);
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

/// Draws everything.
pub fn view(app: &App, frame: &mut Frame<'_>) {
    let area = frame.area();
    if area.width < MIN_COLUMNS || area.height < MIN_ROWS {
        frame.render_widget(Line::from(too_small(area)), area);
        if app.preferences.glyphs == &glyphs::ASCII {
            glyphs::to_ascii(frame.buffer_mut());
        }
        return;
    }
    let row = |y: u16| Rect { x: area.x, y, width: area.width, height: 1 };
    header(app, frame, row(area.y));
    tabs(app, frame, row(area.y + 1));
    let notice_rows = notice_rows(app);
    let body = body_of(app, area);
    screens::view(app, frame, body);
    if let Some(notice) = shown_notice(app) {
        let area = Rect { y: body.bottom(), height: notice_rows, ..area };
        frame.render_widget(Text::from(notice_lines(app, notice)), area);
    }
    footer(app, frame, row(area.bottom() - 1));
    overlays::view(app, frame, body);
    if app.preferences.glyphs == &glyphs::ASCII {
        glyphs::to_ascii(frame.buffer_mut());
    }
}

/// What is said where the screens have no room, in as many words as fit.
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
fn two_ends(frame: &mut Frame<'_>, row: Rect, left: Line<'_>, right: Line<'_>) {
    let right_width = u16::try_from(right.width()).unwrap_or(row.width).min(row.width);
    let left_area = Rect { width: row.width - right_width, ..row };
    let right_area = Rect { x: row.x + left_area.width, width: right_width, ..row };
    frame.render_widget(left, left_area);
    frame.render_widget(right.alignment(Alignment::Right), right_area);
}

fn header(app: &App, frame: &mut Frame<'_>, row: Rect) {
    let theme = &app.preferences.theme;
    let glyphs = app.preferences.glyphs;
    let mut left = vec![Span::styled(" keybench  ", theme.title)];
    let mut host = None;
    if app.session.signed_in {
        // A theme without colours stays one.
        let colour = app.session.colour.filter(|_| theme.label.fg.is_some());
        let label = colour.map_or(theme.label, |colour| theme.label.fg(colour));
        left.push(Span::styled(text::clean(&app.session.label).into_owned(), label));
        left.push(Span::styled(format!(" {} ", glyphs.into), theme.dim));
        left.push(Span::raw(text::clean(app.session.user()).into_owned()));
        // A session without a profile goes by its host already.
        if app.session.label != app.session.host() && !app.session.host().is_empty() {
            host = Some(left.len());
            left.push(Span::styled(format!(" @ {}", app.session.host()), theme.dim));
        }
        if app.session.read_only {
            left.push(Span::styled("  [RO]", theme.warn));
        }
        if app.session.insecure {
            left.push(Span::styled("  [certificates not checked]", theme.error));
        }
    }
    let mut right = Vec::new();
    let mut version_shown = false;
    if let Some(version) = &app.session.version {
        version_shown = true;
        right.push(Span::styled(
            format!("{}  ", text::clean(text::truncate(version, 18).as_ref())),
            theme.dim,
        ));
    }
    match app.session.connection {
        Connection::Unknown if app.session.signed_in => right.push(Span::styled("connecting ", theme.dim)),
        Connection::Unknown => {}
        Connection::Up(took) => {
            right.push(Span::styled(glyphs.active, theme.ok));
            right.push(Span::raw(format!(" {} ", rough(took))));
        }
        Connection::Strange(what) => {
            right.push(Span::styled(format!("{} {what} ", glyphs.unknown), theme.error));
        }
        Connection::Down => right.push(Span::styled(format!("{} no answer ", glyphs.expired), theme.error)),
    }
    // In need the version goes first, then the host; what is left keeps a blank before the right end.
    let width = |spans: &[Span<'_>]| spans.iter().map(Span::width).sum::<usize>();
    let fits = |left: &[Span<'_>], right: &[Span<'_>]| width(left) + 2 + width(right) <= row.width.into();
    if version_shown && !fits(&left, &right) {
        right.remove(0);
    }
    if let Some(host) = host.filter(|_| !fits(&left, &right)) {
        left.remove(host);
    }
    right.insert(0, Span::raw(" "));
    two_ends(frame, row, Line::from(left), Line::from(right));
}

/// A latency to the millisecond: a header that changes with every answer costs bytes.
fn rough(took: Duration) -> String {
    match took.as_millis() {
        0 => "<1 ms".to_owned(),
        ms @ 1..10_000 => format!("{ms} ms"),
        ms => format!("{} s", ms / 1000),
    }
}

fn tabs(app: &App, frame: &mut Frame<'_>, row: Rect) {
    let theme = &app.preferences.theme;
    let mut spans = vec![Span::raw(" ")];
    // Before there is a session there is nothing to show in them.
    let shown = if app.session.signed_in { &Tab::ALL[..] } else { &[] };
    for (n, tab) in shown.iter().copied().enumerate() {
        let current = app.signed_in_tab() == Some(tab);
        let style = if current { theme.tab_current } else { theme.tab };
        spans.push(Span::styled(format!("{} ", n + 1), theme.key));
        spans.push(Span::styled(tab.name(), style));
        spans.push(Span::raw("   "));
    }
    let running = app.requests.running();
    let right =
        match running.first().filter(|request| app.waiting(request.id) >= Some(Duration::from_millis(200))) {
            None => Line::default(),
            Some(first) => {
                let more =
                    if running.len() > 1 { format!(" (+{})", running.len() - 1) } else { String::new() };
                // The names of the tabs are whole whatever goes on.
                let tabs: usize = spans.iter().map(Span::width).sum();
                let room = usize::from(row.width).saturating_sub(tabs + 2);
                // How to give it up stays in sight, whatever it is.
                let how = if room < 40 { "Ctrl-X" } else { "Ctrl-X cancels" };
                let tail = format!("{more}  {how}");
                let what = text::clean(&first.what);
                let what = text::truncate(&what, room.saturating_sub(text::width(&tail) + 1)).into_owned();
                Line::from(vec![
                    Span::styled(app.spinner(), theme.accent),
                    Span::styled(format!(" {what}{tail}"), theme.dim),
                    Span::raw(" "),
                ])
            }
        };
    two_ends(frame, row, Line::from(spans), right);
}

/// The keys that matter now: the innermost context's first, then what works everywhere.
fn footer(app: &App, frame: &mut Frame<'_>, row: Rect) {
    let theme = &app.preferences.theme;
    let contexts = update::contexts(app);
    let typing = update::typing(app);
    let mut entries: Vec<(usize, u8, String, String)> = Vec::new();
    for entry in COMMANDS.iter().filter(|entry| entry.hint > 0 && app.allows(entry)) {
        let Some(depth) = contexts.iter().position(|context| entry.contexts.contains(context)) else {
            continue;
        };
        let Some(key) = app.keymap.working_key(entry, &contexts, typing) else { continue };
        let word = update::word(app, entry.command).unwrap_or_else(|| entry.short.to_owned());
        if !word.is_empty() {
            entries.push((depth, entry.hint, key, word));
        }
    }
    entries.sort_by_key(|(depth, hint, ..)| (*hint >= 79, *depth, *hint));
    if update::modal(app) || !app.session.signed_in {
        entries.retain(|(_, hint, ..)| *hint != 81);
    }
    let last = if update::modal(app) {
        Some(Command::Back)
    } else {
        (!app.session.signed_in).then_some(Command::Quit)
    };
    if let Some(entry) = COMMANDS.iter().find(|entry| Some(entry.command) == last) {
        let word = update::word(app, entry.command).unwrap_or_else(|| entry.short.to_owned());
        entries.push((usize::MAX, 83, app.keymap.key_of(entry), word));
    }
    let width = |(_, _, key, word): &(usize, u8, String, String)| text::width(key) + text::width(word) + 3;
    let (mut ours, everywhere): (Vec<_>, Vec<_>) = entries.into_iter().partition(|(_, hint, ..)| *hint < 79);
    let kept: usize = everywhere.iter().map(width).sum();
    let room = usize::from(row.width).saturating_sub(kept + 1);
    while ours.iter().map(width).sum::<usize>() > room {
        ours.pop();
    }
    let spans = |entries: &[(usize, u8, String, String)]| -> Vec<Span<'static>> {
        let one = |(_, _, key, word): &(usize, u8, String, String)| {
            [Span::styled(format!(" {key}"), theme.key), Span::raw(format!(" {word} "))]
        };
        entries.iter().flat_map(one).collect()
    };
    two_ends(frame, row, Line::from(spans(&ours)), Line::from(spans(&everywhere)));
}
