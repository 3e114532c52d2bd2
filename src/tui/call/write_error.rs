//! Why a file was not written.

/// Why a file was not written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WriteError {
    #[error("there is a file of that name already")]
    Exists,
    #[error("{0}; type another name")]
    Failed(String),
}
