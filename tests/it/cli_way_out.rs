//! How the real binary gets out: which hosts go past a proxy, and whose trouble it is when nothing
//! can be opened.

use std::process::Stdio;

use crate::support::bench::{Bench, Home};

/// A workbench, a home signed in to it, and in its environment a proxy that nobody answers at.
fn behind_a_dead_proxy() -> (Bench, Home) {
    let bench = Bench::demo();
    let mut home = bench.home("owner");
    home.set("HTTP_PROXY", "http://127.0.0.1:1");
    (bench, home)
}

#[test]
fn no_proxy_is_read_as_curl_and_python_read_it_by_client_and_model_calls_alike() {
    let (bench, mut home) = behind_a_dead_proxy();
    let port = bench.url.rsplit_once(':').unwrap().1.to_owned();
    let call = ["models", "test", "churn-prod/add"];
    for entry in
        ["*", "127.0.0.1", "127.0.0.0/8", &format!("127.0.0.1:{port}"), "x.org, *", "x.org 127.0.0.1"]
    {
        home.set("NO_PROXY", entry);
        home.run(&["whoami"]).ok();
        home.run(&call).ok();
    }
    home.env.remove("NO_PROXY");
    home.set("no_proxy", "127.0.0.1");
    home.run(&["whoami"]).ok();
    for entry in ["", "127.0.0.1:1", "10.0.0.0/8", "0.1", "127.0.0"] {
        home.set("no_proxy", entry);
        let done = home.run(&["whoami", "--json"]);
        assert_eq!(done.code, 6, "{entry}: {done:?}");
        assert!(done.error()["message"].as_str().unwrap().contains("(HTTP_PROXY)"), "{}", done.err);
    }
}

#[test]
fn no_proxy_has_addresses_and_networks_of_ipv6_too() {
    // Not every container has it.
    if std::net::TcpListener::bind("[::1]:0").is_err() {
        return;
    }
    let bench = Bench::at("[::1]:0");
    let mut home = bench.home("owner");
    home.set("HTTP_PROXY", "http://127.0.0.1:1");
    let port = bench.url.rsplit_once(':').unwrap().1.to_owned();
    for (entry, code) in [
        ("::1/128", 0),
        ("::/64", 0),
        ("::1", 0),
        ("[::1]", 0),
        (&format!("[::1]:{port}"), 0),
        ("fd00::/8", 6),
        ("127.0.0.0/8", 6),
        ("[::1]:1", 6),
    ] {
        home.set("NO_PROXY", entry);
        for arguments in [&["whoami"][..], &["models", "test", "churn-prod/add"]] {
            let done = home.run(arguments);
            assert_eq!(done.code, code, "{entry}: {done:?}");
        }
    }
}

#[test]
fn a_variable_that_is_no_text_is_an_error_and_not_unset() {
    use std::os::unix::ffi::OsStrExt as _;
    let bench = Bench::demo();
    let home = bench.home("owner");
    for name in ["HTTP_PROXY", "NO_PROXY"] {
        let mut command = home.command(&["whoami", "--json"]);
        command.env(name, std::ffi::OsStr::from_bytes(b"http://\xff:1"));
        let output = command.output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(7), "{said}");
        assert!(said.contains(name) && said.contains("UTF-8"), "{said}");
    }
}

#[test]
fn descriptors_that_are_used_up_here_are_named_with_their_limit() {
    let bench = Bench::demo();
    let home = bench.home("owner");
    let binary = assert_cmd::cargo::cargo_bin!("keybench").display().to_string();
    let with_limit = |limit: usize, arguments: &str| {
        let mut command = std::process::Command::new("sh");
        let line = format!("ulimit -n {limit}; exec {binary} {arguments}");
        let inherited = home.command(&[]);
        for (name, value) in inherited.get_envs() {
            command.env(name, value.unwrap_or_default());
        }
        let output = command.args(["-c", &line]).stdin(Stdio::null()).output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (output.status.code(), text(&output.stderr), text(&output.stdout))
    };
    // How many the start alone takes differs from machine to machine.
    let found = (6..40)
        .map(|limit| (limit, with_limit(limit, "whoami --json")))
        .find(|(_, (code, said, _))| *code == Some(6) && said.contains("no file descriptors left"));
    let Some((limit, (_, said, _))) = found else {
        panic!("no limit was named: {:?}", with_limit(12, "whoami"))
    };
    assert!(said.contains(&format!("its limit is {limit}")) && said.contains("on this machine"), "{said}");
    let (code, _, _) = with_limit(256, "whoami --json");
    assert_eq!(code, Some(0));

    // A run that does not get all of its connections says what it lacked.
    let (code, said, out) =
        with_limit(48, "models test churn-prod/slow --request '{\"ms\":20}' -n 64 -c 64 --json");
    let run: serde_json::Value = serde_json::from_str(&out).unwrap();
    // A thread of the run that cannot begin leaves its requests to the others.
    let unsent = run["failures"]["used_up"].as_u64().unwrap_or(0);
    assert_eq!(code, Some(if unsent > 0 { 8 } else { 0 }), "{said} {run}");
    assert!(run["trouble"].as_str().unwrap().contains("its limit is 48"), "{run}");
}

