//! Whether a service is safe, and what is to be done for it. Pure: no clock, no I/O.

use std::time::Duration;

use jiff::Timestamp;

use super::Service;
use super::life::Life;
use super::manifest::{Target, readable};
use crate::actions::rotation::{self, Reason};
use crate::wire::{V2KeyDetails, time};

/// What a plan has to promise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terms {
    /// How long a service is to work.
    pub safe_for: Duration,
    /// How long no run may happen, such as while a machine is off.
    pub offline_for: Duration,
}

impl Default for Terms {
    /// A month, with a long weekend in which nothing runs.
    fn default() -> Self {
        const DAY: Duration = Duration::from_secs(86_400);
        Self { safe_for: 30 * DAY, offline_for: 3 * DAY }
    }
}

/// What is where a key is needed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Has {
    /// The current key.
    Current,
    /// The current key was delivered, and what is there now cannot be read.
    Unproven,
    /// The current key, and its service was not made to read it.
    NotReloaded,
    /// The current key, for others than those who should read it.
    Access(String),
    /// No key.
    Nothing,
    /// Another key, or something else.
    Other,
    /// It cannot be read now.
    Unreadable(String),
}

impl Has {
    /// Whether the current key has to be delivered.
    pub fn needs_delivery(&self) -> bool {
        !matches!(self, Self::Current | Self::Unproven)
    }

    /// Why it is not known to be the current key.
    fn problem(&self) -> Option<String> {
        match self {
            Self::Current => None,
            Self::Unproven => Some("has no `read` command, so what is delivered is not known".to_owned()),
            Self::NotReloaded => Some("has the key, and its service was not reloaded".to_owned()),
            Self::Access(why) => Some(why.clone()),
            Self::Unreadable(why) => Some(format!("cannot be read: {why}")),
            Self::Nothing => Some("has no key".to_owned()),
            Self::Other => Some("has another key".to_owned()),
        }
    }
}

/// The key that creates and deletes the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OwnKey {
    Expires(Timestamp),
    /// The workbench does not say which key it is.
    Unknown,
}

/// All that is known of a service.
#[derive(Debug)]
pub struct Facts<'a> {
    pub service: &'a Service,
    pub username: &'a str,
    /// The keys of the name.
    pub keys: &'a [V2KeyDetails],
    pub rotation: &'a rotation::Plan,
    /// The workbench's time.
    pub at: Timestamp,
    /// Each delivery with what it has.
    pub deliveries: &'a [(String, Has)],
    /// Whether the current key works now, and why not; without one, whether a new one can be proven.
    pub proof: Result<(), String>,
    /// How long a key lasts that is made now.
    pub life: &'a Life,
    pub own: OwnKey,
}

/// What is to be done for a service, and whether it is safe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServicePlan {
    pub name: String,
    pub username: String,
    pub action: Action,
    pub reason: String,
    /// It works for the time of the plan, whatever the plan tolerates.
    pub safe: bool,
    /// Why it is not.
    pub unsafe_because: Vec<String>,
    /// What is other than the manifest and the runs before left it.
    pub drift: Vec<String>,
    /// Until when it works if nothing is done any more.
    pub safe_until: Option<Timestamp>,
    pub key_id: String,
    pub expiry: Option<Timestamp>,
    /// When the next key is due.
    pub due: Option<Timestamp>,
    /// The deliveries that would get a key.
    pub delivers: Vec<String>,
    /// Key IDs of the keys that would be deleted.
    pub deletes: Vec<String>,
}

impl ServicePlan {
    /// What an apply restarts and runs once `service` has its key, which its users may notice: the models,
    /// and the commands of `reload`.
    pub fn disturbs(&self, service: &Service) -> (Vec<String>, Vec<String>) {
        let deliveries = || service.deliver.iter().filter(|delivery| self.delivers.contains(&delivery.id));
        let restarts = deliveries().flat_map(|delivery| delivery.restarts()).cloned();
        (restarts.collect(), deliveries().filter_map(|delivery| delivery.reload.clone()).collect())
    }

    /// Whether a key would be created.
    pub fn creates(&self) -> bool {
        matches!(self.action, Action::Create | Action::Rotate)
    }

