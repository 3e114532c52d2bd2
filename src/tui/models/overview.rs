//! What is known about a model, as named facts: the Overview, in the panel and in full.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::draw::{cell, put};
use super::list::row::Row;
use crate::text;
use crate::tui::shared::Shared;
use crate::wire::{ModelDeployment, Project, time};

/// Columns of a fact's name.
const NAME: usize = 12;

/// Facts with their names, the most wanted first.
pub type Facts = Vec<(&'static str, String)>;

/// All facts; the access key is shortened. `project` is what is known of the model's.
pub fn facts(shared: &Shared, row: &Row, project: Option<&Project>) -> Facts {
    let build = row.deployed.build();
    let deployment = row.deployed.deployment();
    let deployed = deployment.map_or_else(
        || row.deployed.label().to_owned(),
        |deployment| {
            let since = when(&deployment.updated_at);
            format!("{} since {since}, {}", text::clean(&deployment.status), text::short_id(&deployment.id))
        },
    );
    let build = build.map_or_else(String::new, |build| {
        let (file, function) = (text::clean(&build.file_path), text::clean(&build.function_name));
        // A built-in function of the embedded workbench has no file.
        let file = if file.is_empty() { "function ".into() } else { format!("{file}:") };
        format!("{} {file}{function}", text::short_id(&build.id))
    });
    let resources = deployment.map_or_else(String::new, resources);
    vec![
        ("about", text::clean(&row.model.description).into_owned()),
        ("owner", owner(shared, project)),
        ("auth", auth(row).to_owned()),
        ("access key", text::short_id(&row.model.access_key).into_owned()),
        ("endpoint", format!("POST {}", shared.session.model_url)),
        ("deployment", deployed),
        ("build", build),
        ("resources", resources),
    ]
}

/// `3 replicas × 1 vCPU, 2 GB`
pub fn resources(deployment: &ModelDeployment) -> String {
    let gpus = match deployment.nvidia_gpu.0 {
        0 => String::new(),
        n => format!(", {n} GPU"),
    };
    let replicas = usize::try_from(deployment.replicas.0).unwrap_or(0);
    let replicas = text::count(replicas, "replica", "replicas");
    format!("{replicas} × {} vCPU, {} GB{gpus}", deployment.cpu, deployment.memory)
}

/// The two lines that a low window has room for.
fn short_facts(shared: &Shared, row: &Row, project: Option<&Project>) -> Facts {
    let about = text::clean(&row.model.description).into_owned();
    vec![("about", about), ("owner", format!("{} · auth {}", owner(shared, project), auth(row)))]
}

/// The facts in lines of at most `columns`.
pub fn whole(facts: &Facts, columns: usize) -> Vec<String> {
    let mut lines = Vec::new();
    for (name, fact) in facts {
        let mut wrapped = text::wrap(fact, columns.saturating_sub(NAME)).into_iter();
        lines.push(format!("{name:<NAME$}{}", wrapped.next().unwrap_or_default()));
        lines.extend(wrapped.map(|line| format!("{:NAME$}{line}", "")));
    }
    lines
}

fn owner(shared: &Shared, project: Option<&Project>) -> String {
    let username = shared.session.username.as_deref();
    let owner = project.map_or("…", |project| project.owner.username.as_str());
    let mine = project.map_or_else(|| "…".to_owned(), |project| permission(project, username));
    format!("{}, you: {mine}", text::clean(owner))
}

fn auth(row: &Row) -> &'static str {
    if row.model.auth_enabled { "on: calls need an API key" } else { "off: calls need no API key" }
}

/// `2026-11-23 09:14`, or the text as it came.
fn when(text: &str) -> String {
    time::parse(text)
        .map_or_else(|| text::clean(text).into_owned(), |time| time.strftime("%Y-%m-%d %H:%M").to_string())
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

/// Draws as many facts as there is room for.
pub fn draw(shared: &Shared, buf: &mut Buffer, area: Rect, row: &Row, project: Option<&Project>) {
    let theme = &shared.preferences.theme;
    let all = area.height > 3;
    let facts = if all { facts(shared, row, project) } else { short_facts(shared, row, project) };
    let columns = usize::from(area.width.saturating_sub(13)).max(1);
    let mut spare = usize::from(area.height).saturating_sub(facts.len());
    let mut lines = area.rows();
    for (name, fact) in facts {
        let wrapped = text::wrap(&fact, columns);
        // Truncated facts use the lines that no other fact needs.
        let more = wrapped.len().saturating_sub(1).min(spare);
        spare -= more;
        for (at, part) in wrapped.iter().take(more + 1).enumerate() {
            let Some(line) = lines.next() else { break };
            cell(buf, line, line.x + 1, 11, if at == 0 { name } else { "" }, theme.dim);
            let cut = at == more && wrapped.len() > more + 1;
            let ellipsis =
                if cut { format!(" {}", shared.preferences.glyphs.ellipsis) } else { String::new() };
            let part = format!("{part}{ellipsis}");
            put(buf, line, line.x + 12, &text::truncate(&part, columns), theme.text);
        }
    }
}
