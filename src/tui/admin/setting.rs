//! "Default API keys expiration in days": what it is, and what it means for a key created today.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::expiry::{DEFAULT_LIFE_DAYS, Policy};
use crate::text;
use crate::tui::command::Command;
use crate::tui::parts::pane::pane;
use crate::tui::session::Expiration;
use crate::tui::shared::Shared;

/// DOCS (ml-generating-model-api-key; the menu has the name "Site Administration").
const IN_THE_WEB_PAGE: [&str; 2] =
    ["In the web page: Site Administration > Security,", "\"Default API keys expiration in days\"."];

/// Rows from which on there is room for blank ones.
const ROOMY: u16 = 13;

/// `30 days`
pub fn days(days: u32) -> String {
    text::count(days as usize, "day", "days")
}

/// Draws the frame of the section; gives the area for the lines.
pub fn frame(shared: &Shared, frame: &mut Frame<'_>, area: Rect) -> Rect {
    let inside = pane(shared, "Security", "", true, frame, area);
    Rect { x: inside.x + 1, width: inside.width.saturating_sub(2), ..inside }
}

/// On a low terminal text is worth more than blank lines.
pub fn close_up(lines: &mut Vec<Line<'_>>, inside: Rect) {
    if inside.height < ROOMY {
        lines.retain(|line| line.width() > 0);
    }
}

/// What is known about the setting, and a blank line. Only the workbench's own texts are wider than
/// 60 columns.
pub fn lines(shared: &Shared) -> Vec<Line<'static>> {
    let theme = &shared.preferences.theme;
    let mut lines = vec![Line::styled("Default API keys expiration in days", theme.title), Line::default()];
    match &shared.session.expiration {
        Expiration::Unknown => lines.push(Line::styled("reading the setting", theme.dim)),
        Expiration::Setting { name, days } => lines.extend(known(shared, name, *days)),
        Expiration::NotOffered => {
            lines.push(Line::from("This workbench does not offer the setting through its API."));
            lines.push(Line::from(format!(
                "Without it a key lasts {DEFAULT_LIFE_DAYS} days unless the administrator set less (as documented)."
            )));
            lines.push(Line::default());
            lines.extend(learned(shared));
            lines.extend(IN_THE_WEB_PAGE.map(Line::from));
        }
        Expiration::Unreadable(problem) => {
            lines.push(Line::styled(format!("It could not be read: {}", text::clean(problem)), theme.error));
            lines.push(Line::from(format!("{} tries again.", shared.key_of(Command::Refresh))));
            lines.push(Line::default());
            lines.extend(learned(shared));
            lines.extend(IN_THE_WEB_PAGE.map(Line::from));
        }
    }
    lines.push(Line::default());
    lines
}

/// The value, and what follows from it.
fn known(shared: &Shared, name: &str, life: u32) -> Vec<Line<'static>> {
    let theme = &shared.preferences.theme;
    let (policy, today) = (Policy::of_days(life), shared.today());
    let mut lines = vec![
        Line::from(vec![
            Span::styled("now       ", theme.dim),
            Span::styled(days(life), theme.title),
            Span::styled(format!("   ({})", text::clean(name)), theme.dim),
        ]),
        Line::default(),
        Line::from(format!("A key created today expires on {} by default.", policy.default_day(today))),
    ];
    if let Some(last) = policy.last_day(today) {
        lines.push(Line::from(format!("A key created today can last until {last} at most.")));
    }
    lines.push(Line::from("Keys that exist already keep their dates."));
    lines
}

/// What keys and refusals have revealed if the workbench does not publish its limit.
fn learned(shared: &Shared) -> Vec<Line<'static>> {
    let longest = shared.session.longest_life.map(|life| {
        let life = u32::try_from(life.unsigned_abs()).unwrap_or(u32::MAX);
        format!("The longest life among your own keys is {}.", days(life))
    });
    let limit = shared.session.limit_seen.sentence();
    let unknown = limit.is_none();
    let mut lines: Vec<_> = longest.into_iter().chain(limit).map(Line::from).collect();
    if unknown {
        let text = "If a date is refused for a new key, the limit is shown here.";
        lines.push(Line::styled(text, shared.preferences.theme.dim));
    }
    lines.push(Line::default());
    lines
}
