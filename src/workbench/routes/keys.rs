//! API keys: validate, list, create, delete.

use axum::extract::{Path, State};
use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::{Map, Value};

use crate::expiry::{DEFAULT_LIFE_DAYS, Policy};
use crate::wire::{
    AUDIENCE_API, AUDIENCE_APPLICATION, CreateV2KeyRequest, CreateV2KeyResponse, Empty, ListV2KeysResponse,
    ValidateAPIKeyRequest, ValidateAPIKeyResponse, time,
};
use crate::workbench::Workbench;
use crate::workbench::behaviour::{KeyId, Why, inferred};
use crate::workbench::http::answer::{Answer, done};
use crate::workbench::http::auth::Caller;
use crate::workbench::http::bodies::Json;
use crate::workbench::http::gate::Named;
use crate::workbench::http::refusal::Refusal;
use crate::workbench::ids;
use crate::workbench::store::keys::{self, NewKeyRow};
use crate::workbench::store::settings;

/// ValidateAPIKey: texts and the 403 are OBSERVED (cai-connector).
pub async fn validate(
    caller: Caller,
    Json(request): Json<ValidateAPIKeyRequest>,
) -> Result<Answer<ValidateAPIKeyResponse>, Refusal> {
    let audience = known_audience(&request.audience)?;
    if !caller.has_audience(audience) {
        return Err(Why::AudienceMismatch.into());
    }
    Ok(Answer::new(ValidateAPIKeyResponse {
        valid: true,
        username: caller.user().username.clone(),
        message: "API key is valid for the given audience".to_owned(),
    }))
}

/// ListV2Keys
pub async fn list(
    State(workbench): State<Workbench>,
    Named(user): Named,
) -> Result<Answer<ListV2KeysResponse>, Refusal> {
    let expired = workbench.behaviour().rules.expired_keys_listed;
    let now = workbench.now();
    let keys = workbench
        .store()
        .read(move |db| keys::of_user(db, user.id, expired, now))
        .await
        .map_err(Refusal::from)?;
    // Listing expired keys is a choice only if there are any.
    let rests = keys.iter().any(|key| time::parse(&key.expiry_date).is_some_and(|end| end <= now));
    let answer = Answer::new(ListV2KeysResponse { keys });
    Ok(if rests { answer.inferred(inferred::EXPIRED_KEYS_LISTED) } else { answer })
}

/// CreateV2Key
pub async fn create(
    State(workbench): State<Workbench>,
    Named(user): Named,
    Json(request): Json<CreateV2KeyRequest>,
) -> Result<Answer<CreateV2KeyResponse>, Refusal> {
    make(&workbench, user.id, request).await
}

/// Creates a key, for either API.
pub(super) async fn make(
    workbench: &Workbench,
    user_id: i64,
    request: CreateV2KeyRequest,
) -> Result<Answer<CreateV2KeyResponse>, Refusal> {
    let mut resting_on = vec![inferred::KEY_ID];
    let audiences = audiences(workbench, &request.audiences)?;
    if request.audiences.is_empty() {
        resting_on.push(inferred::DEFAULT_AUDIENCES);
    }
    if request.expiry_date.trim().len() == "2027-01-31".len() {
        resting_on.push(inferred::BARE_DATES);
    }
    let key = ids::api_key().map_err(|_| Why::Internal)?;
    let key_id = match workbench.behaviour().rules.key_id {
        KeyId::FirstHalf => key.first_half().to_owned(),
        KeyId::Random => ids::token().map_err(|_| Why::Internal)?,
    };
    let now = workbench.now();
    let setting = workbench.behaviour().names.expiration_setting.clone();
    let mut response = CreateV2KeyResponse {
        key_id,
        created_at: time::format(now),
        comments: request.comments,
        audiences,
        api_key: key,
        ..Default::default()
    };
    let created = workbench
        .store()
        .write(move |db| -> Result<_, Refusal> {
            let limit_days = limit_days(&settings::all(db)?, &setting);
            let expires_at = expiry(&request.expiry_date, now, limit_days)?;
            response.expiry_date = time::format(expires_at);
            keys::insert(
                db,
                &NewKeyRow {
                    user_id,
                    key_id: &response.key_id,
                    hash: keys::hash(response.api_key.expose()),
                    comments: &response.comments,
                    audiences: &response.audiences,
                    created_at: now,
                    expires_at,
                },
            )?;
            Ok(response)
        })
        .await?;
    Ok(Answer::new(created).inferred_all(resting_on))
}

/// DeleteV2Key
pub async fn remove(
    State(workbench): State<Workbench>,
    Named(user): Named,
    Path((_, key_id)): Path<(String, String)>,
) -> Result<Answer<Empty>, Refusal> {
    workbench
        .store()
        .write(move |db| -> Result<_, Refusal> {
            if keys::delete(db, user.id, &key_id)? { Ok(done()) } else { Err(Why::UnknownKeyId.into()) }
        })
        .await
}

