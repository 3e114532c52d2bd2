//! Why a model is not running, as far as the workbench tells.
//!
//! API v2 has no logs of builds and replicas (SPEC). What there is: the status of build and deployment,
//! and the rows of the usage view, which have a message, whether memory ran out, and what Kubernetes
//! says (SPEC). Whether models are among those rows is not known, nor how a row names its deployment, so
//! all of that may be missing here.

use jiff::{SignedDuration, Timestamp};

use crate::api::{self, PageQuery};
use crate::config::Session;
use crate::text;
use crate::wire::{BuildState, DeploymentState, K8SInfo, Model, ModelBuild, ModelDeployment};
use crate::wire::{UsageResponse, time};

/// Rows of the usage view that are looked through, the newest of the project.
const ROWS: u32 = 200;
/// A workload that began so long before its deployment was made belongs to another one.
const EARLIER: SignedDuration = SignedDuration::from_secs(60);

/// Why a model is not running: sentences, with one about what cannot be known, and as the last one what
/// has several lines. Empty where it runs.
///
/// Asks one request, where there is something to ask.
pub async fn why(
    session: &Session,
    model: &Model,
    build: &ModelBuild,
    deployment: &ModelDeployment,
) -> Vec<String> {
    match (build.state(), deployment.state()) {
        (_, DeploymentState::Up) => Vec::new(),
        (_, DeploymentState::Stopping) => vec!["It is being stopped.".to_owned()],
        (_, DeploymentState::Stopped) => vec![stopped(deployment)],
        (BuildState::Failed, _) => build_failed(build),
        (BuildState::OnItsWay, DeploymentState::OnItsWay) => {
            vec![format!("It waits for its build, which is {}.", quoted(&build.status))]
        }
        (_, state) => {
            let workload = workload(session, model, deployment).await;
            let mut lines: Vec<String> =
                workload.as_ref().ok().into_iter().flatten().flat_map(reasons).collect();
            match (lines.is_empty(), workload) {
                (false, _) => {}
                (true, Err(error)) => {
                    lines.push(unknown(&format!("the usage view does not answer: {error}")))
                }
                // It may just need its time.
                (true, Ok(_)) if state == DeploymentState::OnItsWay => {
                    lines.push("The usage view gives no reason: it may just need its time.".to_owned());
                }
                (true, Ok(_)) => lines.push(unknown("the usage view gives no reason")),
            }
            lines
        }
    }
}

/// Why there is nothing to run: the build of a model that was never deployed has failed.
pub fn build_failed(build: &ModelBuild) -> Vec<String> {
    let mut lines = vec![format!("Its build ended as {}.", quoted(&build.status))];
    // The embedded workbench writes the reason at its end; a real one may (INFERRED).
    if let Some(last) = build.comment.trim().lines().next_back() {
        lines.push(format!("Its comment ends with: {}", sentence(last)));
    }
    lines.push("The API has no logs of builds; the browser has (Models > Builds).".to_owned());
    lines
}

/// With a full stop, so that another sentence can follow.
fn sentence(text: &str) -> String {
    let text = text.trim();
    if text.ends_with(['.', '!', '?']) { text.to_owned() } else { format!("{text}.") }
}

fn unknown(why: &str) -> String {
    format!("Why is not known here ({why}); the browser has the logs (Models > Deployments).")
}

fn quoted(status: &str) -> String {
    format!("\"{}\"", text::clean(status))
}

/// The time is a fact only if there is one: one that is not set may come as the year 1 (INFERRED).
fn stopped(deployment: &ModelDeployment) -> String {
    match time::parse(&deployment.stopped_at).filter(|at| *at > Timestamp::UNIX_EPOCH) {
        Some(at) => format!("It was stopped at {}.", at.strftime("%Y-%m-%d %H:%M UTC")),
        None => "It is stopped.".to_owned(),
    }
}

/// What a row of the usage view says of the end of its workload.
fn reasons(row: &UsageResponse) -> Vec<String> {
    let mut lines = Vec::new();
    if row.oom_killed {
        lines.push("A replica ran out of memory and was killed (OOM): deploy it with more.".to_owned());
    }
    let message = row.message.trim();
    if let Some(last) = message.lines().next_back() {
        lines.push(format!("The workbench says: {}", sentence(last)));
    }
    // Of a traceback the last line says what went wrong, the others where.
    if message.contains('\n') {
        lines.push(message.to_owned());
    }
    let K8SInfo { k8s_exit_code, k8s_signal, k8s_reason, k8s_message } = &row.k8s_info;
    let code = (k8s_exit_code.0 != 0).then(|| format!("exit code {}", k8s_exit_code.0));
    let signal = Some(k8s_signal.trim()).filter(|signal| !signal.is_empty() && *signal != "0");
    let said: Vec<String> = [k8s_reason, k8s_message]
        .into_iter()
        .map(|text| text.trim().to_owned())
        .filter(|text| !text.is_empty())
        .chain(code)
        .chain(signal.map(|signal| format!("signal {signal}")))
        .collect();
    if !said.is_empty() {
        lines.push(format!("Kubernetes says: {}.", said.join(", ")));
    }
    lines
}

