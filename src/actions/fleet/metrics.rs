//! Figures of a fleet as OpenMetrics text, with absolute times: an alert compares them with its own
//! clock, and they stay true while nothing runs.

use std::fmt::Write as _;
use std::path::Path;

use jiff::Timestamp;

use super::held::{Held, State};
use super::{Error, Manifest, Service, ServicePlan};
use crate::config::Session;
use crate::config::replace::{Access, Replacement};

/// One service.
#[derive(Debug)]
pub struct Figures {
    pub name: String,
    pub username: String,
    /// `None`: it could not be planned.
    pub plan: Option<ServicePlan>,
    /// While clocks differ, an apply would do nothing, and no service is safe.
    pub clocks_agree: bool,
    pub state: State,
}

/// The figures of what was looked at.
///
/// # Errors
/// What is kept of a service cannot be read.
pub fn figures(
    session: &Session,
    manifest: &Manifest,
    looked: &[(Service, Result<ServicePlan, Error>)],
    own: &str,
    clocks_agree: bool,
) -> Result<Vec<Figures>, Error> {
    let one = |(service, plan): &(Service, Result<ServicePlan, Error>)| {
        let username = service.user.clone().unwrap_or_else(|| own.to_owned());
        let state = Held::of(session, &username, service, &manifest.file)?.state;
        let plan = plan.as_ref().ok().cloned();
        Ok(Figures { name: service.name.clone(), username, plan, clocks_agree, state })
    };
    looked.iter().map(one).collect()
}

/// A family: its name, help, unit, and the value of each service that has one.
type Family = (&'static str, &'static str, bool, fn(&Figures) -> Option<f64>);

const FAMILIES: [Family; 5] = [
    ("keybench_key_expiry_timestamp_seconds", "When the delivered key expires.", true, |one| {
        seconds(one.plan.as_ref()?.expiry)
    }),
    ("keybench_key_rotation_due_timestamp_seconds", "When the next key is due.", true, |one| {
        seconds(one.plan.as_ref()?.due)
    }),
    (
        "keybench_service_safe",
        "1 if the service is safe for the time that was asked about, without drift.",
        false,
        |one| {
            let safe = one.plan.as_ref().is_some_and(|plan| plan.safe && plan.drift.is_empty());
            let safe = safe && one.clocks_agree;
            Some(f64::from(u8::from(safe)))
        },
    ),
    (
        "keybench_apply_last_success_timestamp_seconds",
        "When the last apply of the service without a failure ended.",
        true,
        |one| seconds(one.state.last_success),
    ),
    ("keybench_apply_last_exit_code", "The exit code of the last apply of the service.", false, |one| {
        Some(f64::from(one.state.last_exit))
    }),
];

fn seconds(time: Option<Timestamp>) -> Option<f64> {
    time.map(|time| time.as_second() as f64)
}

/// OpenMetrics text. `clock`: seconds that the workbench's clock is ahead of this machine's.
pub fn text(figures: &[Figures], clock: f64, now: Timestamp) -> String {
    let mut text = String::new();
    for (name, help, is_time, value) in FAMILIES {
        head(&mut text, name, help, is_time);
        for one in figures {
            if let Some(value) = value(one) {
                let (service, user) = (label(&one.name), label(&one.username));
                let _ = writeln!(text, "{name}{{service=\"{service}\",user=\"{user}\"}} {value}");
            }
        }
    }
    head(&mut text, "keybench_clock_difference_seconds", "How far the workbench's clock is ahead.", true);
    let _ = writeln!(text, "keybench_clock_difference_seconds {clock}");
    head(&mut text, "keybench_plan_timestamp_seconds", "When these figures were read.", true);
    let _ = writeln!(text, "keybench_plan_timestamp_seconds {}", now.as_second());
    text.push_str("# EOF\n");
    text
}

fn head(text: &mut String, name: &str, help: &str, is_seconds: bool) {
    let _ = writeln!(text, "# TYPE {name} gauge");
    if is_seconds {
        let _ = writeln!(text, "# UNIT {name} seconds");
    }
    let _ = writeln!(text, "# HELP {name} {help}");
}

/// A value between quotation marks.
fn label(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

/// Writes the figures to a file that a collector reads: it sees the old ones or the new ones.
///
/// # Errors
/// The file cannot be written.
pub fn write(file: &Path, text: &str) -> Result<(), Error> {
    let access = Access { mode: Some(0o644), ..Access::default() };
    Replacement::of(file)
        .with(access)
        .write(text.as_bytes())
        .map_err(|error| Error::Figures { file: file.to_owned(), error })
}
