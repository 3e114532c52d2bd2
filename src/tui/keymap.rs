//! Which key gives which command: the table's defaults with what `config.toml` changes.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::str::FromStr;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::command::{COMMANDS, Command, Entry, KeyContext};

/// A key with its modifiers, as people write it: `n`, `G`, `ctrl-r`, `shift-tab`, `f5`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Chord {
    code: KeyCode,
    control: bool,
}

/// Names of keys, in lower case; with those that the help shows.
const NAMED: [(&str, KeyCode); 22] = [
    ("enter", KeyCode::Enter),
    ("esc", KeyCode::Esc),
    ("tab", KeyCode::Tab),
    ("shift-tab", KeyCode::BackTab),
    ("space", KeyCode::Char(' ')),
    ("backspace", KeyCode::Backspace),
    ("delete", KeyCode::Delete),
    ("up", KeyCode::Up),
    ("down", KeyCode::Down),
    ("left", KeyCode::Left),
    ("right", KeyCode::Right),
    ("home", KeyCode::Home),
    ("end", KeyCode::End),
    ("pageup", KeyCode::PageUp),
    ("pagedown", KeyCode::PageDown),
    ("insert", KeyCode::Insert),
    ("pgup", KeyCode::PageUp),
    ("pgdn", KeyCode::PageDown),
    ("↑", KeyCode::Up),
    ("↓", KeyCode::Down),
    ("←", KeyCode::Left),
    ("→", KeyCode::Right),
];

/// Control chords that terminals send like another key, or keep for themselves.
const UNUSABLE: [(char, &str); 7] = [
    ('h', "many terminals send it for Backspace"),
    ('i', "it is the same as Tab"),
    ('j', "it is the same as a line feed"),
    ('m', "it is the same as Enter"),
    ('s', "it stops the terminal's output"),
    ('q', "it resumes the terminal's output"),
    ('[', "it is the same as Esc"),
];

/// What is wrong with a key in `config.toml`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadKey {
    #[error(
        "`{0}` is not a key; write one character, ctrl- and a letter, f1 to f12, or a name such as enter, esc or pagedown"
    )]
    Unknown(String),
    #[error("`{0}` cannot be used: {1}")]
    Unusable(String, &'static str),
    #[error("there is no command `{0}`; the help lists them")]
    NoCommand(String),
    #[error("`{key}` stands for both `{first}` and `{second}`")]
    Conflict { key: String, first: &'static str, second: &'static str },
}

impl FromStr for Chord {
    type Err = BadKey;

    /// Reads a key as it is written in `config.toml` or shown on the screen: `f5` or `F5`. Only for a
    /// single letter does the case matter.
    fn from_str(text: &str) -> Result<Self, BadKey> {
        let plain = |code| Ok(Self { code, control: false });
        let lower = text.to_lowercase();
        let name = if text.chars().nth(1).is_some() { lower.as_str() } else { text };
        if let Some((_, code)) = NAMED.iter().find(|(known, _)| *known == name) {
            return plain(*code);
        }
        if name.starts_with("alt-") {
            return Err(BadKey::Unusable(
                text.into(),
                "over a slow connection it arrives as Esc and a letter",
            ));
        }
        if let Some(letter) = name.strip_prefix("ctrl-") {
            let mut letters = letter.chars();
            return match (letters.next(), letters.next()) {
                (Some(c), None) => match UNUSABLE.iter().find(|(bad, _)| *bad == c.to_ascii_lowercase()) {
                    Some((_, why)) => Err(BadKey::Unusable(text.into(), why)),
                    None if c.is_ascii_lowercase() => Ok(Self { code: KeyCode::Char(c), control: true }),
                    None => Err(BadKey::Unknown(text.into())),
                },
                _ => Err(BadKey::Unknown(text.into())),
            };
        }
        if let Some(number) =
            name.strip_prefix('f').and_then(|n| n.parse().ok()).filter(|n| (1..=12).contains(n))
        {
            return plain(KeyCode::F(number));
        }
        let mut characters = name.chars();
        match (characters.next(), characters.next()) {
            (Some(c), None) if !c.is_control() => plain(KeyCode::Char(c)),
            _ => Err(BadKey::Unknown(text.into())),
        }
    }
}

