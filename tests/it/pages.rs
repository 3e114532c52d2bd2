//! The pages that people open: whole, self-contained, and shown by a real browser where there is one.

use std::process::Command;

use crate::support::bench::{Bench, Home};

/// Browsers that can print what they see without a window.
const BROWSERS: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "chrome"];

#[test]
fn the_report_of_a_run_is_one_page() {
    let bench = Bench::demo();
    let home = bench.home("owner");
    for name in ["before.json", "now.json"] {
        let run = ["models", "test", "playground/echo", "--request", "{\"a\":1}", "--rate", "40"];
        home.run(&[&run[..], &["--duration", "2s", "--export", name]].concat()).ok();
    }
    home.run(&["runs", "report", "now.json", "--html", "run.html", "--compare", "before.json"]).ok();
    let sections = [
        "<h1>playground/echo</h1>",
        "<h2>Plan</h2>",
        "<h2>Percentiles</h2>",
        "<h2>Latency over time</h2>",
        "<polyline",
        "<h2>Distribution of latency</h2>",
        "<rect",
        "<h2>Replicas</h2>",
        "<h2>Statuses and errors</h2>",
        "<h2>Compared with playground/echo",
    ];
    is_one_page(&home, "run.html", &sections);
}

#[test]
fn the_report_of_an_audit_is_one_page() {
    let bench = Bench::demo();
    let home = bench.home("admin");
    let policy = home.file("policy.toml", "max_life = \"90d\"\nfail_on = [\"max_life\"]\n");
    let done = home.run(&["admin", "audit", "--policy", &policy, "--evidence", "evidence"]);
    assert_eq!(done.code, 8, "{done:?}");
    let sections = [
        "<h1>Audit of API keys</h1>",
        "<h2>Policy</h2>",
        "<h2>Keys with findings</h2>",
        "<h2>Models without authentication</h2>",
        "<td>playground/echo</td>",
        "<h2>Users</h2>",
    ];
    is_one_page(&home, "evidence/report.html", &sections);
}

/// That `file` has these parts, loads and runs nothing, and that a browser sees the same without a word
/// of complaint.
fn is_one_page(home: &Home, file: &str, parts: &[&str]) {
    let page = std::fs::read_to_string(home.path(file)).unwrap();
    for part in parts {
        assert!(page.contains(part), "{part}: {page}");
    }
    for forbidden in ["<script", "src=", "href=", "url(", "@import"] {
        assert!(!page.contains(forbidden), "{forbidden}");
    }
    assert_balanced(&page);
    let Some((seen, said)) = browse(home, file) else {
        eprintln!("skipped in part: there is no Chromium on this machine to open {file} with");
        return;
    };
    for part in parts {
        assert!(seen.contains(part), "the browser does not show {part}: {seen}");
    }
    for complaint in ["CONSOLE", "Refused to"] {
        assert!(!said.contains(complaint), "{said}");
    }
}

/// The elements of a page as a browser has them, and what it says of it.
fn browse(home: &Home, file: &str) -> Option<(String, String)> {
    let browser = BROWSERS.iter().find(|name| Command::new(name).arg("--version").output().is_ok())?;
    let address = format!("file://{}", home.path(file).display());
    let profile = format!("--user-data-dir={}", home.path("browser").display());
    let done = Command::new("timeout")
        .args(["120", browser, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic"])
        .args(["--no-first-run", "--disable-background-networking", "--disable-component-update"])
        .args(["--disable-sync", "--enable-logging=stderr", &profile, "--dump-dom", &address])
        .env("HOME", home.folder.path())
        .output()
        .unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(done.status.success(), "{browser}: {}", text(&done.stderr));
    Some((text(&done.stdout), text(&done.stderr)))
}

/// Every element that is opened is closed, in order.
fn assert_balanced(page: &str) {
    let mut open: Vec<&str> = Vec::new();
    for tag in page.split('<').skip(1).map(|part| part.split('>').next().unwrap()) {
        let name = tag.split_whitespace().next().unwrap().trim_end_matches('/');
        match name.strip_prefix('/') {
            Some(name) => assert_eq!(open.pop(), Some(name), "{tag}"),
            None if name.starts_with('!') || name == "meta" || tag.ends_with('/') => {}
            None => open.push(name),
        }
    }
    assert!(open.is_empty(), "{open:?}");
}
