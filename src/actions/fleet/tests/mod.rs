//! 150 days of 40 services: a timer that misses days, a workbench that fails a fifth of its answers and
//! loses some, kills at any step, a clock that jumps, a limit that is lowered, and services that leave
//! the manifest. One workbench of three does not say its limit. The apply, the plan, the pruning and the rotation are the real ones.

mod lasting;
mod sim;

use std::collections::HashMap;
use std::path::PathBuf;
use std::time::Duration;

use futures_util::FutureExt as _;
use jiff::{SignedDuration, Timestamp, ToSpan as _};

use self::lasting::Chance;
use self::sim::Sim;
use super::apply::apply_in;
use super::look::{Options, look_in};
use super::manifest::{Delivery, Target};
use super::plan::{Action, Terms};
use super::prune::prune_in;
use super::{Error, Manifest, Service};
use crate::config::replace::Access;
use crate::wire::{AUDIENCE_API, time};

const DAYS: i64 = 150;
const SERVICES: usize = 40;
/// Services that leave the manifest, and when.
const LEAVING: usize = 3;
const LEAVE: i64 = 110;
const HOUR: Duration = Duration::from_secs(3_600);
const DAY: Duration = Duration::from_secs(86_400);
/// No run happens for longer than this, in days.
const MISSED: u32 = 3;
/// Keys of one service at a time.
const MOST_KEYS: usize = 8;
/// The last limit is set on this day.
const LAST_LIMIT: i64 = 130;
/// Keys that are made for one service from then on: a key is replaced once half of its life is over,
/// and some are made in vain.
const MOST_SHORT_LIVED: u64 = 2;

fn service(at: usize) -> Service {
    let delivery = |number: usize| {
        let path = format!("/{at}/{number}");
        Delivery {
            id: format!("file {path}"),
            to: Target::File { path: PathBuf::from(path), access: Access::default() },
            reload: (number == 1).then(|| "reload".to_owned()),
            reload_timeout: HOUR,
        }
    };
    Service {
        name: format!("service {at}"),
        user: None,
        audiences: vec![AUDIENCE_API.to_owned()],
        expires: "max".to_owned(),
        due_days: 18 + u32::try_from(at % 5).unwrap(),
        grace: HOUR * u32::try_from(at % 40).unwrap(),
        verify: None,
        deliver: (0..=at % 3).map(delivery).collect(),
    }
}

/// The limit that the administrator has set until a day.
fn limit(day: i64) -> i64 {
    match day {
        ..50 => 45,
        50..100 => 35,
        100..LAST_LIMIT => 25,
        // Less than what is due: nothing is safe any more, and all goes on working.
        _ => 15,
    }
}

/// What is counted in one life.
#[derive(Default)]
struct Counts {
    runs: u32,
    killed: u32,
    refused: u32,
    plans: u32,
    promises: u32,
    /// Promises that no run had a chance to keep.
    unlucky: u32,
    /// New keys that ended no later than the one before, and so were not handed over.
    too_short: usize,
    /// Keys made before the last limit, and since.
    made: (u64, u64),
    actions: HashMap<&'static str, u32>,
}

/// One life of the fleet.
struct Life {
    sim: Sim,
    chance: Chance,
    manifest: Manifest,
    options: Options,
    /// Until when a plan promised that a service works.
    promised: HashMap<String, Timestamp>,
    /// When a run ended without a failure for a service.
    well: HashMap<String, Timestamp>,
    missed: u32,
    counts: Counts,
    seed: u64,
}

impl Life {
    fn new(seed: u64) -> Self {
        let start: Timestamp = "2026-06-01T00:00:00Z".parse().unwrap();
        let terms = Terms { safe_for: 20 * DAY, offline_for: DAY * (MISSED + 1) };
        Self {
            sim: Sim::new(seed, start),
            chance: Chance::of(seed + 1_000),
            manifest: Manifest {
                file: PathBuf::from("/fleet.toml"),
                services: (0..SERVICES).map(service).collect(),
            },
            options: Options { terms, ..Options::default() },
            promised: HashMap::new(),
            well: HashMap::new(),
            missed: 0,
            counts: Counts::default(),
            seed,
        }
    }

    /// The timer: once a day, or not, on a machine whose clock may be wrong; one run in three is killed.
    fn timer(&mut self) {
        if self.missed < MISSED && self.chance.one_in(6) {
            self.missed += 1;
            return;
        }
        let jumps = self.missed < MISSED && self.chance.one_in(15);
        let is_killed = self.chance.one_in(3);
        let most = if self.chance.one_in(10) { Some(5) } else { None };
        {
            let mut lasting = self.sim.lasting();
            let ahead = if self.chance.one_in(2) { 60 } else { -60 };
            lasting.jump = SignedDuration::from_hours(if jumps { 24 * ahead } else { 0 });
            lasting.steps_left =
                if is_killed { u32::try_from(self.chance.next() % 700).unwrap() } else { u32::MAX };
        }
        let made = self.sim.lasting().made;
        let ends = self.ends();
        let apply = apply_in(&self.sim, &self.manifest, self.options, most, &());
        let ended = apply.now_or_never();
        self.counts.runs += 1;
        match ended {
            None => self.counts.killed += 1,
            Some(Err(_)) => self.counts.refused += 1,
            Some(Ok(applied)) => {
                let now = self.sim.lasting().now;
                let failures = applied.iter().flat_map(|one| &one.failures);
                let is_too_short =
                    |error: &&Error| matches!(error, Error::Rotation(why) if why.lasts_too_short().is_some());
                self.counts.too_short += failures.filter(is_too_short).count();
                let well = applied.into_iter().filter(|one| one.failures.is_empty());
                self.well.extend(well.map(|one| (one.name, now)));
                let _ = prune_in(&self.sim, &self.manifest, None).now_or_never();
            }
        }
        assert!(!jumps || self.sim.lasting().made == made, "a wrong clock makes no key");
        for (name, (key_id, end)) in self.ends() {
            let replaced = ends.get(&name).filter(|(before, _)| *before != key_id);
            assert!(
                replaced.is_none_or(|(_, before)| *before < end),
                "{name}: replaced by one that ends sooner"
            );
        }
        self.missed = if jumps { self.missed + 1 } else { 0 };
        let mut lasting = self.sim.lasting();
        (lasting.jump, lasting.steps_left) = (SignedDuration::ZERO, u32::MAX);
    }

