//! Reads what a plan needs. Writes nothing, here and on the workbench.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::{StreamExt as _, stream};

use super::deliver::Found;
use super::held::{Delivered, Held};
use super::life::Life;
use super::manifest::Delivery;
use super::plan::{Facts, Has, OwnKey, judge};
use super::world::{Real, World};
use super::{Error, Manifest, Service, ServicePlan, Terms, request};
use crate::actions::keys::{Own, by_first_half};
use crate::actions::rotation::exec::Output;
use crate::actions::rotation::{self, Outlook};
use crate::actions::{Event, Progress, clock, expiration, keys, sign_in};
use crate::config::Session;
use crate::secret::ApiKey;
use crate::wire::time;

/// Services at a time, if nothing else is asked for.
pub const PARALLEL: u16 = 4;

/// How a fleet is looked at, and applied.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    pub terms: Terms,
    /// Services at a time.
    pub parallel: usize,
    pub clock_difference: Duration,
    /// Where commands of the manifest write to.
    pub output: Output,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            terms: Terms::default(),
            parallel: PARALLEL.into(),
            clock_difference: clock::DIFFERENCE,
            output: Output::Shown,
        }
    }
}

/// What is the same for all services.
#[derive(Debug, Clone)]
pub struct Site {
    pub username: String,
    pub limit_days: Option<u32>,
    pub own: OwnKey,
}

/// The user whose key is used.
///
/// # Errors
/// The workbench does not answer.
pub async fn own_username(session: &Session) -> Result<String, Error> {
    let username = sign_in::username(session).await;
    Ok(username
        .map_err(|error| rotation::Error::from(keys::Error::from(crate::actions::Error::from(error))))?)
}

/// Reads what is the same for all services.
///
/// # Errors
/// The workbench does not answer, or the clocks differ.
pub async fn site(session: &Session, clock_difference: Duration) -> Result<Site, Error> {
    let failed = |error: crate::actions::Error| rotation::Error::from(keys::Error::from(error));
    let username = own_username(session).await?;
    let (_, listed) = keys::list(session, Some(username.clone())).await.map_err(failed)?;
    clock::check(session.client.clock(), clock_difference).map_err(rotation::Error::from)?;
    let own = Own::of(session);
    let own = listed.iter().find(|key| own.is_signed_in(&key.key_id));
    let own = own.and_then(|key| time::parse(&key.expiry_date));
    let limit_days = expiration::read(&session.client).await.ok().flatten().map(|setting| setting.days);
    Ok(Site { username, limit_days, own: own.map_or(OwnKey::Unknown, OwnKey::Expires) })
}

/// A service with what would be done for it.
pub type Looked = (Service, Result<ServicePlan, Error>);

/// Plans all services of a manifest, in its order.
///
/// # Errors
/// As [`site`]. What fails for one service is its own.
pub async fn look(
    session: &Session,
    manifest: &Manifest,
    options: Options,
    progress: &dyn Progress,
) -> Result<Vec<Looked>, Error> {
    let world = Real::new(session, options.output, progress);
    look_in(&world, manifest, options, progress).await
}

/// The same in any world.
pub(super) async fn look_in<W: World>(
    world: &W,
    manifest: &Manifest,
    options: Options,
    progress: &dyn Progress,
) -> Result<Vec<Looked>, Error> {
    let site = world.site(options.clock_difference).await?;
    let (site, done, of) = (&site, &AtomicUsize::new(0), manifest.services.len());
    let one = |service: &Service| {
        let service = service.clone();
        async move {
            let plan = one(world, manifest, &service, site, options).await;
            let done = done.fetch_add(1, Ordering::Relaxed) + 1;
            progress.on(Event::Counted { what: "services", done, of });
            (service, plan)
        }
    };
    let plans: Vec<_> = manifest.services.iter().map(one).collect();
    Ok(stream::iter(plans).buffered(options.parallel.max(1)).collect().await)
}

