//! The documents against the program: the list of keys matches the table of commands.

use std::fmt::Write as _;
use std::path::Path;

use keybench::tui::command::{COMMANDS, Entry, KeyContext};

const BEGIN: &str =
    "<!-- keys: made from the table of commands; `cargo test readme` says how to make it again -->\n";
const END: &str = "<!-- end of keys -->";

/// The headings of the list, and the contexts below each.
const PARTS: &[(&str, &[KeyContext])] = &[
    ("Everywhere", &[KeyContext::Global]),
    ("Lists", &[KeyContext::List, KeyContext::Columns]),
    ("Requests", &[KeyContext::Requests]),
    (
        "Forms and dialogs",
        &[
            KeyContext::Form,
            KeyContext::FilterField,
            KeyContext::Palette,
            KeyContext::Choice,
            KeyContext::Confirm,
        ],
    ),
    (
        "Settings",
        &[
            KeyContext::Keys,
            KeyContext::Services,
            KeyContext::Reveal,
            KeyContext::Rotation,
            KeyContext::Successor,
            KeyContext::Profiles,
        ],
    ),
    (
        "Models",
        &[
            KeyContext::Models,
            KeyContext::Saved,
            KeyContext::Builds,
            KeyContext::ModelPanel,
            KeyContext::Results,
            KeyContext::Refusal,
            KeyContext::MendableRefusal,
            KeyContext::Viewer,
            KeyContext::ResultView,
            KeyContext::CheckLive,
            KeyContext::Check,
            KeyContext::RunLive,
            KeyContext::Run,
            KeyContext::History,
        ],
    ),
    (
        "Admin",
        &[
            KeyContext::Admin,
            KeyContext::Users,
            KeyContext::UserKeys,
            KeyContext::Security,
            KeyContext::Projects,
            KeyContext::Collaborators,
            KeyContext::AllKeys,
        ],
    ),
];

#[test]
fn the_document_lists_the_keys_of_the_program() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/keys.md");
    let document = std::fs::read_to_string(&path).unwrap();
    let (head, rest) = document.split_once(BEGIN).expect("docs/keys.md has a mark for the keys");
    let (kept, tail) = rest.split_once(END).expect("the list of keys ends");
    if std::env::var_os("KEYBENCH_WRITE_KEYS").is_some() {
        std::fs::write(&path, format!("{head}{BEGIN}{}{END}{tail}", keys())).unwrap();
        return;
    }
    assert!(
        kept == keys(),
        "docs/keys.md is out of date; KEYBENCH_WRITE_KEYS=1 cargo test readme writes them again"
    );
}

/// Every command is listed once, under the first heading that it belongs to.
fn keys() -> String {
    let mut out = String::new();
    let mut listed: Vec<&str> = Vec::new();
    for (heading, contexts) in PARTS {
        let _ = write!(out, "\n| {heading} | | name |\n|---|---|---|\n");
        for entry in COMMANDS {
            let belongs = entry.contexts.iter().any(|context| contexts.contains(context));
            if belongs && !entry.keys.is_empty() && !listed.contains(&entry.id) {
                listed.push(entry.id);
                let _ = writeln!(out, "| {} | {} | `{}` |", chords(entry), entry.doc, entry.id);
            }
        }
    }
    let forgotten: Vec<&str> = COMMANDS
        .iter()
        .filter(|entry| !entry.keys.is_empty() && !listed.contains(&entry.id))
        .map(|entry| entry.id)
        .collect();
    assert!(forgotten.is_empty(), "no part of docs/keys.md has {forgotten:?}");
    out.push('\n');
    out
}

fn chords(entry: &Entry) -> String {
    entry.keys.iter().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(" ")
}

/// Every path in backquotes, and every link of a document, exists.
#[test]
fn every_file_that_a_document_names_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let docs = std::fs::read_dir(root.join("docs")).unwrap().map(|entry| entry.unwrap().path());
    let pages = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"].map(|page| root.join(page));
    let mut missing = Vec::new();
    for page in docs.chain(pages).filter(|page| page.extension().is_some_and(|end| end == "md")) {
        let text = std::fs::read_to_string(&page).unwrap();
        let quoted = text.split('`').skip(1).step_by(2).map(|path| root.join(path));
        let quoted = quoted.filter(|path| {
            let tops = ["src", "tests", "docs", "assets", "examples"];
            path.strip_prefix(root).is_ok_and(|named| tops.iter().any(|top| named.starts_with(top)))
        });
        let linked = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
        let linked = linked.filter(|link| !link.contains("://") && !link.starts_with('#'));
        let linked = linked.map(|link| page.parent().unwrap().join(link.split('#').next().unwrap_or(link)));
        let gone = quoted.chain(linked).filter(|path| !path.exists());
        missing.extend(gone.map(|path| format!("{}: {}", page.display(), path.display())));
    }
    assert!(missing.is_empty(), "{missing:#?}");
}
