//! A model that is checked against a golden file.

use keybench::actions::check::{Difference, Report, RowReport};
use keybench::tui::call::{Answer, Call};
use keybench::tui::msg::Msg;
use keybench::tui::requests::RequestId;
use keybench::tui::testing::Harness;

use super::models as made_models;
use super::pictures::then;

/// Rows of `churn-prod/churn` that a check finds: a number that is off, a label that flipped, no answer.
fn differing() -> Vec<RowReport> {
    let differs = |path: &str, expected: &str, got: &str, difference| Difference {
        path: path.to_owned(),
        expected: Some(expected.to_owned()),
        got: Some(got.to_owned()),
        difference,
    };
    let probability = differs("probability", "0.3125", "0.4375", Some(0.125));
    let label = differs("label", "\"stays\"", "\"leaves\"", None);
    let row = |row, badness| RowReport {
        row,
        line: row,
        id: Some(format!("\"customer {row}\"")),
        badness,
        ..RowReport::default()
    };
    vec![
        RowReport { differences: vec![label, probability.clone()], ..row(21, f64::INFINITY) },
        RowReport {
            failure: Some("HTTP 400: the function failed, and the answer does not say why".to_owned()),
            status: Some(400),
            expected: Some("{\"label\": \"stays\"}".to_owned()),
            ..row(30, 1e9)
        },
        RowReport { differences: vec![probability], ..row(7, 125.0) },
    ]
}

/// A check that was asked for.
fn checking() -> (Harness, RequestId) {
    let mut harness = then(made_models::listed(), "jc<enter>");
    let (id, call) = harness.calls().remove(0);
    assert!(matches!(call, Call::CheckModel(_)), "{call:?}");
    (harness, id)
}

pub fn check_live() -> Harness {
    let (mut harness, id) = checking();
    let worst = differing().split_off(2);
    harness.send(Msg::Progress { id, answer: Answer::CheckProgress { done: 12, of: 40, worst } });
    harness
}

pub fn checked() -> Harness {
    let (mut harness, id) = checking();
    let mut report = Report::new(vec!["churn-prod/churn".to_owned()], 40, 1000, false);
    (report.same, report.different, report.failed) = (37, 2, 1);
    report.elapsed = std::time::Duration::from_millis(1200);
    differing().into_iter().for_each(|row| report.add(row));
    harness.answer(id, Answer::ModelChecked(Ok(Box::new(report))));
    harness
}
