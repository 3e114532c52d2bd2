//! A key of the list whose text this run still has: copied or saved once more.

use super::reveal::Reveal;
use super::tab::Settings;
use crate::secret::ApiKey;
use crate::tui::effect::{Copied, Effect};
use crate::tui::event::Event;
use crate::tui::key_list::Selected;
use crate::tui::layer::Outcome;
use crate::tui::shared::Shared;
use crate::wire::V2KeyDetails;

impl Settings {
    /// The selected key and its text; without one, a notice says why.
    fn at_hand(&self, shared: &mut Shared) -> Option<(V2KeyDetails, ApiKey)> {
        let text = match self.keys.selected()? {
            Selected::Legacy => "the legacy key is shown once, when it is replaced",
            Selected::Key(key) => match shared.session.known_key(&key.key_id) {
                Some(known) => return Some((key.clone(), known.key)),
                None => "the text of this key is not known here: it was shown once, when it was made",
            },
        };
        shared.notices.warning(shared.now, text);
        None
    }

    pub(super) fn copy_key_again(&self, shared: &mut Shared) -> Outcome {
        let Some((listed, key)) = self.at_hand(shared) else { return Outcome::done() };
        let text = shared.sent_to_terminal("the key was");
        shared.notices.info(shared.now, text);
        Outcome::effect(Effect::Copy(Copied::Key(key))).and_event(Event::KeyKept(listed.key_id))
    }

    pub(super) fn save_key_again(&self, shared: &mut Shared) -> Outcome {
        let Some((listed, key)) = self.at_hand(shared) else { return Outcome::done() };
        Outcome::push(Reveal::again(&listed, key))
    }
}
