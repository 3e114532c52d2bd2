//! The control listener: a second port for tests, which injects faults, shows what was requested,
//! moves the clock, and restores states. It is separate from the API's listener, and exists only
//! with `--control`.

mod acting;
mod faults;
mod journal;
mod masks;
mod routes;
mod seen;
mod states;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::Router;
use axum::middleware::from_fn_with_state;
use jiff::SignedDuration;
use tokio_util::sync::CancellationToken;

use super::clock::Clock;
use super::state::Workbench;
use super::store::keys::{self, KeyHash};
use faults::Faults;
use journal::Journal;
pub use states::StateError;
use states::States;

/// A cheap handle on what the control calls work on.
#[derive(Clone)]
pub struct Control(Arc<Shared>);

struct Shared {
    workbench: Workbench,
    clock: Clock,
    /// The clock's offset at the start.
    ahead: SignedDuration,
    faults: Faults,
    journal: Journal,
    states: States,
    token: KeyHash,
    ready: AtomicBool,
    ending: CancellationToken,
}

impl Control {
    pub fn new(
        workbench: Workbench,
        clock: Clock,
        data: &Path,
        token: &str,
        ending: CancellationToken,
    ) -> Result<Self, StateError> {
        Ok(Self(Arc::new(Shared {
            workbench,
            ahead: clock.ahead(),
            clock,
            faults: Faults::default(),
            journal: Journal::default(),
            states: States::new(data.join("snapshots"))?,
            token: keys::hash(token),
            ready: AtomicBool::new(false),
            ending,
        })))
    }

    /// The calls.
    pub fn router(&self) -> Router {
        routes::router(self.clone())
    }

    /// The API with faults and journal in front of its routes.
    pub fn watch(&self, api: Router) -> Router {
        Router::new().fallback_service(api).layer(from_fn_with_state(self.clone(), acting::act))
    }

    /// Call this once everything seeded is running: a reset restores this state.
    pub async fn begin(&self) -> Result<(), StateError> {
        self.0.states.keep_start(&self.0.workbench).await?;
        self.0.ready.store(true, Ordering::Release);
        Ok(())
    }

    async fn reset(&self) -> Result<(), StateError> {
        self.0.faults.clear();
        self.0.clock.put_ahead(self.0.ahead);
        self.0.states.reset(&self.0.workbench).await?;
        self.0.journal.clear();
        Ok(())
    }

    fn is_ready(&self) -> bool {
        self.0.ready.load(Ordering::Acquire)
    }

    fn workbench(&self) -> &Workbench {
        &self.0.workbench
    }

    fn clock(&self) -> &Clock {
        &self.0.clock
    }

    fn faults(&self) -> &Faults {
        &self.0.faults
    }

    fn journal(&self) -> &Journal {
        &self.0.journal
    }

    fn states(&self) -> &States {
        &self.0.states
    }

    fn token_hash(&self) -> &KeyHash {
        &self.0.token
    }

    /// Cancelled when the server ends, which ends every wait.
    fn ending(&self) -> &CancellationToken {
        &self.0.ending
    }
}
