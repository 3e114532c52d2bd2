//! Trouble of this machine that whoever started the workbench should hear of.

use std::fmt;
use std::sync::Arc;

/// Where sentences about trouble go. The default writes them to the log.
#[derive(Clone, Default)]
pub struct Trouble(Option<Report>);

type Report = Arc<dyn Fn(&str) + Send + Sync>;

impl Trouble {
    pub fn to(tell: impl Fn(&str) + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(tell)))
    }

    pub fn tell(&self, sentence: &str) {
        tracing::warn!("{sentence}");
        if let Some(tell) = &self.0 {
            tell(sentence);
        }
    }
}

impl fmt::Debug for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Trouble")
    }
}
