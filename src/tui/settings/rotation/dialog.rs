//! A rotation that was left with both keys, to be gone on with: what exists, and what can be done.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::steps::{Proof, Rotation};
use crate::text;
use crate::tui::app::App;
use crate::tui::command::{Command, Context};
use crate::tui::screens::key_list::describe;
use crate::tui::widgets::dialog::Dialog;

/// Columns of the words before a fact.
const HEAD: usize = 5;

/// What exists: the old key, the new one, and how far the new one is proven.
pub(super) fn state_lines(app: &App, rotation: &Rotation) -> Vec<String> {
    let mut lines = vec![format!("old  {}", describe(&rotation.old))];
    let Some(new) = rotation.successor() else { return lines };
    let listed = app.settings.keys.all().iter().find(|key| key.key_id == new.key_id);
    lines.push(match listed {
        Some(key) => format!("new  {}", describe(key)),
        None => format!("new  {}", text::short_id(&new.key_id)),
    });
    lines.push(format!("     {}", new.proof.words()));
    if !new.kept {
        lines.push("     neither copied nor saved: nobody can be given it".to_owned());
    }
    lines
}

pub(in crate::tui::screens::settings) fn view(app: &App, old_id: &str, frame: &mut Frame<'_>, area: Rect) {
    let Some(rotation) = app.settings.rotations.of(old_id) else { return };
    let theme = &app.preferences.theme;
    let mut lines = vec![Line::default()];
    let passed = matches!(rotation.successor().map(|new| &new.proof), Some(Proof::Passed { .. }));
    for (n, words) in state_lines(app, rotation).into_iter().enumerate() {
        let (head, rest) = words.split_at_checked(HEAD).unwrap_or(("", &words));
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
    for command in [Command::TestWithKey, Command::DeleteOldKey, Command::RotateKey, Command::Back] {
        let words = match command {
            Command::TestWithKey => "test a model with the new key",
            Command::DeleteOldKey => "delete the old key, after a question",
            Command::RotateKey => "create one more successor",
            _ => "keep both",
        };
        let entry = app.entry(command, &[Context::Rotation, Context::Global]);
        if let Some(entry) = entry.filter(|entry| app.allows(entry)) {
            let key = format!("{:<HEAD$}", app.keymap.key_of(entry));
            lines.push(Line::from_iter([Span::styled(key, theme.key), Span::raw(words)]));
        }
    }
    if area.height < 15 {
        lines.retain(|line| line.width() > 0);
    }
    Dialog::new("Rotation of an API key", lines).render(app, frame, area);
}
