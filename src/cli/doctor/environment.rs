//! Files and their permissions, where each value comes from, the terminal.

use std::io::IsTerminal as _;

use super::Check;
use crate::cli::context::Context;
use crate::config::paths::look_env;
use crate::config::{Error, Resolved, Source, private_file};

pub fn files(context: &Context) -> Vec<Check> {
    let store = match context.store() {
        Ok(store) => store,
        Err(error) => {
            let hint = error.hint().unwrap_or_default();
            return vec![Check::warn("configuration", error.to_string(), hint)];
        }
    };
    let mut checks = Vec::new();
    let loaded = store.load();
    let shown = store.dir().display();
    // Who may read and write what is a check of its own.
    let about_modes = |problem: &Error| matches!(problem, Error::Exposed { .. } | Error::Changeable { .. });
    let problem = loaded.problems.into_iter().find(|problem| !about_modes(problem));
    checks.push(match problem {
        Some(error) => Check::fail("configuration", error),
        None if !store.dir().exists() => Check::skip("configuration", format!("{shown} does not exist yet")),
        None => {
            let count = loaded.profiles.profiles.len();
            Check::ok(
                "configuration",
                format!("{shown}, {}", crate::text::count(count, "profile", "profiles")),
            )
        }
    });
    let exposed = [store.dir().to_owned(), store.credentials_file()]
        .iter()
        .find_map(|path| private_file::check(path).err())
        .or_else(|| private_file::check_unchangeable(&store.profiles_file()).err());
    checks.push(match exposed {
        Some(error) => Check::fail("permissions", error),
        None if !store.credentials_file().exists() => Check::skip("permissions", "no key is stored"),
        None => Check::ok("permissions", "only you can read the stored keys"),
    });
    checks
}

/// Each value with where it comes from. Keys by their last four characters only.
/// `no_key`: why there is none.
pub fn values(resolved: &Resolved, no_key: Option<Error>) -> Vec<Check> {
    let mut checks = Vec::new();
    let profile = resolved.profile.as_ref().map_or("none", |(name, _)| name.as_str());
    checks.push(Check::ok("profile", profile));
    checks.push(Check::ok("workbench", format!("{} ({})", resolved.url.value, resolved.url.source)));
    checks.push(match (&resolved.key, no_key) {
        (Some(key), _) => Check::ok("key", format!("{} ({})", key.value.masked(), key.source)),
        (None, Some(problem)) => Check::fail("key", problem),
        (None, None) => Check::fail("key", Error::NoKey { url: resolved.url.value.clone() }),
    });
    if let Some(url) = &resolved.model_url {
        checks.push(Check::ok("model URL", format!("{} ({})", url.value, url.source)));
    }
    if let Some(file) = &resolved.ca_cert {
        checks.push(Check::ok("certificates", format!("{} ({})", file.value.display(), file.source)));
    } else if std::env::var_os("SSL_CERT_FILE").is_some() {
        let file = look_env("SSL_CERT_FILE").unwrap_or_default();
        checks.push(match crate::api::check_system_file() {
            Ok(()) => Check::ok("certificates", format!("{file} (SSL_CERT_FILE)")),
            // Without TLS nothing reads it.
            Err(error) if resolved.url.value.starts_with("http://") => {
                Check::warn("certificates", error.to_string(), error.hint().unwrap_or_default())
            }
            Err(error) => Check::fail("certificates", error),
        });
    }
    if resolved.insecure {
        let hint = "give the certificate authority with --ca-cert instead";
        checks.push(Check::warn("insecure", "certificates are not checked", hint));
    }
    if resolved.inside_workbench {
        let own = matches!(&resolved.key, Some(key) if matches!(key.source, Source::Workbench(_)));
        let key = if own { ", its own key is used" } else { "" };
        checks.push(Check::ok("session", format!("inside a workbench session{key}; no key is stored here")));
    }
    checks
}

/// What the interface will find.
pub fn terminal() -> Check {
    if !std::io::stdout().is_terminal() {
        return Check::skip("terminal", "standard output is not a terminal");
    }
    let (columns, rows) =
        rustix::termios::tcgetwinsize(std::io::stdout()).map_or((0, 0), |size| (size.ws_col, size.ws_row));
    let term = look_env("TERM").unwrap_or_else(|| "unknown".to_owned());
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(look_env).unwrap_or_default();
    let utf8 = locale.to_lowercase().replace('-', "").contains("utf8");
    let colours = match (look_env("NO_COLOR"), look_env("COLORTERM")) {
        (Some(_), _) => "no colours (NO_COLOR)",
        (None, Some(_)) => "many colours",
        (None, None) => "16 colours",
    };
    let multiplexer = match (look_env("TMUX"), look_env("STY")) {
        (Some(_), _) => ", in tmux (the clipboard needs `set -g set-clipboard on`)",
        (None, Some(_)) => ", in screen",
        (None, None) => "",
    };
    let clipboard = if ["linux", "dumb", "vt100"].contains(&term.as_str()) { "unlikely" } else { "likely" };
    let detail = format!("{columns}×{rows}, {term}, {colours}, clipboard by OSC 52 {clipboard}{multiplexer}");
    if term == "dumb" {
        return Check::warn("terminal", detail, "set TERM to what the terminal is");
    }
    if columns < 60 || rows < 16 {
        return Check::warn("terminal", detail, "the interface needs 60×16");
    }
    if !utf8 {
        return Check::warn(
            "terminal",
            format!("{detail}, no UTF-8"),
            "set LANG to a UTF-8 locale, or `ascii = true` in config.toml",
        );
    }
    Check::ok("terminal", format!("{detail}, UTF-8"))
}
