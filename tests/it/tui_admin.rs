//! The Admin tab: update and screens without a network, and its tasks against an embedded workbench.

mod collaborators;

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::tui_flow::Flow;
use crate::tui_support::admin::{
    all_keys, audited, counting, in_project, keys_of_owner, projects, security, with_users,
};
use crate::tui_support::settings as tui_keys;
use keybench::actions::fleet::{Service, ServiceKeys};
use keybench::actions::keys::Own;
use keybench::api::Error;
use keybench::tui::call::{Answer, Call, DeletedKeys, ToDelete};
use keybench::tui::msg::Msg;
use keybench::tui::session::Expiration;
use keybench::tui::testing::Harness;
use keybench::wire::{Collaborator, ShortUser};

#[test]
fn a_filter_that_keeps_nobody_says_so_and_what_was_given_up_can_be_asked_again() {
    let mut harness = with_users(&["admin".to_owned(), "owner".to_owned()]);
    harness.keys("/u29");
    let screen = harness.screen(80, 24);
    assert!(screen.contains("0 of 2 users") && screen.contains("nothing matches the filter"), "{screen}");
    let mut harness = Harness::new().started();
    harness.keys("3");
    assert!(harness.screen(80, 24).contains("listing users"));
    for _ in 0..4 {
        harness.keys("<ctrl-x>");
    }
    let screen = harness.screen(80, 24);
    assert!(screen.contains("cancelled: listing users; Ctrl-R tries again"), "{screen}");
    assert!(!screen.contains("0 users"), "nobody knows how many there are\n{screen}");
    let mut harness = projects();
    harness.keys("<enter>");
    assert!(harness.screen(80, 24).contains("listing collaborators"));
    for _ in 0..4 {
        harness.keys("<ctrl-x>");
    }
    let screen = harness.screen(80, 24);
    assert!(screen.contains("cancelled: listing collaborators; Ctrl-R tries again"), "{screen}");
}

#[test]
fn keys_are_counted_for_the_rows_in_sight_eight_at_a_time() {
    let names: Vec<String> = (0..3000).map(|n| format!("user{n:04}")).collect();
    let mut harness = with_users(&names);
    harness.screen(80, 24);
    let mut asked = Vec::new();
    let mut waiting = counting(&mut harness);
    while !waiting.is_empty() {
        assert!(
            harness.shared().requests.running().len() <= 8 + 2,
            "eight counts and the session's own questions"
        );
        asked.extend(waiting.iter().map(|(_, name)| name.clone()));
        for (id, username) in waiting {
            harness.answer(id, Answer::KeysCounted { username, answer: Ok(Vec::new()) });
        }
        waiting = counting(&mut harness);
    }
    assert!(asked.len() < 100, "{} users were counted that nobody saw", asked.len());
    assert!(asked.contains(&"user0000".to_owned()) && asked.contains(&"user0010".to_owned()));
    harness.keys("G");
    harness.screen(80, 24);
    harness.keys("k");
    assert!(counting(&mut harness).iter().any(|(_, name)| name.starts_with("user29")));
}

#[test]
fn the_expiration_is_explained() {
    let mut harness = security();
    harness.keys("e");
    harness.keys("<ctrl-u>90");
    harness.keys("<enter>");
    harness.calls();
    harness.keys("y");
    let (_, call) = harness.calls().remove(0);
    assert!(matches!(call, Call::SetExpiration { days: 90 }), "{call:?}");
}

#[test]
fn without_the_setting_nothing_can_be_changed_and_the_web_page_is_named() {
    let mut harness = with_users(&[]);
    harness.shared().session.expiration = Expiration::NotOffered;
    harness.keys("]e");
    let calls = harness.calls();
    assert!(!calls.iter().any(|(_, call)| matches!(call, Call::SetExpiration { .. })), "{calls:?}");
    assert!(harness.layers().is_empty());
    insta::assert_snapshot!("security_not_offered_80x24", harness.screen(80, 24));
}

#[test]
fn what_keys_and_refusals_taught_is_reported_where_the_setting_is_not() {
    let mut harness = tui_keys::demo();
    harness.shared().session.expiration = Expiration::NotOffered;
    harness.keys("n2027-12-01<tab><tab><tab><enter>");
    let (id, _) = tui_keys::only_call(&mut harness);
    let refusal = tui_keys::refusal("expiry date is beyond the limit");
    tui_keys::answer_created(&mut harness, id, Err(refusal));
    harness.keys("<esc><esc>");
    harness.calls();
    harness.keys("n2027-11-23<tab><tab><tab><enter>");
    let (id, _) = tui_keys::only_call(&mut harness);
    let created = keybench::wire::CreateV2KeyResponse {
        expiry_date: "2027-11-23T23:59:59Z".into(),
        ..tui_keys::made()
    };
    tui_keys::answer_created(&mut harness, id, Ok(created));
    harness.keys("y<esc>3]");
    insta::assert_snapshot!("security_learned_80x24", harness.screen(80, 24));
    insta::assert_snapshot!("security_learned_120x40", harness.screen(120, 40));
    harness.shared().session.expiration = Expiration::Unreadable("forbidden (HTTP 403)".into());
    insta::assert_snapshot!("security_unreadable_60x16", harness.screen(60, 16));
}