    /// Whether an apply would change anything.
    pub fn changes(&self) -> bool {
        self.creates() || !self.delivers.is_empty() || !self.deletes.is_empty()
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    Nothing,
    Create,
    Rotate,
    Deliver,
    CleanUp,
    Contested,
    Blocked,
}

impl Action {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::Create => "create",
            Self::Rotate => "rotate",
            Self::Deliver => "deliver",
            Self::CleanUp => "clean_up",
            Self::Contested => "contested",
            Self::Blocked => "blocked",
        }
    }
}

/// Decides about one service.
pub fn judge(facts: &Facts<'_>, terms: Terms) -> ServicePlan {
    let plan = facts.rotation;
    let has_been_delivered = plan.is_delivered();
    let current = facts.keys.iter().find(|key| Some(&key.key_id) == plan.current.as_ref());
    let current = current.filter(|_| has_been_delivered);
    let expiry = current.and_then(|key| time::parse(&key.expiry_date));
    let due = expiry.and_then(|expiry| expiry.checked_sub(facts.life.due()).ok());
    let held_back = expiry.and_then(|expiry| facts.life.holds_back(expiry, facts.at));
    let held_back = held_back.filter(|_| plan.create.is_none());
    let mut unsafe_because = broken(facts, current, expiry);
    let works = unsafe_because.is_empty();
    if works && let Some(expiry) = expiry {
        unsafe_because = cannot_be_rotated(facts, terms, expiry);
    }
    let (action, mut reason) = action(facts);
    if matches!(action, Action::Contested | Action::Blocked) {
        unsafe_because.push(reason.clone());
    }
    if let Some(why) = held_back {
        unsafe_because.push(why.clone());
        if action == Action::Nothing {
            reason = why;
        }
    }
    ServicePlan {
        name: facts.service.name.clone(),
        username: facts.username.to_owned(),
        action,
        reason,
        safe: unsafe_because.is_empty(),
        unsafe_because,
        drift: drift(facts),
        safe_until: expiry.filter(|_| works),
        key_id: current.map(|key| key.key_id.clone()).unwrap_or_default(),
        expiry,
        due,
        delivers: delivers(facts, action),
        deletes: deletes(facts, action),
    }
}

/// The deliveries that would get a key. A key that is good already is delivered whatever stops a new
/// one.
fn delivers(facts: &Facts<'_>, action: Action) -> Vec<String> {
    let makes_one = matches!(action, Action::Create | Action::Rotate);
    let has_one = facts.rotation.is_delivered();
    let needing = facts.deliveries.iter().filter(|(_, has)| makes_one || has_one && has.needs_delivery());
    needing.map(|(id, _)| id.clone()).collect()
}

/// The keys that would be deleted.
fn deletes(facts: &Facts<'_>, action: Action) -> Vec<String> {
    let plan = facts.rotation;
    if matches!(action, Action::Contested | Action::Blocked) {
        return Vec::new();
    }
    let mut ids: Vec<String> = plan.never_handed_over.iter().chain(&plan.outlived).cloned().collect();
    // A new key that everything has ends a grace time of no length at once.
    if plan.create.is_some() && facts.service.grace.is_zero() {
        ids.extend(plan.in_grace.iter().map(|(id, _)| id.clone()).chain(plan.current.clone()));
    }
    ids.retain(|id| facts.keys.iter().any(|key| key.key_id == *id));
    ids
}

fn action(facts: &Facts<'_>) -> (Action, String) {
    let plan = facts.rotation;
    if !plan.contested.is_empty() {
        let ids = plan.contested.join(", ");
        return (
            Action::Contested,
            format!(
                "no apply on this machine made the newer {ids}: delete what nothing uses, and plan again"
            ),
        );
    }
    if plan.has_too_many_in_doubt() {
        return (Action::Blocked, "too many keys may be in use".to_owned());
    }
    if let Some(reason) = plan.create {
        let has_keys = !facts.keys.is_empty();
        let action = if has_keys { Action::Rotate } else { Action::Create };
        let first = reason.is_first(has_keys).then_some("no key has this name yet");
        return (action, first.unwrap_or(reason.text()).to_owned());
    }
    let missing = facts.deliveries.iter().find(|(_, has)| has.needs_delivery());
    if let Some((id, has)) = missing {
        return (Action::Deliver, format!("{} {}", readable(id), has.problem().unwrap_or_default()));
    }
    if !plan.outlived.is_empty() || !plan.never_handed_over.is_empty() {
        return (Action::CleanUp, "older keys are not needed any more".to_owned());
    }
    (Action::Nothing, "the current key is good".to_owned())
}