#[test]
fn what_is_used_up_before_anything_begins_is_named_too() {
    let home = Home::new();
    // No thread can have a stack of that size.
    let mut command = home.command(&["whoami", "--json"]);
    let output = command.env("RUST_MIN_STACK", (1_u64 << 46).to_string()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(6), "{said}");
    assert!(said.contains("no more threads") && !said.contains("panicked"), "{said}");
    for limit in [10, 12, 14] {
        let data = home.path("data");
        let script = format!("ulimit -n {limit}; exec \"$0\" serve --data \"$1\" --listen 127.0.0.1:0");
        let mut command = std::process::Command::new("sh");
        command
            .args(["-c", &script, assert_cmd::cargo::cargo_bin!("keybench").to_str().unwrap()])
            .arg(&data)
            .stdin(Stdio::null());
        let output = command.output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(7), "{limit}: {said}");
        assert!(said.contains("its limit is") && said.contains("ulimit -n"), "{limit}: {said}");
    }
}

/// Where the system gives a user no more threads. Root has no such limit, so it is another user here.
#[test]
fn too_few_threads_are_named_with_their_limit() {
    use std::os::unix::fs::PermissionsExt as _;
    use std::os::unix::process::CommandExt as _;
    let bench = Bench::demo();
    let folder = tempfile::tempdir().unwrap();
    let open = |path: &std::path::Path| {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
    };
    let program = folder.path().join("keybench");
    // Not by this process, whose other threads start programs: one of them would have the file open, too, and
    // what is open for writing cannot be run.
    let copied = std::process::Command::new("cp")
        .arg(assert_cmd::cargo::cargo_bin!("keybench"))
        .arg(&program)
        .status();
    assert!(copied.unwrap().success());
    [folder.path(), &program].into_iter().for_each(open);
    for limit in [1, 2] {
        let mut command = std::process::Command::new("bash");
        command
            .args(["-c", &format!("ulimit -u {limit}; exec \"$0\" whoami --json")])
            .arg(&program)
            .env_clear()
            .env("HOME", "/nonexistent")
            .env("KEYBENCH_URL", &bench.url)
            .env("KEYBENCH_API_KEY", bench.key("owner"))
            .stdin(Stdio::null());
        if rustix::process::geteuid().is_root() {
            // A user who has no other process.
            command.uid(61_234).gid(61_234);
        }
        let output = command.output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(6), "{limit}: {said}");
        assert!(said.contains(&format!("(the limit is {limit}; `ulimit -u` raises it)")), "{limit}: {said}");
        assert!(!said.contains("panicked"), "{said}");
    }
}

#[test]
fn the_proxy_of_a_profile_and_a_no_proxy_that_is_no_text_do_not_go_together() {
    use std::os::unix::ffi::OsStrExt as _;
    let bench = Bench::demo();
    let mut home = Home::new();
    let login = ["login", "--name", "p", "--url", &bench.url, "--proxy", "http://127.0.0.1:1"];
    home.set("NO_PROXY", "127.0.0.1");
    home.run_with_input(&login, &bench.key("owner")).ok();
    let mut command = home.command(&["whoami", "--profile", "p", "--json"]);
    command.env("NO_PROXY", std::ffi::OsStr::from_bytes(b"127.0.0.1\xff"));
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.code() == Some(7) && said.contains("NO_PROXY"), "{said}");
}

#[test]
fn a_behaviour_or_seed_that_is_a_pipe_is_waited_for_until_a_signal_comes() {
    for option in ["--behaviour", "--seed"] {
        let home = Home::new();
        let pipe = home.path("pipe.toml");
        let mode = rustix::fs::Mode::from_raw_mode(0o600);
        rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, mode, 0).unwrap();
        let data = home.path("data");
        let arguments = ["serve", "--data", data.to_str().unwrap(), option, pipe.to_str().unwrap()];
        let mut child = home.command(&arguments).spawn().unwrap();
        // Opens once the other end does, and says nothing.
        let silent = std::fs::OpenOptions::new().write(true).open(&pipe).unwrap();
        let id = rustix::process::Pid::from_child(&child);
        rustix::process::kill_process(id, rustix::process::Signal::TERM).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(0), "{option}");
        drop(silent);

        let child = home.command(&arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        std::fs::write(&pipe, "version = 7\n").unwrap();
        let said = child.wait_with_output().unwrap();
        let said = (said.status.code(), String::from_utf8_lossy(&said.stderr).into_owned());
        assert!(said.0 == Some(7) && said.1.contains("pipe.toml is invalid"), "{option}: {said:?}");
    }
}
