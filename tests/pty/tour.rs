//! A tour of the demo in `assets/tour.cast`: an asciicast v2, recorded from the real binary.
//!
//! `KEYBENCH_WRITE_TOUR=1 cargo test --test pty tour` records it anew. Without the variable the test takes
//! the same steps and compares each screen with the recorded one, but for times, ids, ports and figures.

use std::fmt::Write as _;
use std::num::NonZeroU16;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::{Value, json};

use super::terminal::Terminal;

/// One step: what is typed, and what the screen shows then.
struct Step {
    does: &'static str,
    types: &'static str,
    shows: &'static str,
    /// Only `shows` is compared: the calendar is that of the month, a run that of the machine.
    loose: bool,
}

const fn step(does: &'static str, types: &'static str, shows: &'static str) -> Step {
    Step { does, types, shows, loose: false }
}

const fn loose(does: &'static str, types: &'static str, shows: &'static str) -> Step {
    Step { does, types, shows, loose: true }
}

const TOUR: &[Step] = &[
    step("your API keys", "", "1 expired"),
    loose("a new key", "n", "Mo Tu We Th Fr Sa Su"),
    loose("for 90 days", "Q", "in 90 days"),
    loose("with a comment", "\t\tnightly batch", "nightly batch"),
    step("it is shown once", "\r", "shown only this once"),
    step("copied", "y", "sent to your terminal"),
    step("and in the list", "\x1b", "5/6"),
    step("the models", "2", "deployed"),
    step("a model", "\r", "[ Test ]"),
    step("a test", "t", "HTTP 200"),
    step("another key", "K", "API key for the test"),
    step("that of outsider", "outs\r", "outsider (demo)"),
    step("a refusal, and why", "t", "why: outsider"),
    step("what mends it", "a", "Add this collaborator?"),
    step("yes", "y", "is a collaborator of churn-prod now"),
    step("the same test", "t", "1/3"),
    step("a run", "b", "how many"),
    loose("of 200 requests per second", "\x1b[B\x1b[B200\r", "ended"),
    step("back to the keys", "1", "nightly batch"),
    step("help", "?", "Help"),
    step("and out of it", "\x1b", "5/6"),
    step("everything by name", ":", "Palette"),
    step("a command", "theme", "theme"),
    step("and out of it again", "\x1b", "5/6"),
];

fn file() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("assets/tour.cast")
}

#[test]
fn the_recording_shows_what_the_program_shows() {
    if std::env::var_os("KEYBENCH_WRITE_TOUR").is_some() {
        return std::fs::write(file(), recorded()).unwrap();
    }
    let recording = std::fs::read_to_string(file()).unwrap();
    let screens = screens(&recording);
    let names: Vec<&str> = screens.iter().map(|(name, _)| name.as_str()).collect();
    let steps: Vec<&str> = TOUR.iter().map(|step| step.does).collect();
    assert_eq!(names, steps, "other steps: record it anew");
    let mut terminal = Terminal::start(&["demo"]);
    for (step, (_, recorded)) in TOUR.iter().zip(&screens) {
        terminal.send(step.types);
        let wanted = comparable(recorded);
        assert!(recorded.contains(step.shows), "{}: {:?} in\n{recorded}", step.does, step.shows);
        let what = format!("the recorded screen of {:?}:\n{wanted}", step.does);
        terminal.wait_until(&what, |screen| match step.loose {
            true => screen.contains(step.shows),
            false => comparable(screen) == wanted,
        });
    }
    terminal.send("q");
    assert!(terminal.assert_restored().success());
}

/// The screens of a recording, by the names of their marks.
fn screens(recording: &str) -> Vec<(String, String)> {
    let mut lines = recording.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let head = lines.next().unwrap();
    assert_eq!(head["version"], 2);
    let size = |name: &str| NonZeroU16::new(u16::try_from(head[name].as_u64().unwrap()).unwrap()).unwrap();
    let mut screen = vt100::Parser::new(size("height"), size("width"), 0);
    let mut screens = Vec::new();
    for event in lines {
        let text = event[2].as_str().unwrap();
        match event[1].as_str().unwrap() {
            "o" => screen.process(text.as_bytes()),
            "m" => screens.push((text.to_owned(), screen.screen().contents())),
            other => panic!("an event {other:?}"),
        }
    }
    screens
}

/// A screen without what differs from run to run: each word with a digit in it becomes `#`, and so do
/// units behind it; lines become as short as their words; charts, blank lines and repetitions go.
fn comparable(screen: &str) -> String {
    let mut out: Vec<String> = Vec::new();
    for line in screen.lines().map(comparable_line) {
        if !line.is_empty() && out.last() != Some(&line) {
            out.push(line);
        }
    }
    out.join("\n")
}

