//! What is on the screen is up to date without a key, and says so where it is not.

use jiff::SignedDuration;
use keybench::actions::models::Built;
use keybench::api::{Error, Reason};
use keybench::config::requests::Change;
use keybench::diagnosis::Cause;
use keybench::probe::{CallError, CallResult};
use keybench::tui::call::{Answer, BuildAnswer, BuildCall, Call, KeyToSend};
use keybench::tui::msg::Msg;
use keybench::tui::requests::{Kind, RequestId};
use keybench::tui::testing::Harness;

use crate::tui_support::settings::{answer_list, demo, demo_keys, is_list, key, only_call};
use crate::tui_support::{builds, models};

/// Lets the clock come to what the interface waits for, and wakes it.
fn sleep(harness: &mut Harness) -> SignedDuration {
    let due = harness.ui.wakes_at().expect("something is waited for");
    let slept = due.duration_since(harness.now);
    harness.now = due;
    harness.send(Msg::Wake);
    slept
}

fn silence() -> Error {
    Error::NoAnswer {
        operation: "listing the API keys",
        reason: Reason::Connect,
        detail: "connection refused".into(),
        changes: false,
    }
}

/// An answer that never came.
fn fails(harness: &mut Harness, id: RequestId, answer: Answer) {
    harness.send(Msg::Answer { id, took: None, answer });
}

/// Asks for the lists in sight, and answers with `error` for the user's keys; nothing else is answered.
fn refresh_fails(harness: &mut Harness, error: &dyn Fn() -> Error) {
    harness.keys("<ctrl-r>");
    for (id, call) in harness.calls() {
        if is_list(&call) {
            fails(harness, id, Answer::Keys { username: "owner".into(), answer: Err(error()) });
        } else {
            harness.shared().requests.finish(id);
        }
    }
}

#[test]
fn the_list_in_sight_is_looked_at_again_and_nothing_moves_where_nothing_changed() {
    let mut harness = demo();
    let before = harness.screen(80, 24);
    assert_eq!(sleep(&mut harness), SignedDuration::from_secs(30));
    let (id, call) = only_call(&mut harness);
    assert!(is_list(&call), "{call:?}");
    assert!(!harness.ui.animated(), "nobody waits for it");
    assert_eq!(harness.screen(80, 24), before);
    answer_list(&mut harness, id, Ok(demo_keys()));
    assert_eq!(harness.screen(80, 24), before, "the time in the title is that of the last change");
    assert_eq!(sleep(&mut harness), SignedDuration::from_secs(30));
}

#[test]
fn a_key_made_elsewhere_appears_and_is_marked_for_a_moment() {
    let mut harness = demo();
    harness.keys("j");
    sleep(&mut harness);
    let (id, _) = only_call(&mut harness);
    let mut keys = demo_keys();
    keys.insert(0, key("e15e00001111aaaa", "2027-05-01T23:59:59Z", "API", "made by cron"));
    answer_list(&mut harness, id, Ok(keys));
    let screen = harness.screen(80, 24);
    assert!(screen.contains("new: made by cron") && screen.contains("09:14 UTC"), "{screen}");
    assert!(screen.lines().any(|line| line.contains("▸  77d0")), "the selection stays: {screen}");
    assert_eq!(sleep(&mut harness), SignedDuration::from_secs(10));
    assert!(!harness.screen(80, 24).contains("new: made"), "no news any more");
}

#[test]
fn nobody_is_woken_where_watching_is_off_or_nobody_looks() {
    let mut harness = demo();
    harness.shared().preferences.refresh = None;
    assert_eq!(harness.ui.wakes_at(), None);

    let mut harness = demo();
    let mut looks = 0;
    while harness.ui.wakes_at().is_some() {
        sleep(&mut harness);
        let (id, _) = only_call(&mut harness);
        answer_list(&mut harness, id, Ok(demo_keys()));
        looks += 1;
    }
    assert_eq!(looks, 19, "until ten minutes after the last key");
    harness.keys("j");
    assert!(harness.ui.wakes_at().is_some(), "a key says that a user is there");
    harness.send(Msg::Focus(true));
    harness.now += SignedDuration::from_hours(5);
    assert!(harness.ui.wakes_at().is_some(), "so does the focus");
    harness.send(Msg::Focus(false));
    harness.send(Msg::Wake);
    let (id, _) = only_call(&mut harness);
    answer_list(&mut harness, id, Ok(demo_keys()));
    assert_eq!(harness.ui.wakes_at(), None);
}

