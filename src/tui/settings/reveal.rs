//! A new key, shown once: copy it, save it, test it, and only then leave.

use crossterm::event::KeyEvent;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::key_test::KeyTest;
use super::rotation::{self, Proof};
use super::{Call, Confirmed, Dialog, sent_to_terminal};
use crate::secret::ApiKey;
use crate::text;
use crate::tui::app::App;
use crate::tui::command::{Command, Context};
use crate::tui::effect::{self, Copied, Effect, Effects};
use crate::tui::overlays::{self, Confirm};
use crate::tui::requests::{Kind, Scope};
use crate::tui::widgets::dialog;
use crate::tui::widgets::field::Field;
use crate::wire::{CreateV2KeyResponse, RotateV1KeyResponse, time};

/// The state of the dialog.
#[derive(Debug)]
pub struct Reveal {
    title: &'static str,
    key: ApiKey,
    /// Empty for the legacy key, which has none.
    key_id: String,
    expires: String,
    comment: String,
    hidden: bool,
    kept: bool,
    /// The Key ID of the one that this takes the place of, and that still works.
    old: Option<String>,
    /// The name of the file, while it is typed.
    path: Option<Field>,
    /// What happened to the key, and whether that is good news.
    told: Option<(bool, String)>,
}

impl Reveal {
    /// For a created key.
    pub fn new(created: CreateV2KeyResponse) -> Self {
        Self {
            title: "New API key, shown only this once",
            key: created.api_key,
            key_id: created.key_id,
            expires: created.expiry_date,
            comment: created.comments,
            hidden: false,
            kept: false,
            old: None,
            path: None,
            told: None,
        }
    }

    /// For a key that takes the place of the one with the Key ID `old`.
    pub fn successor(created: CreateV2KeyResponse, old: String) -> Self {
        let title = "Successor of an API key, shown only this once";
        Self { title, old: Some(old), ..Self::new(created) }
    }

    /// For a replaced legacy key.
    pub fn legacy(answer: RotateV1KeyResponse) -> Self {
        Self {
            title: "New legacy key, shown only this once",
            key: answer.api_key,
            key_id: String::new(),
            expires: answer.api_key_expiry_date,
            comment: answer.api_key_comments,
            hidden: false,
            kept: false,
            old: None,
            path: None,
            told: None,
        }
    }

    /// Whether the name of a file is being typed.
    pub fn typing(&self) -> bool {
        self.path.is_some()
    }

    /// Whether it is the legacy key's: no model takes that one.
    pub fn is_legacy(&self) -> bool {
        self.key_id.is_empty()
    }

    /// What Esc does.
    pub fn back_word(&self) -> &'static str {
        match (&self.path, &self.old) {
            (Some(_), _) => "back",
            (None, Some(_)) => "next step",
            (None, None) => "leave",
        }
    }

    /// Whether the key was copied or saved.
    pub fn kept(&self) -> bool {
        self.kept
    }

    /// The Key ID of the one that this takes the place of.
    pub fn old(&self) -> Option<&str> {
        self.old.as_deref()
    }

    pub fn key(&mut self, key: KeyEvent) {
        if let Some(field) = &mut self.path {
            field.on_key(key);
        }
    }

    pub fn paste(&mut self, text: &str) {
        if let Some(field) = &mut self.path {
            field.paste(text);
        }
    }

    /// `nightly-scoring.key`: a name that a file can have.
    fn proposed_path(&self) -> String {
        let source = if self.comment.is_empty() { &self.key_id } else { &self.comment };
        let name: String = source
            .chars()
            .take(40)
            .map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' })
            .collect();
        let words: Vec<_> = name.split('-').filter(|word| !word.is_empty()).collect();
        let name = words.join("-");
        format!("{}.key", if name.is_empty() { "api" } else { name.as_str() })
    }
}

/// The key that is shown, also where a test of it lies over it.
fn reveal(app: &mut App) -> Option<&mut Reveal> {
    match app.settings.dialog.as_mut()? {
        Dialog::Reveal(reveal) => Some(reveal),
        Dialog::KeyTest(test) => match test.behind_mut() {
            Dialog::Reveal(reveal) => Some(reveal),
            _ => None,
        },
        _ => None,
    }
}

