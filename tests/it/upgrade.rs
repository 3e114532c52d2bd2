//! What keybench 0.1.0 wrote opens in this version: `tests/fixtures/0.1`.

use std::fs;
use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use keybench::workbench::{self, Clock, Options};

use crate::support::bench::Home;

/// Where the workbench of these files listened.
const URL: &str = "http://127.0.0.1:18642";

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/0.1").join(name)
}

/// Copies a folder of small text files, with mode 0600, for a workbench at another URL.
fn copy(from: &Path, to: &Path, url: &str) {
    fs::create_dir_all(to).unwrap();
    fs::set_permissions(to, fs::Permissions::from_mode(0o700)).unwrap();
    for entry in fs::read_dir(from).unwrap().flatten() {
        let to = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &to, url);
        } else {
            fs::write(&to, fs::read_to_string(entry.path()).unwrap().replace(URL, url)).unwrap();
            fs::set_permissions(&to, fs::Permissions::from_mode(0o600)).unwrap();
        }
    }
}

#[test]
fn configuration_and_store_of_0_1_open() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    fs::create_dir(&data).unwrap();
    fs::set_permissions(&data, fs::Permissions::from_mode(0o700)).unwrap();
    let packed = fs::File::open(fixture("data/workbench.sqlite.gz")).unwrap();
    let mut store = Vec::new();
    flate2::read::GzDecoder::new(packed).read_to_end(&mut store).unwrap();
    fs::write(data.join("workbench.sqlite"), store).unwrap();
    fs::copy(fixture("data/credentials.json"), data.join("credentials.json")).unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let mut options = Options::new(&data);
    options.listen = "127.0.0.1:0".parse().unwrap();
    // Its keys are valid for a year.
    options.clock = Clock::stopped_at("2026-11-28T09:00:00Z".parse().unwrap());
    let running = runtime.block_on(workbench::start(options)).unwrap();

    let home = Home::new();
    copy(&fixture("config"), &home.path("config"), &running.url);
    // The note of a rotation is named after the URL.
    let notes = home.path("config/rotations");
    let note = fs::read_dir(&notes).unwrap().next().unwrap().unwrap().path();
    let text = format!("{}\nowner\nheld", running.url);
    let digest = ring::digest::digest(&ring::digest::SHA256, text.as_bytes());
    let name = keybench::text::hex(&digest.as_ref()[..16]);
    fs::rename(note, notes.join(format!("{name}.json"))).unwrap();
    let who = home.run(&["whoami", "--json"]).ok();
    assert_eq!((who.json()["username"].as_str(), who.err.as_str()), (Some("owner"), ""));
    assert_eq!(who.json()["profile"], "workbench");
    let keys = home.run(&["keys", "list", "--json"]).ok().json();
    let names: Vec<_> =
        keys.as_array().unwrap().iter().map(|key| key["comments"].as_str().unwrap()).collect();
    for name in ["made in 0.1", "svc", "held"] {
        assert!(names.contains(&name), "{names:?}");
    }
    // The notes of what was made and rotated still count.
    let file = home.path("svc.key");
    fs::copy(fixture("svc.key"), &file).unwrap();
    let known = home.run(&["keys", "identify", "--api-key-file", "svc.key", "--json"]).ok().json();
    assert_eq!((&known["how"], &known["comments"]), (&"made here".into(), &"svc".into()));
    for rotate in [["svc", "--output", "svc.key"], ["held", "--exec", "cat > held.key"]] {
        // The clock of the workbench stands, that of the machine does not.
        let arguments =
            [&["keys", "rotate"], &rotate[..], &["--clock-difference", "36500d", "--json"]].concat();
        let done = home.run(&arguments).ok().json();
        assert_eq!(done["action"], "nothing_to_do", "{done}");
    }
    let models = home.run(&["models", "list", "--json"]).ok().json();
    assert!(models.as_array().unwrap().iter().any(|model| model["name"] == "churn"), "{models}");
    runtime.block_on(running.shutdown());
}
