//! The Admin tab with users, projects and collaborators in it.

use keybench::actions::audit::{AuditedKey, Finding, Read};
use keybench::tui::call::{Answer, Call, KeyEnd};
use keybench::tui::msg::Msg;
use keybench::tui::requests::RequestId;
use keybench::tui::session::Expiration;
use keybench::tui::testing::Harness;
use keybench::wire::{Collaborator, Project, ProjectPermissions, ShortUser, UserOrGroupInfo, UserQuota};

use super::settings::demo_keys;

pub fn user(name: &str) -> UserQuota {
    let user =
        UserOrGroupInfo { user_name: name.into(), name: format!("{name} Doe"), ..UserOrGroupInfo::default() };
    UserQuota { user, ..UserQuota::default() }
}

pub fn person(name: &str) -> ShortUser {
    ShortUser { username: name.into(), name: format!("{name} Doe"), email: String::new() }
}

pub fn project(name: &str, owner: &str, visibility: &str) -> Project {
    Project {
        id: format!("id-{name}"),
        name: name.into(),
        owner: person(owner),
        visibility: visibility.into(),
        permissions: ProjectPermissions {
            read: true,
            admin: owner == "owner",
            ..ProjectPermissions::default()
        },
        ..Project::default()
    }
}

/// The Admin tab with these users listed.
pub fn with_users(names: &[String]) -> Harness {
    let mut harness = Harness::new().started();
    harness.calls();
    harness.keys("3");
    let (id, _) = harness.calls().remove(0);
    let users = names.iter().map(|name| user(name)).collect();
    harness.send(Msg::Progress { id, answer: Answer::UsersPage(users) });
    harness.answer(id, Answer::UsersListed(Ok(())));
    harness
}

/// Usernames whose keys are being counted.
pub fn counting(harness: &mut Harness) -> Vec<(RequestId, String)> {
    let calls = harness.calls().into_iter();
    calls
        .filter_map(|(id, call)| match call {
            Call::CountKeys { username } => Some((id, username)),
            _ => None,
        })
        .collect()
}

/// The users of the demo with their keys counted.
pub fn counted() -> Harness {
    let names = ["admin", "contributor", "outsider", "owner", "viewer"].map(str::to_owned);
    let mut harness = with_users(&names);
    for (id, username) in counting(&mut harness) {
        let at = |text: &str| KeyEnd::from(Some(text.parse().unwrap()));
        let answer = match username.as_str() {
            "owner" => {
                Ok(vec![at("2027-11-23T23:59:59Z"), at("2026-12-01T23:59:59Z"), at("2026-10-02T23:59:59Z")])
            }
            _ => Ok(vec![at("2027-11-23T23:59:59Z")]),
        };
        harness.answer(id, Answer::KeysCounted { username, answer });
    }
    harness
}

/// The API keys of one of them.
pub fn keys_of_owner() -> Harness {
    let mut harness = counted();
    harness.keys("jjj<enter>");
    let (id, _) = harness.calls().remove(0);
    let answer = Ok(demo_keys().into());
    harness.answer(id, Answer::Keys { username: "owner".into(), answer });
    harness
}

/// The Security section with a setting of 365 days.
pub fn security() -> Harness {
    let mut harness = with_users(&[]);
    harness.shared().session.expiration = Expiration::Setting { name: "some_days_setting".into(), days: 365 };
    harness.keys("]");
    harness
}

/// The Projects section.
pub fn projects() -> Harness {
    let mut harness = with_users(&["contributor".to_owned(), "outsider".to_owned()]);
    harness.calls();
    harness.keys("]]");
    let (id, _) = harness.calls().into_iter().find(|(_, call)| matches!(call, Call::Projects)).unwrap();
    let projects = vec![project("churn-prod", "owner", "private"), project("playground", "owner", "public")];
    harness.send(Msg::Progress { id, answer: Answer::ProjectsPage(projects) });
    harness.answer(id, Answer::ProjectsListed(Ok(())));
    harness
}

/// The collaborators of one of them.
pub fn in_project() -> Harness {
    let mut harness = projects();
    harness.keys("<enter>");
    let (id, _) = harness.calls().remove(0);
    let one =
        |name: &str, permission: &str| Collaborator { user: person(name), permission: permission.into() };
    let answer = Ok(vec![one("contributor", "write"), one("data-science", "inherit")]);
    harness.answer(id, Answer::Collaborators { project_id: "id-churn-prod".into(), answer });
    harness
}

/// A wide window in which the selection has rested, with what is asked for then.
pub fn rested(harness: &mut Harness) -> Vec<(RequestId, Call)> {
    harness.send(Msg::Resize(120, 40));
    harness.calls();
    let others: Vec<RequestId> = harness.shared().requests.running().iter().map(|other| other.id).collect();
    others.into_iter().for_each(|id| drop(harness.shared().requests.finish(id)));
    harness.now += jiff::SignedDuration::from_millis(300);
    harness.send(Msg::Wake);
    harness.calls()
}

/// The directory with the keys of the selected user beside it.
pub fn user_preview() -> Harness {
    let mut harness = counted();
    harness.keys("jjj");
    let (id, _) = rested(&mut harness).remove(0);
    let answer = Ok(demo_keys().into());
    harness.answer(id, Answer::Keys { username: "owner".into(), answer });
    harness
}

/// The projects with the collaborators of the selected one beside them.
pub fn project_preview() -> Harness {
    let mut harness = projects();
    let (id, _) = rested(&mut harness).remove(0);
    let one = Collaborator { user: person("contributor"), permission: "write".into() };
    harness.answer(id, Answer::Collaborators { project_id: "id-churn-prod".into(), answer: Ok(vec![one]) });
    harness
}

/// A key of the section All keys.
pub fn audited(username: &str, id: &str, day: &str, left: i64, findings: &[Finding]) -> AuditedKey {
    AuditedKey {
        username: username.into(),
        name: format!("{username} Doe"),
        key_id: id.repeat(16),
        audiences: vec!["API".into()],
        comments: format!("nightly scoring {id}"),
        created_at: None,
        expiry_date: Some(format!("{day}T23:59:59Z")),
        days_left: Some(left),
        findings: findings.to_vec(),
        ..AuditedKey::default()
    }
}

/// The section All keys while the keys of the second of three users have come.
pub fn all_keys_coming() -> (Harness, RequestId) {
    let mut harness = with_users(&["owner".to_owned(), "viewer".to_owned()]);
    harness.calls();
    harness.keys("[");
    let (id, _) = harness.calls().into_iter().find(|(_, call)| matches!(call, Call::AuditKeys)).unwrap();
    let keys = vec![
        audited("owner", "5b1c", "2027-11-23", 365, &[]),
        audited("owner", "77d0", "2026-12-01", 8, &[Finding::Expiring, Finding::SameName]),
    ];
    harness.send(Msg::Progress { id, answer: Answer::KeysAudited(keys) });
    let keys = vec![audited("viewer", "0a9e", "2026-10-02", -52, &[Finding::Expired])];
    harness.send(Msg::Progress { id, answer: Answer::KeysAudited(keys) });
    let read = Read { users: 2, of: 3, is_kept: false };
    harness.send(Msg::Progress { id, answer: Answer::AuditRead(read) });
    (harness, id)
}

/// The same once all have come.
pub fn all_keys() -> Harness {
    let (mut harness, id) = all_keys_coming();
    harness.answer(id, Answer::Audited(Ok(Vec::new())));
    harness
}
