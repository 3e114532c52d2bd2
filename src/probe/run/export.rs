//! A run as a file: JSON for programs, CSV for tables.
//!
//! JSON is the serialised [`Summary`] (`"schema": "keybench.run/1"`); times are in milliseconds or
//! seconds as the names say, `started` is RFC 3339 UTC. It can be read back for comparisons.
//!
//! CSV has one figure per line under the header `scope,name,figure,value`:
//!
//! | scope | name | figures |
//! |---|---|---|
//! | `run` | | `total`, `ok`, `errors`, `busy`, `rps`, `p50_ms`, …, `service_p50_ms`, … |
//! | `replica` | replica ID | `requests`, `share`, `errors`, `p50_ms`, `p99_ms` |
//! | `status` | HTTP status | `requests`, `p50_ms`, `p99_ms` |
//! | `failure` | kind | `requests` |
//! | `time` | begin in seconds | `width_s`, `requests`, `errors`, `busy`, `rps`, `p50_ms`, `p99_ms`, `max_ms` |

use std::io::{self, Write};

use super::super::failure::CallError;
use super::summary::{SCHEMA, Summary};

/// Writes the documented JSON.
pub fn write_json(summary: &Summary, mut to: impl Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut to, summary)?;
    writeln!(to)
}

/// Reads what [`write_json`] wrote.
///
/// # Errors
/// [`CallError::Invalid`] if it is something else.
pub fn read_json(bytes: &[u8]) -> Result<Summary, CallError> {
    let hint = "give a file that was written with --export FILE.json";
    let summary: Summary = serde_json::from_slice(bytes)
        .map_err(|error| CallError::invalid(format!("this is not an exported run: {error}"), hint))?;
    if summary.schema != SCHEMA {
        return Err(CallError::invalid("this run was exported by another version", hint));
    }
    Ok(summary)
}

/// Writes the documented CSV.
pub fn write_csv(summary: &Summary, mut to: impl Write) -> io::Result<()> {
    writeln!(to, "scope,name,figure,value")?;
    let mut line = |scope: &str, name: &str, figure: &str, value: f64| {
        writeln!(to, "{scope},{},{figure},{value}", quoted(name))
    };
    for (figure, value) in [
        ("total", summary.total),
        ("ok", summary.ok),
        ("errors", summary.errors),
        ("busy", summary.busy),
        ("abandoned", summary.abandoned),
        ("missed", summary.missed),
        ("bytes", summary.bytes),
        ("connections", summary.connections),
        ("reconnects", summary.reconnects),
    ] {
        line("run", "", figure, value as f64)?;
    }
    line("run", "", "elapsed_s", summary.elapsed_s)?;
    line("run", "", "rps", summary.rps)?;
    for (prefix, latency) in
        [("", &summary.latency), ("service_", &summary.service), ("connect_", &summary.connect)]
    {
        for (name, value) in latency.iter() {
            line("run", "", &format!("{prefix}{}_ms", name.replace('.', "")), value)?;
        }
    }
    for (name, replica) in &summary.replicas {
        line("replica", name, "requests", replica.requests as f64)?;
        line("replica", name, "share", replica.share)?;
        line("replica", name, "errors", replica.errors as f64)?;
        line("replica", name, "p50_ms", replica.p50_ms)?;
        line("replica", name, "p99_ms", replica.p99_ms)?;
    }
    for (status, share) in &summary.by_status {
        let name = status.to_string();
        line("status", &name, "requests", share.requests as f64)?;
        line("status", &name, "p50_ms", share.p50_ms)?;
        line("status", &name, "p99_ms", share.p99_ms)?;
    }
    for (kind, requests) in &summary.failures {
        line("failure", kind, "requests", *requests as f64)?;
    }
    for point in &summary.series {
        let name = point.at_s.to_string();
        line("time", &name, "width_s", point.width_s)?;
        line("time", &name, "requests", point.requests as f64)?;
        line("time", &name, "errors", point.errors as f64)?;
        line("time", &name, "busy", point.busy as f64)?;
        line("time", &name, "rps", point.rps())?;
        line("time", &name, "p50_ms", point.p50_ms)?;
        line("time", &name, "p99_ms", point.p99_ms)?;
        line("time", &name, "max_ms", point.max_ms)?;
    }
    Ok(())
}

/// One CSV field. A name that a spreadsheet would take for a formula is quoted as text.
fn quoted(text: &str) -> String {
    let safe = match text.starts_with(['=', '+', '-', '@']) {
        true => format!("'{text}"),
        false => text.to_owned(),
    };
    match safe.contains([',', '"', '\n', '\r']) {
        true => format!("\"{}\"", safe.replace('"', "\"\"")),
        false => safe,
    }
}

#[cfg(test)]
mod tests {
    use super::super::plan::Plan;
    use super::super::summary::ReplicaSummary;
    use super::*;

    fn summary() -> Summary {
        let mut summary = Summary::new(&Plan { count: Some(3), ..Plan::default() });
        (summary.total, summary.ok, summary.errors) = (3, 2, 1);
        summary.latency.p50_ms = 1.5;
        summary.statuses.insert(200, 3);
        let replica = ReplicaSummary { requests: 3, share: 1.0, errors: 1, p50_ms: 1.5, p99_ms: 2.5 };
        summary.replicas.insert("=a,\"b\"".to_owned(), replica);
        summary
    }

    #[test]
    fn an_exported_run_can_be_read_back() {
        let mut bytes = Vec::new();
        write_json(&summary(), &mut bytes).unwrap();
        assert_eq!(read_json(&bytes).unwrap(), summary());
        let value: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
        for name in ["total", "ok", "errors", "rps", "p50_ms", "p99_ms", "max_ms", "replicas", "statuses"] {
            assert!(value.get(name).is_some(), "{name} stands at the top level");
        }
        assert_eq!(value["statuses"]["200"], 3);
        assert!(read_json(b"{}").is_err());
    }

    #[test]
    fn csv_has_one_figure_a_line() {
        let mut bytes = Vec::new();
        write_csv(&summary(), &mut bytes).unwrap();
        let text = String::from_utf8(bytes).unwrap();
        assert!(text.starts_with("scope,name,figure,value\nrun,,total,3\n"), "{text}");
        assert!(text.contains("\nrun,,p999_ms,0\n"), "{text}");
        assert!(text.contains("\nreplica,\"'=a,\"\"b\"\"\",requests,3\n"), "{text}");
    }
}
