//! The collaborators of a project, and the form that adds one.

use super::*;

#[test]
fn the_owner_stands_first_and_a_team_is_named_as_such() {
    let mut harness = in_project();
    harness.keys("d");
    assert!(harness.screen(80, 24).contains("the owner cannot be removed"));
    harness.keys("jd");
}

#[test]
fn adding_completes_the_name_and_gives_the_permission() {
    let mut harness = in_project();
    harness.keys("aout");
    harness.keys("<enter><enter>");
    harness.keys("<down><enter>");
    let (_, call) = harness.calls().remove(0);
    assert!(
        matches!(&call, Call::AddCollaborator { username, permission, .. }
            if username == "outsider" && permission == "write"),
        "{call:?}"
    );
}

#[test]
fn who_is_a_collaborator_already_keeps_the_permission_unless_it_is_changed() {
    let mut harness = in_project();
    harness.keys("acontributor<enter>");
    let screen = harness.screen(80, 24);
    assert!(screen.contains("Change a permission") && screen.contains("has now      write"), "{screen}");
    harness.keys("<enter>");
    let (_, call) = harness.calls().remove(0);
    assert!(matches!(&call, Call::SetPermission { permission, .. } if permission == "write"), "{call:?}");

    // The workbench knows better than a form that was opened before the list came.
    let mut harness = in_project();
    harness.keys("avictor<enter><enter>");
    let (id, call) = harness.calls().remove(0);
    let Call::AddCollaborator { project_id, project, username, .. } = call else { panic!("{call:?}") };
    let done = Err(Error::invalid("victor is a collaborator already, with write: nothing was changed", ""));
    let permission = "write".to_owned();
    harness.answer(id, Answer::PermissionSet { project_id, project, username, permission, done });
    let screen = harness.screen(80, 24);
    assert!(screen.contains("Change a permission") && screen.contains("has now      write"), "{screen}");
    assert!(screen.contains("nothing was changed"), "{screen}");
}

#[test]
fn a_form_that_was_opened_before_the_collaborators_came_learns_who_they_are() {
    let mut harness = projects();
    harness.keys("a");
    let (id, call) =
        harness.calls().into_iter().find(|(_, call)| matches!(call, Call::Collaborators { .. })).unwrap();
    let Call::Collaborators { project_id } = call else { unreachable!() };
    harness.keys("carl<enter>");
    assert!(!harness.screen(80, 24).contains("has now"));
    let carl = Collaborator {
        user: ShortUser { username: "carl".into(), ..ShortUser::default() },
        permission: "write".into(),
    };
    harness.answer(id, Answer::Collaborators { project_id, answer: Ok(vec![carl]) });
    let screen = harness.screen(80, 24);
    assert!(screen.contains("Change a permission") && screen.contains("has now      write"), "{screen}");
}

#[test]
fn who_has_rights_already_is_named_as_such_and_the_owner_is_not_added() {
    let mut harness = in_project();
    harness.keys("a");
    let screen = harness.screen(80, 24);
    assert!(screen.contains("contributor   has write") && screen.contains("Enter take name"), "{screen}");
    harness.keys("owner<enter>");
    let screen = harness.screen(80, 24);
    assert!(screen.contains("owner owns the project, and has all rights"), "{screen}");
}
