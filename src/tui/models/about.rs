//! Commands about one model.

use strum::VariantArray as _;

use super::Models;
use super::builds::Builds;
use super::chooser::Chooser;
use super::deployment::{self, Target};
use super::overview;
use super::viewer::Viewer;
use crate::probe::code::Language;
use crate::tui::choice::Choice;
use crate::tui::command::Command;
use crate::tui::layer::Outcome;
use crate::tui::shared::Shared;

impl Models {
    /// Commands about a model, whether its panel has the keys or the list.
    pub(in crate::tui::models) fn model_command(&self, shared: &mut Shared, command: Command) -> Outcome {
        let about_one = [
            Command::ModelOverview,
            Command::ModelBuilds,
            Command::RestartModel,
            Command::StopModel,
            Command::CopyCall,
            Command::CheckModel,
        ];
        if !about_one.contains(&command) {
            return Outcome::ignored();
        }
        let Some(row) = self.subject() else { return Outcome::done() };
        match command {
            Command::ModelBuilds => {
                let mut seen = self.tests.replicas_seen(&row.model.id);
                seen.extend(self.runs.replicas_seen(&row.model.id));
                Outcome::push(Builds::new(row.model.clone(), row.path(), seen))
            }
            Command::RestartModel => deployment::ask_restart(shared, Target::of(row, &row.path())),
            Command::StopModel => deployment::ask_stop(shared, Target::of(row, &row.path())),
            Command::CheckModel => self.open_check(shared, row),
            Command::CopyCall => {
                let option = |language: Language| (language.name().to_owned(), Choice::CopyCall(language));
                let options = Language::VARIANTS.iter().copied().map(option);
                Outcome::push(Chooser::new("Copy the call as", options, 0))
            }
            _ => {
                let project = self.list.projects.get(&row.model.project.public_identifier);
                Outcome::push(Viewer::overview(row.path(), overview::facts(shared, row, project)))
            }
        }
    }
}
