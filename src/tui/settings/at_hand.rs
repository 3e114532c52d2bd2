//! A key of the list whose text this run still has: copied or saved once more.

use super::reveal::Reveal;
use super::tab::Settings;
use crate::secret::ApiKey;
use crate::text;
use crate::tui::event::{Destination, Event};
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
        let (copied, effect) = shared.copy_key("the key was", key);
        match copied {
            true => Outcome::effect(effect).and_event(Event::KeyKept(listed.key_id)),
            false => effect.into(),
        }
    }

    pub(super) fn save_key_again(&self, shared: &mut Shared) -> Outcome {
        let Some((listed, key)) = self.at_hand(shared) else { return Outcome::done() };
        Outcome::push(Reveal::again(&listed, key))
    }

    /// The short Key IDs of new keys whose texts are nowhere but here: they end with this run.
    pub(super) fn not_kept(&self, shared: &Shared) -> Option<String> {
        let known = self.unkept.iter().filter(|id| shared.session.known_key(id).is_some());
        let ids: Vec<_> = known.map(|id| text::short_id(id)).collect();
        (!ids.is_empty()).then(|| ids.join(", "))
    }

    /// To the Models tab with the selected key, if this run knows its text.
    pub(super) fn test_with_selected(&self, shared: &mut Shared) -> Outcome {
        let Some(Selected::Key(key)) = self.keys.selected() else {
            let text = "models are called with an API key, not with the legacy key";
            shared.notices.warning(shared.now, text);
            return Outcome::done();
        };
        match shared.session.known_key(&key.key_id) {
            Some(known) => Outcome::event(Event::Show(Destination::TestWith(Box::new(known)))),
            None => {
                let text = "the text of this key is not known here: paste the key into a Test panel";
                shared.notices.warning(shared.now, text);
                Outcome::done()
            }
        }
    }
}
