//! `complete-names`: findings, profiles from their file; projects, models and keys from what lists leave
//! behind. A completion never asks the network, so it never waits.
//!
//! Shells send the words typed so far; what fits at the end follows from the definition of
//! the command line, so that all shells offer the same.

use std::collections::BTreeSet;
use std::io::{self, Write as _};

use clap::{Arg, ArgAction, CommandFactory as _};

use super::command_line::Cli;
use super::context::Context;
use super::names;
use crate::actions::audit::Finding;
use crate::config::paths::process_env;
use crate::config::resolve::Source;
use crate::config::{self, Loaded, Overrides};
use crate::text;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Profiles,
    Projects,
    Models,
    KeyIds,
    /// The names (comments) of keys.
    KeyNames,
    Findings,
}

/// What a line asks for at its end, and the workbench that it is about.
#[derive(Debug, Default, PartialEq, Eq)]
struct Wanted {
    kind: Option<Kind>,
    profile: Option<String>,
    url: Option<String>,
    user: Option<String>,
}

impl Wanted {
    /// Reads the words of a line; the last is the one that is being typed, the first the program.
    fn read(words: &[String]) -> Self {
        let mut wanted = Self::default();
        let Some((typed, before)) = words.split_last() else { return wanted };
        let mut root = Cli::command();
        root.build();
        let mut command = &root;
        let mut position = 0;
        // The option whose value the next word is.
        let mut open: Option<&Arg> = None;
        // bash takes `--option=value` apart at the sign.
        for word in before.iter().skip(1).filter(|word| *word != "=") {
            if let Some(option) = open.take() {
                wanted.note(option, word);
            } else if let Some((option, value)) = option(command, word) {
                match value {
                    Some(value) => wanted.note(option, value),
                    None if option.get_action().takes_values() => open = Some(option),
                    None => {}
                }
            } else if let Some(sub) = command.find_subcommand(word) {
                (command, position) = (sub, 0);
            } else {
                position += 1;
            }
        }
        wanted.kind = match open {
            Some(option) => kind(command, option),
            None if typed.starts_with('-') => None,
            None => positional(command, position).and_then(|argument| kind(command, argument)),
        };
        wanted
    }

    /// Options that say which workbench and user are meant.
    fn note(&mut self, option: &Arg, value: &str) {
        match option.get_id().as_str() {
            "profile" => self.profile = Some(value.to_owned()),
            "url" => self.url = Some(value.to_owned()),
            "user" => self.user = Some(value.to_owned()),
            _ => {}
        }
    }
}

/// The option that `word` is, with the value in it.
fn option<'a, 'w>(command: &'a clap::Command, word: &'w str) -> Option<(&'a Arg, Option<&'w str>)> {
    let (name, value) = match word.split_once('=') {
        Some((name, value)) => (name, Some(value)),
        None => (word, None),
    };
    let found = match (name.strip_prefix("--"), name.strip_prefix('-')) {
        (Some(long), _) => command.get_arguments().find(|option| option.get_long() == Some(long)),
        (None, Some(short)) => {
            let letter = short.chars().next()?;
            let found = command.get_arguments().find(|option| option.get_short() == Some(letter));
            // As in `-n5`.
            return found.map(|option| (option, Some(&short[letter.len_utf8()..]).filter(|v| !v.is_empty())));
        }
        (None, None) => None,
    };
    found.map(|option| (option, value))
}

/// The argument at `position`; the last one may be given several times.
fn positional(command: &clap::Command, position: usize) -> Option<&Arg> {
    let repeated = |argument: &&Arg| matches!(argument.get_action(), ArgAction::Append);
    let last = || command.get_positionals().last().filter(repeated);
    command.get_positionals().nth(position).or_else(last)
}

fn kind(command: &clap::Command, argument: &Arg) -> Option<Kind> {
    match (command.get_name(), argument.get_id().as_str()) {
        (_, "profile") | ("use" | "remove", "name") => Some(Kind::Profiles),
        (_, "project") => Some(Kind::Projects),
        (_, "model" | "verify") => Some(Kind::Models),
        (_, "finding") => Some(Kind::Findings),
        ("delete", "key_ids") => Some(Kind::KeyIds),
        ("rotate", "name") => Some(Kind::KeyNames),
        _ => None,
    }
}

