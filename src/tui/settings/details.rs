//! Everything that is known about one API key.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::is_own;
use super::rotation;
use crate::expiry;
use crate::text;
use crate::tui::app::App;
use crate::tui::screens::key_list::{Selected, sign, status};
use crate::tui::widgets::dialog::reader;
use crate::wire::time;

/// The lines about the selected row.
pub(super) fn lines(app: &App) -> Vec<Line<'static>> {
    let theme = &app.preferences.theme;
    let fact = |name: &str, value: String| {
        Line::from(vec![
            Span::styled(format!("{name:<10}"), theme.dim),
            Span::raw(text::clean(&value).into_owned()),
        ])
    };
    let key = match app.settings.keys.selected() {
        None => return Vec::new(),
        Some(Selected::Legacy) => {
            return [
                "The legacy key (v1): one for each user.",
                "",
                "It cannot be deleted and does not expire.",
                "cdswctl and the v1 API use it (Basic).",
                "Model calls do not need it.",
                "",
                "r replaces it; the old one then stops.",
            ]
            .map(Line::from)
            .into();
        }
        Some(Selected::Key(key)) => key,
    };
    let expires = time::parse(&key.expiry_date);
    let status = status(app, expires);
    let (glyph, style) = sign(app, status);
    let mut lines = vec![
        fact("Key ID", key.key_id.clone()),
        Line::from(vec![
            Span::styled("status    ", theme.dim),
            Span::styled(format!("{glyph} {}", status.word()), style),
        ]),
        fact(
            "expires",
            expires
                .map_or_else(|| key.expiry_date.clone(), |at| at.strftime("%Y-%m-%d %H:%M UTC").to_string()),
        ),
    ];
    if let Some(at) = expires {
        let days = expiry::days_between(app.today(), time::utc_day(at));
        lines
            .push(fact("", if days < 0 { format!("{} days ago", -days) } else { format!("in {days} days") }));
    }
    let created = time::parse(&key.created_at);
    lines.push(fact(
        "created",
        created.map_or_else(|| key.created_at.clone(), |at| at.strftime("%Y-%m-%d %H:%M UTC").to_string()),
    ));
    lines.push(fact(
        "audience",
        if key.audiences.is_empty() { "not told".into() } else { key.audiences.join(", ") },
    ));
    lines.push(fact("comment", if key.comments.is_empty() { "none".into() } else { key.comments.clone() }));
    if let Some(mark) = rotation::mark(app, &key.key_id) {
        lines.push(Line::default());
        lines.push(Line::styled(format!("It is being {mark}."), theme.warn));
        lines.push(Line::from("r goes on with that."));
    }
    if let Some(rotation) = app.settings.rotations.to(&key.key_id) {
        lines.push(Line::default());
        lines.push(fact("replaces", format!("{}, which still works", text::short_id(&rotation.old.key_id))));
        lines.extend(rotation.successor().map(|new| fact("", new.proof.words())));
    }
    let known = app.session.known_keys.iter().find(|known| known.key_id.as_deref() == Some(&key.key_id));
    if let Some(known) = known {
        lines.push(Line::default());
        lines.push(Line::from("Its text is known here."));
        lines.push(Line::from(format!("Used for {} here.", text::count(known.tests, "test", "tests"))));
    }
    if is_own(app, &key.key_id) {
        lines.push(Line::default());
        lines.push(Line::styled("keybench is signed in with it.", theme.accent));
    }
    lines
}

pub(super) fn view(app: &App, scroll: u16, frame: &mut Frame<'_>, area: Rect) {
    reader(app, "API key", lines(app), scroll, frame, area);
}