#[test]
fn a_workbench_that_comes_back_is_noticed_and_everything_stays_where_it_was() {
    let mut harness = demo();
    harness.shared().session.version = Some("26.06".into());
    harness.keys("/b<enter>");
    refresh_fails(&mut harness, &silence);
    let screen = harness.screen(80, 24);
    assert!(
        screen.contains("○ workbench: no answer since 09:14") && screen.contains("connection refused"),
        "{screen}"
    );
    let mut waits = Vec::new();
    for _ in 0..6 {
        waits.push(sleep(&mut harness).as_secs());
        let (id, call) = only_call(&mut harness);
        assert!(matches!(call, Call::Reach), "{call:?}");
        assert_eq!(harness.ui.wakes_at(), None, "one attempt at a time, and no list is watched meanwhile");
        fails(&mut harness, id, Answer::Reached(Err(silence())));
    }
    assert_eq!(waits, [1, 2, 4, 8, 16, 30]);
    sleep(&mut harness);
    let (id, _) = only_call(&mut harness);
    harness.answer(id, Answer::Reached(Ok("owner".into())));
    let (id, call) = only_call(&mut harness);
    assert!(is_list(&call), "{call:?}");
    answer_list(&mut harness, id, Ok(demo_keys()));
    let screen = harness.screen(80, 24);
    assert!(screen.contains("● workbench 3 ms") && screen.contains("back after 1 min 31 s"), "{screen}");
    assert!(!screen.contains("connection refused") && screen.contains("2 of 3 keys"), "{screen}");
}

/// A gateway answers with a page of its own while the workbench behind it starts anew.
#[test]
fn a_workbench_that_something_else_answered_for_is_asked_again() {
    let page = || Error::NotAnApi { operation: "listing", status: 503, what: "a web page".into() };
    let broken = || Error::BadAnswer { operation: "listing", detail: "it is cut".into() };
    for (error, said) in [(page as fn() -> Error, "a web page"), (broken, "no API answer")] {
        let mut harness = demo();
        harness.shared().session.version = Some("26.06".into());
        refresh_fails(&mut harness, &error);
        let screen = harness.screen(80, 24);
        assert!(screen.contains(&format!("? workbench: {said} since 09:14")), "{screen}");
        assert_eq!(sleep(&mut harness).as_secs(), 1);
        let (id, _) = only_call(&mut harness);
        fails(&mut harness, id, Answer::Reached(Err(error())));
        assert_eq!(sleep(&mut harness).as_secs(), 2);
        let (id, _) = only_call(&mut harness);
        harness.answer(id, Answer::Reached(Ok("owner".into())));
        let (id, call) = only_call(&mut harness);
        assert!(is_list(&call), "{call:?}");
        answer_list(&mut harness, id, Ok(demo_keys()));
        let screen = harness.screen(80, 24);
        assert!(screen.contains("● workbench 3 ms") && screen.contains("back after 3 s"), "{screen}");
    }
}

#[test]
fn a_server_error_casts_doubt_on_the_workbench() {
    let refused = || Error::Refused {
        operation: "listing",
        status: 500,
        code: None,
        message: "out of memory".into(),
        request_id: None,
        retry_after: None,
    };
    let mut harness = demo();
    harness.shared().session.version = Some("26.06".into());
    harness.keys("<ctrl-r>");
    for (id, call) in harness.calls() {
        match is_list(&call) {
            true => harness.answer(id, Answer::Keys { username: "owner".into(), answer: Err(refused()) }),
            false => drop(harness.shared().requests.finish(id)),
        }
    }
    assert!(harness.screen(80, 24).contains("? workbench: asking"), "{}", harness.screen(80, 24));
    let (id, call) = only_call(&mut harness);
    assert!(matches!(call, Call::Reach), "{call:?}");
    harness.answer(id, Answer::Reached(Err(refused())));
    let screen = harness.screen(80, 24);
    assert!(screen.contains("? workbench: server errors since 09:14"), "{screen}");
    sleep(&mut harness);
    let (id, _) = only_call(&mut harness);
    harness.answer(id, Answer::Reached(Ok("owner".into())));
    assert!(harness.screen(80, 24).contains("● workbench 3 ms"), "{}", harness.screen(80, 24));
}

