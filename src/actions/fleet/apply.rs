//! Makes a fleet what its manifest says, service by service, whatever fails for another one.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::{StreamExt as _, stream};

use super::held::{Delivered, Held, Made, lock};
use super::life::Life;
use super::look::{self, Known, Options, Site};
use super::plan::Has;
use super::world::{Real, World};
use super::{Error, Manifest, Service, request};
use crate::actions::rotation::{self, HandedOver, Rotated};
use crate::actions::{Event, Exit, Progress, keys, may_change};
use crate::config::Session;
use crate::secret::ApiKey;
use crate::wire::{CreateV2KeyResponse, time};

/// What was done for one service.
#[derive(Debug, Default)]
pub struct Applied {
    pub name: String,
    pub username: String,
    /// A key was created.
    pub rotated: bool,
    /// It is the first of its name.
    pub is_first: bool,
    /// Why it was created.
    pub reason: Option<&'static str>,
    pub key_id: String,
    /// As the workbench gives it.
    pub expiry: String,
    /// The deliveries that got the key in this run.
    pub delivered: Vec<String>,
    /// The models that were restarted for that, and the commands that ran.
    pub restarted: Vec<String>,
    pub reloaded: Vec<String>,
    pub deleted: Vec<String>,
    /// What went wrong, in its order.
    pub failures: Vec<Error>,
}

impl Applied {
    /// `rotated`, `delivered`, `cleaned_up`, `nothing_to_do`, or `failed`: nothing was done.
    pub fn action(&self) -> &'static str {
        match (self.rotated, self.delivered.is_empty(), self.deleted.is_empty()) {
            (true, ..) => "rotated",
            (false, false, _) => "delivered",
            (false, true, false) => "cleaned_up",
            (false, true, true) if !self.failures.is_empty() => "failed",
            (false, true, true) => "nothing_to_do",
        }
    }

    /// The same for people: the first key of a service was created, not rotated.
    pub fn text(&self) -> &'static str {
        match self.action() {
            _ if self.is_first => "created",
            "cleaned_up" => "cleaned up",
            "failed" => "nothing done",
            "nothing_to_do" => "nothing to do",
            action => action,
        }
    }
}

/// Applies a manifest. At most `max_rotations` keys are created.
///
/// # Errors
/// Nothing was done. What fails for one service is in what was done for it.
pub async fn apply(
    session: &Session,
    manifest: &Manifest,
    options: Options,
    max_rotations: Option<usize>,
    progress: &dyn Progress,
) -> Result<Vec<Applied>, Error> {
    may_change(session, "rotating keys").map_err(|error| rotation::Error::from(keys::Error::from(error)))?;
    let _alone = lock(session)?;
    // Whose key is used is asked once; the log of deletions says it too.
    let session = &Session { username: Some(look::own_username(session).await?), ..session.clone() };
    let world = Real::new(session, options.output, progress);
    apply_in(&world, manifest, options, max_rotations, progress).await
}

/// The same in any world.
pub(super) async fn apply_in<W: World>(
    world: &W,
    manifest: &Manifest,
    options: Options,
    max_rotations: Option<usize>,
    progress: &dyn Progress,
) -> Result<Vec<Applied>, Error> {
    let site = world.site(options.clock_difference).await?;
    let left = max_rotations.map(AtomicUsize::new);
    let (site, left) = (&site, left.as_ref());
    let one = |(at, service): (usize, _)| {
        let run = Run { world, manifest, service, site, options, left };
        async move {
            progress.on(Event::ServiceBegun { at, name: &run.service.name });
            let applied = run.service().await;
            let failed = !applied.failures.is_empty();
            progress.on(Event::ServiceEnded { at, name: &applied.name, failed });
            applied
        }
    };
    let work: Vec<_> = manifest.services.iter().enumerate().map(one).collect();
    Ok(stream::iter(work).buffered(options.parallel.max(1)).collect().await)
}

/// How long a key lasts that was just made.
fn life(created: &CreateV2KeyResponse) -> Option<Duration> {
    let (from, to) = (time::parse(&created.created_at)?, time::parse(&created.expiry_date)?);
    Duration::try_from(to.duration_since(from)).ok()
}

struct Run<'a, W> {
    world: &'a W,
    manifest: &'a Manifest,
    service: &'a Service,
    site: &'a Site,
    options: Options,
    /// How many keys may still be created.
    left: Option<&'a AtomicUsize>,
}

