//! One ended call of a model, in a line and as a whole: for the Models tab and the test of a key.

use std::time::Duration;

use crate::diagnosis::{Action, Cause, Diagnosis};
use crate::probe::{CallResult, FailureKind};
use crate::text;
use crate::tui::requests::RequestId;

/// The part of a body that is kept once its result is no longer among the latest.
const OLD_BODY: usize = 64 * 1024;

/// A request of up to this many bytes is shown as it was sent.
const SHORT: usize = 70;

/// Above the headers of an answer.
pub const HEADERS: &str = "HEADERS";

/// How far the reason of a failure is known.
#[derive(Debug, Clone)]
pub enum Why {
    /// It did not fail.
    Nothing,
    /// It failed, and no diagnosis was made (the question was cancelled).
    Unknown,
    /// The workbench is being asked.
    Asking(RequestId),
    Known(Box<Diagnosis>),
}

/// A test that ended.
#[derive(Debug, Clone)]
pub struct TestResult {
    /// From 1, for each model.
    pub number: u32,
    /// The same as text.
    id: String,
    /// `••••9f0a outsider`, or `no key`.
    pub key: String,
    /// The request as it went over the wire, keys masked.
    pub sent: String,
    pub call: CallResult,
    pub why: Why,
    /// What the diagnosis offered has been done: to be tested again.
    pub mended: bool,
    /// The RESULT column: the response, or what went wrong.
    pub summary: String,
}

impl TestResult {
    pub fn new(number: u32, key: String, sent: String, call: CallResult) -> Self {
        let why = if call.failure().is_some() { Why::Unknown } else { Why::Nothing };
        let summary = call.in_a_line();
        Self { number, id: number.to_string(), key, sent, call, why, mended: false, summary }
    }

    /// What distinguishes it from the model's other results.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The HTTP status, or a dash and why there is none.
    pub fn code(&self) -> String {
        self.call.answer().map_or_else(|| "-".to_owned(), |answer| answer.status.to_string())
    }

    pub fn replica(&self) -> Option<&str> {
        self.call.answer()?.replica_id.as_deref()
    }

    pub fn size(&self) -> Option<u64> {
        self.call.answer().map(|answer| answer.size)
    }

    pub fn failure(&self) -> Option<FailureKind> {
        self.call.failure()
    }

    pub fn diagnosis(&self) -> Option<&Diagnosis> {
        match &self.why {
            Why::Known(diagnosis) => Some(diagnosis),
            Why::Nothing | Why::Unknown | Why::Asking(_) => None,
        }
    }

    /// Whether adding this user to this project is what the diagnosis offers.
    pub fn wants_collaborator(&self, project_id: &str, username: &str) -> bool {
        self.diagnosis().is_some_and(|diagnosis| {
            diagnosis.actions.iter().any(|action| {
                matches!(action, Action::AddCollaborator { project_id: project, username: user, .. }
                    if project == project_id && user == username)
            })
        })
    }

    /// Whether it failed because the model was not deployed. A function that failed is the same after a
    /// restart.
    pub fn wants_deployment(&self) -> bool {
        const CAUSES: [Cause; 5] = [
            Cause::Stopped,
            Cause::Deploying,
            Cause::DeploymentFailed,
            Cause::NotDeployed,
            Cause::BuildFailed,
        ];
        let answered = self.call.failure() == Some(FailureKind::ModelFailed);
        !answered && self.diagnosis().is_some_and(|diagnosis| CAUSES.contains(&diagnosis.cause))
    }

    pub fn forget_most_of_the_body(&mut self) {
        if let Ok(answer) = &mut self.call.outcome {
            answer.shorten(OLD_BODY);
        }
    }

    /// The result as a text: status, reason, phases, body, headers, request.
    pub fn whole(&self) -> String {
        let mut lines = self.head(usize::MAX);
        if self.call.answer().is_some() {
            lines.push(self.body_head());
            lines.extend(self.body_text().lines().map(|line| format!("  {line}")));
            lines.push(String::new());
        }
        lines.extend(self.tail());
        lines.join("\n") + "\n"
    }

    /// What stands above the body: status, reason, phases.
    pub fn head(&self, columns: usize) -> Vec<String> {
        let mut lines = vec![self.status_line()];
        if let Some(diagnosis) = self.diagnosis() {
            let mut say = |head: &str, words: &str| {
                for (at, line) in
                    text::wrap(&text::clean(words), columns.saturating_sub(9)).iter().enumerate()
                {
                    lines.push(format!("{:<9}{line}", if at == 0 { head } else { "" }));
                }
            };
            say("WHY", &diagnosis.sentence);
            if self.mended {
                say("FIX", "It has been fixed since: test again.");
            } else {
                diagnosis.remedy.iter().for_each(|remedy| say("FIX", remedy));
            }
            diagnosis.unverified.iter().for_each(|doubt| say("OPEN", doubt));
        }
        lines.push(String::new());
        let when = self.call.started.strftime("%Y-%m-%d %H:%M:%S UTC");
        lines.push(format!("TIMES    {} in all, sent {when}", text::latency(self.call.total)));
        lines.extend(phases(&self.call));
        lines.push(String::new());
        lines
    }