/// The key that is shown, to be read only.
pub(super) fn shown(app: &App) -> Option<&Reveal> {
    let shown = match app.settings.dialog.as_ref()? {
        Dialog::KeyTest(test) => test.behind(),
        dialog => dialog,
    };
    match shown {
        Dialog::Reveal(reveal) => Some(reveal),
        _ => None,
    }
}

/// Whether a key is shown that nobody has copied or saved yet.
pub(super) fn unkept(app: &App) -> bool {
    shown(app).is_some_and(|reveal| !reveal.kept)
}

/// What is left of a key that nobody has copied or saved, when it is shown no more.
pub(super) fn left_behind(reveal: &Reveal) -> String {
    if reveal.is_legacy() {
        return "The new legacy key was neither copied nor saved: nobody has its text, replace it again."
            .to_owned();
    }
    let id = text::short_id(&reveal.key_id);
    format!("The API key {id} was created, and neither copied nor saved: nobody has its text, delete it.")
}

pub(super) fn command(app: &mut App, command: Command) -> Option<Effects> {
    let told = sent_to_terminal(app, "the key was");
    let reveal = reveal(app)?;
    match command {
        Command::Submit => {
            // The name stays in the field until the file is there.
            let path = reveal.path.as_ref()?.text().trim().to_owned();
            if path.is_empty() {
                reveal.path = None;
                return Some(Effects::new());
            }
            let call = effect::Call::Settings(Call::Save { key: reveal.key.clone(), path });
            return Some(vec![app.start(Scope::Dialog, Kind::Change, "writing the key to a file", call).1]);
        }
        Command::Back if reveal.path.is_some() => reveal.path = None,
        Command::Back if reveal.kept => {
            let old = reveal.old.take();
            let mut effects = close(app);
            if let Some(old) = old {
                effects.extend(rotation::ask_delete_old(app, &old));
            }
            return Some(effects);
        }
        Command::Back => {
            let without = if reveal.key_id.is_empty() {
                "Without it the legacy key is of no use, and has to be replaced again."
            } else {
                "Without it the key is of no use and should be deleted."
            };
            let lines =
                vec!["It was neither copied nor saved, and is shown only this once.".into(), without.into()];
            let then = overlays::Confirmed::Settings(Confirmed::Discard);
            return Some(
                Confirm::new("Leave the new key?", lines, "Leave it", then)
                    .or("Back to the key")
                    .esc_discards()
                    .ask(app),
            );
        }
        Command::CopyKey => {
            reveal.kept = true;
            reveal.told = Some((true, told));
            let (key, key_id) = (reveal.key.clone(), reveal.key_id.clone());
            app.settings.rotations.kept(&key_id);
            return Some(vec![Effect::Copy(Copied::Key(key))]);
        }
        Command::SaveKey => reveal.path = Some(Field::new(reveal.proposed_path())),
        Command::TestWithKey => {
            if reveal.key_id.is_empty() {
                let text = "models are called with an API key, not with the legacy key".to_owned();
                reveal.told = Some((false, text));
                return Some(Effects::new());
            }
            let key = reveal.key.clone();
            let known = app.session.known_keys.iter().find(|known| known.key == key).cloned()?;
            let behind = app.settings.dialog.take()?;
            return Some(KeyTest::open(app, known, behind));
        }
        Command::ShowKey => reveal.hidden = !reveal.hidden,
        _ => return None,
    }
    Some(Effects::new())
}

fn close(app: &mut App) -> Effects {
    app.settings.dialog = None;
    super::list(app)
}

/// The file was written, or not.
pub(super) fn saved(app: &mut App, answer: Result<std::path::PathBuf, String>) {
    let told = match answer {
        Ok(path) => (true, format!("written to {} (only you can read it)", path.display())),
        Err(problem) => (false, problem),
    };
    match reveal(app) {
        Some(reveal) => {
            reveal.kept |= told.0;
            if told.0 {
                reveal.path = None;
            }
            let kept = told.0.then(|| reveal.key_id.clone());
            reveal.told = Some(told);
            if let Some(key_id) = kept {
                app.settings.rotations.kept(&key_id);
            }
        }
        None if told.0 => app.notices.info(app.now, told.1),
        None => app.notices.error(app.now, told.1, None),
    }
}

