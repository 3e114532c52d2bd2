//! The builds of a model, over the tab: newest first, with their deployments. Any of them is deployed
//! from here; what is in progress is followed.
//!
//! | file | what it holds |
//! |---|---|
//! | [`row`] | one build and its deployment, as the list shows it |
//! | [`details`] | what is known of the selected one |
//! | [`deploy`], [`anew`] | the dialogs: deploy a build, build anew |
//! | [`dialog`], [`form`], [`made`](mod@made) | what both have: the layer, its fields, what came of it |
//! | `view` | how it looks |

mod anew;
mod deploy;
mod details;
mod dialog;
mod form;
mod made;
mod row;
mod view;

use std::borrow::Cow;
use std::collections::HashMap;

use crossterm::event::KeyEvent;
use jiff::SignedDuration;
use ratatui::Frame;
use ratatui::layout::Rect;

use self::anew::Anew;
use self::deploy::Deploy;
use self::details::Seen;
use self::made::ended;
pub use self::made::made;
use self::row::Row;
use super::deployment::{Target, ask_restart, ask_stop};
use super::list::row::ListedModel;
use crate::actions::models::{self as rules, Built, Plan, Resources};
use crate::text;
use crate::tui::call::{Answer, BuildAnswer, BuildCall, Call};
use crate::tui::command::{Command, KeyContext};
use crate::tui::decision::Decision;
use crate::tui::effect::Effects;
use crate::tui::event::Event;
use crate::tui::layer::{Layer, Outcome, Readiness};
use crate::tui::list::view::click_in;
use crate::tui::list::{Fetch, List};
use crate::tui::overlays::ColumnChooser;
use crate::tui::requests::{Kind, RequestId};
use crate::tui::shared::Shared;
use crate::wire::{DeploymentState, ModelBuild};

/// How long what is in progress is left alone before it is read again.
const WATCH: SignedDuration = SignedDuration::from_secs(2);

/// The builds of one model.
#[derive(Debug)]
pub struct Builds {
    model: ListedModel,
    /// `project/name`
    path: String,
    list: List<Row>,
    fetch: Fetch,
    /// What is in progress is being read again.
    looking: Option<RequestId>,
    /// Reading it again failed: it is left alone until a user asks.
    left_alone: bool,
    /// The build that is selected once it is listed: it was begun here.
    begun: Option<String>,
    /// Why deployments are not running, by their id and status; empty while it is asked.
    why: HashMap<(String, String), Vec<String>>,
    seen: Vec<Seen>,
}

impl Builds {
    /// Of a model whose calls these replicas have answered.
    pub fn new(model: ListedModel, path: String, seen: Vec<Seen>) -> Self {
        Self {
            model,
            path,
            list: List::default(),
            fetch: Fetch::default(),
            looking: None,
            left_alone: false,
            begun: None,
            why: HashMap::new(),
            seen,
        }
    }

    fn project_id(&self) -> String {
        self.model.project.public_identifier.clone()
    }

    /// Asks for all of them.
    fn refresh(&mut self, shared: &mut Shared, kind: Kind) -> Effects {
        self.left_alone = false;
        let call = BuildCall::List { project_id: self.project_id(), model_id: self.model.id.clone() };
        let (id, effect) = shared.start(kind, "listing builds", Call::Builds(call));
        self.fetch.request = Some(id);
        vec![effect]
    }

    fn listed(&mut self, shared: &mut Shared, built: Vec<Built>) -> Effects {
        let rows: Vec<Row> = built.into_iter().map(Row::new).collect();
        self.fetch.changing = rows != self.list.all();
        self.list.replace(rows.into_iter().collect());
        if let Some(begun) = self.begun.take() {
            self.list.select(&begun);
        }
        self.fetch.succeeded(shared);
        self.ask_why(shared)
    }

    /// What was in progress is known again. Once nothing is any more, all is asked for: a build may have
    /// brought a deployment that is not known here.
    fn looked(&mut self, shared: &mut Shared, built: Vec<Built>) -> Effects {
        for built in built {
            let id = built.build.id.clone();
            let row = Row::new(built);
            let Some(known) = self.list.row(&id) else { continue };
            ended(shared, &self.path, &known.built, &row.built);
            self.fetch.changing |= *known != row;
            self.list.change(&id, |known| *known = row);
        }
        self.fetch.succeeded(shared);
        if self.is_changing() { self.ask_why(shared) } else { self.refresh(shared, Kind::Quiet) }
    }

    /// Whether these are other builds than those that are listed, or in another state.
    fn differs_from(&self, builds: &[ModelBuild]) -> bool {
        let known =
            |build: &ModelBuild| self.list.row(&build.id).is_some_and(|row| row.built.build == *build);
        builds.len() != self.list.all().len() || !builds.iter().all(known)
    }

    fn is_changing(&self) -> bool {
        self.list.all().iter().any(|row| row.built.is_changing())
    }

