//! What is said of keys that belong to a service, before something is done with them.

use std::path::Path;

use ratatui::text::Line;

use super::status::describe;
use crate::actions::fleet::manifest::readable;
use crate::actions::fleet::service_keys::{Member, Standing, manifest_name};
use crate::text;
use crate::tui::command::Command;
use crate::tui::decision::Decision;
use crate::tui::layer::Outcome;
use crate::tui::overlays::{Question, TextBox};
use crate::tui::shared::Shared;
use crate::wire::V2KeyDetails;

/// Keys, and deliveries of each, that are named one by one.
const NAMED: usize = 4;

/// What the list says of a key of a service, before its name.
pub fn mark(member: &Member) -> &'static str {
    if member.is_stray() { "not delivered" } else { "service" }
}

/// `gateway of fleet.toml`
fn service_text(member: &Member) -> String {
    let manifest = manifest_name(&member.manifest);
    match member.standing {
        Standing::Named | Standing::Kept => format!("{} of {manifest}", member.service),
        Standing::Left => format!("{}, which left {manifest}", member.service),
    }
}

/// `fleet.toml and other.toml`, each once.
fn manifests<'a>(files: impl Iterator<Item = &'a Path>) -> String {
    let mut names: Vec<_> = files.map(manifest_name).collect();
    names.sort_unstable();
    names.dedup();
    names.join(" and ")
}

/// `gateway, batch and 3 more`
fn some_of(services: &[&str]) -> String {
    let some = services.iter().take(NAMED).copied().collect::<Vec<_>>().join(", ");
    match services.len().saturating_sub(NAMED) {
        0 => some,
        more => format!("{some} and {more} more"),
    }
}

/// The service of a key, and how much of what needs it has it: `gateway of fleet.toml, delivered to 2 of 3`
pub fn facts_text(member: &Member) -> String {
    let service = service_text(member);
    match (member.is_known, member.delivered_to.len(), member.standing) {
        (false, ..) => service,
        (true, 0, _) if member.was_delivered => format!("{service}, delivered before, and replaced"),
        (true, 0, _) => format!("{service}, delivered nowhere"),
        (true, have, Standing::Named) => {
            format!("{service}, delivered to {have} of {}", member.needed_by.len())
        }
        // What else the manifest asks for is not known.
        (true, have, _) => format!("{service}, delivered to {have}"),
    }
}

fn named(ids: &[String]) -> Vec<String> {
    let mut lines: Vec<String> = ids.iter().take(NAMED).map(|id| format!("  {}", readable(id))).collect();
    if ids.len() > NAMED {
        lines.push(format!("  and {} more", ids.len() - NAMED));
    }
    lines
}

/// What deleting keys means for the services that they belong to.
pub fn on_deletion(shared: &Shared, going: &[(&str, &V2KeyDetails)]) -> Vec<String> {
    let of = |(username, key): &(&str, &V2KeyDetails)| {
        Some((key.key_id.clone(), shared.session.service_of(username, key)?))
    };
    let mut members: Vec<_> = going.iter().filter_map(of).collect();
    // Those that something has come first.
    members.sort_by_key(|(_, member)| member.is_known && member.delivered_to.is_empty());
    let mut lines = Vec::new();
    for (key_id, member) in members.iter().take(NAMED) {
        let (id, service) = (text::short_id(key_id), service_text(member));
        if !member.delivered_to.is_empty() {
            lines.push(format!("{id} is the key of the service {service}, delivered to:"));
            lines.extend(named(&member.delivered_to));
        } else if member.was_delivered {
            lines.push(format!("{id} was the key of the service {service}, and is replaced."));
        } else if member.is_known {
            lines.push(format!("{id} has the name of the service {service}, and is delivered nowhere."));
        } else if member.needed_by.is_empty() {
            lines.push(format!("{id} has the name of the service {service}."));
        } else {
            lines.push(format!("{id} has the name of the service {service}, whose key is needed by:"));
            lines.extend(named(&member.needed_by));
        }
    }
    if members.len() > NAMED {
        lines.push(format!("{} more belong to services.", members.len() - NAMED));
    }
    lines
}

