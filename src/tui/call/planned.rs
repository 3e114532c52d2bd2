//! What is asked of the services of a manifest, and what came of it.

use std::path::PathBuf;
use std::sync::Arc;

use crate::actions::fleet::prune::Left;
use crate::actions::fleet::{Applied, Service, ServiceKeys, ServicePlan};

/// What is asked of the services of the manifest in a file.
#[derive(Debug)]
pub enum FleetCall {
    /// Which there are.
    Read {
        file: PathBuf,
    },
    /// What would be done for each.
    Plan {
        file: PathBuf,
    },
    Apply {
        file: PathBuf,
    },
    /// Delete the keys of these services, which left the manifest.
    Prune {
        file: PathBuf,
        agreed: Vec<Left>,
    },
}

#[derive(Debug)]
pub enum FleetAnswer {
    /// Which services there are and what has their keys, or what is wrong with the manifest.
    Services(Result<Arc<ServiceKeys>, String>),
    Step(FleetStep),
    Planned(Result<Box<Planned>, String>),
    Applied(Result<Vec<Applied>, String>),
    Pruned(Result<PrunedServices, String>),
}

/// What would be done for all services.
#[derive(Debug)]
pub struct Planned {
    pub services: Vec<PlannedService>,
    /// Services that left the manifest.
    pub left: Vec<Left>,
}

/// One service with what would be done for it, or why that cannot be said.
#[derive(Debug, Clone)]
pub struct PlannedService {
    pub service: Service,
    pub plan: Result<ServicePlan, String>,
}

/// What came of deleting the keys of services that left the manifest.
#[derive(Debug, Default)]
pub struct PrunedServices {
    /// The services that are gone, each with the keys that were deleted.
    pub services: Vec<Left>,
    /// The services that stay, each with the keys that were deleted.
    pub stay: Vec<Left>,
    pub failures: Vec<String>,
}

/// How far a plan or an apply is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FleetStep {
    Planned {
        done: usize,
        of: usize,
    },
    /// A key is deleted.
    Deleted,
    /// The service at this position is being applied.
    Begun(usize),
    Ended {
        at: usize,
        failed: bool,
    },
}
