//! A message that asks for access, ready to send.

use super::facts::Facts;

/// Asks the owner of the project to let `username` call the model, and includes the command for it.
pub fn access_request(facts: &Facts, username: &str, owner: Option<&str>) -> String {
    let greeting = owner.map_or_else(|| "Hello,".to_owned(), |owner| format!("Hello {owner},"));
    let (project, model) = (&facts.project_name, &facts.model_name);
    let host = facts.workbench.split_once("://").map_or(facts.workbench.as_str(), |(_, host)| host);
    let owned = owner.map_or_else(String::new, |owner| format!(" (owner: {owner})"));
    format!(
        "{greeting}\n\
         \n\
         please add the user {username} as collaborator of the project {project}{owned} on {host}. \
         {username} wants to call its model {model}, and the call is refused: \"User APikey not \
         authorized to access model\". The permission read (Viewer) is enough.\n\
         \n\
         In the browser: {project} > Collaborators > add {username} as Viewer.\n\
         In a terminal:\n\
         \n    keybench collaborators add {} {} --permission read\n\
         \n\
         Thank you!\n",
        shell_quoted(project),
        shell_quoted(username),
    )
}

/// `text` quoted for a POSIX shell.
pub(super) fn shell_quoted(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./@:+".contains(c);
    if !text.is_empty() && !text.starts_with('-') && text.chars().all(plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_with_blanks_and_quotes_stay_one_word() {
        assert_eq!(shell_quoted("churn-prod"), "churn-prod");
        assert_eq!(shell_quoted("Churn of '26"), "'Churn of '\\''26'");
        assert_eq!(shell_quoted("-x"), "'-x'");
    }
}