impl fmt::Display for Chord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.control {
            f.write_str("Ctrl-")?;
        }
        match self.code {
            KeyCode::Char(' ') => f.write_str("Space"),
            KeyCode::Char(c) if self.control => write!(f, "{}", c.to_ascii_uppercase()),
            KeyCode::Char(c) => write!(f, "{c}"),
            KeyCode::F(n) => write!(f, "F{n}"),
            KeyCode::BackTab => f.write_str("Shift-Tab"),
            KeyCode::PageUp => f.write_str("PgUp"),
            KeyCode::PageDown => f.write_str("PgDn"),
            KeyCode::Up => f.write_str("↑"),
            KeyCode::Down => f.write_str("↓"),
            KeyCode::Left => f.write_str("←"),
            KeyCode::Right => f.write_str("→"),
            code => write!(f, "{code:?}"),
        }
    }
}

impl Chord {
    /// The chord of a key event; `None` with Alt and other modifiers that nothing is bound to.
    pub fn of(key: KeyEvent) -> Option<Self> {
        let extra = key.modifiers.difference(KeyModifiers::SHIFT | KeyModifiers::CONTROL);
        if !extra.is_empty() {
            return None;
        }
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        let code = match key.code {
            KeyCode::Tab if key.modifiers.contains(KeyModifiers::SHIFT) => KeyCode::BackTab,
            KeyCode::Char(c) if control => KeyCode::Char(c.to_ascii_lowercase()),
            code => code,
        };
        Some(Self { code, control })
    }

    /// Whether a field that is being typed in takes the key: text, and keys that move or delete in a
    /// line.
    pub fn edits_text(self) -> bool {
        match self.code {
            KeyCode::Char(c) if self.control => matches!(c, 'a' | 'e' | 'k' | 'u' | 'w'),
            KeyCode::Char(_) | KeyCode::Backspace | KeyCode::Delete => true,
            KeyCode::Left | KeyCode::Right | KeyCode::Home | KeyCode::End => true,
            _ => false,
        }
    }
}

/// All bindings.
#[derive(Debug, Clone)]
pub struct Keymap {
    /// Chords of each row of [`COMMANDS`], in the same order.
    keys: Vec<Vec<Chord>>,
    bindings: HashMap<(KeyContext, Chord), Command>,
}

impl Keymap {
    /// The defaults with `changes` (command id → keys) applied, and the problems of `changes` by
    /// command id. A command with a problem keeps its default.
    ///
    /// Ctrl-C quits unless `changes` give it to another command: there must be a way out that needs
    /// no documentation.
    pub fn new(changes: &BTreeMap<String, Vec<String>>) -> (Self, Vec<(String, BadKey)>) {
        let mut problems = Vec::new();
        for id in changes.keys() {
            if !COMMANDS.iter().any(|entry| entry.id == id) {
                problems.push((id.clone(), BadKey::NoCommand(id.clone())));
            }
        }
        let default = |entry: &Entry| entry.keys.iter().filter_map(|text| text.parse().ok()).collect();
        let mut keys: Vec<Vec<Chord>> = Vec::with_capacity(COMMANDS.len());
        let mut changed = Vec::with_capacity(COMMANDS.len());
        for entry in COMMANDS {
            let chosen = changes.get(entry.id).and_then(|wanted| {
                let read: Result<Vec<Chord>, BadKey> = wanted.iter().map(|text| text.parse()).collect();
                read.map_err(|problem| problems.push((entry.id.to_owned(), problem))).ok()
            });
            // Whatever else leaves, Ctrl-C does.
            let chosen = chosen.map(|mut chords: Vec<Chord>| {
                let leaves = Chord { code: KeyCode::Char('c'), control: true };
                if entry.command == Command::Quit && !chords.contains(&leaves) {
                    chords.push(leaves);
                }
                chords
            });
            changed.push(chosen.is_some());
            keys.push(chosen.unwrap_or_else(|| default(entry)));
        }
        // A change that takes the key of another command is taken back; that may free the next one's.
        while let Some((at, problem)) = clash(&keys, &changed) {
            problems.push((COMMANDS[at].id.to_owned(), problem));
            changed[at] = false;
            keys[at] = default(&COMMANDS[at]);
        }
        let mut bindings = HashMap::new();
        let mut owners: HashMap<(KeyContext, Chord), &'static str> = HashMap::new();
        for (entry, chords) in COMMANDS.iter().zip(&keys) {
            for (&context, &chord) in entry.contexts.iter().flat_map(|c| chords.iter().map(move |k| (c, k))) {
                if let Some(first) = owners.insert((context, chord), entry.id) {
                    let conflict = BadKey::Conflict { key: chord.to_string(), first, second: entry.id };
                    problems.push((entry.id.to_owned(), conflict));
                }
                bindings.insert((context, chord), entry.command);
            }
        }
        let interrupt = Chord { code: KeyCode::Char('c'), control: true };
        bindings.entry((KeyContext::Global, interrupt)).or_insert(Command::Quit);
        problems.dedup();
        (Self { keys, bindings }, problems)
    }

