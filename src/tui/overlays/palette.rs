//! The palette: commands, API keys, models and projects, found as in any list.

use std::borrow::Cow;

use crossterm::event::{KeyCode, KeyEvent};
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::Line;

use crate::text;
use crate::tui::call::ListScope;
use crate::tui::command::{self, COMMANDS, Command, Entry, KeyContext};
use crate::tui::event::{Destination, Event, Listing, Named};
use crate::tui::layer::{Layer, Outcome, Readiness};
use crate::tui::layout::body;
use crate::tui::list::{Column, Key, List, ListView, Row, Shown, Width};
use crate::tui::parts::dialog::{centred, frame_box, inside_box};
use crate::tui::shared::Shared;
use crate::tui::tab::Tab;

/// How many projects, keys and models are searched, so that a key press does not wait for a hundred
/// thousand names. The filters of the tables search all.
const SEARCHED: usize = 5_000;

/// What choosing an item does.
#[derive(Debug, Clone)]
enum Target {
    Run(Command),
    /// The same in another part of the program.
    RunIn(Tab, KeyContext, Command),
    Go(Destination),
}

#[derive(Debug, Clone)]
struct Item {
    /// `command`, `project`, `key`, `model`, or the tab that a command is of.
    kind: &'static str,
    name: String,
    /// The key, or another note at the right.
    note: String,
    target: Target,
    /// Two tabs may know one project: it is listed once, at its first position.
    id: String,
}

impl Item {
    fn new(kind: &'static str, name: String, note: String, target: Target) -> Self {
        let id = match &target {
            Target::Run(_) | Target::RunIn(..) => format!("{kind} {name} {note}"),
            // The name of a project says what it leads to.
            Target::Go(to) => {
                format!("{kind} {} {}", matches!(to, Destination::Collaborators(_)), to.id())
            }
        };
        Self { kind, name, note, target, id }
    }
}

impl Row for Item {
    const COLUMNS: &'static [Column] = &[
        Column::new("", Width::Fixed(8)).unsorted(),
        Column::new("", Width::Fill(20)).unsorted(),
        Column::new("", Width::Fixed(13)).right().unsorted(),
    ];

    fn id(&self) -> &str {
        &self.id
    }

    fn texts(&self, add: &mut dyn FnMut(usize, &str)) {
        add(0, self.kind);
        add(1, &self.name);
        add(2, &self.note);
    }

    fn name(&self) -> Option<&str> {
        Some(&self.name)
    }

    fn key(&self, _column: usize) -> Key<'_> {
        Key::None
    }
}

/// The state of the palette.
#[derive(Debug)]
pub struct Palette {
    commands: Vec<Item>,
    /// Commands of other parts of the program: they come last.
    elsewhere: Vec<Item>,
    /// What the tabs know, each with how far it has read it.
    names: Vec<(Tab, Vec<Item>, Listing)>,
    /// All of them, with what is typed as the filter.
    items: List<Item>,
    /// Nothing is looked for that lies elsewhere.
    commands_only: bool,
}

impl Palette {
    /// For a screen with these contexts, innermost first.
    pub fn new(shared: &Shared, contexts: Vec<KeyContext>) -> Self {
        let mut palette = Self {
            commands: commands(shared, &contexts),
            elsewhere: elsewhere(shared, &contexts),
            names: Vec::new(),
            items: List::default(),
            commands_only: false,
        };
        palette.items.state.filter.open();
        palette.list();
        palette
    }

    /// The same without names of elsewhere: a dialog stays where it is.
    pub fn of_commands(shared: &Shared, contexts: Vec<KeyContext>) -> Self {
        let mut palette = Self::new(shared, contexts);
        (palette.commands_only, palette.elsewhere) = (true, Vec::new());
        palette.list();
        palette
    }

    /// Lists commands and names. The selection stays.
    fn list(&mut self) {
        let names = self.names.iter().flat_map(|(_, names, _)| names);
        self.items.replace(self.commands.iter().chain(names).chain(&self.elsewhere).cloned().collect());
    }

