//! The whole of it against the embedded workbench.

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_rotated_proven_and_the_old_one_deleted_at_a_workbench() {
    let mut flow = Flow::demo("owner").await;
    flow.shows("1 expires soon").await;
    flow.keys("n+30d<tab><tab>service x<enter>");
    flow.shows("shown only this once").await;
    flow.keys("y<esc>");
    flow.wait("the new key selected", |screen| {
        screen.lines().any(|line| line.contains('▸') && line.contains("service x"))
    })
    .await;
    flow.keys("ry");
    flow.shows("Successor of an API key").await;
    flow.keys("yt");
    flow.shows("churn-prod/add").await;
    flow.keys("prod/add<enter>");
    flow.shows("{\"a\"").await;
    flow.keys("<enter>");
    flow.shows("200 from replica add-").await;
    flow.keys("<enter>");
    flow.shows("proven by churn-prod/add: 200 from replica").await;
    flow.keys("<enter>");
    flow.shows("being replaced").await;
    flow.keys("/service x<enter>");
    flow.idle().await;
    let marked = |line: &str| line.contains("being replaced") && line.contains('▸');
    flow.keys("g");
    if !flow.screen().lines().any(marked) {
        flow.keys("j");
    }
    flow.keys("r");
    flow.shows("Rotation of an API key").await;
    flow.keys("dy");
    flow.wait("the old key gone", |screen| !screen.contains("being replaced") && screen.contains("1 of "))
        .await;
    let left = flow.screen();
    assert!(left.lines().any(|line| line.contains('▸') && line.contains("service x")), "{left}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_signed_in_key_is_rotated_and_everything_goes_on_with_the_new_one() {
    let mut flow = Flow::demo("owner").await;
    flow.shows("1 expires soon").await;
    let own = flow.key_of("owner")[..64].to_owned();
    assert!(flow.ui.shared.session.is_own(&own));
    flow.keys("g");
    while !flow.screen().lines().any(|line| line.contains('▸') && line.contains("signed in")) {
        flow.keys("j");
    }
    flow.keys("ry");
    flow.shows("signed in with the new key now").await;
    assert!(!flow.ui.shared.session.is_own(&own));
    flow.keys("y<esc>");
    let screen = flow.screen();
    assert!(screen.contains("Delete the old key now?") && !screen.contains("still signed in"), "{screen}");
    flow.keys("y");
    flow.shows("deleted").await;
    flow.keys("<ctrl-r>");
    flow.idle().await;
    let screen = flow.screen();
    let table = screen.split_once(" UTC ╮").unwrap().1;
    assert!(
        table.contains("signed in") && !table.contains(short_id(&own).as_ref()),
        "the new key is accepted:\n{screen}"
    );
}
