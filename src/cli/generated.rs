//! `completions` and `man`: made from the definition of the command line.

use std::io::{self, Write};

use clap::CommandFactory as _;
use clap_complete::Shell;
use clap_mangen::Man;

use super::args::Cli;
use super::error::{Exit, Failure};

pub fn completions(shell: Shell) -> Result<Exit, Failure> {
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "keybench", &mut text);
    text.extend(super::names::script(shell).bytes());
    print(&text)
}

/// The page of the whole program: its own, then one section a command.
pub fn man() -> Result<Exit, Failure> {
    let mut root = Cli::command();
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
    match out.write_all(text).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::new(Exit::Bug, "output", format!("the result cannot be written: {error}")))
        }
        _ => Ok(Exit::Done),
    }
}
