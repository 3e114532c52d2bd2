//! What mends the refusal of a test.

use crate::diagnosis::Action;
use crate::text;
use crate::tui::choice::Choice;
use crate::tui::command::KeyContext;
use crate::tui::decision::Decision;
use crate::tui::layer::Outcome;
use crate::tui::model_result::TestResult;
use crate::tui::overlays::Question;
use crate::tui::shared::Shared;

/// The first action of a kind that the diagnosis of a result offers.
fn action<T>(result: Option<&TestResult>, pick: impl Fn(&Action) -> Option<T>) -> Option<T> {
    let result = result.filter(|result| !result.mended)?;
    result.diagnosis()?.actions.iter().find_map(pick)
}

/// The contexts of the commands that fix the refusal, if the result is one.
pub fn contexts(result: Option<&TestResult>) -> Vec<KeyContext> {
    let offered = |wanted: fn(&Action) -> bool, context| {
        action(result, |action| wanted(action).then_some(())).map(|()| context)
    };
    let adding =
        offered(|action| matches!(action, Action::AddCollaborator { .. }), KeyContext::MendableRefusal);
    let message = offered(|action| matches!(action, Action::CopyMessage { .. }), KeyContext::Refusal);
    adding.into_iter().chain(message).collect()
}

/// The permission that fixes it, given to the owner of the key.
fn collaborator(result: Option<&TestResult>) -> Option<Choice> {
    action(result, |action| match action {
        Action::AddCollaborator { project_id, project_name, username, permission } => {
            Some(Choice::AddCollaborator {
                project_id: project_id.clone(),
                project: project_name.clone(),
                username: username.clone(),
                permission: permission.clone(),
            })
        }
        _ => None,
    })
}

/// Asks whether to add the collaborator whom the diagnosis names.
pub fn ask_to_add(shared: &mut Shared, result: Option<&TestResult>) -> Outcome {
    let Some(choice) = collaborator(result) else {
        let text = "the selected result has no refusal that adding a collaborator fixes";
        shared.notices.info(shared.now, text);
        return Outcome::done();
    };
    let Choice::AddCollaborator { project, username, permission, .. } = &choice else {
        return Outcome::done();
    };
    let lines = vec![format!(
        "{} becomes a collaborator of {}, with the permission {permission}.",
        text::clean(username),
        text::clean(project)
    )];
    Question::new("Add this collaborator?", lines, "Add", Decision::Chosen(choice)).ask()
}

/// Copies the message that asks for access.
pub fn copy_message(shared: &mut Shared, result: Option<&TestResult>) -> Outcome {
    let message = action(result, |action| match action {
        Action::CopyMessage { text } => Some(text.clone()),
        _ => None,
    });
    match message {
        Some(message) => shared.copy("the message was", message).into(),
        None => {
            shared.notices.info(shared.now, "the selected result has no message to copy");
            Outcome::done()
        }
    }
}