/// The newest row that can be nothing but this deployment's.
async fn workload(
    session: &Session,
    model: &Model,
    deployment: &ModelDeployment,
) -> Result<Option<UsageResponse>, api::Error> {
    let client = &session.client;
    let mut query = PageQuery::sized(ROWS).filtered("project_name", &model.project.name);
    query.sort = Some("-created_at".to_owned());
    let page = match client.usage_page(&query).await {
        // An older workbench may know no such filter here.
        Err(error) if error.status() == Some(400) => client.usage_page(&PageQuery::sized(ROWS)).await,
        other => other,
    };
    let of_it = |row: &UsageResponse| is_of(row, model, deployment);
    let created = |row: &UsageResponse| time::parse(&row.created_at);
    Ok(page?.items.into_iter().filter(of_it).max_by_key(created))
}

/// How a row names its deployment is not known: every sure sign will do (INFERRED), a name alone will
/// not.
fn is_of(row: &UsageResponse, model: &Model, deployment: &ModelDeployment) -> bool {
    let named = |text: &str, id: &str| !id.is_empty() && text.split(['/', ':']).any(|part| part == id);
    if named(&row.id, &deployment.id) || named(&row.workload_url, &deployment.id) {
        return true;
    }
    let is_model = row.workload_type.to_ascii_lowercase().contains("model");
    let of_model = named(&row.workload_url, &model.id)
        || is_model && row.name == model.name && row.project_name == model.project.name;
    let early = match (time::parse(&row.created_at), time::parse(&deployment.created_at)) {
        (Some(row), Some(deployment)) => deployment.duration_since(row) > EARLIER,
        _ => false,
    };
    of_model && !early
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{ShortProject, Whole};

    fn model() -> Model {
        let project = ShortProject { name: "churn-prod".into(), ..ShortProject::default() };
        Model { id: "m1".into(), name: "churn".into(), project, ..Model::default() }
    }

    fn deployment() -> ModelDeployment {
        let created_at = "2026-11-23T09:00:00Z".into();
        ModelDeployment { id: "d1".into(), created_at, ..ModelDeployment::default() }
    }

    #[test]
    fn a_row_belongs_to_a_deployment_only_with_a_sure_sign() {
        let row = |name: &str, kind: &str, url: &str, created: &str| UsageResponse {
            name: name.into(),
            workload_type: kind.into(),
            project_name: "churn-prod".into(),
            workload_url: url.into(),
            created_at: created.into(),
            ..UsageResponse::default()
        };
        let now = "2026-11-23T09:00:01Z";
        let is_of = |row| is_of(&row, &model(), &deployment());
        assert!(is_of(row("churn", "model", "", now)));
        assert!(is_of(row("x", "", "https://h/owner/churn-prod/models/m1/deployments/d1", "")));
        assert!(!is_of(row("churn", "session", "", now)), "a session of that name");
        assert!(!is_of(row("churn2", "model", "", now)));
        assert!(!is_of(row("churn", "model", "", "2026-11-22T09:00:00Z")), "the deployment before");
        assert!(!is_of(row("x", "", "https://h/models/m10/d10", now)));
    }

    #[test]
    fn what_went_wrong_comes_before_where() {
        let message = "Traceback:\n  line 3\nRuntimeError: no licence\n".into();
        let lines = reasons(&UsageResponse { message, ..UsageResponse::default() });
        assert_eq!(lines[0], "The workbench says: RuntimeError: no licence.");
        assert!(lines[1].starts_with("Traceback:"), "{lines:?}");
    }

    #[test]
    fn memory_that_ran_out_comes_first() {
        let k8s_info = K8SInfo {
            k8s_exit_code: Whole(137),
            k8s_signal: "9".into(),
            k8s_reason: "OOMKilled".into(),
            k8s_message: String::new(),
        };
        let row = UsageResponse { oom_killed: true, k8s_info, ..UsageResponse::default() };
        let lines = reasons(&row);
        assert!(lines[0].contains("OOM"), "{lines:?}");
        assert_eq!(lines[1], "Kubernetes says: OOMKilled, exit code 137, signal 9.");
        assert!(reasons(&UsageResponse::default()).is_empty());
    }
}
