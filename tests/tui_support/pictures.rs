//! Every screen and every dialog, once: what the tests of sizes, snapshots and styles go through.

use std::sync::Arc;

use keybench::actions::keys::Own;
use keybench::api::Error;
use keybench::config::{Profile, Profiles, Store};
use keybench::probe::run::Summary;
use keybench::tui::call::{Answer, Call, Refusal, WriteError};
use keybench::tui::msg::Msg;
use keybench::tui::session::Expiration;
use keybench::tui::testing::Harness;
use keybench::wire::RotateV1KeyResponse;

use super::checks::{check_live, checked};
use super::history;
use super::models::{self as made_models, long_summary, summary};
use super::rotation::{answer_models, calling, passed, successor, tested as proof};
use super::settings::{demo, made, only_call, refusal, revealed};
use super::{
    admin as made_admin, builds as made_builds, services as made_services, settings as made_settings,
};

/// A name for files, and how to get there.
pub struct Picture {
    pub name: &'static str,
    pub open: fn() -> Harness,
}

/// All of them.
pub const PICTURES: &[Picture] = &[
    // Signing in
    Picture { name: "welcome", open: Harness::welcome },
    Picture { name: "sign_in", open: sign_in },
    Picture { name: "sign_in_refused", open: sign_in_refused },
    Picture { name: "sign_in_replace", open: sign_in_replace },
    Picture { name: "sign_in_leave", open: || then(sign_in(), "<esc>") },
    Picture { name: "opening", open: || then(Harness::welcome(), "<down><enter>") },
    // Settings
    Picture { name: "keys", open: demo },
    Picture { name: "keys_loading", open: || Harness::new().started() },
    Picture { name: "keys_none", open: || made_settings::listed(Vec::new()) },
    Picture { name: "keys_failed", open: keys_failed },
    Picture { name: "keys_marked", open: || then(demo(), "<space><space>") },
    Picture { name: "keys_sorted", open: || then(demo(), "ooO") },
    Picture { name: "keys_filter", open: || then(demo(), "/dash") },
    Picture { name: "columns", open: || then(demo(), "C") },
    Picture { name: "keys_columns", open: || then(demo(), "CGkKK<space><enter>") },
    Picture { name: "keys_read_only", open: read_only },
    Picture { name: "key_details", open: || then(demo(), "<enter>") },
    Picture { name: "keys_of_services", open: made_services::keys_of_services },
    Picture { name: "key_of_service_rotate", open: || then(made_services::keys_of_services(), "r") },
    Picture { name: "key_of_service_delete", open: || then(made_services::keys_of_services(), "d") },
    Picture { name: "services", open: || then(made_services::services(), "j") },
    Picture { name: "services_none", open: || then(demo(), "s") },
    Picture { name: "service", open: || then(made_services::services(), "j<enter>") },
    Picture { name: "services_question", open: || then(made_services::services(), "a") },
    Picture { name: "services_prune", open: || then(made_services::services(), "Gd") },
    Picture { name: "services_applied", open: made_services::applied },
    Picture { name: "new_key", open: || then(demo(), "n") },
    Picture { name: "new_key_typed", open: || then(demo(), "n2029-01-01<enter>") },
    Picture { name: "new_key_comment", open: || then(demo(), "n<tab><tab>batch job") },
    Picture { name: "new_key_refused", open: new_key_refused },
    Picture { name: "new_key_discard", open: || then(demo(), "n<tab><tab>batch<esc>") },
    Picture { name: "reveal", open: revealed },
    Picture { name: "reveal_hidden", open: || then(revealed(), "s") },
    Picture { name: "reveal_file", open: || then(revealed(), "w") },
    Picture { name: "reveal_copied", open: || then(revealed(), "y") },
    Picture { name: "reveal_leave", open: || then(revealed(), "<esc>") },
    Picture { name: "reveal_legacy", open: reveal_legacy },
    Picture { name: "delete_key", open: || then(demo(), "jd") },
    Picture { name: "delete_keys", open: || then(demo(), "<space><space>d") },
    Picture { name: "delete_all", open: delete_all },
    Picture { name: "delete_all_unrecognised", open: delete_all_unrecognised },
    Picture { name: "rotate", open: || then(demo(), "jr") },
    Picture { name: "rotate_expiry", open: || then(demo(), "jre") },
    Picture { name: "rotate_legacy", open: || then(demo(), "Gr") },
    Picture { name: "successor", open: successor },
    Picture { name: "delete_old", open: || then(successor(), "y<esc>") },
    Picture { name: "prove", open: || prove("") },
    Picture { name: "prove_request", open: || prove("add<enter>") },
    Picture { name: "prove_calling", open: || calling("y").0 },
    Picture { name: "prove_passed", open: || passed("y") },
    Picture { name: "prove_refused", open: not_proven },
    Picture { name: "delete_old_proven", open: || then(passed("y"), "<enter>") },
    Picture { name: "both_kept", open: both_kept },
    Picture { name: "rotation", open: || then(both_kept(), "g/dashboard<enter>r") },
    // Over any screen
    Picture { name: "palette", open: || then(demo(), ":") },
    Picture { name: "palette_found", open: || then(demo(), ":dele") },
    Picture { name: "palette_nothing", open: || then(demo(), ":zzzz") },
    Picture { name: "help", open: || then(demo(), "?") },
    Picture { name: "notices", open: notices },
    Picture { name: "notices_none", open: || then(demo(), "!") },
    Picture { name: "requests", open: || then(refused(), "!!") },
    Picture { name: "request", open: || then(refused(), "!!<enter>") },
    Picture { name: "notice_error", open: notice_error },
    Picture { name: "waiting", open: waiting },
    Picture { name: "profiles", open: profiles },
    Picture { name: "sign_out", open: || then(profiles(), "jd") },
    Picture { name: "themes", open: || then(demo(), "<f8>") },
    Picture { name: "rotate_marked", open: || then(demo(), "*r") },
    Picture { name: "quit", open: || then(demo(), "n<tab><tab>x<ctrl-c>") },
    // Models
    Picture { name: "models", open: made_models::listed },
    Picture { name: "models_coming", open: || made_models::opened().0 },
    Picture { name: "models_failed", open: models_failed },
    Picture { name: "models_filter", open: || then(made_models::listed(), "/prod slo") },
    Picture { name: "overview", open: || then(made_models::listed(), "i") },
    Picture { name: "restart", open: || then(made_models::listed(), "R") },
    Picture { name: "stop", open: || then(made_models::listed(), "S") },
    Picture { name: "builds", open: || made_builds::opened(made_builds::demo()) },
    Picture { name: "builds_deployed", open: || then(made_builds::opened(made_builds::demo()), "<down>") },
    Picture { name: "builds_failed", open: made_builds::failed },
    Picture { name: "deploy", open: made_builds::rolling_back },
    Picture { name: "deploy_replaces", open: || then(made_builds::rolling_back(), "<enter>") },
    Picture { name: "build_anew", open: || then(made_builds::opened(made_builds::demo()), "n") },
    Picture { name: "copy_call", open: || then(made_models::listed(), "y") },
    Picture { name: "test", open: || then(made_models::listed(), "t") },
    Picture { name: "test_key", open: || then(made_models::listed(), "t<shift-tab><shift-tab>") },
    Picture { name: "test_request", open: || then(made_models::listed(), "t<shift-tab>") },
    Picture { name: "test_running", open: || then(made_models::listed(), "t<enter>") },
    Picture { name: "test_success", open: tested },
    Picture { name: "test_refused", open: refused },
    Picture { name: "test_in_vain", open: || then(refused(), "<down>") },
    Picture { name: "answer", open: || then(tested(), "<down><right>") },
    Picture { name: "test_editing", open: || then(made_models::listed(), "te") },
    Picture { name: "choose_key", open: || then(made_models::listed(), "tK") },
    Picture { name: "save_request", open: || then(made_models::listed(), "tWsmall") },
    Picture { name: "saved_requests", open: || then(tested(), "Wsmall<enter>L") },
    Picture { name: "saved_request_delete", open: || then(tested(), "Wsmall<enter>L<ctrl-d>") },
    Picture { name: "result", open: || then(refused(), "<down><enter>") },
    Picture { name: "result_search", open: || then(refused(), "<down><enter>/auth") },
    Picture { name: "result_file", open: || then(refused(), "<down><enter>e") },
    Picture { name: "result_deep", open: result_deep },
    Picture { name: "check_form", open: || then(made_models::listed(), "c") },
    Picture { name: "check_wrong", open: || then(made_models::listed(), "c<tab><tab>p<enter>") },
    Picture { name: "check_live", open: check_live },
    Picture { name: "check", open: checked },
    Picture { name: "check_failed", open: || then(checked(), "j") },
    Picture { name: "check_members", open: || then(checked(), "i") },
    Picture { name: "check_filter", open: || then(checked(), "/label") },
    Picture { name: "run_form", open: || then(made_models::listed(), "b") },
    Picture { name: "run_wrong", open: || then(made_models::listed(), "bx<enter>") },
    Picture { name: "run_discard", open: || then(made_models::listed(), "bx<esc>") },
    Picture { name: "run_ceiling", open: || then(made_models::listed(), "b<ctrl-u>20000<enter>") },
    Picture { name: "run_connecting", open: || made_models::running().0 },
    Picture { name: "run_live", open: run_live },
    Picture { name: "run_ended", open: run_ended },
    Picture { name: "run_compared", open: run_compared },
    Picture { name: "run_file", open: || then(run_ended(), "e") },
    Picture { name: "run_replace", open: run_replace },
    Picture { name: "history", open: || history::after("") },
    Picture { name: "history_test", open: || history::after("jj") },
    Picture { name: "history_run", open: || history::after("<enter>") },
    Picture { name: "history_compared", open: || history::after("<space><space>c") },
    // Admin
    Picture { name: "users", open: made_admin::counted },
    Picture { name: "users_listing", open: users_listing },
    Picture { name: "users_filter", open: || then(made_admin::counted(), "/own") },
    Picture { name: "all_keys", open: made_admin::all_keys },
    Picture { name: "all_keys_delete", open: || then(made_admin::all_keys(), "*d") },
    Picture { name: "all_keys_coming", open: || made_admin::all_keys_coming().0 },
    Picture { name: "users_only_me", open: || made_admin::with_users(&["owner".to_owned()]) },
    Picture { name: "user_keys", open: made_admin::keys_of_owner },
    Picture { name: "user_keys_delete", open: || then(made_admin::keys_of_owner(), "d") },
    Picture { name: "user_keys_delete_all", open: || then(made_admin::keys_of_owner(), "Downe") },
    Picture { name: "user_preview", open: made_admin::user_preview },
    Picture { name: "security", open: made_admin::security },
    Picture { name: "security_edit", open: || then(made_admin::security(), "e<ctrl-u>90") },
    Picture { name: "security_change", open: || then(made_admin::security(), "e90<enter>") },
    Picture { name: "security_discard", open: || then(made_admin::security(), "e<ctrl-u>90<esc>") },
    Picture { name: "security_not_offered", open: not_offered },
    Picture { name: "projects", open: made_admin::projects },
    Picture { name: "projects_filter", open: || then(made_admin::projects(), "/churn") },
    Picture { name: "project_preview", open: made_admin::project_preview },
    Picture { name: "collaborators", open: made_admin::in_project },
    Picture { name: "collaborator_add", open: || then(made_admin::in_project(), "aout") },
    Picture {
        name: "collaborator_permission",
        open: || then(made_admin::in_project(), "aout<enter><enter>"),
    },
    Picture { name: "collaborator_change", open: || then(made_admin::in_project(), "je") },
    Picture { name: "collaborator_discard", open: || then(made_admin::in_project(), "aout<esc>") },
    Picture { name: "collaborator_remove", open: || then(made_admin::in_project(), "jd") },
];

