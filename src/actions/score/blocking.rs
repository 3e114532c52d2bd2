//! What waits for a disk, kept away from what must not wait.

use std::io;
use std::path::PathBuf;

use super::error::Error;
use crate::disk;

/// Does `work`, which waits for a disk, where it holds nothing up.
pub(in crate::actions) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Error> {
    disk::spawn(work)
        .await
        .map_err(|error| Error::Unwritten { file: PathBuf::new(), error: io::Error::other(error) })
}
