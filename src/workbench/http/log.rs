//! Request IDs, and the access log: one line per request, with IDs and without secrets.

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, Method, Uri};
use axum::middleware::Next;
use axum::response::Response;

use crate::workbench::clock::Clock;

/// Worth printing in errors (OBSERVED, cai-mcp).
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// IDs and names are shorter; a longer path segment is not logged, since it may be a key.
const LONGEST_SEGMENT: usize = 80;

/// The caller, for the access log.
#[derive(Debug, Clone)]
pub struct CallerName(pub String);

/// Numbers the requests, and logs them if enabled.
#[derive(Debug)]
pub struct AccessLog {
    /// Distinguishes the runs of a server.
    run: String,
    count: AtomicU64,
    lines: bool,
    clock: Clock,
}

impl AccessLog {
    pub fn new(run: String, lines: bool, clock: Clock) -> Self {
        Self { run, count: AtomicU64::new(0), lines, clock }
    }

    /// Whether the caller's name is needed.
    pub fn writes_lines(&self) -> bool {
        self.lines
    }

    /// Numbers a request.
    pub fn enter(&self, method: &Method, uri: &Uri) -> Visit {
        // CONNECT names a host, and no path.
        let host = || uri.authority().map_or("", |authority| authority.as_str());
        let target = if uri.path().is_empty() { host() } else { uri.path() };
        let asked = self.lines.then(|| (Instant::now(), method.clone(), printable(target)));
        Visit { id: self.next_id(), asked }
    }

    /// The ID of the next request.
    pub fn next_id(&self) -> String {
        format!("{}-{}", self.run, self.count.fetch_add(1, Ordering::Relaxed))
    }
}

/// A request that is being answered.
pub struct Visit {
    id: String,
    /// What a line needs, where lines are written.
    asked: Option<(Instant, Method, String)>,
}

impl Visit {
    /// Adds the ID to the answer, and logs the request.
    pub fn leave(self, log: &AccessLog, response: &mut Response) {
        let Self { id, asked } = self;
        if let Some((started, method, path)) = asked {
            let caller = response.extensions().get::<CallerName>().map_or("-", |CallerName(name)| name);
            let line = format!(
                "{} {id} {method} {path} {} {:.1} ms {}\n",
                log.clock.now().strftime("%Y-%m-%dT%H:%M:%S%.3fZ"),
                response.status().as_u16(),
                started.elapsed().as_secs_f64() * 1e3,
                crate::text::clean(caller),
            );
            // Nothing can be done about a closed standard error.
            let _ = std::io::stderr().lock().write_all(line.as_bytes());
        }
        if let Ok(id) = HeaderValue::try_from(id) {
            response.headers_mut().insert(REQUEST_ID, id);
        }
    }
}

/// The layer: adds an ID to every answer and logs every request.
pub async fn request_ids(State(log): State<Arc<AccessLog>>, request: Request, next: Next) -> Response {
    let visit = log.enter(request.method(), request.uri());
    let mut response = next.run(request).await;
    visit.leave(&log, &mut response);
    response
}

/// The path without its query, which may hold an access key, and without segments that may be keys.
fn printable(path: &str) -> String {
    let segments = path.split('/').map(|segment| if segment.len() > LONGEST_SEGMENT { "…" } else { segment });
    crate::text::clean(&segments.collect::<Vec<_>>().join("/")).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_in_a_path_is_not_written() {
        let key = format!("{}.{}", "0a".repeat(32), "9f".repeat(32));
        assert_eq!(printable(&format!("/api/v2/users/x/v2_keys/{key}")), "/api/v2/users/x/v2_keys/…");
    }
}
