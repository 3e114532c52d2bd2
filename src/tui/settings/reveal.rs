//! A new key, shown once: copy it, save it, test it, and only then leave.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use crossterm::event::KeyEvent;
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::file_name::proposed_path;
use super::key_test::KeyTest;
use super::leave::ask_leave;
use super::rotation::questions::both_are_left;
use crate::secret::ApiKey;
use crate::text;
use crate::tui::call::{Answer, Call};
use crate::tui::command::{Command, KeyContext};
use crate::tui::decision::Decision;
use crate::tui::effect::{Copied, Effect};
use crate::tui::event::{Event, Proof};
use crate::tui::layer::{Layer, Outcome};
use crate::tui::parts::dialog::{Dialog, key_hints};
use crate::tui::requests::{Kind, RequestId};
use crate::tui::shared::Shared;
use crate::tui::widgets::field::Field;
use crate::wire::{CreateV2KeyResponse, RotateV1KeyResponse, V2KeyDetails, time};

/// So long after the last key the text of the key is hidden.
const HIDDEN_AFTER: SignedDuration = SignedDuration::from_mins(5);

/// The dialog.
#[derive(Debug)]
pub struct Reveal {
    title: Cow<'static, str>,
    key: ApiKey,
    /// Empty for the legacy key, which has none.
    key_id: String,
    expires: String,
    /// The day that the form showed, where the key ends on another one.
    asked_for: Option<Date>,
    comment: String,
    hidden: bool,
    kept: bool,
    /// The Key ID of the key that this one replaces.
    old: Option<String>,
    /// Whether that one works: `still works`, `expired 52 days ago`.
    old_works: String,
    /// What calling a model with it has shown.
    proof: Proof,
    /// The name of the file, while it is typed.
    path: Option<Field>,
    /// What happened to the key, and whether that is good news.
    news: Option<(bool, String)>,
}

impl Reveal {
    /// For a created key.
    pub fn new(created: CreateV2KeyResponse) -> Self {
        Self {
            title: "New API key, shown only this once".into(),
            key: created.api_key,
            key_id: created.key_id,
            expires: created.expiry_date,
            asked_for: None,
            comment: created.comments,
            hidden: false,
            kept: false,
            old: None,
            old_works: String::new(),
            proof: Proof::Untried,
            path: None,
            news: None,
        }
    }

    /// Where the form showed `day`: says so if the key ends on another one.
    #[must_use]
    pub fn asked_for(self, day: Option<Date>) -> Self {
        let ends = time::parse(&self.expires).map(time::utc_day);
        Self { asked_for: day.filter(|day| Some(*day) != ends), ..self }
    }

    /// For a key that replaces the one with the Key ID `old`, which `still works` or `expired 52 days
    /// ago`. Where it is one of several, `number` says which: `2 of 3`.
    pub fn successor(
        created: CreateV2KeyResponse,
        old: String,
        old_works: String,
        number: Option<String>,
    ) -> Self {
        let number = number.unwrap_or_else(|| "of an API key".to_owned());
        let title = format!("Successor {number}, shown only this once").into();
        Self { title, old: Some(old), old_works, ..Self::new(created) }
    }

    /// For a replaced legacy key.
    pub fn legacy(answer: RotateV1KeyResponse) -> Self {
        let created = CreateV2KeyResponse {
            api_key: answer.api_key,
            expiry_date: answer.api_key_expiry_date,
            comments: answer.api_key_comments,
            ..CreateV2KeyResponse::default()
        };
        Self { title: "New legacy key, shown only this once".into(), ..Self::new(created) }
    }

    /// `written to nightly.key (only you can read it)`
    pub fn written_to(path: &Path) -> String {
        format!("written to {} (only you can read it)", path.display())
    }

    /// For a key that was shown before and is in memory still: to be copied or saved once more.
    pub fn again(listed: &V2KeyDetails, key: ApiKey) -> Self {
        let created = CreateV2KeyResponse {
            api_key: key,
            key_id: listed.key_id.clone(),
            expiry_date: listed.expiry_date.to_string(),
            comments: listed.comments.clone(),
            ..CreateV2KeyResponse::default()
        };
        let title = "API key, still in the memory of this run";
        let mut again = Self { title: title.into(), hidden: true, kept: true, ..Self::new(created) };
        again.path = Some(Field::new(proposed_path(&again.comment, &again.key_id)));
        again
    }

