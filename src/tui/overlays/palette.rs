//! The palette: commands, API keys, models and projects, found by a few letters of their names.

use std::borrow::Cow;
use std::collections::HashSet;

use crossterm::event::{KeyCode, KeyEvent};
use nucleo_matcher::pattern::{CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::text;
use crate::tui::call::ListScope;
use crate::tui::command::{COMMANDS, Command, Entry, KeyContext};
use crate::tui::event::{Destination, Event, Listing, Named};
use crate::tui::layer::{Layer, Outcome};
use crate::tui::parts::dialog::{centred, frame_box};
use crate::tui::shared::Shared;
use crate::tui::tab::Tab;
use crate::tui::widgets::field::Field;

/// Maximum number of matches: longer lists are not read.
const KEPT: usize = 50;

/// How many projects, keys and models are searched, so that a key press does not wait for a hundred
/// thousand names. The filters of the tables search all.
const SEARCHED: usize = 5_000;

/// What choosing an item does.
#[derive(Debug, Clone)]
enum Target {
    Run(Command),
    Go(Destination),
}

#[derive(Debug, Clone)]
struct Item {
    /// `command`, `project`, `key`, `model`.
    kind: &'static str,
    name: String,
    /// The key, or another note at the right.
    note: String,
    target: Target,
}

impl Item {
    fn is_same(&self, other: &Self) -> bool {
        (self.kind, &self.name, &self.note) == (other.kind, &other.name, &other.note)
    }
}

/// The state of the palette.
#[derive(Debug)]
pub struct Palette {
    field: Field,
    commands: Vec<Item>,
    /// What the tabs know, each with how far it has read it.
    names: Vec<(Tab, Vec<Item>, Listing)>,
    /// Indexes of matching commands and names, best first, and the matched characters of each name.
    found: Vec<(usize, Vec<u32>)>,
    selected: usize,
}

impl Palette {
    /// For a screen with these contexts, innermost first.
    pub fn new(shared: &Shared, contexts: Vec<KeyContext>) -> Self {
        let mut palette = Self {
            field: Field::default(),
            commands: commands(shared, &contexts),
            names: Vec::new(),
            found: Vec::new(),
            selected: 0,
        };
        palette.search();
        palette
    }

    fn items(&self) -> impl Iterator<Item = &Item> {
        self.commands.iter().chain(self.names.iter().flat_map(|(_, names, _)| names))
    }

    fn item(&self, found: usize) -> Option<&Item> {
        self.found.get(found).and_then(|(at, _)| self.items().nth(*at))
    }

    /// A tab has learned these names: the selection stays.
    fn take(&mut self, from: Tab, names: &[Named], state: &Listing) {
        let before = self.item(self.selected).cloned();
        let items = names.iter().map(|named| Item {
            kind: named.destination.kind(),
            name: named.name.clone(),
            note: named.note.to_owned(),
            target: Target::Go(named.destination.clone()),
        });
        self.names.retain(|(tab, ..)| *tab != from);
        self.names.push((from, items.collect(), state.clone()));
        self.names.sort_by_key(|(tab, ..)| tab.index());
        self.drop_duplicates();
        self.search();
        let same =
            |n: &usize| before.as_ref().is_some_and(|b| self.item(*n).is_some_and(|item| item.is_same(b)));
        self.selected = (0..self.found.len()).find(same).unwrap_or_default();
    }

    /// Two tabs may know one project: it is listed once, at its first position.
    fn drop_duplicates(&mut self) {
        let mut seen = HashSet::new();
        for (_, items, _) in &mut self.names {
            items.retain(|item| match &item.target {
                Target::Go(to) => seen.insert((item.kind, item.note.clone(), to.id().to_owned())),
                Target::Run(_) => true,
            });
        }
    }

    /// Whether more models would not be searched anyway.
    fn is_full(&self) -> bool {
        self.items().filter(|item| item.kind == "model").count() >= SEARCHED
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
                (self.found.is_empty() && *scope != ListScope::All.label())
                    .then(|| format!("searched: the models listed now ({scope}); {tab} {more} lists others"))
            }
        }
    }

    fn search(&mut self) {
        let pattern = Pattern::parse(self.field.text(), CaseMatching::Ignore, Normalization::Smart);
        let mut matcher = Matcher::new(Config::DEFAULT);
        let mut buffer = Vec::new();
        let mut scored: Vec<(u32, usize)> = Vec::new();
        for (at, item) in self.items().enumerate() {
            if let Some(score) = pattern.score(Utf32Str::new(&item.name, &mut buffer), &mut matcher) {
                scored.push((score, at));
            }
        }
        scored.sort_by_key(|(score, at)| (std::cmp::Reverse(*score), *at));
        scored.truncate(KEPT);
        let items: Vec<&Item> = self.items().collect();
        let found = scored.into_iter().map(|(_, at)| {
            let mut letters = Vec::new();
            pattern.indices(Utf32Str::new(&items[at].name, &mut buffer), &mut matcher, &mut letters);
            (at, letters)
        });
        self.found = found.collect();
        self.selected = 0;
    }

    fn step(&mut self, by: isize) {
        let last = isize::try_from(self.found.len()).unwrap_or_default() - 1;
        let to = isize::try_from(self.selected).unwrap_or_default() + by;
        self.selected = usize::try_from(to.clamp(0, last.max(0))).unwrap_or_default();
    }
}