#[test]
fn a_number_that_is_none_stays_in_the_field() {
    let mut harness = with_users(&[]);
    harness.shared().session.expiration = Expiration::Setting { name: "days".into(), days: 365 };
    harness.keys("]e<ctrl-u>soon");
    assert!(harness.screen(80, 24).contains("a whole number of days"), "reported while it is typed");
    harness.keys("<enter>");
    assert_eq!(harness.layers(), ["expiration"], "nothing is asked");
    harness.keys("<esc>");
    assert!(harness.screen(80, 24).contains("Discard the change?"));
}

#[test]
fn the_first_digit_takes_the_place_of_the_old_number() {
    let mut harness = security();
    harness.keys("e30");
    let screen = harness.screen(80, 24);
    assert!(screen.contains("│ 30 ") && screen.contains("would expire on 2026-12-23"), "{screen}");
    harness.keys("<enter>");
    assert!(harness.screen(80, 24).contains(": 30 days."));
}

#[test]
fn nothing_is_asked_where_no_key_would_be_deleted() {
    let mut harness = with_users(&["owner".to_owned()]);
    harness.shared().session.own = Own::default().signed_in_with("5b1c66aa10129f0a");
    for (id, username) in counting(&mut harness) {
        harness.answer(id, Answer::KeysCounted { username, answer: Ok(vec![None.into()]) });
    }
    harness.keys("D");
    let screen = harness.screen(80, 24);
    assert!(
        screen.contains("nothing to delete: owner has only the key that keybench is signed in"),
        "{screen}"
    );
    assert!(harness.layers().is_empty());
}

#[test]
fn deleting_all_keys_of_a_user_names_the_services_that_need_one() {
    let mut harness = with_users(&["ana".to_owned(), "owner".to_owned()]);
    let scoring = Service { name: "scoring".into(), user: Some("ana".into()), ..Service::default() };
    let services = ServiceKeys::new("/etc/fleet.toml".into(), [(scoring, BTreeMap::new())]);
    harness.shared().session.service_keys = Arc::new(services);
    harness.keys("D");
    let question = harness.screen(80, 24);
    assert!(question.contains("A service of fleet.toml needs a key of ana: scoring."), "{question}");
    harness.keys("<esc>jD");
    let question = harness.screen(80, 24);
    assert!(question.contains("Delete all API keys?") && !question.contains("fleet.toml"), "{question}");
}

#[test]
fn a_key_of_all_keys_is_opened_where_it_is_and_the_way_back_leads_there() {
    let mut harness = all_keys();
    harness.keys("jj<enter>");
    let (id, call) =
        harness.calls().into_iter().find(|(_, call)| matches!(call, Call::ListKeys { .. })).unwrap();
    let Call::ListKeys { username } = call else { unreachable!() };
    let keys = ["77d0", "5b1c"].map(|id| tui_keys::key(&id.repeat(16), "2027-11-23T23:59:59Z", "API", id));
    harness.answer(id, Answer::Keys { username, answer: Ok(keys.to_vec().into()) });
    let screen = harness.screen(80, 24);
    assert!(screen.lines().any(|line| line.contains('▸') && line.contains("5b1c…5b1c")), "{screen}");
    harness.keys("<esc>");
    let screen = harness.screen(120, 24);
    assert!(screen.contains("API keys of all users"), "{screen}");
    assert!(screen.lines().any(|line| line.contains('▸') && line.contains("5b1c…5b1c")), "{screen}");
}

#[test]
fn all_keys_are_read_again_under_another_limit() {
    let mut harness = all_keys();
    let reads = |harness: &mut Harness| {
        harness.keys("]");
        harness.calls();
        harness.keys("[");
        harness.calls().iter().filter(|(_, call)| matches!(call, Call::AuditKeys)).count()
    };
    assert_eq!(reads(&mut harness), 0, "they are known");
    harness.shared().session.expiration = Expiration::Setting { name: "some_days_setting".into(), days: 30 };
    assert_eq!(reads(&mut harness), 1, "their findings may be others now");
}

