//! Which keys belong to the services of a manifest, and what a person may do with them.
//!
//! An apply makes the keys of a service, delivers them and deletes them. A key of the same name that is
//! made in another way is delivered nowhere, and the service is contested until it is gone. So a person
//! makes no key of that name: neither a new one nor the successor of one. Deleting one is possible, and
//! what it was delivered to is named before.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::Manifest;
use super::held::Held;
use super::manifest::Service;
use crate::config::Session;

/// The services of a manifest, with the key that each delivery has.
#[derive(Debug, Clone)]
pub struct ServiceKeys {
    /// The manifest's file.
    pub file: PathBuf,
    services: Vec<OneService>,
}

#[derive(Debug, Clone)]
struct OneService {
    service: Service,
    /// The Key ID of what this machine delivered, by the id of the delivery.
    delivered: BTreeMap<String, String>,
}

/// The service that a key belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    pub service: String,
    /// The ids of the deliveries that have the key, as far as this machine knows.
    pub delivered_to: Vec<String>,
    /// Where a key of the service is needed.
    pub needed_by: Vec<String>,
    /// What any delivery has is known.
    pub is_known: bool,
}

impl ServiceKeys {
    /// Reads what this machine keeps of the services. What cannot be read is not known.
    pub fn of(session: &Session, manifest: &Manifest) -> Self {
        let held = Held::all(session, &manifest.file).unwrap_or_default();
        let own = session.username.as_deref();
        let delivered = |service: &Service| {
            let username = service.user.as_deref().or(own);
            let of = held.iter().find(|held| {
                held.state.name == service.name && username.is_none_or(|name| held.state.username == name)
            });
            let delivered = of.into_iter().flat_map(|held| &held.state.delivered);
            delivered.map(|(id, had)| (id.clone(), had.key_id.clone())).collect()
        };
        let one = |service: &Service| (service.clone(), delivered(service));
        Self::new(manifest.file.clone(), manifest.services.iter().map(one))
    }

    /// The services of the manifest in `file`, each with the Key ID that a delivery has, by its id.
    pub fn new(
        file: PathBuf,
        services: impl IntoIterator<Item = (Service, BTreeMap<String, String>)>,
    ) -> Self {
        let one = |(service, delivered)| OneService { service, delivered };
        Self { file, services: services.into_iter().map(one).collect() }
    }

    /// The service that the keys of `username` with this name belong to, where `own` runs the fleet.
    fn named(&self, own: &str, username: &str, name: &str) -> Option<&OneService> {
        let is_it = |one: &&OneService| one.service.username(own) == username && one.service.name == name;
        self.services.iter().find(is_it)
    }

    /// Whether only an apply makes the keys of `username` with this name.
    pub fn makes(&self, own: &str, username: &str, name: &str) -> bool {
        self.named(own, username, name).is_some()
    }

    /// The names of the services that use keys of `username`.
    pub fn of_user(&self, own: &str, username: &str) -> Vec<&str> {
        let services = self.services.iter().map(|one| &one.service);
        services.filter(|service| service.username(own) == username).map(|service| &*service.name).collect()
    }

    /// The service that a key of `username` belongs to: the one of its name.
    pub fn member(&self, own: &str, username: &str, key_id: &str, name: &str) -> Option<Member> {
        let OneService { service, delivered } = self.named(own, username, name)?;
        let having = delivered.iter().filter(|(_, had)| *had == key_id).map(|(id, _)| id.clone());
        Some(Member {
            service: service.name.clone(),
            delivered_to: having.collect(),
            needed_by: service.deliver.iter().map(|delivery| delivery.id.clone()).collect(),
            is_known: !delivered.is_empty(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_belongs_to_the_service_of_its_name_and_user() {
        let delivered = BTreeMap::from([("file /a".to_owned(), "k1".to_owned())]);
        let gateway = Service { name: "gateway".into(), ..Service::default() };
        let other = Service { name: "reports".into(), user: Some("ana".into()), ..Service::default() };
        let all = ServiceKeys::new("/fleet.toml".into(), [(gateway, delivered), (other, BTreeMap::new())]);
        let current = all.member("owner", "owner", "k1", "gateway").unwrap();
        assert_eq!((current.delivered_to, current.is_known), (vec!["file /a".to_owned()], true));
        let stray = all.member("owner", "owner", "k2", "gateway").unwrap();
        assert!(stray.delivered_to.is_empty() && stray.is_known);
        assert!(!all.member("owner", "ana", "k3", "reports").unwrap().is_known);
        assert_eq!(all.member("owner", "owner", "k3", "reports"), None, "another user's");
        assert!(all.makes("owner", "ana", "reports") && !all.makes("owner", "ana", "gateway"));
        assert_eq!(
            (all.of_user("owner", "ana"), all.of_user("owner", "owner")),
            (vec!["reports"], vec!["gateway"])
        );
    }
}
