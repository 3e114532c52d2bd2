//! The dialog that deploys a build.

use super::dialog::{Dialog, Subject};
use super::form::Form;
use crate::actions::models::{self, Plan, Resources};
use crate::text;
use crate::tui::call::BuildCall;
use crate::tui::decision::Decision;
use crate::tui::overlays::Question;

/// Fields, by index.
const REPLICAS: usize = 0;
const CPU: usize = 1;
const MEMORY: usize = 2;

/// The deployment that is about to be made.
#[derive(Debug)]
pub struct Deploy {
    /// `project/name`
    path: String,
    plan: Plan,
}

impl Deploy {
    /// The dialog for a build, with what the last deployment of its model has.
    pub fn dialog(path: String, plan: Plan) -> Dialog<Self> {
        let Resources { replicas, cpu, memory, .. } = plan.resources();
        let number = |number: Option<f64>| number.map(|number| number.to_string()).unwrap_or_default();
        let empty = match plan.last {
            Some(_) => "empty: as the last deployment had it",
            None => "empty: the workbench's default",
        };
        let fields = [
            ("replicas", number(replicas.map(f64::from)), empty),
            ("CPU", number(cpu), "vCPU of each replica"),
            ("memory", number(memory), "GB of each replica"),
        ];
        Dialog::new(Self { path, plan }, Form::new(fields, 12))
    }
}

impl Subject for Deploy {
    const NAME: &'static str = "deploy";
    const SUBMIT: [&'static str; 2] = ["deploy", "deploys"];
    const SIZE: (u16, u16) = (14, 12);

    fn title(&self) -> String {
        format!("Deploy build {} of {}", text::short_id(&self.plan.build.id), self.path)
    }

    fn notes(&self, _form: &Form) -> Vec<(String, bool)> {
        let mut notes = vec![match self.plan.replaces() {
            Some(before) => {
                let build = text::short_id(&before.build_id);
                (format!("Replaces the deployment of build {build}, with a short outage."), true)
            }
            None => ("Nothing runs now that it would replace.".to_owned(), false),
        }];
        if self.plan.last.is_some() {
            let kept = "Environment variables are those of the last deployment; its secrets cannot be read, so they are not carried over.";
            notes.push((kept.to_owned(), false));
        }
        notes
    }

    fn read(&mut self, form: &mut Form) -> Result<(), ()> {
        self.plan.wish = Resources {
            replicas: form.read(REPLICAS, models::replicas)?,
            cpu: form.read(CPU, models::amount)?,
            memory: form.read(MEMORY, models::amount)?,
            gpus: None,
        };
        Ok(())
    }

    /// Asks before something that runs is replaced.
    fn question(&self) -> Option<Question> {
        let (before, path) = (self.plan.replaces()?, &self.path);
        let (build, old) = (text::short_id(&self.plan.build.id), text::short_id(&before.build_id));
        let by = match build == old {
            true => format!("a new one of the same build {build}"),
            false => format!("one of build {build}"),
        };
        let status = text::clean(&before.status);
        let lines = vec![
            format!("The deployment of {path} that is {status} (build {old}) is replaced by {by}."),
            "Calls in flight are lost, and new calls fail until the new one is up.".to_owned(),
        ];
        let then = Decision::ReplaceDeployment(self.plan.model.id.clone());
        Some(Question::new(format!("Replace the deployment of {path}?"), lines, "Replace", then))
    }

    fn what(&self) -> String {
        format!("deploying {}", self.path)
    }

    fn call(&self) -> BuildCall {
        BuildCall::Deploy(Box::new(self.plan.clone()))
    }
}
