//! The real program, killed at every step of a change and at many moments: everything else is
//! intact, and the next run finishes the job and cleans up.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use std::fs;
use std::io::Write as _;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Command, ExitStatus, Output, Stdio};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use keybench::config::requests::{self, Change};
use keybench::config::{Credential, Profile, Store};
use keybench::secret::ApiKey;
use support::bench::{Bench, Home};

const URL: &str = "https://ml.example.com";
/// Moments at which a run is killed by the clock, beside all those that the program has: these, or as
/// many as `KEYBENCH_KILLS` says.
fn rounds() -> u32 {
    std::env::var("KEYBENCH_KILLS").map_or(20, |text| text.parse().unwrap())
}

/// More steps than any change has.
const MANY: usize = 100;

/// A home with the profiles `a`, `b` and `c`, each with its key.
fn home() -> Home {
    let home = Home::new();
    ['a', 'b', 'c'].into_iter().for_each(|name| save(&home, name));
    home
}

/// Stores a profile whose key is derived from its name.
fn save(home: &Home, name: char) {
    let profile = Profile { url: URL.into(), username: "owner".into(), ..Profile::default() };
    let api_key = ApiKey::from_workbench(name.to_string().repeat(129));
    let credential = Credential { url: URL.into(), api_key, ..Credential::default() };
    Store::at(home.path("config")).save(&name.to_string(), profile, Some(credential)).unwrap();
}

/// How a command ended, and after what time.
struct Ended {
    status: ExitStatus,
    took: Duration,
}

/// The end of `command`, which is killed at its `step`, or after `patience`.
fn killed(mut command: Command, input: &str, step: Option<usize>, patience: Duration) -> Ended {
    if let Some(step) = step {
        command.env("KEYBENCH_KILL_AT", step.to_string());
    }
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let begin = Instant::now();
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return Ended { status, took: begin.elapsed() };
        }
        if begin.elapsed() >= patience {
            child.kill().unwrap();
        }
        std::thread::yield_now();
    }
}

/// Runs `round` once per kill point, until there is none left, then with kills at moments spread
/// over the duration of a full run. `round` returns how the killed run ended.
fn at_every_moment(mut round: impl FnMut(Option<usize>, Duration) -> Ended) {
    let mut steps = 0;
    if cfg!(debug_assertions) {
        while round(Some(steps + 1), Duration::MAX).status.signal() == Some(9) {
            steps += 1;
            assert!(steps < MANY, "it never ends");
        }
        assert!(steps > 5, "the steps are there, or this proves nothing: {steps}");
    }
    at_many_moments(|patience| round(None, patience));
}

/// Does what `round` does at moments spread over as long as its command takes when nothing kills it: the
/// shortest time of those that came to their end, since the machine may have become less busy.
fn at_many_moments(mut round: impl FnMut(Duration) -> Ended) {
    let first = round(Duration::MAX);
    assert!(first.status.success());
    let (mut whole, rounds) = (first.took, rounds());
    for n in 1..=rounds {
        let ended = round(whole * n / rounds);
        if ended.status.success() {
            whole = whole.min(ended.took);
        }
    }
}

/// The stored key of a profile.
fn stored(home: &Home, profile: &str) -> Option<String> {
    let loaded = Store::at(home.path("config")).load();
    assert!(loaded.problems.is_empty(), "{:?}", loaded.problems);
    loaded.credentials.keys.get(profile).map(|stored| stored.api_key.expose().to_owned())
}

#[track_caller]
fn assert_tidy(folder: &Path) {
    for entry in fs::read_dir(folder).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(!name.starts_with(".keybench-new-"), "{name} was left behind");
    }
}

#[test]
fn signing_out_keeps_the_keys_of_the_others() {
    at_every_moment(|step, patience| {
        let home = home();
        let ended = killed(home.command(&["profile", "remove", "b"]), "", step, patience);
        for name in ["a", "c"] {
            assert_eq!(stored(&home, name), Some(name.repeat(129)), "killed at step {step:?}");
        }
        let again = home.run(&["profile", "remove", "b"]);
        assert!(again.code == 0 || again.err.contains("no profile"), "{again:?}");
        assert_eq!(stored(&home, "b"), None);
        // The next change removes the leftovers.
        home.run(&["profile", "remove", "a"]).ok();
        assert_tidy(&home.path("config"));
        ended
    });
}

#[test]
fn signing_in_keeps_the_keys_of_the_others_and_can_be_done_again() {
    let bench = Bench::demo();
    let key = bench.key("owner");
    let login = ["login", "--url", &bench.url, "--name", "new"];
    at_every_moment(|step, patience| {
        let home = home();
        let ended = killed(home.command(&login), &key, step, patience);
        for name in ["a", "b", "c"] {
            assert_eq!(stored(&home, name), Some(name.repeat(129)), "killed at step {step:?}");
        }
        assert!(stored(&home, "new").is_none_or(|stored| stored == key));
        home.run_with_input(&login, &key).ok();
        assert_eq!(stored(&home, "new"), Some(key.clone()));
        assert_tidy(&home.path("config"));
        ended
    });
}

