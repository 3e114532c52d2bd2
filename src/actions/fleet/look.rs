//! Reads what a plan needs. Writes nothing, here and on the workbench.

use std::time::Duration;

use futures_util::{StreamExt as _, stream};
use jiff::Timestamp;

use super::deliver::{self, Found};
use super::held::Held;
use super::plan::{Facts, Has, OwnKey, judge};
use super::{Error, Manifest, Service, ServicePlan, Terms, request};
use crate::actions::keys::{Own, by_first_half, made_here};
use crate::actions::rotation::{self, Outlook, proof};
use crate::actions::{clock, expiration, keys, sign_in};
use crate::config::Session;
use crate::expiry::{DEFAULT_LIFE_DAYS, Policy, parse_day};
use crate::secret::ApiKey;
use crate::wire::{V2KeyDetails, time};

/// How a fleet is looked at, and applied.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    pub terms: Terms,
    /// Services at a time.
    pub parallel: usize,
    pub clock_difference: Duration,
}

/// What is the same for all services.
#[derive(Debug, Clone)]
pub struct Site {
    pub username: String,
    pub limit_days: Option<u32>,
    pub own: OwnKey,
}

/// Reads what is the same for all services.
///
/// # Errors
/// The workbench does not answer, or the clocks differ.
pub async fn site(session: &Session, clock_difference: Duration) -> Result<Site, Error> {
    let failed = |error: crate::actions::Error| rotation::Error::from(keys::Error::from(error));
    let username = sign_in::username(session)
        .await
        .map_err(|error| rotation::Error::from(keys::Error::from(crate::actions::Error::from(error))))?;
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
pub async fn look(session: &Session, manifest: &Manifest, options: Options) -> Result<Vec<Looked>, Error> {
    let site = site(session, options.clock_difference).await?;
    let site = &site;
    let plans = manifest.services.iter().map(|service| async move {
        let plan = one(session, manifest, service, site, options).await;
        (service.clone(), plan)
    });
    Ok(stream::iter(plans).buffered(options.parallel.max(1)).collect().await)
}

async fn one(
    session: &Session,
    manifest: &Manifest,
    service: &Service,
    site: &Site,
    options: Options,
) -> Result<ServicePlan, Error> {
    let username = service.user.as_deref().unwrap_or(&site.username);
    let held = Held::of(session, username, service, &manifest.file)?;
    let known = known(session, service, &held).await?;
    let in_use = known.key_id.as_deref().and_then(|id| held.in_use(id));
    let mut asked = request::rotation(service, &held, options.clock_difference, in_use)?;
    if held.key().is_none() {
        asked.known.clone_from(&known.key_id);
    }
    let outlook = rotation::look(session, &asked).await?;
    let current = outlook.current();
    let key = known.key.filter(|_| current.is_some());
    let proof = match (&key, current) {
        (Some(key), Some(current)) => prove(session, service, key, current).await,
        _ => Err("there is none".to_owned()),
    };
    let deliveries = deliveries(session, service, &held, key.as_ref()).await;
    let Outlook { keys, plan, at, .. } = &outlook;
    let facts = Facts {
        service,
        username,
        keys,
        rotation: plan,
        at: *at,
        deliveries: &deliveries,
        proof,
        life: life(&service.expires, *at, site.limit_days),
        own: site.own,
    };
    Ok(judge(&facts, options.terms))
}

async fn prove(
    session: &Session,
    service: &Service,
    key: &ApiKey,
    current: &V2KeyDetails,
) -> Result<(), String> {
    let said = |error: &dyn std::error::Error| error.to_string();
    let verify = request::verify(service).map_err(|error| said(&error))?;
    let call = match &verify {
        Some(verify) => Some(proof::prepare(session, verify).await.map_err(|error| said(&error))?),
        None => None,
    };
    let busy = verify.map_or(0, |verify| verify.busy);
    let proven = proof::prove(session, key, &current.audiences, call.as_ref(), busy).await;
    proven.map_err(|error| said(&error))
}

/// The current key, and its id.
#[derive(Debug, Default)]
pub struct Known {
    pub key: Option<ApiKey>,
    pub key_id: Option<String>,
}

/// The key that this machine keeps for a service. Without one, such as in a job whose folder does not
/// last, the first listed key that is found where it is needed.
///
/// # Errors
/// The keys cannot be listed.
pub async fn known(session: &Session, service: &Service, held: &Held) -> Result<Known, Error> {
    if let Some(key) = held.key() {
        let key_id = made_here(session, &key).map(|made| made.key_id);
        let key_id = key_id.or_else(|| Some(key.first_half().to_owned())).filter(|id| !id.is_empty());
        return Ok(Known { key: Some(key), key_id });
    }
    let user = Some(held.state.username.clone());
    let (_, listed) =
        keys::list(session, user).await.map_err(|error| rotation::Error::from(keys::Error::from(error)))?;
    let named: Vec<_> = listed.into_iter().filter(|key| key.comments == service.name).collect();
    if named.is_empty() {
        return Ok(Known::default());
    }
    for delivery in &service.deliver {
        if let Ok(Found::Key(key)) = deliver::read(session, delivery).await
            && let Some(key_id) = by_first_half(&key, &named)
        {
            return Ok(Known { key: Some(key), key_id: Some(key_id) });
        }
    }
    Ok(Known::default())
}

/// What each delivery has.
pub async fn deliveries(
    session: &Session,
    service: &Service,
    held: &Held,
    key: Option<&ApiKey>,
) -> Vec<(String, Has)> {
    let mut all = Vec::new();
    for delivery in &service.deliver {
        let noted = held.state.delivered.get(&delivery.id);
        let is_current = |id: &str| {
            key.is_some_and(|key| key.first_half() == id || made_id(session, key).as_deref() == Some(id))
        };
        let noted = noted.filter(|noted| is_current(&noted.key_id));
        let has = match deliver::read(session, delivery).await {
            Err(error) => Has::Unreadable(error.to_string()),
            Ok(Found::Nothing) => Has::Nothing,
            Ok(Found::Other) => Has::Other,
            Ok(Found::Unproven) if noted.is_some() => Has::Unproven,
            Ok(Found::Unproven) => Has::Nothing,
            Ok(Found::Key(found)) if Some(&found) != key => Has::Other,
            Ok(Found::Key(_)) if noted.is_some_and(|noted| noted.not_reloaded) => Has::NotReloaded,
            Ok(Found::Key(_)) => deliver::access_drift(delivery).map_or(Has::Current, Has::Access),
        };
        all.push((delivery.id.clone(), has));
    }
    all
}

fn made_id(session: &Session, key: &ApiKey) -> Option<String> {
    made_here(session, key).map(|made| made.key_id)
}

/// How long a key lasts that is created at `now` with `expires`.
///
/// # Errors
/// The workbench would refuse it.
fn life(expires: &str, now: Timestamp, limit_days: Option<u32>) -> Result<Duration, String> {
    let days = |days: u32| Duration::from_secs(u64::from(days) * 86_400);
    let wanted = expires.trim();
    if wanted.eq_ignore_ascii_case("default") || wanted.eq_ignore_ascii_case("max") {
        return Ok(days(limit_days.unwrap_or(DEFAULT_LIFE_DAYS)));
    }
    let day =
        parse_day(wanted, time::utc_day(now), &Policy { limit_days }).map_err(|error| error.to_string())?;
    let end = time::end_of_day(day).unwrap_or(Timestamp::MAX);
    Ok(Duration::try_from(end.duration_since(now)).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_lasts_as_long_as_the_manifest_and_the_limit_let_it() {
        let now: Timestamp = "2026-06-01T00:00:00Z".parse().unwrap();
        let days = |life: Result<Duration, String>| life.unwrap().as_secs() / 86_400;
        assert_eq!((days(life("default", now, Some(90))), days(life("max", now, None))), (90, 365));
        assert_eq!(days(life("+30d", now, Some(90))), 30);
        assert!(life("+100d", now, Some(90)).is_err() && life("soon", now, None).is_err());
    }
}
