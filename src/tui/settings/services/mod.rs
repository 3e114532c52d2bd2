//! The services of a manifest, beside the API keys: whether each is safe, what is to be done for it,
//! and doing that.
//!
//! Planning asks the workbench about each service, so it happens when the services are first shown and
//! on demand, never by itself. The rules are those of `keybench fleet`.

mod facts;
mod row;
mod view;

use std::borrow::Cow;
use std::path::PathBuf;

use crossterm::event::KeyEvent;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;

use self::row::{ServiceRow, Stage};
use crate::actions::fleet::prune::Left;
use crate::actions::fleet::{Applied, ServicePlan};
use crate::text;
use crate::tui::call::{Call, FleetAnswer, FleetCall, FleetStep, Planned, PrunedServices};
use crate::tui::command::{Command, KeyContext};
use crate::tui::decision::Decision;
use crate::tui::effect::Effects;
use crate::tui::event::Event;
use crate::tui::layer::{Outcome, Readiness};
use crate::tui::list::view::click_in;
use crate::tui::list::{Fetch, List, Row as _, Rows};
use crate::tui::overlays::{ColumnChooser, Question, TextBox};
use crate::tui::requests::{Kind, RequestId};
use crate::tui::shared::Shared;

/// The services.
#[derive(Debug, Default)]
pub struct Services {
    shown: bool,
    /// The manifest was asked for.
    asked: bool,
    rows: List<ServiceRow>,
    fetch: Fetch,
    /// Services that are planned, and of how many.
    planned: Option<(usize, usize)>,
    /// The apply under way, or the pruning.
    applying: Option<RequestId>,
    pruning: Option<RequestId>,
    /// Keys that the pruning has deleted.
    deleted: usize,
    /// The name of the service to select once it is there.
    wanted: Option<String>,
    /// An apply has changed what the rows say.
    is_outdated: bool,
}

impl Services {
    /// Whether they have the place of the API keys.
    pub fn are_shown(&self) -> bool {
        self.shown
    }

    /// Reads which services the manifest has, once: a file of this machine.
    pub fn read(&mut self, shared: &mut Shared) -> Effects {
        let Some(file) = file(shared).filter(|_| !self.asked) else { return Effects::new() };
        self.asked = true;
        vec![shared.start(Kind::Background, "reading the manifest", Call::Fleet(FleetCall::Read { file })).1]
    }

    /// Shows the services instead of the API keys, or the other way round.
    pub fn toggle(&mut self, shared: &mut Shared) -> Outcome {
        self.shown = !self.shown;
        let never_planned = self.fetch.at.is_none() && self.fetch.problem.is_none();
        match self.shown && never_planned && !self.fetch.is_running(shared) {
            true => self.plan(shared),
            false => Outcome::done(),
        }
    }

    /// Shows one of them, once they are planned.
    pub fn show(&mut self, shared: &mut Shared, name: String) -> Outcome {
        self.wanted = Some(name);
        self.select_wanted();
        if self.shown { Outcome::done() } else { self.toggle(shared) }
    }

    fn select_wanted(&mut self) {
        let is_wanted = |row: &&ServiceRow| Some(row.name()) == self.wanted.as_deref();
        let id = self.rows.all().iter().find(is_wanted).map(|row| row.id().to_owned());
        if let Some(id) = id {
            self.rows.select(&id);
            self.wanted = None;
        }
    }

    fn plan(&mut self, shared: &mut Shared) -> Outcome {
        let Some(file) = file(shared) else { return Outcome::done() };
        if self.is_busy(shared) {
            return Outcome::done();
        }
        (self.fetch.problem, self.planned) = (None, None);
        self.rows.follow_columns(shared);
        self.fetch.start(shared, "planning the services", Call::Fleet(FleetCall::Plan { file })).into()
    }

    fn is_applying(&self, shared: &Shared) -> bool {
        self.applying.is_some_and(|id| shared.requests.waits_for(id))
    }

    /// Whether a plan or a change is under way.
    fn is_busy(&self, shared: &Shared) -> bool {
        let prunes = self.pruning.is_some_and(|id| shared.requests.waits_for(id));
        prunes || self.fetch.is_running(shared) || self.is_applying(shared)
    }

    /// The services of the manifest.
    fn of_manifest(&self) -> impl Iterator<Item = &ServiceRow> {
        self.rows.all().iter().filter(|row| row.as_left().is_none())
    }

