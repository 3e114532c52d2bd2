//! What is said of keys that belong to a service of the manifest, before something is done with them.

use std::path::Path;

use super::describe;
use crate::actions::fleet::manifest::readable;
use crate::actions::fleet::service_keys::Member;
use crate::text;
use crate::tui::decision::Decision;
use crate::tui::layer::Outcome;
use crate::tui::overlays::Question;
use crate::tui::shared::Shared;
use crate::wire::V2KeyDetails;

/// Keys, and deliveries of each, that are named one by one.
const NAMED: usize = 4;

fn manifest_name(shared: &Shared) -> String {
    let file = shared.session.service_keys.as_ref().map(|services| services.file.as_path());
    let file = file.and_then(Path::file_name).map(|name| name.to_string_lossy().into_owned());
    file.unwrap_or_else(|| "the manifest".to_owned())
}

/// `gateway of fleet.toml`
fn service_text(shared: &Shared, member: &Member) -> String {
    format!("{} of {}", member.service, manifest_name(shared))
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
pub fn facts_text(shared: &Shared, member: &Member) -> String {
    let service = service_text(shared, member);
    match (member.is_known, member.delivered_to.len()) {
        (false, _) => service,
        (true, 0) => format!("{service}, delivered nowhere"),
        (true, have) => format!("{service}, delivered to {have} of {}", member.needed_by.len()),
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
        let (id, service) = (text::short_id(key_id), service_text(shared, member));
        match (member.is_known, member.delivered_to.is_empty()) {
            (true, true) => {
                lines.push(format!("{id} has the name of the service {service}, and is delivered nowhere."));
            }
            (true, false) => {
                lines.push(format!("{id} is the key of the service {service}, delivered to:"));
                lines.extend(named(&member.delivered_to));
            }
            (false, _) => {
                lines.push(format!("{id} has the name of the service {service}, whose key is needed by:"));
                lines.extend(named(&member.needed_by));
            }
        }
    }
    if members.len() > NAMED {
        lines.push(format!("{} more belong to services.", members.len() - NAMED));
    }
    lines
}

/// Which services of the manifest lose their key if all of these keys of the signed-in user are deleted.
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
    Some(format!("{keys} of {}: {}.", manifest_name(shared), some_of(&services)))
}

/// Which services of the manifest use keys of `username`, whatever keys there are.
pub fn of_user(shared: &Shared, username: &str) -> Option<String> {
    let own = shared.session.username.as_deref()?;
    let services = shared.session.service_keys.as_ref()?.of_user(own, username);
    let (count, verb) = match services.len() {
        0 => return None,
        1 => ("A service", "needs"),
        _ => ("Services", "need"),
    };
    Some(format!("{count} of {} {verb} a key of {username}: {}.", manifest_name(shared), some_of(&services)))
}

/// Why a key of a service gets no successor along with others.
pub fn left_out(member: &Member) -> String {
    format!("an apply makes the keys of the service {}", member.service)
}

/// Says of a key of a service that an apply rotates it, and offers to show the service.
pub fn ask_to_show(shared: &Shared, key: &V2KeyDetails, member: Member) -> Outcome {
    let mut lines = vec![
        format!("  {}", describe(key)),
        String::new(),
        format!("It belongs to the service {}, whose key is needed by:", service_text(shared, &member)),
    ];
    lines.extend(named(&member.needed_by));
    lines.extend([
        String::new(),
        "An apply makes the next key once this one is due, and delivers it.".to_owned(),
        "A successor made here would be delivered nowhere, and block the service.".to_owned(),
        "For a new key sooner, raise `due` of the service in the manifest.".to_owned(),
    ]);
    Question::new(
        "An apply rotates this key",
        lines,
        "Show the service",
        Decision::ShowService(member.service),
    )
    .ask()
}

/// Why no new key of `username` may have this comment.
pub fn refused(shared: &Shared, username: &str, comment: &str) -> Option<String> {
    let services = shared.session.service_keys.as_ref()?;
    services.makes(username, username, comment).then(|| {
        format!("{comment} is a service of the manifest, whose keys an apply makes; choose another comment")
    })
}
