//! What was seen, as a behaviour file.

use std::fmt::Write as _;

use super::learn::{Observations, Verdict};

impl Observations {
    /// A behaviour file that `serve --behaviour` takes. What cannot be said in one is a comment.
    pub fn behaviour_file(&self) -> String {
        let mut text = String::from(
            "# Seen of a real workbench by `keybench observe`. Texts that keybench does not know were not kept.\n\nversion = 1\n",
        );
        let mut line = |line: String| {
            text.push_str(&line);
            text.push('\n');
        };
        for table in ["names", "rules", "limits"] {
            let mut values = self
                .values
                .iter()
                .filter_map(|(name, seen)| Some((name.strip_prefix(table)?.strip_prefix('.')?, seen)))
                .peekable();
            if values.peek().is_some() {
                line(format!("\n[{table}]"));
            }
            for (name, (seen, expected, _)) in values {
                line(format!("{name} = {seen}{}", if seen == expected { " # as guessed" } else { "" }));
            }
        }
        let verdicts = self.findings();
        for (name, (seen, _)) in &self.refusals {
            let known = verdicts.iter().find(|it| it.choice.strip_prefix("refusals.") == Some(name));
            let guessed = known.is_some_and(|it| it.verdict == Verdict::Confirmed);
            line(format!("\n[refusals.{name}]{}", if guessed { " # as guessed" } else { "" }));
            if seen.status < 200 || seen.status >= 600 {
                continue;
            }
            line(format!("status = {}", seen.status));
            if let Some(code) = seen.code.and_then(|code| i32::try_from(code).ok()) {
                line(format!("code = {code}"));
            }
            if let Some(message) = seen.message {
                line(format!("message = {}", toml::Value::from(message)));
            }
            if let Some(remark) = seen.remark {
                line(format!("# {remark}"));
            }
        }
        if !self.forms.is_empty() {
            line("\n# Forms of dates and ids:".to_owned());
        }
        for (field, forms) in &self.forms {
            line(format!("# {field}: {}", forms.join(", ")));
        }
        let _ = write!(text, "\n# {} requests passed by.\n", self.requests);
        text
    }
}

#[cfg(test)]
mod tests {
    use super::super::Exchange;
    use super::*;
    use crate::workbench::Behaviour;
    use crate::workbench::behaviour::Why;

    #[test]
    fn the_workbench_takes_the_file() {
        let mut seen = Observations::default();
        let answer = |path, status, answer: &'static str| Exchange {
            method: "GET",
            path,
            query: "",
            authorization: None,
            request: b"",
            status,
            answer: answer.as_bytes(),
        };
        seen.watch(&answer("/api/v2/projects", 302, "<html>log in</html>"));
        seen.watch(&answer("/api/v1/site/config", 200, r#"{"default_key_expiration":90}"#));
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), seen.behaviour_file()).unwrap();
        let behaviour = Behaviour::load(file.path()).unwrap();
        assert_eq!(behaviour.render(Why::MissingKey, &[]).0, 302);
    }
}
