//! 150 days of 40 services: a timer that misses days, a workbench that fails and loses answers, kills
//! at any step, a clock that jumps, and a limit that is lowered. The plan, the steps of a rotation and
//! the clock check are the real ones; the workbench, the disk and the deliveries are not.

use std::collections::HashMap;
use std::path::PathBuf;
use std::time::Duration;

use futures_util::FutureExt as _;
use jiff::{SignedDuration, Timestamp, ToSpan as _};

use super::manifest::{Delivery, Service, Target};
use super::plan::{Action, Facts, Has, OwnKey, Terms, judge};
use crate::actions::rotation::steps::{self, Steps, World};
use crate::actions::rotation::{self, Error, HandedOver, Record, plan};
use crate::actions::{clock, keys};
use crate::api::{self, ServerClock};
use crate::config::replace::Access;
use crate::secret::ApiKey;
use crate::wire::{AUDIENCE_API, CreateV2KeyResponse, V2KeyDetails, time};

const DAYS: i64 = 150;
const SERVICES: usize = 40;
const HOUR: Duration = Duration::from_secs(3_600);
const DAY: Duration = Duration::from_secs(86_400);
/// No run happens for longer than this.
const MISSED: u32 = 3;
/// Keys of one service at a time.
const MOST_KEYS: usize = 8;
/// The same where each run makes a key, as it would be due at once: one for each day that a key lasts.
const MOST_SHORT_LIVED: usize = 18;

/// The same sequence in each run of the test (xorshift64).
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// Once in so many times.
    fn one_in(&mut self, times: u64) -> bool {
        self.next().is_multiple_of(times)
    }
}

/// What lasts: the workbench's keys, and what a machine keeps of each service.
struct Workbench {
    keys: Vec<V2KeyDetails>,
    made: usize,
    limit_days: i64,
    now: Timestamp,
}

#[derive(Default)]
struct Kept {
    /// The file with the current key: its id, and when it was written.
    vault: Option<(String, Timestamp)>,
    note: Option<Record>,
    noted: HandedOver,
    /// The key that each delivery has.
    delivered: Vec<Option<String>>,
    /// Since when keys are in use by all deliveries.
    completed: HandedOver,
    /// Until when a plan promised that the service works.
    promised: Option<Timestamp>,
}

struct Run<'a> {
    chance: &'a mut Chance,
    workbench: &'a mut Workbench,
    kept: &'a mut Kept,
    name: &'a str,
    /// Steps until this program is killed.
    steps_left: &'a mut u32,
}

fn fails() -> Error {
    Error::HandOver { why: "on purpose".into() }
}

