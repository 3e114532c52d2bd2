//! How long the interface takes to handle a key, and how many bytes it sends, independent of the
//! length of its lists: `cargo run --release --example interface_speed -- 100000`, with `--json`
//! for programs.
//!
//! Keys, models and users are made up and nothing is sent anywhere, so the figures are those of the
//! interface alone: from a key press (`update`, `view`, the difference to the previous frame) to
//! the bytes for the terminal, which are counted and discarded.

// The figures are what the program is for.
#![expect(clippy::print_stdout, reason = "the result")]

use std::time::{Duration, Instant};

use keybench::tui::call::{Answer, Call};
use keybench::tui::msg::Msg;
use keybench::tui::term::backend::TermBackend;
use keybench::tui::testing::Harness;
use keybench::tui::theme::Theme;
use keybench::tui::view::view;
use keybench::wire::{Model, ShortProject, UserOrGroupInfo, UserQuota, V2KeyDetails};
use ratatui::Terminal;
use ratatui::layout::Size;

/// A user directory is at most this long, whatever the number of rows requested.
const USERS: usize = 3_000;
/// How often a step is measured.
const TIMES: usize = 20;
/// Rows per page, as the program requests them.
const PAGE: usize = 500;

/// The cost of one kind of step, each time.
struct Step {
    list: &'static str,
    size: &'static str,
    name: String,
    times: Vec<Duration>,
    bytes: Vec<usize>,
}

/// The interface on a terminal that counts bytes.
struct Bench {
    harness: Harness,
    terminal: Terminal<TermBackend<Vec<u8>>>,
    list: &'static str,
    size: &'static str,
    steps: Vec<Step>,
}

