//! What the tab knows, for those who search for a model or a project by name.

use std::collections::BTreeMap;

use super::list::ListPane;
use super::list::row::{Deployed, Row};
use super::saved::Saved;
use super::test::{Tests, request_for};
use crate::tui::event::{Destination, Event, ModelChoice, Named};
use crate::tui::list::Pattern;
use crate::tui::shared::Shared;
use crate::tui::tab::Tab;
use crate::wire::Project;

/// Models that take a key and whose `project/name` contains all these words, those that are called so first;
/// each with the first request for a test.
pub fn models_found(list: &ListPane, tests: &Tests, saved: &Saved, words: &str, limit: usize) -> Event {
    let choice = |row: &Row| {
        let (model, id) = (&row.model, &row.model.id);
        let request = request_for(tests.of(id), model, saved.last(id));
        ModelChoice { model: model.to_wire(), path: row.path(), request, note: note(&row.deployed) }
    };
    let pattern = Pattern::new(words);
    let matches = |row: &&Row| row.model.auth_enabled && pattern.keeps(&[&row.path(), note(&row.deployed)]);
    let mut found: Vec<&Row> = list.models.list.in_first_order().filter(matches).take(limit).collect();
    found.sort_by_cached_key(|row| pattern.rank(&row.path()));
    Event::ModelsFound { found: found.into_iter().map(choice).collect(), state: list.state() }
}

fn note(deployed: &Deployed) -> &'static str {
    const KNOWN: [&str; 7] =
        ["deployed", "pending", "deploying", "stopping", "stopped", "failed", "not deployed"];
    let word = deployed.label();
    let known = KNOWN.into_iter().find(|known| *known == word);
    known.unwrap_or(if word.is_empty() { "" } else { "unknown" })
}

/// A project; at least its name is known.
struct Known<'a> {
    name: &'a str,
    /// The whole project, if the signed-in user may change its collaborators.
    manageable: Option<&'a Project>,
}

/// Projects by name, and models; of each the first `limit`.
pub fn names_found(shared: &Shared, list: &ListPane, limit: usize) -> Event {
    let user = shared.session.username.as_deref();
    let manageable =
        |project: &Project| project.permissions.admin || user == Some(project.owner.username.as_str());
    let mut projects: BTreeMap<&str, Known<'_>> = BTreeMap::new();
    for project in list.models.projects() {
        projects.insert(&project.public_identifier, Known { name: &project.name, manageable: None });
    }
    for project in list.projects.all() {
        let manageable = manageable(project).then_some(project);
        projects.insert(&project.id, Known { name: &project.name, manageable });
    }
    let mut projects: Vec<_> = projects.into_iter().collect();
    projects.sort_by_key(|(_, project)| project.name);
    let mut names = Vec::new();
    for (id, Known { name, manageable }) in projects.into_iter().take(limit) {
        let named = |note, destination| Named { name: name.to_owned(), note, destination };
        names.push(named("models", Destination::Project(id.to_owned())));
        let collaborators = manageable.map(|project| Destination::Collaborators(Box::new(project.clone())));
        names.extend(collaborators.map(|destination| named("collaborators", destination)));
    }
    names.extend(list.models.list.all().iter().take(limit).map(|row| Named {
        name: row.path(),
        note: "",
        destination: Destination::Model(row.model.id.clone()),
    }));
    Event::NamesFound { from: Tab::Models, names, state: list.state() }
}
