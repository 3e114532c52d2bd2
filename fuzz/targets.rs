//! What each fuzz target does with its input, and what must hold whatever the input is. The programs
//! in `fuzz_targets` hand it what a fuzzer makes up; `tests/corpus.rs` replays what is in `corpus` on
//! every test run.

#![allow(clippy::unwrap_used, reason = "a target may panic: that is what it is for")]

use std::fs;
use std::io::{Read as _, Write as _};
use std::num::NonZeroU16;
use std::os::unix::fs::PermissionsExt as _;
use std::sync::LazyLock;
use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::{Date, date};
use keybench::cli::values;
use keybench::config::resolve::{self, Overrides};
use keybench::config::{Store, requests};
use keybench::expiry::{self, Policy};
use keybench::probe::answer::{Answer, Reading};
use keybench::probe::http1::{Connection, HttpError, Room};
use keybench::probe::run::Expectations;
use keybench::secret::{self, ApiKey};
use keybench::text::json::{self as text_json, Json};
use keybench::workbench::{self, Behaviour, Options, Seed, SeedFile};
use keybench::{actions, decode, text};
use tokio::io::AsyncWriteExt as _;

/// A target: its name, which is that of its corpus, and what it does.
pub type Target = (&'static str, fn(&[u8]));

/// All targets.
pub const ALL: [Target; 10] = [
    ("configuration", configuration),
    ("dates", dates),
    ("expectations", expectations),
    ("http_answer", http_answer),
    ("json", json),
    ("key", key),
    ("model_answer", model_answer),
    ("terminal", terminal),
    ("workbench_files", workbench_files),
    ("workbench_request", workbench_request),
];

static RUNTIME: LazyLock<tokio::runtime::Runtime> = LazyLock::new(|| tokio::runtime::Runtime::new().unwrap());

/// A folder for the files of one target. It stays until the process ends.
static FOLDER: LazyLock<tempfile::TempDir> = LazyLock::new(|| tempfile::tempdir().unwrap());

/// The day on which everything here takes place.
const TODAY: Date = date(2026, 11, 23);

/// The first byte of an input, which chooses between variants, and the rest.
fn choice(input: &[u8]) -> (u8, &[u8]) {
    input.split_first().map_or((0, input), |(first, rest)| (*first, rest))
}

/// The reader of HTTP answers: the same bytes give the same answer whatever the pieces they come in,
/// and no more of a body is kept than was asked for. The first byte is the size of the pieces.
pub fn http_answer(input: &[u8]) {
    const LIMIT: usize = 300;
    let (piece, bytes) = choice(input);
    let read = |piece: usize| {
        RUNTIME.block_on(async {
            let (near, mut far) = tokio::io::duplex(piece);
            let send = async {
                // The reader may have seen enough before the end.
                let _ = far.write_all(bytes).await;
                drop(far);
            };
            let receive = async {
                let (mut connection, room, mut body) = (Connection::new(near), Room::default(), Vec::new());
                let mut headers = Vec::new();
                let head = connection
                    .read_head(|name, value| headers.push((name.to_owned(), value.to_vec())))
                    .await?;
                let (end, _share) = connection.read_body(&head, LIMIT, &mut body, &room).await?;
                assert!(body.len() <= LIMIT, "{} bytes are kept", body.len());
                assert!(end.truncated || end.size == body.len() as u64);
                Ok::<_, HttpError>((head.status, headers, body, end))
            };
            tokio::join!(send, receive).1
        })
    };
    match (read(bytes.len().max(1)), read(usize::from(piece).max(1))) {
        (Ok(whole), Ok(pieces)) => assert_eq!(whole, pieces),
        (Err(_), Err(_)) => {}
        (whole, pieces) => panic!("whole {whole:?}, in pieces {pieces:?}"),
    }
}

/// The reader of model answers: one verdict for every reader, and what it gives is JSON and can be
/// shown. The first byte chooses status and type.
pub fn model_answer(input: &[u8]) {
    const STATUSES: [u16; 12] = [200, 200, 201, 302, 400, 401, 403, 404, 413, 429, 500, 503];
    let (first, body) = choice(input);
    let status = STATUSES[usize::from(first & 15) % STATUSES.len()];
    let (is_html, truncated) = (first & 16 != 0, first & 32 != 0);
    let kind = if is_html { "text/html; charset=utf-8" } else { "application/json" };
    let headers = vec![("content-type".to_owned(), kind.to_owned())];
    let mut answer = Answer::new(status, headers, body.to_vec().into(), body.len() as u64, truncated);
    let reading = Reading::of(body, is_html, truncated);
    assert_eq!(answer.failure(), reading.failure(status));
    assert_eq!((answer.success, answer.kind), (reading.success, reading.kind));
    if answer.failure().is_none() {
        assert!((200..300).contains(&status) && !truncated && answer.success != Some(false));
    }
    for json in answer.json().into_iter().chain(answer.response.as_ref().map(Json::as_str)) {
        assert!(serde_json::from_str::<serde::de::IgnoredAny>(json).is_ok(), "{json:?}");
    }
    let message = answer.message().unwrap_or_default();
    assert_eq!(text::clean(&message), message);
    answer.shorten(8);
    assert!(answer.body.len() <= 8);
}

/// JSON as text: laying it out and writing it for a terminal changes none of it.
pub fn json(input: &[u8]) {
    let lossy = String::from_utf8_lossy(input);
    // What is no JSON is laid out as well, as far as it goes.
    let _ = (text_json::pretty(&lossy), text_json::outline(&lossy, 3, 5), text_json::beginning(&lossy, 40));
    let Ok(parsed) = Json::parse(input) else { return };
    let compact = text_json::compact(parsed.as_str());
    assert_eq!(text_json::compact(&text_json::pretty(parsed.as_str())), compact);
    let written = text_json::document(&parsed).unwrap();
    assert!(!written.chars().any(|c| c != '\n' && c.is_control()), "{written:?}");
    let again = Json::parse(written.as_bytes()).unwrap();
    if let (Ok(one), Ok(other)) = (value(&parsed), value(&again)) {
        assert_eq!(one, other);
    }
}

fn value(json: &Json) -> Result<serde_json::Value, serde_json::Error> {
    serde_json::from_str(json.as_str())
}

/// Dates and spans: what is taken for a day is one that the policy allows.
pub fn dates(input: &[u8]) {
    let (days, text) = choice(input);
    let Ok(text) = std::str::from_utf8(text) else { return };
    let policy = match days {
        0 => Policy::default(),
        days => Policy::of_days(days.into()),
    };
    if let Ok(day) = expiry::parse_day(text, TODAY, &policy) {
        assert!(policy.check(day, TODAY).is_ok(), "{text:?} is taken for {day}");
        assert!(!expiry::meaning(day, TODAY, &policy).is_empty());
    }
    let _ = expiry::still_missing(text);
    let now: Timestamp = "2026-11-23T09:14:00Z".parse().unwrap();
    let left = expiry::days_left(text, now);
    assert_eq!(left.is_none(), expiry::status(text, now, 14) == expiry::KeyStatus::Unknown);
    assert!(!values::duration(text).is_ok_and(|length| length.is_zero()));
    for wrong in [values::span(text).err(), values::days(text).err(), values::setting(text).err()] {
        assert!(wrong.is_none_or(|wrong| wrong.len() > 10));
    }
    let _ = (values::listen(text), values::audience(text), text.parse::<Seed>());
}

/// `--expect`: what is taken is taken without its blanks too, and a refusal says why.
pub fn expectations(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let bare: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    match (text.parse::<Expectations>(), bare.parse::<Expectations>()) {
        (Ok(spaced), Ok(bare)) => assert_eq!(spaced, bare),
        (Err(why), Err(_)) => assert!(why.to_string().len() > 10),
        other => panic!("{text:?}: {other:?}"),
    }
}

/// Keys, and the files that hold one: what is taken has the shape of a key, nothing of it is printed,
/// and no refusal repeats what may be a secret.
pub fn key(input: &[u8]) {
    let text = match decode::text(input) {
        Ok(text) => text,
        Err(why) => return assert!(!why.to_string().is_empty()),
    };
    for parsed in [ApiKey::parse(text), actions::key_file::parse(text)] {
        match parsed {
            Ok(key) => {
                let shown = key.expose();
                assert_eq!(shown.len(), 129);
                assert!(shown.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f' | b'.')));
                assert!(!format!("{key:?} {}", key.masked()).contains(&shown[..64]));
                assert!(!secret::mask(text).contains(shown));
                assert_eq!(ApiKey::parse(shown).unwrap().expose(), shown);
            }
            Err(why) => {
                let why = why.to_string();
                let long = text.split_whitespace().filter(|word| word.len() >= 16);
                long.for_each(|word| assert!(!why.contains(word), "{why}"));
            }
        }
    }
}

/// The files of the configuration folder: whatever is in them is read, or refused with a sentence that
/// names the file. The first byte chooses the file.
pub fn configuration(input: &[u8]) {
    const FILES: [&str; 4] = ["config.toml", "profiles.toml", "credentials.toml", "requests.json"];
    let (first, text) = choice(input);
    let folder = FOLDER.path().join("configuration");
    fs::create_dir_all(&folder).unwrap();
    let name = FILES[usize::from(first) % FILES.len()];
    FILES.iter().for_each(|name| drop(fs::remove_file(folder.join(name))));
    fs::write(folder.join(name), text).unwrap();
    fs::set_permissions(folder.join(name), fs::Permissions::from_mode(0o600)).unwrap();
    let store = Store::at(&folder);
    let mut loaded = store.load();
    let nothing = |_: &str| Ok(None);
    let resolved = resolve::without_key(&Overrides::default(), &nothing, &mut loaded);
    let requests = requests::load(&folder.join("requests.json"), "https://ml.example.com");
    let problems = loaded.problems.iter().chain(resolved.as_ref().err()).chain(requests.as_ref().err());
    for problem in problems {
        let said = problem.to_string();
        assert!(said.len() > 10, "{said:?}");
        let _ = problem.hint();
    }
    // A read changes nothing.
    assert_eq!(fs::read(folder.join(name)).unwrap(), text);
}

/// Behaviour and seed files of the embedded workbench: read, or refused with a sentence.
pub fn workbench_files(input: &[u8]) {
    let (first, text) = choice(input);
    let file = FOLDER.path().join("workbench.toml");
    fs::write(&file, text).unwrap();
    let said = match first % 2 {
        0 => Behaviour::load(&file).err().map(|error| error.to_string()),
        _ => SeedFile::load(&file).err().map(|error| error.to_string()),
    };
    assert!(said.is_none_or(|said| said.contains("workbench.toml")));
}

/// An embedded workbench with demo data, and the key of its administrator.
static WORKBENCH: LazyLock<(workbench::Running, String)> = LazyLock::new(|| {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut options = Options::new(FOLDER.path().join("data"));
    options.seed = Seed::Demo;
    options.listen.set_port(0);
    // A deployment of a function would start a process for each input that asks for one.
    options.python = false;
    let running = RUNTIME.block_on(workbench::start(options)).unwrap();
    let credentials = running.credentials().unwrap();
    let admin = credentials.iter().find(|credential| credential.username == "admin").unwrap();
    let key = admin.api_key.expose().to_owned();
    (running, key)
});

/// Raw bytes to the embedded workbench: it answers with HTTP or closes the connection, and no answer is
/// a 5xx but those that are meant. `{KEY}` stands for the administrator's key.
pub fn workbench_request(input: &[u8]) {
    let (running, key) = &*WORKBENCH;
    let mut request = Vec::with_capacity(input.len() + 200);
    let mut rest = input;
    while let Some(at) = rest.windows(5).position(|window| window == b"{KEY}") {
        request.extend_from_slice(&rest[..at]);
        request.extend_from_slice(key.as_bytes());
        rest = &rest[at + 5..];
    }
    request.extend_from_slice(rest);
    let mut stream = std::net::TcpStream::connect(running.url.trim_start_matches("http://")).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(9))).unwrap();
    // It may close the connection before it has read all.
    let _ = stream.write_all(&request);
    let _ = stream.shutdown(std::net::Shutdown::Write);
    let mut answer = Vec::new();
    match stream.read_to_end(&mut answer) {
        Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => panic!("no end of the answer"),
        _ => {}
    }
    let answer = String::from_utf8_lossy(&answer);
    let Some(status) = answer.strip_prefix("HTTP/1.").and_then(|rest| rest.get(2..5)) else {
        return assert!(answer.is_empty(), "{answer}");
    };
    let meant = matches!(status, "501" | "503") || answer.contains("malformed apikey");
    assert!(meant || !status.starts_with('5'), "{answer}");
}

