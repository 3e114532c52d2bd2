//! Names for completions: profiles from their file, projects and models from a cache that lists
//! leave behind. A completion never asks the network, so it never waits.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use clap_complete::Shell;
use serde::{Deserialize, Serialize};

use super::context::Context;
use crate::config::paths::{cache_dir, process_env};
use crate::config::private_file;

/// How long a list is good enough for completions.
const VALID: Duration = Duration::from_secs(10 * 60);
/// More names help nobody who types.
const KEPT: usize = 5_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Kind {
    Profiles,
    Projects,
    Models,
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Cache {
    url: String,
    projects: BTreeSet<String>,
    models: BTreeSet<String>,
}

fn file() -> Option<PathBuf> {
    cache_dir(&process_env).ok().map(|folder| folder.join("names.json"))
}

/// One name a line; nothing where nothing is known.
pub fn print(context: &Context, kind: Kind) {
    let names: Vec<String> = match kind {
        Kind::Profiles => {
            let loaded = context.store().map(|store| store.load()).unwrap_or_default();
            loaded.profiles.profiles.into_keys().collect()
        }
        Kind::Projects => read().projects.into_iter().collect(),
        Kind::Models => read().models.into_iter().collect(),
    };
    // Whatever goes wrong, a completion is silent.
    let _ = context.out.lines(&names);
}

fn read() -> Cache {
    let Some(file) = file() else { return Cache::default() };
    let fresh = fs::metadata(&file)
        .and_then(|metadata| metadata.modified())
        .is_ok_and(|at| at.elapsed().is_ok_and(|age| age < VALID));
    if !fresh {
        return Cache::default();
    }
    fs::read(&file).ok().and_then(|text| serde_json::from_slice(&text).ok()).unwrap_or_default()
}

/// Collects names while a list is printed, and leaves them for completions.
#[derive(Debug, Default)]
pub struct Collector {
    cache: Cache,
}

impl Collector {
    pub fn new(url: &str) -> Self {
        let cache = Some(read()).filter(|cache| cache.url == url);
        Self { cache: cache.unwrap_or_else(|| Cache { url: url.to_owned(), ..Cache::default() }) }
    }

    pub fn project(&mut self, name: &str) {
        if self.cache.projects.len() < KEPT {
            self.cache.projects.insert(name.to_owned());
        }
    }

    pub fn model(&mut self, name: String) {
        if self.cache.models.len() < KEPT {
            self.cache.models.insert(name);
        }
    }

    /// Not being able to is no reason to fail.
    pub fn keep(self) {
        let Some(file) = file() else { return };
        let Some(folder) = file.parent() else { return };
        let Ok(text) = serde_json::to_vec(&self.cache) else { return };
        let _ = private_file::make_folder(folder).and_then(|()| private_file::write(&file, &text));
    }
}

/// What a shell's generated script needs to complete names.
pub fn script(shell: Shell) -> &'static str {
    match shell {
        Shell::Bash => BASH,
        Shell::Zsh => ZSH,
        Shell::Fish => FISH,
        _ => "",
    }
}

const BASH: &str = r#"
_keybench_names() {
    local cur="${COMP_WORDS[COMP_CWORD]}" prev="${COMP_WORDS[COMP_CWORD-1]}" kind=""
    case "$prev" in
        --profile|use|remove) [[ "$prev" == --profile || " ${COMP_WORDS[*]} " == *" profile "* ]] && kind=profiles ;;
        --project) kind=projects ;;
        --verify) kind=models ;;
    esac
    if [[ -z "$kind" && "$cur" != -* ]]; then
        case " ${COMP_WORDS[*]} " in
            *" models test "*|*" models show "*|*" models restart "*|*" models stop "*) kind=models ;;
            *" collaborators list "*|*" collaborators add "*|*" collaborators remove "*) kind=projects ;;
        esac
    fi
    if [[ -n "$kind" ]]; then
        COMPREPLY=($(compgen -W "$(keybench complete-names "$kind" 2>/dev/null)" -- "$cur"))
        return 0
    fi
    _keybench "$@"
}
complete -F _keybench_names -o nosort -o bashdefault -o default keybench
"#;

const ZSH: &str = r#"
_keybench_names() {
    local kind=""
    case "${words[CURRENT-1]}" in
        --profile) kind=profiles ;;
        --project) kind=projects ;;
        --verify) kind=models ;;
    esac
    if [[ -z "$kind" && "${words[CURRENT]}" != -* ]]; then
        case " ${words[*]} " in
            *" profile use "*|*" profile remove "*) kind=profiles ;;
            *" models test "*|*" models show "*|*" models restart "*|*" models stop "*) kind=models ;;
            *" collaborators list "*|*" collaborators add "*|*" collaborators remove "*) kind=projects ;;
        esac
    fi
    if [[ -n "$kind" ]]; then
        compadd -- ${(f)"$(keybench complete-names "$kind" 2>/dev/null)"}
        return 0
    fi
    _keybench "$@"
}
compdef _keybench_names keybench
"#;

const FISH: &str = r#"
complete -c keybench -l profile -x -a '(keybench complete-names profiles 2>/dev/null)'
complete -c keybench -l project -x -a '(keybench complete-names projects 2>/dev/null)'
complete -c keybench -l verify -x -a '(keybench complete-names models 2>/dev/null)'
complete -c keybench -n '__fish_seen_subcommand_from profile; and __fish_seen_subcommand_from use remove' -f -a '(keybench complete-names profiles 2>/dev/null)'
complete -c keybench -n '__fish_seen_subcommand_from models; and __fish_seen_subcommand_from test show restart stop' -f -a '(keybench complete-names models 2>/dev/null)'
complete -c keybench -n '__fish_seen_subcommand_from collaborators; and __fish_seen_subcommand_from list add remove' -f -a '(keybench complete-names projects 2>/dev/null)'
"#;
