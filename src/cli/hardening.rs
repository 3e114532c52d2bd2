//! Keeps keys out of core dumps and away from other processes.

/// Switches core dumps off, so that a crash leaves no key on the disk, and keeps other processes
/// of the same user from attaching.
pub fn no_core_dumps() {
    use rustix::process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit};
    let none = Rlimit { current: Some(0), maximum: Some(0) };
    // Where the system refuses, the program is still of use.
    let _ = setrlimit(Resource::Core, none);
    let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
}
