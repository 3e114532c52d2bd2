//! What a build can run with: the kernels of this workbench, and the runtimes that carry them.

use super::functions::{self, Builtin};
use super::python;

/// A runtime as ListRuntimes tells of it.
#[derive(Debug, Clone, Copy)]
pub struct EmbeddedRuntime {
    pub image_identifier: &'static str,
    /// What `CreateModelBuild` takes as `kernel`.
    pub kernel_name: &'static str,
    /// What the real product shows as the kernel: a language and its version. Python's is the
    /// machine's, where there is one.
    pub kernel: &'static str,
    pub edition: &'static str,
    pub description: &'static str,
}

/// What scripts look for in runtimes that models can be built with (OBSERVED: scripts that filter
/// by editor, edition and kernel).
pub const EDITOR: &str = "PBJ Workbench";
/// Of a runtime that may be used (SPEC, RuntimeStatus).
pub const ENABLED: &str = "ENABLED";

pub const RUNTIMES: [EmbeddedRuntime; 2] = [
    EmbeddedRuntime {
        image_identifier: "keybench/ml-runtime-pbj-workbench-python3-standard:1",
        kernel_name: python::KERNEL,
        kernel: "Python 3",
        edition: "Standard",
        description: "The python3 of the machine; each replica is a process.",
    },
    EmbeddedRuntime {
        image_identifier: "keybench/ml-runtime-pbj-workbench-builtin-standard:1",
        kernel_name: functions::KERNEL,
        kernel: "Builtin",
        edition: "Standard",
        description: "Functions that come with keybench: add, churn, slow, flaky, score, echo.",
    },
];

/// What a build runs with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kernel {
    Builtin(Builtin),
    Python,
}

/// Why a build cannot be run here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoKernel {
    #[error("name a kernel (python3 or builtin) or a runtime of ListRuntimes")]
    Unnamed,
    #[error("kernel {0:?} is not embedded; use python3 or builtin")]
    Kernel(String),
    #[error("runtime {0:?} is not embedded; ListRuntimes tells which are")]
    Runtime(String),
    #[error("there is no builtin function {0:?}; there are add, churn, slow, flaky, score and echo")]
    Function(String),
}

/// The kernel that a build asks for. A runtime says more than a kernel, so it goes first; a Python
/// file says enough where both lack.
///
/// Scripts name the images of their workbench (OBSERVED:
/// `…/ml-runtime-pbj-workbench-python3.11-standard:2026.01.1-b6`). Such a Python image is taken for
/// the embedded one, so that a script runs unchanged.
pub fn kernel(kernel: &str, runtime: &str, file: &str, function: &str) -> Result<Kernel, NoKernel> {
    let name = if !runtime.is_empty() {
        let known = RUNTIMES.iter().find(|known| known.image_identifier == runtime);
        match known {
            Some(known) => known.kernel_name.to_owned(),
            None if runtime.contains("ml-runtime-") && runtime.contains("-python3") => {
                python::KERNEL.to_owned()
            }
            None => return Err(NoKernel::Runtime(runtime.to_owned())),
        }
    } else if kernel.is_empty() && file.ends_with(".py") {
        python::KERNEL.to_owned()
    } else {
        // "Python 3.11" is how the real product names it.
        kernel.to_lowercase().replace(' ', "")
    };
    match name.as_str() {
        "" => Err(NoKernel::Unnamed),
        functions::KERNEL => {
            let known = Builtin::named(function).map(Kernel::Builtin);
            known.ok_or_else(|| NoKernel::Function(function.to_owned()))
        }
        name if name.starts_with(python::KERNEL) => Ok(Kernel::Python),
        _ => Err(NoKernel::Kernel(kernel.to_owned())),
    }
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
        assert_eq!(kernel("", RUNTIMES[0].image_identifier, "a", "predict"), python);
        let real = "docker.example/cloudera/cdsw/ml-runtime-pbj-workbench-python3.11-standard:2026.01.1-b6";
        assert_eq!(kernel("", real, "a", "predict"), python);
        assert_eq!(kernel("builtin", "", "", "add"), add);
        assert_eq!(kernel("r", RUNTIMES[1].image_identifier, "", "add"), add);
        assert_eq!(kernel("", "", "a.r", "predict"), Err(NoKernel::Unnamed));
        assert_eq!(kernel("r", "", "a.r", "predict"), Err(NoKernel::Kernel("r".to_owned())));
        assert_eq!(kernel("", "other:1", "a.py", "f"), Err(NoKernel::Runtime("other:1".to_owned())));
        assert_eq!(kernel("builtin", "", "", "predict"), Err(NoKernel::Function("predict".to_owned())));
    }
}