impl<W: World> Run<'_, W> {
    async fn service(&self) -> Applied {
        let username = self.service.username(&self.site.username).to_owned();
        let mut applied = Applied { name: self.service.name.clone(), username, ..Applied::default() };
        let held = self.world.held(&applied.username, self.service, &self.manifest.file);
        let mut held = match held {
            Ok(held) => held,
            Err(error) => {
                applied.failures.push(error);
                return applied;
            }
        };
        if let Err(error) = self.converge(&mut held, &mut applied).await {
            applied.failures.push(error);
        }
        if applied.failures.is_empty() {
            held.state.last_success = Some(self.world.now());
        }
        // For the figures.
        held.state.last_exit = Exit::worst(applied.failures.iter().map(Error::exit)) as u8;
        applied.failures.extend(self.world.save(&held).err());
        applied
    }

    async fn converge(&self, held: &mut Held, applied: &mut Applied) -> Result<(), Error> {
        if self.world.key(held).is_none()
            && let Known { key: Some(key), key_id: Some(key_id) } =
                look::known(self.world, self.service, held).await?
        {
            self.adopt(held, &key, &key_id).await?;
        }
        self.world.save(held)?;
        let rotated = match self.rotate(held, None).await {
            Ok(rotated) => rotated,
            Err(error) => {
                if let Error::Rotation(rotation) = &error
                    && let Some(lasts) = rotation.lasts_too_short()
                {
                    held.state.made = Some(self.made(lasts));
                    self.world.save(held)?;
                }
                // A delivery that failed before does not wait for a new key.
                if let Known { key: Some(key), key_id: Some(key_id) } =
                    look::known(self.world, self.service, held).await?
                {
                    applied.key_id = key_id;
                    self.deliver(held, &key, applied).await?;
                }
                return Err(error);
            }
        };
        (applied.rotated, applied.is_first) = (rotated.created.is_some(), rotated.is_first);
        applied.reason = rotated.reason;
        if let Some(created) = &rotated.created {
            held.state.made = life(created).map(|lasts| self.made(lasts));
            self.world.save(held)?;
        }
        applied.key_id = rotated.current.clone().unwrap_or_default();
        applied.expiry.clone_from(&rotated.expiry);
        applied.deleted.clone_from(&rotated.removed_never_handed_over);
        let Some(key) = self.world.key(held) else { return Ok(()) };
        self.deliver(held, &key, applied).await?;
        if !applied.failures.is_empty() {
            return Ok(());
        }
        if held.in_use(&applied.key_id).is_none() {
            held.complete(&applied.key_id, self.world.now());
            self.world.save(held)?;
        }
        if rotated.kept.is_empty() {
            return Ok(());
        }
        let cleaned = self.rotate(held, held.in_use(&applied.key_id)).await?;
        applied.deleted.extend(cleaned.deleted);
        match cleaned.not_deleted {
            Some(left) => Err(rotation::Error::from(left.error).into()),
            None => Ok(()),
        }
    }

    /// A key that was asked for as the manifest says lasts so long.
    fn made(&self, lasts: Duration) -> Made {
        Made { expires: self.service.expires.clone(), seconds: lasts.as_secs() }
    }

    /// Takes a key that was found where it is needed for the current one. What has it is taken to use
    /// it: what this machine knew of that is lost.
    async fn adopt(&self, held: &mut Held, key: &ApiKey, key_id: &str) -> Result<(), Error> {
        let at = self.world.now();
        for (id, has) in look::deliveries(self.world, self.service, held, Some(key)).await {
            if matches!(has, Has::Current | Has::Access(_)) {
                held.state.delivered.insert(id, Delivered::new(key_id, at));
            }
        }
        self.world.save(held)?;
        self.world.adopt(held, key)
    }

    /// With `in_use`, older keys are deleted once everything has had a newer one for the grace time.
    async fn rotate(&self, held: &Held, in_use: Option<HandedOver>) -> Result<Rotated, Error> {
        let observed = held.observed(self.service);
        let due_days = Life::of(self.service, self.world.now(), self.site.limit_days, observed).due_days;
        let difference = self.options.clock_difference;
        let asked = || request::rotation(self.service, held, difference, due_days, in_use.clone());
        if let Some(all) = self.left.filter(|_| in_use.is_none()) {
            let outlook = self.world.look(&asked()?).await?;
            let take = |left: usize| left.checked_sub(1);
            let none = || all.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take).is_err();
            if outlook.plan.create.is_some() && none() {
                return Err(Error::Postponed);
            }
        }
        self.world.rotate(asked()?).await
    }

    /// Brings the current key to each delivery that does not have it. One that fails keeps no other
    /// from it.
    async fn deliver(&self, held: &mut Held, key: &ApiKey, applied: &mut Applied) -> Result<(), Error> {
        let all = look::deliveries(self.world, self.service, held, Some(key)).await;
        let key_id = applied.key_id.clone();
        for (delivery, (_, has)) in self.service.deliver.iter().zip(all) {
            let at = self.world.now();
            if !has.needs_delivery() {
                // It may have the key under another name, or a run ended before its note.
                let is_noted = held.state.delivered.get(&delivery.id).is_some_and(|had| had.key_id == key_id);
                if !is_noted {
                    held.state.delivered.insert(delivery.id.clone(), Delivered::new(&key_id, at));
                }
                continue;
            }
            // What is about to be delivered is known even where this run ends now.
            let mut noted =
                Delivered { not_reloaded: delivery.needs_reload(), ..Delivered::new(&key_id, at) };
            if has != Has::NotReloaded {
                if let Err(error) = self.world.write(delivery, key, &key_id).await {
                    held.state.delivered.remove(&delivery.id);
                    applied.failures.push(error);
                    continue;
                }
                held.state.delivered.insert(delivery.id.clone(), noted.clone());
                self.world.save(held)?;
            } else if let Some(had) = held.state.delivered.get(&delivery.id)
                && had.key_id == key_id
            {
                noted.restarted.clone_from(&had.restarted);
            }
            let before = noted.restarted.len();
            let reloaded = self.world.reload(delivery, &key_id, &mut noted.restarted).await;
            applied.restarted.extend_from_slice(&noted.restarted[before..]);
            match reloaded {
                Ok(()) => {
                    noted = Delivered::new(&key_id, at);
                    applied.delivered.push(delivery.id.clone());
                    applied.reloaded.extend(delivery.reload.clone());
                }
                Err(error) => applied.failures.push(error),
            }
            held.state.delivered.insert(delivery.id.clone(), noted);
            self.world.save(held)?;
        }
        let names: Vec<_> = self.service.deliver.iter().map(|delivery| delivery.id.as_str()).collect();
        held.state.delivered.retain(|id, _| names.contains(&id.as_str()));
        Ok(())
    }
}