    /// How many of them an apply is through with.
    fn ended(&self) -> usize {
        self.of_manifest().filter(|row| row.stage.has_ended()).count()
    }

    /// The services that left it.
    fn left(&self) -> Vec<Left> {
        self.rows.all().iter().filter_map(ServiceRow::as_left).cloned().collect()
    }

    pub fn contexts(&self) -> Vec<KeyContext> {
        let innermost = if self.typing() { KeyContext::FilterField } else { KeyContext::Services };
        vec![innermost, KeyContext::List]
    }

    pub fn readiness(&self, shared: &Shared) -> Readiness {
        Readiness::of(&self.fetch.listing(shared, ""), self.rows.state.is_empty())
    }

    pub fn typing(&self) -> bool {
        self.rows.state.filter.is_open()
    }

    pub fn label(&self, shared: &Shared, command: Command) -> Option<Cow<'static, str>> {
        match command {
            Command::Services => Some("API keys".into()),
            Command::PlanFleet if file(shared).is_none() => Some("".into()),
            Command::ApplyFleet | Command::KeyDetails if self.rows.all().is_empty() => Some("".into()),
            Command::ApplyFleet if self.is_outdated || self.is_busy(shared) => Some("".into()),
            Command::PruneFleet if self.left().is_empty() || self.is_busy(shared) => Some("".into()),
            _ => None,
        }
    }

    pub fn command(&mut self, shared: &mut Shared, command: Command) -> Outcome {
        if self.rows.command(command, view::height(shared, self)) {
            return Outcome::done();
        }
        match command {
            Command::Services | Command::Back => self.toggle(shared),
            Command::PlanFleet | Command::Refresh => self.plan(shared),
            Command::ApplyFleet => self.ask(shared),
            Command::PruneFleet => self.ask_to_prune(shared),
            Command::KeyDetails => match self.rows.selected() {
                Some(row) => Outcome::push(TextBox::new("Service", facts::about(shared, row))),
                None => Outcome::done(),
            },
            Command::ChooseColumns => Outcome::push(ColumnChooser::of::<ServiceRow>(shared)),
            _ => Outcome::ignored(),
        }
    }

    /// Asks whether to do what the plan says.
    fn ask(&mut self, shared: &mut Shared) -> Outcome {
        if self.rows.all().is_empty() || self.is_busy(shared) {
            return Outcome::done();
        }
        if self.is_outdated {
            let again = shared.key_of(Command::PlanFleet);
            shared.notices.warning(shared.now, format!("this plan was applied; {again} makes a new one"));
            return Outcome::done();
        }
        match facts::question(self.of_manifest()) {
            Some(lines) => Question::new("Apply the manifest?", lines, "Apply", Decision::ApplyFleet).ask(),
            None => {
                match self.of_manifest().find(|row| row.safe() != "safe") {
                    Some(row) => shared.notices.warning(
                        shared.now,
                        format!(
                            "an apply changes nothing; {} is {}: its details say why",
                            row.name(),
                            row.safe()
                        ),
                    ),
                    None => shared.notices.info(shared.now, "there is nothing to do for any service"),
                }
                Outcome::done()
            }
        }
    }

    /// Does what was agreed to.
    pub fn apply(&mut self, shared: &mut Shared) -> Outcome {
        let Some(file) = file(shared) else { return Outcome::done() };
        let (id, effect) =
            shared.start(Kind::Change, "applying the manifest", Call::Fleet(FleetCall::Apply { file }));
        (self.applying, self.is_outdated) = (Some(id), true);
        effect.into()
    }

    /// Asks whether to delete the keys of the services that left the manifest.
    fn ask_to_prune(&mut self, shared: &mut Shared) -> Outcome {
        let left = self.left();
        if self.is_busy(shared) {
            return Outcome::done();
        }
        if left.is_empty() {
            shared.notices.info(shared.now, "no service has left the manifest");
            return Outcome::done();
        }
        let lines = facts::prune_question(&left);
        Question::new("Delete the keys of services that left?", lines, "Delete", Decision::PruneFleet(left))
            .ask()
    }

    /// Deletes what was agreed to.
    pub fn prune(&mut self, shared: &mut Shared, agreed: Vec<Left>) -> Outcome {
        let Some(file) = file(shared) else { return Outcome::done() };
        let call = Call::Fleet(FleetCall::Prune { file, agreed });
        let (id, effect) = shared.start(Kind::Change, "deleting keys of services that left", call);
        (self.pruning, self.deleted) = (Some(id), 0);
        effect.into()
    }

    pub fn key(&mut self, key: KeyEvent) -> Outcome {
        self.rows.key(key);
        Outcome::done()
    }

    pub fn paste(&mut self, text: &str) -> Outcome {
        self.rows.paste(text);
        Outcome::done()
    }

    pub fn click(&mut self, shared: &mut Shared, x: u16, y: u16) -> Outcome {
        match click_in(view::table(shared), &mut self.rows.state, x, y) {
            Some(true) => self.command(shared, Command::KeyDetails),
            Some(false) => Outcome::done(),
            None => Outcome::ignored(),
        }
    }

    pub fn follow_columns(&mut self, shared: &Shared) {
        self.rows.follow_columns(shared);
    }

    pub fn answer(&mut self, shared: &mut Shared, answer: FleetAnswer) -> Outcome {
        match answer {
            FleetAnswer::Services(Ok(read)) => shared.session.service_keys = read,
            FleetAnswer::Services(Err(problem)) => shared.notices.warning(shared.now, problem),
            FleetAnswer::Planned(Ok(planned)) => self.show_plan(shared, *planned),
            FleetAnswer::Planned(Err(problem)) => {
                // Without rows it stands in their place.
                if !self.shown || !self.rows.all().is_empty() {
                    shared.notices.error(shared.now, problem.clone(), None);
                }
                self.fetch.problem = Some(problem);
            }
            FleetAnswer::Step(step) => self.step(step),
            FleetAnswer::Applied(Ok(all)) => return self.applied(shared, &all),
            FleetAnswer::Pruned(Ok(pruned)) => return self.pruned(shared, &pruned),
            FleetAnswer::Pruned(Err(problem)) => shared.notices.error(shared.now, problem, None),
            FleetAnswer::Applied(Err(problem)) => {
                self.is_outdated = false;
                shared.notices.error(shared.now, problem, None);
            }
        }
        Outcome::done()
    }

    fn show_plan(&mut self, shared: &Shared, planned: Planned) {
        (self.is_outdated, self.planned) = (false, None);
        let rows = planned.services.into_iter().enumerate().map(|(at, one)| ServiceRow::new(at, one));
        let left = planned.left.into_iter().map(ServiceRow::left);
        self.rows.replace(rows.chain(left).collect::<Rows<_>>());
        self.select_wanted();
        self.fetch.changing = true;
        self.fetch.succeeded(shared);
    }

    fn step(&mut self, step: FleetStep) {
        let (at, stage) = match step {
            FleetStep::Planned { done, of } => {
                self.planned = Some((done, of));
                return;
            }
            FleetStep::Deleted => {
                self.deleted += 1;
                return;
            }
            FleetStep::Begun(at) => (at, Stage::Applying),
            FleetStep::Ended { at, failed: true } => (at, Stage::Failed),
            FleetStep::Ended { at, failed: false } => (at, Stage::Applied),
        };
        self.rows.change(&ServiceRow::id_at(at), |row| {
            let changes = row.plan().is_none_or(ServicePlan::changes);
            row.stage = if stage == Stage::Applied && !changes { Stage::Unchanged } else { stage };
        });
    }

    fn applied(&mut self, shared: &mut Shared, all: &[Applied]) -> Outcome {
        let (sentence, failed, lines) = facts::summary(all);
        match failed {
            true => shared.notices.warning(shared.now, sentence),
            false => shared.notices.info(shared.now, sentence),
        }
        self.asked = false;
        let read: Outcome = self.read(shared).into();
        let lines = lines.into_iter().map(|line| Line::from(text::clean(&line).into_owned()));
        let mut outcome = match self.shown {
            true => Outcome::push(TextBox::new("Applied", lines.collect())),
            false => Outcome::done(),
        }
        .and(read);
        for one in all {
            let (username, deleted) = (one.username.clone(), one.deleted.clone());
            if one.rotated || !deleted.is_empty() {
                outcome = outcome.and_event(Event::KeysChanged { username, deleted });
            }
        }
        outcome
    }

    fn pruned(&mut self, shared: &mut Shared, pruned: &PrunedServices) -> Outcome {
        match facts::pruned(pruned) {
            (sentence, true) => shared.notices.warning(shared.now, sentence),
            (sentence, false) => shared.notices.info(shared.now, sentence),
        }
        let is_gone = |left: &Left| {
            pruned.services.iter().any(|gone| (&gone.name, &gone.username) == (&left.name, &left.username))
        };
        let stay = self.rows.all().iter().filter(|row| !row.as_left().is_some_and(is_gone));
        let stay: Rows<_> = stay.cloned().collect();
        self.rows.replace(stay);
        let mut outcome = Outcome::done();
        for service in pruned.services.iter().chain(&pruned.stay).filter(|one| !one.keys.is_empty()) {
            let (username, deleted) = (service.username.clone(), service.keys.clone());
            outcome = outcome.and_event(Event::KeysChanged { username, deleted });
        }
        outcome
    }

    /// The apply, the pruning or the plan was cancelled.
    pub fn cancelled(&mut self, shared: &mut Shared, id: RequestId) {
        let again = shared.key_of(Command::PlanFleet);
        if self.pruning == Some(id) {
            let of: usize = self.left().iter().map(|left| left.keys.len()).sum();
            let text = format!(
                "stopped after {} of {of} keys; one more may be deleted, {again} plans again",
                self.deleted
            );
            return shared.notices.warning(shared.now, text);
        }
        if self.applying != Some(id) {
            return;
        }
        let (done, of) = (self.ended(), self.of_manifest().count());
        self.rows.change_where(|row| row.stage == Stage::Applying, |row| row.stage = Stage::Stopped);
        let text = format!(
            "stopped: {done} of {of} services are done, and what was begun for another is finished by the next \
             apply; {again} plans again"
        );
        shared.notices.warning(shared.now, text);
    }

    /// Another user is signed in.
    pub fn forget(&mut self) {
        *self = Self { shown: self.shown, ..Self::default() };
    }

    /// `2 services, 1 not safe · planned 3 of 40 · 09:14 UTC`
    fn note(&self, shared: &Shared) -> String {
        let separator = format!(" {} ", shared.preferences.glyphs.separator);
        let mut parts = Vec::new();
        let all = self.rows.all().len();
        if all > 0 {
            let shown = match self.rows.state.filter.is_shown() {
                true => format!("{} of ", self.rows.state.len()),
                false => String::new(),
            };
            parts.push(format!("{shown}{}", text::count(all, "service", "services")));
            match self.of_manifest().filter(|row| row.safe() == "not safe").count() {
                0 => {}
                many => parts.push(format!("{many} not safe")),
            }
        }
        let of_manifest = self.of_manifest().count();
        if all > of_manifest {
            parts.push(format!("{} left the manifest", all - of_manifest));
        }
        match (self.fetch.is_running(shared), self.planned, self.is_applying(shared)) {
            (true, Some((done, of)), _) => parts.push(format!("planned {done} of {of}")),
            (true, None, _) => parts.push("planning".to_owned()),
            (false, _, true) => parts.push(format!("applied {} of {of_manifest}", self.ended())),
            (false, _, false) if self.is_outdated => {
                parts.push(format!("{} plans again", shared.key_of(Command::PlanFleet)));
            }
            (false, _, false) => {
                parts.extend(self.fetch.at.map(|at| at.strftime("%H:%M UTC").to_string()));
            }
        }
        parts.join(&separator)
    }

    /// The text instead of rows.
    fn instead(&self, shared: &Shared) -> String {
        match (file(shared), self.fetch.at) {
            (None, _) => "No manifest is named: write `fleet = \"FILE\"` into config.toml, or set \
                          KEYBENCH_FLEET. It says which services there are, and where the key of each is \
                          needed."
                .to_owned(),
            (Some(file), Some(_)) if self.fetch.problem.is_none() => {
                format!("{} has no service.", file.display())
            }
            _ => self.fetch.instead(shared, "planning the services"),
        }
    }

    pub fn draw(&self, shared: &Shared, frame: &mut Frame<'_>, area: Rect) {
        view::draw(shared, self, frame, area);
    }
}

/// The manifest that the configuration names.
pub fn file(shared: &Shared) -> Option<PathBuf> {
    shared.preferences.fleet.clone()
}
