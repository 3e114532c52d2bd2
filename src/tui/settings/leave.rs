//! The question before a new key is left.

use crate::tui::command::Command;
use crate::tui::decision::Decision;
use crate::tui::layer::Outcome;
use crate::tui::overlays::Question;
use crate::tui::overlays::question::LOSE;
use crate::tui::shared::Shared;

/// Asks whether to leave a new key that was neither copied nor saved. No key says yes to that by a slip.
pub fn ask_leave(shared: &Shared, is_legacy: bool) -> Outcome {
    let mut lines = vec!["It was neither copied nor saved.".to_owned()];
    let yes = if is_legacy {
        lines.push("Without it the legacy key is of no use, and has to be replaced again.".into());
        "Lose it"
    } else {
        let [copy, write] = [Command::CopyKey, Command::SaveKey].map(|command| shared.key_of(command));
        lines.push(format!(
            "Until keybench ends, {copy} on its row still copies it, and {write} writes it to a file. After \
             that nothing can show it again."
        ));
        "Leave it"
    };
    Question::new("Leave the new key?", lines, yes, Decision::Discard)
        .or("Back to the key")
        .typing_name(LOSE)
        .ask()
}
