//! `completions` and `man`: made from the definition of the command line.

use std::io::{self, Write};

use clap_complete::Shell;
use clap_mangen::Man;

use super::command_line::Cli;
use super::error::{Exit, Failure};
use super::output::printed;

pub fn completions(shell: Shell) -> Result<Exit, Failure> {
    print(script(shell).as_bytes())
}

/// What clap generates, with the names of profiles, projects, models and keys on top where the shell's
/// language is known here.
fn script(shell: Shell) -> String {
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut Cli::definition(), "keybench", &mut text);
    let mut text = String::from_utf8_lossy(&text).into_owned();
    match shell {
        Shell::Bash => text.push_str(BASH),
        Shell::Fish => text.push_str(FISH),
        Shell::Zsh => {
            // In place of the end, which runs or registers the function without names.
            text.truncate(text.rfind("\nif [ \"$funcstack[1]\"").unwrap_or(text.len()));
            text.push_str(ZSH);
        }
        _ => {}
    }
    text
}

const BASH: &str = r#"
_keybench_names() {
    local name about quoted typed="${COMP_WORDS[COMP_CWORD]}"
    local -a names=() shown=()
    while IFS=$'\t' read -r name about; do
        if [[ "$name" == "$typed"* ]]; then
            printf -v quoted '%q' "$name"
            names+=("$quoted")
            shown+=("$quoted${about:+  ($about)}")
        fi
    done < <(keybench complete-names -- "${COMP_WORDS[@]:0:COMP_CWORD+1}" 2>/dev/null)
    if [[ ${#names[@]} -gt 0 ]]; then
        # What a name stands for is shown where several are listed, and never typed.
        case "${#names[@]},${COMP_TYPE:-9}" in
            1,* | *,9 | *,37) COMPREPLY=("${names[@]}") ;;
            *) COMPREPLY=("${shown[@]}") ;;
        esac
        return 0
    fi
    _keybench "$@"
    # Options have a "-" in common, which would be typed where a name belongs.
    if [[ -z "$typed" && "${COMPREPLY[0]}" == -* ]]; then
        COMPREPLY=()
        compopt +o default +o bashdefault 2>/dev/null
    fi
}
if [[ "${BASH_VERSINFO[0]}" -eq 4 && "${BASH_VERSINFO[1]}" -ge 4 || "${BASH_VERSINFO[0]}" -gt 4 ]]; then
    complete -F _keybench_names -o nosort -o bashdefault -o default keybench
else
    complete -F _keybench_names -o bashdefault -o default keybench
fi
"#;

const ZSH: &str = r#"
_keybench_names() {
    local -a lines names shown
    lines=("${(@f)$(keybench complete-names -- "${(@Q)words[1,CURRENT]}" 2>/dev/null)}")
    if [[ -n "${lines[1]}" ]]; then
        names=("${(@)lines%%$'\t'*}")
        shown=("${(@)lines/$'\t'/  -- }")
        if [[ "${lines[*]}" == *$'\t'* ]]; then
            compadd -l -d shown -a names && return 0
        fi
        compadd -a names && return 0
    fi
    _keybench "$@"
}

if [ "$funcstack[1]" = "_keybench" ]; then
    _keybench_names "$@"
    compdef _keybench_names keybench
else
    compdef _keybench_names keybench
fi
"#;

const FISH: &str = r#"
function __keybench_names
    set -l typed (commandline -ct)
    keybench complete-names -- (commandline -opc) "$typed" 2>/dev/null
end
complete -c keybench -n 'set -l names (__keybench_names); test -n "$names[1]"' -f -a '(__keybench_names)'
complete -c keybench -l profile -x -a '(__keybench_names)'
complete -c keybench -l project -x -a '(__keybench_names)'
complete -c keybench -l verify -x -a '(__keybench_names)'
"#;

/// The page of the whole program: its own, then one section a command.
pub fn man() -> Result<Exit, Failure> {
    let mut root = Cli::definition();
    root.build();
    let mut text = Vec::new();
    let rendered = Man::new(root.clone()).render(&mut text).and_then(|()| sections(&root, &mut text));
    rendered.map_err(|error| Failure::new(Exit::Bug, "man", error.to_string()))?;
    print(&text)
}

fn sections(command: &clap::Command, text: &mut Vec<u8>) -> io::Result<()> {
    for sub in command.get_subcommands().filter(|sub| sub.get_name() != "help" && !sub.is_hide_set()) {
        if sub.has_subcommands() {
            sections(sub, text)?;
            continue;
        }
        let name = sub.get_display_name().unwrap_or(sub.get_name()).replace('-', " ");
        writeln!(text, ".SH {}", name.to_uppercase())?;
        let mut own = sub.clone().disable_help_flag(true);
        for global in [
            "profile",
            "url",
            "model_url",
            "json",
            "quiet",
            "no_color",
            "ca_cert",
            "insecure",
            "timeout",
            "read_only",
            "verbose",
            "log_file",
        ] {
            // The options of every command stand once, at the top.
            if own.get_arguments().any(|argument| argument.get_id() == global) {
                own = own.mut_arg(global, |argument| argument.hide(true));
            }
        }
        let page = Man::new(own);
        let mut part = Vec::new();
        page.render_description_section(&mut part)?;
        page.render_synopsis_section(&mut part)?;
        page.render_options_section(&mut part)?;
        page.render_extra_section(&mut part)?;
        let part = String::from_utf8_lossy(&part).replace(".SH ", ".SS ");
        text.extend(part.bytes());
    }
    Ok(())
}

fn print(text: &[u8]) -> Result<Exit, Failure> {
    let mut out = io::stdout().lock();
    printed(out.write_all(text).and_then(|()| out.flush()))?;
    Ok(Exit::Done)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_clap_registers_is_replaced_by_the_function_that_knows_names() {
        let zsh = script(Shell::Zsh);
        assert!(zsh.starts_with("#compdef keybench") && !zsh.contains("compdef _keybench keybench"));
        assert_eq!(zsh.matches("\nif [ \"$funcstack[1]\"").count(), 1);
        let bash = script(Shell::Bash);
        let last = bash.rfind("complete -F").unwrap();
        assert!(bash[last..].starts_with("complete -F _keybench_names"), "{}", &bash[last..]);
        assert!(script(Shell::Fish).contains("__keybench_names"));
        for shell in [Shell::Elvish, Shell::PowerShell] {
            assert!(script(shell).contains("rotate"), "{shell}");
        }
    }
}
