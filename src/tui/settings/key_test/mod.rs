//! Tests a new key against a model without leaving the dialog that shows it: choose a model, send one
//! request, read the result. A rotation proves its new key this way.
//!
//! Call, request and explanation of a refusal are those of the Test panel in the Models tab.

mod layer;
mod stage;
mod view;

pub use stage::KeyTest;
