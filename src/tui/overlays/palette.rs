//! The palette: commands, API keys, models and projects, found by a few letters of their names.

use crossterm::event::{KeyCode, KeyEvent};
use nucleo_matcher::pattern::{CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::Overlay;
use crate::text;
use crate::tui::app::{App, Tab};
use crate::tui::command::{COMMANDS, Command, Context};
use crate::tui::effect::Effects;
use crate::tui::screens;
use crate::tui::screens::models::list::{Fetched, ListScope};
use crate::tui::update;
use crate::tui::widgets::dialog::{centred, frame_box};
use crate::tui::widgets::field::Field;

/// Matches that are kept; nobody reads further.
const KEPT: usize = 50;

/// Projects, keys and models that are searched, of each the first so many: a key press must not wait for
/// a hundred thousand names. The filters of the tables search all.
const SEARCHED: usize = 5_000;

/// Something that can be gone to or done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    Command(Command),
    /// A row of the table of API keys.
    Key(usize),
    /// A model, by its id.
    Model(String),
    /// A project among the models, by its id.
    Project(String),
    /// Who may do what in a project, by its id.
    Collaborators(String),
}

#[derive(Debug, Clone)]
struct Item {
    /// `command`, `project`, `key`, `model`.
    kind: &'static str,
    name: String,
    /// The key of the keyboard, or what else stands at the right.
    note: String,
    target: Target,
}

/// The state of the palette.
#[derive(Debug)]
pub struct Palette {
    field: Field,
    items: Vec<Item>,
    /// Places of what matches, best first, and the matched characters of each name.
    found: Vec<(usize, Vec<u32>)>,
    selected: usize,
}

impl Palette {
    /// Everything that makes sense now.
    pub fn new(app: &App) -> Self {
        let items = items(app);
        let mut palette = Self { field: Field::default(), items, found: Vec::new(), selected: 0 };
        palette.search();
        palette
    }

    /// More names are known now: what is selected stays so.
    fn renew(&mut self, items: Vec<Item>) {
        let before = self.found.get(self.selected).map(|(at, _)| self.items[*at].target.clone());
        self.items = items;
        self.search();
        let again = self.found.iter().position(|(at, _)| Some(&self.items[*at].target) == before.as_ref());
        self.selected = again.unwrap_or_default();
    }

    /// Whether more models would not be searched anyway.
    fn is_full(&self) -> bool {
        self.items.iter().filter(|item| matches!(item.target, Target::Model(_))).count() >= SEARCHED
    }

    fn search(&mut self) {
        let pattern = Pattern::parse(self.field.text(), CaseMatching::Ignore, Normalization::Smart);
        let mut matcher = Matcher::new(Config::DEFAULT);
        let mut buffer = Vec::new();
        let mut scored: Vec<(u32, usize)> = Vec::new();
        for (at, item) in self.items.iter().enumerate() {
            if let Some(score) = pattern.score(Utf32Str::new(&item.name, &mut buffer), &mut matcher) {
                scored.push((score, at));
            }
        }
        scored.sort_by_key(|(score, at)| (std::cmp::Reverse(*score), *at));
        scored.truncate(KEPT);
        self.found = scored
            .into_iter()
            .map(|(_, at)| {
                let mut letters = Vec::new();
                pattern.indices(Utf32Str::new(&self.items[at].name, &mut buffer), &mut matcher, &mut letters);
                (at, letters)
            })
            .collect();
        self.selected = 0;
    }

    fn step(&mut self, by: isize) {
        let last = isize::try_from(self.found.len()).unwrap_or_default() - 1;
        let to = isize::try_from(self.selected).unwrap_or_default() + by;
        self.selected = usize::try_from(to.clamp(0, last.max(0))).unwrap_or_default();
    }
}

/// Everything that makes sense now.
fn items(app: &App) -> Vec<Item> {
    let mut contexts = screens::contexts(app);
    contexts.push(Context::Global);
    let mut items = Vec::new();
    // What belongs to this screen stands before what works everywhere.
    let mut entries: Vec<_> = COMMANDS.iter().filter(|entry| app.allows(entry)).collect();
    entries.sort_by_key(|entry| entry.contexts.contains(&Context::Global));
    for entry in entries {
        let here = entry.contexts.iter().any(|context| contexts.contains(context));
        let step = [Command::Palette, Command::Back, Command::Open, Command::NextPart, Command::PreviousPart];
        let movement = entry.contexts.contains(&Context::List) || step.contains(&entry.command);
        if here && !movement {
            let (name, note) = (entry.name.to_owned(), app.keymap.key_of(entry));
            items.push(Item { kind: "command", name, note, target: Target::Command(entry.command) });
        }
    }
    for project in screens::projects(app).into_iter().take(SEARCHED) {
        let mut add = |note: &str, target| {
            let (name, note) = (project.name.clone(), note.to_owned());
            items.push(Item { kind: "project", name, note, target });
        };
        add("models", Target::Project(project.id.clone()));
        if project.manageable {
            add("collaborators", Target::Collaborators(project.id));
        }
    }
    for (row, key) in app.settings.keys.all().iter().enumerate().take(SEARCHED) {
        let name = format!("{} {}", text::short_id(&key.key_id), key.comments);
        items.push(Item { kind: "key", name, note: String::new(), target: Target::Key(row) });
    }
    for (id, name) in screens::models::names(app).take(SEARCHED) {
        items.push(Item { kind: "model", name, note: String::new(), target: Target::Model(id) });
    }
    items
}

