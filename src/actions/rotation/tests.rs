//! Every way in which a rotation can break off, walked through on the steps and the plan themselves:
//! each request, each note and each command may fail, end the run, or be the last thing that happens
//! before a kill. Whatever happens, no key is deleted that the service may be using.

use std::time::Duration;

use futures_util::FutureExt as _;
use jiff::{Timestamp, ToSpan as _};

use super::error::Error;
use super::plan::{HandedOver, Plan, plan};
use super::record::Record;
use super::steps::{Delivery, Steps, World};
use crate::actions::keys;
use crate::api;
use crate::secret::ApiKey;
use crate::wire::{CreateV2KeyResponse, V2KeyDetails, time};

const GRACE: Duration = Duration::from_secs(86_400);

/// Goes through all sequences of choices, of which at most so many are faults.
#[derive(Default)]
struct Choices {
    script: Vec<usize>,
    widths: Vec<usize>,
    at: usize,
    faults: usize,
    most: usize,
}

impl Choices {
    /// One of `n` ways to go on; all but the first are faults.
    fn fault(&mut self, n: usize) -> usize {
        let chosen = self.any(if self.faults < self.most { n } else { 1 });
        self.faults += usize::from(chosen > 0);
        chosen
    }

    fn any(&mut self, n: usize) -> usize {
        if self.at == self.script.len() {
            self.script.push(0);
        }
        self.widths.truncate(self.at);
        self.widths.push(n);
        self.at += 1;
        self.script[self.at - 1]
    }

    /// On to the next sequence, if there is one.
    fn next(&mut self) -> bool {
        (self.at, self.faults) = (0, 0);
        while let (Some(chosen), Some(width)) = (self.script.pop(), self.widths.pop()) {
            if chosen + 1 < width {
                self.script.push(chosen + 1);
                return true;
            }
        }
        false
    }
}

/// A workbench, a disk and a service.
struct Sim<'a> {
    choices: &'a mut Choices,
    now: Timestamp,
    made: usize,
    keys: Vec<V2KeyDetails>,
    note: Option<Record>,
    noted: HandedOver,
    /// The hand-over is a file of ours, and this is what it holds.
    file: Option<Option<(String, Timestamp)>>,
    /// The key that the service has taken last.
    uses: Option<String>,
    /// Keys that some of its clients may still use, and until when.
    lingering: Vec<(String, Timestamp)>,
    /// The program was killed: nothing that it does has an effect any more.
    dead: bool,
}

fn fails() -> Error {
    Error::HandOver { why: "on purpose".into() }
}

impl Sim<'_> {
    fn taken(&mut self, key_id: &str) {
        if let Some(old) = self.uses.replace(key_id.to_owned()) {
            self.lingering.push((old, self.now.checked_add(GRACE).unwrap()));
        }
    }

    fn list(&mut self) -> CreateV2KeyResponse {
        self.made += 1;
        let created = CreateV2KeyResponse {
            api_key: ApiKey::from_workbench("0a.0b"),
            key_id: format!("k{}", self.made),
            created_at: time::format(self.now),
            expiry_date: time::format(self.now + (24 * 365).hours()),
            ..CreateV2KeyResponse::default()
        };
        self.keys.push(super::details(&created));
        created
    }

    fn is_listed(&self, key_id: &str) -> bool {
        self.keys.iter().any(|key| key.key_id == key_id)
    }
}

impl World for &mut Sim<'_> {
    fn note(&mut self, record: &Record) -> Result<(), Error> {
        if self.dead {
            return Err(fails());
        }
        // The disk is full, or the last moment is before or after.
        let chosen = self.choices.fault(4);
        if matches!(chosen, 0 | 3) {
            self.note = Some(record.clone());
        }
        self.dead = chosen > 1;
        if chosen == 0 { Ok(()) } else { Err(fails()) }
    }

    fn forget(&mut self) {
        if !self.dead {
            self.note = None;
        }
    }

    fn now(&self) -> Timestamp {
        self.now
    }

    async fn create(&mut self) -> Result<CreateV2KeyResponse, Error> {
        if self.dead {
            return Err(fails());
        }
        match self.choices.fault(4) {
            0 => Ok(self.list()),
            1 => Err(fails()),
            // The answer is lost, to this process or with it.
            lost => {
                self.list();
                self.dead = lost == 3;
                let detail = "cut".to_owned();
                Err(keys::Error::MayExist(api::Error::BadAnswer { operation: "creating", detail }).into())
            }
        }
    }

    async fn prove(&mut self, _: &CreateV2KeyResponse) -> Result<(), Error> {
        let chosen = if self.dead { 1 } else { self.choices.fault(3) };
        self.dead |= chosen == 2;
        if chosen == 0 { Ok(()) } else { Err(fails()) }
    }

    async fn hand_over(&mut self, created: &CreateV2KeyResponse) -> Delivery {
        let id = created.key_id.as_str();
        if self.dead {
            return Delivery::Never(fails());
        }
        if self.file.is_some() {
            // Written or not; in the other two cases it is the last thing that happens.
            let chosen = self.choices.fault(4);
            if matches!(chosen, 0 | 3) {
                self.file = Some(Some((id.to_owned(), self.now)));
                self.taken(id);
            }
            self.dead = chosen > 1;
            return if chosen == 0 { Delivery::Recorded } else { Delivery::Never(fails()) };
        }
        let chosen = self.choices.fault(6);
        // It ends badly, or this process does, and the service has the key or has it not.
        if matches!(chosen, 0 | 2 | 4) {
            self.taken(id);
        }
        self.dead = matches!(chosen, 4 | 5);
        match chosen {
            0 => Delivery::Done,
            1 => Delivery::Never(fails()),
            _ => Delivery::InDoubt(fails()),
        }
    }

    async fn delete(&mut self, key_id: &str) -> Result<(), Error> {
        let chosen = if self.dead { 1 } else { self.choices.fault(3) };
        self.dead |= chosen == 2;
        if chosen == 1 {
            return Err(fails());
        }
        let is_used = self.uses.as_deref() == Some(key_id)
            || self.lingering.iter().any(|(id, until)| id == key_id && *until > self.now);
        assert!(!is_used, "{key_id} is used and was deleted: {:?}", self.choices.script);
        self.keys.retain(|key| key.key_id != key_id);
        if chosen == 0 { Ok(()) } else { Err(fails()) }
    }
}

