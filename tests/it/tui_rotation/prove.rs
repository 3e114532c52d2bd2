//! A model proves the new key.

use super::*;

#[test]
fn a_model_proves_the_new_key_before_the_old_one_goes() {
    let mut harness = successor();
    harness.keys("yt");
    assert!(harness.screen(80, 24).contains("listing the models"));
    answer_models(&mut harness);
    insta::assert_snapshot!("prove_choose_80x24", harness.screen(80, 24));
    assert!(!harness.screen(80, 24).contains("churn-prod/echo"), "it answers whatever the key");
    harness.keys("add<enter>");
    insta::assert_snapshot!("prove_request_80x24", harness.screen(80, 24));
    let (mut harness, _, test) = calling("y");
    assert_eq!((test.model_id.as_str(), test.request.as_str()), ("id-add", "{\"a\": 3, \"b\": 5}"));
    assert_eq!(format!("{:?}", test.key), format!("{:?}", KeyToSend::This(made().api_key)));
    insta::assert_snapshot!("prove_calling_80x24", harness.screen(80, 24));
    let mut harness = passed("y");
    insta::assert_snapshot!("prove_passed_80x24", harness.screen(80, 24));
    insta::assert_snapshot!("prove_passed_120x40", harness.screen(120, 40));
    insta::assert_snapshot!("prove_passed_60x16", harness.screen(60, 16));
    harness.keys("<enter>");
    insta::assert_snapshot!("prove_delete_old_80x24", harness.screen(80, 24));
    insta::assert_snapshot!("prove_delete_old_120x40", harness.screen(120, 40));
    harness.calls();
    harness.keys("<tab><enter>");
    let id = deletes_old(&mut harness);
    answer_deleted(&mut harness, id, &[OLD], Vec::new());
    let screen = harness.screen(80, 24);
    assert!(
        screen.contains("deleted 1 API key of owner: 77d0…41bb") && !screen.contains("replaced by"),
        "{screen}"
    );
    assert!(screen.contains("▸  c0ff…3344"), "the successor is selected:\n{screen}");
}

#[test]
fn a_proven_key_that_was_not_kept_leads_back_to_it() {
    let mut harness = passed("");
    harness.keys("<enter>");
    let screen = harness.screen(80, 24);
    assert!(screen.contains(&"ab".repeat(32)) && screen.contains("now copy or save it"), "{screen}");
    assert!(screen.contains("proven by churn-prod/add: 200 from replica add-7c9f-1"), "{screen}");
    assert_eq!(harness.layers(), ["reveal"]);
    insta::assert_snapshot!("prove_reveal_60x16", harness.screen(60, 16));
}

#[test]
fn a_refused_test_says_why_and_leads_to_no_deletion() {
    let body = "{\"success\":false,\"errors\":{\"User APikey not authorized to access model\":\"Check it\"}}";
    let mut harness = tested("y", answer(401, body));
    let (id, call) = only_call(&mut harness);
    assert!(matches!(call, Call::Explain(_)), "{call:?}");
    assert!(harness.screen(80, 24).contains("asking the workbench"));
    let diagnosis = Diagnosis {
        cause: Cause::NotCollaborator,
        sentence: "owner is not a collaborator of the project churn-prod, which contributor owns.".into(),
        remedy: Some("Ask contributor to add owner; reading is enough to call its models.".into()),
        actions: Vec::new(),
        said: None,
        unverified: Vec::new(),
    };
    answer_explained(&mut harness, id, diagnosis);
    insta::assert_snapshot!("prove_refused_80x24", harness.screen(80, 24));
    insta::assert_snapshot!("prove_refused_120x40", harness.screen(120, 40));
    insta::assert_snapshot!("prove_refused_60x16", harness.screen(60, 16));
    harness.keys("<enter>");
    let screen = harness.screen(80, 24);
    assert!(harness.layers() == ["reveal"] && screen.contains("the test failed"), "{screen}");
    harness.keys("<esc>");
    let screen = harness.screen(80, 24);
    assert!(screen.contains("not proven: churn-prod/add: owner is not a collaborator"), "{screen}");
    harness.calls();
    harness.keys("<enter>");
    assert!(harness.calls().is_empty(), "Keep both has the focus");
}

