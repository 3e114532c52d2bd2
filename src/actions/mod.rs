//! What a person can do, each thing once: the rules of the product live here.
//!
//! An action takes a request and a [`Session`], reports its progress through [`Progress`], and
//! returns a typed outcome or a typed error. It prints nothing, asks nothing and draws nothing: a
//! question ("delete three keys?") is answered before the action runs. The command line and the
//! interface may word an outcome differently; they may not decide differently.
//!
//! | module | what a person does |
//! |---|---|
//! | [`sign_in`] | signs in, opens and removes profiles |
//! | [`keys`] | lists, creates, deletes and identifies API keys |
//! | [`key_file`] | keeps a key in a file, reads one from a file |
//! | [`expiration`] | reads and changes the site's limit on the life of keys |
//! | [`collaborators`] | shares a project |
//! | [`clock`] | goes by the workbench's time |
//! | [`rotation`] | keeps the key of a service fresh |
//! | [`fleet`] | keeps the keys of many services fresh |
//! | [`observe`] | learns what a real workbench answers |
//! | [`users`] | lists users with the number of their keys |
//! | [`audit`] | looks through all keys of all users |
//! | [`score`] | sends a file of rows through a model, each answer once in the result |
//! | [`check`] | compares the answers of a model |
//! | [`runs`] | judges a run of many calls |
//! | [`history`] | keeps tests and runs of earlier days |
//! | [`projects`] | lists projects, finds one |
//! | [`models`] | lists models, finds one, calls it, restarts or stops it |

pub mod audit;
pub mod check;
pub mod clock;
pub mod collaborators;
mod error;
mod exit;
pub mod expiration;
pub mod fleet;
pub mod history;
pub mod key_file;
pub mod keys;
pub mod models;
pub mod observe;
mod progress;
pub mod projects;
pub mod rotation;
pub mod runs;
pub mod score;
pub mod sign_in;
pub mod users;

pub use error::{Error, Kind};
pub use exit::Exit;
pub use progress::{Event, Progress};

use crate::config::Session;

/// Rows a page of a list: few round trips for a long list.
const PAGE: u32 = 200;
/// Requests at a time where something is asked of many: thousands of users are read in seconds.
const AT_A_TIME: usize = 16;

/// Refuses a change in a session that is read-only. `what` names the change: `creating a key`.
///
/// # Errors
/// [`Error::ReadOnly`].
pub fn may_change(session: &Session, what: &'static str) -> Result<(), Error> {
    if session.read_only { Err(Error::ReadOnly { what }) } else { Ok(()) }
}

/// `given`, else the user of the session.
async fn user_or_own(session: &Session, given: Option<String>) -> Result<String, Error> {
    match given {
        Some(user) => Ok(user),
        None => Ok(sign_in::username(session).await?),
    }
}
