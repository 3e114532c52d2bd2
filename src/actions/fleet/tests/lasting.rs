//! What lasts in a simulation: the workbench's keys, what the disk has, what services read.

use std::collections::{BTreeMap, HashMap};

use jiff::{SignedDuration, Timestamp};

use super::super::held::State as HeldState;
use crate::actions::rotation::HandedOver;
use crate::actions::rotation::record::Record;
use crate::wire::{V2KeyDetails, time};

/// The same sequence for the same seed (xorshift64).
pub struct Chance(u64);

impl Chance {
    pub fn of(seed: u64) -> Self {
        Self(0x2545_f491_4f6c_dd1d ^ seed.wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// Once in so many times.
    pub fn one_in(&mut self, times: u64) -> bool {
        self.next().is_multiple_of(times)
    }
}

/// What a machine keeps of a service.
#[derive(Default)]
pub struct Kept {
    pub state: HeldState,
    /// The file with the current key: its id, and when it was written.
    pub vault: Option<(String, Timestamp)>,
    pub note: Option<Record>,
}

/// What is where a key is needed.
#[derive(Default)]
pub struct Delivered {
    pub key_id: Option<String>,
    /// What the service has read.
    pub in_use: Option<String>,
}

/// What lasts.
pub struct Lasting {
    pub chance: Chance,
    pub now: Timestamp,
    pub limit_days: i64,
    /// Whether it says its limit.
    pub says_limit: bool,
    /// How far this machine's clock is off.
    pub jump: SignedDuration,
    pub keys: Vec<V2KeyDetails>,
    pub made: u64,
    /// Steps until the program is killed.
    pub steps_left: u32,
    pub kept: BTreeMap<String, Kept>,
    pub rotated: HandedOver,
    pub order: Vec<String>,
    pub delivered: HashMap<String, Delivered>,
}

impl Lasting {
    pub fn new(seed: u64, now: Timestamp) -> Self {
        Self {
            chance: Chance::of(seed),
            now,
            limit_days: 0,
            says_limit: seed != 2,
            jump: SignedDuration::ZERO,
            keys: Vec::new(),
            made: 0,
            steps_left: u32::MAX,
            kept: BTreeMap::new(),
            rotated: HandedOver::new(),
            order: Vec::new(),
            delivered: HashMap::new(),
        }
    }

    pub fn lives(&mut self) -> bool {
        self.steps_left = self.steps_left.saturating_sub(1);
        self.steps_left > 0
    }

    /// Whether the workbench takes a key.
    pub fn takes(&self, key_id: &str) -> bool {
        let key = self.keys.iter().find(|key| key.key_id == key_id);
        key.and_then(|key| time::parse(&key.expiry_date)).is_some_and(|expiry| expiry > self.now)
    }

    pub fn kept(&mut self, name: &str) -> &mut Kept {
        self.kept.entry(name.to_owned()).or_default()
    }
}
