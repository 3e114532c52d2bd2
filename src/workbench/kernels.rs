//! What a build can run with: the kernels of this workbench, and their runtimes.
//!
//! The catalogue lists the runtimes that programs look for on a real workbench. Whichever Python
//! runtime a build names, its functions run on the machine's `python3`.

use std::sync::LazyLock;

use super::functions::{self, Builtin};
use super::python;
use crate::wire::{Runtime, RuntimeAddon, Whole};

/// The registry of a real workbench's images, and one of their versions (OBSERVED in outputs of
/// published notebooks).
const REGISTRY: &str = "docker.repository.cloudera.com/cloudera/cdsw/ml-runtime";
const VERSION: &str = "2024.02.1-b4";
/// Status of a usable runtime (SPEC, RuntimeStatus).
const ENABLED: &str = "ENABLED";
/// Status of a usable addon (SPEC, search filter of ListRuntimeAddons).
const AVAILABLE: &str = "AVAILABLE";

/// Editors that programs filter by (OBSERVED), as named in answers and in images.
const EDITORS: [(&str, &str); 3] =
    [("PBJ Workbench", "pbj-workbench"), ("Workbench", "workbench"), ("JupyterLab", "jupyterlab")];
/// Versions that programs filter by (OBSERVED).
const PYTHONS: [&str; 4] = ["3.9", "3.10", "3.11", "3.12"];
/// The version of the most used R image (OBSERVED).
const R: &str = "4.1";

/// All runtimes of ListRuntimes. Programs filter and take the first, so those that run here come
/// first, and images of a real workbench come before our own.
pub static RUNTIMES: LazyLock<Vec<Runtime>> = LazyLock::new(|| {
    let mut all = Vec::new();
    for (editor, short) in EDITORS {
        for version in PYTHONS {
            let image = format!("{short}-python{version}");
            let kernel = format!("Python {version}");
            // The first text is INFERRED, the second OBSERVED.
            let standard = "Standard edition Python runtime provided by Cloudera";
            let cuda = "Python runtime with CUDA libraries provided by Cloudera";
            all.push(runtime(editor, &kernel, "Standard", &format!("{image}-standard"), standard));
            all.push(runtime(editor, &kernel, "Nvidia GPU", &format!("{image}-cuda"), cuda));
        }
    }
    // There is no R image with JupyterLab (INFERRED).
    for (editor, short) in &EDITORS[..2] {
        let description = "Standard edition R runtime provided by Cloudera";
        all.push(runtime(
            editor,
            &format!("R {R}"),
            "Standard",
            &format!("{short}-r{R}-standard"),
            description,
        ));
    }
    all.push(Runtime {
        image_identifier: BUILTIN.to_owned(),
        editor: EDITORS[0].0.to_owned(),
        kernel: "Builtin".to_owned(),
        edition: "Standard".to_owned(),
        description: "Functions that come with keybench: add, churn, slow, flaky, score, echo.".to_owned(),
        full_version: env!("CARGO_PKG_VERSION").to_owned(),
        status: ENABLED.to_owned(),
        register_user_id: Whole(0),
    });
    all
});

/// The runtime of the built-in functions.
const BUILTIN: &str = "keybench/ml-runtime-pbj-workbench-builtin-standard:1";

fn runtime(editor: &str, kernel: &str, edition: &str, image: &str, description: &str) -> Runtime {
    Runtime {
        image_identifier: format!("{REGISTRY}-{image}:{VERSION}"),
        editor: editor.to_owned(),
        kernel: kernel.to_owned(),
        edition: edition.to_owned(),
        description: description.to_owned(),
        full_version: VERSION.to_owned(),
        status: ENABLED.to_owned(),
        register_user_id: Whole(0),
    }
}

/// All addons of ListRuntimeAddons. The component `Spark` is the specification's example; the rest
/// is INFERRED. Builds store the addons that they name; replicas do not use them.
pub static ADDONS: LazyLock<Vec<RuntimeAddon>> = LazyLock::new(|| {
    let addons = [
        ("hadoop-cli-7.1.9", "HadoopCLI", "Hadoop CLI 7.1.9"),
        ("spark-3.2", "Spark", "Spark 3.2"),
        ("spark-3.3", "Spark", "Spark 3.3"),
    ];
    let numbered = (1..).zip(addons);
    numbered
        .map(|(id, (identifier, component, display_name))| RuntimeAddon {
            identifier: identifier.to_owned(),
            component: component.to_owned(),
            display_name: display_name.to_owned(),
            status: AVAILABLE.to_owned(),
            manageable: true,
            created_at: "2024-02-01T00:00:00Z".to_owned(),
            id: Whole(id),
            reason: String::new(),
        })
        .collect()
});

/// What a build runs with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kernel {
    Builtin(Builtin),
    Python,
    /// Builds of it are accepted, and fail.
    R,
}