async fn one<W: World>(
    world: &W,
    manifest: &Manifest,
    service: &Service,
    site: &Site,
    options: Options,
) -> Result<ServicePlan, Error> {
    let username = service.username(&site.username);
    let held = world.held(username, service, &manifest.file)?;
    let known = known(world, service, &held).await?;
    let in_use = known.key_id.as_deref().and_then(|id| held.in_use(id));
    let life = Life::of(service, world.now(), site.limit_days, held.observed(service));
    let mut asked = request::rotation(service, &held, options.clock_difference, life.due_days, in_use)?;
    if world.key(&held).is_none() {
        asked.known.clone_from(&known.key_id);
    }
    let outlook = world.look(&asked).await?;
    let current = outlook.current();
    let key = known.key.filter(|_| current.is_some());
    let proof = match (&key, current) {
        (Some(key), Some(current)) => world.prove(service, key, current).await,
        (None, Some(_)) if outlook.plan.is_delivered() => Err("it is not kept here".to_owned()),
        _ => world.can_prove(service).await,
    };
    let deliveries = deliveries(world, service, &held, key.as_ref()).await;
    let Outlook { keys, plan, at, .. } = &outlook;
    let facts = Facts {
        service,
        username,
        keys,
        rotation: plan,
        at: *at,
        deliveries: &deliveries,
        proof,
        life: &life,
        own: site.own,
    };
    let mut plan = judge(&facts, options.terms);
    for model in plan.disturbs(service).0 {
        if let Err(why) = world.can_restart(&model).await {
            plan.unsafe_because.push(format!("{model} cannot be restarted: {why}"));
            plan.safe = false;
        }
    }
    Ok(plan)
}

/// The current key, and its id.
#[derive(Debug, Default)]
pub(super) struct Known {
    pub key: Option<ApiKey>,
    pub key_id: Option<String>,
}

/// The key that this machine keeps for a service. Without one, such as in a job whose folder does not
/// last, the first listed key that is found where it is needed.
///
/// # Errors
/// The keys cannot be listed.
pub(super) async fn known<W: World>(world: &W, service: &Service, held: &Held) -> Result<Known, Error> {
    if let Some(key) = world.key(held) {
        let key_id = world.made_here(&key);
        let key_id = key_id.or_else(|| Some(key.first_half().to_owned())).filter(|id| !id.is_empty());
        return Ok(Known { key: Some(key), key_id });
    }
    let listed = world.keys(&held.state.username).await?;
    let named: Vec<_> = listed.into_iter().filter(|key| key.comments == service.name).collect();
    if named.is_empty() {
        return Ok(Known::default());
    }
    for delivery in &service.deliver {
        if let Ok(Found::Key(key)) = world.read(delivery).await
            && let Some(key_id) = by_first_half(&key, &named)
        {
            return Ok(Known { key: Some(key), key_id: Some(key_id) });
        }
    }
    Ok(Known::default())
}

/// What each delivery has.
pub(super) async fn deliveries<W: World>(
    world: &W,
    service: &Service,
    held: &Held,
    key: Option<&ApiKey>,
) -> Vec<(String, Has)> {
    let mut all = Vec::new();
    let is_kept = world.key(held).is_some();
    for delivery in &service.deliver {
        let noted = held.state.delivered.get(&delivery.id);
        let is_current = |id: &str| {
            key.is_some_and(|key| key.first_half() == id || world.made_here(key).as_deref() == Some(id))
        };
        let noted = noted.filter(|noted| is_current(&noted.key_id));
        let has = match world.read(delivery).await {
            Err(Error::Delivery { why, .. }) => Has::Unreadable(why),
            Err(error) => Has::Unreadable(error.to_string()),
            Ok(Found::Nothing) => Has::Nothing,
            Ok(Found::Other) => Has::Other,
            Ok(Found::Unproven) if noted.is_some() => Has::Unproven,
            Ok(Found::Unproven) => Has::Nothing,
            Ok(Found::Key(found)) if Some(&found) != key => Has::Other,
            // A run may have ended, or lost an answer, between a delivery and its note.
            Ok(Found::Key(_)) if is_kept && needs_reload(delivery, noted) => Has::NotReloaded,
            Ok(Found::Key(_)) => world.access_drift(delivery).map_or(Has::Current, Has::Access),
        };
        all.push((delivery.id.clone(), has));
    }
    all
}

/// Whether a delivery that has the current key still has to be reloaded.
fn needs_reload(delivery: &Delivery, noted: Option<&Delivered>) -> bool {
    delivery.needs_reload() && noted.is_none_or(|noted| noted.not_reloaded)
}