/// One of them, by name.
pub fn open(name: &str) -> Harness {
    (PICTURES.iter().find(|picture| picture.name == name).unwrap().open)()
}

pub(super) fn then(mut harness: Harness, keys: &str) -> Harness {
    harness.keys(keys);
    harness
}

fn refused_with(operation: &'static str, message: &str) -> Error {
    Error::Refused {
        operation,
        status: 403,
        code: Some(7),
        message: message.into(),
        request_id: Some("7f3a".into()),
        retry_after: None,
    }
}

fn sign_in() -> Harness {
    let mut harness = then(Harness::welcome(), "<enter>https://workbench.example.com<enter>");
    harness.paste(&format!("{}.{}", "0a".repeat(32), "9f".repeat(32)));
    harness
}

fn sign_in_refused() -> Harness {
    let mut harness = then(sign_in(), "<enter>");
    let (id, _) = harness.calls().remove(0);
    let message = "validating the API key: the workbench does not know this key (HTTP 401)".to_owned();
    let hint = Some("paste another one, or look at the URL".to_owned());
    harness.answer(id, Answer::Opened(Err(Refusal { message, hint, taken: false })));
    harness
}

fn sign_in_replace() -> Harness {
    let mut harness = then(sign_in(), "<tab>lab<enter>");
    let (id, _) = harness.calls().remove(0);
    let message = "the profile lab is for alice at https://other.example.com".to_owned();
    harness.answer(id, Answer::Opened(Err(Refusal { message, hint: None, taken: true })));
    harness
}

