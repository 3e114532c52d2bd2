//! Requests of earlier tests, kept over the end of the program: what was sent, and what was saved
//! under a name. Never a key: a request that holds one is not written.

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::path::Path;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::config::private_file;

/// Sent requests that are kept of a model.
const HISTORY: usize = 20;
/// Models that are kept of a workbench.
const MODELS: usize = 500;
/// Workbenches that are kept.
const WORKBENCHES: usize = 10;
/// A request that is larger is not kept.
const LARGEST: usize = 64 * 1024;
/// A file that is larger is none of ours.
const LARGEST_FILE: u64 = 16 * 1024 * 1024;

/// The requests of one model.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Requests {
    /// What was sent, newest first, each text once.
    pub sent: Vec<String>,
    /// What was saved, by name.
    pub named: BTreeMap<String, String>,
}

impl Requests {
    /// The request that was sent last.
    pub fn last(&self) -> Option<&str> {
        self.sent.first().map(String::as_str)
    }

    pub fn note_sent(&mut self, request: &str) {
        self.sent.retain(|other| other != request);
        self.sent.insert(0, request.to_owned());
        self.sent.truncate(HISTORY);
    }
}

/// The file: workbench URL → model id → requests.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Contents {
    version: u32,
    workbenches: BTreeMap<String, Workbench>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Workbench {
    /// When something was kept here last: the one that was left alone longest goes first. (The
    /// demo has another URL each time.)
    touched: Timestamp,
    models: BTreeMap<String, Requests>,
}

/// The requests of one workbench. A file that is absent or not readable as ours holds none.
pub fn load(file: &Path, url: &str) -> HashMap<String, Requests> {
    read(file).workbenches.remove(url).unwrap_or_default().models.into_iter().collect()
}

/// Puts the requests of one model into the file.
///
/// # Errors
/// The file or its folder cannot be written.
pub fn store(file: &Path, now: Timestamp, url: &str, model_id: &str, requests: &Requests) -> io::Result<()> {
    let mut contents = read(file);
    let keep = |text: &String| text.len() <= LARGEST && !holds_a_key(text);
    let mut kept = requests.clone();
    kept.sent.retain(keep);
    kept.named.retain(|_, text| keep(text));
    let workbench = contents.workbenches.entry(url.to_owned()).or_default();
    workbench.touched = now;
    workbench.models.insert(model_id.to_owned(), kept);
    while workbench.models.len() > MODELS {
        workbench.models.pop_first();
    }
    while contents.workbenches.len() > WORKBENCHES {
        let oldest = contents.workbenches.iter().min_by_key(|(_, other)| other.touched);
        let Some(url) = oldest.map(|(url, _)| url.clone()) else { break };
        contents.workbenches.remove(&url);
    }
    contents.version = 1;
    if let Some(folder) = file.parent() {
        private_file::make_folder(folder)?;
    }
    private_file::write(file, &serde_json::to_vec_pretty(&contents).map_err(io::Error::other)?)
}

fn read(file: &Path) -> Contents {
    let small = std::fs::metadata(file).is_ok_and(|metadata| metadata.len() <= LARGEST_FILE);
    let bytes = if small { std::fs::read(file).unwrap_or_default() } else { Vec::new() };
    serde_json::from_slice(&bytes).unwrap_or_default()
}

/// Whether a text has something of the shape of an API key in it: two runs of hexadecimal digits,
/// long and with a dot between.
fn holds_a_key(text: &str) -> bool {
    const LONG: usize = 32;
    let hex = |text: &str| text.bytes().take_while(u8::is_ascii_hexdigit).count();
    text.match_indices('.').any(|(dot, _)| {
        let before = text[..dot].bytes().rev().take_while(u8::is_ascii_hexdigit).count();
        before >= LONG && hex(&text[dot + 1..]) >= LONG
    })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn requests_come_back_and_keys_do_not() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("keybench/requests.json");
        let mut requests = Requests::default();
        requests.note_sent("{\"a\": 1}");
        requests.note_sent("{\"a\": 2}");
        requests.note_sent("{\"a\": 1}");
        let key = format!("{{\"key\": \"{}.{}\"}}", "0a".repeat(32), "9f".repeat(32));
        requests.note_sent(&key);
        requests.named.insert("small".into(), "{}".into());
        store(&file, Timestamp::UNIX_EPOCH, "http://one", "model", &requests).unwrap();
        store(&file, Timestamp::UNIX_EPOCH, "http://two", "model", &Requests::default()).unwrap();
        let back = load(&file, "http://one").remove("model").unwrap();
        assert_eq!(back.sent, ["{\"a\": 1}", "{\"a\": 2}"]);
        assert_eq!(back.named["small"], "{}");
        assert!(!std::fs::read_to_string(&file).unwrap().contains("9f9f"));
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn the_workbench_that_was_left_alone_longest_goes_first() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("requests.json");
        let mut requests = Requests::default();
        requests.note_sent("{}");
        for second in 0..=WORKBENCHES as i64 {
            let now = Timestamp::from_second(second).unwrap();
            store(&file, now, &format!("http://{second}"), "model", &requests).unwrap();
        }
        assert!(load(&file, "http://0").is_empty());
        assert_eq!(load(&file, "http://1").len(), 1);
    }

    #[test]
    fn a_file_of_something_else_is_passed_over() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("requests.json");
        std::fs::write(&file, "no JSON").unwrap();
        assert!(load(&file, "http://one").is_empty());
        assert!(load(&folder.path().join("absent"), "http://one").is_empty());
    }

    #[test]
    fn only_so_many_are_kept() {
        let mut requests = Requests::default();
        for n in 0..100 {
            requests.note_sent(&n.to_string());
        }
        assert_eq!((requests.sent.len(), requests.last()), (HISTORY, Some("99")));
    }
}
