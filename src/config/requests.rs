//! `requests.json`: the requests of earlier tests, both sent ones and those saved under a name.
//! Never a key: a request that contains one is not written.

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::path::Path;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::replace::{Replacement, folder_of};
use super::{Error, Store, json, private_file};
use crate::secret;

/// Sent requests to keep per model.
const HISTORY: usize = 20;
/// Models to keep per workbench, in addition to those with saved requests.
const MODELS: usize = 500;
/// Workbenches to keep, in addition to those with saved requests.
const WORKBENCHES: usize = 10;
/// Larger requests are not kept.
const LARGEST: usize = 64 * 1024;
/// Largest size of the file, in bytes.
const LARGEST_FILE: usize = 16 << 20;
/// The version that this program writes.
const VERSION: u32 = 1;

/// The requests of one model.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Requests {
    /// Sent requests, newest first, without duplicates.
    pub sent: Vec<String>,
    /// Saved requests, by name.
    pub named: BTreeMap<String, String>,
}

/// A change to a model's requests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    Sent { request: String },
    Saved { name: String, request: String },
    Deleted { name: String },
}

impl Requests {
    /// The request that was sent last.
    pub fn last(&self) -> Option<&str> {
        self.sent.first().map(String::as_str)
    }

    pub fn apply(&mut self, change: Change) {
        match change {
            Change::Sent { request } => {
                self.sent.retain(|other| *other != request);
                self.sent.insert(0, request);
                self.sent.truncate(HISTORY);
            }
            Change::Saved { name, request } => {
                self.named.insert(name, request);
            }
            Change::Deleted { name } => {
                self.named.remove(&name);
            }
        }
    }
}

impl Change {
    fn request(&self) -> Option<&str> {
        match self {
            Self::Sent { request } | Self::Saved { request, .. } => Some(request),
            Self::Deleted { .. } => None,
        }
    }
}

/// The file: workbench URL → model id → requests.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Contents {
    version: u32,
    workbenches: BTreeMap<String, Workbench>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Workbench {
    /// Time of the last change: the least recently used is dropped first. (The demo has another URL
    /// each time.)
    touched: Timestamp,
    models: BTreeMap<String, Requests>,
}

/// The requests of one workbench, by model ID; empty if there is no file.
///
/// # Errors
/// What is wrong with the file.
pub fn load(file: &Path, url: &str) -> Result<HashMap<String, Requests>, Error> {
    let models = read(file)?.workbenches.remove(url).unwrap_or_default().models;
    Ok(models.into_iter().collect())
}

/// Applies a change to the current contents of the file, which another process may have written.
///
/// # Errors
/// The file cannot be read or written. An unreadable one is left alone, and copied.
pub fn update(file: &Path, now: Timestamp, url: &str, model_id: &str, change: Change) -> Result<(), Error> {
    if change.request().is_some_and(|request| request.len() > LARGEST || secret::mentions_key(request)) {
        return Ok(());
    }
    let failed = |error: io::Error| Error::Write { file: file.to_owned(), error };
    private_file::make_folder(folder_of(file)).map_err(failed)?;
    let _alone = Store::at(folder_of(file)).lock()?;
    let mut contents = read(file).map_err(|cause| json::keep_beside(file, cause))?;
    let workbench = contents.workbenches.entry(url.to_owned()).or_default();
    workbench.touched = now;
    workbench.models.entry(model_id.to_owned()).or_default().apply(change);
    contents.version = VERSION;
    let text = bounded(contents, url, model_id).map_err(failed)?;
    Replacement::of(file).following_links().write(&text).map_err(failed)
}

fn read(file: &Path) -> Result<Contents, Error> {
    Ok(json::read(file, VERSION, "the list of requests")?.unwrap_or_default())
}

