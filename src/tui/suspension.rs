//! Back to the shell: what must end before the program is suspended.

use super::effect::{Effect, Effects};
use super::requests::{Kind, LayerId, RequestId};
use super::shared::Shared;
use super::stack::Stack;

/// Whether the program is about to be suspended. Runs and checks are stopped first, with what they have
/// measured: the time in the shell would be charged to the model.
#[derive(Debug, Default)]
pub struct Suspension {
    waits: bool,
}

impl Suspension {
    /// Suspends the program, at once or when what calls models has been stopped. The second time it does not
    /// wait for that.
    pub fn begin(&mut self, shared: &mut Shared, stack: &mut Stack) -> Effects {
        let calling = calling(shared);
        if calling.is_empty() || std::mem::take(&mut self.waits) {
            return vec![Effect::Suspend];
        }
        self.waits = true;
        let stopping = calling.into_iter().filter_map(|(owner, id)| stack.end_early(shared, owner, id));
        let effects = stopping.flatten().collect();
        shared.notices.info(shared.now, "stopped before keybench was suspended: what was measured is kept");
        effects
    }

    /// Suspends the program if nothing is waited for any more.
    pub fn due(&mut self, shared: &Shared) -> Option<Effect> {
        let due = self.waits && calling(shared).is_empty();
        self.waits &= !due;
        due.then_some(Effect::Suspend)
    }
}

/// The runs and checks that go on, each with its layer.
fn calling(shared: &Shared) -> Vec<(LayerId, RequestId)> {
    let calls = shared.requests.running().iter().filter(|request| request.kind == Kind::Calls);
    calls.map(|request| (request.owner, request.id)).collect()
}
