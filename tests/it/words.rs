//! Phrases of a dialect that only this code spoke, and that do not come back.

use std::fs;
use std::path::{Path, PathBuf};

/// Phrases, in lower case, with what to write instead. The terms are in `docs/glossary.md`.
const PHRASES: [(&str, &str); 24] = [
    ("he may", "the user may, they may"),
    ("his own", "their own"),
    ("there is nobody", "no user has this name"),
    ("where that is", "if it is"),
    ("told", "shown, reported, noted; by default; distinguished"),
    ("tells apart", "distinguishes"),
    ("somebody", "a user, another user, someone"),
    ("whoever", "a user who, callers, clients"),
    ("turned round", "reversed"),
    ("gave up", "cancelled"),
    ("given up", "cancelled"),
    ("gives up", "cancels"),
    ("give up", "cancel"),
    ("may still be at it", "may still be working on it"),
    ("what is had", "what there is"),
    ("to be had", "available"),
    ("what lacks", "what is missing"),
    ("gives way", "is closed, is narrowed"),
    ("on its way", "in flight, in progress"),
    ("on their way", "in flight, in progress"),
    ("stays so", "keeps happening"),
    ("is no error", "is not an error"),
    ("as they came", "as received"),
    ("is the business of", "belongs to"),
];

#[test]
fn invented_phrases_do_not_come_back() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    texts(root, &mut files);
    assert!(files.iter().any(|file| file.ends_with("src/lib.rs")), "the repository is read");
    let mut found = Vec::new();
    for file in files.iter().filter(|file| !file.ends_with(file!())) {
        let text = fs::read_to_string(file).unwrap_or_default();
        for (number, line) in (1..).zip(text.lines()) {
            let line = line.to_lowercase();
            for (phrase, instead) in PHRASES.iter().filter(|(phrase, _)| contains(&line, phrase)) {
                let name = file.strip_prefix(root).unwrap_or(file).display();
                found.push(format!("{name}:{number}: {phrase:?}, better: {instead}"));
            }
        }
    }
    assert!(found.is_empty(), "{found:#?}");
}

/// Whether `line` contains `phrase` as whole words.
fn contains(line: &str, phrase: &str) -> bool {
    line.match_indices(phrase).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let after = line[at + phrase.len()..].chars().next();
        ![before, after].into_iter().flatten().any(char::is_alphanumeric)
    })
}

#[test]
fn a_phrase_is_found_as_whole_words() {
    assert!(contains("// he may, say", "he may") && !contains("// she maybe", "he may"));
    assert!(!contains("// the mayor", "he may"));
}

/// All Rust and Markdown files below `folder`, without hidden folders and build results.
fn texts(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap().flatten() {
        let (path, name) = (entry.path(), entry.file_name());
        let hidden = name.to_string_lossy().starts_with('.');
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            if !hidden && name != "target" {
                texts(&path, files);
            }
        } else if path.extension().is_some_and(|end| end == "rs" || end == "md") {
            files.push(path);
        }
    }
}