impl Run<'_> {
    /// One step nearer to the kill; whether it was before it.
    fn lives(&mut self) -> bool {
        *self.steps_left = self.steps_left.saturating_sub(1);
        *self.steps_left > 0
    }

    fn keys(&self) -> Vec<V2KeyDetails> {
        self.workbench.keys.iter().filter(|key| key.comments == self.name).cloned().collect()
    }

    fn record(&self) -> Option<Record> {
        let Some((id, at)) = &self.kept.vault else { return self.kept.note.clone() };
        let intents = self.kept.note.clone().map(|note| note.intents).unwrap_or_default();
        Some(Record { intents, ..Record::new(id, Some(*at)) })
    }

    /// What a rotation would do.
    fn plan(&self, service: &Service) -> rotation::Plan {
        let keys = self.keys();
        let newest = keys.iter().max_by_key(|key| time::parse(&key.created_at)).map(|key| key.key_id.clone());
        let record = self.record().unwrap_or_else(|| Record::begun(newest));
        let now = self.workbench.now;
        plan(&keys, Some(&record), &self.kept.noted, service.due_days, service.grace, now)
    }

    /// What [`super::apply`] does for one service.
    fn apply(&mut self, service: &Service) {
        if self.chance.one_in(20) {
            return;
        }
        let before = self.plan(service);
        assert!(before.contested.is_empty(), "{}: {before:?}", self.name);
        if before.create.is_some() {
            let record = self.record();
            let begun = Record::begun(before.current.clone());
            let timeout = Duration::from_secs(30);
            let listed = self.keys();
            let world = &mut *self;
            let steps = Steps {
                world,
                before: record.as_ref(),
                begun,
                is_noted: false,
                listed: &listed,
                timeout,
                current_works: true,
            };
            let Ok((created, _)) = steps.take().now_or_never().unwrap() else {
                if let Some((current, _)) = self.kept.vault.clone() {
                    self.deliver(&current);
                }
                return;
            };
            self.kept.noted.insert(created.key_id, self.workbench.now);
        }
        for id in &before.never_handed_over {
            if (&mut *self).delete(id).now_or_never().unwrap().is_err() {
                break;
            }
        }
        let Some((current, written)) = self.kept.vault.clone() else { return };
        if !self.deliver(&current) || !self.lives() {
            return;
        }
        let now = self.workbench.now;
        self.kept.completed.entry(current.clone()).or_insert(now);
        let record = Record::new(&current, Some(written));
        let after =
            plan(&self.keys(), Some(&record), &self.kept.completed, service.due_days, service.grace, now);
        for id in &after.outlived {
            if (&mut *self).delete(id).now_or_never().unwrap().is_err() {
                return;
            }
        }
    }

    /// Whether all deliveries have the current key then.
    fn deliver(&mut self, current: &str) -> bool {
        let mut all = true;
        for at in 0..self.kept.delivered.len() {
            if self.kept.delivered[at].as_deref() == Some(current) {
                continue;
            }
            let (fails, done_all_the_same) = (self.chance.one_in(5), self.chance.one_in(2));
            let lives = self.lives();
            if !fails && lives || done_all_the_same {
                self.kept.delivered[at] = Some(current.to_owned());
            }
            all &= !fails && lives;
        }
        all
    }

    /// What [`super::look`] finds.
    fn judge(&self, service: &Service, terms: Terms) -> super::ServicePlan {
        let keys = self.keys();
        let plan = self.plan(service);
        let has = |key: &Option<String>| match (key, &self.kept.vault) {
            (None, _) => Has::Nothing,
            (Some(key), Some((current, _))) if key == current => Has::Current,
            _ => Has::Other,
        };
        let deliveries: Vec<_> =
            self.kept.delivered.iter().map(|key| ("a delivery".to_owned(), has(key))).collect();
        let now = self.workbench.now;
        let is_listed = keys.iter().any(|key| Some(&key.key_id) == plan.current.as_ref());
        let facts = Facts {
            service,
            username: "owner",
            keys: &keys,
            rotation: &plan,
            at: now,
            deliveries: &deliveries,
            proof: if is_listed { Ok(()) } else { Err("there is none".to_owned()) },
            life: Ok(DAY * u32::try_from(self.workbench.limit_days).unwrap()),
            own: OwnKey::Expires(now + (24 * 400).hours()),
        };
        judge(&facts, terms)
    }

    /// Whether every delivery has a key that the workbench takes.
    fn works(&self) -> bool {
        let keys = self.keys();
        let is_good = |id: &String| {
            let key = keys.iter().find(|key| key.key_id == *id);
            key.and_then(|key| time::parse(&key.expiry_date))
                .is_some_and(|expiry| expiry > self.workbench.now)
        };
        self.kept.delivered.iter().all(|key| key.as_ref().is_some_and(is_good))
    }
}

impl World for &mut Run<'_> {
    fn note(&mut self, record: &Record) -> Result<(), Error> {
        if !self.lives() {
            return Err(fails());
        }
        self.kept.note = Some(record.clone());
        if self.lives() { Ok(()) } else { Err(fails()) }
    }

    fn forget(&mut self) {
        if self.lives() {
            self.kept.note = None;
        }
    }

    fn now(&self) -> Timestamp {
        self.workbench.now
    }

    async fn create(&mut self) -> Result<CreateV2KeyResponse, Error> {
        if !self.lives() || self.chance.one_in(5) {
            return Err(fails());
        }
        self.workbench.made += 1;
        let now = self.workbench.now;
        let last = time::utc_day(now + (24 * self.workbench.limit_days).hours());
        let created = CreateV2KeyResponse {
            api_key: ApiKey::from_workbench("0a.0b"),
            key_id: format!("k{}", self.workbench.made),
            created_at: time::format(now),
            expiry_date: time::format(time::end_of_day(last).unwrap()),
            comments: self.name.to_owned(),
            audiences: vec![AUDIENCE_API.to_owned()],
        };
        self.workbench.keys.push(V2KeyDetails {
            key_id: created.key_id.clone(),
            created_at: created.created_at.as_str().into(),
            expiry_date: created.expiry_date.as_str().into(),
            comments: created.comments.clone(),
            audiences: vec![AUDIENCE_API.into()],
        });
        if self.lives() && !self.chance.one_in(10) {
            return Ok(created);
        }
        let detail = "cut".to_owned();
        Err(keys::Error::MayExist(api::Error::BadAnswer { operation: "creating", detail }).into())
    }

    async fn prove(&mut self, _: &CreateV2KeyResponse) -> Result<(), Error> {
        if self.lives() && !self.chance.one_in(5) { Ok(()) } else { Err(fails()) }
    }

    async fn hand_over(&mut self, created: &CreateV2KeyResponse) -> steps::Delivery {
        if !self.lives() {
            return steps::Delivery::Never(fails());
        }
        self.kept.vault = Some((created.key_id.clone(), self.workbench.now));
        steps::Delivery::Recorded
    }

    async fn delete(&mut self, key_id: &str) -> Result<(), Error> {
        if !self.lives() || self.chance.one_in(5) {
            return Err(fails());
        }
        self.workbench.keys.retain(|key| key.key_id != key_id);
        if self.chance.one_in(10) { Err(fails()) } else { Ok(()) }
    }
}

