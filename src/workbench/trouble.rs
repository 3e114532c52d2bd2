//! Problems of this machine that are reported to the person who started the workbench.

use std::fmt;
use std::sync::Arc;

/// Where messages about problems go. The default logs them.
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
