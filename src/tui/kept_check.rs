//! A check of a model that was left: it is there again when the check is opened again.

use std::sync::Arc;

use crate::actions::check::Report;
use crate::actions::score::Input;

/// What a check found, and the rows that it was about.
#[derive(Debug, Clone)]
pub struct Checked {
    pub report: Arc<Report>,
    pub input: Input,
}

/// What was typed for a check, and what was found last.
#[derive(Debug, Clone)]
pub struct KeptCheck {
    pub model_id: String,
    pub typed: Vec<String>,
    pub checked: Option<Checked>,
    /// The row that was selected.
    pub selected: Option<String>,
}
