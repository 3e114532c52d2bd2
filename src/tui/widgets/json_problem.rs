//! Where JSON that is typed breaks, in the words of a user who rarely writes it.

use serde::de::IgnoredAny;

/// Where JSON breaks, and why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {message}")]
pub struct JsonProblem {
    /// From 1.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
    pub message: String,
}

/// Returns `json` if it is JSON; an error has its line and column, counted in characters.
pub(super) fn read_json(json: &str) -> Result<String, JsonProblem> {
    if json.trim().is_empty() {
        let message = "no request; write JSON, {} for an empty one".to_owned();
        return Err(JsonProblem { line: 1, column: 1, message });
    }
    serde_json::from_str::<IgnoredAny>(json).map(|_| json.to_owned()).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        let message = error.to_string();
        let message = explained(message.split(" at line ").next().unwrap_or_default());
        // serde_json counts bytes, and from 0 in a line without any.
        let text = json.lines().nth(line.saturating_sub(1)).unwrap_or_default();
        let bytes = column.saturating_sub(1).min(text.len());
        let characters = text.char_indices().take_while(|(at, _)| *at < bytes).count();
        JsonProblem { line, column: characters + 1, message }
    })
}

/// Rewords an error of serde_json for a user who rarely writes JSON. Unknown errors stay unchanged.
fn explained(message: &str) -> String {
    let text = match message {
        "EOF while parsing an object" => "} is missing at the end",
        "EOF while parsing a list" => "] is missing at the end",
        "EOF while parsing a string" => "a text has no \" at its end",
        "EOF while parsing a value" => "a value is missing",
        "trailing characters" => "there is text after the end",
        "trailing comma" => "nothing follows the comma",
        "expected value" => "no value; texts stand in \"",
        "key must be a string" => "a name must stand in \"",
        "expected `:`" => "a : is missing after the name",
        "expected `,` or `}`" => "a , or } is missing",
        "expected `,` or `]`" => "a , or ] is missing",
        "expected ident" => "true, false or null is misspelt",
        "invalid number" => "this is not a number",
        "invalid escape" => "no such escape; \\\\ is a backslash",
        other if other.starts_with("control character") => "line break in a text: write \\n",
        other => other,
    };
    text.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_counts_characters_and_not_bytes() {
        let problem = read_json("{\n  \"ü日\": x}").unwrap_err();
        assert_eq!((problem.line, problem.column), (2, 9));
        let shown = problem.to_string();
        assert_eq!(shown, "line 2, column 9: no value; texts stand in \"");
        assert_eq!(read_json(" \n").unwrap_err().line, 1);
    }
}
