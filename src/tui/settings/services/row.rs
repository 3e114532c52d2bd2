//! One service of the list.

use jiff::Timestamp;

use crate::actions::fleet::plan::{Action, ServicePlan};
use crate::actions::fleet::prune::Left;
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
    /// There was nothing to do, so the plan still holds.
    Unchanged,
    Failed,
    /// The apply was cancelled while it was at this one.
    Stopped,
}

impl Stage {
    /// Whether the apply has come to an end for it.
    pub fn has_ended(self) -> bool {
        matches!(self, Self::Applied | Self::Unchanged | Self::Failed)
    }
}

/// What a row is about.
#[derive(Debug, Clone)]
pub enum Content {
    /// A service of the manifest.
    Planned(Box<PlannedService>),
    /// One that left it: its keys are still there.
    Left(Left),
}

#[derive(Debug, Clone)]
pub struct ServiceRow {
    pub content: Content,
    pub stage: Stage,
    id: String,
    /// Days; empty where there is none.
    pub until: String,
    pub due: String,
}

impl ServiceRow {
    /// The service at this position of the manifest.
    pub fn new(at: usize, planned: PlannedService) -> Self {
        let day = |of: fn(&ServicePlan) -> Option<Timestamp>| {
            let time = planned.plan.as_ref().ok().and_then(of);
            time.map(|time| time::utc_day(time).to_string()).unwrap_or_default()
        };
        let (until, due) = (day(|plan| plan.safe_until), day(|plan| plan.due));
        let content = Content::Planned(Box::new(planned));
        Self { id: Self::id_at(at), stage: Stage::default(), until, due, content }
    }

    /// A service that left the manifest.
    pub fn left(left: Left) -> Self {
        let id = format!("left {} {}", left.username, left.name);
        let (until, due) = (String::new(), String::new());
        Self { id, stage: Stage::default(), until, due, content: Content::Left(left) }
    }

    /// The service, if it left the manifest.
    pub fn as_left(&self) -> Option<&Left> {
        match &self.content {
            Content::Left(left) => Some(left),
            Content::Planned(_) => None,
        }
    }

    /// What would be done, if that is known.
    pub fn plan(&self) -> Option<&ServicePlan> {
        match &self.content {
            Content::Planned(planned) => planned.plan.as_ref().ok(),
            Content::Left(_) => None,
        }
    }

    pub fn name(&self) -> &str {
        match &self.content {
            Content::Planned(planned) => &planned.service.name,
            Content::Left(left) => &left.name,
        }
    }

    /// The id of the row of the service at this position.
    pub fn id_at(at: usize) -> String {
        at.to_string()
    }

    /// Whether the apply may have changed what the plan says.
    pub fn is_outdated(&self) -> bool {
        matches!(self.stage, Stage::Applied | Stage::Failed | Stage::Stopped)
    }

    pub fn is_safe(&self) -> bool {
        self.plan().is_some_and(|plan| plan.safe)
    }

    /// `safe`, `drifted` or `not safe`; `unknown` if it is to be planned again.
    pub fn safe(&self) -> &'static str {
        match self.plan() {
            _ if self.is_outdated() => "unknown",
            Some(plan) if plan.safe && plan.drift.is_empty() => "safe",
            Some(plan) if plan.safe => "drifted",
            None if self.as_left().is_some() => "drifted",
            _ => "not safe",
        }
    }

    /// What an apply does, or does now.
    pub fn next(&self) -> &'static str {
        match (self.stage, &self.content) {
            (_, Content::Left(_)) => "prune",
            (Stage::Applying, _) => "applying",
            (Stage::Applied, _) => "applied",
            (Stage::Failed, _) => "failed",
            (Stage::Stopped, _) => "stopped",
            (Stage::Planned | Stage::Unchanged, Content::Planned(planned)) => match &planned.plan {
                Ok(plan) => action(plan.action),
                Err(_) => "blocked",
            },
        }
    }

    pub fn key_id(&self) -> &str {
        self.plan().map_or("", |plan| &plan.key_id)
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
        add(NAME, self.name());
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
            Key::Number(self.plan().and_then(of).map_or(i64::MIN, |at| at.as_second()))
        };
        match column {
            NAME => self.name().into(),
            SAFE => self.safe().into(),
            UNTIL => time(|plan| plan.safe_until),
            NEXT => self.next().into(),
            DUE => time(|plan| plan.due),
            _ => self.key_id().into(),
        }
    }
}
