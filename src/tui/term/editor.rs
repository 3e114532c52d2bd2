//! The user's own editor on a text: `$VISUAL`, `$EDITOR`, else `vi`.

use std::io::{self, Write as _};
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Child, Command, ExitStatus};

use rustix::process::{Pid, Signal, WaitOptions, kill_current_process_group, waitpid};

use super::terminal::could_be_continued;
use crate::bounded;

/// Opens `text` in the user's editor and waits for its end. Returns the text as it was left there.
///
/// # Errors
/// A sentence that says why there is no text, and what to do.
pub fn edit(text: &str) -> Result<String, String> {
    let editor = named(|name| std::env::var(name).ok());
    let failed = |error: std::io::Error| format!("the request cannot be handed to an editor: {error}");
    // Only its owner can read it, and it is gone with this function.
    let mut file = tempfile::Builder::new().prefix("request-").suffix(".json").tempfile().map_err(failed)?;
    writeln!(file, "{text}").and_then(|()| file.flush()).map_err(failed)?;
    // A shell, as the variable may hold arguments: `code --wait`.
    let mut command = Command::new("/bin/sh");
    command.args(["-c", &format!("{editor} \"$1\""), "sh"]).arg(file.path());
    match command.spawn().and_then(|child| wait(&child)) {
        Ok(status) if status.success() => {}
        Ok(status) => return Err(format!("{editor} ended with {status}; set EDITOR to another one")),
        Err(error) => return Err(format!("{editor} cannot be started: {error}")),
    }
    // By its name: editors replace a file rather than write into it.
    bounded::read_to_string(file.path()).map_err(|error| format!("the request cannot be read back: {error}"))
}

/// Waits for the end of an editor. If it stops, as by Ctrl-Z, this program stops with it until `fg`: the
/// shell would wait for both of them for ever.
fn wait(child: &Child) -> io::Result<ExitStatus> {
    loop {
        let status = match waitpid(Some(Pid::from_child(child)), WaitOptions::UNTRACED) {
            Ok(Some((_, status))) => status,
            Ok(None) | Err(rustix::io::Errno::INTR) => continue,
            Err(error) => return Err(error.into()),
        };
        if !status.stopped() {
            return Ok(ExitStatus::from_raw(status.as_raw()));
        }
        // Where no shell could continue them, the editor goes on at once.
        let signal = if could_be_continued() { Signal::STOP } else { Signal::CONT };
        kill_current_process_group(signal)?;
    }
}

fn named(env: impl Fn(&str) -> Option<String>) -> String {
    let set = ["VISUAL", "EDITOR"].into_iter().filter_map(env).find(|value| !value.trim().is_empty());
    set.unwrap_or_else(|| "vi".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn visual_comes_before_editor_and_an_empty_one_counts_as_none() {
        let of = |visual: &str, editor: &str| {
            named(|name| Some(if name == "VISUAL" { visual } else { editor }.to_owned()))
        };
        assert_eq!(of("code --wait", "nano"), "code --wait");
        assert_eq!(of(" ", "nano"), "nano");
        assert_eq!(named(|_| None), "vi");
    }
}