/// A terminal that nothing but text may reach.
struct Deaf;

impl vt100::Callbacks for Deaf {
    fn audible_bell(&mut self, _: &mut vt100::Screen) {
        panic!("it rings");
    }
    fn visual_bell(&mut self, _: &mut vt100::Screen) {
        panic!("it flashes");
    }
    fn resize(&mut self, _: &mut vt100::Screen, _: (u16, u16)) {
        panic!("it resizes");
    }
    fn set_window_title(&mut self, _: &mut vt100::Screen, _: &[u8]) {
        panic!("it sets the title");
    }
    fn unhandled_control(&mut self, _: &mut vt100::Screen, byte: u8) {
        panic!("the control character {byte:#x}");
    }
    fn unhandled_osc(&mut self, _: &mut vt100::Screen, _: &[&[u8]]) {
        panic!("a command of the operating system");
    }
}

/// Text cleaned for a terminal: it moves the cursor by its own width alone and sets no mode.
pub fn terminal(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    // As it came, as JSON, and as several lines: each way to a terminal.
    let as_json = text_json::line(&serde_json::json!(text)).unwrap();
    assert_eq!(serde_json::from_str::<String>(&as_json).unwrap(), text);
    let lines = text::clean_lines(&text);
    let ways =
        [text::clean(&text).into_owned(), as_json].into_iter().chain(lines.split('\n').map(str::to_owned));
    for line in ways {
        assert_eq!(text::clean(&line), line, "cleaned once is cleaned");
        shows_in_place(&line);
    }
}

fn shows_in_place(line: &str) {
    // Wide enough that no line is wrapped.
    const COLUMNS: u16 = 4000;
    let line = text::truncate(line, usize::from(COLUMNS) - 1);
    let number = |n| NonZeroU16::new(n).unwrap();
    let mut parser = vt100::Parser::new_with_callbacks(number(2), number(COLUMNS), 0, Deaf);
    let modes = parser.screen().input_mode_formatted();
    parser.process(line.as_bytes());
    let screen = parser.screen();
    let (row, column) = screen.cursor_position();
    assert_eq!(row, 0, "{line:?} leaves its line");
    // A terminal that knows no emoji of several characters draws each of them, wide where it is asked to.
    let alone = |c: char| if c == '\u{fe0f}' { 1 } else { text::width(c.encode_utf8(&mut [0; 4])) };
    let most: usize = line.chars().map(alone).sum();
    assert!(usize::from(column) <= most, "{line:?} ends in column {column}");
    assert_eq!(screen.input_mode_formatted(), modes, "{line:?} sets a mode");
    assert!(!screen.hide_cursor() && !screen.alternate_screen(), "{line:?} sets a mode");
}