fn keys_failed() -> Harness {
    let mut harness = then(demo(), "<ctrl-r>");
    let (id, _) = harness.calls().into_iter().find(|(_, call)| made_settings::is_list(call)).unwrap();
    let error = refused_with("listing the API keys", "not now");
    made_settings::answer_list(&mut harness, id, Err(error));
    harness
}

fn read_only() -> Harness {
    let mut harness = demo();
    harness.shared().session.read_only = true;
    then(harness, "n")
}

fn delete_all() -> Harness {
    let mut harness = demo();
    harness.shared().session.own = Own::default().signed_in_with("5b1c66aa10129f0a");
    then(harness, "Downe")
}

/// One of the keys may be that of the workbench session.
fn delete_all_unrecognised() -> Harness {
    let mut harness = demo();
    harness.shared().session.own = Own::default().signed_in_with("5b1c66aa10129f0a").given("not listed");
    then(harness, "Downe")
}

fn new_key_refused() -> Harness {
    let mut harness = demo();
    harness.shared().session.expiration = Expiration::NotOffered;
    harness.keys("n2031-01-31<tab><right><tab>batch job<enter>");
    let (id, _) = only_call(&mut harness);
    let refused = refusal("expiry date is beyond the limit of 90 days");
    made_settings::answer_created(&mut harness, id, Err(refused));
    harness
}

