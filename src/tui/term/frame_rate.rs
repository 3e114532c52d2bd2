//! How often frames are drawn for events that the user did not cause.
//!
//! A key is answered at once. Answers may arrive by the hundred in a second, for example while the
//! keys of a whole directory are counted, and no one can read that many frames. So the first few are
//! drawn at once and the others at a rate that the eye can follow, each with everything that has
//! arrived by then.

use std::time::Duration;

use tokio::time::Instant;

/// Frames that are drawn at once after a key or a pause: about as many as the requests of a screen
/// when it opens.
const BURST: u32 = 12;
/// After those, one frame in this time.
const EVERY: Duration = Duration::from_millis(50);

/// Counts the frames that were not caused by a key.
#[derive(Debug)]
pub struct FrameRate {
    /// When the last frame would have been drawn at the steady rate.
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

    /// Takes a turn to draw one frame.
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