/// A terminal size with its name.
type Window = (&'static str, fn() -> std::io::Result<Size>);

const WINDOWS: [Window; 2] = [("80x24", || Ok(Size::new(80, 24))), ("200x50", || Ok(Size::new(200, 50)))];

impl Bench {
    /// Takes a harness whose lists have arrived.
    fn new(list: &'static str, window: Window, mut harness: Harness) -> std::io::Result<Self> {
        let (name, size) = window;
        let Size { width, height } = size()?;
        harness.send(Msg::Resize(width, height));
        let terminal = Terminal::new(TermBackend::new(Vec::new(), size))?;
        Ok(Self { harness, terminal, list, size: name, steps: Vec::new() })
    }

    /// Presses keys and draws; records the cost under `name`, if it is given.
    fn press(&mut self, name: Option<&str>, keys: &str) -> std::io::Result<()> {
        let begin = Instant::now();
        self.harness.keys(keys);
        let ui = &self.harness.ui;
        self.terminal.draw(|frame| view(ui, frame))?;
        let took = begin.elapsed();
        let bytes = self.terminal.backend_mut().take_written().len();
        // Requests that get no answer here.
        self.harness.effects.clear();
        let Some(name) = name else { return Ok(()) };
        let at = match self.steps.iter().position(|step| step.name == name) {
            Some(at) => at,
            None => {
                let name = name.to_owned();
                let (list, size) = (self.list, self.size);
                self.steps.push(Step { list, size, name, times: Vec::new(), bytes: Vec::new() });
                self.steps.len() - 1
            }
        };
        self.steps[at].times.push(took);
        self.steps[at].bytes.push(bytes);
        Ok(())
    }

    /// Everything that a user does in a list. `columns` names what it can be sorted by, in the
    /// order of the sort key, and `tab` is the key of its tab.
    fn walk(mut self, columns: &[&str], tab: &str) -> std::io::Result<Vec<Step>> {
        let elsewhere = if tab == "1" { "2" } else { "1" };
        self.press(Some("first frame"), "")?;
        for _ in 0..TIMES {
            self.press(Some("selection down"), "<down>")?;
            self.press(Some("selection up"), "<up>")?;
        }
        // To the last visible row, so that each further one scrolls.
        self.press(None, &"<down>".repeat(60))?;
        for _ in 0..TIMES {
            self.press(Some("scroll by one"), "<down>")?;
        }
        for _ in 0..TIMES {
            self.press(Some("page"), "<pagedown>")?;
        }
        for _ in 0..TIMES {
            self.press(Some("end"), "<end>")?;
            self.press(Some("home"), "<home>")?;
        }
        for _ in 0..TIMES {
            self.press(None, elsewhere)?;
            self.press(Some("tab"), tab)?;
        }
        for _ in 0..TIMES {
            self.press(None, "/")?;
            self.press(Some("filter, one letter"), "7")?;
            self.press(Some("filter, one letter more"), "3")?;
            self.press(Some("filter, nothing matches"), "~")?;
            self.press(Some("filter, taken away"), "<esc>")?;
        }
        for _ in 0..TIMES / 4 {
            for column in columns {
                self.press(Some(&format!("sort by {column}")), "o")?;
                self.press(Some(&format!("sort by {column}, reversed")), "O")?;
                self.press(None, "O")?;
            }
        }
        Ok(self.steps)
    }
}

fn key(n: usize) -> V2KeyDetails {
    // IDs and dates in random order, as in a list that is not sorted.
    let mixed = (n as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    V2KeyDetails {
        key_id: format!("{mixed:016x}{:016x}{n:032x}", mixed.rotate_left(17)),
        created_at: format!("2026-11-{:02}T09:{:02}:00Z", mixed % 20 + 1, mixed % 60).into(),
        expiry_date: format!("2027-{:02}-{:02}T23:59:59Z", mixed % 11 + 1, mixed % 27 + 1).into(),
        comments: format!("service number {}", mixed % 1_000_000),
        audiences: vec![if n.is_multiple_of(7) { "Application" } else { "API" }.into()],
    }
}

fn model(n: usize) -> Model {
    let project = (n as u64).wrapping_mul(2_654_435_761) % 1000;
    Model {
        id: format!("{n:08x}-0000-4000-8000-{project:012x}"),
        name: format!("model-{n:06}"),
        description: "A model among many. Example: {\"a\": 3, \"b\": 5}".to_owned(),
        access_key: format!("m{n:031}"),
        auth_enabled: true,
        project: ShortProject {
            public_identifier: format!("{project:012x}"),
            name: format!("project-{project:04}"),
            ..ShortProject::default()
        },
        ..Model::default()
    }
}

fn user(n: usize) -> UserQuota {
    let mixed = (n as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40;
    let user = UserOrGroupInfo {
        user_name: format!("user{n:05}"),
        name: format!("Given{mixed} Family{n}"),
        ..UserOrGroupInfo::default()
    };
    UserQuota { user, ..UserQuota::default() }
}

fn with_colours() -> Harness {
    let mut harness = Harness::new();
    harness.shared().preferences.theme = Theme::terminal();
    harness
}

/// The Settings tab with its list.
fn with_keys(rows: usize) -> Harness {
    let mut harness = with_colours().started();
    for (id, call) in harness.calls() {
        if let Call::ListKeys { username } = call {
            let keys: Vec<V2KeyDetails> = (0..rows).map(key).collect();
            harness.answer(id, Answer::Keys { username, answer: Ok(keys.into()) });
        } else {
            harness.shared().requests.finish(id);
        }
    }
    harness
}

/// The Models tab with its list, and the cost of each page.
fn with_models(rows: usize) -> (Harness, Vec<Duration>) {
    let mut harness = with_colours();
    harness.keys("2");
    let mut pages = Vec::new();
    for (id, call) in harness.calls() {
        if matches!(&call, Call::ListModels { .. }) {
            for page in 0..rows.div_ceil(PAGE) {
                let rows = (page * PAGE..rows.min((page + 1) * PAGE)).map(model).collect();
                let begin = Instant::now();
                harness.send(Msg::Progress { id, answer: Answer::ModelsPage(rows) });
                pages.push(begin.elapsed());
            }
            harness.answer(id, Answer::ModelsListed(Ok(())));
        }
    }
    (harness, pages)
}

/// The directory of users, each with a count of keys.
fn with_users(rows: usize) -> Harness {
    let mut harness = with_colours();
    harness.keys("3");
    for (id, call) in harness.calls() {
        if matches!(&call, Call::Users) {
            let users = (0..rows).map(user).collect();
            harness.send(Msg::Progress { id, answer: Answer::UsersPage(users) });
            harness.answer(id, Answer::UsersListed(Ok(())));
        }
    }
    // Sorting by the number of keys requests everyone's keys.
    harness.keys("ooo");
    loop {
        let calls = harness.calls();
        if calls.is_empty() {
            break;
        }
        for (id, call) in calls {
            if let Call::CountKeys { username } = call {
                let count = username.len() % 5 + usize::from(username.ends_with('7'));
                let answer = Ok(vec![None.into(); count]);
                harness.answer(id, Answer::KeysCounted { username, answer });
            }
        }
    }
    harness.keys("ooo");
    harness
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let json = arguments.iter().any(|argument| argument == "--json");
    let rows = arguments.iter().find(|argument| !argument.starts_with("--"));
    let rows: usize = rows.map_or(Ok(100_000), |rows| rows.parse())?;
    let mut steps = Vec::new();
    for window in WINDOWS {
        let columns = ["Key ID", "status", "expiry", "days left", "audience", "comment", "nothing"];
        steps.extend(Bench::new("keys", window, with_keys(rows))?.walk(&columns, "1")?);
        let (harness, pages) = with_models(rows);
        let name = "taking a page".to_owned();
        steps.push(Step { list: "models", size: window.0, name, times: pages, bytes: vec![0] });
        let columns = ["name", "status", "replicas", "project"];
        steps.extend(Bench::new("models", window, harness)?.walk(&columns, "2")?);
        let columns = ["username", "name", "keys", "expired keys", "expiring keys", "nothing"];
        steps.extend(Bench::new("users", window, with_users(rows.min(USERS)))?.walk(&columns, "3")?);
    }
    if json {
        println!("{}", as_json(rows, steps));
    } else {
        println!("{rows} keys, {rows} models, {} users; times in ms", rows.min(USERS));
        println!(
            "{:<7} {:<6} {:<27} {:>8} {:>8} {:>7} {:>7}",
            "", "", "", "median", "worst", "bytes", "most"
        );
        for step in steps {
            let Step { list, size, name, .. } = &step;
            let (median, worst) = middle_and_most(step.times.iter().map(Duration::as_secs_f64).collect());
            let (bytes, most) = middle_and_most(step.bytes.iter().map(|n| *n as f64).collect());
            let (median, worst) = (median * 1e3, worst * 1e3);
            println!("{list:<7} {size:<6} {name:<27} {median:>8.3} {worst:>8.3} {bytes:>7.0} {most:>7.0}");
        }
    }
    Ok(())
}

/// Each step as an object: `list`, `size`, `step`, `times`, `median_us`, `worst_us`,
/// `median_bytes`, `worst_bytes`.
fn as_json(rows: usize, steps: Vec<Step>) -> serde_json::Value {
    let steps = steps.into_iter().map(|step| {
        let (median, worst) = middle_and_most(step.times.iter().map(Duration::as_secs_f64).collect());
        let (bytes, most) = middle_and_most(step.bytes.iter().map(|n| *n as f64).collect());
        serde_json::json!({
            "list": step.list,
            "size": step.size,
            "step": step.name,
            "times": step.times.len(),
            "median_us": (median * 1e6).round(),
            "worst_us": (worst * 1e6).round(),
            "median_bytes": bytes,
            "worst_bytes": most,
        })
    });
    serde_json::json!({ "rows": rows, "users": rows.min(USERS), "steps": steps.collect::<Vec<_>>() })
}

fn middle_and_most(mut values: Vec<f64>) -> (f64, f64) {
    values.sort_by(f64::total_cmp);
    let at = |n: usize| values.get(n).copied().unwrap_or_default();
    (at(values.len() / 2), at(values.len().saturating_sub(1)))
}
