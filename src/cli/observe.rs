//! `observe`: learns from a real workbench while a program uses it.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::context::Context;
use super::error::{Exit, Failure};
use super::interrupts::Interrupts;
use super::values;
use crate::actions::observe::{Finding, Observer, Verdict};
use crate::config::replace::Replacement;

#[derive(Debug, Clone, Args)]
#[command(after_help = "Examples:
  keybench observe --through 127.0.0.1:8643 --output seen.toml
  keybench serve --data /tmp/kb --seed demo --behaviour seen.toml

A program that uses http://127.0.0.1:8643 as its workbench reaches the one of the profile, with its own
key. Statuses, known texts, and forms of dates and ids are noted; bodies of models never.
Ends with 0 once the file is written.")]
pub struct ObserveArgs {
    /// Where to listen, on the loopback; port 0 takes a free one
    #[arg(long, value_name = "ADDR:PORT", value_parser = values::listen)]
    pub through: std::net::SocketAddr,
    /// The behaviour file to write; only you can read it
    #[arg(long, value_name = "FILE")]
    pub output: PathBuf,
}

pub async fn run(context: &Context, args: ObserveArgs, mut interrupts: Interrupts) -> Result<Exit, Failure> {
    let client = context.session()?.client;
    if args.output.exists() {
        return Err(
            Failure::invalid(format!("{} is there already", args.output.display())).hint("name another file")
        );
    }
    let workbench = client.url().to_owned();
    let observer =
        Observer::listen(client, args.through).await.map_err(|error| Failure::invalid(error.to_string()))?;
    context.out.note(&format!(
        "{} passes everything on to {workbench}; let a program use it, and end with Ctrl-C",
        observer.url()
    ));
    let seen = observer.run(async move { interrupts.next().await }).await;
    let written = Replacement::of(&args.output).private().write_new(seen.behaviour_file().as_bytes());
    written.map_err(|error| {
        Failure::new(
            Exit::Unwritten,
            "output",
            format!("{} cannot be written: {error}", args.output.display()),
        )
    })?;
    let findings = seen.findings();
    if context.out.json {
        let document = json!({"file": args.output, "requests": seen.requests, "findings": findings});
        context.out.document(&document)?;
    } else {
        let mut list = context.out.list(&["CHOICE", "VERDICT", "EXPECTED", "SEEN", "TIMES"]);
        let rows: Vec<_> = findings.iter().map(|finding| (finding, cells(finding))).collect();
        list.page(&rows)?;
        list.end()?;
    }
    Ok(Exit::Done)
}

fn cells(finding: &Finding) -> Vec<String> {
    let verdict = match finding.verdict {
        Verdict::Confirmed => "confirmed",
        Verdict::Contradicted => "contradicted",
    };
    let Finding { choice, expected, seen, times, .. } = finding;
    vec![choice.clone(), verdict.to_owned(), expected.clone(), seen.clone(), times.to_string()]
}