    /// A tab has learned these names.
    fn take(&mut self, from: Tab, names: &[Named], state: &Listing) {
        let items = names.iter().map(|named| {
            let kind = named.destination.kind();
            // A project leads to several things: which one is a part of its name.
            let name = match named.note {
                "" => named.name.clone(),
                note => format!("{}: {note}", named.name),
            };
            Item::new(kind, name, String::new(), Target::Go(named.destination.clone()))
        });
        self.names.retain(|(tab, ..)| *tab != from);
        self.names.push((from, items.collect(), state.clone()));
        self.names.sort_by_key(|(tab, ..)| tab.index());
        self.list();
    }

    /// The box, in the area of a tab, and in it the field, a line about what is missing, and the items.
    fn areas(area: Rect) -> (Rect, [Rect; 3]) {
        let outer = centred(area, 66, 18);
        let rows = [Constraint::Length(1), Constraint::Length(1), Constraint::Fill(1)];
        (outer, inside_box(outer).layout(&Layout::vertical(rows)))
    }

    fn step(&mut self, shared: &Shared, command: Command) -> Outcome {
        let (_, [.., items]) = Self::areas(body(shared));
        self.items.command(command, items.height.into());
        Outcome::done()
    }

    /// Whether more models would not be searched anyway.
    fn is_full(&self) -> bool {
        self.items.all().iter().filter(|item| item.kind == "model").count() >= SEARCHED
    }

    /// Asks the tabs for models and projects that are not known here yet.
    fn missing(&self, shared: &Shared) -> Option<String> {
        let (_, _, state) = self.names.iter().find(|(tab, ..)| *tab == Tab::Models)?;
        match state {
            Listing::Reading => Some("models and projects are being listed".to_owned()),
            Listing::Unread => {
                Some("models and projects are not listed yet; opening their tab lists them".to_owned())
            }
            Listing::Failed(error) => Some(format!("models and projects could not be listed: {error}")),
            Listing::Complete(scope) => {
                let (tab, more) = (shared.key_of(Command::TabModels), shared.key_of(Command::ModelScope));
                (self.items.state.is_empty() && *scope != ListScope::All.label())
                    .then(|| format!("searched: the models listed now ({scope}); {tab} {more} lists others"))
            }
        }
    }
}

/// The commands that make sense in these contexts.
fn commands(shared: &Shared, contexts: &[KeyContext]) -> Vec<Item> {
    // Matches of this screen come before those that work everywhere.
    let mut entries: Vec<_> = COMMANDS.iter().filter(|entry| shared.allows(entry)).collect();
    entries.sort_by_key(|entry| entry.contexts.contains(&KeyContext::Global));
    let wanted = entries.into_iter().filter(|entry| {
        let here = entry.contexts.iter().any(|context| contexts.contains(context));
        here && !is_step(entry)
    });
    let item = |entry: &Entry| {
        Item::new("command", entry.name.to_owned(), shared.keymap.key_of(entry), Target::Run(entry.command))
    };
    wanted.map(item).collect()
}

/// Whether a command only moves.
fn is_step(entry: &Entry) -> bool {
    let step = [Command::Palette, Command::Back, Command::Open, Command::NextPart, Command::PreviousPart];
    entry.contexts.contains(&KeyContext::List) || step.contains(&entry.command)
}

/// Where the commands of each tab work.
const PARTS: [(Tab, KeyContext); 6] = [
    (Tab::Settings, KeyContext::Keys),
    (Tab::Models, KeyContext::Models),
    (Tab::Admin, KeyContext::Users),
    (Tab::Admin, KeyContext::Security),
    (Tab::Admin, KeyContext::Projects),
    (Tab::Admin, KeyContext::AllKeys),
];

/// The commands of other parts of the program, each with the tab that it is of.
fn elsewhere(shared: &Shared, contexts: &[KeyContext]) -> Vec<Item> {
    let mut items = Vec::new();
    let mut seen: Vec<&str> = Vec::new();
    for (tab, context) in PARTS {
        for entry in command::in_context(context).filter(|entry| shared.allows(entry) && !is_step(entry)) {
            let here = entry.contexts.iter().any(|context| contexts.contains(context));
            if here || seen.contains(&entry.id) {
                continue;
            }
            seen.push(entry.id);
            let target = Target::RunIn(tab, context, entry.command);
            items.push(Item::new(tab.name(), entry.name.to_owned(), shared.keymap.key_of(entry), target));
        }
    }
    items
}