/// One name a line, after a tab what it is; nothing where nothing is known.
pub fn print(context: &Context, words: &[String]) {
    let wanted = Wanted::read(words);
    let Some(kind) = wanted.kind else { return };
    let mut loaded = context.store().map(|store| store.load()).unwrap_or_default();
    let mut found = match kind {
        Kind::Profiles => bare(loaded.profiles.profiles.into_keys()),
        Kind::Findings => bare(Finding::all().map(|finding| finding.name().to_owned())),
        kind => listed(kind, wanted, &mut loaded),
    };
    let typed_before = words.split_last().map_or(words, |(_, before)| before);
    found.retain(|(name, _)| kind != Kind::KeyIds || !typed_before.contains(name));
    let mut out = io::stdout().lock();
    for (name, about) in found {
        let (name, about) = (text::clean(&name), text::clean(&about));
        let tab = if about.is_empty() { "" } else { "\t" };
        // Whatever goes wrong, a completion is silent.
        let _ = writeln!(out, "{name}{tab}{about}");
    }
}

/// Names that say themselves what they are.
fn bare(names: impl IntoIterator<Item = String>) -> Vec<(String, String)> {
    names.into_iter().map(|name| (name, String::new())).collect()
}

/// What lists left behind of the workbench that is meant.
fn listed(kind: Kind, wanted: Wanted, loaded: &mut Loaded) -> Vec<(String, String)> {
    let flags = Overrides { profile: wanted.profile, url: wanted.url, ..Overrides::default() };
    let Ok(url) = config::resolve::url(&flags, &process_env, loaded) else { return Vec::new() };
    let mut cache = names::read(&url.value);
    let own = match &url.source {
        Source::Profile(name) => loaded.profiles.profiles.get(name).map(|profile| profile.username.clone()),
        _ => None,
    };
    let user = wanted.user.or(own).unwrap_or(cache.own);
    let keys = cache.keys.remove(&user).unwrap_or_default();
    match kind {
        Kind::Projects => bare(cache.projects),
        Kind::Models => bare(cache.models),
        Kind::KeyIds => keys.into_iter().collect(),
        Kind::KeyNames => {
            bare(keys.into_values().filter(|name| !name.trim().is_empty()).collect::<BTreeSet<_>>())
        }
        Kind::Profiles | Kind::Findings => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(line: &str) -> Wanted {
        Wanted::read(&line.split(' ').map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn the_definition_says_what_belongs_at_the_end_of_a_line() {
        for (line, kind) in [
            ("keybench models test ", Some(Kind::Models)),
            ("keybench models test ch", Some(Kind::Models)),
            ("keybench models test churn-prod/add ", None),
            ("keybench models test -n 5 ", Some(Kind::Models)),
            ("keybench models test -n5 --json ", Some(Kind::Models)),
            ("keybench models test --request ", None),
            ("keybench models test --request {} ", Some(Kind::Models)),
            ("keybench models test --", None),
            ("keybench models list ", None),
            ("keybench models list --project ", Some(Kind::Projects)),
            ("keybench models list --project = ch", Some(Kind::Projects)),
            ("keybench --json models show ", Some(Kind::Models)),
            ("keybench keys rotate svc --verify ", Some(Kind::Models)),
            ("keybench collaborators add ", Some(Kind::Projects)),
            ("keybench collaborators add churn-prod ", None),
            ("keybench keys delete --finding ", Some(Kind::Findings)),
            ("keybench keys delete ", Some(Kind::KeyIds)),
            ("keybench keys delete 0a 0b ", Some(Kind::KeyIds)),
            ("keybench keys delete --yes --user ", None),
            ("keybench keys rotate ", Some(Kind::KeyNames)),
            ("keybench keys rotate svc ", None),
            ("keybench --profile ", Some(Kind::Profiles)),
            ("keybench whoami --profile p", Some(Kind::Profiles)),
            ("keybench profile use ", Some(Kind::Profiles)),
            ("keybench profile remove ", Some(Kind::Profiles)),
            ("keybench profile ", None),
            ("keybench ", None),
            ("", None),
        ] {
            assert_eq!(wanted(line).kind, kind, "{line:?}");
        }
    }

    #[test]
    fn the_workbench_is_the_one_that_the_line_names() {
        assert_eq!(wanted("keybench --profile prod models test ").profile.as_deref(), Some("prod"));
        assert_eq!(wanted("keybench models test --url=http://x ").url.as_deref(), Some("http://x"));
        assert_eq!(wanted("keybench keys delete --user ada ").user.as_deref(), Some("ada"));
    }
}