    /// The command of a chord: the innermost of `contexts` that binds it decides.
    pub fn command(&self, chord: Chord, contexts: &[KeyContext]) -> Option<Command> {
        contexts.iter().find_map(|&context| self.bindings.get(&(context, chord)).copied())
    }

    /// The first key of a row of the table, as text; empty when it has none.
    pub fn key_of(&self, entry: &Entry) -> String {
        self.chords(entry).first().map(Chord::to_string).unwrap_or_default()
    }

    /// All keys of a row of the table, as text.
    pub fn keys_of(&self, entry: &Entry) -> Vec<String> {
        self.chords(entry).iter().map(Chord::to_string).collect()
    }

    /// The first key of a command that runs it in `contexts`. Keys are skipped that type text in a
    /// focused field, or that an inner context uses otherwise.
    pub fn working_key(&self, entry: &Entry, contexts: &[KeyContext], typing: bool) -> Option<String> {
        let works = |chord: &&Chord| {
            !(typing && chord.edits_text()) && self.command(**chord, contexts) == Some(entry.command)
        };
        self.chords(entry).iter().find(works).map(Chord::to_string)
    }

    fn chords(&self, entry: &Entry) -> &[Chord] {
        let at = COMMANDS.iter().position(|other| other.id == entry.id);
        at.and_then(|at| self.keys.get(at)).map_or(&[], Vec::as_slice)
    }
}

/// A changed row of the table that has a key of another row in one of its contexts, the last first.
fn clash(keys: &[Vec<Chord>], changed: &[bool]) -> Option<(usize, BadKey)> {
    let rows = || COMMANDS.iter().zip(keys).enumerate();
    rows().rev().filter(|(at, _)| changed[*at]).find_map(|(at, (entry, chords))| {
        rows().filter(|(other, _)| *other != at).find_map(|(_, (other, theirs))| {
            let chord = chords.iter().find(|chord| theirs.contains(chord))?;
            let shared = entry.contexts.iter().any(|context| other.contexts.contains(context));
            let conflict = BadKey::Conflict { key: chord.to_string(), first: other.id, second: entry.id };
            shared.then_some((at, conflict))
        })
    })
}

