//! Carries calls out.

use super::{
    Answer, Call, CallContext, builds, check, fleet, history, keys, model, models, session, site, write,
};
use crate::actions::models::Verb;
use crate::actions::rotation;

/// Carries out a call; dropping the future cancels it. Without a `context` no user is signed in, and
/// only calls that open a session work.
pub async fn run(call: Call, context: Option<CallContext>) -> Answer {
    match call {
        Call::StartEmbedded(wish) => session::start_embedded(wish).await,
        Call::SignIn { store, request, key } => session::sign_in(store, *request, key).await,
        Call::OpenProfile { store, name, given } => session::open_profile(store, name, *given).await,
        Call::Profiles { store } => Answer::Profiles(session::profiles(store).await),
        Call::RemoveProfile { store, name } => session::remove_profile(store, name).await,
        #[cfg(debug_assertions)]
        #[expect(clippy::panic, reason = "the panic is the purpose")]
        Call::Panic => panic!("asked for by KEYBENCH_PANIC"),
        call => match context {
            Some(context) => signed_in(call, &context).await,
            None => Answer::SignedOut,
        },
    }
}

async fn signed_in(call: Call, context: &CallContext) -> Answer {
    let session = &*context.session;
    let client = &session.client;
    match call {
        // Carried out above, with or without a session.
        Call::StartEmbedded(_)
        | Call::SignIn { .. }
        | Call::OpenProfile { .. }
        | Call::Profiles { .. }
        | Call::RemoveProfile { .. } => Answer::SignedOut,
        #[cfg(debug_assertions)]
        Call::Panic => Answer::SignedOut,
        Call::AdoptKey { key, key_id } => session::adopt(session, key, key_id).await,
        Call::WhoAmI => Answer::WhoAmI(session::who_am_i(client).await),
        Call::Reach => Answer::Reached(session::who_am_i(client).await),
        Call::Expiration => site::expiration(client).await,
        Call::Version => site::version(client).await,
        Call::ListKeys { username } => keys::list(session, username).await,
        Call::CountKeys { username } => keys::count(session, username).await,
        Call::CreateKey { username, new } => keys::create(session, username, new).await,
        Call::NoteHandOver { old, key_id } => {
            let noted = rotation::note_by_hand(session, &old, &key_id, client.clock().now());
            Answer::HandOverNoted(noted.map_err(|error| error.to_string()))
        }
        Call::DeleteKeys(to_delete) => keys::delete(session, to_delete).await,
        Call::RotateLegacyKey { username } => keys::rotate_legacy(client, username).await,
        Call::Fleet(call) => fleet::call(context, call).await,
        Call::SaveKey { key, path } => Answer::KeySaved(write::key(key, path).await),
        Call::ListModels { scope } => Answer::ModelsListed(models::list(scope, context).await),
        Call::Deployment { project_id, model_id } => models::deployment(client, project_id, model_id).await,
        Call::Project { project_id } => models::project(client, project_id).await,
        Call::TestModel(test) => model::test(context, test).await,
        Call::Explain(explain) => model::explain(client, *explain).await,
        Call::Builds(call) => builds::run(session, call).await,
        Call::RestartModel(deployment) => models::ask(session, Verb::Restart, *deployment).await,
        Call::StopModel(deployment) => models::ask(session, Verb::Stop, *deployment).await,
        Call::CheckModel(request) => check::check(*request, context).await,
        Call::ReadRow(input, row) => check::row(input, row).await,
        Call::Run(run) => model::run(*run, context).await,
        Call::StopRun(stop) => {
            stop.cancel();
            Answer::RunStopAsked
        }
        Call::LoadRequests { file, url } => Answer::Requests(write::load_requests(file, url).await),
        Call::StoreRequests { file, url, model_id, change } => {
            Answer::RequestsStored(write::store_requests(file, url, model_id, change).await)
        }
        Call::StoreColumns { file, list, columns } => {
            Answer::ColumnsStored(write::store_columns(file, list, columns).await)
        }
        Call::History { file } => Answer::History(history::list(file).await),
        Call::HistoryEntry { file, id } => Answer::HistoryEntry { id, entry: history::entry(file, id).await },
        Call::HistoryRuns { file, before, after } => {
            Answer::HistoryRuns(history::runs(file, [before, after]).await)
        }
        Call::StoreSetting { file, setting } => {
            let done = write::store_setting(file.clone(), setting).await;
            Answer::SettingStored { file, setting, done }
        }
        Call::ExportRun { file, summary, replace } => write::run(file, summary, replace).await,
        Call::WriteText { file, text, replace } => write::text(file, text, replace).await,
        Call::Users => site::users(context).await,
        Call::AuditKeys => site::audit_keys(context).await,
        Call::SetExpiration { days } => site::set_expiration(session, days).await,
        Call::Projects => site::projects(context).await,
        Call::Collaborators { project_id } => site::collaborators(client, project_id).await,
        call @ (Call::AddCollaborator { .. } | Call::SetPermission { .. }) => site::give(session, call).await,
        Call::RemoveCollaborator { project_id, username } => {
            site::remove_collaborator(session, project_id, username).await
        }
    }
}
