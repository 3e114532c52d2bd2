//! Points at which a test can kill the program, so that every step of a change is tested and not
//! only those that a clock happens to hit. Only builds with debug assertions have them.

/// Ends the process like `kill -9` if `KEYBENCH_KILL_AT` is the number of this call, counted from
/// 1.
#[cfg(debug_assertions)]
pub(crate) fn kill_point() {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use rustix::process::{Signal, getpid, kill_process};

    static PASSED: AtomicUsize = AtomicUsize::new(0);
    let Some(at) = std::env::var_os("KEYBENCH_KILL_AT") else { return };
    let passed = PASSED.fetch_add(1, Ordering::Relaxed) + 1;
    if at.to_str().and_then(|at| at.parse().ok()) == Some(passed) {
        let _ = kill_process(getpid(), Signal::KILL);
    }
}

#[cfg(not(debug_assertions))]
pub(crate) fn kill_point() {}
