//! What the expiration policy means: limits, typed dates, the status of a key on a day.
