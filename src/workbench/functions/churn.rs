//! How likely a customer is to leave: a logistic regression over named features.

use serde::Deserialize;
use serde_json::{Value, json};

/// What is known about a customer. A missing value counts as that of the average customer.
#[derive(Deserialize)]
#[serde(default)]
pub struct Features {
    /// Months since the contract started.
    tenure_months: f64,
    /// Per month, in whatever currency the training data had.
    monthly_charge: f64,
    /// Calls to the support desk over the last quarter.
    support_calls: f64,
    contract: Contract,
    /// Whether bills are paid automatically.
    autopay: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Contract {
    Monthly,
    OneYear,
    TwoYears,
}

impl Default for Features {
    fn default() -> Self {
        Self {
            tenure_months: 32.0,
            monthly_charge: 65.0,
            support_calls: 1.0,
            contract: Contract::OneYear,
            autopay: true,
        }
    }
}

/// `{"churn": probability, "label": "leaves" | "stays"}`.
pub fn predict(features: &Features) -> Result<Value, String> {
    let contract = match features.contract {
        Contract::Monthly => 1.2,
        Contract::OneYear => 0.0,
        Contract::TwoYears => -1.1,
    };
    let logit = -1.1 - 0.045 * (features.tenure_months - 32.0)
        + 0.018 * (features.monthly_charge - 65.0)
        + 0.42 * (features.support_calls - 1.0)
        + contract
        + if features.autopay { 0.0 } else { 0.35 };
    let churn = 1.0 / (1.0 + (-logit).exp());
    if !churn.is_finite() {
        return Err("a feature is too large".to_owned());
    }
    let rounded = (churn * 10_000.0).round() / 10_000.0;
    Ok(json!({"churn": rounded, "label": if churn >= 0.5 { "leaves" } else { "stays" }}))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn churn(features: Value) -> Value {
        predict(&serde_json::from_value(features).unwrap()).unwrap()
    }

    #[test]
    fn new_unhappy_customers_leave_and_old_ones_stay() {
        let leaves = churn(json!({"tenure_months": 3, "support_calls": 6, "contract": "monthly"}));
        assert_eq!(leaves["label"], "leaves");
        let stays = churn(json!({"tenure_months": 70, "contract": "two_years", "unknown_feature": 1}));
        assert_eq!(stays["label"], "stays");
        assert!(stays["churn"].as_f64() < leaves["churn"].as_f64());
    }
}
