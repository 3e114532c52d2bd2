//! The first row: where one is signed in and as whom, and how workbench and model service answer.

use std::time::Duration;

use jiff::Timestamp;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::session::contact::{ModelService, Workbench};
use super::shared::Shared;
use super::view::two_ends;
use crate::text;

/// Draws the header into its row.
pub fn header(shared: &Shared, frame: &mut Frame<'_>, row: Rect) {
    let theme = &shared.preferences.theme;
    let glyphs = shared.preferences.glyphs;
    let mut left = vec![Span::styled(" keybench  ", theme.title)];
    let mut host = None;
    if shared.session.signed_in {
        // A theme without colours stays one.
        let colour = shared.session.colour.filter(|_| theme.label.fg.is_some());
        let label = colour.map_or(theme.label, |colour| theme.label.fg(colour));
        left.push(Span::styled(text::clean(&shared.session.label).into_owned(), label));
        left.push(Span::styled(format!(" {} ", glyphs.into), theme.dim));
        left.push(Span::raw(text::clean(shared.session.user()).into_owned()));
        // A session without a profile goes by its host already.
        if shared.session.label != shared.session.host() && !shared.session.host().is_empty() {
            host = Some(left.len());
            left.push(Span::styled(format!(" @ {}", shared.session.host()), theme.dim));
        }
        if shared.session.read_only {
            left.push(Span::styled("  [RO]", theme.warn));
        }
        if shared.session.insecure {
            left.push(Span::styled("  [certificates not checked]", theme.error));
        }
    }
    let mut right = Vec::new();
    let mut version_shown = false;
    if let Some(version) = &shared.session.version {
        version_shown = true;
        right.push(Span::styled(
            format!("{}  ", text::clean(text::truncate(version, 18).as_ref())),
            theme.dim,
        ));
    }
    let width = |spans: &[Span<'_>]| spans.iter().map(Span::width).sum::<usize>();
    let fits = |left: &[Span<'_>], right: &[Span<'_>]| width(left) + 2 + width(right) <= row.width.into();
    // In need the times of what works go first, then the version, then the host; what is left keeps a
    // blank before the right end.
    let marks = |times: bool| workbench(shared, times).into_iter().chain(model_service(shared, times, true));
    let with_times: Vec<Span<'_>> = right.iter().cloned().chain(marks(true)).collect();
    match fits(&left, &with_times) {
        true => right = with_times,
        false => right.extend(marks(false)),
    }
    if version_shown && !fits(&left, &right) {
        right.remove(0);
    }
    if let Some(host) = host.filter(|_| !fits(&left, &right)) {
        left.remove(host);
    }
    // Who is signed in stays longest: before it, since when the models fail goes, then the program's name.
    if !fits(&left, &right) {
        right = workbench(shared, false).into_iter().chain(model_service(shared, false, false)).collect();
    }
    if !fits(&left, &right) && shared.session.signed_in {
        left[0] = Span::raw(" ");
    }
    right.insert(0, Span::raw(" "));
    two_ends(frame, row, Line::from(left), Line::from(right));
}

/// The mark of the workbench: how its last answer was, with `times` also since when it works.
fn workbench(shared: &Shared, times: bool) -> Vec<Span<'static>> {
    let (theme, glyphs) = (&shared.preferences.theme, shared.preferences.glyphs);
    let contact = shared.session.contacts.workbench();
    let since = since(contact.at());
    let bad = |sign: &str, style, what: &str| vec![Span::styled(format!("{sign} workbench: {what} "), style)];
    match contact.state() {
        Workbench::Unknown if shared.session.signed_in => vec![Span::styled("connecting ", theme.dim)],
        Workbench::Unknown => Vec::new(),
        Workbench::Up(took) => {
            let name = Span::raw(format!(" workbench {}", rough(*took)));
            let since = if times { format!(", up{since}") } else { String::new() };
            vec![Span::styled(glyphs.active, theme.ok), name, Span::styled(since, theme.dim), Span::raw(" ")]
        }
        Workbench::Doubtful => bad(glyphs.unknown, theme.warn, "asking"),
        Workbench::KeyRefused => bad(glyphs.expired, theme.error, &format!("key refused{since}")),
        Workbench::Strange(what) => bad(glyphs.unknown, theme.error, &format!("{what}{since}")),
        Workbench::Down => bad(glyphs.expired, theme.error, &format!("no answer{since}")),
    }
}

/// The mark of the model service: how the last call of a model was; with `times` since when it works, with
/// `failing` since when it does not. Nothing before the first.
fn model_service(shared: &Shared, times: bool, failing: bool) -> Vec<Span<'static>> {
    let (theme, glyphs) = (&shared.preferences.theme, shared.preferences.glyphs);
    let contact = shared.session.contacts.models();
    let since = since(contact.at());
    let bad = |what: &str| {
        let (sign, since) = (glyphs.expired, if failing { since.as_str() } else { "" });
        vec![Span::styled(format!(" {sign} models: {what}{since} "), theme.error)]
    };
    match contact.state() {
        ModelService::Unknown => Vec::new(),
        ModelService::Up => {
            let sign = Span::styled(format!(" {}", glyphs.active), theme.ok);
            // There is nothing to do about it, so the time steps back.
            let since = if times { since } else { String::new() };
            vec![sign, Span::raw(" models up"), Span::styled(since, theme.dim), Span::raw(" ")]
        }
        ModelService::KeyRefused => bad("401"),
        ModelService::Strange => bad("a web page"),
        ModelService::TimedOut => bad("timed out"),
        ModelService::Down => bad("no answer"),
    }
}

/// ` since 09:14`, in UTC as every time of the screen.
fn since(at: Option<Timestamp>) -> String {
    at.map(|at| at.strftime(" since %H:%M").to_string()).unwrap_or_default()
}

/// A latency to the millisecond: a header that changes with every answer costs bytes.
fn rough(took: Duration) -> String {
    match took.as_millis() {
        0 => "<1 ms".to_owned(),
        ms @ 1..10_000 => format!("{ms} ms"),
        ms => format!("{} s", ms / 1000),
    }
}