impl Default for Keymap {
    fn default() -> Self {
        Self::new(&BTreeMap::new()).0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chord(text: &str) -> Chord {
        text.parse().unwrap()
    }

    #[test]
    fn the_defaults_have_no_conflict_and_no_unusable_chord() {
        let (_, problems) = Keymap::new(&BTreeMap::new());
        assert_eq!(problems, []);
        for entry in COMMANDS {
            for key in entry.keys {
                assert!(key.parse::<Chord>().is_ok(), "{}: {key}", entry.id);
            }
        }
    }

    #[test]
    fn the_inner_context_decides() {
        let map = Keymap::default();
        let keys = [KeyContext::Keys, KeyContext::List, KeyContext::Global];
        assert_eq!(map.command(chord("enter"), &keys), Some(Command::KeyDetails));
        let keys = [KeyContext::Models, KeyContext::List, KeyContext::Global];
        assert_eq!(map.command(chord("enter"), &keys), Some(Command::Open));
        assert_eq!(map.command(chord("enter"), &keys[1..]), None);
        assert_eq!(map.command(chord("ctrl-c"), &keys), Some(Command::Quit));
        assert_eq!(map.command(chord("f12"), &keys), None);
    }

    #[test]
    fn a_key_works_where_no_inner_context_has_it() {
        let map = Keymap::default();
        let entry = |id: &str| COMMANDS.iter().find(|entry| entry.id == id).unwrap();
        let contexts = [KeyContext::Results, KeyContext::Choice, KeyContext::Global];
        let key = |id, typing| map.working_key(entry(id), &contexts, typing);
        assert_eq!(key("results.open", false).as_deref(), Some("Enter"));
        assert_eq!(key("form.submit", false), None, "the results have it");
        assert_eq!(key("palette", true).as_deref(), Some("Ctrl-P"), "the other one is text");
    }

    #[test]
    fn changes_are_taken_and_mistakes_are_named() {
        let change = |id: &str, keys: &[&str]| {
            let keys = keys.iter().map(|k| (*k).to_owned()).collect();
            Keymap::new(&BTreeMap::from([(id.to_owned(), keys)]))
        };
        let (map, problems) = change("keys.new", &["a", "f2"]);
        assert_eq!(problems, []);
        assert_eq!(map.command(chord("f2"), &[KeyContext::Keys]), Some(Command::NewKey));
        assert_eq!(map.command(chord("n"), &[KeyContext::Keys]), None);
        let (map, problems) = change("keys.new", &["ctrl-h"]);
        assert!(matches!(&problems[..], [(id, BadKey::Unusable(..))] if id == "keys.new"), "{problems:?}");
        assert_eq!(map.command(chord("n"), &[KeyContext::Keys]), Some(Command::NewKey));
        assert!(matches!(&change("keys.new", &["alt-x"]).1[..], [(_, BadKey::Unusable(..))]));
        assert!(matches!(&change("keys.newest", &["x"]).1[..], [(_, BadKey::NoCommand(_))]));
        let (map, problems) = change("keys.new", &["d"]);
        assert!(matches!(&problems[..], [(_, BadKey::Conflict { .. })]), "{problems:?}");
        assert_eq!(map.command(chord("d"), &[KeyContext::Keys]), Some(Command::DeleteKey));
        assert_eq!(
            map.command(chord("n"), &[KeyContext::Keys]),
            Some(Command::NewKey),
            "the default is back"
        );
        let (map, problems) = change("quit", &["ctrl-w"]);
        assert_eq!(problems, []);
        assert_eq!(map.command(chord("q"), &[KeyContext::Global]), None);
        assert_eq!(map.command(chord("ctrl-c"), &[KeyContext::Global]), Some(Command::Quit));
    }

    #[test]
    fn keys_can_be_exchanged_and_a_default_that_comes_back_pushes_others_off() {
        let map = |changes: &[(&str, &str)]| {
            let changes = changes.iter().map(|(id, key)| ((*id).to_owned(), vec![(*key).to_owned()]));
            Keymap::new(&changes.collect())
        };
        let (exchanged, problems) = map(&[("keys.new", "d"), ("keys.delete", "n")]);
        assert_eq!(problems, []);
        assert_eq!(exchanged.command(chord("n"), &[KeyContext::Keys]), Some(Command::DeleteKey));
        let (quit, problems) = map(&[("quit", "f10")]);
        assert_eq!(problems, []);
        assert_eq!(quit.command(chord("ctrl-c"), &[KeyContext::Global]), Some(Command::Quit));
        assert_eq!(quit.command(chord("q"), &[KeyContext::Global]), None);
        let (pushed, problems) = map(&[("keys.new", "d"), ("keys.rotate", "n")]);
        assert_eq!(problems.len(), 2, "{problems:?}");
        assert_eq!(pushed.command(chord("r"), &[KeyContext::Keys]), Some(Command::RotateKey));
        assert_eq!(pushed.command(chord("n"), &[KeyContext::Keys]), Some(Command::NewKey));
    }

    #[test]
    fn chords_are_written_as_people_read_them() {
        for (text, shown) in
            [("ctrl-r", "Ctrl-R"), ("space", "Space"), ("G", "G"), ("shift-tab", "Shift-Tab"), ("f5", "F5")]
        {
            assert_eq!(chord(text).to_string(), shown);
        }
        for entry in COMMANDS {
            for chord in entry.keys.iter().map(|key| chord(key)) {
                assert_eq!(chord.to_string().parse(), Ok(chord), "as the help shows it");
            }
        }
    }
}