    /// Asks why the deployment of the selected build is not running, once for each of its states.
    fn ask_why(&mut self, shared: &mut Shared) -> Effects {
        let Some(row) = self.list.selected() else { return Effects::new() };
        let Some(deployment) = &row.built.deployment else { return Effects::new() };
        let key = (deployment.id.clone(), deployment.status.clone());
        if deployment.state() == DeploymentState::Up || self.why.contains_key(&key) {
            return Effects::new();
        }
        let call = BuildCall::Why(Box::new((self.model.to_wire(), row.built.clone())));
        self.why.insert(key, Vec::new());
        vec![shared.start(Kind::Quiet, "asking why it is not running", Call::Builds(call)).1]
    }

    fn answered_why(&mut self, deployment_id: &str, lines: Vec<String>) {
        let of_it = |built: &Built| built.deployment.as_ref().filter(|it| it.id == deployment_id).cloned();
        let deployment = self.list.all().iter().find_map(|row| of_it(&row.built));
        if let Some(deployment) = deployment {
            self.why.insert((deployment.id, deployment.status), lines);
        }
    }

    /// Why the selected build is not running, as far as that is known.
    fn why_not(&self, row: &Row) -> Cow<'_, [String]> {
        if details::build_failed(row) {
            return rules::build_failed(&row.built.build).into();
        }
        let Some(deployment) = &row.built.deployment else { return Cow::Borrowed(&[]) };
        let key = (deployment.id.clone(), deployment.status.clone());
        self.why.get(&key).map_or(Cow::Borrowed(&[]), |lines| Cow::Borrowed(lines))
    }

    /// The deployment that stands for the model.
    fn target(&self) -> Target<'_> {
        let built = self.list.all().iter().map(|row| &row.built);
        Target {
            path: &self.path,
            model_id: &self.model.id,
            deployment: rules::current(built).map(|(_, deployment)| deployment),
            known: self.fetch.at.is_some(),
        }
    }

    fn deploy(&self, shared: &mut Shared) -> Outcome {
        let Some(row) = self.list.selected() else { return Outcome::done() };
        if let Err(error) = rules::deployable(&row.built.build) {
            shared.notices.warning(shared.now, error.to_string());
            return Outcome::done();
        }
        let plan = Plan {
            model: self.model.to_wire(),
            build: row.built.build.clone(),
            last: self.target().deployment.cloned(),
            wish: Resources::default(),
        };
        Outcome::push(Deploy::dialog(self.path.clone(), plan))
    }

    fn build_anew(&self) -> Outcome {
        // They came newest first.
        let newest = self.list.all().first().map(|row| &row.built.build);
        Outcome::push(Anew::dialog(self.path.clone(), self.model.to_wire(), newest))
    }

    fn copy_id(&self, shared: &mut Shared) -> Outcome {
        let Some(row) = self.list.selected() else { return Outcome::done() };
        shared.copy("the id of the build was", row.built.build.id.clone()).into()
    }
}

