//! `admin expiration`: the site setting "Default API keys expiration in days".

use clap::Args;
use serde_json::json;

use crate::actions::expiration::{self, Error};
use crate::cli::context::Context;
use crate::cli::error::{Exit, Failure};
use crate::cli::values;
use crate::wire::time;

#[derive(Debug, Clone, Args)]
#[command(
    after_help = "Examples:\n  keybench admin expiration\n  keybench admin expiration 90\n\nEnds with 0 if the setting was read, or once it is changed."
)]
pub struct ExpirationArgs {
    /// Days; shows the setting where it is left out
    #[arg(value_name = "DAYS", value_parser = values::setting, allow_negative_numbers = true)]
    days: Option<u32>,
}

pub async fn run(context: &Context, args: ExpirationArgs) -> Result<Exit, Failure> {
    let session = context.session()?;
    let (setting, before) = match args.days {
        None => (expiration::read(&session.client).await?.ok_or(Error::NotOffered)?, None),
        Some(days) => {
            let changed = expiration::change(&session, days).await?;
            (changed.setting, Some(changed.before))
        }
    };
    let last = setting.policy().last_day(time::utc_day(context.now(&session)));
    let days = setting.days;
    if context.out.json {
        let document = json!({ "setting": setting.name, "days": days, "before": before, "last_day": last });
        context.out.document(&document)?;
    } else {
        let until = last.map(|day| format!("; a key created today lasts to {day}")).unwrap_or_default();
        let was = before.map(|before| format!(" (was {before})")).unwrap_or_default();
        context.out.lines(&[format!("{days} days{was}{until}")])?;
    }
    Ok(Exit::Done)
}
