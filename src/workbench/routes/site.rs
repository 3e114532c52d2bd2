//! Site-wide operations: settings, specification, version.

use axum::extract::State;
use serde_json::{Map, Value, json};

use crate::workbench::Workbench;
use crate::workbench::behaviour::inferred;
use crate::workbench::http::answer::Answer;
use crate::workbench::http::bodies::Members;
use crate::workbench::http::operations;
use crate::workbench::http::refusal::{Refusal, bad_value};
use crate::workbench::store::settings;

/// The longest key lifetime that an administrator can set, in days: a hundred years.
const LONGEST: u64 = 36_500;

/// `GET /api/v1/site/config`: every user may read it (OBSERVED, CAI_STUDIO_AGENT).
pub async fn config(State(workbench): State<Workbench>) -> Result<Answer<Map<String, Value>>, Refusal> {
    let settings = workbench.store().read(settings::all).await.map_err(Refusal::from)?;
    Ok(Answer::new(settings).inferred(inferred::EXPIRATION_SETTING))
}

/// `PATCH /api/v1/site/config`: `{name: value}` → 200 with the whole object (OBSERVED, edge2ai).
/// All or nothing: an unknown name is refused, because ignoring it would make the administrator
/// believe that it was set (INFERRED).
pub async fn change(
    State(workbench): State<Workbench>,
    Members(changes): Members,
) -> Result<Answer<Map<String, Value>>, Refusal> {
    let expiration = workbench.behaviour().names.expiration_setting.clone();
    let settings = workbench
        .store()
        .write(move |db| -> Result<_, Refusal> {
            let known = settings::all(db)?;
            for (name, value) in &changes {
                let current = known.get(name).ok_or_else(|| unknown_setting(name, &known))?;
                settings::set(db, name, &checked(name, value, current, *name == expiration)?)?;
            }
            Ok(settings::all(db)?)
        })
        .await?;
    Ok(Answer::new(settings).inferred(inferred::EXPIRATION_SETTING))
}

fn unknown_setting(name: &str, known: &Map<String, Value>) -> Refusal {
    let names: Vec<&str> = known.keys().map(String::as_str).collect();
    bad_value(name, format!("there is no such setting here; there are {}", names.join(", ")))
}

/// A setting keeps its type; a number may be sent as a string.
fn checked(name: &str, value: &Value, current: &Value, is_expiration: bool) -> Result<Value, Refusal> {
    let number = value.as_i64().or_else(|| value.as_str().and_then(|text| text.trim().parse().ok()));
    match (current, value, number) {
        (Value::Number(_), _, Some(days)) if is_expiration => {
            let fits = u64::try_from(days).is_ok_and(|days| (1..=LONGEST).contains(&days));
            if fits {
                Ok(days.into())
            } else {
                Err(bad_value(name, format!("it must be from 1 to {LONGEST} days")))
            }
        }
        (Value::Number(_), _, Some(number)) => Ok(number.into()),
        (Value::Bool(_), Value::Bool(_), _) | (Value::String(_), Value::String(_), _) => Ok(value.clone()),
        (Value::Number(_), ..) => Err(bad_value(name, "it must be a whole number")),
        (Value::Bool(_), ..) => Err(bad_value(name, "it must be true or false")),
        _ => Err(bad_value(name, "it must be a text")),
    }
}

/// `GET /api/v2/swagger.json`: no key needed (OBSERVED, cai-connector).
pub async fn specification() -> Answer<Value> {
    Answer::new(operations::specification(super::served()))
}

/// `GET /sense-bootstrap.json`: `gitSha` contains the version of the workbench (OBSERVED,
/// CAI_STUDIO_AGENT).
pub async fn bootstrap(State(workbench): State<Workbench>) -> Answer<Value> {
    let version = &workbench.behaviour().names.version;
    Answer::new(json!({"gitSha": version, "enable_ai_studios": false})).inferred(inferred::VERSION)
}
