//! What the requests of a run are.

use super::super::failure::CallError;
use super::super::target::{Endpoint, ModelCallTarget, ModelRequest, WireRequest};
use super::super::transport::Proxy;
use crate::secret::ApiKey;

/// The bytes of each request.
pub(super) enum Requests {
    /// The same each time.
    One(WireRequest),
    /// The next row each time, from the first again at the end.
    Rows { rows: Vec<ModelRequest>, access_key: String, key: Option<ApiKey> },
}

impl Requests {
    /// # Errors
    /// There is no request, or the key cannot be sent.
    pub fn new(
        mut rows: Vec<ModelRequest>,
        endpoint: &Endpoint,
        target: &ModelCallTarget,
        key: Option<&ApiKey>,
        proxy: Option<&Proxy>,
    ) -> Result<Self, CallError> {
        let Some(first) = rows.first() else {
            return Err(CallError::invalid("there is no request to send", "give at least one row"));
        };
        let wire = WireRequest::new(endpoint, &target.access_key, key, first, proxy)?;
        if rows.len() == 1 {
            return Ok(Self::One(wire));
        }
        rows.shrink_to_fit();
        Ok(Self::Rows { rows, access_key: target.access_key.clone(), key: key.cloned() })
    }

    /// The bytes of request `index`, if it is not the same each time.
    pub fn row(
        &self,
        index: u64,
        endpoint: &Endpoint,
        proxy: Option<&Proxy>,
    ) -> Result<Option<WireRequest>, CallError> {
        match self {
            Self::One(_) => Ok(None),
            Self::Rows { rows, access_key, key } => {
                let row = &rows[(index % rows.len() as u64) as usize];
                WireRequest::new(endpoint, access_key, key.as_ref(), row, proxy).map(Some)
            }
        }
    }
}