/// The text of the file, cut down to its limits. Saved requests are never dropped for them.
fn bounded(mut contents: Contents, url: &str, model_id: &str) -> io::Result<Vec<u8>> {
    let models = &mut contents.workbenches.entry(url.to_owned()).or_default().models;
    while models.len() > MODELS {
        let unsaved = |(id, requests): &(&String, &Requests)| *id != model_id && requests.named.is_empty();
        let Some(id) = models.iter().find(unsaved).map(|(id, _)| id.clone()) else { break };
        models.remove(&id);
    }
    while contents.workbenches.len() > WORKBENCHES && give_up_oldest(&mut contents, url) {}
    loop {
        let text = serde_json::to_vec_pretty(&contents)?;
        if text.len() <= LARGEST_FILE {
            return Ok(text);
        }
        if !give_up_oldest(&mut contents, url) && !forget_sent(&mut contents) {
            return Err(io::Error::other("the saved requests are larger than 16 MB together"));
        }
    }
}

/// Removes the least recently used workbench other than `url` that has no saved requests.
fn give_up_oldest(contents: &mut Contents, url: &str) -> bool {
    let saved = |workbench: &Workbench| workbench.models.values().any(|model| !model.named.is_empty());
    let candidates = contents.workbenches.iter().filter(|(other, it)| *other != url && !saved(it));
    match candidates.min_by_key(|(_, it)| it.touched).map(|(url, _)| url.clone()) {
        Some(oldest) => contents.workbenches.remove(&oldest).is_some(),
        None => false,
    }
}