fn reveal_legacy() -> Harness {
    let mut harness = then(demo(), "Gry");
    let (id, _) = only_call(&mut harness);
    let answer = RotateV1KeyResponse { api_key: made().api_key, ..RotateV1KeyResponse::default() };
    harness.answer(id, Answer::LegacyKeyRotated(Ok(Box::new(answer))));
    harness
}

fn prove(keys: &str) -> Harness {
    let mut harness = then(successor(), "yt");
    answer_models(&mut harness);
    then(harness, keys)
}

/// A test of the new key that the model refused, and why.
fn not_proven() -> Harness {
    let body = "{\"success\":false,\"errors\":{\"User APikey not authorized to access model\":\"Check it\"}}";
    let mut harness = proof("y", super::rotation::answer(401, body));
    let (id, _) = only_call(&mut harness);
    super::rotation::answer_explained(&mut harness, id, made_models::not_a_collaborator());
    harness
}

fn both_kept() -> Harness {
    let mut harness = then(passed("y"), "<enter><enter>k");
    harness.calls();
    harness
}

fn notices() -> Harness {
    let mut harness = notice_error();
    let now = harness.now;
    harness.shared().notices.info(now, "deleted 77d0…41bb");
    harness.shared().notices.warning(now, "read-only mode: nothing here may change anything");
    then(harness, "!")
}

