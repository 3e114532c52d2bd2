//! The list in memory: order, filter, window, deployments.

use jiff::Timestamp;

use super::model_list::ModelList;
use super::row::{Deployed, Row};
use crate::tui::command::Command;
use crate::tui::list::Select;
use crate::tui::list::filter::Filter;
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
    list.list.state.filter = Filter::default();
    list.list.state.filter.open();
    list.list.paste(text);
    list.list.arrange(Select::Same);
}

fn press(list: &mut ModelList, command: Command, times: usize) {
    for _ in 0..times {
        assert!(list.list.command(command, 10));
    }
}

fn shown(list: &ModelList) -> Vec<String> {
    list.list.in_sight(100).map(Row::path).collect()
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
    set_filter(&mut list, "prod sl");
    assert_eq!(shown(&list), ["churn-prod/slow"]);
    set_filter(&mut list, "nothing");
    assert!(list.selected().is_none());
    press(&mut list, Command::Down, 1);
    set_filter(&mut list, "");
    assert_eq!(list.list.state.len(), 4);
    set_filter(&mut list, "on");
    assert!(list.selected().is_none(), "no model of these takes a key");
    list.set_deployed("fraud-lab-score", deployed("deploying", 12));
    set_filter(&mut list, "off deploy 12");
    assert_eq!(shown(&list), ["fraud-lab/score"]);
}

#[test]
fn the_selected_model_stays_selected() {
    let mut list = demo();
    list.list.select("fraud-lab-score");
    press(&mut list, Command::Sort, 1);
    assert_eq!(list.selected().unwrap().path(), "fraud-lab/score");
    list.begin(false);
    list.page(vec![model("fraud-lab", "score"), model("aaa", "first")]);
    assert_eq!(list.list.state.len(), 4, "the old list stays until the new one is complete");
    list.end(Timestamp::UNIX_EPOCH, true);
    assert_eq!(list.selected().unwrap().path(), "fraud-lab/score");
    assert_eq!(list.list.state.len(), 2);
}

#[test]
fn a_project_is_gone_to_whatever_the_filter_and_the_order() {
    let mut list = ModelList::default();
    list.begin(false);
    list.page((0..60).map(|n| model(&format!("p{}", n / 6), &format!("m{n:02}"))).collect());
    list.end(Timestamp::UNIX_EPOCH, true);
    set_filter(&mut list, "p0");
    press(&mut list, Command::Sort, 1);
    assert!(list.select_project("p4"));
    assert_eq!(list.list.in_sight(10).next().map(Row::path).as_deref(), Some("p4/m24"));
    assert_eq!((list.list.state.filter.text(), list.list.state.sort), ("", Some((0, false))));
    assert!(!list.select_project("p99"));
    assert_eq!(list.selected().map(Row::path).as_deref(), Some("p4/m24"));
    set_filter(&mut list, "m3");
    assert!(list.select_project("p5"));
    assert_eq!(list.list.state.filter.text(), "m3", "a filter that shows some of them stays");
}

#[test]
fn deployments_are_read_for_the_rows_in_sight_and_once() {
    let mut list = demo();
    let ids = |taken: Vec<(String, String)>| taken.into_iter().map(|(_, id)| id).collect::<Vec<_>>();
    assert_eq!(ids(list.take_unread(3, 2)), ["churn-prod-add", "churn-prod-slow"]);
    assert_eq!(ids(list.take_unread(3, 2)), ["fraud-lab-score"]);
    assert!(list.take_unread(3, 2).is_empty());
    list.list.select("playground-echo");
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
    press(&mut list, Command::Sort, 3);
    assert_eq!(shown(&list)[3], "playground/echo");
    press(&mut list, Command::SortReverse, 1);
    assert_eq!(shown(&list)[..2], ["playground/echo", "churn-prod/slow"]);
}