/// Which services lose their key if all of these keys of the signed-in user are deleted.
pub fn among(shared: &Shared, going: &[&V2KeyDetails]) -> Option<String> {
    let mut members: Vec<Member> =
        going.iter().filter_map(|key| shared.session.service_of_own(key)).collect();
    // Nothing has one that is delivered nowhere.
    members.retain(|member| !member.is_known || !member.delivered_to.is_empty());
    let keys = match members.len() {
        0 => return None,
        1 => "1 of them is the key of a service".to_owned(),
        many => format!("{many} of them are keys of services"),
    };
    let mut services: Vec<&str> = members.iter().map(|member| &*member.service).collect();
    services.sort_unstable();
    services.dedup();
    let manifests = manifests(members.iter().map(|member| &*member.manifest));
    Some(format!("{keys} of {manifests}: {}.", some_of(&services)))
}

/// Which services use keys of `username`, whatever keys there are.
pub fn of_user(shared: &Shared, username: &str) -> Option<String> {
    let own = shared.session.username.as_deref()?;
    let services = shared.session.service_keys.of_user(own, username);
    let (count, verb) = match services.len() {
        0 => return None,
        1 => ("A service", "needs"),
        _ => ("Services", "need"),
    };
    let manifests = manifests(services.iter().map(|(_, file)| *file));
    let names: Vec<&str> = services.iter().map(|(name, _)| *name).collect();
    Some(format!("{count} of {manifests} {verb} a key of {username}: {}.", some_of(&names)))
}

/// Why a key of a service gets no successor along with others.
pub fn left_out(member: &Member) -> String {
    match member.standing {
        Standing::Named | Standing::Kept => {
            format!("an apply makes the keys of the service {}", member.service)
        }
        Standing::Left => format!("its service {}", service_text(member)),
    }
}

/// Says of a key of a service that an apply rotates it, and offers to show the service, or says how to
/// see it.
pub fn ask_to_show(shared: &Shared, key: &V2KeyDetails, member: Member) -> Outcome {
    let needed = if member.needed_by.is_empty() { "." } else { ", whose key is needed by:" };
    let mut lines = vec![
        format!("  {}", describe(key)),
        String::new(),
        format!("It belongs to the service {}{needed}", service_text(&member)),
    ];
    lines.extend(named(&member.needed_by));
    lines.push(String::new());
    let (title, why) = match member.standing {
        Standing::Left => (
            "The service of this key left the manifest",
            [
                "No apply makes the next key. One with --prune deletes all keys of this name,",
                "and would delete a successor, too.",
                "To keep the service, write it into the manifest again.",
            ],
        ),
        Standing::Named | Standing::Kept => (
            "An apply rotates this key",
            [
                "An apply makes the next key once this one is due, and delivers it.",
                "A successor made here would be delivered nowhere, and block the service.",
                "For a new key sooner, raise `due` of the service in the manifest.",
            ],
        ),
    };
    lines.extend(why.map(str::to_owned));
    if member.standing != Standing::Kept {
        return Question::new(title, lines, "Show the service", Decision::ShowService(member.service)).ask();
    }
    lines.extend([
        String::new(),
        format!("`keybench fleet plan -f {}` shows the service.", member.manifest.display()),
        format!(
            "So does {} here, once KEYBENCH_FLEET or `fleet` in config.toml names that file.",
            shared.key_of(Command::Services)
        ),
    ]);
    let lines = lines.into_iter().map(|line| Line::from(text::clean(&line).into_owned()));
    Outcome::push(TextBox::new(title, lines.collect()))
}

/// Why no new key of `username` may have this comment.
pub fn refused(shared: &Shared, username: &str, comment: &str) -> Option<String> {
    let manifest = manifest_name(shared.session.service_keys.makes(username, username, comment)?);
    Some(format!("{comment} is a service of {manifest}, whose keys an apply makes; choose another comment"))
}
