//! What is known of the selected build and its deployment, as named facts.

use jiff::Timestamp;

use super::row::{Row, function, when};
use crate::actions::models::runtime;
use crate::text;
use crate::tui::models::overview::{Facts, resources};
use crate::tui::shared::Shared;
use crate::wire::{BuildState, DeploymentState, ModelBuild, ModelDeployment, time};

/// A replica that answered, and when.
pub type Seen = (Timestamp, String);

/// All facts of a row. `why` says why its deployment is not running; `seen` are the replicas that have
/// answered calls of the model.
pub fn facts(shared: &Shared, row: &Row, why: &[String], seen: &[Seen]) -> Facts {
    let (build, deployment) = (&row.built.build, row.built.deployment.as_ref());
    let mut facts = vec![("build", text::clean(&build.id).into_owned())];
    facts.push(("created", by(&when(&build.created_at), &build.creator.username)));
    facts.push(("runs", runs(build)));
    let (comment, report) = comment(build);
    if !comment.is_empty() {
        facts.push(("comment", text::clean_lines(comment).replace('\n', " ")));
    }
    facts.push(("deployment", deployment.map_or_else(|| "never deployed".to_owned(), deployed)));
    if let Some(deployment) = deployment {
        facts.push(("resources", resources(deployment)));
        if deployment.state() == DeploymentState::Up {
            facts.push(("replicas", replicas(shared, deployment, seen)));
        }
    }
    let lines = why.iter().flat_map(|why| why.lines());
    facts.extend(lines.enumerate().map(|(at, line)| {
        let name = if at == 0 { "not running" } else { "" };
        (name, text::clean(line).into_owned())
    }));
    facts.extend(report.lines().enumerate().map(|(at, line)| {
        let name = if at == 0 { "report" } else { "" };
        (name, text::clean(line).into_owned())
    }));
    facts
}

/// The comment of a build, and of one that has failed also what is written below it: the embedded
/// workbench reports there why, and a real one may (INFERRED). Its last line, which says it, is among
/// the reasons.
fn comment(build: &ModelBuild) -> (&str, &str) {
    let comment = build.comment.trim();
    match comment.split_once("\n\n").filter(|_| build.state() == BuildState::Failed) {
        Some((comment, report)) => (comment.trim(), report.trim()),
        None => (comment, ""),
    }
}

/// Why there is nothing to run, where that needs no request.
pub fn build_failed(row: &Row) -> bool {
    row.built.deployment.is_none() && row.built.build.state() == BuildState::Failed
}

fn by(when: &str, username: &str) -> String {
    match username {
        "" => when.to_owned(),
        username => format!("{when} by {}", text::clean(username)),
    }
}

fn runs(build: &ModelBuild) -> String {
    let function = function(build);
    let root = match build.model_root_dir.as_str() {
        "" => String::new(),
        root => format!(" in {root}"),
    };
    let runtime = match runtime(build) {
        "" => String::new(),
        runtime => format!(" on {runtime}"),
    };
    text::clean(&format!("{function}{root}{runtime}")).into_owned()
}

fn deployed(deployment: &ModelDeployment) -> String {
    let since = by(&when(&deployment.updated_at), &deployment.deployer.username);
    format!("{} since {since}, {}", text::clean(&deployment.status), text::short_id(&deployment.id))
}

/// Which replicas are there is known only from answers: the API has no list of them (SPEC).
fn replicas(shared: &Shared, deployment: &ModelDeployment, seen: &[Seen]) -> String {
    // Those of an earlier deployment answered before this one was up.
    let since = time::parse(&deployment.updated_at);
    let of_it = seen.iter().filter(|(at, _)| since.is_none_or(|since| shared.session.clock.at(*at) >= since));
    let mut latest: Vec<&Seen> = of_it.collect();
    latest.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
    let all = deployment.replicas.0;
    let mut names: Vec<&str> = Vec::new();
    for (_, name) in latest {
        // One that is replaced gets another name: of more than there are, the earlier are gone.
        if !names.contains(&name.as_str()) && i64::try_from(names.len()).is_ok_and(|some| some < all.max(1)) {
            names.push(name);
        }
    }
    names.sort_unstable();
    match names.as_slice() {
        [] => "none seen in answers yet; the API does not list them".to_owned(),
        names => {
            let some = names.len();
            let names = text::clean(&names.join(", ")).into_owned();
            format!("{some} of {all} seen in answers: {names}; the API does not list them")
        }
    }
}