#[test]
fn a_model_that_does_not_answer_proves_nothing() {
    let error = CallError::Connect { address: "127.0.0.1:9".into(), detail: "connection refused".into() };
    let mut harness = tested("y", Err(error));
    let screen = harness.screen(80, 24);
    assert!(screen.contains("no answer") && screen.contains("no connection to 127.0.0.1:9"), "{screen}");
    harness.keys("<esc><esc>");
    let screen = harness.screen(80, 24);
    assert!(screen.contains("not proven: churn-prod/add: no connection"), "{screen}");
}

#[test]
fn a_test_is_given_up_and_tried_again_with_its_request() {
    for keys in ["<esc>", "<ctrl-x>"] {
        let (mut harness, id, test) = calling("y");
        harness.keys(keys);
        // Ctrl-X cancels the oldest request first.
        while harness.shared().requests.waits_for(id) {
            harness.keys("<ctrl-x>");
        }
        let screen = harness.screen(80, 24);
        assert!(screen.contains("cancelled") && screen.contains("{\"a\": 3, \"b\": 5}"), "{screen}");
        answer_tested(&mut harness, id, test, answer(200, "{}"));
        assert!(harness.screen(80, 24).contains("cancelled"), "an answer that is not awaited");
        harness.calls();
        harness.keys("<enter>");
        assert!(matches!(only_call(&mut harness).1, Call::TestModel(_)));
    }
    let mut harness = passed("y");
    harness.calls();
    harness.keys("t<ctrl-u>no json<enter>");
    assert!(harness.calls().is_empty() && harness.screen(80, 24).contains("nothing was sent"));
    harness.keys("<esc><esc><esc>");
    assert!(harness.screen(80, 24).contains("Delete the old key now?"), "Esc goes back step by step");
}

#[test]
fn a_listing_of_models_that_was_given_up_is_begun_again() {
    let mut harness = demo();
    harness.keys("2");
    harness.calls();
    harness.keys("1");
    harness.calls();
    harness.keys("jry");
    let (id, _) = harness.calls().into_iter().last().unwrap();
    answer_created(&mut harness, id, Ok(made()));
    harness.calls();
    harness.keys("t");
    answer_models(&mut harness);
    assert!(harness.screen(80, 24).contains("churn-prod/add"), "{}", harness.screen(80, 24));
}

#[test]
fn models_that_could_not_be_listed_can_be_asked_for_again() {
    let mut harness = successor();
    harness.keys("t");
    let (id, _) = harness.calls().remove(0);
    harness.answer(id, Answer::ModelsListed(Err(refusal("no"))));
    harness.keys("<esc>t");
    let again = harness.calls().into_iter().map(|(id, _)| id).next().unwrap();
    harness.answer(again, Answer::ModelsListed(Err(refusal("no"))));
    assert!(harness.screen(80, 24).contains("Ctrl-R tries again"), "{}", harness.screen(80, 24));
    harness.keys("<ctrl-r>");
    answer_models(&mut harness);
    assert!(harness.screen(80, 24).contains("churn-prod/add"), "{}", harness.screen(80, 24));
}

#[test]
fn any_new_key_can_be_tested_where_it_is_shown() {
    let mut harness = revealed();
    harness.keys("t");
    answer_models(&mut harness);
    harness.keys("<enter><enter>");
    let (id, call) = only_call(&mut harness);
    let Call::TestModel(test) = call else { panic!("{call:?}") };
    answer_tested(&mut harness, id, test, answer(200, "{\"success\":true,\"response\":8}"));
    harness.keys("<enter>");
    let screen = harness.screen(80, 24);
    assert!(screen.contains(&"ab".repeat(32)) && screen.contains("a model answered it"), "{screen}");
}