/// A test of the open model that ends in `call`, with the key that is signed in.
fn tested(harness: &mut Harness, call: CallResult) {
    harness.keys("t");
    for (id, asked) in harness.calls() {
        if let Call::TestModel(test) = asked {
            assert_eq!(test.key, KeyToSend::SignedIn);
            let call = Box::new(call.clone());
            harness.send(Msg::Answer {
                id,
                took: None,
                answer: Answer::ModelTested { test, sent: String::new(), call },
            });
        }
    }
}

#[test]
fn nothing_stays_green_that_the_last_contact_does_not_bear_out() {
    let mut harness = models::listed();
    harness.keys("t");
    tested(&mut harness, models::success());
    let screen = harness.screen(120, 40);
    assert!(screen.contains("● workbench 3 ms, up since 09:14  ● models up since 09:14"), "{screen}");
    let screen = harness.screen(80, 24);
    assert!(screen.contains("● workbench 3 ms  ● models up"), "there is no room for times\n{screen}");

    let nobody = CallError::Connect { address: "localhost:8642".into(), detail: "refused".into() };
    tested(&mut harness, CallResult { outcome: Err(nobody), ..models::success() });
    let screen = harness.screen(120, 40);
    assert!(screen.contains("asking") && screen.contains("○ models: no answer since 09:14"), "{screen}");
    let calls = harness.calls();
    let reach = calls.into_iter().find(|(_, call)| matches!(call, Call::Reach));
    let reach = reach.unwrap().0;
    let mut both = models::listed();
    both.keys("t");
    let nobody = CallError::Connect { address: "localhost:8642".into(), detail: "refused".into() };
    tested(&mut both, CallResult { outcome: Err(nobody), ..models::success() });
    let asked = both.calls().into_iter().find(|(_, call)| matches!(call, Call::Reach));
    fails(&mut both, asked.unwrap().0, Answer::Reached(Err(silence())));
    let screen = both.screen(80, 24);
    let header = screen.lines().next().unwrap();
    assert!(header.contains("demo ▸ owner"), "who is signed in stays: {header}");
    assert!(
        header.contains("workbench: no answer since") && header.contains("models: no answer"),
        "{header}"
    );
    harness.answer(reach, Answer::Reached(Ok("owner".into())));
    let screen = harness.screen(120, 40);
    assert!(screen.contains("● workbench 3 ms") && screen.contains("○ models: no answer"), "{screen}");

    tested(&mut harness, models::refusal());
    let (id, call) = only_call(&mut harness);
    let Call::Explain(explain) = call else { panic!("{call:?}") };
    let mut diagnosis = Box::new(models::not_a_collaborator());
    diagnosis.cause = Cause::KeyExpired;
    let (model_id, number) = (explain.model.id, explain.number);
    harness.answer(id, Answer::Explained { model_id, number, diagnosis });
    let screen = harness.screen(120, 40);
    assert!(screen.contains("○ workbench: key refused since 09:14"), "{screen}");
    assert!(screen.contains("○ models: 401 since 09:14"), "{screen}");
    assert_eq!(harness.ui.wakes_at(), None, "a refusal is no reason to try again");
    // A file was written meanwhile: the answers of others are none about it.
    let call = Call::StoreRequests {
        file: "requests.json".into(),
        url: String::new(),
        model_id: String::new(),
        change: Change::Sent { request: "{}".to_owned() },
    };
    let (id, _) = harness.shared().start(Kind::Background, "saving the request", call);
    harness.answer(id, Answer::RequestsStored(Ok(())));
    let screen = harness.screen(120, 40);
    assert!(screen.contains("○ workbench: key refused since 09:14"), "{screen}");
}

#[test]
fn a_model_is_opened_by_keys_that_came_before_its_list() {
    let (mut harness, calls) = models::opened();
    harness.keys("<enter>");
    assert!(!harness.screen(80, 24).contains("[ Test ]"));
    let (id, _) = calls.into_iter().find(|(_, call)| matches!(call, Call::ListModels { .. })).unwrap();
    harness.send(Msg::Progress { id, answer: Answer::ModelsPage(models::demo()) });
    harness.answer(id, Answer::ModelsListed(Ok(())));
    let screen = harness.screen(80, 24);
    assert!(screen.contains("churn-prod/add") && screen.contains("[ Test ]"), "{screen}");
}

