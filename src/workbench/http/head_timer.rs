//! The time limit of heads, as hyper wants it: one timer for a connection, which a request need not move.
//! Registering one for each request would cost more than reading it.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use hyper::rt::{Sleep, Timer};

/// The timer of one connection.
#[derive(Clone)]
pub struct HeadTimer(Arc<Mutex<Pin<Box<tokio::time::Sleep>>>>);

impl HeadTimer {
    /// `limit` is the shortest time that will be asked for.
    pub fn new(limit: Duration) -> Self {
        Self(Arc::new(Mutex::new(Box::pin(tokio::time::sleep(limit)))))
    }
}

impl Timer for HeadTimer {
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Sleep>> {
        self.sleep_until(self.now() + duration)
    }

    fn sleep_until(&self, deadline: Instant) -> Pin<Box<dyn Sleep>> {
        Box::pin(Waiting { timer: self.clone(), deadline: deadline.into() })
    }

    fn now(&self) -> Instant {
        tokio::time::Instant::now().into()
    }
}

struct Waiting {
    timer: HeadTimer,
    deadline: tokio::time::Instant,
}

impl Sleep for Waiting {}

impl Future for Waiting {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let mut timer = self.timer.0.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            // It never ends too late, since deadlines only grow; where it ends too early, it goes on.
            ready!(timer.as_mut().poll(context));
            if timer.deadline() >= self.deadline {
                return Poll::Ready(());
            }
            timer.as_mut().reset(self.deadline);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn each_wait_ends_at_its_own_deadline() {
        let limit = Duration::from_secs(60);
        let timer = HeadTimer::new(limit);
        let start = timer.now();
        let first = timer.sleep(limit);
        tokio::time::advance(Duration::from_secs(50)).await;
        drop(first);
        timer.sleep(limit).await;
        assert_eq!(timer.now().duration_since(start).as_secs(), 110);
        timer.sleep(limit).await;
        assert_eq!(timer.now().duration_since(start).as_secs(), 170);
    }
}