    /// The current key of each service, and when it ends.
    fn ends(&self) -> HashMap<String, (String, Timestamp)> {
        let lasting = self.sim.lasting();
        let current = lasting.kept.iter().filter_map(|(name, kept)| Some((name, &kept.vault.as_ref()?.0)));
        let end = |id: &str| lasting.keys.iter().find(|key| key.key_id == id);
        let ends = current
            .filter_map(|(name, id)| Some((name.clone(), (id.clone(), time::parse(&end(id)?.expiry_date)?))));
        ends.collect()
    }

    /// Whether a run ended well for a service since its key was due.
    fn had_a_chance(&self, service: &Service, day: i64, now: Timestamp) -> bool {
        let (due, limit) = (i64::from(service.due_days), limit(day));
        let days = if limit <= due { limit / 2 } else { due } - 1;
        self.well.get(&service.name).is_some_and(|well| *well > now - (24 * days).hours())
    }

    /// Every promise holds, and the keys are bounded.
    fn check(&mut self, day: i64) {
        let now = self.sim.lasting().now;
        for service in &self.manifest.services {
            let (seed, name) = (self.seed, &service.name);
            let keys = || self.sim.keys_of(name);
            if self.promised.get(name).is_some_and(|until| now <= *until) && !self.sim.works(service) {
                let kept = !self.had_a_chance(service, day, now);
                assert!(kept, "seed {seed}: {name} does not work at {now}: {:?}", keys());
                self.promised.remove(name);
                self.counts.unlucky += 1;
            }
            let count = self.sim.count_of(name);
            assert!(count <= MOST_KEYS, "seed {seed}: {name} has {count} keys at {now}: {:?}", keys());
        }
    }

    fn plan(&mut self, day: i64) {
        let looked = look_in(&self.sim, &self.manifest, self.options, &()).now_or_never();
        // The workbench did not answer.
        let Some(Ok(looked)) = looked else { return };
        let now = self.sim.lasting().now;
        for (service, plan) in looked {
            let Ok(plan) = plan else { continue };
            *self.counts.actions.entry(plan.action.as_str()).or_default() += 1;
            self.counts.plans += 1;
            assert!(!matches!(plan.action, Action::Contested | Action::Blocked), "{}: {plan:?}", self.seed);
            if plan.safe {
                assert!(self.sim.works(&service), "seed {}: {plan:?}", self.seed);
                assert!(day < 145, "its key will be due at once: {plan:?}");
                self.counts.promises += 1;
                let until = now.checked_add(self.options.terms.safe_for).unwrap();
                self.promised.insert(service.name.clone(), until);
            }
        }
    }

    fn run(mut self) -> Counts {
        let start = self.sim.lasting().now;
        for hour in 0..DAYS * 24 {
            let day = hour / 24;
            {
                let mut lasting = self.sim.lasting();
                (lasting.now, lasting.limit_days) = (start + hour.hours(), limit(day));
            }
            if hour == LEAVE * 24 {
                self.manifest.services.drain(..LEAVING);
            }
            if hour == LAST_LIMIT * 24 {
                self.counts.made.0 = self.sim.lasting().made;
            }
            match hour % 24 {
                4 => self.timer(),
                5 if day % 2 == 0 => self.plan(day),
                _ => {}
            }
            if hour % 6 == 0 || hour % 24 == 4 {
                self.check(day);
            }
        }
        for at in 0..LEAVING {
            let left = self.sim.keys_of(&service(at).name);
            assert!(left.is_empty(), "seed {}: what left the manifest has keys: {left:?}", self.seed);
        }
        self.counts.made.1 = self.sim.lasting().made - self.counts.made.0;
        self.counts
    }
}

#[test]
fn what_a_plan_calls_safe_stays_safe() {
    for seed in 0..3 {
        let counts = Life::new(seed).run();
        let Counts { runs, killed, refused, plans, promises, unlucky, too_short, made, actions } = counts;
        let seen = format!(
            "seed {seed}: {runs} runs, {killed} killed, {refused} refused, {promises} of {plans} plans promise \
             something, {unlucky} unlucky, {too_short} too short, {made:?} keys, {actions:?}"
        );
        assert!(unlucky <= 4, "{seen}");
        assert!((seed == 2) == (too_short > 0) && too_short < 3 * SERVICES, "{seen}");
        assert!(made.1 <= MOST_SHORT_LIVED * SERVICES as u64, "{seen}");
        // Nearly all plans of the time before the last limit are promises, and each is kept.
        assert!(promises * 10 > plans * 6, "{seen}");
        assert!(runs > 90 && killed > 15 && refused > 3, "{seen}");
        assert!(["nothing", "rotate", "deliver"].iter().all(|action| actions.contains_key(action)), "{seen}");
    }
}