fn services() -> Vec<Service> {
    let delivery = |at: usize| Delivery {
        id: format!("file /{at}"),
        to: Target::File { path: PathBuf::from(format!("/{at}")), access: Access::default() },
        reload: None,
        reload_timeout: HOUR,
    };
    let service = |at: usize| Service {
        name: format!("service {at}"),
        user: None,
        audiences: vec![AUDIENCE_API.to_owned()],
        expires: "max".to_owned(),
        due_days: 18 + u32::try_from(at % 5).unwrap(),
        grace: HOUR * u32::try_from(at % 40).unwrap(),
        verify: None,
        deliver: (0..=at % 3).map(delivery).collect(),
    };
    (0..SERVICES).map(service).collect()
}

/// The limit that the administrator has set until a day.
fn limit(day: i64) -> i64 {
    match day {
        ..50 => 45,
        50..100 => 35,
        100..130 => 25,
        // Less than what is due: nothing is safe any more, and all goes on working.
        _ => 15,
    }
}

#[test]
fn what_a_plan_calls_safe_stays_safe() {
    let start: Timestamp = "2026-06-01T00:00:00Z".parse().unwrap();
    let mut chance = Chance(0x2545_f491_4f6c_dd1d);
    let mut workbench = Workbench { keys: Vec::new(), made: 0, limit_days: limit(0), now: start };
    let services = services();
    let mut kept: Vec<Kept> = services
        .iter()
        .map(|service| Kept { delivered: vec![None; service.deliver.len()], ..Kept::default() })
        .collect();
    let terms = Terms { safe_for: 20 * DAY, offline_for: DAY * (MISSED + 1) };
    let (mut missed, mut promises, mut plans, mut runs, mut actions) = (0, 0, 0, 0, HashMap::new());
    for hour in 0..DAYS * 24 {
        workbench.now = start + hour.hours();
        workbench.limit_days = limit(hour / 24);
        let is_time = hour % 24 == 4;
        let jumps = SignedDuration::from_hours(if chance.one_in(15) { 24 * 60 } else { 0 });
        let is_right = clock::check(ServerClock::Ahead(jumps), clock::DIFFERENCE).is_ok();
        let happens = is_time && (missed >= MISSED || is_right && !chance.one_in(6));
        if is_time {
            missed = if happens { 0 } else { missed + 1 };
            runs += u32::from(happens);
        }
        // One run in three is killed somewhere.
        let mut steps_left =
            if chance.one_in(3) { u32::try_from(chance.next() % 400).unwrap() } else { u32::MAX };
        for (service, kept) in services.iter().zip(&mut kept) {
            let (chance, workbench, steps_left) = (&mut chance, &mut workbench, &mut steps_left);
            let mut run = Run { chance, workbench, kept, name: &service.name, steps_left };
            if happens {
                run.apply(service);
            }
            let now = run.workbench.now;
            if run.kept.promised.is_some_and(|until| now <= until) {
                assert!(run.works(), "{} does not work at {now}: {:?}", service.name, run.keys());
            }
            let most = if hour / 24 < 130 { MOST_KEYS } else { MOST_SHORT_LIVED };
            assert!(run.keys().len() <= most, "{} has at {now}: {:?}", service.name, run.keys());
            if hour % 24 == 5 {
                let plan = run.judge(service, terms);
                *actions.entry(plan.action.as_str()).or_insert(0) += 1;
                plans += 1;
                assert!(!plan.safe || run.works(), "{plan:?}");
                assert!(!matches!(plan.action, Action::Contested | Action::Blocked), "{plan:?}");
                if plan.safe {
                    promises += 1;
                    run.kept.promised = now.checked_add(terms.safe_for).ok();
                }
                if hour / 24 >= 145 {
                    assert!(!plan.safe, "its key will be due at once: {plan:?}");
                }
            }
        }
    }
    // Nearly all plans of the time before the last limit are promises, and each is kept.
    assert!(promises * 10 > plans * 7, "{promises} of {plans} plans promise something");
    assert!(runs > 90 && workbench.made > SERVICES * 4, "{runs} runs, {} keys", workbench.made);
    assert!(
        ["nothing", "rotate", "deliver"].iter().all(|action| actions.contains_key(action)),
        "{actions:?}"
    );
    for (service, kept) in services.iter().zip(&mut kept) {
        let mut steps_left = u32::MAX;
        let (chance, workbench, steps_left) = (&mut chance, &mut workbench, &mut steps_left);
        assert!(Run { chance, workbench, kept, name: &service.name, steps_left }.works(), "{}", service.name);
    }
}
