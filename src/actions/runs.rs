//! What a run of many model calls amounts to: its data, its verdict, its page.

mod chart;
mod data;
mod page;

pub use data::rows;
pub use page::page;

use crate::probe::run::{Expectation, Summary};

/// The answer that a run gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// What was expected holds; without expectations, every request succeeded.
    Passed,
    Failed,
    /// Requests that were due were never sent: the figures are those of another run.
    Incomplete,
    /// No request was answered: that says nothing about the model.
    Unanswered,
}

/// Judges a run that came to its end. `expected`: what was asked to hold, which then decides.
pub fn verdict(summary: &Summary, expected: Option<&[Expectation]>) -> Verdict {
    // Who says how many may be missed has thought of it.
    let judges_missed = |expected: &[Expectation]| {
        expected.iter().any(|one| one.condition.trim_start().starts_with("missed"))
    };
    if summary.statuses.is_empty() && summary.total > 0 {
        return Verdict::Unanswered;
    }
    let passed = match expected {
        // Figures of refusals alone say nothing about the model.
        Some(expected) => summary.ok > 0 && expected.iter().all(|one| one.holds),
        None => summary.errors == 0 && summary.total > 0,
    };
    match passed {
        false => Verdict::Failed,
        true if summary.missed > 0 && !expected.is_some_and(judges_missed) => Verdict::Incomplete,
        true => Verdict::Passed,
    }
}
