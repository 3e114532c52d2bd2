//! What is known of a model, as facts with names: the Overview, in the panel and whole.

use super::list::Row;
use crate::text;
use crate::tui::app::App;
use crate::wire::Project;

/// Columns of a fact's name.
const NAME: usize = 12;

/// All facts, the most wanted first; the access key is shortened.
pub fn facts(app: &App, row: &Row) -> Vec<(&'static str, String)> {
    let build = row.deployed.build();
    let deployment = row.deployed.deployment();
    let deployed = deployment.map_or_else(
        || row.deployed.word().to_owned(),
        |deployment| {
            let since = when(&deployment.updated_at);
            format!("{} since {since}, {}", text::clean(&deployment.status), text::short_id(&deployment.id))
        },
    );
    let build = build.map_or_else(String::new, |build| {
        let (file, function) = (text::clean(&build.file_path), text::clean(&build.function_name));
        format!("{} {file}:{function}", text::short_id(&build.id))
    });
    let resources = deployment.map_or_else(String::new, |deployment| {
        let gpus = match deployment.nvidia_gpu.0 {
            0 => String::new(),
            n => format!(", {n} GPU"),
        };
        let replicas = usize::try_from(deployment.replicas.0).unwrap_or(0);
        let replicas = text::count(replicas, "replica", "replicas");
        format!("{replicas} × {} vCPU, {} GB{gpus}", deployment.cpu, deployment.memory)
    });
    vec![
        ("about", text::clean(&row.model.description).into_owned()),
        ("owner", owner(app, row)),
        ("auth", auth(row).to_owned()),
        ("access key", text::short_id(&row.model.access_key).into_owned()),
        ("endpoint", format!("POST {}", app.session.model_url)),
        ("deployment", deployed),
        ("build", build),
        ("resources", resources),
    ]
}

/// The two lines that a low window has room for.
pub fn short_facts(app: &App, row: &Row) -> Vec<(&'static str, String)> {
    let about = text::clean(&row.model.description).into_owned();
    vec![("about", about), ("owner", format!("{} · auth {}", owner(app, row), auth(row)))]
}

/// The whole Overview in lines of at most `columns`.
pub fn whole(app: &App, row: &Row, columns: usize) -> Vec<String> {
    let mut lines = Vec::new();
    for (name, words) in facts(app, row) {
        let mut wrapped = text::wrap(&words, columns.saturating_sub(NAME)).into_iter();
        lines.push(format!("{name:<NAME$}{}", wrapped.next().unwrap_or_default()));
        lines.extend(wrapped.map(|words| format!("{:NAME$}{words}", "")));
    }
    lines
}

fn owner(app: &App, row: &Row) -> String {
    let project = app.models.projects.get(&row.model.project.public_identifier);
    let owner = project.map_or("…", |project| project.owner.username.as_str());
    let mine = project
        .map_or_else(|| "…".to_owned(), |project| permission(project, app.session.username.as_deref()));
    format!("{}, you: {mine}", text::clean(owner))
}

fn auth(row: &Row) -> &'static str {
    if row.model.auth_enabled { "on: calls need an API key" } else { "off: calls need no API key" }
}

/// `2026-11-23 09:14`, or the text as it came.
fn when(time: &str) -> String {
    crate::wire::time::parse(time)
        .map_or_else(|| text::clean(time).into_owned(), |time| time.strftime("%Y-%m-%d %H:%M").to_string())
}

/// The strongest right of the signed-in user in a project.
fn permission(project: &Project, username: Option<&str>) -> String {
    let rights = project.permissions;
    let word = match () {
        () if username == Some(project.owner.username.as_str()) => "owner",
        () if rights.admin => "admin",
        () if rights.write => "write",
        () if rights.operator => "operator",
        () if rights.read => "read",
        () => return format!("nothing listed ({} project)", text::clean(&project.visibility)),
    };
    word.to_owned()
}
