//! Which keys belong to services, and what a person may do with them.
//!
//! An apply makes the keys of a service, delivers them and deletes them. A key of the same name that is
//! made in another way is delivered nowhere, and the service is contested until it is gone. So a person
//! makes no key of that name: neither a new one nor the successor of one. Deleting one is possible, and
//! what it was delivered to is named before.
//!
//! A service is known from the manifest that is named here, and from what an apply on this machine kept
//! of it, whichever manifest that was of.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::Manifest;
use super::held::{Held, State};
use super::manifest::Service;
use crate::config::Session;

/// The services that this machine knows, with the key that each delivery has.
#[derive(Debug, Clone, Default)]
pub struct ServiceKeys {
    /// The manifest that is named here.
    file: Option<PathBuf>,
    services: Vec<OneService>,
}

/// How a service is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It is in the manifest that is named here.
    Named,
    /// An apply on this machine kept it, for a manifest that is not named here.
    Kept,
    /// It left the manifest that is named here.
    Left,
}

#[derive(Debug, Clone)]
struct OneService {
    name: String,
    /// Whose keys they are; `None`: the user's who runs the fleet.
    user: Option<String>,
    manifest: PathBuf,
    standing: Standing,
    /// The ids of the deliveries, as far as they are known.
    needed_by: Vec<String>,
    /// The Key ID of what this machine delivered, by the id of the delivery.
    delivered: BTreeMap<String, String>,
    /// Key IDs of keys that every delivery has, or had.
    completed: Vec<String>,
}

/// The service that a key belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    pub service: String,
    /// The file of its manifest.
    pub manifest: PathBuf,
    pub standing: Standing,
    /// The ids of the deliveries that have the key, as far as this machine knows.
    pub delivered_to: Vec<String>,
    /// Where a key of the service is needed.
    pub needed_by: Vec<String>,
    /// What any delivery has is known.
    pub is_known: bool,
    /// No delivery has the key any more, and all had it.
    pub was_delivered: bool,
}

impl Member {
    /// Whether nothing is known to have the key, or to have had it.
    pub fn is_stray(&self) -> bool {
        self.is_known && self.delivered_to.is_empty() && !self.was_delivered
    }
}

impl OneService {
    fn named(manifest: &Path, service: &Service, delivered: BTreeMap<String, String>) -> Self {
        Self {
            name: service.name.clone(),
            user: service.user.clone(),
            manifest: manifest.to_owned(),
            standing: Standing::Named,
            needed_by: service.deliver.iter().map(|delivery| delivery.id.clone()).collect(),
            delivered,
            completed: Vec::new(),
        }
    }

    fn kept(state: &State, named: Option<&Path>) -> Self {
        let left = named == Some(&*state.manifest);
        let one = Self {
            name: state.name.clone(),
            user: Some(state.username.clone()),
            manifest: state.manifest.clone(),
            standing: if left { Standing::Left } else { Standing::Kept },
            needed_by: state.delivered.keys().cloned().collect(),
            delivered: BTreeMap::new(),
            completed: Vec::new(),
        };
        one.with(state)
    }

    fn with(self, state: &State) -> Self {
        let delivered = state.delivered.iter().map(|(id, had)| (id.clone(), had.key_id.clone()));
        let completed = state.completed.iter().map(|complete| complete.key_id.clone());
        Self { delivered: delivered.collect(), completed: completed.collect(), ..self }
    }
}

impl ServiceKeys {
    /// Those of the manifest that is named here, and those that applies on this machine kept.
    pub fn of(session: &Session, manifest: Option<&Manifest>) -> Self {
        let manifest = manifest.map(|manifest| {
            let services = manifest.services.iter().map(|service| (service.clone(), BTreeMap::new()));
            Self::new(manifest.file.clone(), services)
        });
        manifest.unwrap_or_default().with_known(session.username.as_deref(), &Held::known(session))
    }

    /// The services of the manifest in `file`, each with the Key ID that a delivery has, by its id.
    pub fn new(
        file: PathBuf,
        services: impl IntoIterator<Item = (Service, BTreeMap<String, String>)>,
    ) -> Self {
        let one = |(service, delivered)| OneService::named(&file, &service, delivered);
        let services = services.into_iter().map(one).collect();
        Self { services, file: Some(file) }
    }

    /// The same with what this machine knows of services by now, where `own` runs the fleet.
    #[must_use]
    pub fn with_known(&self, own: Option<&str>, known: &[State]) -> Self {
        let is_of = |state: &State, one: &OneService| {
            let username = one.user.as_deref().or(own);
            state.name == one.name && username.is_none_or(|username| username == state.username)
        };
        let named = self.services.iter().filter(|one| one.standing == Standing::Named);
        let named = named.map(|one| {
            let nothing = State::default();
            one.clone().with(known.iter().find(|state| is_of(state, one)).unwrap_or(&nothing))
        });
        let mut services: Vec<_> = named.collect();
        let others = known.iter().filter(|state| !services.iter().any(|one| is_of(state, one)));
        let others: Vec<_> = others.map(|state| OneService::kept(state, self.file.as_deref())).collect();
        services.extend(others);
        Self { file: self.file.clone(), services }
    }

    /// Whether no service is known.
    pub fn is_empty(&self) -> bool {
        self.services.is_empty()
    }

    /// The service that the keys of `username` with this name belong to, where `own` runs the fleet.
    fn service(&self, own: &str, username: &str, name: &str) -> Option<&OneService> {
        let is_it = |one: &&OneService| one.name == name && one.user.as_deref().unwrap_or(own) == username;
        self.services.iter().find(is_it)
    }

