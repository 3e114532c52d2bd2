//! What the tab asks before keys of its list are deleted.

use std::collections::HashSet;

use super::rotation::questions::on_deletion;
use super::rotation::steps::Rotations;
use crate::actions::keys::Spared;
use crate::text;
use crate::tui::call::ToDelete;
use crate::tui::command::Command;
use crate::tui::decision::Decision;
use crate::tui::key_list::deletion::{self, stays};
use crate::tui::key_list::{KeyList, Selected, of_service};
use crate::tui::layer::Outcome;
use crate::tui::overlays::Question;
use crate::tui::shared::Shared;

fn warn(shared: &mut Shared, text: impl Into<String>) -> Outcome {
    shared.notices.warning(shared.now, text);
    Outcome::done()
}

/// Asks about the marked keys, or about the selected one.
pub fn ask(shared: &mut Shared, keys: &KeyList, rotations: &Rotations) -> Outcome {
    let chosen = keys.chosen();
    if chosen.is_empty() && matches!(keys.selected(), Some(Selected::Legacy)) {
        let rotate = shared.key_of(Command::RotateKey);
        let text =
            format!("the legacy key cannot be deleted; {rotate} replaces it, and nothing here needs it");
        return warn(shared, text);
    }
    let Some(username) = shared.session.username.clone() else { return Outcome::done() };
    let (going, _) = shared.session.own.spare(chosen.clone(), |key| &key.key_id);
    let going: Vec<&str> = going.iter().map(|key| &*key.key_id).collect();
    let replaced = going.iter().filter_map(|id| on_deletion(rotations, id, &going));
    deletion::ask(shared, &username, &chosen, keys.hidden_marks().into_iter().chain(replaced).collect())
}

/// Asks about all listed keys except those in use here: with a filter about those that it shows. Only the
/// keys in the question are deleted, not keys created since.
pub fn ask_all(shared: &mut Shared, keys: &KeyList) -> Outcome {
    let Some(username) = shared.session.username.clone() else { return Outcome::done() };
    let own = &shared.session.own;
    let (mut lines, mut going, mut recognised) = (Vec::new(), Vec::new(), false);
    let shown: HashSet<String> = keys.shown().into_iter().collect();
    let mut hidden = 0;
    for key in keys.all() {
        match own.spares(&key.key_id) {
            Some(why) => {
                recognised |= why == Spared::WorkbenchSession;
                lines.push(stays(&key.key_id, why));
            }
            None if shown.contains(&key.key_id) => going.push(key),
            None => hidden += 1,
        }
    }
    if lines.is_empty() {
        let text = "not all are deleted: which of the listed keys keybench is signed in with is not known; \
                    mark keys, and delete those";
        return warn(shared, text);
    }
    if going.is_empty() {
        let listed = if hidden > 0 { "in what the filter shows" } else { "to delete" };
        lines.push(format!("There is no other key {listed}."));
        return warn(shared, lines.join(" "));
    }
    let count = text::count(going.len(), "other API key", "other API keys");
    let verb = if going.len() == 1 { "stops" } else { "stop" };
    lines.push(format!("The {count} of {username} at {} {verb} working at once.", shared.session.label));
    if hidden > 0 {
        let stay = text::count(hidden, "key stays", "keys stay");
        lines.push(format!("Only those that the filter shows: {stay} that it hides."));
    }
    lines.extend(of_service::among(shared, &going));
    let key_ids = going.iter().map(|key| key.key_id.clone()).collect();
    let title = if hidden > 0 { "Delete all API keys that are shown?" } else { "Delete all API keys?" };
    let of = username.clone();
    let keys = match own.has_given() && !recognised {
        true => ToDelete::UnlessGiven { username: of, key_ids },
        false => ToDelete::Keys { username: of, key_ids },
    };
    Question::new(title, lines, "Delete all", Decision::DeleteKeys(keys)).typing_name(username).ask()
}

/// A deleted key cannot make requests, so none is made: the notice says what to do.
pub fn own_key_deleted(shared: &mut Shared) {
    let hint = shared.sign_in_hint();
    let text = "deleted, and with it the key of this session: the workbench refuses everything from now on";
    shared.notices.error(shared.now, text, Some(hint));
}
