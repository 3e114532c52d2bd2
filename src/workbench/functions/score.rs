//! How suspicious a card payment is: a small decision tree.

use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Payment {
    /// In whatever currency the training data had.
    amount: f64,
    /// Hour of the day at the shop, 0 to 23.
    hour: u8,
    card_present: bool,
    /// Whether the shop is in another country than the bank.
    country_differs: bool,
}

impl Default for Payment {
    fn default() -> Self {
        Self { amount: 0.0, hour: 12, card_present: true, country_differs: false }
    }
}

/// `{"score": 0 to 1, "decision": "accept" | "review" | "decline"}`.
pub fn decide(payment: &Payment) -> Value {
    let night = payment.hour < 6;
    let score = if payment.card_present {
        if payment.amount > 2_000.0 { 0.35 } else { 0.04 }
    } else if payment.country_differs {
        if payment.amount > 1_000.0 || night { 0.93 } else { 0.58 }
    } else if payment.amount > 500.0 && night {
        0.47
    } else {
        0.12
    };
    let decision = match score {
        s if s >= 0.8 => "decline",
        s if s >= 0.4 => "review",
        _ => "accept",
    };
    json!({"score": score, "decision": decision})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_branches_lead_to_their_decisions() {
        for (payment, decision) in [
            (json!({"amount": 20}), "accept"),
            (json!({"amount": 700, "hour": 2, "card_present": false}), "review"),
            (json!({"amount": 1900, "card_present": false, "country_differs": true}), "decline"),
        ] {
            let payment: Payment = serde_json::from_value(payment).unwrap();
            assert_eq!(decide(&payment)["decision"], decision);
        }
    }
}
