//! The help: every key of the screen below, made from the command table, then versions and paths.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::tui::command::{self, Command, KeyContext};
use crate::tui::layer::{Layer, Outcome};
use crate::tui::layout;
use crate::tui::parts::reader::{Scroll, reader};
use crate::tui::shared::Shared;

/// The help for the screen below it.
#[derive(Debug)]
pub struct Help {
    /// The contexts of that screen, innermost first.
    contexts: Vec<KeyContext>,
    scroll: Scroll,
}

impl Help {
    /// For a screen with these contexts.
    pub fn new(contexts: Vec<KeyContext>) -> Self {
        Self { contexts, scroll: Scroll::default() }
    }

    fn lines(&self, shared: &Shared) -> Vec<Line<'static>> {
        keys(shared, &self.contexts).into_iter().chain(facts(shared)).collect()
    }
}

impl Layer for Help {
    fn name(&self) -> &'static str {
        "help"
    }

    fn contexts(&self, _shared: &Shared) -> Vec<KeyContext> {
        vec![KeyContext::Reader]
    }

    fn command(&mut self, shared: &mut Shared, command: Command) -> Outcome {
        match command {
            Command::Help | Command::Notices => Outcome::pop(),
            other if self.scroll.command(other, self.lines(shared), layout::body(shared)) => Outcome::done(),
            _ => Outcome::ignored(),
        }
    }

    fn draw(&self, shared: &Shared, frame: &mut Frame<'_>, area: Rect) {
        reader(shared, "Help", self.lines(shared), self.scroll, frame, area);
    }
}

/// Every key of the screen below, by context.
fn keys(shared: &Shared, contexts: &[KeyContext]) -> Vec<Line<'static>> {
    let theme = &shared.preferences.theme;
    let mut lines = Vec::new();
    let mut above = None;
    for context in contexts.iter().copied() {
        // Two contexts may go by one name: a refusal, and one that can be mended.
        if above.replace(title(context)) == Some(title(context)) {
            lines.pop();
        } else {
            lines.push(Line::styled(title(context), theme.title));
        }
        for entry in command::in_context(context).filter(|entry| shared.allows(entry)) {
            lines.push(Line::from(vec![
                Span::styled(format!("  {:<16}", shared.keymap.keys_of(entry).join(" ")), theme.key),
                Span::raw(entry.doc),
            ]));
        }
        lines.push(Line::default());
    }
    lines
}

/// Versions, and the locations of the program's files.
fn facts(shared: &Shared) -> Vec<Line<'static>> {
    let theme = &shared.preferences.theme;
    let mut lines = vec![Line::styled("Versions and files", theme.title)];
    let unknown = "unknown".to_owned();
    let version = shared.session.version.clone().unwrap_or(unknown);
    let mut fact = |what: &str, value: &str| {
        lines.push(Line::from(vec![
            Span::styled(format!("  {what:<16}"), theme.dim),
            Span::raw(value.to_owned()),
        ]));
    };
    fact("keybench", env!("CARGO_PKG_VERSION"));
    fact("workbench", &version);
    fact("URL", &shared.session.url);
    for (what, path) in &shared.preferences.paths {
        fact(what, path);
    }
    lines
}

fn title(context: KeyContext) -> &'static str {
    match context {
        KeyContext::Global => "Everywhere",
        KeyContext::List => "Lists",
        KeyContext::FilterField => "Filter",
        KeyContext::Choice => "Choices",
        KeyContext::Form => "Forms",
        KeyContext::Keys => "API keys",
        KeyContext::KeyForm => "New API key",
        KeyContext::Reveal => "The new key",
        KeyContext::KeyTest => "Test of a new key",
        KeyContext::Rotation => "Rotation",
        KeyContext::Confirm => "Questions",
        KeyContext::Profiles => "Profiles",
        KeyContext::Models => "Models",
        KeyContext::ModelPanel => "Test panel",
        KeyContext::Results => "Results",
        KeyContext::Answer => "Answer",
        KeyContext::Refusal | KeyContext::MendableRefusal => "A refused test",
        KeyContext::Viewer => "Overview or one result",
        KeyContext::ResultView => "One result",
        KeyContext::Run | KeyContext::RunLive => "Run",
        KeyContext::Admin => "Admin",
        KeyContext::Users => "Users",
        KeyContext::UserKeys => "API keys of a user",
        KeyContext::Security => "Security",
        KeyContext::Projects => "Projects",
        KeyContext::Collaborators => "Collaborators",
        KeyContext::Reader => "Texts",
        KeyContext::Notices => "Notices",
        KeyContext::Palette => "Palette",
    }
}
