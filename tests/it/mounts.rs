//! Files and folders as containers and other users leave them: mounted by themselves, as a chain of links,
//! in another user's clone.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, chown, symlink};
use std::path::Path;
use std::process::{Command, Output};

use crate::support::bench::{Bench, Home};

/// Runs `keybench` where `file` is mounted by itself; `None` where nothing may be mounted.
fn with_mounted(home: &Home, file: &Path, arguments: &[&str]) -> Option<Output> {
    let inner = home.command(arguments);
    let mut outer = Command::new("unshare");
    outer.args(["--mount", "sh", "-c", "mount --bind \"$0\" \"$0\" || exit 99; exec \"$@\""]).arg(file);
    outer.arg(inner.get_program()).args(inner.get_args()).env_clear().current_dir(home.folder.path());
    outer.envs(inner.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let output = outer.output().ok()?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    (output.status.code() != Some(99) && !said.starts_with("unshare:")).then_some(output)
}

#[test]
fn a_file_that_is_mounted_by_itself_is_refused_and_whole() {
    let bench = Bench::demo();
    let home = bench.home("owner");
    let rotate = ["keys", "rotate", "svc", "--due", "9999d", "--output", "svc"];
    home.run(&rotate).ok();
    home.run_with_input(&["login", "--name", "p", "--url", &bench.url], &bench.key("owner")).ok();
    for (file, arguments) in [
        ("svc", &rotate[..]),
        ("config/credentials.toml", &["profile", "remove", "p"]),
        ("config/profiles.toml", &["profile", "remove", "p"]),
    ] {
        let file = home.path(file);
        let before = fs::read(&file).unwrap();
        let keys = home.run(&["keys", "list", "--json"]).ok().out;
        let Some(output) = with_mounted(&home, &file, arguments) else { return };
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(said.contains("it is mounted by itself and cannot be replaced"), "{said}");
        assert_ne!(output.status.code(), Some(0), "{said}");
        assert_eq!(fs::read(&file).unwrap(), before, "{}", file.display());
        assert_eq!(home.run(&["keys", "list", "--json"]).ok().out, keys, "no key came and none went");
    }
}

/// As Kubernetes mounts a Secret: `api-key` → `..data/api-key`, `..data` → a folder named after the time.
#[test]
fn what_kubernetes_mounts_as_a_chain_of_links_is_read() {
    let bench = Bench::demo();
    let mut home = bench.home("owner");
    home.run_with_input(&["login", "--name", "p", "--url", &bench.url], &bench.key("owner")).ok();
    let mounted = |folder: &str, files: &[(&str, String)]| {
        let folder = home.path(folder);
        fs::create_dir_all(folder.join("..2026")).unwrap();
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o700)).unwrap();
        symlink("..2026", folder.join("..data")).unwrap();
        for (name, content) in files {
            let file = folder.join("..2026").join(name);
            fs::write(&file, content).unwrap();
            fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
            symlink(Path::new("..data").join(name), folder.join(name)).unwrap();
        }
    };
    let config = |name: &str| (name.to_owned(), fs::read_to_string(home.path("config").join(name)).unwrap());
    let [profiles, credentials] = ["profiles.toml", "credentials.toml"].map(config);
    mounted("configured", &[("profiles.toml", profiles.1), ("credentials.toml", credentials.1)]);
    let id = bench.key_id("owner");
    mounted("secret", &[("api-key", bench.key("owner")), ("key-id", id.clone())]);

    home.run(&["keys", "validate", "--api-key-file", "secret/api-key"]).ok();
    let keys = home.run(&["keys", "list", "--json"]).ok().json();
    let own = keys.as_array().unwrap().iter().find(|key| key["key_id"] == id.as_str()).unwrap();
    let name = own["comments"].as_str().unwrap();
    let rotate = ["keys", "rotate", name, "--record", "secret/key-id", "--exec", "false", "--json"];
    let rotated = home.run(&rotate).ok().json();
    assert_eq!(rotated["key_id"], id.as_str(), "the current key is known: {rotated}");

    home.env.remove("KEYBENCH_API_KEY");
    home.env.remove("KEYBENCH_URL");
    home.set("KEYBENCH_CONFIG_DIR", home.path("configured").to_str().unwrap());
    home.run(&["whoami"]).ok();
}

#[test]
fn a_clone_of_another_user_is_said_to_be_that() {
    let bench = Bench::demo();
    let home = bench.home("owner");
    let clone = home.path("clone");
    fs::create_dir(&clone).unwrap();
    assert!(crate::support::git(&clone, &["init", "-q"]).status().unwrap().success());
    // Only root can give files away.
    if chown(&clone, Some(4242), Some(4242)).is_err() {
        return;
    }
    chown(clone.join(".git"), Some(4242), Some(4242)).unwrap();
    let done = home.run(&["keys", "create", "--name", "x", "--output", "clone/key"]);
    assert_eq!(done.code, 7, "{done:?}");
    assert!(done.err.contains("git does not say") && done.err.contains("dubious ownership"), "{}", done.err);
    let keys = home.run(&["keys", "list", "--json"]).ok().out;
    assert!(!keys.contains("\"comments\":\"x\""), "{keys}");
}
