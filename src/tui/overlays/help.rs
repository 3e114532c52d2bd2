//! The help: every key of the screen below, made from the command table, then versions and paths.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::tui::app::App;
use crate::tui::command::{self, Context};
use crate::tui::screens;
use crate::tui::widgets::dialog::reader;

pub(super) fn view(app: &App, scroll: u16, frame: &mut Frame<'_>, area: Rect) {
    reader(app, "Help", lines(app), scroll, frame, area);
}

pub(super) fn lines(app: &App) -> Vec<Line<'_>> {
    let theme = &app.preferences.theme;
    let mut lines: Vec<Line<'_>> = Vec::new();
    let mut contexts = screens::contexts(app);
    contexts.push(Context::Global);
    let mut above = None;
    for context in contexts {
        // Two contexts may go by one name: a refusal, and one that can be mended.
        if above.replace(title(context)) == Some(title(context)) {
            lines.pop();
        } else {
            lines.push(Line::styled(title(context), theme.title));
        }
        for entry in command::in_context(context).filter(|entry| app.allows(entry)) {
            lines.push(Line::from(vec![
                Span::styled(format!("  {:<16}", app.keymap.keys_of(entry).join(" ")), theme.key),
                Span::raw(entry.doc),
            ]));
        }
        lines.push(Line::default());
    }
    lines.push(Line::styled("Versions and places", theme.title));
    let unknown = "not told".to_owned();
    let version = app.session.version.clone().unwrap_or(unknown);
    let mut place = |what: &str, value: &str| {
        lines.push(Line::from(vec![
            Span::styled(format!("  {what:<16}"), theme.dim),
            Span::raw(value.to_owned()),
        ]));
    };
    place("keybench", env!("CARGO_PKG_VERSION"));
    place("workbench", &version);
    place("URL", &app.session.url);
    for (what, path) in &app.preferences.paths {
        place(what, path);
    }
    lines
}

fn title(context: Context) -> &'static str {
    match context {
        Context::Global => "Everywhere",
        Context::List => "Lists",
        Context::FilterField => "Filter",
        Context::Choice => "Choices",
        Context::Form => "Forms",
        Context::Keys => "API keys",
        Context::KeyForm => "New API key",
        Context::Reveal => "The new key",
        Context::KeyTest => "Test of a new key",
        Context::Rotation => "Rotation",
        Context::Confirm => "Questions",
        Context::Profiles => "Profiles",
        Context::Models => "Models",
        Context::ModelPanel => "Test panel",
        Context::Results => "Results",
        Context::Refusal | Context::MendableRefusal => "A refused test",
        Context::Viewer => "Overview or one result",
        Context::ResultView => "One result",
        Context::Run | Context::RunLive => "Run",
        Context::Admin => "Admin",
        Context::Users => "Users",
        Context::UserKeys => "API keys of a user",
        Context::Security => "Security",
        Context::Projects => "Projects",
        Context::Collaborators => "Collaborators",
        Context::Reader => "Texts",
        Context::Notices => "Notices",
        Context::Palette => "Palette",
    }
}