    /// When the text is to be hidden: nobody may be there who looks at it.
    fn hides_at(&self, shared: &Shared) -> Option<Timestamp> {
        let last = shared.watch.key_at.filter(|_| !self.hidden)?;
        last.checked_add(HIDDEN_AFTER).ok()
    }

    /// Whether it is the legacy key's: no model takes that one.
    fn is_legacy(&self) -> bool {
        self.key_id.is_empty()
    }

    /// What Esc does.
    fn back_label(&self) -> &'static str {
        match (&self.path, &self.old) {
            (Some(_), _) => "back",
            (None, Some(_)) => "next step",
            (None, None) => "leave",
        }
    }

    /// Both keys of a rotation, where this is the new one of it.
    fn both(&self) -> Option<String> {
        self.old.as_ref().map(|old| both_are_left(old, &self.key_id, &self.old_works))
    }

    /// It was copied or saved.
    fn keep(&mut self) -> Outcome {
        self.kept = true;
        match self.is_legacy() {
            true => Outcome::done(),
            false => Outcome::event(Event::KeyKept(self.key_id.clone())),
        }
    }

    /// Writes the key to the file that was typed. The name stays in the field until the file is there.
    fn write(&mut self, shared: &mut Shared) -> Outcome {
        let Some(path) = self.path.as_ref().map(|field| field.text().trim().to_owned()) else {
            return Outcome::ignored();
        };
        if path.is_empty() {
            self.path = None;
            return Outcome::done();
        }
        let call = Call::SaveKey { key: self.key.clone(), path };
        shared.start(Kind::Change, "writing the key to a file", call).1.into()
    }

    /// The file was written, or not.
    fn saved(&mut self, answer: Result<PathBuf, String>) -> Outcome {
        match answer {
            Ok(path) => {
                self.path = None;
                self.news = Some((true, Self::written_to(&path)));
                self.keep()
            }
            Err(problem) => {
                self.news = Some((false, problem));
                Outcome::done()
            }
        }
    }

    fn back(&mut self, shared: &Shared) -> Outcome {
        if self.path.take().is_some() {
            return Outcome::done();
        }
        if self.kept {
            let asks = self.old.take().map(Event::AskDeleteOld);
            return asks.into_iter().fold(Outcome::pop(), Outcome::and_event);
        }
        ask_leave(shared, self.is_legacy())
    }

    fn test(&mut self, shared: &Shared) -> Outcome {
        if self.is_legacy() {
            let text = "models are called with an API key, not with the legacy key".to_owned();
            self.news = Some((false, text));
            return Outcome::done();
        }
        let known = shared.session.known_keys.iter().find(|known| known.key == self.key).cloned();
        let old = self.old.clone().filter(|_| self.kept);
        known.map_or_else(Outcome::ignored, |known| Outcome::push(KeyTest::new(known, old)))
    }

    /// A model was called with the key, and its answer read.
    fn tested(&mut self, proof: &Proof) {
        self.proof = proof.clone();
        self.news = match (proof, self.kept) {
            (Proof::Untried, _) => return,
            (Proof::Passed { .. }, false) => {
                Some((true, "a model answered it; now copy or save it".to_owned()))
            }
            (Proof::Passed { .. }, true) => Some((true, "a model answered it".to_owned())),
            (Proof::Failed { .. }, _) => Some((false, "the test failed, but the key exists".to_owned())),
        };
    }

    /// What is known about the key, below its text.
    fn facts(&self, shared: &Shared, low: bool) -> Vec<Line<'static>> {
        let mut lines = Vec::new();
        let mut fact = |name: &str, value: &str| {
            if !value.is_empty() {
                let name = Span::styled(format!("{name:<9}"), shared.preferences.theme.dim);
                lines.push(Line::from(vec![name, Span::raw(text::clean(value).into_owned())]));
            }
        };
        let short_id = text::short_id(&self.key_id);
        fact("Key ID", if low { short_id.as_ref() } else { self.key_id.as_str() });
        let expires = match time::parse(&self.expires) {
            Some(at) => at.strftime("%Y-%m-%d %H:%M UTC").to_string(),
            None if self.expires.is_empty() => "never".to_owned(),
            None => self.expires.clone(),
        };
        let other = self.asked_for.map(|day| format!(", not {day} as shown")).unwrap_or_default();
        fact("expires", &format!("{expires}{other}"));
        // The file name and its problem must both be visible.
        if !(low && self.path.is_some()) {
            fact("comment", &self.comment);
        }
        if let Some(old) = &self.old {
            fact("replaces", &format!("{}, which {}", text::short_id(old), self.old_works));
            if self.proof != Proof::Untried {
                fact("test", &self.proof.text());
            }
        }
        lines
    }

    /// What happened to the key, or that it is shown only now.
    fn news(&self, shared: &Shared, low: bool) -> Line<'static> {
        let theme = &shared.preferences.theme;
        let glyphs = shared.preferences.glyphs;
        match &self.news {
            None | Some((true, _)) if self.path.is_some() && low => Line::default(),
            Some((true, news)) => Line::styled(format!("{} {}", glyphs.ok, text::clean(news)), theme.ok),
            Some((false, news)) => Line::styled(format!("{} {}", glyphs.bad, text::clean(news)), theme.error),
            None => Line::styled(
                "The workbench keeps only a hash of it: copy it, or write it to a file.",
                theme.dim,
            ),
        }
    }

    fn hints(&self, shared: &Shared, low: bool) -> Line<'static> {
        if self.path.is_some() {
            return Line::from(Span::styled("file ", shared.preferences.theme.key));
        }
        let mut hints = vec![
            (Command::CopyKey, "copy"),
            (Command::SaveKey, if low { "write" } else { "write to a file" }),
            (Command::TestWithKey, if low { "test" } else { "test a model" }),
            (Command::ShowKey, if self.hidden { "show" } else { "hide" }),
            (Command::Back, self.back_label()),
        ];
        // No model takes the legacy key.
        hints.retain(|(command, _)| *command != Command::TestWithKey || !self.is_legacy());
        key_hints(shared, &[KeyContext::Reveal, KeyContext::Global], &hints, if low { "  " } else { "   " })
    }
}