/// Why a build cannot be run here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoKernel {
    #[error("name a kernel (python3 or builtin) or a runtime of ListRuntimes")]
    Unnamed,
    #[error("kernel {0:?} is not embedded; use python3 or builtin")]
    Kernel(String),
    #[error("runtime {0:?} is not embedded; ListRuntimes lists those that are")]
    Runtime(String),
    #[error("there is no builtin function {0:?}; there are add, churn, slow, flaky, score and echo")]
    Function(String),
    #[error(
        "keybench does not run R: build with a Python runtime, or with the kernel `builtin` and one of its functions"
    )]
    R,
}

/// The kernel of a build. A runtime is more specific than a kernel, so it has precedence; without
/// either, a Python file is enough.
///
/// Programs name the images of their own workbench (OBSERVED:
/// `…/ml-runtime-pbj-workbench-python3.11-standard:2026.01.1-b6`): only the language of such an
/// image counts, not its version.
pub fn kernel(kernel: &str, runtime: &str, file: &str, function: &str) -> Result<Kernel, NoKernel> {
    if !runtime.is_empty() {
        let image = runtime.contains("ml-runtime-");
        return match runtime {
            BUILTIN => builtin(function),
            _ if image && runtime.contains("-python3") => Ok(Kernel::Python),
            _ if image && has_r(runtime) => Ok(Kernel::R),
            _ => Err(NoKernel::Runtime(runtime.to_owned())),
        };
    }
    if kernel.is_empty() {
        return if file.ends_with(".py") { Ok(Kernel::Python) } else { Err(NoKernel::Unnamed) };
    }
    // "Python 3.11" is the real product's name for it.
    let name = kernel.to_lowercase().replace(' ', "");
    match name.as_str() {
        functions::KERNEL => builtin(function),
        name if name.starts_with(python::KERNEL) => Ok(Kernel::Python),
        name if name == "r" || has_r(&format!("-{name}")) => Ok(Kernel::R),
        _ => Err(NoKernel::Kernel(kernel.to_owned())),
    }
}

fn builtin(function: &str) -> Result<Kernel, NoKernel> {
    let known = Builtin::named(function).map(Kernel::Builtin);
    known.ok_or_else(|| NoKernel::Function(function.to_owned()))
}

/// Whether a part of the name is R with its version: `-r4.1`.
fn has_r(name: &str) -> bool {
    name.match_indices("-r")
        .any(|(at, found)| name[at + found.len()..].starts_with(|c: char| c.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_runtime_a_kernel_or_a_python_file_names_the_kernel() {
        let python = Ok(Kernel::Python);
        let add = Ok(Kernel::Builtin(Builtin::Add));
        assert_eq!(kernel("python3", "", "a.py", "predict"), python);
        assert_eq!(kernel("Python 3.11", "", "a", "predict"), python);
        assert_eq!(kernel("", "", "a.py", "predict"), python);
        let real = "docker.example/cloudera/cdsw/ml-runtime-pbj-workbench-python3.11-standard:2026.01.1-b6";
        assert_eq!(kernel("", real, "a", "predict"), python);
        assert_eq!(kernel("builtin", "", "", "add"), add);
        assert_eq!(kernel("r", BUILTIN, "", "add"), add);
        assert_eq!(kernel("", "", "a.r", "predict"), Err(NoKernel::Unnamed));
        assert_eq!(kernel("r", "", "a.r", "predict"), Ok(Kernel::R));
        assert_eq!(kernel("R 4.1", "", "a.r", "predict"), Ok(Kernel::R));
        let r = "docker.example/cdsw/ml-runtime-workbench-r4.0-standard:2021.09.1-b5";
        assert_eq!(kernel("python3", r, "a.r", "predict"), Ok(Kernel::R));
        assert_eq!(kernel("ruby", "", "a.rb", "f"), Err(NoKernel::Kernel("ruby".to_owned())));
        assert_eq!(kernel("", "other:1", "a.py", "f"), Err(NoKernel::Runtime("other:1".to_owned())));
        assert_eq!(kernel("builtin", "", "", "predict"), Err(NoKernel::Function("predict".to_owned())));
    }

    #[test]
    fn every_runtime_of_the_catalogue_names_its_own_kernel() {
        for runtime in RUNTIMES.iter() {
            let expected = match runtime.kernel.as_str() {
                "Builtin" => Kernel::Builtin(Builtin::Add),
                python if python.starts_with("Python 3") => Kernel::Python,
                _ => Kernel::R,
            };
            assert_eq!(kernel("", &runtime.image_identifier, "", "add"), Ok(expected), "{runtime:?}");
        }
    }

    #[test]
    fn the_filters_of_published_programs_find_a_runtime() {
        for (editor, _) in EDITORS {
            for kernel in PYTHONS {
                for edition in ["Standard", "Nvidia GPU"] {
                    let kernel = format!("Python {kernel}");
                    let fits = |it: &&Runtime| {
                        (it.editor.as_str(), it.edition.as_str()) == (editor, edition) && it.kernel == kernel
                    };
                    assert_eq!(RUNTIMES.iter().filter(fits).count(), 1, "{editor} {kernel} {edition}");
                }
            }
        }
    }
}