impl Layer for Builds {
    fn name(&self) -> &'static str {
        "builds"
    }

    fn contexts(&self, _shared: &Shared) -> Vec<KeyContext> {
        let first =
            if self.list.state.filter.is_open() { KeyContext::FilterField } else { KeyContext::Builds };
        vec![first, KeyContext::List]
    }

    fn typing(&self, _shared: &Shared) -> bool {
        self.list.state.filter.is_open()
    }

    fn label(&self, _shared: &Shared, command: Command) -> Option<Cow<'static, str>> {
        match command {
            Command::Submit if self.list.state.filter.is_open() => Some("keep filter".into()),
            Command::DeployBuild | Command::CopyKeyId if self.list.selected().is_none() => Some("".into()),
            _ => None,
        }
    }

    fn enter(&mut self, shared: &mut Shared) -> Outcome {
        self.list.follow_columns(shared);
        self.refresh(shared, Kind::Read).into()
    }

    fn command(&mut self, shared: &mut Shared, command: Command) -> Outcome {
        let height = view::rows_in_sight(shared, &self.list.state).max(1);
        if self.list.command(command, height) {
            return self.ask_why(shared).into();
        }
        match command {
            Command::Back => Outcome::pop(),
            Command::Refresh => self.refresh(shared, Kind::Read).into(),
            Command::DeployBuild => self.deploy(shared),
            Command::NewBuild => self.build_anew(),
            Command::RestartModel => ask_restart(shared, self.target()),
            Command::StopModel => ask_stop(shared, self.target()),
            Command::CopyKeyId => self.copy_id(shared),
            Command::ChooseColumns => Outcome::push(ColumnChooser::of::<Row>(shared)),
            _ => Outcome::ignored(),
        }
    }

    fn readiness(&self, shared: &Shared, _command: Command) -> Readiness {
        Readiness::of(&self.fetch.listing(shared, ""), self.list.state.is_empty())
    }

    fn key(&mut self, shared: &mut Shared, key: KeyEvent) -> Outcome {
        self.list.key(key);
        self.ask_why(shared).into()
    }

    fn click(&mut self, shared: &mut Shared, x: u16, y: u16) -> Outcome {
        match click_in(view::table(shared), &mut self.list.state, x, y) {
            Some(true) => self.command(shared, Command::DeployBuild),
            Some(false) => self.ask_why(shared).into(),
            None => Outcome::ignored(),
        }
    }

    fn paste(&mut self, shared: &mut Shared, text: &str) -> Outcome {
        self.list.paste(text);
        self.ask_why(shared).into()
    }

    fn answer(&mut self, shared: &mut Shared, _id: RequestId, answer: Answer) -> Outcome {
        match answer {
            Answer::Builds(BuildAnswer::Listed(Ok(built))) => self.listed(shared, built).into(),
            Answer::Builds(BuildAnswer::Listed(Err(error))) => {
                self.fetch.problem = Some(shared.instead(&error));
                self.left_alone = true;
                shared.notices.failed(shared.now, &error);
                Outcome::done()
            }
            Answer::Builds(BuildAnswer::Looked { answer: Ok(built), .. }) => {
                self.looked(shared, built).into()
            }
            // Deleted meanwhile, perhaps: the list says so.
            Answer::Builds(BuildAnswer::Looked { answer: Err(error), .. }) if error.status() == Some(404) => {
                self.refresh(shared, Kind::Quiet).into()
            }
            Answer::Builds(BuildAnswer::Looked { answer: Err(error), .. }) => {
                self.left_alone = true;
                shared.notices.failed(shared.now, &error);
                Outcome::done()
            }
            // There are others by now: only then their deployments are asked for, too.
            Answer::Builds(BuildAnswer::Glanced(Ok(builds))) if self.differs_from(&builds) => {
                self.refresh(shared, Kind::Quiet).into()
            }
            Answer::Builds(BuildAnswer::Glanced(_)) => Outcome::done(),
            Answer::Builds(BuildAnswer::Why { deployment_id, lines }) => {
                self.answered_why(&deployment_id, lines);
                Outcome::done()
            }
            Answer::Builds(other) => made(shared, other),
            Answer::DeploymentAsked { what, done: Ok(deployment), .. } => {
                let status = text::clean(&deployment.status).into_owned();
                shared.notices.info(shared.now, format!("asked to {what}; the deployment is {status}"));
                let model_id = self.model.id.clone();
                Outcome::event(Event::BuildsChanged { model_id, begun: None, deployed: None })
            }
            Answer::DeploymentAsked { done: Err(error), .. } => {
                shared.notices.failed(shared.now, &error);
                Outcome::done()
            }
            _ => Outcome::done(),
        }
    }

    fn decided(&mut self, shared: &mut Shared, decision: Decision) -> Outcome {
        let target = self.target();
        match decision {
            Decision::StopModel(_) => target.stop(shared).into(),
            Decision::RestartModel(_) => target.restart(shared).into(),
            _ => Outcome::done(),
        }
    }

    fn event(&mut self, shared: &mut Shared, event: &Event) -> Outcome {
        match event {
            Event::BuildsChanged { model_id, begun, .. } if *model_id == self.model.id => {
                self.begun.clone_from(begun);
                self.refresh(shared, Kind::Read).into()
            }
            Event::ColumnsChanged => {
                self.list.follow_columns(shared);
                Outcome::done()
            }
            _ => Outcome::done(),
        }
    }

    /// One request, whatever there is; what is in progress is followed anyway.
    fn look_again(&mut self, shared: &mut Shared, _all: bool) -> Outcome {
        if self.fetch.is_running(shared) || self.is_changing() {
            return Outcome::done();
        }
        let call = BuildCall::Glance { project_id: self.project_id(), model_id: self.model.id.clone() };
        shared.start(Kind::Quiet, "looking for new builds", Call::Builds(call)).1.into()
    }

    fn fills_body(&self) -> bool {
        true
    }

    fn watches(&self, _shared: &Shared) -> bool {
        !self.left_alone && self.is_changing()
    }

    fn tick(&mut self, shared: &mut Shared) -> Outcome {
        let busy = self.fetch.is_running(shared)
            || self.looking.is_some_and(|looking| shared.requests.waits_for(looking));
        let early = self.fetch.at.is_none_or(|at| shared.now.duration_since(at) < WATCH);
        if busy || early || !self.watches(shared) {
            return Outcome::done();
        }
        let built = self.list.all().iter().map(|row| &row.built);
        let call = BuildCall::Look {
            project_id: self.project_id(),
            model_id: self.model.id.clone(),
            built: built.filter(|built| built.is_lively()).cloned().collect(),
        };
        let (id, effect) = shared.start(Kind::Quiet, "following a deployment", Call::Builds(call));
        self.looking = Some(id);
        effect.into()
    }

    fn draw(&self, shared: &Shared, frame: &mut Frame<'_>, area: Rect) {
        view::draw(self, shared, frame, area);
    }
}