fn comparable_line(line: &str) -> String {
    let drawn = |c: char| matches!(c, '\u{2580}'..='\u{259f}' | '\u{2800}'..='\u{28ff}');
    let is_unit = |word: &str| matches!(word, "ms" | "s" | "µs");
    let (mut words, mut time, mut bar): (Vec<&str>, bool, bool) = Default::default();
    let mut all = line.split([' ', '─', '│']).filter(|word| !word.is_empty()).peekable();
    while let Some(word) = all.next() {
        // A part of a Key ID may have no digit.
        let part = word.chars().all(|c| matches!(c, '0'..='9' | 'a'..='f'));
        let figure = part || word.contains(|c: char| c.is_ascii_digit() || c == '…');
        match word {
            "200" | "401" if !all.peek().is_some_and(|next| is_unit(next)) => words.push(word),
            _ if word.chars().all(drawn) => bar |= word.chars().count() > 4,
            // There is room for it or not, which depends on the digits of the port and of latencies.
            "since" => {}
            _ if figure && words.last() == Some(&"#") => {}
            _ if figure => words.push("#"),
            _ if is_unit(word) && words.last() == Some(&"#") => time = true,
            _ => words.push(word),
        }
    }
    match (time, bar) {
        // The bar of a call names the part that took longest, which is another one each time.
        (true, true) => words = vec!["bar"],
        // The digits of a time decide how much room there is for the rest of its line.
        (true, false) => words.truncate(2),
        (false, _) => {}
    }
    words.join(" ")
}

/// The recording: what the program writes in each step, at a pace that can be followed.
fn recorded() -> String {
    const PAUSE: Duration = Duration::from_millis(1_800);
    let head = json!({
        "version": 2, "width": 80, "height": 24, "title": "keybench demo: a tour of one minute",
        "env": { "TERM": "xterm-256color" },
    });
    let mut cast = format!("{head}\n");
    let mut terminal = Terminal::start(&["demo"]);
    let (mut from, mut now) = (0, Duration::ZERO);
    let mut left = Vec::new();
    for step in TOUR {
        terminal.send(step.types);
        terminal.wait_for(step.shows);
        terminal.wait_quiet(Duration::from_millis(1_500));
        let reads = terminal.reads(from);
        from += reads.iter().map(|(_, bytes)| bytes.len()).sum::<usize>();
        let begin = now;
        let first = reads.first().map(|(at, _)| *at);
        for (at, bytes) in reads {
            left.extend(bytes);
            now = begin + first.map_or(Duration::ZERO, |first| at - first);
            // A character may have been cut in two.
            let whole = left.utf8_chunks().next().map_or(0, |chunk| chunk.valid().len());
            let text = String::from_utf8(left.drain(..whole).collect()).unwrap();
            event(&mut cast, now, "o", &without_keys(&text));
        }
        event(&mut cast, now, "m", step.does);
        now += PAUSE;
    }
    terminal.send("q");
    assert!(terminal.assert_restored().success());
    cast
}

fn event(cast: &mut String, at: Duration, kind: &str, text: &str) {
    if !text.is_empty() {
        let seconds = (at.as_secs_f64() * 1e3).round() / 1e3;
        writeln!(cast, "{}", json!([seconds, kind, text])).unwrap();
    }
}

/// Keys end with the demo, and are in no file all the same: their digits become zeros, and what goes to
/// the clipboard is left out.
fn without_keys(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("\x1b]52;") {
        out.push_str(before);
        rest = after.split_once('\x07').map_or("", |(_, rest)| rest);
    }
    out.push_str(rest);
    let is_digit = |c: char| c.is_ascii_hexdigit() || c == '.';
    let mut hidden = String::new();
    let mut rest = out.as_str();
    while let Some(begin) = rest.find(is_digit) {
        let end = rest[begin..].find(|c| !is_digit(c)).map_or(rest.len(), |length| begin + length);
        hidden.push_str(&rest[..begin]);
        match end - begin {
            20.. => hidden.extend(std::iter::repeat_n('0', end - begin)),
            _ => hidden.push_str(&rest[begin..end]),
        }
        rest = &rest[end..];
    }
    hidden + rest
}

#[test]
fn keys_are_in_no_recording() {
    let key = format!("{}.{}", "5b".repeat(32), "9f".repeat(32));
    let text = without_keys(&format!("Key {key}\x1b]52;c;abc\x07 copied"));
    assert_eq!(text, format!("Key {} copied", "0".repeat(129)));
}

#[test]
fn a_screen_is_the_same_whatever_its_calls_took() {
    let fast = "\
│▹ 3   00:31:06 200  2275…a06f outsider (demo) …-7ddb4    2.3 ms 8             │
│  2   00:31:06 401  2275…a06f outsider (demo) —          1.1 ms User APikey … │
│ HTTP 200  success  2.3 ms  68 B  add-1-1-x4cn52jrtc-7ddb4                    │
│ ░░░░░░░░░░█████████ connect 1.1 ms (50 %)                                    │
│   \"response\": 8,                                                             │";
    let slow = "\
│▹ 3   00:31:07 200  2275…a06f outsider (de… add-1-1-x4cn52jrtc-7d… 1 401 ms 8 │
│  2   00:31:06 401  2275…a06f outsider (demo) —                    812.1 ms … │
│ HTTP 200  success  1 401 ms  68 B  add-1-1-x4cn52jrtc-qf6gz                  │
│ ░██████████████████ waiting 1 200 ms (99 %)                                  │
│   \"response\": 8,                                                             │";
    assert_eq!(comparable(fast), comparable(slow));
    assert_ne!(comparable(fast), comparable(&fast.replace("401", "200")));
    assert_ne!(comparable(fast), comparable(&fast.replace("response", "answer")));
}
