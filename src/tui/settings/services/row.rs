//! One service of the list.

use jiff::Timestamp;

use crate::actions::fleet::Service;
use crate::actions::fleet::plan::{Action, ServicePlan};
use crate::text;
use crate::tui::call::PlannedService;
use crate::tui::list::{Column, Key, Row, Width};
use crate::wire::time;

pub const NAME: usize = 0;
pub const SAFE: usize = 1;
pub const UNTIL: usize = 2;
pub const NEXT: usize = 3;
pub const DUE: usize = 4;
pub const KEY_ID: usize = 5;

/// How far a service is in an apply.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Stage {
    #[default]
    Planned,
    Applying,
    Applied,
    Failed,
}

/// A service with what would be done for it.
#[derive(Debug)]
pub struct ServiceRow {
    pub service: Service,
    pub plan: Result<ServicePlan, String>,
    pub stage: Stage,
    id: String,
    /// Days; empty where there is none.
    pub until: String,
    pub due: String,
}

impl ServiceRow {
    /// The service at this position of the manifest.
    pub fn new(at: usize, planned: PlannedService) -> Self {
        let PlannedService { service, plan } = planned;
        let day = |of: fn(&ServicePlan) -> Option<Timestamp>| {
            let time = plan.as_ref().ok().and_then(of);
            time.map(|time| time::utc_day(time).to_string()).unwrap_or_default()
        };
        let (until, due) = (day(|plan| plan.safe_until), day(|plan| plan.due));
        Self { id: Self::id_at(at), stage: Stage::default(), until, due, service, plan }
    }

    /// The id of the row of the service at this position.
    pub fn id_at(at: usize) -> String {
        at.to_string()
    }

    pub fn is_safe(&self) -> bool {
        self.plan.as_ref().is_ok_and(|plan| plan.safe)
    }

    /// `safe`, `drifted` or `not safe`.
    pub fn safe(&self) -> &'static str {
        match &self.plan {
            Ok(plan) if plan.safe && plan.drift.is_empty() => "safe",
            Ok(plan) if plan.safe => "drifted",
            _ => "not safe",
        }
    }

    /// What an apply does, or does now.
    pub fn next(&self) -> &'static str {
        match (self.stage, &self.plan) {
            (Stage::Applying, _) => "applying",
            (Stage::Applied, _) => "applied",
            (Stage::Failed, _) => "failed",
            (Stage::Planned, Ok(plan)) => action(plan.action),
            (Stage::Planned, Err(_)) => "blocked",
        }
    }

    pub fn key_id(&self) -> &str {
        self.plan.as_ref().map_or("", |plan| &plan.key_id)
    }
}

fn action(action: Action) -> &'static str {
    match action {
        Action::CleanUp => "clean up",
        other => other.as_str(),
    }
}

impl Row for ServiceRow {
    const NAME: &'static str = "services";
    const COLUMNS: &'static [Column] = &[
        Column::new("SERVICE", Width::Fill(12)).ends(),
        Column::new("SAFE", Width::Fixed(10)),
        Column::new("WORKS UNTIL", Width::Fixed(11)),
        Column::new("NEXT", Width::Fixed(9)),
        Column::new("KEY DUE", Width::Fixed(10)),
        Column::new("KEY ID", Width::Fixed(9)).optional(1),
    ];

    fn id(&self) -> &str {
        &self.id
    }

    fn texts(&self, add: &mut dyn FnMut(usize, &str)) {
        add(NAME, &self.service.name);
        add(SAFE, self.safe());
        add(UNTIL, &self.until);
        add(NEXT, self.next());
        add(DUE, &self.due);
        add(KEY_ID, self.key_id());
        add(KEY_ID, &text::short_id(self.key_id()));
    }

    fn key(&self, column: usize) -> Key<'_> {
        let time = |of: fn(&ServicePlan) -> Option<Timestamp>| {
            // Services that do not work now come first.
            Key::Number(self.plan.as_ref().ok().and_then(of).map_or(i64::MIN, |at| at.as_second()))
        };
        match column {
            NAME => self.service.name.as_str().into(),
            SAFE => self.safe().into(),
            UNTIL => time(|plan| plan.safe_until),
            NEXT => self.next().into(),
            DUE => time(|plan| plan.due),
            _ => self.key_id().into(),
        }
    }
}
