//! The site setting "Default API keys expiration in days".

use serde_json::{Map, Value, json};

use super::may_change;
use crate::api::{self, Client, expiration_setting};
use crate::config::Session;
use crate::expiry::Policy;

/// Why the setting is not what it should be.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Action(#[from] super::Error),
    #[error("this workbench does not offer its setting for the expiration of keys")]
    NotOffered,
    /// An answer alone proves nothing.
    #[error("the workbench accepted the change, but the setting {name} is {days}")]
    NotChanged { name: String, days: u32 },
}

impl From<api::Error> for Error {
    fn from(error: api::Error) -> Self {
        Self::Action(error.into())
    }
}

impl Error {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Action(error) => error.hint(),
            Self::NotOffered => {
                Some("a site administrator finds it under Site Administration, Security".to_owned())
            }
            Self::NotChanged { .. } => None,
        }
    }
}

/// The setting, under the name that the workbench gave it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    pub name: String,
    pub days: u32,
}

impl Setting {
    /// What the setting means for new keys.
    pub fn policy(&self) -> Policy {
        Policy::of_days(self.days)
    }
}

/// The setting was changed, and read back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changed {
    pub setting: Setting,
    pub before: u32,
}

/// The setting; `None` where the workbench offers none that can be recognised.
///
/// # Errors
/// The settings cannot be read.
pub async fn read(client: &Client) -> Result<Option<Setting>, api::Error> {
    Ok(of(&client.site_config().await?))
}

/// Changes the setting to `days`, in the form (number or text) in which the workbench gave it, and
/// reads it back.
///
/// # Errors
/// It is not what was asked for.
pub async fn change(session: &Session, days: u32) -> Result<Changed, Error> {
    may_change(session, "changing a site setting")?;
    let client = &session.client;
    let settings = client.site_config().await?;
    let before = of(&settings).ok_or(Error::NotOffered)?;
    let is_text = settings.get(&before.name).is_some_and(Value::is_string);
    let value = if is_text { json!(days.to_string()) } else { json!(days) };
    client.patch_site_config(&before.name, value).await?;
    match read(client).await? {
        Some(after) if after.name == before.name && after.days == days => {
            Ok(Changed { setting: after, before: before.days })
        }
        Some(after) => Err(Error::NotChanged { name: before.name, days: after.days }),
        None => Err(Error::NotOffered),
    }
}

fn of(settings: &Map<String, Value>) -> Option<Setting> {
    expiration_setting(settings).map(|(name, days)| Setting { name, days })
}