/// A model was called with the key, and its answer read.
pub(super) fn tested(app: &mut App, passed: bool) {
    if let Some(reveal) = reveal(app) {
        let kept = reveal.kept;
        reveal.told = Some(match (passed, kept) {
            (true, false) => (true, "a model answered it; now copy or save it".to_owned()),
            (true, true) => (true, "a model answered it".to_owned()),
            (false, _) => (false, "the test failed; the key is there all the same".to_owned()),
        });
    }
}

pub(super) fn view(app: &App, reveal: &Reveal, frame: &mut Frame<'_>, area: Rect) {
    let theme = &app.preferences.theme;
    let glyphs = app.preferences.glyphs;
    // On a low terminal the blank lines go, so that the keys below stay in sight.
    let low = area.height < 15;
    let mut lines = vec![Line::default()];
    if reveal.hidden {
        lines.push(Line::styled(reveal.key.masked(), theme.title));
        lines.push(Line::default());
    } else {
        // Two halves, each on its own line: selected with the terminal's mouse they paste as one.
        let (first, second) = match reveal.key.expose().split_once('.') {
            Some((first, second)) => (format!("{first}."), second),
            None => (reveal.key.expose().to_owned(), ""),
        };
        lines.push(Line::styled(first, theme.title));
        lines.push(Line::styled(second.to_owned(), theme.title));
    }
    lines.push(Line::default());
    let short_id = text::short_id(&reveal.key_id);
    let mut fact = |name: &str, value: &str| {
        if !value.is_empty() {
            let value = text::clean(value).into_owned();
            lines.push(Line::from(vec![Span::styled(format!("{name:<9}"), theme.dim), Span::raw(value)]));
        }
    };
    fact("Key ID", if low { short_id.as_ref() } else { reveal.key_id.as_str() });
    let expires = match time::parse(&reveal.expires) {
        Some(at) => at.strftime("%Y-%m-%d %H:%M UTC").to_string(),
        None if reveal.expires.is_empty() => "never".to_owned(),
        None => reveal.expires.clone(),
    };
    fact("expires", &expires);
    let typing = reveal.path.is_some();
    // The name of a file and what is wrong with it have to be seen.
    if !(low && typing) {
        fact("comment", &reveal.comment);
    }
    if let Some(old) = &reveal.old {
        fact("replaces", &format!("{}, which still works", text::short_id(old)));
    }
    let rotation = app.settings.rotations.to(&reveal.key_id);
    let proof = rotation.and_then(|rotation| rotation.successor()).map(|new| &new.proof);
    if let Some(proof @ (Proof::Passed { .. } | Proof::Failed { .. })) = proof {
        fact("test", &proof.words());
    }
    lines.push(Line::default());
    lines.push(match &reveal.told {
        None | Some((true, _)) if typing && low => Line::default(),
        Some((true, told)) => Line::styled(format!("{} {}", glyphs.ok, text::clean(told)), theme.ok),
        Some((false, told)) => Line::styled(format!("{} {}", glyphs.bad, text::clean(told)), theme.error),
        None => Line::styled("The workbench keeps only a hash of it: nobody can show it again.", theme.dim),
    });
    lines.push(Line::default());
    lines.push(if typing {
        Line::from(Span::styled("file ", theme.key))
    } else {
        let mut hints = vec![
            (Command::CopyKey, "copy"),
            (Command::SaveKey, if low { "write" } else { "write to a file" }),
            (Command::TestWithKey, if low { "test" } else { "test a model" }),
            (Command::ShowKey, if reveal.hidden { "show" } else { "hide" }),
            (Command::Back, reveal.back_word()),
        ];
        // No model takes the legacy key.
        hints.retain(|(command, _)| *command != Command::TestWithKey || !reveal.key_id.is_empty());
        let contexts = [Context::Reveal, Context::Global];
        dialog::key_hints(app, &contexts, &hints, if low { "  " } else { "   " })
    });
    if low {
        lines.retain(|line| line.width() > 0);
    }
    let inside = dialog::Dialog::new(reveal.title, lines).render(app, frame, area);
    if let Some(field) = &reveal.path
        && inside.height > 0
    {
        let row = Rect {
            x: inside.x + inside.width.min(5),
            y: inside.bottom() - 1,
            width: inside.width.saturating_sub(5),
            height: 1,
        };
        field.render(row, frame.buffer_mut(), true, &app.styles());
    }
}
