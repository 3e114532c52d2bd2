//! Requests that are kept: what was sent, what was saved under a name.

use std::collections::HashMap;

use super::chooser::Chooser;
use crate::config::requests::{Change, Requests};
use crate::tui::call::Call;
use crate::tui::choice::Choice;
use crate::tui::effect::Effect;
use crate::tui::requests::Kind;
use crate::tui::shared::Shared;

/// Requests that were sent or saved, by model id.
#[derive(Debug, Default)]
pub struct Saved {
    requests: HashMap<String, Requests>,
    /// Those of earlier starts have been asked for.
    asked: bool,
}

impl Saved {
    /// Asks once for the requests of earlier starts.
    pub fn load(&mut self, shared: &mut Shared) -> Option<Effect> {
        if std::mem::replace(&mut self.asked, true) {
            return None;
        }
        let call = Call::LoadRequests { file: shared.requests_file()?, url: shared.session.url.clone() };
        // Not cancelled with the tab: it is a local file, and read only once.
        Some(shared.start(Kind::Background, "reading saved requests", call).1)
    }

    /// The requests of earlier starts were read; those of this one have precedence.
    pub fn loaded(&mut self, requests: HashMap<String, Requests>) {
        for (model_id, requests) in requests {
            self.requests.entry(model_id).or_insert(requests);
        }
    }

    /// The request that was sent to a model last.
    pub fn last(&self, model_id: &str) -> Option<&str> {
        self.requests.get(model_id)?.last()
    }

    /// A request was sent.
    pub fn note_sent(&mut self, shared: &mut Shared, model_id: &str, request: &str) -> Option<Effect> {
        self.change(shared, model_id, Change::Sent { request: request.to_owned() })
    }

    /// Keeps a request under a name.
    pub fn keep(
        &mut self,
        shared: &mut Shared,
        model_id: &str,
        name: String,
        request: String,
    ) -> Option<Effect> {
        shared.notices.info(shared.now, format!("the request is saved as {name}"));
        self.change(shared, model_id, Change::Saved { name, request })
    }

    /// Deletes the request that is saved under a name.
    pub fn delete(&mut self, shared: &mut Shared, model_id: &str, name: String) -> Option<Effect> {
        shared.notices.info(shared.now, format!("the saved request {name} is deleted"));
        self.change(shared, model_id, Change::Deleted { name })
    }

    /// Keeps what happened to a model's requests, here and in the file.
    fn change(&mut self, shared: &mut Shared, model_id: &str, change: Change) -> Option<Effect> {
        self.requests.entry(model_id.to_owned()).or_default().apply(change.clone());
        let (file, url) = (shared.requests_file()?, shared.session.url.clone());
        let call = Call::StoreRequests { file, url, model_id: model_id.to_owned(), change };
        Some(shared.start(Kind::Change, "saving the request", call).1)
    }

    /// The requests of a model to choose from: saved ones first, then those that were sent.
    pub fn chooser(&self, model_id: &str) -> Option<Chooser> {
        let requests = self.requests.get(model_id)?;
        if requests.named.is_empty() && requests.sent.is_empty() {
            return None;
        }
        let one_line = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        let named = requests.named.iter().map(|(name, text)| (format!("{name}: {}", one_line(text)), text));
        let sent = requests.sent.iter().map(|text| (one_line(text), text));
        let option = |(label, text): (String, &String)| (label, Choice::Request(text.clone()));
        let chooser = Chooser::new("Requests of this model", named.chain(sent).map(option), 0);
        Some(chooser.deleting(requests.named.keys()))
    }
}
