//! Limits of what models may request. The real product's limits are not known; what no machine has,
//! or what makes no sense, is refused here.

use crate::wire::{DefaultResources, ShortCreateModelDeployment, Whole};
use crate::workbench::http::refusal::{Refusal, bad_value};

/// Most replicas of one deployment: each may be a process of this machine.
pub const REPLICA_LIMIT: i64 = 64;
/// Most vCPU of one replica.
const CPU_LIMIT: f64 = 1024.0;
/// Most GPUs of one replica.
const GPU_LIMIT: i64 = 64;
/// Most GB of one replica.
const MEMORY_LIMIT: f64 = 16_384.0;

/// Refuses impossible resources of a deployment. Zero means the default, as in proto3.
pub fn check(wish: &ShortCreateModelDeployment) -> Result<(), Refusal> {
    check_amount("cpu", wish.cpu, CPU_LIMIT, "vCPU")?;
    check_amount("memory", wish.memory, MEMORY_LIMIT, "GB")?;
    check_gpus(wish.nvidia_gpus.0)?;
    check_replicas(wish.replicas)
}

/// The same for the defaults of a model's deployments.
pub fn check_defaults(wish: &DefaultResources) -> Result<(), Refusal> {
    let DefaultResources { cpu_millicores, memory_mb, nvidia_gpus } = wish;
    check_amount("default_resources.cpu_millicores", cpu_millicores.0 as f64, CPU_LIMIT * 1e3, "millicores")?;
    check_amount("default_resources.memory_mb", memory_mb.0 as f64, MEMORY_LIMIT * 1024.0, "MB")?;
    check_gpus(nvidia_gpus.0)
}

pub fn check_replicas(replicas: Whole) -> Result<(), Refusal> {
    if (0..=REPLICA_LIMIT).contains(&replicas.0) {
        return Ok(());
    }
    Err(bad_value("replicas", format!("it must lie between 1 and {REPLICA_LIMIT}")))
}

fn check_amount(name: &str, amount: f64, limit: f64, unit: &str) -> Result<(), Refusal> {
    if (0.0..=limit).contains(&amount) {
        return Ok(());
    }
    Err(bad_value(
        name,
        format!("it must be more than 0 and at most {limit} {unit}; without it there is a default"),
    ))
}

/// Published programs request one (OBSERVED); here it is only stored.
fn check_gpus(gpus: i64) -> Result<(), Refusal> {
    if (0..=GPU_LIMIT).contains(&gpus) {
        return Ok(());
    }
    Err(bad_value("nvidia_gpus", format!("it must be from 0 to {GPU_LIMIT}")))
}
