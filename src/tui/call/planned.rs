//! What is asked of the services of a manifest, and what came of it.

use std::path::PathBuf;
use std::sync::Arc;

use crate::actions::fleet::{Applied, Manifest, Service, ServicePlan};

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
}

#[derive(Debug)]
pub enum FleetAnswer {
    /// What a manifest says, or what is wrong with it.
    Manifest(Result<Arc<Manifest>, String>),
    Step(FleetStep),
    Planned(Result<Box<Planned>, String>),
    Applied(Result<Vec<AppliedService>, String>),
}

/// What would be done for all services.
#[derive(Debug)]
pub struct Planned {
    pub services: Vec<PlannedService>,
    /// Services that left the manifest, each with the number of its keys.
    pub left: Vec<(String, usize)>,
}

/// One service with what would be done for it, or why that cannot be said.
#[derive(Debug, Clone)]
pub struct PlannedService {
    pub service: Service,
    pub plan: Result<ServicePlan, String>,
}

/// What was done for one service.
#[derive(Debug)]
pub struct AppliedService {
    pub applied: Applied,
    pub failures: Vec<String>,
}

/// How far a plan or an apply is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FleetStep {
    Planned {
        done: usize,
        of: usize,
    },
    /// The service at this position is being applied.
    Begun(usize),
    Ended {
        at: usize,
        failed: bool,
    },
}
