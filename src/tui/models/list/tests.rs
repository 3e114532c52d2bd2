//! The list in memory: order, filter, window, deployments.

use jiff::Timestamp;

use super::model_list::{ModelList, Order};
use super::row::{Deployed, Row};
use crate::tui::widgets::filter::Filter;
use crate::wire::{Model, ModelBuild, ModelDeployment, ShortProject, Whole};

fn model(project: &str, name: &str) -> Model {
    Model {
        id: format!("{project}-{name}"),
        name: name.to_owned(),
        project: ShortProject {
            public_identifier: project.to_owned(),
            name: project.to_owned(),
            ..ShortProject::default()
        },
        ..Model::default()
    }
}

fn demo() -> ModelList {
    let mut list = ModelList::default();
    list.begin(false);
    list.page(vec![model("playground", "echo"), model("churn-prod", "slow"), model("churn-prod", "add")]);
    list.page(vec![model("fraud-lab", "score")]);
    list.end(Timestamp::UNIX_EPOCH, true);
    list
}

fn set_filter(list: &mut ModelList, text: &str) {
    list.filter = Filter::default();
    list.filter.open();
    list.filter.paste(text);
    list.refilter();
}

fn shown(list: &ModelList) -> Vec<String> {
    list.in_sight(100).map(|(_, row)| row.path()).collect()
}

fn deployed(status: &str, replicas: i64) -> Deployed {
    let deployment = ModelDeployment {
        status: status.to_owned(),
        replicas: Whole(replicas),
        ..ModelDeployment::default()
    };
    Deployed::Read(Some(Box::new((ModelBuild::default(), deployment))))
}

#[test]
fn rows_stand_by_project_and_filter_by_every_word() {
    let mut list = demo();
    assert_eq!(shown(&list), ["churn-prod/add", "churn-prod/slow", "fraud-lab/score", "playground/echo"]);
    set_filter(&mut list, "prod SL");
    assert_eq!(shown(&list), ["churn-prod/slow"]);
    set_filter(&mut list, "nothing");
    assert!(list.selected().is_none());
    list.move_by(1, 10);
    set_filter(&mut list, "");
    assert_eq!(list.len(), 4);
}

#[test]
fn the_selected_model_stays_selected() {
    let mut list = demo();
    list.select_model("fraud-lab-score", 10);
    list.sort_by(Order::Name);
    assert_eq!(list.selected().unwrap().path(), "fraud-lab/score");
    list.begin(false);
    list.page(vec![model("fraud-lab", "score"), model("aaa", "first")]);
    assert_eq!(list.len(), 4, "the old list stays until the new one is complete");
    list.end(Timestamp::UNIX_EPOCH, true);
    assert_eq!(list.selected().unwrap().path(), "fraud-lab/score");
    assert_eq!(list.len(), 2);
}

#[test]
fn a_project_is_gone_to_whatever_the_filter_and_the_order() {
    let mut list = ModelList::default();
    list.begin(false);
    list.page((0..60).map(|n| model(&format!("p{}", n / 6), &format!("m{n:02}"))).collect());
    list.end(Timestamp::UNIX_EPOCH, true);
    set_filter(&mut list, "p0");
    list.sort_by(Order::Name);
    assert!(list.select_project("p4", 10));
    assert_eq!(list.in_sight(10).next().map(|(_, row)| row.path()).as_deref(), Some("p4/m24"));
    assert_eq!((list.filter.text(), list.order()), ("", (Order::Project, false)));
    assert!(!list.select_project("p99", 10));
    assert_eq!(list.selected().map(Row::path).as_deref(), Some("p4/m24"));
    set_filter(&mut list, "m3");
    assert!(list.select_project("p5", 10));
    assert_eq!(list.filter.text(), "m3", "a filter that shows some of them stays");
}

#[test]
fn deployments_are_read_for_the_rows_in_sight_and_once() {
    let mut list = demo();
    let ids = |taken: Vec<(String, String)>| taken.into_iter().map(|(_, id)| id).collect::<Vec<_>>();
    assert_eq!(ids(list.take_unread(3, 2)), ["churn-prod-add", "churn-prod-slow"]);
    assert_eq!(ids(list.take_unread(3, 2)), ["fraud-lab-score"]);
    assert!(list.take_unread(3, 2).is_empty());
    list.select(3, 3);
    assert_eq!(ids(list.take_unread(3, 8)), ["playground-echo"]);
    list.set_deployed("playground-echo", Deployed::Unread);
    assert_eq!(list.take_unread(3, 8).len(), 1, "a cancelled read is repeated");
    list.set_deployed("fraud-lab-score", deployed("deploying", 2));
    assert!(list.row("fraud-lab-score").unwrap().deployed.is_changing());
    assert!(list.take_unread(3, 8).is_empty());
}

#[test]
fn a_refresh_reads_known_deployments_again_and_shows_them_meanwhile() {
    let mut list = demo();
    list.set_deployed("churn-prod-add", deployed("deployed", 2));
    list.begin(false);
    list.page(vec![model("churn-prod", "add")]);
    list.end(Timestamp::UNIX_EPOCH, true);
    assert_eq!(list.row("churn-prod-add").unwrap().deployed.label(), "deployed");
    assert_eq!(list.take_unread(3, 8).len(), 1);
    assert_eq!(list.row("churn-prod-add").unwrap().deployed.label(), "deployed");
    assert!(list.take_unread(3, 8).is_empty());
}

#[test]
fn sorting_by_replicas_and_round() {
    let mut list = demo();
    list.set_deployed("playground-echo", deployed("deployed", 2));
    list.set_deployed("churn-prod-slow", deployed("deployed", 1));
    list.sort_by(Order::Replicas);
    assert_eq!(shown(&list)[3], "playground/echo");
    list.sort_by(Order::Replicas);
    assert_eq!(shown(&list)[..2], ["playground/echo", "churn-prod/slow"]);
}

#[test]
fn the_window_follows_the_selection() {
    let mut list = ModelList::default();
    list.begin(false);
    list.page((0..50).map(|n| model("p", &format!("m{n:02}"))).collect());
    list.end(Timestamp::UNIX_EPOCH, true);
    list.move_by(12, 10);
    assert_eq!(list.in_sight(10).next().unwrap().0, 3);
    list.move_by(-5, 10);
    assert_eq!(list.in_sight(10).next().unwrap().0, 3, "it scrolls only when it must");
    list.move_by(-7, 10);
    assert_eq!(list.in_sight(10).next().unwrap().0, 0);
    list.move_by(1000, 10);
    assert_eq!(list.in_sight(10).last().unwrap().0, 49);
    assert_eq!(list.in_sight(100).count(), 50, "a window that grew leaves no row out");
}