impl Sim<'_> {
    fn record(&self) -> Option<Record> {
        let file = self.file.as_ref().and_then(Option::as_ref);
        let noted = self.note.clone();
        let Some((id, at)) = file else { return noted };
        let intents = noted.map(|noted| noted.intents).unwrap_or_default();
        Some(Record { intents, ..Record::new(id, Some(*at)) })
    }

    fn plan(&self, keys: &[V2KeyDetails], record: Option<&Record>, due_days: u32) -> Plan {
        plan(keys, record, &self.noted, due_days, GRACE, self.now)
    }

    /// One run of the program.
    fn run(&mut self, due_days: u32) {
        self.dead = false;
        let record = self.record();
        let newest = self.keys.iter().max_by_key(|key| time::parse(&key.created_at));
        let newest = newest.map(|key| key.key_id.clone());
        let absent = self.file.as_ref().map(|_| Record::begun(newest));
        let before = self.plan(&self.keys, record.as_ref().or(absent.as_ref()), due_days);
        assert!(before.contested.is_empty(), "it is alone: {:?}", self.choices.script);
        let stale = before.never_handed_over.clone();
        let mut outlived = before.outlived.clone();
        if before.create.is_some() {
            assert!(!before.has_too_many_in_doubt());
            let (is_noted, timeout) = (self.file.is_none(), Duration::from_secs(30));
            let begun = Record::begun(before.current.clone());
            let listed = self.keys.clone();
            let steps = Steps {
                world: &mut *self,
                before: record.as_ref(),
                begun,
                is_noted,
                listed: &listed,
                timeout,
                current_works: true,
                outlives: None,
            };
            let Ok((created, _)) = steps.take().now_or_never().unwrap() else { return };
            // Which may be forgotten: it only makes the grace time exact.
            if self.choices.fault(2) == 0 {
                self.noted.insert(created.key_id.clone(), self.now);
            }
            let after = Record::new(&created.key_id, Some(self.now));
            outlived = self.plan(&self.keys, Some(&after), due_days).outlived;
            outlived.retain(|id| !stale.contains(id));
        }
        for id in stale.iter().chain(&outlived) {
            if (&mut *self).delete(id).now_or_never().unwrap().is_err() {
                return;
            }
        }
    }
}

/// Runs that break off, then some that do not; gives how many sequences there were.
fn walk(is_file: bool, runs: usize, faults: usize, gaps: &[Duration]) -> usize {
    let mut choices = Choices { most: faults, ..Choices::default() };
    let mut walked = 0;
    loop {
        let mut sim = Sim {
            choices: &mut choices,
            now: "2026-06-01T00:00:00Z".parse().unwrap(),
            made: 0,
            keys: Vec::new(),
            note: None,
            noted: HandedOver::new(),
            file: is_file.then_some(None),
            uses: None,
            lingering: Vec::new(),
            dead: false,
        };
        for _ in 0..runs {
            sim.run(400);
            let gap = gaps[sim.choices.any(gaps.len())];
            sim.now += gap;
        }
        sim.choices.most = 0;
        for _ in 0..3 {
            sim.run(14);
            sim.now += 2 * GRACE;
        }
        let uses = sim.uses.clone().unwrap();
        let listed: Vec<_> = sim.keys.iter().map(|key| key.key_id.as_str()).collect();
        assert!(sim.is_listed(&uses) && listed.len() == 1, "{listed:?}, {uses}: {:?}", sim.choices.script);
        assert!(
            sim.record().is_some_and(|record| record.key_id() == Some(&uses) && record.in_doubt.is_empty())
        );
        walked += 1;
        choices.most = faults;
        if !choices.next() {
            return walked;
        }
    }
}

#[test]
fn no_key_that_may_be_in_use_is_ever_deleted() {
    let (soon, later) = (Duration::from_secs(60), GRACE + Duration::from_secs(60));
    let walked = [
        walk(false, 3, 2, &[later, soon]),
        // Two that break off after the command has run, then one that fails.
        walk(false, 3, 3, &[later]),
        walk(true, 3, 2, &[later, soon]),
    ];
    assert!(walked.iter().all(|many| *many > 1_000), "{walked:?}");
}
