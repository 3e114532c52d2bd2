//! The state of the dialog.

use crate::config::KnownKey;
use crate::tui::event::{Listing, ModelChoice, Proof};
use crate::tui::list::ListState;
use crate::tui::model_result::{TestResult, Why};
use crate::tui::requests::RequestId;
use crate::tui::widgets::field::Field;

/// The test of a new key.
#[derive(Debug)]
pub struct KeyTest {
    pub(super) known: KnownKey,
    /// The Key ID of the old key, if only the proof is missing: a passed test leads to the question
    /// about it.
    pub(super) old: Option<String>,
    /// The models that match the typed text.
    pub(super) models: Vec<ModelChoice>,
    /// How far the list of all models has come.
    pub(super) listing: Listing,
    pub(super) stage: Stage,
}

#[derive(Debug)]
pub enum Stage {
    /// What is typed is the filter.
    Choosing {
        list: ListState,
    },
    Asking {
        model: ModelChoice,
        request: Field,
        problem: Option<String>,
    },
    Calling {
        model: ModelChoice,
        request: String,
        id: RequestId,
    },
    Ended {
        model: ModelChoice,
        request: String,
        result: Box<TestResult>,
    },
}

impl Stage {
    /// All models are offered.
    pub fn choosing() -> Self {
        let mut list = ListState::default();
        list.filter.open();
        Self::Choosing { list }
    }
}

impl KeyTest {
    pub fn new(known: KnownKey, old: Option<String>) -> Self {
        let listing = Listing::Unread;
        Self { known, old, models: Vec::new(), listing, stage: Stage::choosing() }
    }

    /// The request that the dialog waits for: the call, or the question why it failed.
    pub(super) fn waits_for(&self) -> Option<RequestId> {
        match &self.stage {
            Stage::Calling { id, .. } => Some(*id),
            Stage::Ended { result, .. } => match result.why {
                Why::Asking(id) => Some(id),
                _ => None,
            },
            Stage::Choosing { .. } | Stage::Asking { .. } => None,
        }
    }

    /// What Enter does.
    pub(super) fn submit_label(&self) -> &'static str {
        match &self.stage {
            Stage::Choosing { .. } => "take model",
            Stage::Asking { .. } => "send test",
            Stage::Ended { result, .. } if result.failure().is_some() => "back",
            Stage::Calling { .. } | Stage::Ended { .. } => "next step",
        }
    }
}

/// What a result reveals about the key.
pub fn proof(model: &ModelChoice, result: &TestResult) -> Proof {
    let model = model.path.clone();
    match (result.failure(), result.call.answer()) {
        (None, Some(answer)) => {
            Proof::Passed { model, status: answer.status, replica: answer.replica_id.clone() }
        }
        (_, answer) => {
            let why = match (result.diagnosis(), answer) {
                (Some(diagnosis), _) => diagnosis.sentence.clone(),
                (None, Some(answer)) => format!("{} {}", answer.status, result.summary),
                (None, None) => result.summary.clone(),
            };
            Proof::Failed { model, why }
        }
    }
}