/// Why no listed key is known to be the service's.
fn without_key(facts: &Facts<'_>) -> String {
    match facts.rotation.create {
        Some(Reason::Gone) => "its key is not listed any more",
        _ if facts.keys.is_empty() => "it has no key yet",
        _ => "keys of its name are listed, but none is known to have been delivered",
    }
    .to_owned()
}

/// Why a service without a key gets none, or not everything that needs it.
fn keeps_from_one(facts: &Facts<'_>) -> Vec<String> {
    let mut why = Vec::new();
    why.extend(facts.life.lasts.as_ref().err().map(|problem| format!("no key can be created: {problem}")));
    why.extend(facts.proof.as_ref().err().map(|problem| format!("a key cannot be proven: {problem}")));
    // A command that reads may well fail where nothing was delivered yet.
    let commands = facts.service.deliver.iter().map(|delivery| matches!(delivery.to, Target::Exec { .. }));
    for ((id, has), is_command) in facts.deliveries.iter().zip(commands) {
        if !is_command && matches!(has, Has::Unreadable(_)) {
            why.push(format!("{} {}", readable(id), has.problem().unwrap_or_default()));
        }
    }
    why
}

/// Why the service does not work now, or is not known to.
fn broken(facts: &Facts<'_>, current: Option<&V2KeyDetails>, expiry: Option<Timestamp>) -> Vec<String> {
    let Some(current) = current else {
        let mut why = vec![without_key(facts)];
        why.extend(keeps_from_one(facts));
        return why;
    };
    let mut why = Vec::new();
    match expiry {
        None => why.push("when its key expires cannot be read".to_owned()),
        Some(expiry) if expiry <= facts.at => why.push("its key has expired".to_owned()),
        Some(_) => {}
    }
    let lacks =
        facts.service.audiences.iter().any(|wanted| !current.audiences.iter().any(|known| known == wanted));
    if lacks {
        why.push("its key has another audience".to_owned());
    }
    if let Err(problem) = &facts.proof {
        why.push(format!("its key is not proven: {problem}"));
    }
    let problems =
        facts.deliveries.iter().filter_map(|(id, has)| Some(format!("{} {}", readable(id), has.problem()?)));
    why.extend(problems);
    why
}

/// Why a service that works may stop before the time of the plan is over: its key expires, and the
/// next one may come too late, or never.
fn cannot_be_rotated(facts: &Facts<'_>, terms: Terms, expiry: Timestamp) -> Vec<String> {
    let horizon = facts.at.checked_add(terms.safe_for).unwrap_or(Timestamp::MAX);
    if expiry > horizon {
        return Vec::new();
    }
    let mut why = Vec::new();
    let due = expiry.checked_sub(facts.life.due()).unwrap_or(facts.at);
    let latest = due.max(facts.at).checked_add(terms.offline_for).unwrap_or(Timestamp::MAX);
    if latest >= expiry {
        why.push(format!("its key expires {} and may not be rotated before", time::format(expiry)));
    }
    why.extend(facts.life.is_too_short(terms.offline_for));
    match facts.own {
        OwnKey::Expires(own) if own <= horizon => {
            why.push(format!("the key that rotates it expires {}", time::format(own)));
        }
        OwnKey::Unknown => why.push("when the key that rotates it expires is not known".to_owned()),
        OwnKey::Expires(_) => {}
    }
    why
}

/// What changed without this fleet. A key that is due, or was never made, is no drift.
fn drift(facts: &Facts<'_>) -> Vec<String> {
    let plan = facts.rotation;
    let mut drift = Vec::new();
    match plan.create {
        Some(Reason::Gone) => drift.push("its key is not listed any more".to_owned()),
        Some(Reason::Audience) => drift.push("its key has other audiences".to_owned()),
        Some(Reason::InDoubt) => drift.push("a hand-over did not end well".to_owned()),
        Some(Reason::NothingHandedOver | Reason::Due) | None => {}
    }
    for id in plan.never_handed_over.iter().chain(&plan.contested) {
        drift.push(format!("key {id} of its name was never delivered"));
    }
    let known = !matches!(plan.create, Some(Reason::NothingHandedOver));
    for (id, has) in facts.deliveries.iter().filter(|(_, has)| known && has.needs_delivery()) {
        drift.push(format!("{} {}", readable(id), has.problem().unwrap_or_default()));
    }
    drift
}
