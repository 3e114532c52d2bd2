//! Requests that are kept: what was sent, what was saved under a name.

use super::boxes::choose;
use super::panel::not_json;
use crate::config::requests::Change;
use crate::tui::app::App;
use crate::tui::effect::{self, Effects};
use crate::tui::requests::{Kind, Scope};
use crate::tui::screens::models::calls::Call;
use crate::tui::screens::models::state::{Choice, Prompt, Purpose};
use crate::tui::widgets::field::Field;

/// Asks once for the requests of earlier starts.
pub(super) fn ask_for_requests(app: &mut App) -> Effects {
    if app.models.requests_asked {
        return Effects::new();
    }
    app.models.requests_asked = true;
    let Some(file) = app.requests_file() else { return Effects::new() };
    let call = effect::Call::Models(Call::LoadRequests { file, url: app.session.url.clone() });
    // Not given up with the tab: it is a local file, and asked for only once.
    vec![app.start(Scope::Session, Kind::Read, "reading saved requests", call).1]
}

/// Keeps what happened to a model's requests, here and in the file.
fn keep(app: &mut App, model_id: &str, change: Change) -> Effects {
    app.models.requests.entry(model_id.to_owned()).or_default().apply(change.clone());
    let Some(file) = app.requests_file() else { return Effects::new() };
    let call =
        Call::StoreRequests { file, url: app.session.url.clone(), model_id: model_id.to_owned(), change };
    vec![app.start(Scope::Session, Kind::Change, "saving the request", effect::Call::Models(call)).1]
}

/// A request was sent.
pub(in crate::tui) fn note_sent(app: &mut App, model_id: &str, request: &str) -> Effects {
    keep(app, model_id, Change::Sent { request: request.to_owned() })
}

pub(super) fn ask_name(app: &mut App) {
    let Some(panel) = app.models.panel_mut() else { return };
    if let Err(problem) = panel.editor.value() {
        panel.problem = Some(not_json("nothing was saved", problem));
        return;
    }
    app.models.prompt =
        Some(Prompt { purpose: Purpose::SaveRequest, field: Field::default(), problem: None });
}

pub(super) fn save_request(app: &mut App, name: String) -> Effects {
    let Some(model_id) = app.models.open.clone() else { return Effects::new() };
    let Some(request) = app.models.panel().map(|panel| panel.editor.text()) else { return Effects::new() };
    app.notices.info(app.now, format!("the request is saved as {name}"));
    keep(app, &model_id, Change::Saved { name, request })
}

/// Lets the person choose one of the model's requests: saved ones first, then those that were sent.
pub(super) fn choose_request(app: &mut App) {
    let Some(requests) = app.models.open.as_ref().and_then(|id| app.models.requests.get(id)) else {
        app.notices.warning(app.now, "no test of this model was sent yet, and no request is saved for it");
        return;
    };
    let one_line = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let named = requests.named.iter().map(|(name, text)| (format!("{name}: {}", one_line(text)), text));
    let sent = requests.sent.iter().map(|text| (one_line(text), text));
    let options = named.chain(sent).map(|(label, text)| (label, Choice::Request(text.clone()))).collect();
    choose(app, "Requests of this model", options, 0);
}