/// The commands that make sense in these contexts.
fn commands(shared: &Shared, contexts: &[KeyContext]) -> Vec<Item> {
    // Matches of this screen come before those that work everywhere.
    let mut entries: Vec<_> = COMMANDS.iter().filter(|entry| shared.allows(entry)).collect();
    entries.sort_by_key(|entry| entry.contexts.contains(&KeyContext::Global));
    let step = [Command::Palette, Command::Back, Command::Open, Command::NextPart, Command::PreviousPart];
    let wanted = entries.into_iter().filter(|entry| {
        let here = entry.contexts.iter().any(|context| contexts.contains(context));
        let movement = entry.contexts.contains(&KeyContext::List) || step.contains(&entry.command);
        here && !movement
    });
    let item = |entry: &Entry| Item {
        kind: "command",
        name: entry.name.to_owned(),
        note: shared.keymap.key_of(entry),
        target: Target::Run(entry.command),
    };
    wanted.map(item).collect()
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
        (command == Command::Submit).then_some("go".into())
    }

    fn enter(&mut self, _shared: &mut Shared) -> Outcome {
        Outcome::event(Event::FindNames { limit: SEARCHED, again: true })
    }

    fn event(&mut self, _shared: &mut Shared, event: &Event) -> Outcome {
        match event {
            Event::NamesFound { from, names, state } => self.take(*from, names, state),
            // The pages of a long list cost nothing more once as many are there as are searched.
            Event::ModelsListed if !self.is_full() => {
                return Outcome::event(Event::FindNames { limit: SEARCHED, again: false });
            }
            _ => {}
        }
        Outcome::done()
    }

    fn command(&mut self, _shared: &mut Shared, command: Command) -> Outcome {
        match command {
            Command::Submit => match self.item(self.selected).map(|item| item.target.clone()) {
                Some(Target::Run(command)) => Outcome { run: Some(command), ..Outcome::pop() },
                Some(Target::Go(destination)) => Outcome::pop().and_event(Event::Show(destination)),
                None => Outcome::pop(),
            },
            Command::NextPart => {
                self.step(1);
                Outcome::done()
            }
            Command::PreviousPart => {
                self.step(-1);
                Outcome::done()
            }
            Command::Palette => Outcome::pop(),
            _ => Outcome::ignored(),
        }
    }

    fn key(&mut self, _shared: &mut Shared, key: KeyEvent) -> Outcome {
        match key.code {
            KeyCode::Down => self.step(1),
            KeyCode::Up => self.step(-1),
            KeyCode::PageDown => self.step(10),
            KeyCode::PageUp => self.step(-10),
            _ => {
                self.field.on_key(key);
                self.search();
            }
        }
        Outcome::done()
    }

    fn paste(&mut self, _shared: &mut Shared, text: &str) -> Outcome {
        self.field.paste(text);
        self.search();
        Outcome::done()
    }

    fn draw(&self, shared: &Shared, frame: &mut Frame<'_>, area: Rect) {
        let theme = &shared.preferences.theme;
        let outer = centred(area, 66, 18);
        let inside = frame_box(shared, "Palette", frame, outer);
        if inside.height < 3 {
            return;
        }
        let sign = Rect { width: inside.width.min(2), height: 1, ..inside };
        frame.render_widget(Line::styled(":", theme.key), sign);
        let field = Rect { x: inside.x + sign.width, width: inside.width - sign.width, height: 1, ..inside };
        self.field.render(field, frame.buffer_mut(), true, &shared.styles());
        let rows = usize::from(inside.height - 2);
        let first = self.selected.saturating_sub(rows.saturating_sub(1));
        for (n, (_, letters)) in self.found.iter().enumerate().skip(first).take(rows) {
            let Some(item) = self.item(n) else { continue };
            let chosen = n == self.selected;
            let cursor = if chosen { shared.preferences.glyphs.cursor } else { " " };
            let mut spans = vec![Span::raw(cursor), Span::styled(format!(" {:<8} ", item.kind), theme.dim)];
            let base = if chosen { theme.selected } else { theme.text };
            for (place, letter) in item.name.chars().enumerate() {
                let hit = letters.contains(&u32::try_from(place).unwrap_or(u32::MAX));
                let letter = text::clean(letter.encode_utf8(&mut [0; 4])).into_owned();
                spans.push(Span::styled(letter, if hit { base.patch(theme.matched) } else { base }));
            }
            let y = inside.y + 2 + u16::try_from(n - first).unwrap_or_default();
            let row = Rect { y, height: 1, ..inside };
            frame.render_widget(Line::from(spans), row);
            let note = Line::styled(item.note.as_str(), theme.key).right_aligned();
            frame.render_widget(note, row);
        }
        if let Some(missing) = self.missing(shared) {
            let row = Rect { y: inside.y + 1, height: 1, ..inside };
            frame.render_widget(Line::styled(format!("  {}", text::clean(&missing)), theme.dim), row);
        }
        if self.found.is_empty() {
            let row = Rect { y: inside.y + 2, height: 1, ..inside };
            frame.render_widget(Line::styled("  nothing matches", theme.dim), row);
        }
    }
}
