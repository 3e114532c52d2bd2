//! The second stage: drops every privilege that serving a function does not need, and becomes
//! Python.

use std::os::unix::process::CommandExt as _;
use std::process::Command;

use rustix::process::{Resource, Rlimit, Signal, getrlimit, setrlimit};

use super::Start;
use crate::workbench::host_names;

/// Processes and threads of the replica's user. The kernel does not count root's.
const PROCESSES: u64 = 4096;
/// Open files.
const FILES: u64 = 4096;
/// The largest file that may be written, in bytes.
const FILE_SIZE: u64 = 1 << 30;

/// Returns only if the replica could not become Python, with the reason.
pub fn run(start: &Start) -> String {
    match confine(start) {
        Ok(()) => {
            let mut command = Command::new(&start.interpreter);
            // Isolated: neither variables nor the user's folders affect the interpreter.
            command.args(["-I", "-B"]).arg(&start.runner).current_dir(&start.folder);
            command.env("HOME", &start.scratch).env("TMPDIR", &start.scratch);
            format!("{} cannot be started: {}", start.interpreter.display(), command.exec())
        }
        Err(reason) => format!("the process cannot be confined: {reason}"),
    }
}

fn confine(start: &Start) -> Result<(), String> {
    let said = |what: &'static str| move |error: nix::Error| format!("{what}: {error}");
    let supervisor = nix::unistd::getppid();
    nix::unistd::setsid().map_err(said("no session of its own"))?;
    for (resource, limit) in [
        (Resource::Core, 0),
        (Resource::Data, start.memory),
        (Resource::Nproc, PROCESSES),
        (Resource::Nofile, FILES),
        (Resource::Fsize, FILE_SIZE),
    ] {
        lower(resource, limit);
    }
    if let Some(hosts) = &start.hosts
        && let Err(error) = host_names::show(hosts, start.user.is_none())
    {
        eprintln!("keybench: this replica does not see the names of the workbench: {error}");
    }
    // The files are looked up with the server's rights, and replaced with those of the replica.
    #[cfg(target_os = "linux")]
    {
        let guard = guard::of(start).map_err(|error| error.to_string())?;
        give_up_rights(start.user)?;
        guard.restrict_self().map_err(|error| error.to_string())?;
    }
    // Last: a change of user would undo it.
    let signal = Some(Signal::KILL);
    rustix::process::set_parent_process_death_signal(signal).map_err(|error| error.to_string())?;
    if nix::unistd::getppid() == supervisor { Ok(()) } else { Err("its supervisor is gone".to_owned()) }
}

/// Lowers a limit; a lower one stays.
fn lower(resource: Resource, limit: u64) {
    let now = getrlimit(resource);
    let least = |other: Option<u64>| Some(other.map_or(limit, |other| other.min(limit)));
    let _ = setrlimit(resource, Rlimit { current: least(now.current), maximum: least(now.maximum) });
}

/// Becomes another user, or root without capabilities: either loses root's rights over other
/// processes and other users' files.
#[cfg(target_os = "linux")]
fn give_up_rights(user: Option<u32>) -> Result<(), String> {
    use nix::unistd::{Gid, Uid, setgroups, setresgid, setresuid};
    use rustix::thread::{CapabilitiesSecureBits, CapabilitySet, CapabilitySets};
    let said = |error: nix::Error| format!("it cannot become another user: {error}");
    if let Some(user) = user {
        let (uid, gid) = (Uid::from_raw(user), Gid::from_raw(user));
        setgroups(&[]).and_then(|()| setresgid(gid, gid, gid)).map_err(said)?;
        return setresuid(uid, uid, uid).map_err(said);
    }
    if nix::unistd::geteuid().is_root() {
        let no_root = CapabilitiesSecureBits::NO_ROOT | CapabilitiesSecureBits::NO_ROOT_LOCKED;
        let none = CapabilitySet::empty();
        let given_up = rustix::thread::set_capabilities_secure_bits(no_root).and_then(|()| {
            let none = CapabilitySets { effective: none, permitted: none, inheritable: none };
            rustix::thread::set_capabilities(None, none)
        });
        if let Err(error) = given_up {
            eprintln!("keybench: this replica keeps root's capabilities: {error}");
        }
    }
    Ok(())
}

#[cfg(target_os = "linux")]
pub fn landlock_is_there() -> bool {
    use landlock::{AccessFs, CompatLevel, Compatible as _, Ruleset, RulesetAttr as _};
    let needed = Ruleset::default().set_compatibility(CompatLevel::HardRequirement);
    needed.handle_access(AccessFs::ReadFile).and_then(Ruleset::create).is_ok()
}

#[cfg(not(target_os = "linux"))]
pub fn landlock_is_there() -> bool {
    false
}

#[cfg(target_os = "linux")]
mod guard {
    use landlock::{
        ABI, Access as _, AccessFs, Ruleset, RulesetAttr as _, RulesetCreated, RulesetCreatedAttr as _,
        RulesetError, Scope, path_beneath_rules,
    };

    use super::super::Start;

    /// The parts of the system that a program needs, without anything personal: no home, no `/tmp`,
    /// no `/run`, of `/etc` only what libraries read.
    const SYSTEM: [&str; 32] = [
        "/usr",
        "/bin",
        "/sbin",
        "/lib",
        "/lib32",
        "/lib64",
        "/libx32",
        "/nix/store",
        "/proc",
        "/sys/devices/system",
        "/sys/fs/cgroup",
        "/run/systemd/resolve",
        "/dev/random",
        "/dev/urandom",
        "/etc/alternatives",
        "/etc/ca-certificates",
        "/etc/crypto-policies",
        "/etc/fonts",
        "/etc/gai.conf",
        "/etc/group",
        "/etc/host.conf",
        "/etc/hosts",
        "/etc/ld.so.cache",
        "/etc/localtime",
        "/etc/mime.types",
        "/etc/nsswitch.conf",
        "/etc/os-release",
        "/etc/passwd",
        "/etc/pki",
        "/etc/resolv.conf",
        "/etc/services",
        "/etc/ssl/certs",
    ];
    const DEVICES: [&str; 3] = ["/dev/null", "/dev/zero", "/dev/full"];
    /// The locks of `multiprocessing` are here, beside those of the same user's other programs.
    const SHARED_MEMORY: &str = "/dev/shm";

    /// The newest known rules. Those that the kernel does not support are skipped; if it supports
    /// none, `serve` said so at its start.
    const RULES: ABI = ABI::V10;

    pub fn of(start: &Start) -> Result<RulesetCreated, RulesetError> {
        let (read, all) = (AccessFs::from_read(RULES), AccessFs::from_all(RULES));
        let shared = start.user.map(|_| SHARED_MEMORY);
        let devices = AccessFs::ReadFile | AccessFs::WriteFile | AccessFs::IoctlDev;
        Ruleset::default()
            .handle_access(all)?
            .scope(Scope::from_all(RULES))?
            .create()?
            .add_rules(path_beneath_rules(SYSTEM, read))?
            .add_rules(path_beneath_rules(DEVICES, devices))?
            .add_rules(path_beneath_rules(&start.read, read))?
            .add_rules(path_beneath_rules(shared, all))?
            .add_rules(path_beneath_rules(&start.write, all))
    }
}
