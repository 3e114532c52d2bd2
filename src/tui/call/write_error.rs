//! Why a file was not written.

/// Why a file was not written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WriteError {
    #[error("there is a file of that name already; nothing was written")]
    Exists,
    #[error("{0}; type another name")]
    Failed(String),
}

impl From<String> for WriteError {
    fn from(problem: String) -> Self {
        Self::Failed(problem)
    }
}
