//! How what was asked for ended: the exit codes that scripts rely on. The command line ends with them,
//! and a fleet notes them for an alert.

use std::process::ExitCode;

use crate::probe::{CallError, FailureKind};
use crate::{api, config};

/// The exit codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    Done = 0,
    /// A bug, until shown otherwise.
    Bug = 1,
    Usage = 2,
    NotConfigured = 3,
    Rejected = 4,
    Refused = 5,
    NoAnswer = 6,
    Invalid = 7,
    /// Everything worked, and the answer is no.
    No = 8,
    /// The result cannot be delivered: standard output or a file cannot be written. EX_IOERR of
    /// sysexits.h.
    Unwritten = 74,
    /// Another run has what this one needs, for now. EX_TEMPFAIL of sysexits.h.
    Locked = 75,
    Interrupted = 130,
}

impl Exit {
    /// How bad it is beside others: what a person should look at first is the worst. That is the answer
    /// no, then what is wrong here, what the workbench refuses, and that it does not answer.
    fn rank(self) -> usize {
        const RISING: [Exit; 9] = [
            Exit::Done,
            Exit::Locked,
            Exit::No,
            Exit::Invalid,
            Exit::NotConfigured,
            Exit::Refused,
            Exit::Rejected,
            Exit::NoAnswer,
            Exit::Unwritten,
        ];
        RISING.iter().position(|known| *known == self).unwrap_or(RISING.len())
    }

    /// Whether this is worse than `other`.
    pub fn is_worse_than(self, other: Self) -> bool {
        self.rank() > other.rank()
    }

    /// The worst of several.
    pub fn worst(exits: impl IntoIterator<Item = Self>) -> Self {
        exits.into_iter().max_by_key(|exit| exit.rank()).unwrap_or(Self::Done)
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

impl From<&api::Error> for Exit {
    fn from(error: &api::Error) -> Self {
        match error {
            api::Error::Refused { .. } | api::Error::NotAnApi { .. } if error.is_rejection() => {
                Self::Rejected
            }
            api::Error::Refused { .. } | api::Error::NotAnApi { .. } | api::Error::BadAnswer { .. } => {
                Self::Refused
            }
            api::Error::NoAnswer { .. } => Self::NoAnswer,
            api::Error::Invalid { .. } => Self::Invalid,
        }
    }
}

impl From<&config::Error> for Exit {
    fn from(error: &config::Error) -> Self {
        match error {
            config::Error::Api(inner) => inner.into(),
            config::Error::BadKey { .. }
            | config::Error::Value { .. }
            | config::Error::Environment(_)
            | config::Error::Newer { .. } => Self::Invalid,
            config::Error::Interrupted => Self::Interrupted,
            config::Error::Locked { .. } => Self::Locked,
            _ => Self::NotConfigured,
        }
    }
}

impl From<&CallError> for Exit {
    /// A call that got no answer.
    fn from(error: &CallError) -> Self {
        if error.kind() == FailureKind::Invalid { Self::Invalid } else { Self::NoAnswer }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_person_should_look_at_first_is_the_worst() {
        assert_eq!(Exit::worst([]), Exit::Done);
        assert_eq!(Exit::worst([Exit::Locked, Exit::No, Exit::Done]), Exit::No);
        assert_eq!(Exit::worst([Exit::NoAnswer, Exit::Unwritten, Exit::Refused]), Exit::Unwritten);
        assert!(Exit::Bug.is_worse_than(Exit::Unwritten) && !Exit::No.is_worse_than(Exit::No));
    }
}
