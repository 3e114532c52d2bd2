//! Services that left the manifest: their keys are still there.

use super::held::{Held, lock};
use super::world::{Real, World};
use super::{Error, Manifest};
use crate::actions::rotation::exec::Output;
use crate::actions::{Event, Progress, keys, may_change, rotation};
use crate::config::Session;

/// A service that left the manifest.
#[derive(Debug)]
pub struct Left {
    pub name: String,
    pub username: String,
    /// The Key IDs that are still listed under its name.
    pub keys: Vec<String>,
    held: Held,
}

/// The services that this machine applied from `manifest`, and that are in it no more.
///
/// # Errors
/// What is kept of them, or their keys, cannot be read.
pub async fn left(session: &Session, manifest: &Manifest) -> Result<Vec<Left>, Error> {
    left_in(&Real { session, output: Output::Kept, progress: &() }, manifest).await
}

/// The same in any world.
pub(super) async fn left_in<W: World>(world: &W, manifest: &Manifest) -> Result<Vec<Left>, Error> {
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
        left.push(Left { name, username, keys, held });
    }
    Ok(left)
}

/// Deletes the keys of services that left the manifest, but for the one that is signed in with, and
/// forgets them. Gives the deleted Key IDs.
///
/// # Errors
/// A key could not be deleted; what was deleted before is reported to `progress`.
pub async fn prune(
    session: &Session,
    left: Vec<Left>,
    progress: &dyn Progress,
) -> Result<Vec<String>, Error> {
    may_change(session, "deleting keys").map_err(|error| rotation::Error::from(keys::Error::from(error)))?;
    let _alone = lock(session)?;
    prune_in(&Real { session, output: Output::Kept, progress }, left, progress).await
}

/// The same in any world.
pub(super) async fn prune_in<W: World>(
    world: &W,
    left: Vec<Left>,
    progress: &dyn Progress,
) -> Result<Vec<String>, Error> {
    let mut deleted = Vec::new();
    for service in left {
        for id in &service.keys {
            if world.delete(&service.username, id).await? {
                progress.on(Event::KeyDeleted { key_id: id });
                deleted.push(id.clone());
            }
        }
        world.forget(&service.held)?;
    }
    Ok(deleted)
}