#[test]
fn marked_keys_of_several_users_are_deleted_with_one_question_and_one_summary() {
    let mut harness = all_keys();
    harness.keys("*d");
    let screen = harness.screen(80, 24);
    assert!(screen.contains("3 keys of 2 users") && screen.contains("viewer  0a9e…0a9e"), "{screen}");
    harness.keys("y");
    let (id, call) = harness.calls().remove(0);
    let Call::DeleteKeys(ToDelete::OfUsers(users)) = call else { panic!("{call:?}") };
    let failed = vec![(users[1].1[0].clone(), tui_keys::refusal("not this one"))];
    let deleted = |at: usize, deleted: Vec<String>, failed| DeletedKeys {
        username: users[at].0.clone(),
        deleted,
        failed,
        ..DeletedKeys::default()
    };
    let answer = vec![deleted(0, users[0].1.clone(), Vec::new()), deleted(1, Vec::new(), failed)];
    harness.answer(id, Answer::KeysOfUsersDeleted(Ok(answer)));
    let screen = harness.screen(120, 24);
    assert!(screen.contains("deleted") && screen.contains("not deleted, as far as is known"), "{screen}");
    assert!(screen.contains("not this one"), "{screen}");
}

#[test]
fn who_sees_only_own_keys_reads_why() {
    let mut harness = all_keys();
    assert!(!harness.screen(80, 24).contains("Only yours"));
    harness.keys("<ctrl-r>");
    let (id, _) = harness.calls().into_iter().find(|(_, call)| matches!(call, Call::AuditKeys)).unwrap();
    let keys = vec![audited("owner", "5b1c", "2027-11-23", 365, &[])];
    harness.send(Msg::Progress { id, answer: Answer::KeysAudited(keys) });
    harness.answer(id, Answer::Audited(Ok(Vec::new())));
    let screen = harness.screen(80, 24);
    assert!(screen.contains("Only yours: the workbench shows keys of other users to site admin"), "{screen}");
}

