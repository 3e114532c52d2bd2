//! `fleet metrics`.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use serde_json::json;

use super::{FleetArgs, TermsArgs, worst};
use crate::actions::fleet::look::{Options, look};
use crate::actions::fleet::metrics;
use crate::actions::{clock, rotation};
use crate::cli::context::Context;
use crate::cli::error::{Exit, Failure};

#[derive(Debug, Clone, Args)]
#[command(after_help = "Example:
  keybench fleet metrics -f fleet.toml --textfile /var/lib/node_exporter/keybench.prom

Looks at the services as `fleet plan` does, and writes OpenMetrics text with absolute times: for each
service when its key expires and is due, whether it is safe, and how the last `fleet apply` ended. The
file is replaced as a whole. Without --textfile, or with -, the text goes to standard output.

Ends with 0 once the figures of all services are written, safe or not; with 8 if the clocks differ by
more than --clock-difference: the figures are written, and no service is safe by them.")]
pub struct MetricsArgs {
    #[command(flatten)]
    pub fleet: FleetArgs,
    #[command(flatten)]
    pub terms: TermsArgs,
    /// The file to write
    #[arg(long, value_name = "FILE")]
    pub textfile: Option<PathBuf>,
}

pub async fn run(context: &Context, args: MetricsArgs) -> Result<Exit, Failure> {
    let manifest = args.fleet.manifest(context)?;
    let session = context.session()?;
    let options = args.fleet.options(context, &args.terms);
    // Nothing is changed here, and how far the clocks differ is one of the figures.
    let tolerant = Options { clock_difference: Duration::MAX, ..options };
    let looked = look(&session, &manifest, tolerant, context).await?;
    let own = context.user(&session, None).await?;
    let clock = session.client.clock();
    let clocks = clock::check(clock, options.clock_difference);
    let figures = metrics::figures(&session, &manifest, &looked, &own, clocks.is_ok())?;
    let text = metrics::text(&figures, clock.difference().as_secs_f64(), clock.now());
    match &args.textfile {
        Some(file) if file.as_os_str() != "-" => {
            metrics::write(file, &text)?;
            if context.out.json {
                context.out.document(&json!({ "textfile": file }))?;
            }
        }
        _ if context.out.json => context.out.document(&json!({ "metrics": text }))?,
        _ => context.out.lines(&text.lines().map(str::to_owned).collect::<Vec<_>>())?,
    }
    let clocks = clocks.map_err(rotation::Error::from).map_err(Failure::from);
    let failures = looked.into_iter().filter_map(|(service, plan)| {
        let failure = Failure::from(plan.err()?);
        Some(Failure { message: format!("{}: {}", service.name, failure.message), ..failure })
    });
    worst(failures.chain(clocks.err()).collect()).map_or(Ok(Exit::Done), Err)
}