#[test]
fn the_models_in_sight_are_listed_again_and_two_of_them_cost_a_request() {
    let mut harness = models::listed();
    let before = harness.screen(80, 24);
    // The demo has a model that is being deployed: reading it again is due, too.
    sleep(&mut harness);
    let calls = harness.calls();
    let deployments = calls.iter().filter(|(_, call)| matches!(call, Call::Deployment { .. })).count();
    assert_eq!(deployments, 2, "the selected one, and the one that was read longest ago: {calls:?}");
    for (id, call) in calls {
        match call {
            Call::ListModels { .. } => {
                harness.send(Msg::Progress { id, answer: Answer::ModelsPage(models::demo()) });
                harness.answer(id, Answer::ModelsListed(Ok(())));
            }
            Call::Deployment { model_id, .. } => {
                let found = Ok(models::deployed(&model_id));
                harness.answer(id, Answer::Deployment { model_id, found });
            }
            other => panic!("{other:?}"),
        }
    }
    assert!(harness.calls().is_empty(), "no deployment is read again by itself");
    assert_eq!(harness.screen(80, 24), before);
}

#[test]
fn a_model_that_was_stopped_elsewhere_is_seen_though_it_is_not_selected() {
    let mut harness = models::listed();
    assert!(!harness.screen(80, 24).contains("failed"));
    let mut read = Vec::new();
    for _ in 0..models::demo().len() {
        sleep(&mut harness);
        for (id, call) in harness.calls() {
            match call {
                Call::ListModels { .. } => {
                    harness.send(Msg::Progress { id, answer: Answer::ModelsPage(models::demo()) });
                    harness.answer(id, Answer::ModelsListed(Ok(())));
                }
                Call::Deployment { model_id, .. } => {
                    let mut found = models::deployed(&model_id);
                    if let Some(found) = found.as_mut().filter(|_| model_id == "playground-echo") {
                        found.1.status = "failed".into();
                    }
                    read.push(model_id.clone());
                    harness.answer(id, Answer::Deployment { model_id, found: Ok(found) });
                }
                other => panic!("{other:?}"),
            }
        }
    }
    assert!(harness.screen(80, 24).contains("failed"), "{read:?}: {}", harness.screen(80, 24));
}

/// What is asked about builds since it was last looked at.
fn about_builds(harness: &mut Harness) -> Vec<(RequestId, BuildCall)> {
    let calls = harness.calls().into_iter();
    calls
        .filter_map(|(id, call)| if let Call::Builds(call) = call { Some((id, call)) } else { None })
        .collect()
}

#[test]
fn a_build_made_elsewhere_is_found_by_one_request_at_a_time() {
    let mut harness = builds::opened(builds::demo());
    about_builds(&mut harness);
    let known: Vec<_> = builds::demo().into_iter().map(|built| built.build).collect();
    for _ in 0..2 {
        assert_eq!(sleep(&mut harness), SignedDuration::from_secs(30));
        let asked = about_builds(&mut harness);
        let [(id, BuildCall::Glance { .. })] = asked[..] else { panic!("{asked:?}") };
        assert!(!harness.shared().requests.is_awaited(id), "no spinner");
        harness.answer(id, Answer::Builds(BuildAnswer::Glanced(Ok(known.clone()))));
        assert!(about_builds(&mut harness).is_empty(), "nothing is new");
    }
    sleep(&mut harness);
    let (id, _) = about_builds(&mut harness).remove(0);
    let new = builds::build('f', "building", 23, "made by CI");
    let newer: Vec<_> = std::iter::once(new.clone()).chain(known).collect();
    harness.answer(id, Answer::Builds(BuildAnswer::Glanced(Ok(newer))));
    let (id, call) = about_builds(&mut harness).remove(0);
    assert!(matches!(call, BuildCall::List { .. }), "with their deployments: {call:?}");
    let built = Built { build: new, deployment: None };
    let all = std::iter::once(built).chain(builds::demo()).collect();
    harness.answer(id, builds::listed_answer(all));
    let screen = harness.screen(120, 40);
    assert!(screen.contains("made by CI"), "{screen}");
    // What is in progress is followed, and that is enough.
    sleep(&mut harness);
    assert!(!about_builds(&mut harness).iter().any(|(_, call)| matches!(call, BuildCall::Glance { .. })));
}
