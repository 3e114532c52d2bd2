//! A function that fails as often as requested.

use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};

use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
pub struct Wish {
    /// Probability of a failure, 0 to 1.
    #[serde(default = "often")]
    p: f64,
    /// Seeds the random number: the same seed always has the same result for the same `p`.
    seed: Option<i64>,
}

fn often() -> f64 {
    0.3
}

/// `{"draw": number}` if the draw is at least `p`; else an error.
pub fn answer(wish: &Wish) -> Result<Value, String> {
    if !(0.0..=1.0).contains(&wish.p) {
        return Err("p must lie between 0 and 1".to_owned());
    }
    let draw = unit(wish.seed.map_or_else(fresh, |seed| seed as u64));
    if draw < wish.p { Err(format!("drew {draw:.4}, below {}", wish.p)) } else { Ok(json!({"draw": draw})) }
}

/// A number in [0, 1) from a seed: one step of SplitMix64, its upper 53 bits.
fn unit(seed: u64) -> f64 {
    let mut z = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
}

/// An arbitrary seed. It protects no secret, so a counter with the process's hash key is
/// sufficient.
fn fresh() -> u64 {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    static KEY: std::sync::OnceLock<RandomState> = std::sync::OnceLock::new();
    KEY.get_or_init(RandomState::new).hash_one(COUNT.fetch_add(1, Ordering::Relaxed))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fails(p: f64, seed: Option<i64>) -> bool {
        answer(&Wish { p, seed }).is_err()
    }

    #[test]
    fn a_seed_decides_and_the_share_of_failures_is_p() {
        let failures = (0..10_000).filter(|&seed| fails(0.3, Some(seed))).count();
        assert!((2_800..3_200).contains(&failures), "{failures}");
        assert!((0..100).all(|seed| fails(0.3, Some(seed)) == fails(0.3, Some(seed))));
        assert!(!fails(0.0, None) && fails(1.0, None));
    }
}