impl Layer for Palette {
    fn name(&self) -> &'static str {
        "palette"
    }

    fn contexts(&self, _shared: &Shared) -> Vec<KeyContext> {
        vec![KeyContext::Palette]
    }

    fn typing(&self, _shared: &Shared) -> bool {
        true
    }

    fn label(&self, _shared: &Shared, command: Command) -> Option<Cow<'static, str>> {
        let go = if self.items.state.is_empty() { "" } else { "go" };
        (command == Command::Submit).then(|| go.into())
    }

    fn enter(&mut self, _shared: &mut Shared) -> Outcome {
        if self.commands_only {
            return Outcome::done();
        }
        Outcome::event(Event::FindNames { limit: SEARCHED, again: true })
    }

    fn event(&mut self, _shared: &mut Shared, event: &Event) -> Outcome {
        match event {
            _ if self.commands_only => {}
            Event::NamesFound { from, names, state } => self.take(*from, names, state),
            // The pages of a long list cost nothing more once as many are there as are searched.
            Event::ModelsListed if !self.is_full() => {
                return Outcome::event(Event::FindNames { limit: SEARCHED, again: false });
            }
            _ => {}
        }
        Outcome::done()
    }

    /// What is searched may be a model that is being listed.
    fn readiness(&self, _shared: &Shared, _command: Command) -> Readiness {
        let is_empty = self.items.state.is_empty();
        match self.names.iter().any(|(.., state)| *state == Listing::Reading) {
            true => Readiness::of(&Listing::Reading, is_empty),
            false => Readiness::Ready,
        }
    }

    fn command(&mut self, shared: &mut Shared, command: Command) -> Outcome {
        match command {
            Command::Submit => match self.items.selected().map(|item| item.target.clone()) {
                Some(Target::Run(command)) => Outcome { run: Some(command), ..Outcome::pop() },
                Some(Target::RunIn(tab, context, command)) => {
                    let there = Event::Show(Destination::Part(tab, context));
                    Outcome { run: Some(command), ..Outcome::pop() }.and_event(there)
                }
                Some(Target::Go(destination)) => Outcome::pop().and_event(Event::Show(destination)),
                None => Outcome::pop(),
            },
            Command::NextPart => self.step(shared, Command::Down),
            Command::PreviousPart => self.step(shared, Command::Up),
            Command::Palette => Outcome::pop(),
            _ => Outcome::ignored(),
        }
    }

    fn key(&mut self, shared: &mut Shared, key: KeyEvent) -> Outcome {
        match key.code {
            KeyCode::Down => self.step(shared, Command::Down),
            KeyCode::Up => self.step(shared, Command::Up),
            KeyCode::PageDown => self.step(shared, Command::PageDown),
            KeyCode::PageUp => self.step(shared, Command::PageUp),
            _ => {
                self.items.key(key);
                Outcome::done()
            }
        }
    }

    fn paste(&mut self, _shared: &mut Shared, text: &str) -> Outcome {
        self.items.paste(text);
        Outcome::done()
    }

    fn draw(&self, shared: &Shared, frame: &mut Frame<'_>, area: Rect) {
        let theme = &shared.preferences.theme;
        let (outer, [field, missing, items]) = Self::areas(area);
        frame_box(shared, "Palette", frame, outer);
        let [sign, field] = field.layout(&Layout::horizontal([Constraint::Length(2), Constraint::Fill(1)]));
        frame.render_widget(Line::styled(":", theme.key), sign);
        self.items.state.filter.field().render(field, frame.buffer_mut(), true, &shared.styles());
        if let Some(text) = self.missing(shared) {
            frame.render_widget(Line::styled(format!("  {}", text::clean(&text)), theme.dim), missing);
        }
        if self.items.state.is_empty() {
            return frame.render_widget(Line::styled("  nothing matches", theme.dim), items);
        }
        let view = ListView::new(shared, &self.items.state, Item::COLUMNS).without_marks().framed(outer);
        view.draw_rows(frame, items, |row, cells| {
            let Some(item) = self.items.all().get(row) else { return false };
            cells.push(Shown::styled(item.kind, theme.dim));
            cells.push(Shown::new(item.name.as_str()));
            cells.push(Shown::styled(item.note.as_str(), theme.key));
            false
        });
    }
}
