//! What a call asks of a workbench or a model service, and for whom.

use super::{BuildCall, Call, FleetCall};
use crate::tui::requests::{Asked, Kind};

impl Call {
    /// For whom it asks, where it is started as a request of this kind.
    pub fn asked(&self, kind: Kind) -> Asked {
        match self {
            Self::StartEmbedded(_)
            | Self::Profiles { .. }
            | Self::RemoveProfile { .. }
            | Self::NoteHandOver { .. }
            | Self::SaveKey { .. }
            | Self::Fleet(FleetCall::Read { .. })
            | Self::ReadRow(..)
            | Self::StopRun(_)
            | Self::LoadRequests { .. }
            | Self::StoreRequests { .. }
            | Self::History { .. }
            | Self::HistoryEntry { .. }
            | Self::HistoryRuns { .. }
            | Self::ExportRun { .. }
            | Self::StoreColumns { .. }
            | Self::StoreSetting { .. }
            | Self::WriteText { .. } => Asked::Nothing,
            // A row each, once a session, or what follows a refusal.
            Self::Deployment { .. }
            | Self::Project { .. }
            | Self::CountKeys { .. }
            | Self::Explain(_)
            | Self::Version
            | Self::Expiration
            | Self::Reach
            | Self::Builds(BuildCall::Look { .. }) => Asked::ByItself,
            _ if kind == Kind::Quiet => Asked::ByItself,
            _ => Asked::ByUser,
        }
    }

    /// The id of the model that it is about.
    pub fn model_id(&self) -> Option<&str> {
        match self {
            Self::Deployment { model_id, .. } => Some(model_id),
            Self::TestModel(test) => Some(&test.model_id),
            Self::CheckModel(check) => Some(&check.model_id),
            Self::Run(run) => Some(&run.model_id),
            Self::Builds(call) => call.model_id(),
            Self::RestartModel(deployment) | Self::StopModel(deployment) => Some(&deployment.model_id),
            _ => None,
        }
    }
}
