//! The limits of this machine. Once one is reached the trouble is local, and an error that says so
//! keeps people from looking for it at the other end.

use std::error::Error;
use std::fs::File;
use std::io;
use std::sync::{Mutex, PoisonError};
use std::thread;

use rustix::io::Errno;
use rustix::process::{Resource, getrlimit};

/// A store opens about so many files at a time.
const FEW: usize = 8;

/// The exhausted resource of this machine behind `error`, with its limit; `None` if the cause is
/// elsewhere.
pub fn used_up(error: &io::Error) -> Option<String> {
    Some(match Errno::from_io_error(error)? {
        Errno::MFILE => format!(
            "this process has no file descriptors left (its limit is {}; `ulimit -n` raises it)",
            limit(Resource::Nofile)
        ),
        Errno::NFILE => "this machine has no file descriptors left".to_owned(),
        Errno::NOMEM | Errno::NOBUFS => "this machine has no memory left for this process".to_owned(),
        Errno::NOSPC => "no space is left on this machine's disk".to_owned(),
        Errno::DQUOT => "the disk quota on this machine is used up".to_owned(),
        _ => return None,
    })
}

/// Like [`used_up`], for name resolution, whose own errors hide the cause.
pub fn used_up_by_look_up(error: &io::Error) -> Option<String> {
    used_up(error).or_else(|| used_up(&File::open("/dev/null").err()?))
}

/// As [`used_up`], for an error with causes, some of which hide what the system said.
pub fn used_up_behind(error: &(dyn Error + 'static)) -> Option<String> {
    let causes = std::iter::successors(Some(error), |&cause| cause.source());
    let named = causes.filter_map(|cause| cause.downcast_ref()).find_map(used_up);
    // What it opened is closed again: so few are left that it could not have gone well.
    named
        .or_else(|| used_up(&(0..FEW).map(|_| File::open("/dev/null")).collect::<Result<Vec<_>, _>>().err()?))
}

/// Whether an asynchronous runtime with so many workers can be started: tokio panics where it cannot.
///
/// # Errors
/// As a thread that could not be started; see [`no_thread`].
pub fn runtime_threads(workers: usize) -> io::Result<()> {
    let gate = Mutex::new(());
    let wait = || drop(gate.lock().unwrap_or_else(PoisonError::into_inner));
    thread::scope(|scope| {
        let _closed = gate.lock().unwrap_or_else(PoisonError::into_inner);
        // And one for what blocks.
        (0..=workers).try_for_each(|_| thread::Builder::new().spawn_scoped(scope, wait).map(drop))
    })
}

/// Why a thread could not be started.
pub fn no_thread(error: &io::Error) -> String {
    match Errno::from_io_error(error) {
        Some(Errno::AGAIN) => format!(
            "this machine lets this process start no more threads (the limit is {}; `ulimit -u` raises it)",
            limit(Resource::Nproc)
        ),
        _ => used_up(error).unwrap_or_else(|| error.to_string()),
    }
}

fn limit(resource: Resource) -> String {
    getrlimit(resource).current.map_or_else(|| "none".to_owned(), |limit| limit.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_used_up_here_is_named_with_its_limit() {
        let of = |errno: Errno| io::Error::from_raw_os_error(errno.raw_os_error());
        let descriptors = used_up(&of(Errno::MFILE)).unwrap();
        assert!(descriptors.contains("its limit is ") && descriptors.contains("ulimit -n"), "{descriptors}");
        assert!(no_thread(&of(Errno::AGAIN)).contains("threads"));
        for errno in [Errno::NFILE, Errno::NOMEM, Errno::NOSPC] {
            assert!(used_up(&of(errno)).is_some_and(|what| what.contains("machine")), "{errno}");
        }
        assert_eq!(used_up(&of(Errno::CONNREFUSED)), None);
        assert_eq!(used_up_by_look_up(&io::Error::other("no such host")), None);
    }
}
