//! Host names for processes that belong to a workbench: they see a hosts file from the data directory
//! in place of the system's, in which the workbench and its model service are names of the loopback.
//! No other process sees it, and the network stays the same.

use std::io;
use std::path::{Path, PathBuf};

use super::directory::write_for_all;

/// The system's hosts file.
pub const SYSTEM: &str = "/etc/hosts";

/// The file in the data directory that is seen in its place.
pub fn file(data: &Path) -> PathBuf {
    data.join("hosts")
}

/// Writes that file: the system's names, and those of `host`.
pub fn write(data: &Path, host: &str) -> io::Result<PathBuf> {
    let mut hosts = std::fs::read_to_string(SYSTEM).unwrap_or_default();
    if !hosts.is_empty() && !hosts.ends_with('\n') {
        hosts.push('\n');
    }
    hosts.push_str(&line(host));
    hosts.push('\n');
    // Processes that see it may have another working directory.
    let file = file(&std::path::absolute(data)?);
    write_for_all(&file, hosts.as_bytes())?;
    Ok(file)
}

/// What a hosts file says of `host`, which may have a port.
pub fn line(host: &str) -> String {
    let bare = host.rsplit_once(':').map_or(host, |(bare, _)| bare);
    format!("127.0.0.1 {bare} modelservice.{bare}")
}

/// Lets this process, which must have a single thread, and what it starts see `hosts` in place of the
/// system's file. A process that may not do that needs a user namespace, in which it can become no
/// other user: `stays` says that it will not try.
#[cfg(target_os = "linux")]
pub fn show(hosts: &Path, stays: bool) -> io::Result<()> {
    use nix::mount::{MsFlags, mount};
    use nix::sched::{CloneFlags, unshare};
    use nix::unistd::{getegid, geteuid};

    match unshare(CloneFlags::CLONE_NEWNS) {
        Ok(()) => {}
        Err(error) if !stays => return Err(error.into()),
        Err(_) => {
            let (user, group) = (geteuid(), getegid());
            unshare(CloneFlags::CLONE_NEWUSER | CloneFlags::CLONE_NEWNS)?;
            // It stays who it was.
            std::fs::write("/proc/self/setgroups", "deny")?;
            std::fs::write("/proc/self/uid_map", format!("{user} {user} 1"))?;
            std::fs::write("/proc/self/gid_map", format!("{group} {group} 1"))?;
        }
    }
    let none = None::<&str>;
    mount(none, "/", none, MsFlags::MS_REC | MsFlags::MS_PRIVATE, none)?;
    mount(Some(hosts), SYSTEM, none, MsFlags::MS_BIND, none)?;
    Ok(())
}

#[cfg(not(target_os = "linux"))]
pub fn show(_: &Path, _: bool) -> io::Result<()> {
    Err(io::Error::other("it needs namespaces of Linux"))
}
