//! The parameters of a new run.

use std::time::Duration;

use crossterm::event::KeyEvent;
use jiff::SignedDuration;

use crate::probe::run::Plan;
use crate::tui::models::fields::{About, Fields};
use crate::tui::widgets::Edit;

/// Characters a field of the form takes.
const LONGEST: usize = 12;

const ABOUT: [About; 5] = [
    ("requests", "", "how many; empty: 10 000 at most"),
    ("in flight", "8", "at the same time; with a rate at most"),
    ("rate", "", "requests per second; empty: as answers come"),
    ("duration", "5s", "such as 30s; 10 000 requests end it sooner"),
    ("warm-up", "0", "sent first and not counted"),
];

/// The parameters.
#[derive(Debug)]
pub struct RunForm {
    pub fields: Fields,
    /// What the last run was begun with; leaving anything else asks.
    begun: Vec<String>,
    pub problem: Option<String>,
}

impl Default for RunForm {
    fn default() -> Self {
        let fields = Fields::new(ABOUT, LONGEST);
        Self { begun: fields.texts(), fields, problem: None }
    }
}

impl RunForm {
    /// The plan, or which field is wrong and what would do.
    pub fn plan(&self, label: &str) -> Result<Plan, (usize, String)> {
        Ok(Plan {
            label: Some(label.to_owned()),
            count: self.read(0, "write a number, such as 200", |text| text.parse().ok())?,
            concurrency: self.read(1, "write a number from 1 to 64", |text| text.parse().ok())?,
            rate: self.read(2, "write requests per second, such as 20 or 0.5", |text| {
                text.trim_end_matches("/s").parse().ok()
            })?,
            duration: self.read(3, "write a time, such as 30s or 2m", |text| {
                Duration::try_from(text.parse::<SignedDuration>().ok()?).ok()
            })?,
            warmup: self.read(4, "write a number, 0 for none", |text| text.parse().ok())?.unwrap_or(0),
            ..Plan::default()
        })
    }

    /// Fills the form in; `false` if the plan has what the form has no field for.
    pub fn fill(&mut self, plan: &Plan) -> bool {
        let Plan {
            label: _,
            count,
            duration,
            concurrency,
            rate,
            stages,
            think,
            data,
            shard,
            warmup,
            unbounded: _,
        } = plan;
        if stages.is_some() || think.is_some() || data.is_some() || shard.is_some() {
            return false;
        }
        let number = |text: Option<String>| text.unwrap_or_default();
        let values = [
            number(count.map(|count| count.to_string())),
            number(concurrency.map(|concurrency| concurrency.to_string())),
            number(rate.map(|rate| rate.to_string())),
            number(duration.map(|duration| format!("{}s", duration.as_secs_f64()))),
            warmup.to_string(),
        ];
        self.fields.set(&values);
        self.problem = None;
        self.keep();
        true
    }

    fn read<T>(
        &self,
        at: usize,
        hint: &str,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Result<Option<T>, (usize, String)> {
        let text = self.fields.text(at);
        if text.is_empty() {
            return Ok(None);
        }
        parse(text).map(Some).ok_or_else(|| (at, format!("{}: {hint}", self.fields.name(at))))
    }

    /// Whether something was typed that no run was begun with.
    pub fn is_touched(&self) -> bool {
        self.fields.texts() != self.begun
    }

    /// A run starts with the current input, which is the default of the next one.
    pub fn keep(&mut self) {
        self.begun = self.fields.texts();
        self.reopen();
    }

    /// The form is in sight again.
    pub fn reopen(&mut self) {
        self.fields.focus = 0;
        self.fields.offer();
    }

    /// Says how many requests there are where no number is typed: at most as many as the ceiling allows,
    /// unless that is lifted.
    pub fn explain_ceiling(&mut self, lifted: bool) {
        let lifted = lifted.then_some([
            "how many; empty: as many as fit into the duration",
            "such as 30s or 2m; empty: no limit",
        ]);
        let [count, duration] = lifted.unwrap_or([ABOUT[0].2, ABOUT[3].2]);
        self.fields.explain(0, count);
        self.fields.explain(3, duration);
    }

    /// Back to what the last run was begun with.
    pub fn discard(&mut self) {
        self.fields.set(&self.begun);
        self.problem = None;
    }

    pub fn key(&mut self, key: KeyEvent) {
        if self.fields.key(key) == Edit::Changed {
            self.problem = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(values: [&str; 5]) -> RunForm {
        let mut form = RunForm::default();
        form.fields.set(&values.map(str::to_owned));
        form
    }

    #[test]
    fn the_form_reads_numbers_rates_and_times() {
        let plan = form(["500", "16", "20/s", "1m 30s", "10"]).plan("churn-prod/add").unwrap();
        assert_eq!((plan.count, plan.concurrency, plan.rate), (Some(500), Some(16), Some(20.0)));
        assert_eq!((plan.duration, plan.warmup), (Some(Duration::from_secs(90)), 10));
        assert!(plan.check().is_ok());
        let plan = form(["", "", "", "30s", ""]).plan("x").unwrap();
        assert_eq!((plan.count, plan.concurrency, plan.warmup), (None, None, 0));
    }

    #[test]
    fn a_plan_fills_the_form_in() {
        let plan = form(["500", "16", "0.5", "1m 30s", "10"]).plan("x").unwrap();
        let mut filled = RunForm::default();
        assert!(filled.fill(&plan) && !filled.is_touched());
        assert_eq!(filled.plan("x").unwrap(), plan);
        let thinking = Plan { think: Some(Duration::from_secs(1)), ..plan };
        assert!(!filled.fill(&thinking));
    }

    #[test]
    fn a_wrong_field_is_named() {
        for (values, at) in [
            (["many", "8", "", "", "0"], 0),
            (["1", "-8", "", "", "0"], 1),
            (["1", "8", "fast", "", "0"], 2),
            (["1", "8", "", "soon", "0"], 3),
            (["1", "8", "", "-3s", "0"], 3),
            (["1", "8", "", "", "1.5"], 4),
        ] {
            let (field, problem) = form(values).plan("x").unwrap_err();
            assert_eq!(field, at, "{problem}");
            assert!(problem.starts_with(ABOUT[at].0), "{problem}");
        }
    }
}
