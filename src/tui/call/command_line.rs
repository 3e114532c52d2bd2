//! The headless command that does the same as a call, for the log of requests. A key is a variable.

use super::{Call, FleetCall, KeyToSend};
use crate::probe::code::shell;
use crate::wire::time;

impl Call {
    /// What to type for the same; `None` where no command does it.
    pub fn command_line(&self) -> Option<String> {
        Some(match self {
            Self::WhoAmI | Self::Reach => "keybench whoami".to_owned(),
            Self::Version => "keybench doctor".to_owned(),
            Self::SignIn { request, .. } => {
                let name = request.name.as_ref().map(|name| format!(" --name {}", shell(name)));
                let (url, name) = (shell(&request.url), name.unwrap_or_default());
                // The text of a key is in no log.
                format!("printf %s \"$KEY\" | keybench login --url {url}{name}")
            }
            Self::OpenProfile { name, .. } => format!("keybench --profile {} whoami", shell(name)),
            Self::AuditKeys => "keybench admin audit --keys-only".to_owned(),
            // No command does it.
            Self::RotateLegacyKey { username } => format!(
                "curl -X POST -H \"Authorization: Bearer $KEY\" -H 'Content-Type: application/json' -d {} \
                 \"$KEYBENCH_URL/api/v2/users/\"{}/v1_key:rotate",
                shell(&serde_json::json!({ "username": username }).to_string()),
                shell(username)
            ),
            Self::Expiration => "keybench admin expiration".to_owned(),
            Self::SetExpiration { days } => format!("keybench admin expiration {days}"),
            Self::ListKeys { username } | Self::CountKeys { username } => {
                format!("keybench keys list --user {}", shell(username))
            }
            Self::CreateKey { username, new } => {
                let name = match new.comment.as_str() {
                    "" => String::new(),
                    comment => format!(" --name {}", shell(comment)),
                };
                let expires =
                    new.expiry.map(|at| format!(" --expires {}", time::utc_day(at))).unwrap_or_default();
                let audience: String = new.audiences.iter().map(|one| format!(" --audience {one}")).collect();
                format!("keybench keys create --user {}{name}{expires}{audience}", shell(username))
            }
            Self::DeleteKeys(keys) => keys.command_line(),
            Self::Fleet(FleetCall::Plan { file }) => {
                format!("keybench fleet plan -f {}", shell(&file.to_string_lossy()))
            }
            Self::Fleet(FleetCall::Apply { file }) => {
                format!("keybench fleet apply -f {}", shell(&file.to_string_lossy()))
            }
            Self::ListModels { .. } => "keybench models list".to_owned(),
            Self::Deployment { model_id, .. } => format!("keybench models show {model_id}"),
            Self::Builds(call) => return call.command_line(),
            Self::RestartModel(deployment) => format!("keybench models restart {}", deployment.model_id),
            Self::StopModel(deployment) => format!("keybench models stop {}", deployment.model_id),
            Self::CheckModel(check) => {
                let line = format!("keybench models check {}{}", check.model_id, check.options);
                match check.key {
                    // The text of a key is in no log.
                    Some(KeyToSend::This(_)) => format!("printf %s \"$KEY\" | {line} --api-key-file -"),
                    _ => line,
                }
            }
            Self::TestModel(test) => test_command(&test.model_id, &test.key, &test.request),
            Self::Run(run) => {
                let plan = &run.plan;
                let mut line = test_command(&run.model_id, &run.key, &run.request);
                line.extend(plan.count.map(|count| format!(" -n {count}")));
                line.push_str(&format!(" -c {}", plan.in_flight()));
                line.extend(plan.rate.map(|rate| format!(" --rate {rate}")));
                line.extend(plan.duration.map(|time| format!(" --duration {}s", time.as_secs_f64())));
                line
            }
            Self::Users => "keybench admin users".to_owned(),
            Self::Projects | Self::Project { .. } => "keybench projects list".to_owned(),
            Self::Collaborators { project_id } => format!("keybench collaborators list {project_id}"),
            Self::AddCollaborator { project_id, username, permission, .. }
            | Self::SetPermission { project_id, username, permission, .. } => {
                format!(
                    "keybench collaborators add {project_id} {} --permission {permission}",
                    shell(username)
                )
            }
            Self::RemoveCollaborator { project_id, username } => {
                format!("keybench collaborators remove {project_id} {}", shell(username))
            }
            _ => return None,
        })
    }
}

fn test_command(model_id: &str, key: &KeyToSend, request: &str) -> String {
    let request = shell(&request.split_whitespace().collect::<Vec<_>>().join(" "));
    let line = format!("keybench models test {model_id} --request {request}");
    match key {
        KeyToSend::SignedIn => line,
        // The text of a key is in no log.
        KeyToSend::This(_) => format!("printf %s \"$KEY\" | {line} --api-key-file -"),
        KeyToSend::Nothing => format!("{line}  # without a key: `y` on the model copies it as curl"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::actions::sign_in::Request;
    use crate::secret::ApiKey;
    use crate::tui::call::Test;

    #[test]
    fn the_key_of_a_test_is_a_variable_and_names_are_quoted() {
        let key = ApiKey::from_workbench(format!("{}.{}", "ab".repeat(32), "cd".repeat(32)));
        let test = Test {
            model_id: "m1".into(),
            model: "p/m".into(),
            number: 1,
            access_key: "secret".into(),
            key: KeyToSend::This(key),
            key_label: String::new(),
            request: "{\"a\":\n \"it's\"}".into(),
        };
        let line = Call::TestModel(Box::new(test)).command_line().unwrap();
        assert!(line.starts_with("printf %s \"$KEY\" | keybench models test m1 --request "), "{line}");
        assert!(!line.contains("abab") && !line.contains("secret") && !line.contains('\n'), "{line}");
        assert_eq!(Call::AuditKeys.command_line().unwrap(), "keybench admin audit --keys-only");
        let request = Request { name: Some("lab".into()), ..Request::new("https://wb.example.com") };
        let key = ApiKey::from_workbench(format!("{}.{}", "ab".repeat(32), "cd".repeat(32)));
        let line = Call::SignIn { store: None, request: Box::new(request), key }.command_line().unwrap();
        let begin = "printf %s \"$KEY\" | keybench login --url 'https://wb.example.com";
        assert!(line.starts_with(begin) && line.ends_with(" --name 'lab'"), "{line}");
        let line = Call::RotateLegacyKey { username: "o'brien".into() }.command_line().unwrap();
        assert!(line.starts_with("curl -X POST -H \"Authorization: Bearer $KEY\" "), "{line}");
        let call = Call::ListKeys { username: "o'brien; rm".into() };
        assert_eq!(
            call.command_line().unwrap(),
            format!("keybench keys list --user {}", shell("o'brien; rm"))
        );
    }
}