    /// The line above the body.
    pub fn body_head(&self) -> String {
        let Some(answer) = self.call.answer() else { return String::new() };
        let cut = if answer.truncated {
            format!(", the first {} of it", text::size(answer.body.len() as u64))
        } else {
            String::new()
        };
        format!("BODY     {}{cut}", text::size(answer.size))
    }

    /// What stands below the body, for which the result is opened: headers, request.
    pub fn tail(&self) -> Vec<String> {
        let mut lines = Vec::new();
        if let Some(answer) = self.call.answer() {
            lines.push(HEADERS.to_owned());
            lines.extend(
                answer.headers.iter().map(|(name, value)| format!("  {name}: {}", text::clean(value))),
            );
            lines.push(String::new());
        }
        lines.push(format!("REQUEST  {}, with {}", text::size(self.call.request_size as u64), self.key));
        lines.extend(text::clean_lines(&laid_out(&self.sent)).lines().map(|line| format!("  {line}")));
        lines
    }

    /// The body, formatted if it is JSON, cleaned for a terminal.
    pub fn body_text(&self) -> String {
        let Some(answer) = self.call.answer() else { return String::new() };
        let laid_out = answer.json().map(text::json::pretty);
        text::clean_lines(&laid_out.unwrap_or_else(|| String::from_utf8_lossy(&answer.body).into_owned()))
    }

    fn status_line(&self) -> String {
        match &self.call.outcome {
            Ok(answer) => {
                let word = match self.failure() {
                    None => "success",
                    Some(kind) => kind.label(),
                };
                let replica = answer.replica_id.as_deref().map_or_else(
                    || "no Replica ID".to_owned(),
                    |replica| format!("replica {}", text::clean(replica)),
                );
                format!("HTTP {}  {word}  {replica}", answer.status)
            }
            Err(error) => format!("no answer: {error}"),
        }
    }
}

/// A request as it was sent, its body laid out where it is JSON and long.
fn laid_out(sent: &str) -> String {
    let Some((head, body)) = sent.split_once("\n\n") else { return sent.to_owned() };
    match text::json::valid(body.as_bytes()) {
        Ok(json) if json.len() > SHORT => format!("{head}\n\n{}", text::json::pretty(json)),
        _ => sent.to_owned(),
    }
}

fn phases(call: &CallResult) -> Vec<String> {
    let whole = call.total.as_secs_f64();
    let line = |(name, time): (&str, Option<Duration>)| match time {
        None => format!("  {name:<8} {:>9}", "-"),
        Some(time) => {
            let share = if whole > 0.0 { time.as_secs_f64() / whole } else { 0.0 };
            let bar = crate::tui::widgets::chart::bar_text(share, 24, false);
            format!("  {name:<8} {:>9}  {bar}", text::latency(time))
        }
    };
    call.phases.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::probe::{Answer, Phases};

    #[test]
    fn a_function_that_failed_is_not_mended_by_a_restart() {
        let stopped = Diagnosis::new(Cause::Stopped, "stopped");
        for (status, body, wants) in [
            (503, r#"{"success":false}"#, true),
            (400, r#"{"success":false,"errors":"division by zero"}"#, false),
        ] {
            let headers = vec![("content-type".to_owned(), "application/json".to_owned())];
            let answer = Answer::new(status, headers, body.into(), body.len() as u64, false);
            let call = CallResult {
                started: jiff::Timestamp::UNIX_EPOCH,
                phases: Phases::default(),
                total: Duration::ZERO,
                outcome: Ok(answer),
                key_sent: true,
                request_size: 0,
            };
            let why = Why::Known(Box::new(stopped.clone()));
            let result = TestResult { why, ..TestResult::new(1, String::new(), String::new(), call) };
            assert_eq!(result.wants_deployment(), wants, "{status}");
        }
    }

    #[test]
    fn a_long_request_is_laid_out_and_a_short_one_is_not() {
        let head = "POST /model HTTP/1.1\nAuthorization: Bearer ••••c4d5\n\n";
        let text = "x".repeat(SHORT);
        let long = format!("{head}{{\"a\":\"{text}\"}}");
        assert_eq!(laid_out(&long), format!("{head}{{\n  \"a\": \"{text}\"\n}}"));
        for other in [format!("{head}{{\"a\":{{\"b\":3}}}}"), format!("{head}no JSON"), "no body".to_owned()]
        {
            assert_eq!(laid_out(&other), other);
        }
    }
}