#[test]
fn saving_a_request_keeps_those_that_are_saved() {
    at_every_moment(|step, patience| {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("requests.json");
        let save = |name: &str| {
            let change = Change::Saved { name: name.into(), request: "{}".into() };
            requests::update(&file, Timestamp::UNIX_EPOCH, URL, "model", change).unwrap();
        };
        save("first");
        // The interface saves in another process: this program, run again.
        let mut program = Command::new(std::env::current_exe().unwrap());
        program.args(["--exact", "the_program_that_saves", "--ignored"]).env("REQUESTS", &file);
        let ended = killed(program, "", step, patience);
        let names = || requests::load(&file, URL).unwrap()["model"].named.keys().cloned().collect::<Vec<_>>();
        assert!(names() == ["first"] || names() == ["first", "second"], "{:?}", names());
        save("second");
        assert_eq!(names(), ["first", "second"]);
        assert_tidy(folder.path());
        ended
    });
}

#[test]
#[ignore = "a program for the test above"]
fn the_program_that_saves() {
    let file = std::env::var_os("REQUESTS").unwrap();
    let change = Change::Saved { name: "second".into(), request: "{}".into() };
    requests::update(Path::new(&file), Timestamp::UNIX_EPOCH, URL, "model", change).unwrap();
}

/// Runs `keybench` with a file size limit of one block: writes fail as on a full disk.
fn on_a_full_disk(home: &Home, arguments: &[&str]) -> Output {
    let inner = home.command(arguments);
    let mut shell = Command::new("sh");
    shell.args(["-c", "ulimit -f 1; exec \"$0\" \"$@\""]);
    shell.arg(inner.get_program()).args(inner.get_args()).env_clear().current_dir(home.folder.path());
    shell.envs(inner.get_envs().filter_map(|(name, value)| Some((name, value?))));
    shell.output().unwrap()
}

#[test]
fn an_export_that_does_not_fit_leaves_the_last_one() {
    let bench = Bench::demo();
    let mut home = Home::new();
    home.set("KEYBENCH_URL", &bench.url);
    home.set("KEYBENCH_API_KEY", &bench.key("owner"));
    let run = ["models", "test", "churn-prod/add", "-n", "20", "--export", "run.json"];
    home.run(&run).ok();
    let before = fs::read(home.path("run.json")).unwrap();
    assert!(before.len() > 1024, "it would fit");
    let output = on_a_full_disk(&home, &run);
    let printed = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(74), "{printed}");
    assert_eq!(fs::read(home.path("run.json")).unwrap(), before);
    assert_tidy(home.folder.path());
}

#[test]
fn a_full_disk_leaves_every_file_as_it_was() {
    let home = home();
    // More than fits on the disk below, whatever a shell's block size is.
    for name in 'd'..='h' {
        save(&home, name);
    }
    let contents = |name: &str| fs::read_to_string(home.path("config").join(name)).unwrap();
    let before = ["credentials.toml", "profiles.toml"].map(contents);
    let output = on_a_full_disk(&home, &["profile", "remove", "b"]);
    let printed = String::from_utf8(output.stderr).unwrap();
    assert!(printed.contains("credentials.toml cannot be written"), "{printed}");
    assert_eq!(["credentials.toml", "profiles.toml"].map(contents), before);
    home.run(&["profile", "remove", "b"]).ok();
    assert_eq!(stored(&home, "a"), Some("a".repeat(129)));
    assert_tidy(&home.path("config"));
}

/// The keys of `username` with the comment `name`, by id.
fn listed(home: &Home, name: &str) -> Vec<String> {
    let keys = home.run(&["keys", "list", "--json"]).ok().json();
    let of_name = |key: &&serde_json::Value| key["comments"] == name;
    let ids =
        keys.as_array().unwrap().iter().filter(of_name).map(|key| key["key_id"].as_str().unwrap().to_owned());
    ids.collect()
}

#[test]
fn a_key_that_is_in_a_file_is_whole_and_works() {
    let bench = Bench::demo();
    let home = bench.home("owner");
    let mut round = 0;
    at_many_moments(|patience| {
        round += 1;
        let (name, file) = (format!("made {round}"), format!("made-{round}"));
        let create = home.command(&["keys", "create", "--name", &name, "--output", &file]);
        let ended = killed(create, "", None, patience);
        assert!(listed(&home, &name).len() <= 1);
        // Nothing or the whole key, and never one that the workbench does not know.
        if home.path(&file).exists() {
            home.run(&["keys", "validate", "--api-key-file", &file]).ok();
            assert_eq!(support::bench::mode(&home.path(&file)), 0o600);
        } else {
            assert!(!ended.status.success());
        }
        ended
    });
}

