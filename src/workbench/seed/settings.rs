//! The settings of a new site.

use serde_json::{Map, Value, json};

/// The settings of a new site: the names are OBSERVED (CAI_STUDIO_AGENT,
/// CML_AMP_LLM_Fine_Tuning_Studio), except the first, which is not known.
pub fn defaults(expiration_setting: &str, days: u32) -> Map<String, Value> {
    let settings = [
        (expiration_setting, json!(days)),
        ("allow_unauthenticated_access_to_app", json!(false)),
        ("max_gpu_per_engine", json!(0)),
        ("environment", json!("{}")),
        ("default_accelerator_label_id", json!(0)),
    ];
    settings.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}
