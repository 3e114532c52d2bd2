//! Histograms of a run as they are exported: whole, so that those of several machines can be added.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hdrhistogram::Histogram;
use hdrhistogram::serialization::{Deserializer, Serializer as _, V2Serializer};
use serde::{Deserialize, Serialize};

use super::tally::{Share, Tally};

/// Histograms in HdrHistogram's V2 encoding, as base64. Values are nanoseconds.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Histograms {
    /// From `latency_from`.
    pub latency: String,
    pub service: String,
    pub connect: String,
    pub replicas: BTreeMap<String, String>,
    pub statuses: BTreeMap<u16, String>,
}

impl Histograms {
    pub(super) fn of(all: &Tally, name: impl Fn(&str) -> String) -> Self {
        let share = |share: &Share| (share.requests > 0).then(|| encode(&share.latency));
        Self {
            latency: encode(all.since_due.as_ref().unwrap_or(&all.service)),
            service: encode(&all.service),
            connect: encode(&all.connecting),
            replicas: all.replicas.iter().filter_map(|(id, s)| Some((name(id), share(s)?))).collect(),
            statuses: all.statuses.iter().filter_map(|(status, s)| Some((*status, share(s)?))).collect(),
        }
    }
}

pub(super) fn encode(histogram: &Histogram<u64>) -> String {
    let mut bytes = Vec::new();
    // Only a histogram too large for memory cannot be written.
    let written = V2Serializer::new().serialize(histogram, &mut bytes);
    debug_assert!(written.is_ok());
    STANDARD.encode(bytes)
}

/// `None` if the text is no histogram.
pub(super) fn decode(text: &str) -> Option<Histogram<u64>> {
    let bytes = STANDARD.decode(text).ok()?;
    Deserializer::new().deserialize(&mut bytes.as_slice()).ok()
}