#[test]
fn only_the_key_that_is_named_is_deleted() {
    let bench = Bench::demo();
    let home = bench.home("owner");
    let others = listed(&home, "dashboard");
    at_many_moments(|patience| {
        home.run(&["keys", "create", "--name", "victim", "--output", "victim"]).ok();
        let victims = listed(&home, "victim");
        let delete = [&["keys", "delete"][..], &[victims[0].as_str()], &["--yes"]].concat();
        let ended = killed(home.command(&delete), "", None, patience);
        let left = listed(&home, "victim");
        assert!(left.is_empty() || left == victims && !ended.status.success());
        assert_eq!(listed(&home, "dashboard"), others);
        // The next run finishes the job, unless the workbench has done so with the request of the killed one.
        if !left.is_empty() {
            let again = home.run(&delete);
            assert!(again.code == 0 || again.err.contains("no API key with this Key ID"), "{again:?}");
        }
        assert!(listed(&home, "victim").is_empty());
        fs::remove_file(home.path("victim")).unwrap();
        ended
    });
}

#[test]
fn the_key_of_a_service_works_whenever_its_rotation_is_killed() {
    let bench = Bench::demo();
    let home = bench.home("owner");
    // Due at once, and the older ones go at once.
    let rotate = ["keys", "rotate", "service", "--output", "service", "--due", "9999d", "--grace", "0"];
    home.run(&rotate).ok();
    at_many_moments(|patience| {
        let ended = killed(home.command(&rotate), "", None, patience);
        home.run(&["keys", "validate", "--api-key-file", "service"]).ok();
        home.run(&rotate).ok();
        home.run(&["keys", "validate", "--api-key-file", "service"]).ok();
        assert!(listed(&home, "service").len() <= 2, "what was left is tidied up");
        ended
    });
}

#[test]
fn the_keys_of_a_fleet_work_whenever_its_apply_is_killed() {
    let bench = Bench::demo();
    let home = bench.home("owner");
    let deliveries = ["a", "b"].map(|file| {
        format!("[[service.deliver]]\nexec = \"cat > {file}.new && mv {file}.new {file}\"\nread = \"cat {file}\"\n")
    });
    // The audience changes from apply to apply, so each makes a key, and the older ones go at once.
    let manifest = |round: u32| {
        let more = if round.is_multiple_of(2) { "\"API\"" } else { "\"API\", \"Application\"" };
        let service = format!("[[service]]\nname = \"service\"\naudience = [{more}]\ngrace = \"0s\"\n");
        home.file("fleet.toml", &format!("version = 1\n{service}{}", deliveries.concat()));
    };
    let apply = ["fleet", "apply", "-f", "fleet.toml", "--json"];
    let work = || {
        for file in ["a", "b"] {
            home.run(&["keys", "validate", "--api-key-file", file]).ok();
        }
    };
    manifest(0);
    home.run(&apply).ok();
    let (mut round, mut kills) = (0, 0);
    at_many_moments(|patience| {
        round += 1;
        manifest(round);
        let ended = killed(home.command(&apply), "", None, patience);
        work();
        // Killed once more, at another moment.
        let again = killed(home.command(&apply), "", None, patience / 3);
        kills += u32::from(!ended.status.success()) + u32::from(!again.status.success());
        work();
        assert!(listed(&home, "service").len() <= 3, "{:?}", listed(&home, "service"));
        let next = home.run(&apply).ok().json();
        work();
        let key_id = next["services"][0]["key_id"].as_str().unwrap().to_owned();
        assert_eq!(listed(&home, "service"), [key_id], "the next run goes on, and tidies up");
        ended
    });
    assert!(kills > rounds() / 4, "kills that came too late prove nothing: {kills}");
}

/// The result of `models score` has each of 300 rows once, with its answer.
fn assert_each_row_once(result: &Path) {
    let text = fs::read_to_string(result).unwrap();
    assert!(text.ends_with('\n'), "a torn line is left");
    let mut rows: Vec<u64> = Vec::new();
    for line in text.lines() {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        assert_eq!(line["row"], line["response"], "{line}");
        rows.push(line["row"].as_u64().unwrap());
    }
    rows.sort_unstable();
    assert_eq!(rows, (1..=300).collect::<Vec<_>>());
}

#[test]
fn a_file_that_is_scored_has_each_row_once_however_often_it_is_killed() {
    let bench = Bench::demo();
    let home = bench.home("owner");
    let rows: String = (1..=300).map(|n| format!("{{\"request\":{{\"a\":{n},\"b\":0}}}}\n")).collect();
    home.file("rows.jsonl", &rows);
    let score =
        ["models", "score", "churn-prod/add", "--input", "rows.jsonl", "--output", "out.jsonl", "-c", "4"];
    let mut kills = 0;
    at_many_moments(|patience| {
        let _ = fs::remove_file(home.path("out.jsonl"));
        let ended = killed(home.command(&score), "", None, patience);
        // Killed once more, at another moment.
        let again = killed(home.command(&score), "", None, patience / 3);
        kills += u32::from(!ended.status.success()) + u32::from(!again.status.success());
        let done = home.run(&[&score[..], &["--json"]].concat()).ok().json();
        assert_eq!((&done["complete"], &done["failed"]), (&true.into(), &0.into()));
        // Four were in flight at each of the two kills.
        assert!(done["may_have_run_twice"].as_u64().unwrap() <= 8, "{done}");
        assert_each_row_once(&home.path("out.jsonl"));
        assert_tidy(home.folder.path());
        ended
    });
    assert!(kills > rounds() / 4, "kills that came too late prove nothing: {kills}");
}