impl Layer for Reveal {
    fn name(&self) -> &'static str {
        "reveal"
    }

    fn contexts(&self, _shared: &Shared) -> Vec<KeyContext> {
        vec![if self.path.is_some() { KeyContext::Form } else { KeyContext::Reveal }]
    }

    /// Whether the name of a file is being typed.
    fn typing(&self, _shared: &Shared) -> bool {
        self.path.is_some()
    }

    fn label(&self, _shared: &Shared, command: Command) -> Option<Cow<'static, str>> {
        let label = match command {
            Command::Submit => "write file",
            Command::Back => self.back_label(),
            Command::TestWithKey if self.is_legacy() => "",
            _ => return None,
        };
        Some(label.into())
    }

    fn unsaved(&self, _shared: &Shared) -> Option<String> {
        let unkept = (!self.kept)
            .then(|| "The new API key was neither copied nor saved; it is shown only this once.".to_owned());
        let parts: Vec<String> = [self.both(), unkept].into_iter().flatten().collect();
        (!parts.is_empty()).then(|| parts.join(" "))
    }

    fn loses_key(&self) -> bool {
        !self.kept
    }

    fn wakes_at(&self, shared: &Shared) -> Option<Timestamp> {
        self.hides_at(shared)
    }

    fn wake(&mut self, shared: &mut Shared) -> Outcome {
        self.hidden |= self.hides_at(shared).is_some_and(|at| at <= shared.now);
        Outcome::done()
    }

    fn left_behind(&self, _shared: &Shared) -> Option<String> {
        let unkept = match self.is_legacy() {
            true => "The new legacy key was neither copied nor saved: its text is lost, replace it again."
                .to_owned(),
            false => format!(
                "The API key {} was created, and neither copied nor saved: its text is lost, delete it.",
                text::short_id(&self.key_id)
            ),
        };
        let unkept = (!self.kept).then_some(unkept);
        let parts: Vec<String> = [self.both(), unkept].into_iter().flatten().collect();
        (!parts.is_empty()).then(|| parts.join(" "))
    }

    fn command(&mut self, shared: &mut Shared, command: Command) -> Outcome {
        match command {
            Command::Submit => return self.write(shared),
            Command::Back => return self.back(shared),
            Command::CopyKey => {
                let sent = shared.sent("the key was");
                let outcome = if sent.arrives { self.keep() } else { Outcome::done() };
                self.news = Some((sent.arrives, sent.text));
                return outcome.and_effect(Effect::Copy(Copied::Key(self.key.clone())));
            }
            Command::SaveKey => self.path = Some(Field::new(proposed_path(&self.comment, &self.key_id))),
            Command::TestWithKey => return self.test(shared),
            Command::ShowKey => self.hidden = !self.hidden,
            _ => return Outcome::ignored(),
        }
        Outcome::done()
    }

    fn key(&mut self, _shared: &mut Shared, key: KeyEvent) -> Outcome {
        if let Some(field) = &mut self.path {
            field.on_key(key);
        }
        Outcome::done()
    }

    fn paste(&mut self, _shared: &mut Shared, text: &str) -> Outcome {
        if let Some(field) = &mut self.path {
            field.paste(text);
        }
        Outcome::done()
    }

    fn answer(&mut self, _shared: &mut Shared, _id: RequestId, answer: Answer) -> Outcome {
        match answer {
            Answer::KeySaved(answer) => self.saved(answer),
            _ => Outcome::done(),
        }
    }

    /// The key is left although it was neither copied nor saved.
    fn decided(&mut self, _shared: &mut Shared, _decision: Decision) -> Outcome {
        let lost = self.old.take().map(Event::SuccessorLost);
        let left = (!self.is_legacy()).then(|| Event::KeyLeft(self.key_id.clone()));
        lost.into_iter().chain(left).fold(Outcome::pop(), Outcome::and_event)
    }

    fn event(&mut self, _shared: &mut Shared, event: &Event) -> Outcome {
        match event {
            Event::KeyTested { key, proof, .. } if *key == self.key => self.tested(proof),
            // The tab asks what the test above this dialog led to.
            Event::AskDeleteOld(old) if self.old.as_ref() == Some(old) => return Outcome::pop(),
            // In the file that keybench signs in with.
            Event::KeyKept(key_id) if *key_id == self.key_id => self.kept = true,
            Event::RotationEnded(old) if self.old.as_ref() == Some(old) => self.old = None,
            _ => {}
        }
        Outcome::done()
    }

    fn draw(&self, shared: &Shared, frame: &mut Frame<'_>, area: Rect) {
        let theme = &shared.preferences.theme;
        // On a low terminal the blank lines go, so that the keys below stay in sight.
        let low = area.height < 15;
        let mut lines = vec![Line::default()];
        if self.hidden {
            lines.push(Line::styled(self.key.masked(), theme.title));
            lines.push(Line::default());
        } else {
            // Two halves, each on its own line: selected with the terminal's mouse they paste as one.
            let (first, second) = match self.key.expose().split_once('.') {
                Some((first, second)) => (format!("{first}."), second),
                None => (self.key.expose().to_owned(), ""),
            };
            lines.push(Line::styled(first, theme.title));
            lines.push(Line::styled(second.to_owned(), theme.title));
        }
        lines.push(Line::default());
        lines.extend(self.facts(shared, low));
        lines.push(Line::default());
        lines.push(self.news(shared, low));
        lines.push(Line::default());
        lines.push(self.hints(shared, low));
        if low {
            lines.retain(|line| line.width() > 0);
        }
        let inside = Dialog::new(&self.title, lines).render(shared, frame, area);
        if let Some(field) = &self.path
            && inside.height > 0
        {
            let row = Rect {
                x: inside.x + inside.width.min(5),
                y: inside.bottom() - 1,
                width: inside.width.saturating_sub(5),
                height: 1,
            };
            field.render(row, frame.buffer_mut(), true, &shared.styles());
        }
    }
}
