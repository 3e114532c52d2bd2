//! The help: every key of the screen below, made from the command table, then versions and paths.

use crossterm::event::KeyEvent;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use crate::tui::command::{self, Command, Entry, KeyContext};
use crate::tui::layer::{Layer, Outcome};
use crate::tui::layout;
use crate::tui::list::Pattern;
use crate::tui::list::filter::{Done, Filter};
use crate::tui::parts::pane::{filter_below, marked, no_match};
use crate::tui::parts::reader::{Scroll, reader};
use crate::tui::shared::Shared;

/// The help for the screen below it.
#[derive(Debug)]
pub struct Help {
    /// The contexts of that screen, innermost first.
    contexts: Vec<KeyContext>,
    scroll: Scroll,
    filter: Filter,
}

impl Help {
    /// For a screen with these contexts.
    pub fn new(contexts: Vec<KeyContext>) -> Self {
        Self { contexts, scroll: Scroll::default(), filter: Filter::default() }
    }

    fn lines(&self, shared: &Shared) -> Vec<Line<'static>> {
        let pattern = Pattern::new(self.filter.text());
        let mut lines = Vec::new();
        let mut push = |title: &'static str, rows: Vec<HelpRow>| {
            let kept: Vec<_> =
                rows.into_iter().filter(|(head, _, text, name)| pattern.keeps(&[head, text, name])).collect();
            if kept.is_empty() {
                return;
            }
            lines.push(Line::styled(title, shared.preferences.theme.title));
            lines.extend(kept.into_iter().map(|(head, style, text, _)| {
                let mut spans = vec![Span::raw("  ")];
                spans.extend(marked(shared, &pattern, &format!("{head:<16}"), style));
                spans.extend(marked(shared, &pattern, &text, shared.preferences.theme.text));
                Line::from(spans)
            }));
            lines.push(Line::default());
        };
        if shared.session.signed_in {
            push("The marks above", marks(shared));
        }
        keys(shared, &self.contexts, &mut push);
        push("Versions and files", facts(shared));
        lines.pop();
        if lines.is_empty() {
            lines.push(Line::styled(no_match(shared), shared.preferences.theme.dim));
        }
        lines
    }
}

impl Layer for Help {
    fn name(&self) -> &'static str {
        "help"
    }

    fn contexts(&self, _shared: &Shared) -> Vec<KeyContext> {
        if self.filter.is_open() {
            return vec![KeyContext::FilterField, KeyContext::Reader];
        }
        vec![KeyContext::Help, KeyContext::Reader]
    }

    fn typing(&self, _shared: &Shared) -> bool {
        self.filter.is_open()
    }

    fn command(&mut self, shared: &mut Shared, command: Command) -> Outcome {
        match command {
            _ if self.filter.command(command) != Done::Not => {
                self.scroll = Scroll::default();
                Outcome::done()
            }
            Command::Help | Command::Notices => Outcome::pop(),
            other if self.scroll.command(other, self.lines(shared), layout::body(shared)) => Outcome::done(),
            _ => Outcome::ignored(),
        }
    }

    fn key(&mut self, _shared: &mut Shared, key: KeyEvent) -> Outcome {
        self.filter.on_key(key);
        Outcome::done()
    }

    fn paste(&mut self, _shared: &mut Shared, text: &str) -> Outcome {
        self.filter.paste(text);
        Outcome::done()
    }

    fn draw(&self, shared: &Shared, frame: &mut Frame<'_>, area: Rect) {
        let area = filter_below(shared, &self.filter, frame, area);
        reader(shared, "Help", self.lines(shared), self.scroll, frame, area);
    }
}

/// A key or a fact, how it looks, what it means, and a name by which it is found too.
type HelpRow = (String, Style, String, &'static str);

/// Every key of the screen below, by context.
fn keys(shared: &Shared, contexts: &[KeyContext], push: &mut impl FnMut(&'static str, Vec<HelpRow>)) {
    let theme = &shared.preferences.theme;
    let row =
        |entry: &Entry| (shared.keymap.keys_of(entry).join(" "), theme.key, entry.doc.to_owned(), entry.name);
    let rows = |context: &KeyContext| {
        command::in_context(*context).filter(|entry| shared.allows(entry)).map(row).collect::<Vec<_>>()
    };
    // Two contexts may go by one name: a refusal, and one that can be mended.
    for same in contexts.chunk_by(|one, other| title(*one) == title(*other)) {
        if let Some(first) = same.first() {
            push(title(*first), same.iter().flat_map(rows).collect());
        }
    }
}

/// What the header says of the two services.
fn marks(shared: &Shared) -> Vec<HelpRow> {
    let (glyphs, theme) = (shared.preferences.glyphs, &shared.preferences.theme);
    let row = |what: &str, text: &str| (format!("{} {what}", glyphs.active), theme.ok, text.to_owned(), "");
    vec![
        row("workbench", "Lists and changes: how long an answer takes, since when"),
        row("models", "Model calls, which another service takes: the last one"),
    ]
}

/// Versions, and the locations of the program's files.
fn facts(shared: &Shared) -> Vec<HelpRow> {
    let version = shared.session.version.clone().unwrap_or_else(|| "unknown".to_owned());
    let facts = [
        ("keybench", env!("CARGO_PKG_VERSION").to_owned()),
        ("workbench", version),
        ("URL", shared.session.url.clone()),
    ];
    let paths = shared.preferences.paths.iter().cloned();
    let dim = shared.preferences.theme.dim;
    facts.into_iter().chain(paths).map(|(name, value)| (name.to_owned(), dim, value, "")).collect()
}

fn title(context: KeyContext) -> &'static str {
    match context {
        KeyContext::Global => "Everywhere",
        KeyContext::List => "Lists",
        KeyContext::FilterField => "Filter",
        KeyContext::Columns => "Columns",
        KeyContext::Choice | KeyContext::Saved => "Choices",
        KeyContext::Form => "Forms",
        KeyContext::Keys => "API keys",
        KeyContext::KeyForm => "New API key",
        KeyContext::Reveal => "The new key",
        KeyContext::KeyTest => "Test of a new key",
        KeyContext::Rotation | KeyContext::Successor => "Rotation",
        KeyContext::Confirm => "Questions",
        KeyContext::Profiles => "Profiles",
        KeyContext::Models => "Models",
        KeyContext::Builds => "Builds of a model",
        KeyContext::ModelPanel => "Test panel",
        KeyContext::Results => "Results",
        KeyContext::Answer => "Answer",
        KeyContext::Refusal | KeyContext::MendableRefusal => "A refused test",
        KeyContext::History => "History",
        KeyContext::Viewer => "Overview or one result",
        KeyContext::ResultView => "One result",
        KeyContext::Check | KeyContext::CheckLive => "Check",
        KeyContext::Run | KeyContext::RunLive => "Run",
        KeyContext::Admin => "Admin",
        KeyContext::Users => "Users",
        KeyContext::UserKeys => "API keys of a user",
        KeyContext::Security => "Security",
        KeyContext::AllKeys => "All keys",
        KeyContext::Services => "Services",
        KeyContext::Projects => "Projects",
        KeyContext::Collaborators => "Collaborators",
        KeyContext::Help => "Help",
        KeyContext::Reader => "Texts",
        KeyContext::Notices => "Notices",
        KeyContext::Requests => "Requests",
        KeyContext::Palette => "Palette",
    }
}
