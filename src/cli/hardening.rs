//! Keeps keys out of core dumps, arguments and error messages, and away from other processes.

use super::error::{Exit, Failure};
use crate::secret;

/// Switches core dumps off, so that a crash leaves no key on the disk, and keeps other processes
/// of the same user from attaching.
pub fn no_core_dumps() {
    use rustix::process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit};
    let none = Rlimit { current: Some(0), maximum: Some(0) };
    // Where the system refuses, the program is still of use.
    let _ = setrlimit(Resource::Core, none);
    let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
}

/// Refuses a command line with a whole API key in it, before an error message can repeat it or a request
/// for its "Key ID" put it into the log of the workbench.
pub fn no_key_among(mut arguments: impl Iterator<Item = String>) -> Result<(), Failure> {
    match arguments.any(|argument| secret::mentions_key(&argument)) {
        false => Ok(()),
        true => Err(Failure::new(
            Exit::Invalid,
            "key_in_arguments",
            "there is an API key among the arguments, where other users of this machine can read it",
        )
        .hint("name its file with --api-key-file (- for standard input); its Key ID is what comes before the dot")),
    }
}
