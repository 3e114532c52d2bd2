//! Which API keys to delete: the subject of the question first, and of the call after a yes.

use crate::probe::code::shell;
use crate::text;

/// API keys to delete, one after another: a refusal does not stop the rest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ToDelete {
    /// Keys of a user, by their Key IDs.
    Keys { username: String, key_ids: Vec<String> },
    /// All keys of a user that are listed, unless the key of the workbench session, which was not
    /// recognised among them, is one of them.
    UnlessGiven { username: String, key_ids: Vec<String> },
    /// Keys of several users, by user name.
    OfUsers(Vec<(String, Vec<String>)>),
    /// Every key of a user, but those that are in use here.
    All { username: String },
}

impl ToDelete {
    /// The request in words, for the list of requests.
    pub fn what(&self) -> String {
        let of = |count, username: &str| {
            format!("deleting {} of {username}", text::count(count, "API key", "API keys"))
        };
        match self {
            Self::Keys { username, key_ids } | Self::UnlessGiven { username, key_ids } => {
                of(key_ids.len(), username)
            }
            Self::OfUsers(users) => format!("deleting API keys of {} users", users.len()),
            Self::All { username } => format!("deleting all API keys of {username}"),
        }
    }

    /// What to type for the same.
    pub(super) fn command_line(&self) -> String {
        match self {
            Self::Keys { username, key_ids } | Self::UnlessGiven { username, key_ids } => {
                format!("keybench keys delete {} --user {} --yes", key_ids.join(" "), shell(username))
            }
            Self::OfUsers(users) => {
                let named = users.iter().flat_map(|(username, ids)| {
                    ids.iter().map(move |id| shell(&format!("{username}/{id}")).to_string())
                });
                format!("keybench keys delete {} --yes", named.collect::<Vec<_>>().join(" "))
            }
            Self::All { username } => format!("keybench keys delete --all --user {} --yes", shell(username)),
        }
    }
}