/// Opens it. Projects and models that nobody has asked for yet are asked for now.
pub(super) fn show(app: &mut App) -> Effects {
    let effects = screens::models::prepare(app);
    let palette = Palette::new(app);
    app.overlays.push(Overlay::Palette(Box::new(palette)));
    effects
}

/// An answer may have brought names while it is open.
pub(super) fn names_came(app: &mut App) {
    // The pages of a long list cost nothing more once as many are there as are searched.
    if palette(app).is_none_or(|palette| palette.is_full()) {
        return;
    }
    let items = items(app);
    if let Some(palette) = palette(app) {
        palette.renew(items);
    }
}

/// What is to be known about the models and projects that are not found here (yet).
fn missing(app: &App, nothing_found: bool) -> Option<String> {
    match &app.models.list.fetched {
        Fetched::Coming => Some("models and projects are being fetched".to_owned()),
        Fetched::Never => Some("models and projects are not fetched; they come with their tab".to_owned()),
        Fetched::Failed(error) => Some(format!("models and projects are not known: {error}")),
        Fetched::At(_) => {
            let scope = app.models.scope;
            let more = COMMANDS.iter().find(|entry| entry.command == Command::ModelScope)?;
            let tab = COMMANDS.iter().find(|entry| entry.command == Command::TabModels)?;
            let (tab, more) = (app.keymap.key_of(tab), app.keymap.key_of(more));
            (nothing_found && scope != ListScope::All).then(|| {
                format!("known are the models listed now ({}); {tab} {more} lists others", scope.word())
            })
        }
    }
}

fn palette(app: &mut App) -> Option<&mut Palette> {
    match app.overlays.last_mut() {
        Some(Overlay::Palette(palette)) => Some(palette),
        _ => None,
    }
}

pub(super) fn command(app: &mut App, command: Command) -> Option<Effects> {
    let palette = palette(app)?;
    match command {
        Command::Submit => {
            let target = palette.found.get(palette.selected).map(|(at, _)| palette.items[*at].target.clone());
            app.overlays.pop();
            Some(target.map(|target| go(app, target)).unwrap_or_default())
        }
        Command::NextPart => {
            palette.step(1);
            Some(Effects::new())
        }
        Command::PreviousPart => {
            palette.step(-1);
            Some(Effects::new())
        }
        Command::Palette => {
            app.overlays.pop();
            Some(Effects::new())
        }
        _ => None,
    }
}

fn go(app: &mut App, target: Target) -> Effects {
    match target {
        Target::Command(command) => update::run(app, command),
        Target::Key(row) => {
            let effects = update::show(app, Tab::Settings);
            app.settings.keys.table.select_row(row);
            effects
        }
        Target::Project(id) => {
            let mut effects = update::show(app, Tab::Models);
            effects.extend(screens::models::select_project(app, &id));
            effects
        }
        Target::Collaborators(id) => screens::admin::show_collaborators(app, &id),
        Target::Model(id) => {
            let mut effects = update::show(app, Tab::Models);
            effects.extend(screens::models::select(app, &id));
            effects
        }
    }
}

pub(super) fn key(app: &mut App, key: KeyEvent) {
    let Some(palette) = palette(app) else { return };
    match key.code {
        KeyCode::Down => palette.step(1),
        KeyCode::Up => palette.step(-1),
        KeyCode::PageDown => palette.step(10),
        KeyCode::PageUp => palette.step(-10),
        _ => {
            palette.field.on_key(key);
            palette.search();
        }
    }
}

pub(super) fn paste(app: &mut App, text: &str) {
    if let Some(palette) = palette(app) {
        palette.field.paste(text);
        palette.search();
    }
}

pub(super) fn view(app: &App, palette: &Palette, frame: &mut Frame<'_>, area: Rect) {
    let theme = &app.preferences.theme;
    let outer = centred(area, 66, 18);
    let inside = frame_box(app, "Palette", frame, outer);
    if inside.height < 3 {
        return;
    }
    let sign = Rect { width: inside.width.min(2), height: 1, ..inside };
    frame.render_widget(Line::styled(":", theme.key), sign);
    let field = Rect { x: inside.x + sign.width, width: inside.width - sign.width, height: 1, ..inside };
    palette.field.render(field, frame.buffer_mut(), true, &app.styles());
    let rows = usize::from(inside.height - 2);
    let first = palette.selected.saturating_sub(rows.saturating_sub(1));
    for (n, (at, letters)) in palette.found.iter().enumerate().skip(first).take(rows) {
        let item = &palette.items[*at];
        let chosen = n == palette.selected;
        let cursor = if chosen { app.preferences.glyphs.cursor } else { " " };
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
    let nothing = palette.found.is_empty();
    if let Some(missing) = missing(app, nothing) {
        let row = Rect { y: inside.y + 1, height: 1, ..inside };
        frame.render_widget(Line::styled(format!("  {}", text::clean(&missing)), theme.dim), row);
    }
    if nothing {
        let row = Rect { y: inside.y + 2, height: 1, ..inside };
        frame.render_widget(Line::styled("  nothing has these letters", theme.dim), row);
    }
}