fn notice_error() -> Harness {
    let mut harness = demo();
    let now = harness.now;
    let error = refused_with("deleting an API key", "only a site administrator or the user may do this");
    harness.shared().notices.failed(now, &error);
    harness
}

fn waiting() -> Harness {
    let mut harness = Harness::new().started();
    harness.now += jiff::SignedDuration::from_secs(2);
    harness.send(Msg::Tick);
    harness
}

fn profiles() -> Harness {
    let mut harness = demo();
    harness.shared().preferences.store = Some(Store::at("/nowhere"));
    harness.keys("P");
    let (id, _) = harness.calls().remove(0);
    let profile = |url: &str, username: &str| Profile {
        url: url.into(),
        username: username.into(),
        ..Profile::default()
    };
    let mut profiles = Profiles::default();
    profiles.profiles.insert("lab".into(), profile("http://localhost:8642", "owner"));
    profiles.profiles.insert("production".into(), profile("https://ml.example.com", "svc-scoring"));
    harness.shared().session.profile = Some("lab".into());
    harness.answer(id, Answer::Profiles(Ok(profiles)));
    harness
}

fn models_failed() -> Harness {
    let (mut harness, calls) = made_models::opened();
    let error = refused_with("listing models", "not now");
    harness.answer(calls[0].0, Answer::ModelsListed(Err(error)));
    harness
}

fn tested() -> Harness {
    let mut harness = made_models::listed();
    made_models::tested(&mut harness, "t<enter>", made_models::success());
    harness
}

fn refused() -> Harness {
    let mut harness = made_models::listed();
    made_models::refused(&mut harness, "tKouts<enter><enter>");
    harness
}

/// An answer in which something lies deep.
fn result_deep() -> Harness {
    let mut harness = made_models::listed();
    let body = "{\"success\":true,\"response\":{\"one\":{\"two\":{\"three\":{\"deep\":8}}}}}";
    made_models::tested(&mut harness, "t<enter>", made_models::answer(200, body));
    then(harness, "<down><enter>")
}

fn run_live() -> Harness {
    let (mut harness, id, run) = made_models::running();
    let progress = Answer::RunProgress { model_id: run.model_id, summary: summary(80, false) };
    harness.send(Msg::Progress { id, answer: progress });
    harness
}

fn ended(mut harness: Harness, summary: Arc<Summary>) -> Harness {
    let (id, call) = harness.calls().remove(0);
    let Call::Run(run) = call else { panic!("{call:?}") };
    harness.answer(id, Answer::RunEnded { model_id: run.model_id, ended: Ok(summary) });
    harness
}

fn run_ended() -> Harness {
    ended(then(made_models::listed(), "b<enter>"), summary(150, true))
}

/// There is a file of that name already.
fn run_replace() -> Harness {
    let mut harness = then(run_ended(), "e<enter>");
    let (id, _) = harness.calls().remove(0);
    harness.answer(id, Answer::Written { file: "run.json".into(), done: Err(WriteError::Exists) });
    harness
}

fn run_compared() -> Harness {
    let first = ended(then(made_models::listed(), "b<enter>"), long_summary(150));
    then(ended(then(first, "b<enter>"), long_summary(200)), "c")
}

fn users_listing() -> Harness {
    let mut harness = Harness::new().started();
    harness.calls();
    then(harness, "3")
}

fn not_offered() -> Harness {
    let mut harness = made_admin::with_users(&[]);
    harness.shared().session.expiration = Expiration::NotOffered;
    then(harness, "]")
}
