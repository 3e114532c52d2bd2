//! Reads and checks a request for a build.

use crate::wire::{ModelBuild, ShortCreateModelBuild};
use crate::workbench::Workbench;
use crate::workbench::http::gate::InProject;
use crate::workbench::http::refusal::{Refusal, bad_value};
use crate::workbench::ids;
use crate::workbench::kernels::{Kernel, NoKernel};
use crate::workbench::lifecycle::{builds as states, kernel_of};
use crate::workbench::python;

/// A build as it enters the store.
pub fn new_build(wish: ShortCreateModelBuild) -> ModelBuild {
    ModelBuild {
        id: ids::uuid(),
        status: states::PENDING.to_owned(),
        comment: wish.comment,
        file_path: wish.file_path,
        function_name: wish.function_name,
        kernel: wish.kernel,
        runtime_identifier: wish.runtime_identifier,
        runtime_addon_identifiers: wish.runtime_addon_identifiers,
        registered_model_version_id: wish.registered_model_version_id,
        model_root_dir: wish.model_root_dir,
        build_script_path: wish.build_script_path,
        ..ModelBuild::default()
    }
}

/// Refuses what is wrong without having to build: kernels that are not embedded, paths that leave
/// the project's folder. Errors that only loading the file shows fail the build instead.
pub fn check(workbench: &Workbench, project: &InProject, build: &ModelBuild) -> Result<(), Refusal> {
    if !build.registered_model_version_id.is_empty() {
        let detail = "the model registry is not embedded; name a file_path and a function_name";
        return Err(bad_value("registered_model_version_id", detail));
    }
    match kernel_of(build) {
        // R is accepted, as its runtimes are offered; the build says what to do instead.
        Ok(Kernel::Builtin(_) | Kernel::R) => Ok(()),
        Ok(Kernel::Python) => {
            for (name, value) in [("file_path", &build.file_path), ("function_name", &build.function_name)] {
                if value.is_empty() {
                    return Err(bad_value(name, "a Python model needs it"));
                }
            }
            let folder = workbench.project_folder(&project.stored.directory);
            let outside =
                |name: &'static str| move |outside: python::Outside| bad_value(name, outside.to_string());
            python::inside(&folder, "", &build.model_root_dir).map_err(outside("model_root_dir"))?;
            let file = python::inside(&folder, &build.model_root_dir, &build.file_path);
            file.map_err(outside("file_path")).map(drop)
        }
        Err(none) => {
            let name = match &none {
                NoKernel::Function(_) => "function_name",
                _ if build.runtime_identifier.is_empty() => "kernel",
                _ => "runtime_identifier",
            };
            Err(bad_value(name, none.to_string()))
        }
    }
}
