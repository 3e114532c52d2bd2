//! Runs the run engine against any server and prints one line of JSON, for comparison with other
//! load tools:
//!
//! ```text
//! cargo run --release --example run_engine -- http://127.0.0.1:18082/model -c 64 --secs 4 \
//!     --body body.json --token 'Bearer …'
//! ```
//!
//! The body is sent as the `request` of a model call. `--once` sends one request and ends;
//! `--watch` prints progress and resident memory every second on standard error.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use clap::Parser;
use keybench::probe::{self, ModelCallTarget, ModelRequest, Transport, TransportOptions, run};
use keybench::secret::ApiKey;

#[derive(Parser)]
struct Arguments {
    /// URL of the model service
    url: String,
    /// Requests in flight
    #[arg(short, default_value_t = 8)]
    concurrency: u32,
    /// Length of the run in seconds
    #[arg(long, default_value_t = 4.0)]
    secs: f64,
    /// Number of requests
    #[arg(short)]
    n: Option<u64>,
    /// Requests per second
    #[arg(long)]
    rate: Option<f64>,
    /// File with the request
    #[arg(long)]
    body: Option<PathBuf>,
    /// Value of the Authorization header
    #[arg(long)]
    token: Option<String>,
    #[arg(long, default_value = "m-bench")]
    access_key: String,
    #[arg(long)]
    once: bool,
    #[arg(long)]
    watch: bool,
    /// Print the whole summary
    #[arg(long)]
    full: bool,
}

#[tokio::main(flavor = "current_thread")]
#[allow(clippy::print_stdout)] // its result
async fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let _ = rustls::crypto::ring::default_provider().install_default();
    let transport = Transport::new(TransportOptions::default())?;
    let target = ModelCallTarget { url: arguments.url, access_key: arguments.access_key };
    let key =
        arguments.token.map(|value| ApiKey::from_workbench(value.trim_start_matches("Bearer ").to_owned()));
    let body = match arguments.body {
        Some(path) => std::fs::read_to_string(&path).with_context(|| path.display().to_string())?,
        None => "{}".to_owned(),
    };
    let request = ModelRequest::parse(&body)?;

    if arguments.once {
        let result = probe::call(&transport, &target, key.as_ref(), &request).await;
        let status = result.outcome.map(|answer| answer.status).map_err(|error| anyhow!(error))?;
        println!("{{\"status\":{status},\"ms\":{:.3}}}", result.total.as_secs_f64() * 1e3);
        return Ok(());
    }

    let plan = run::Plan {
        concurrency: Some(arguments.concurrency),
        duration: Some(Duration::from_secs_f64(arguments.secs)),
        count: arguments.n,
        rate: arguments.rate,
        unbounded: true,
        ..run::Plan::default()
    };
    let run = run::start(plan, &transport, &target, key.as_ref(), &request)?;
    if arguments.watch {
        let mut progress = run.progress();
        tokio::spawn(async move {
            let mut next = 1.0;
            while progress.changed().await.is_ok() {
                let now = progress.borrow_and_update().clone();
                if now.elapsed_s >= next {
                    next += 1.0;
                    eprintln!(
                        "{:6.1} s {:9} requests {:8.0}/s p99 {:.3} ms rss {} kB",
                        now.elapsed_s,
                        now.total,
                        now.rps,
                        now.latency.p99_ms,
                        resident()
                    );
                }
            }
        });
    }
    let summary = run.finished().await;
    let mut value = serde_json::to_value(&*summary)?;
    if let Some(members) = value.as_object_mut().filter(|_| !arguments.full) {
        members.retain(|name, _| !matches!(name.as_str(), "series" | "histogram" | "plan"));
    }
    println!("{value}");
    Ok(())
}

/// Resident memory of this process in kB, if the system reports it.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or_default();
    line.split_whitespace().next().and_then(|kb| kb.parse().ok()).unwrap_or_default()
}