/// DeleteV2Keys
pub async fn remove_all(
    State(workbench): State<Workbench>,
    Named(user): Named,
) -> Result<Answer<Empty>, Refusal> {
    workbench
        .store()
        .write(move |db| -> Result<_, Refusal> {
            keys::delete_all(db, user.id)?;
            Ok(done())
        })
        .await
}

/// The lifetime that the administrator allows, in days; one year if it is not set (DOCS).
pub(super) fn limit_days(settings: &Map<String, Value>, setting: &str) -> u32 {
    let days = settings.get(setting).and_then(Value::as_u64).and_then(|days| u32::try_from(days).ok());
    days.unwrap_or(DEFAULT_LIFE_DAYS)
}

/// When a key created `now` expires: as requested, or as late as allowed.
///
/// The setting is both default and limit (INFERRED from DOCS, ml-generating-model-api-key), and a
/// key may last to the end of the UTC day that many days ahead.
pub(super) fn expiry(asked: &str, now: Timestamp, limit_days: u32) -> Result<Timestamp, Refusal> {
    let policy = Policy::of_days(limit_days);
    let last_day = policy.default_day(time::utc_day(now));
    let refuse = |why| {
        Refusal::new(why)
            .with("text", asked.trim())
            .with("limit", limit_days.to_string())
            .with("last", last_day.to_string())
    };
    let last = time::end_of_day(last_day).unwrap_or(Timestamp::MAX);
    if asked.trim().is_empty() {
        return Ok(last);
    }
    let expires_at =
        time::parse(asked).or_else(|| far_away(asked)).ok_or_else(|| refuse(Why::MalformedDate))?;
    if expires_at <= now {
        return Err(refuse(Why::PastDate));
    }
    // The wire has no fractions of a second: store what is sent.
    let expires_at = Timestamp::from_second(expires_at.as_second()).unwrap_or(expires_at);
    if time::utc_day(expires_at) > last_day { Err(refuse(Why::DateBeyondLimit)) } else { Ok(expires_at) }
}

/// A day at one of the ends of the calendar, where instants end before days do.
fn far_away(asked: &str) -> Option<Timestamp> {
    let day: Date = asked.trim().parse().ok()?;
    Some(if day > Date::ZERO { Timestamp::MAX } else { Timestamp::MIN })
}

fn audiences(workbench: &Workbench, asked: &[String]) -> Result<Vec<String>, Refusal> {
    if asked.is_empty() {
        return Ok(workbench.behaviour().names.default_audiences.clone());
    }
    let mut audiences: Vec<String> = Vec::new();
    for audience in asked {
        let known = known_audience(audience)?;
        if !audiences.iter().any(|taken| taken == known) {
            audiences.push(known.to_owned());
        }
    }
    Ok(audiences)
}

/// Only these two are accepted (OBSERVED, cai-connector).
fn known_audience(text: &str) -> Result<&'static str, Refusal> {
    match text {
        AUDIENCE_API => Ok(AUDIENCE_API),
        AUDIENCE_APPLICATION => Ok(AUDIENCE_APPLICATION),
        other => Err(Refusal::new(Why::BadAudience).with("audience", format!("{other:?}"))),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn now() -> Timestamp {
        "2026-11-23T09:00:00Z".parse().unwrap()
    }

    #[test]
    fn the_limit_is_the_end_of_its_day() {
        let read = |text: &str| expiry(text, now(), 365).map(time::format);
        assert_eq!(read("").unwrap(), "2027-11-23T23:59:59Z");
        assert_eq!(read("2027-11-23").unwrap(), "2027-11-23T23:59:59Z");
        assert_eq!(read("2026-11-23").unwrap(), "2026-11-23T23:59:59Z");
        assert_eq!(read("2027-11-23T23:59:59.9Z").unwrap(), "2027-11-23T23:59:59Z");
        for (text, why) in [
            ("2027-11-24", Why::DateBeyondLimit),
            ("2027-11-24T00:00:00Z", Why::DateBeyondLimit),
            ("9999-12-31", Why::DateBeyondLimit),
            ("2026-11-22", Why::PastDate),
            ("2026-11-23T09:00:00Z", Why::PastDate),
            ("0000-01-01", Why::PastDate),
            ("next week", Why::MalformedDate),
            ("2027-02-29", Why::MalformedDate),
        ] {
            assert_eq!(read(text).unwrap_err().why, why, "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_date_breaks_the_parser(text in any::<String>(), limit in any::<u32>()) {
            if let Ok(end) = expiry(&text, now(), limit) {
                prop_assert!(end > now());
            }
        }

        #[test]
        fn dates_of_any_calendar_day_are_understood(
            year in -9999i16..=9999,
            month in 1i8..=12,
            day in 1i8..=28,
            limit in any::<u32>(),
        ) {
            let date = jiff::civil::date(year, month, day).to_string();
            let outcome = expiry(&date, now(), limit).map_err(|refusal| refusal.why);
            prop_assert!(matches!(outcome, Ok(_) | Err(Why::PastDate | Why::DateBeyondLimit)), "{date}: {outcome:?}");
        }
    }
}
