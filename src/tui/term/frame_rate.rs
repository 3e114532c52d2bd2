//! How often frames are drawn for what arrives by itself.
//!
//! A key is answered at once. Answers may come by the hundred in a second, as while the keys of a
//! whole directory are counted, and nobody reads that many frames: the first few are drawn as they
//! come, then so many a second as one can follow, each with all that came until then.

use std::time::Duration;

use tokio::time::Instant;

/// Frames that may follow one another at once after a key or a pause: about what a screen asks for
/// when it is shown.
const BURST: u32 = 12;
/// After those, one frame in this time.
const EVERY: Duration = Duration::from_millis(50);

/// Counts the frames that were not caused by a key.
#[derive(Debug)]
pub struct FrameRate {
    /// When the last frame would have been drawn if each had waited for its turn.
    last: Instant,
}

impl FrameRate {
    pub fn new(now: Instant) -> Self {
        Self { last: now.checked_sub(EVERY * BURST).unwrap_or(now) }
    }

    /// The user did something: the first answers are drawn at once again.
    pub fn begin_again(&mut self, now: Instant) {
        *self = Self::new(now);
    }

    /// Takes the turn of one frame.
    ///
    /// # Errors
    /// The moment of the next turn, if it has not come yet.
    pub fn take(&mut self, now: Instant) -> Result<(), Instant> {
        let turn = self.last + EVERY;
        if turn > now {
            return Err(turn);
        }
        let earliest = now.checked_sub(EVERY * (BURST - 1)).unwrap_or(now);
        self.last = turn.max(earliest);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_frames_are_drawn_at_once_and_the_rest_take_turns() {
        let begin = Instant::now();
        let mut frame_rate = FrameRate::new(begin);
        let at_once = (0..100).take_while(|_| frame_rate.take(begin).is_ok()).count();
        assert_eq!(at_once, 12);
        let next = frame_rate.take(begin).unwrap_err();
        assert_eq!(next - begin, EVERY);
        assert!(frame_rate.take(next).is_ok());
        assert_eq!(frame_rate.take(next), Err(next + EVERY), "one in a turn");
    }

    #[test]
    fn a_pause_gives_the_first_frames_back_and_no_more() {
        let begin = Instant::now();
        let mut frame_rate = FrameRate::new(begin);
        while frame_rate.take(begin).is_ok() {}
        let later = begin + Duration::from_secs(60);
        assert_eq!((0..100).take_while(|_| frame_rate.take(later).is_ok()).count(), 12);
    }

    #[test]
    fn a_key_gives_them_back_as_well() {
        let begin = Instant::now();
        let mut frame_rate = FrameRate::new(begin);
        while frame_rate.take(begin).is_ok() {}
        frame_rate.begin_again(begin);
        assert!(frame_rate.take(begin).is_ok());
    }
}
