//! Steps through the values of an enum: tabs, sections, the fields of a form.

use strum::VariantArray;

/// The value `by` steps after `now` in the order of its enum; after the last comes the first.
pub fn step<T: VariantArray + PartialEq + Copy>(now: T, by: usize) -> T {
    let all = T::VARIANTS;
    let at = all.iter().position(|value| *value == now).unwrap_or_default();
    all[(at + by) % all.len()]
}
