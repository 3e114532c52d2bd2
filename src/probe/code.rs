//! A model call as code to copy: curl, Python, R.
//!
//! The API key is always an environment variable in it, never the key itself: what is copied ends
//! up in histories, notebooks and chats.

use serde_json::Value;

/// The environment variable that the code reads the key from.
pub const KEY_VARIABLE: &str = "CDSW_APIV2_KEY";

/// What a call is made of.
#[derive(Debug, Clone, Copy)]
pub struct SampleCall<'a> {
    pub url: &'a str,
    pub access_key: &'a str,
    pub request: &'a Value,
    /// Whether the call carries an API key.
    pub with_key: bool,
}

/// The languages that a call can be copied in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    Curl,
    Python,
    R,
}

impl Language {
    pub const ALL: [Self; 3] = [Self::Curl, Self::Python, Self::R];

    pub fn name(self) -> &'static str {
        match self {
            Self::Curl => "curl",
            Self::Python => "Python",
            Self::R => "R",
        }
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
    serde_json::json!({ "accessKey": call.access_key, "request": call.request }).to_string()
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

/// In single quotes, where a shell reads nothing but the quote itself.
fn shell(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

fn python(call: SampleCall<'_>) -> String {
    let headers = if call.with_key {
        format!("    headers={{\"Authorization\": \"Bearer \" + os.environ[\"{KEY_VARIABLE}\"]}},\n")
    } else {
        String::new()
    };
    let import = if call.with_key { "import os\n\n" } else { "" };
    format!(
        "{import}import requests\n\nanswer = requests.post(\n    {url},\n{headers}    json={body},\n    timeout=75,\n)\nprint(answer.status_code, answer.text)\n",
        url = quoted(call.url),
        body = python_value(&serde_json::json!({ "accessKey": call.access_key, "request": call.request })),
    )
}

/// A JSON text literal, which Python and R read in the same way.
fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

/// JSON with Python's words for true, false and null.
fn python_value(value: &Value) -> String {
    match value {
        Value::Null => "None".to_owned(),
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        Value::Array(items) => format!("[{}]", items.iter().map(python_value).collect::<Vec<_>>().join(", ")),
        Value::Object(members) => {
            let member =
                |(name, value): (&String, &Value)| format!("{}: {}", quoted(name), python_value(value));
            format!("{{{}}}", members.iter().map(member).collect::<Vec<_>>().join(", "))
        }
        Value::Number(_) | Value::String(_) => value.to_string(),
    }
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
        // A text in a text: the body is sent as it stands, whatever R's JSON writer would make of it.
        body = quoted(&body(call)),
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn written(language: Language, with_key: bool) -> String {
        let request = json!({"name": "O'Brien", "ok": true, "gone": null});
        let url = "https://modelservice.workbench.example.com/model";
        language.write(SampleCall { url, access_key: "mexample", request: &request, with_key })
    }

    #[test]
    fn the_key_is_a_variable_in_every_language() {
        for language in Language::ALL {
            assert!(written(language, true).contains(KEY_VARIABLE), "{}", language.name());
            assert!(!written(language, false).contains("Authorization"), "{}", language.name());
        }
    }

    #[test]
    fn the_three_languages() {
        let all: Vec<String> = Language::ALL.map(|language| written(language, true)).into();
        insta::assert_snapshot!(all.join("\n---\n"));
    }
}
