//! A rotation that was left with both keys, to be gone on with: what exists, and what can be done.

use std::borrow::Cow;

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::questions::{ask_create, ask_delete_old, refuse_delete_old, state_lines};
use super::steps::Rotation;
use crate::actions::rotation::Plan;
use crate::config::KnownKey;
use crate::tui::command::{Command, KeyContext};
use crate::tui::decision::Decision;
use crate::tui::event::{Event, Proof};
use crate::tui::layer::{Layer, Outcome};
use crate::tui::parts::dialog::Dialog;
use crate::tui::settings::key_test::KeyTest;
use crate::tui::settings::reveal::Reveal;
use crate::tui::shared::Shared;
use crate::wire::V2KeyDetails;

/// Columns before a fact.
const HEAD: usize = 5;

/// The dialog.
#[derive(Debug)]
pub struct RotationDialog {
    rotation: Rotation,
    /// The new key as the workbench lists it.
    listed: Option<V2KeyDetails>,
    /// What should be done about the keys of this name.
    plan: Plan,
}

impl RotationDialog {
    pub fn new(rotation: Rotation, listed: Option<V2KeyDetails>, plan: Plan) -> Self {
        Self { rotation, listed, plan }
    }

    /// Whether there is anything to do for a command: the text of the new key may be gone.
    fn can(&self, shared: &Shared, command: Command) -> bool {
        match command {
            Command::DeleteOldKey => self.may_delete_old(),
            Command::TestWithKey | Command::CopyKey => self.at_hand(shared).is_some(),
            Command::SaveKey => self.at_hand(shared).is_some() && self.listed.is_some(),
            _ => true,
        }
    }

    /// Whether the old key may go: the new one was handed over.
    fn may_delete_old(&self) -> bool {
        self.rotation.by_hand().may_delete_old(&self.plan)
    }

    /// The new key with its text, where this run knows it.
    fn at_hand(&self, shared: &Shared) -> Option<KnownKey> {
        shared.session.known_key(&self.rotation.successor()?.key_id)
    }

    /// The new key is copied; what can be done then is asked anew.
    fn copy(&self, shared: &mut Shared) -> Outcome {
        let Some(known) = self.at_hand(shared) else { return Outcome::ignored() };
        let (copied, effect) = shared.copy_key("the new key was", known.key);
        if !copied {
            return effect.into();
        }
        let again = Outcome { run: Some(Command::RotateKey), ..Outcome::pop() };
        again.and_effect(effect).and_event(Event::KeyKept(known.key_id.unwrap_or_default()))
    }

    fn save(&self, shared: &Shared) -> Outcome {
        match (self.at_hand(shared), &self.listed) {
            (Some(known), Some(listed)) => Outcome::replace(Reveal::again(listed, known.key)),
            _ => Outcome::ignored(),
        }
    }

    /// To the test of the new key, where this run knows its text.
    fn test(&self, shared: &Shared) -> Outcome {
        let Some(new) = self.rotation.successor() else { return Outcome::ignored() };
        let Some(known) = self.at_hand(shared) else { return Outcome::ignored() };
        let old = new.handed_over.map(|_| self.rotation.old.key_id.clone());
        Outcome::push(KeyTest::new(known, old))
    }
}

impl Layer for RotationDialog {
    fn name(&self) -> &'static str {
        "rotation"
    }

    fn contexts(&self, _shared: &Shared) -> Vec<KeyContext> {
        vec![KeyContext::Rotation]
    }

    fn command(&mut self, shared: &mut Shared, command: Command) -> Outcome {
        match command {
            Command::DeleteOldKey if self.may_delete_old() => {
                ask_delete_old(shared, &self.rotation, self.listed.as_ref())
            }
            Command::DeleteOldKey => {
                refuse_delete_old(shared);
                Outcome::done()
            }
            Command::RotateKey => {
                ask_create(shared, &self.rotation.old, self.rotation.successor(), &self.plan)
            }
            Command::TestWithKey => self.test(shared),
            Command::CopyKey => self.copy(shared),
            Command::SaveKey => self.save(shared),
            _ => Outcome::ignored(),
        }
    }

    fn label(&self, shared: &Shared, command: Command) -> Option<Cow<'static, str>> {
        (!self.can(shared, command)).then(|| "".into())
    }

    /// The tab does what the user agreed to, because it owns the rotation.
    fn decided(&mut self, _shared: &mut Shared, decision: Decision) -> Outcome {
        Outcome { decision: Some(decision), ..Outcome::pop() }
    }

    fn event(&mut self, _shared: &mut Shared, event: &Event) -> Outcome {
        match event {
            Event::KeyTested { key_id: Some(key_id), proof, .. } => {
                if let Some(new) = self.rotation.successor_mut().filter(|new| new.key_id == *key_id) {
                    new.proof = proof.clone();
                }
                Outcome::done()
            }
            // The tab asks what the test above this dialog led to.
            Event::AskDeleteOld(old_id) | Event::RotationEnded(old_id)
                if *old_id == self.rotation.old.key_id =>
            {
                Outcome::pop()
            }
            _ => Outcome::done(),
        }
    }

    fn draw(&self, shared: &Shared, frame: &mut Frame<'_>, area: Rect) {
        let theme = &shared.preferences.theme;
        let mut lines = vec![Line::default()];
        let passed = matches!(self.rotation.successor().map(|new| &new.proof), Some(Proof::Passed { .. }));
        for (n, text) in state_lines(shared, &self.rotation, self.listed.as_ref()).into_iter().enumerate() {
            let (head, rest) = text.split_at_checked(HEAD).unwrap_or(("", &text));
            let style = match n {
                0 | 1 => theme.text,
                2 if passed => theme.ok,
                _ => theme.warn,
            };
            let spans = [Span::styled(head.to_owned(), theme.dim), Span::styled(rest.to_owned(), style)];
            lines.push(Line::from_iter(spans));
        }
        lines.push(Line::default());
        lines.push(Line::from("Both keys are there. What next?"));
        lines.push(Line::default());
        for (command, does) in [
            (Command::CopyKey, "copy the new key"),
            (Command::SaveKey, "write the new key to a file"),
            (Command::TestWithKey, "test a model with the new key"),
            (Command::DeleteOldKey, "delete the old key, after a question"),
            (Command::RotateKey, "create one more successor"),
            (Command::Back, "keep both"),
        ] {
            let entry = shared.entry(command, &[KeyContext::Rotation, KeyContext::Global]);
            if let Some(entry) = entry.filter(|entry| shared.allows(entry) && self.can(shared, command)) {
                let key = format!("{:<HEAD$}", shared.keymap.key_of(entry));
                lines.push(Line::from_iter([Span::styled(key, theme.key), Span::raw(does)]));
            }
        }
        if area.height < 15 {
            lines.retain(|line| line.width() > 0);
        }
        Dialog::new("Rotation of an API key", lines).render(shared, frame, area);
    }
}
