//! The name that is proposed for the file of a new key.

/// `nightly-scoring.key`: a name that a file can have.
pub fn proposed_path(comment: &str, key_id: &str) -> String {
    let source = if comment.is_empty() { key_id } else { comment };
    let name: String = source
        .chars()
        .take(40)
        .map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' })
        .collect();
    let words: Vec<_> = name.split('-').filter(|word| !word.is_empty()).collect();
    let name = words.join("-");
    format!("{}.key", if name.is_empty() { "api" } else { name.as_str() })
}