    /// The manifest of the service whose keys those of `username` with this name are: a person makes none.
    pub fn makes(&self, own: &str, username: &str, name: &str) -> Option<&Path> {
        Some(&self.service(own, username, name)?.manifest)
    }

    /// The service of which a delivery has the key now, and the ids of those deliveries.
    pub fn delivered(&self, key_id: &str) -> Option<(&str, Vec<&str>)> {
        self.services.iter().find_map(|one| {
            let having = one.delivered.iter().filter(|(_, had)| *had == key_id);
            let ids: Vec<_> = having.map(|(id, _)| id.as_str()).collect();
            (!ids.is_empty()).then_some((&*one.name, ids))
        })
    }

    /// The services that use keys of `username`, each with its manifest.
    pub fn of_user(&self, own: &str, username: &str) -> Vec<(&str, &Path)> {
        let services = self.services.iter();
        let of_user = services.filter(|one| one.user.as_deref().unwrap_or(own) == username);
        of_user.map(|one| (&*one.name, &*one.manifest)).collect()
    }

    /// The service that a key of `username` belongs to: the one of its name.
    pub fn member(&self, own: &str, username: &str, key_id: &str, name: &str) -> Option<Member> {
        let one = self.service(own, username, name)?;
        let having = one.delivered.iter().filter(|(_, had)| *had == key_id).map(|(id, _)| id.clone());
        let delivered_to: Vec<_> = having.collect();
        Some(Member {
            service: one.name.clone(),
            manifest: one.manifest.clone(),
            standing: one.standing,
            needed_by: one.needed_by.clone(),
            is_known: !one.delivered.is_empty(),
            was_delivered: delivered_to.is_empty() && one.completed.iter().any(|had| had == key_id),
            delivered_to,
        })
    }
}

/// A manifest's file for people: `fleet.toml`.
pub fn manifest_name(file: &Path) -> Cow<'_, str> {
    file.file_name().map_or(Cow::Borrowed("the manifest"), |name| name.to_string_lossy())
}

#[cfg(test)]
mod tests {
    use super::super::held::Delivered;
    use super::*;

    #[test]
    fn a_key_belongs_to_the_service_of_its_name_and_user() {
        let delivered = BTreeMap::from([("file /a".to_owned(), "k1".to_owned())]);
        let gateway = Service { name: "gateway".into(), ..Service::default() };
        let other = Service { name: "reports".into(), user: Some("ana".into()), ..Service::default() };
        let all = ServiceKeys::new("/fleet.toml".into(), [(gateway, delivered), (other, BTreeMap::new())]);
        let current = all.member("owner", "owner", "k1", "gateway").unwrap();
        assert_eq!((current.delivered_to, current.is_known), (vec!["file /a".to_owned()], true));
        assert_eq!(all.delivered("k1"), Some(("gateway", vec!["file /a"])));
        assert_eq!(all.delivered("k2"), None);
        let stray = all.member("owner", "owner", "k2", "gateway").unwrap();
        assert!(stray.is_stray() && stray.is_known);
        assert!(!all.member("owner", "ana", "k3", "reports").unwrap().is_known);
        assert_eq!(all.member("owner", "owner", "k3", "reports"), None, "another user's");
        let file = Path::new("/fleet.toml");
        assert_eq!(all.makes("owner", "ana", "reports"), Some(file));
        assert_eq!(all.makes("owner", "ana", "gateway"), None);
        assert_eq!(
            (all.of_user("owner", "ana"), all.of_user("owner", "owner")),
            (vec![("reports", file)], vec![("gateway", file)])
        );
    }

    #[test]
    fn what_an_apply_kept_is_known_with_its_manifest_and_without() {
        let at = "2026-11-23T09:14:00Z".parse().unwrap();
        let had = |id: &str| Delivered::new(id, at);
        let known = |name: &str, key_id: &str| {
            let mut state = State::default();
            (state.username, state.name) = ("owner".into(), name.into());
            state.manifest = "/fleet.toml".into();
            state.delivered = BTreeMap::from([("file /a".to_owned(), had(key_id))]);
            state.completed = vec![had("k0"), had(key_id)];
            state
        };
        let known = [known("gateway", "k1"), known("reports", "k2")];
        let of = |keys: &ServiceKeys, id: &str, name: &str| keys.member("owner", "owner", id, name).unwrap();

        let alone = ServiceKeys::default().with_known(Some("owner"), &known);
        let kept = of(&alone, "k1", "gateway");
        assert_eq!((kept.standing, kept.delivered_to), (Standing::Kept, vec!["file /a".to_owned()]));
        assert!(of(&alone, "k9", "gateway").is_stray());
        let before = of(&alone, "k0", "gateway");
        assert!(before.was_delivered && !before.is_stray(), "it may be in use for its grace time");

        let gateway = Service { name: "gateway".into(), ..Service::default() };
        let named = ServiceKeys::new("/fleet.toml".into(), [(gateway, BTreeMap::new())]);
        let named = named.with_known(Some("owner"), &known);
        let current = of(&named, "k1", "gateway");
        assert_eq!((current.standing, current.delivered_to.len()), (Standing::Named, 1));
        assert_eq!(of(&named, "k2", "reports").standing, Standing::Left);
        let anew = named.with_known(Some("owner"), &known[..1]);
        assert_eq!(anew.member("owner", "owner", "k2", "reports"), None, "it was forgotten");
    }
}
