//! How the Settings tab looks.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;
use ratatui::widgets::{Paragraph, Wrap};

use super::{Dialog, details, key_form, key_test, reveal, rotation};
use crate::text;
use crate::tui::app::App;
use crate::tui::screens::key_list::Selected;
use crate::tui::view::is_wide;
use crate::tui::widgets::pane::{awaited, pane, rule, words};
use crate::wire::time;

pub fn view(app: &App, frame: &mut Frame<'_>, area: Rect) {
    if is_wide(app) {
        let width = (area.width * 36 / 100).clamp(34, 60);
        let [list_area, detail_area] =
            [Rect { width: area.width - width, ..area }, Rect { x: area.right() - width, width, ..area }];
        list(app, frame, list_area, false);
        let inside = pane(app, "Details", "", false, frame, detail_area);
        let inside = Rect { x: inside.x + 1, width: inside.width.saturating_sub(2), ..inside };
        frame.render_widget(Paragraph::new(details::lines(app)).wrap(Wrap { trim: false }), inside);
    } else {
        list(app, frame, area, true);
    }
    match &app.settings.dialog {
        None => {}
        Some(Dialog::NewKey(form)) => key_form::view(app, form, frame, area),
        Some(Dialog::Reveal(shown)) => reveal::view(app, shown, frame, area),
        Some(Dialog::KeyTest(test)) => key_test::view(app, test, frame, area),
        Some(Dialog::Rotation(old_id)) => rotation::view(app, old_id, frame, area),
        Some(Dialog::Details(scroll)) => details::view(app, *scroll, frame, area),
    }
}

fn list(app: &App, frame: &mut Frame<'_>, area: Rect, with_line: bool) {
    let keys = &app.settings.keys;
    let inside = pane(app, "API keys", &keys.summary(app), true, frame, area);
    if keys.fetched.is_none() {
        let text = match (&keys.problem, &app.session.username) {
            (Some(problem), _) => format!("{problem}; Ctrl-R tries again"),
            _ if app.session.opening.is_some() => app.session.opening.clone().unwrap_or_default(),
            (None, None) => {
                let asking = app.requests.running().first().map(|request| request.id);
                awaited(app, asking.or(app.requests.last_started()), "asking who you are")
            }
            (None, Some(user)) => awaited(app, keys.loading, &format!("listing the API keys of {user}")),
        };
        return words(app, &text, frame, inside);
    }
    let foot = if with_line { 2 } else { 0 };
    let table = Rect { height: inside.height.saturating_sub(foot), ..inside };
    keys.view(app, true, frame, table);
    if keys.all().is_empty() && table.height > 4 {
        let row = Rect { x: table.x + 3, y: table.y + 3, width: table.width.saturating_sub(3), height: 1 };
        let text = "No API keys yet. Press n for a new one.";
        frame.render_widget(Line::styled(text, app.preferences.theme.dim), row);
    }
    if with_line && inside.height > foot {
        rule(app, frame, inside, table.bottom());
        let row = Rect { y: table.bottom() + 1, height: 1, ..inside };
        frame.render_widget(Line::from(summary(app)), row);
    }
}

/// The selected key in one line.
fn summary(app: &App) -> String {
    let dot = app.preferences.glyphs.separator;
    match app.settings.keys.selected() {
        None => String::new(),
        Some(Selected::Legacy) => " for cdswctl and the v1 API".to_owned(),
        Some(Selected::Key(key)) => {
            // What the row tells already is not told again: every change is sent with every move.
            let mut text = " ".to_owned();
            match (rotation::mark(app, &key.key_id), time::parse(&key.created_at)) {
                (Some(mark), _) => text.push_str(&format!("being {mark} {dot} r goes on with that")),
                (None, Some(at)) => text.push_str(&format!("created {}", at.strftime("%Y-%m-%d %H:%M UTC"))),
                (None, None) => text.push_str(&format!("created {}", key.created_at)),
            }
            let known =
                app.session.known_keys.iter().find(|known| known.key_id.as_deref() == Some(&key.key_id));
            if let Some(known) = known {
                text.push_str(&format!(" {dot} at hand, {}", text::count(known.tests, "test", "tests")));
            }
            text::clean(&text).into_owned()
        }
    }
}