/// Drops the older half of the requests sent to each model; returns whether there were any.
fn forget_sent(contents: &mut Contents) -> bool {
    let models = contents.workbenches.values_mut().flat_map(|workbench| workbench.models.values_mut());
    let mut any = false;
    for model in models {
        any |= !model.sent.is_empty();
        model.sent.truncate(model.sent.len() / 2);
    }
    any
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn sent(request: &str) -> Change {
        Change::Sent { request: request.to_owned() }
    }

    fn saved(name: &str, request: &str) -> Change {
        Change::Saved { name: name.to_owned(), request: request.to_owned() }
    }

    fn keep(file: &Path, url: &str, model: &str, change: Change) {
        update(file, Timestamp::UNIX_EPOCH, url, model, change).unwrap();
    }

    #[test]
    fn requests_come_back_and_keys_do_not() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("keybench/requests.json");
        let key = format!("{{\"key\": \"{}.{}\"}}", "0a".repeat(32), "9f".repeat(32));
        for request in ["{\"a\": 1}", "{\"a\": 2}", "{\"a\": 1}", &key] {
            keep(&file, "http://one", "model", sent(request));
        }
        keep(&file, "http://one", "model", saved("small", "{}"));
        keep(&file, "http://one", "model", saved("key", &key));
        keep(&file, "http://two", "model", sent("{}"));
        let back = load(&file, "http://one").unwrap().remove("model").unwrap();
        assert_eq!(back.sent, ["{\"a\": 1}", "{\"a\": 2}"]);
        assert_eq!(back.named, BTreeMap::from([("small".to_owned(), "{}".to_owned())]));
        assert!(!fs::read_to_string(&file).unwrap().contains("9f9f"));
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(load(&folder.path().join("absent"), "http://one").unwrap().is_empty());
    }

    #[test]
    fn a_saved_request_is_deleted_and_what_was_sent_stays() {
        let folder = tempfile::tempdir().unwrap();
        let file = &folder.path().join("requests.json");
        keep(file, "http://one", "model", saved("small", "{}"));
        keep(file, "http://one", "model", sent("{}"));
        keep(file, "http://one", "model", Change::Deleted { name: "small".to_owned() });
        let kept = &load(file, "http://one").unwrap()["model"];
        assert!(kept.named.is_empty() && kept.last() == Some("{}"), "{kept:?}");
    }

    #[test]
    fn two_programs_at_once_lose_nothing_of_each_other() {
        let folder = tempfile::tempdir().unwrap();
        let file = &folder.path().join("requests.json");
        std::thread::scope(|scope| {
            for program in 0..4 {
                scope.spawn(move || {
                    for n in 0..5 {
                        keep(file, "http://one", "model", saved(&format!("{program}-{n}"), "{}"));
                    }
                });
            }
        });
        assert_eq!(load(file, "http://one").unwrap()["model"].named.len(), 20);
    }

    #[test]
    fn what_cannot_be_read_is_left_alone_and_kept_beside() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("requests.json");
        let newer = "{\"version\": 2, \"workbenches\": [\"another form\"]}";
        for (text, number) in [("{\"version\": 1, \"wor", 1), (newer, 2), ("\u{feff}[]", 3)] {
            fs::write(&file, text).unwrap();
            assert!(load(&file, "http://one").is_err());
            for _ in 0..2 {
                let error = update(&file, Timestamp::UNIX_EPOCH, "u", "m", sent("{}")).unwrap_err();
                let copy = json::copy_name(&file, number);
                assert!(error.to_string().ends_with(&format!("a copy is in {}", copy.display())), "{error}");
                assert_eq!(fs::read_to_string(&copy).unwrap(), text);
            }
            assert_eq!(fs::read_to_string(&file).unwrap(), text);
        }
        fs::write(&file, b"\xff\xfe{\0").unwrap();
        let error = update(&file, Timestamp::UNIX_EPOCH, "u", "m", sent("{}")).unwrap_err();
        assert!(error.to_string().contains("UTF-16"), "{error}");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 5, "the file and four copies");
    }

    #[test]
    fn a_byte_order_mark_is_taken() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("requests.json");
        keep(&file, "http://one", "model", sent("{}"));
        let text = fs::read_to_string(&file).unwrap();
        fs::write(&file, format!("\u{feff}{}", text.replace('\n', "\r\n"))).unwrap();
        assert_eq!(load(&file, "http://one").unwrap()["model"].last(), Some("{}"));
    }

    #[test]
    fn the_workbench_that_was_left_alone_longest_goes_first_unless_something_is_saved() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("requests.json");
        keep(&file, "http://saved", "model", saved("small", "{}"));
        for second in 1..=WORKBENCHES as i64 {
            let now = Timestamp::from_second(second).unwrap();
            update(&file, now, &format!("http://{second}"), "model", sent("{}")).unwrap();
        }
        assert!(load(&file, "http://1").unwrap().is_empty());
        assert_eq!(load(&file, "http://2").unwrap().len(), 1);
        assert_eq!(load(&file, "http://saved").unwrap().len(), 1);
    }

    #[test]
    fn the_file_stays_below_its_limit_and_what_is_saved_stays_in_it() {
        let large = |n: usize| format!("{n}{}", "x".repeat(LARGEST - 10));
        let model = |models: usize| {
            let mut requests = Requests::default();
            (0..HISTORY).for_each(|n| requests.apply(sent(&large(n))));
            requests.apply(saved("small", "{}"));
            let models = (0..models).map(|n| (n.to_string(), requests.clone())).collect();
            Contents {
                version: 1,
                workbenches: [("u".to_owned(), Workbench { models, ..Workbench::default() })].into(),
            }
        };
        let text = bounded(model(20), "u", "0").unwrap();
        assert!(text.len() <= LARGEST_FILE);
        let kept: Contents = serde_json::from_slice(&text).unwrap();
        let models = &kept.workbenches["u"].models;
        assert!(models.len() == 20 && models.values().all(|model| model.named.len() == 1));
        assert!(models["0"].last().is_some());
        // As many as possible, with nothing saved: these are dropped, and not the current one.
        let mut many = model(0);
        let workbench = many.workbenches.get_mut("u").unwrap();
        workbench.models.extend((0..=MODELS).map(|n| (n.to_string(), Requests::default())));
        let kept: Contents = serde_json::from_slice(&bounded(many, "u", "0").unwrap()).unwrap();
        assert_eq!(kept.workbenches["u"].models.len(), MODELS);
        assert!(kept.workbenches["u"].models.contains_key("0"));
    }

    #[test]
    fn only_so_many_are_kept() {
        let mut requests = Requests::default();
        (0..100).for_each(|n| requests.apply(sent(&n.to_string())));
        assert_eq!((requests.sent.len(), requests.last()), (HISTORY, Some("99")));
    }
}
