//! A refused key: who owns it, what its owner may do in the project, and who can change that.

use crate::text;

use super::facts::{Facts, Known};
use super::message::access_request;
use super::{Action, Cause, Diagnosis};

/// What is known about a user's rights in the project.
pub(super) enum Rights {
    /// May read, so may call (DOCS, ml-model-api-key-for-models: read-only is enough).
    Reads,
    None,
    /// Not among the collaborators; one of these teams may grant the right.
    PerhapsByTeam(Vec<String>),
    Unknown(String),
}

pub(super) fn of(username: &str, facts: &Facts) -> Rights {
    // The key itself is the best source: what it can see includes teams and public projects.
    match &facts.key.sees_project {
        Known::Yes(_) => return Rights::Reads,
        Known::Hidden => return Rights::None,
        Known::No(_) | Known::NotAsked => {}
    }
    if owner(facts) == Some(username) {
        return Rights::Reads;
    }
    match &facts.collaborators {
        Known::Yes(all) if all.iter().any(|c| c.user.username == username) => Rights::Reads,
        Known::Yes(all) => {
            // Members of a team in Inherit mode keep their team's rights; that such an entry is
            // marked `inherit` on the wire is INFERRED.
            let teams: Vec<_> =
                all.iter().filter(|c| c.permission == "inherit").map(|c| c.user.username.clone()).collect();
            if teams.is_empty() { Rights::None } else { Rights::PerhapsByTeam(teams) }
        }
        unknown => Rights::Unknown(unknown.why_not().unwrap_or_default().to_owned()),
    }
}

/// The project's owner, who is not in the list of collaborators (INFERRED).
pub(super) fn owner(facts: &Facts) -> Option<&str> {
    let project = facts.project.get().or(facts.key.sees_project.get())?;
    Some(project.owner.username.as_str()).filter(|name| !name.is_empty())
}

/// Why the signed-in user may add collaborators, if they may.
fn may_add(facts: &Facts) -> Option<&'static str> {
    let project = facts.project.get()?;
    if facts.signed_in.as_deref() == Some(project.owner.username.as_str()) {
        return Some("owner");
    }
    project.permissions.admin.then_some("administrator of the project")
}

/// The owner of the key has no permission in the project.
pub(super) fn not_collaborator(username: &str, rights: &Rights, facts: &Facts) -> Diagnosis {
    let project = &facts.project_name;
    let owner = owner(facts);
    let whose = owner.map_or_else(String::new, |owner| format!(" (owner: {owner})"));
    let teams = match rights {
        Rights::PerhapsByTeam(teams) => Some(teams.join(", ")),
        _ => None,
    };
    let or_team = teams
        .as_ref()
        .map_or_else(String::new, |teams| format!(" and perhaps in none of its teams ({teams})"));
    let found = Diagnosis::new(
        Cause::NotCollaborator,
        format!(
            "{username} is not a collaborator of project {project}{whose}{or_team}, so the key may not call its models."
        ),
    );

    let message = Action::CopyMessage { text: access_request(facts, username, owner) };
    let mut found = match may_add(facts) {
        Some(role) => found
            .remedy(format!(
                "Add {username} as collaborator with the permission read (you may: {role}), then test again."
            ))
            .action(Action::AddCollaborator {
                project_id: facts.project_id.clone(),
                project_name: project.clone(),
                username: username.to_owned(),
                permission: "read".to_owned(),
            })
            .action(message),
        None => found.remedy(who_can_help(username, owner, facts)).action(message),
    };
    if let Some(teams) = &teams {
        let remedy = found.remedy.take().unwrap_or_default();
        found.remedy = Some(format!(
            "{remedy} Membership in a team among the collaborators ({teams}) would do as well."
        ));
        found =
            found.unverified(format!("whether {username} is a member of {teams}: teams cannot be listed"));
    }
    if let Rights::Unknown(why) = rights {
        found = found.unverified(format!("whether {username} is a collaborator: {why}"));
    }
    found
}

fn who_can_help(username: &str, owner: Option<&str>, facts: &Facts) -> String {
    let mut people: Vec<&str> = owner.into_iter().collect();
    if let Known::Yes(all) = &facts.collaborators {
        people.extend(all.iter().filter(|c| c.permission == "admin").map(|c| c.user.username.as_str()));
    }
    let whom = match people.as_slice() {
        [] => "the project's owner or a site administrator".to_owned(),
        some => format!("{} (who may add collaborators)", some.join(" or ")),
    };
    let whom = text::clean(&whom).into_owned();
    format!(
        "Ask {whom} to add {username} as collaborator with the permission read; a message is ready to copy."
    )
}
