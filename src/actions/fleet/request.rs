//! What the fleet asks of a rotation.

use std::collections::BTreeMap;
use std::time::Duration;

use super::held::Held;
use super::{Error, Service};
use crate::actions::key_file::KeyFile;
use crate::actions::rotation::{HandOver, HandedOver, Request, Verify};
use crate::actions::{models, rotation};
use crate::probe::ModelRequest;

/// How the model of `service` proves a key.
///
/// # Errors
/// The request is no JSON.
pub fn verify(service: &Service) -> Result<Option<Verify>, Error> {
    let Some(verify) = &service.verify else { return Ok(None) };
    let request = verify.request.as_deref().map(ModelRequest::parse).transpose();
    let request = request.map_err(|error| rotation::Error::from(models::Error::from(error)))?;
    Ok(Some(Verify { model: verify.model.clone(), request, busy: verify.busy }))
}

/// The rotation of `service`, whose key is due once it has `due_days` left. Older keys stay, unless it
/// is known since when keys are `in_use`.
///
/// # Errors
/// As [`verify`].
pub fn rotation(
    service: &Service,
    held: &Held,
    clock_difference: Duration,
    due_days: u32,
    in_use: Option<HandedOver>,
) -> Result<Request, Error> {
    Ok(Request {
        name: service.name.clone(),
        user: Some(held.state.username.clone()),
        due_days,
        grace: service.grace,
        expires: service.expires.clone(),
        audiences: service.audiences.clone(),
        verify: verify(service)?,
        hand_over: HandOver::File(KeyFile::own(held.key_file())),
        record: None,
        clock_difference,
        known: None,
        only_later: true,
        keep_old: in_use.is_none(),
        in_use,
        services: BTreeMap::new(),
    })
}
