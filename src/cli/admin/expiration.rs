//! `admin expiration`: the site setting "Default API keys expiration in days".

use serde_json::{Map, Value, json};

use crate::api::expiration_setting;
use crate::cli::context::Context;
use crate::cli::error::{Exit, Failure};
use crate::expiry::Policy;
use crate::wire::time;

pub async fn run(context: &Context, days: Option<u32>) -> Result<Exit, Failure> {
    let session = match days {
        Some(_) => context.session_to_change("changing a site setting")?,
        None => context.session()?,
    };
    let before = session.client.site_config().await?;
    let Some((name, now)) = expiration_setting(&before) else {
        return Err(not_offered());
    };
    let set = match days {
        None => now,
        Some(days) => {
            // A setting keeps the form that the workbench gave it.
            let value = if before[&name].is_string() { json!(days.to_string()) } else { json!(days) };
            session.client.patch_site_config(&name, value).await?;
            // What was written is read back: an answer alone proves nothing.
            confirmed(&session.client.site_config().await?, &name, days)?
        }
    };
    let today = time::utc_day(context.now());
    let last = Policy::of_days(set).last_day(today);
    if context.out.json {
        context.out.document(
            &json!({ "setting": name, "days": set, "before": days.map(|_| now), "last_day": last }),
        )?;
    } else {
        let until = last.map(|day| format!("; a key created today lasts to {day}")).unwrap_or_default();
        let was = if days.is_some() { format!(" (was {now})") } else { String::new() };
        context.out.lines(&[format!("{set} days{was}{until}")])?;
    }
    Ok(Exit::Done)
}

fn confirmed(after: &Map<String, Value>, name: &str, wanted: u32) -> Result<u32, Failure> {
    match expiration_setting(after) {
        Some((same, days)) if same == name && days == wanted => Ok(days),
        Some((_, days)) => Err(Failure::new(
            Exit::Refused,
            "not_changed",
            format!("the workbench accepted the change, but the setting {name} is {days}"),
        )),
        None => Err(not_offered()),
    }
}

fn not_offered() -> Failure {
    Failure::new(
        Exit::Refused,
        "not_offered",
        "this workbench does not tell its setting for the expiration of keys",
    )
    .hint("a site administrator finds it under Site Administration, Security")
}