#[test]
fn what_esc_leaves_inside_the_tab_stands_in_the_footer() {
    let footer = |mut harness: Harness| harness.screen(80, 24).lines().last().unwrap().to_owned();
    for inside in [in_project(), keys_of_owner()] {
        let footer = footer(inside);
        assert!(footer.contains("Esc back") && !footer.contains("next section"), "{footer}");
    }
    assert!(footer(all_keys()).contains("Enter keys"), "{}", footer(all_keys()));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_administrator_sees_users_and_deletes_their_keys() {
    let mut flow = Flow::demo("admin").await;
    flow.keys("3");
    flow.shows("outsider").await;
    flow.wait("the counts", |screen| {
        screen.lines().any(|line| line.contains("owner") && line.contains(" 4 "))
    })
    .await;
    flow.keys("/outsider<enter><enter>");
    flow.shows("API keys of outsider").await;
    flow.shows("active").await;
    flow.keys("D");
    flow.shows("Type outsider to confirm").await;
    flow.keys("outsider<enter>");
    flow.shows("deleted 1 API key of outsider").await;
    flow.shows("No API keys.").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_setting_is_changed_by_the_administrator_and_refused_to_others() {
    let mut flow = Flow::demo("admin").await;
    flow.keys("3]");
    flow.shows("365 days").await;
    flow.keys("e<ctrl-u>30<enter>y");
    flow.shows("default API keys expiration: 30 days").await;
    flow.keys("1n");
    flow.shows("in 30 days").await;

    let mut flow = Flow::demo("owner").await;
    flow.keys("3]");
    flow.shows("365 days").await;
    flow.keys("e<ctrl-u>30<enter>y");
    flow.shows("only a site administrator").await;
    assert!(flow.screen().contains("30"), "what was typed is still there");
}

#[tokio::test(flavor = "multi_thread")]
async fn collaborators_are_added_changed_and_removed() {
    let mut flow = Flow::demo("owner").await;
    flow.keys("3]]");
    flow.shows("churn-prod").await;
    flow.keys("/churn<enter><enter>");
    flow.shows("contributor").await;
    flow.keys("aoutsider<enter><enter>");
    flow.shows("outsider now has read").await;
    flow.wait("the row", |screen| {
        screen.lines().any(|line| line.contains("outsider") && line.contains("read"))
    })
    .await;
    flow.keys("Ge<down><enter>");
    flow.wait("the change", |screen| {
        screen.contains("viewer now has write") || screen.contains("outsider now has write")
    })
    .await;
    flow.keys("Gd");
    flow.shows("Remove this collaborator?").await;
    flow.keys("y");
    flow.shows("was removed").await;
}

#[test]
fn who_sees_only_oneself_sees_what_is_closed() {
    let mut harness = with_users(&["owner".to_owned()]);
    let screen = harness.screen(80, 24);
    assert!(screen.contains("shows you only yourself"), "{screen}");
    harness.shared().session.expiration = Expiration::Setting { name: "days".into(), days: 365 };
    harness.keys("]");
    insta::assert_snapshot!("security_closed_60x16", harness.screen(60, 16));
    harness.keys("e");
    let screen = harness.screen(80, 24);
    assert!(screen.contains("you are probably not one") && !screen.contains("new value"), "{screen}");
    assert!(!screen.contains("e edit"), "{screen}");
}

/// The careful one was right: the interface once deleted the key that it was signed in with.
#[tokio::test(flavor = "multi_thread")]
async fn deleting_all_keys_of_oneself_leaves_the_key_in_use() {
    let mut flow = Flow::demo("owner").await;
    flow.keys("3");
    flow.shows("Olivia Owner").await;
    flow.keys("D");
    flow.shows("The key that keybench is signed in with stays.").await;
    flow.keys("owner<enter>");
    flow.shows("deleted 3 API keys of owner").await;
    flow.shows("it is in use here: ").await;
    flow.keys("<enter>");
    flow.wait("the key that stays", |screen| screen.contains("1 key ") && screen.contains("signed in")).await;
    flow.keys("1");
    flow.wait("the same in Settings", |screen| screen.contains("1 key ") && !screen.contains("dashboard"))
        .await;
}

#[test]
fn what_was_deleted_and_what_was_not_is_said() {
    let mut harness = keys_of_owner();
    harness.keys("<space><space>d");
    harness.calls();
    harness.keys("y");
    let (id, call) = harness.calls().remove(0);
    let Call::DeleteKeys(ToDelete::Keys { username, key_ids }) = call else { panic!("{call:?}") };
    let (deleted, left) = key_ids.split_at(1);
    let failed = vec![(left[0].clone(), tui_keys::refusal("not this one"))];
    let keys = DeletedKeys { username, deleted: deleted.to_vec(), failed, ..DeletedKeys::default() };
    harness.answer(id, Answer::KeysDeleted(keys));
    let screen = harness.screen(120, 30);
    assert!(screen.contains("not this one"), "{screen}");
    assert!(screen.contains("deleted 1 API key of owner: 5b1c…9f0a"), "{screen}");
    assert!(screen.contains("not deleted, as far as is known: 77d0…41bb"), "{screen}");
    let row = |id: &str| screen.lines().any(|line| line.contains(id) && line.contains("20"));
    assert!(row("77d0…41bb") && !row("5b1c…9f0a"), "what is gone leaves the list at once\n{screen}");
    assert!(harness.calls().iter().any(|(_, call)| matches!(call, Call::ListKeys { .. })), "listed anew");
}

/// Nothing more than the answer is left to do when the form is gone.
#[test]
fn a_change_whose_form_was_closed_is_reported_all_the_same() {
    let mut harness = security();
    harness.keys("e30<enter>");
    harness.calls();
    harness.keys("y");
    let (id, _) = harness.calls().remove(0);
    harness.keys("<esc><esc>");
    assert!(harness.layers().is_empty());
    harness.answer(id, Answer::ExpirationSet(Ok(Some(("some_days_setting".into(), 30)))));
    let screen = harness.screen(80, 24);
    assert!(screen.contains("default API keys expiration: 30 days"), "{screen}");
    assert!(screen.contains("now       30 days"), "{screen}");
    let mut harness = in_project();
    harness.keys("je<down><enter>");
    let (id, call) = harness.calls().remove(0);
    let Call::SetPermission { project_id, project, username, permission } = call else { panic!("{call:?}") };
    harness.keys("<esc>");
    assert!(harness.layers().is_empty());
    let done = Err(tui_keys::refusal("not you"));
    harness.answer(id, Answer::PermissionSet { project_id, project, username, permission, done });
    assert!(harness.screen(80, 24).contains("not you"), "{}", harness.screen(80, 24));
}

#[test]
fn the_palette_lists_a_project_once_and_leads_to_its_people() {
    let mut harness = projects();
    harness.keys("1:playgr");
    let screen = harness.screen(80, 24);
    let rows = |note: &str| screen.lines().filter(|l| l.contains("playground") && l.contains(note)).count();
    assert_eq!((rows(" models"), rows("collaborators")), (1, 1), "{screen}");
    harness.keys("<down><enter>");
    assert!(harness.screen(80, 24).contains("Collaborators of playground"), "{}", harness.screen(80, 24));
    let calls = harness.calls();
    assert!(
        calls.iter().any(
            |(_, call)| matches!(call, Call::Collaborators { project_id } if project_id == "id-playground")
        ),
        "{calls:?}"
    );
}
