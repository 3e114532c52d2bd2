//! The text of every error as a person reads it: any change of it shows up in review.

use crate::support::bench::{Bench, Home};
use crate::support::{Scripted, answer, json, made_up_key};

/// What a command said on standard error, below its line and its exit code.
fn said(home: &Home, arguments: &[&str], replaced: &[(&str, &str)]) -> String {
    let done = home.run(arguments);
    let mut text = done.err.trim_end().to_owned();
    let folder = home.folder.path().display().to_string();
    for (found, shown) in replaced.iter().copied().chain([(folder.as_str(), "HOME")]) {
        text = text.replace(found, shown);
    }
    let shorter =
        |word: &&str| if word.len() == 64 { format!("{}…", &word[..4]) } else { (*word).to_owned() };
    let line: Vec<_> = arguments.iter().map(shorter).collect();
    format!("$ keybench {}   [{}]\n{text}\n\n", line.join(" "), done.code)
}

/// Days that depend on the calendar are taken out.
fn assert_text(name: &str, text: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.add_filter(r"the new key [0-9a-f]{4}…[0-9a-f]{4} may", "the new key KEY_ID may");
    settings.add_filter(r"today is \d{4}-\d\d-\d\d", "today is TODAY");
    settings.add_filter(r"365 days, to \d{4}-\d\d-\d\d", "365 days, to DAY");
    settings.bind(|| insta::assert_snapshot!(name, text));
}

#[test]
fn errors_before_anything_is_sent() {
    let bench = Bench::demo();
    let mut text = String::new();
    let nothing = Home::new();
    for arguments in [
        &["keys", "list"][..],
        &["keys", "list", "--profile", "prod"],
        &["keys", "list", "--url", "https://ml.example.com"],
        &["keys", "list", "--url", "workbench"],
        &["profile", "use", "prod"],
        &["login"],
        &["login", "--url", "https://ml.example.com"],
        &["demo"],
        &["demo", "--user", "nobody"],
        &["serve", "--data", "d", "--seed", "everything"],
        &["serve", "--data", "d", "--listen", "ml.example.com:80"],
        &["serve", "--data", "d", "--listen", "0.0.0.0:0"],
        &["serve", "--data", "d", "--behaviour", "none.toml"],
        &["completions", "csh"],
        &["bogus"],
    ] {
        text.push_str(&said(&nothing, arguments, &[]));
    }
    let home = bench.home("owner");
    home.file("taken", "");
    home.file("note", "precious");
    home.file("no-key", "hello");
    home.file("legacy", &"k".repeat(32));
    home.file("access", &format!("m{}", "k".repeat(31)));
    home.file("cut", &made_up_key('a')[..100]);
    for arguments in [
        &["keys", "create", "--expires", "bananas"][..],
        &["keys", "create", "--expires", "2020-01-01"],
        &["keys", "create", "--expires", "9999-12-31"],
        &["keys", "create", "--audience", "zzz"],
        &["keys", "create", "--output", "taken"],
        &["keys", "create", "--output", "/dev/null"],
        &["keys", "create", "--output", "no/such/folder"],
        &["keys", "create", "--read-only"],
        &["keys", "delete", "k1"],
        &["keys", "delete"],
        &["keys", "rotate", ""],
        &["keys", "rotate", "svc", "--output", "note"],
        &["keys", "rotate", "svc", "--exec", " "],
        &["keys", "list", "--timeout", "soon"],
        &["keys", "list", "--expiring-within", "soon"],
        &["keys", "validate", "--api-key-file", "none"],
        &["keys", "validate", "--api-key-file", "no-key"],
        &["keys", "validate", "--api-key-file", "legacy"],
        &["keys", "validate", "--api-key-file", "access"],
        &["keys", "validate", "--api-key-file", "cut"],
        &["models", "test", "churn-prod/add", "--request", "{\"a\":"],
        &["models", "test", "churn-prod/add", "--request", "@none"],
        &["models", "test", "churn-prod/add", "-n", "10001"],
        &["models", "test", "churn-prod/add", "-c", "65"],
        &["models", "test", "churn-prod/add", "--rate", "0"],
        &["models", "test", "churn-prod/add", "--expect", "speed>9"],
        &["models", "test", "churn-prod/add", "--export", "run.txt"],
        &["collaborators", "add", "p", "u", "--permission", "all"],
        &["admin", "expiration", "-5"],
        &["admin", "audit", "--export", "audit.txt"],
        &["whoami", "--ca-cert", "none.pem"],
        &["whoami", "--log-file", "no/such/log"],
    ] {
        text.push_str(&said(&home, arguments, &[]));
    }
    assert_text("before", &text);
}

#[test]
fn errors_that_a_workbench_answers() {
    let bench = Bench::demo();
    let home = bench.home("owner");
    let mut text = String::new();
    for arguments in [
        &["keys", "list", "--user", "admin"][..],
        &["keys", "create", "--user", "admin"],
        &["keys", "create", "--expires", "2099-01-01"],
        &["keys", "delete", &"f".repeat(64), "--yes"],
        &["keys", "delete", &"f".repeat(64), &"e".repeat(64), "--yes"],
        &["keys", "delete", "ffff…ffff", "--dry-run"],
        &["keys", "rotate", "svc", "--output", "svc", "--verify", "churn-prod/retired"],
        &["keys", "rotate", "svc", "--exec", "exit 3"],
        &["models", "show", "no/such"],
        &["models", "test", "churn-prod/add", "--model-url", "http://127.0.0.1:1/model"],
        &["collaborators", "list", "no-such"],
        &["collaborators", "add", "churn-prod", "nobody"],
        &["collaborators", "add", "playground", "owner"],
        &["admin", "expiration", "30"],
        &["whoami", "--url", "http://127.0.0.1:1"],
    ] {
        text.push_str(&said(&home, arguments, &[(bench.url.as_str(), "URL")]));
    }
    let mut stranger = bench.home("owner");
    stranger.set("KEYBENCH_API_KEY", &made_up_key('d'));
    text.push_str(&said(&stranger, &["whoami"], &[]));
    assert_text("answered", &text);
}

#[test]
fn errors_of_whatever_else_answers() {
    let html = ["content-type: text/html"];
    let mut text = String::new();
    for (what, script) in [
        ("a sign-in page", answer("200 OK", &html, "<html>Sign in</html>")),
        ("a redirect", answer("302 Found", &["location: https://sso.example.com/login"], "")),
        ("a refusal as a page", answer("401 Unauthorized", &html, "<html>no</html>")),
        ("a gateway", answer("502 Bad Gateway", &html, "<html>no</html>")),
        ("a fault", json("500 Internal Server Error", r#"{"message":"boom"}"#)),
        ("a fault without a word", json("500 Internal Server Error", "")),
        ("too much", answer("429 Too Many Requests", &["retry-after: 30"], "{}")),
        ("not offered", json("501 Not Implemented", "{}")),
        ("no JSON", json("200 OK", "garbage")),
        ("half an answer", "HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{\"keys\":".to_owned()),
        ("nothing", String::new()),
    ] {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let server = runtime.block_on(Scripted::start(&[script]));
        let mut home = Home::new();
        home.set("KEYBENCH_URL", &server.url);
        home.set("KEYBENCH_API_KEY", &made_up_key('a'));
        for arguments in [
            &["keys", "list", "--user", "owner"][..],
            &["keys", "create", "--user", "owner", "--output", "key"],
        ] {
            text.push_str(&format!("({what})\n{}", said(&home, arguments, &[])));
        }
    }
    assert_text("elsewhere", &text);
}
