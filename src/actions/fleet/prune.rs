//! Services that left the manifest: their keys are still there.

use super::held::{Held, lock};
use super::world::{Real, World};
use super::{Error, Manifest};
use crate::actions::rotation::exec::Output;
use crate::actions::{Progress, keys, may_change, rotation};
use crate::config::Session;

/// A service that left the manifest.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Left {
    pub name: String,
    pub username: String,
    /// The Key IDs that are still listed under its name.
    pub keys: Vec<String>,
}

impl Left {
    /// Whether `agreed` names this service with all its keys.
    fn is_in(&self, agreed: &[Self]) -> bool {
        agreed.iter().any(|named| {
            (&named.name, &named.username) == (&self.name, &self.username)
                && self.keys.iter().all(|key| named.keys.contains(key))
        })
    }
}

/// What came of a pruning.
#[derive(Debug, Default)]
pub struct Pruned {
    /// The services that are forgotten, each with the keys that were deleted.
    pub services: Vec<Left>,
    /// The services that stay: not all was deleted, or they have a key that was not agreed to. With the
    /// keys that were deleted.
    pub stay: Vec<Left>,
    pub failures: Vec<Error>,
}

impl Pruned {
    /// All deleted Key IDs.
    pub fn deleted(&self) -> impl Iterator<Item = &String> {
        self.services.iter().chain(&self.stay).flat_map(|service| &service.keys)
    }
}

/// The services that this machine applied from `manifest`, and that are in it no more.
///
/// # Errors
/// What is kept of them, or their keys, cannot be read.
pub async fn left(session: &Session, manifest: &Manifest) -> Result<Vec<Left>, Error> {
    let world = Real::new(session, Output::Kept, &());
    Ok(left_in(&world, manifest).await?.into_iter().map(|(left, _)| left).collect())
}

/// The same in any world, with what is kept of each.
async fn left_in<W: World>(world: &W, manifest: &Manifest) -> Result<Vec<(Left, Held)>, Error> {
    let mut left = Vec::new();
    for held in world.all_held(&manifest.file)? {
        let (name, username) = (held.state.name.clone(), held.state.username.clone());
        let is_in = manifest.services.iter().any(|service| {
            service.name == name && service.user.as_ref().is_none_or(|user| *user == username)
        });
        if is_in {
            continue;
        }
        let listed = world.keys(&username).await?;
        let keys = listed.into_iter().filter(|key| key.comments == name).map(|key| key.key_id).collect();
        left.push((Left { name, username, keys }, held));
    }
    Ok(left)
}

/// Deletes the keys of services that left the manifest, but for the one that is signed in with, and
/// forgets them. Each deletion is logged. With `agreed`, a service stays that has a key which is not among them. What fails for
/// one service is no reason to stop.
///
/// # Errors
/// Nothing was done.
pub async fn prune(
    session: &Session,
    manifest: &Manifest,
    agreed: Option<&[Left]>,
    progress: &dyn Progress,
) -> Result<Pruned, Error> {
    may_change(session, "deleting keys").map_err(|error| rotation::Error::from(keys::Error::from(error)))?;
    let _alone = lock(session)?;
    prune_in(&Real::new(session, Output::Kept, progress), manifest, agreed).await
}

/// The same in any world.
pub(super) async fn prune_in<W: World>(
    world: &W,
    manifest: &Manifest,
    agreed: Option<&[Left]>,
) -> Result<Pruned, Error> {
    let mut pruned = Pruned::default();
    for (service, held) in left_in(world, manifest).await? {
        if agreed.is_some_and(|agreed| !service.is_in(agreed)) {
            pruned.stay.push(Left { keys: Vec::new(), ..service });
            continue;
        }
        let (deleted, failure) = world.delete_all(&service).await;
        let service = Left { keys: deleted, ..service };
        match failure.map_or_else(|| world.forget(&held), Err) {
            Ok(()) => pruned.services.push(service),
            Err(error) => {
                pruned.stay.push(service);
                pruned.failures.push(error);
            }
        }
    }
    Ok(pruned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_with_a_key_that_was_not_named_is_not_agreed_to() {
        let left = |keys: &[&str]| Left {
            name: "a".to_owned(),
            username: "owner".to_owned(),
            keys: keys.iter().map(|&key| key.to_owned()).collect(),
        };
        let agreed = [left(&["k1", "k2"])];
        assert!(left(&["k1", "k2"]).is_in(&agreed) && left(&["k2"]).is_in(&agreed));
        assert!(!left(&["k1", "k3"]).is_in(&agreed));
        assert!(!Left { username: "other".to_owned(), ..left(&["k1"]) }.is_in(&agreed));
    }
}
