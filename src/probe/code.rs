//! A model call as code to copy: curl, Python, R.
//!
//! The API key is always read from an environment variable, never written into the code: copied
//! code ends up in histories, notebooks and chats.

use serde_json::Value;

use crate::text::json;

/// The environment variable that the code reads the key from.
pub const KEY_VARIABLE: &str = "CDSW_APIV2_KEY";

/// What makes up a call.
#[derive(Debug, Clone, Copy)]
pub struct SampleCall<'a> {
    pub url: &'a str,
    pub access_key: &'a str,
    /// JSON, as it was typed.
    pub request: &'a str,
    /// Whether the call carries an API key.
    pub with_key: bool,
}

/// The languages that a call can be copied as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::IntoStaticStr, strum::VariantArray)]
pub enum Language {
    #[strum(serialize = "curl")]
    Curl,
    Python,
    R,
}

impl Language {
    pub fn name(self) -> &'static str {
        self.into()
    }

    /// The call in this language.
    pub fn write(self, call: SampleCall<'_>) -> String {
        match self {
            Self::Curl => curl(call),
            Self::Python => python(call),
            Self::R => r(call),
        }
    }
}

fn body(call: SampleCall<'_>) -> String {
    format!("{{\"accessKey\":{},\"request\":{}}}", quoted(call.access_key), json::compact(call.request))
}

fn curl(call: SampleCall<'_>) -> String {
    let mut lines = vec![format!("curl -sS -X POST {}", shell(call.url))];
    lines.push("-H 'Content-Type: application/json'".to_owned());
    if call.with_key {
        lines.push(format!("-H \"Authorization: Bearer ${KEY_VARIABLE}\""));
    }
    lines.push(format!("--data-raw {}", shell(&body(call))));
    lines.join(" \\\n  ")
}

/// In single quotes, inside which a shell interprets only the quote itself.
pub fn shell(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

fn python(call: SampleCall<'_>) -> String {
    let headers = if call.with_key {
        format!("    headers={{\"Authorization\": \"Bearer \" + os.environ[\"{KEY_VARIABLE}\"]}},\n")
    } else {
        String::new()
    };
    let body = body(call);
    // A number that Python would write differently is sent as it was typed.
    let (body, headers) = match python_value(&body) {
        Some(value) => (format!("json={value}"), headers),
        None => (format!("data={}.encode()", quoted(&body)), with_type(headers)),
    };
    let import = if call.with_key { "import os\n\n" } else { "" };
    format!(
        "{import}import requests\n\nanswer = requests.post(\n    {url},\n{headers}    {body},\n    timeout=75,\n)\nprint(answer.status_code, answer.text)\n",
        url = quoted(call.url),
    )
}

/// A JSON string, which is a literal in Python and R too.
fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

/// The headers of a call in Python, with the content type.
fn with_type(headers: String) -> String {
    const TYPE: &str = "\"Content-Type\": \"application/json\"";
    match headers.split_once("headers={") {
        Some((before, others)) => format!("{before}headers={{{TYPE}, {others}"),
        None => format!("    headers={{{TYPE}}},\n"),
    }
}

/// JSON with Python's `True`, `False` and `None`; `None` if a number would lose digits.
fn python_value(json: &str) -> Option<String> {
    json::tokens(json)
        .map(|token| {
            Some(match token {
                "null" => "None".to_owned(),
                "true" => "True".to_owned(),
                "false" => "False".to_owned(),
                "," | ":" => format!("{token} "),
                _ if token.starts_with(|c: char| c == '-' || c.is_ascii_digit()) => {
                    let is_whole = token.bytes().all(|b| b == b'-' || b.is_ascii_digit());
                    let same = || token.parse().is_ok_and(|number: f64| format!("{number:?}") == token);
                    (is_whole || same()).then(|| token.to_owned())?
                }
                other => other.to_owned(),
            })
        })
        .collect()
}

fn r(call: SampleCall<'_>) -> String {
    let key = if call.with_key {
        format!("  add_headers(Authorization = paste(\"Bearer\", Sys.getenv(\"{KEY_VARIABLE}\"))),\n")
    } else {
        String::new()
    };
    format!(
        "library(httr)\n\nanswer <- POST(\n  {url},\n{key}  content_type_json(),\n  body = {body},\n  timeout(75)\n)\ncat(status_code(answer), content(answer, \"text\"), \"\\n\")\n",
        url = quoted(call.url),
        // A quoted string: the body is sent exactly as it is, whatever R's JSON writer would do
        // with it.
        body = quoted(&body(call)),
    )
}

#[cfg(test)]
mod tests {
    use strum::VariantArray as _;

    use super::*;

    fn written(language: Language, with_key: bool) -> String {
        let request = r#"{"name": "O'Brien", "ok": true, "gone": null}"#;
        let url = "https://modelservice.workbench.example.com/model";
        language.write(SampleCall { url, access_key: "mexample", request, with_key })
    }

    #[test]
    fn digits_stay_as_they_were_typed() {
        let request = r#"{"a":12345678901234567890123,"b":9007199254740993.5,"c":1.50}"#;
        let call = SampleCall { url: "http://h/model", access_key: "m", request, with_key: true };
        for &language in Language::VARIANTS {
            let written = language.write(call);
            for number in ["12345678901234567890123", "9007199254740993.5", "1.50"] {
                assert!(written.contains(number), "{}: {written}", language.name());
            }
        }
        assert!(Language::Python.write(call).contains("\"Content-Type\""));
        let plain = SampleCall { request: r#"{"a":12345678901234567890123,"b":0.5}"#, ..call };
        assert!(Language::Python.write(plain).contains("json={"), "{}", Language::Python.write(plain));
    }

    #[test]
    fn the_key_is_a_variable_in_every_language() {
        for &language in Language::VARIANTS {
            assert!(written(language, true).contains(KEY_VARIABLE), "{}", language.name());
            assert!(!written(language, false).contains("Authorization"), "{}", language.name());
        }
    }

    #[test]
    fn the_three_languages() {
        let all: Vec<String> = Language::VARIANTS.iter().map(|language| written(*language, true)).collect();
        insta::assert_snapshot!(all.join("\n---\n"));
    }
}
