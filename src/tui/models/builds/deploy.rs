//! The dialog that deploys a build.

use std::borrow::Cow;

use crossterm::event::KeyEvent;
use ratatui::Frame;
use ratatui::layout::Rect;

use super::form::Form;
use super::made::made;
use crate::actions::models::{self, Plan, Resources};
use crate::text;
use crate::tui::call::{Answer, BuildAnswer, BuildCall, Call};
use crate::tui::command::{Command, KeyContext};
use crate::tui::decision::Decision;
use crate::tui::layer::{Layer, Outcome};
use crate::tui::overlays::Question;
use crate::tui::parts::dialog::{centred, frame_box};
use crate::tui::requests::{Kind, RequestId};
use crate::tui::shared::Shared;

/// Fields, by index.
const REPLICAS: usize = 0;
const CPU: usize = 1;
const MEMORY: usize = 2;

/// The dialog.
#[derive(Debug)]
pub struct Deploy {
    /// `project/name`
    path: String,
    plan: Plan,
    form: Form,
}

impl Deploy {
    /// For a build, with what the last deployment of its model has.
    pub fn new(path: String, plan: Plan) -> Self {
        let Resources { replicas, cpu, memory, .. } = plan.resources();
        let number = |number: Option<f64>| number.map(|number| number.to_string()).unwrap_or_default();
        let form = Form::new(
            [
                ("replicas", number(replicas.map(f64::from)), "empty: the workbench's default"),
                ("CPU", number(cpu), "vCPU of each replica"),
                ("memory", number(memory), "GB of each replica"),
            ],
            12,
        );
        Self { path, plan, form }
    }

    /// Reads the fields, and asks before something that runs is replaced.
    fn submit(&mut self, shared: &mut Shared) -> Outcome {
        let Ok(wish) = self.wish() else { return Outcome::done() };
        self.plan.wish = wish;
        let Some(before) = self.plan.replaces() else { return self.send(shared) };
        let path = &self.path;
        let (build, old) = (text::short_id(&self.plan.build.id), text::short_id(&before.build_id));
        let by = match build == old {
            true => format!("a new one of the same build {build}"),
            false => format!("one of build {build}"),
        };
        let lines = vec![
            format!(
                "The deployment of {path} that is {} (build {old}) is replaced by {by}.",
                text::clean(&before.status),
            ),
            "Calls in flight are lost, and new calls fail until the new one is up.".to_owned(),
        ];
        let then = Decision::ReplaceDeployment(self.plan.model.id.clone());
        Question::new(format!("Replace the deployment of {path}?"), lines, "Replace", then).ask()
    }

    fn wish(&mut self) -> Result<Resources, ()> {
        Ok(Resources {
            replicas: self.form.read(REPLICAS, models::replicas)?,
            cpu: self.form.read(CPU, models::amount)?,
            memory: self.form.read(MEMORY, models::amount)?,
            gpus: None,
        })
    }

    fn send(&mut self, shared: &mut Shared) -> Outcome {
        let call = Call::Builds(BuildCall::Deploy(Box::new(self.plan.clone())));
        let (id, effect) = shared.start(Kind::Change, format!("deploying {}", self.path), call);
        self.form.problem = None;
        self.form.sending = Some(id);
        effect.into()
    }

    /// What deploying means, and whether it is a warning.
    fn notes(&self, shared: &Shared) -> Vec<(String, bool)> {
        let mut notes = Vec::new();
        match self.plan.replaces() {
            Some(before) => {
                let build = text::short_id(&before.build_id);
                notes.push((format!("Replaces the deployment of build {build}, with a short outage."), true));
            }
            None => notes.push(("Nothing runs now that it would replace.".to_owned(), false)),
        }
        if self.plan.last.is_some() {
            let kept = "Environment variables are those of the last deployment; its secrets cannot be read, so they are not carried over.";
            notes.push((kept.to_owned(), false));
        }
        let (submit, back) = (shared.key_of(Command::Submit), shared.key_of(Command::Back));
        notes.push((String::new(), false));
        notes.push(match self.form.sending {
            Some(_) => ("deploying".to_owned(), false),
            None => (format!("{submit} deploys, {back} leaves"), false),
        });
        notes
    }
}

impl Layer for Deploy {
    fn name(&self) -> &'static str {
        "deploy"
    }

    fn contexts(&self, _shared: &Shared) -> Vec<KeyContext> {
        vec![KeyContext::Form]
    }

    fn typing(&self, _shared: &Shared) -> bool {
        true
    }

    fn label(&self, _shared: &Shared, command: Command) -> Option<Cow<'static, str>> {
        (command == Command::Submit).then(|| "deploy".into())
    }

    fn command(&mut self, shared: &mut Shared, command: Command) -> Outcome {
        match command {
            Command::Submit if self.form.sending.is_some() => Outcome::done(),
            Command::Submit => self.submit(shared),
            other => self.form.command(other),
        }
    }

    fn decided(&mut self, shared: &mut Shared, decision: Decision) -> Outcome {
        match decision {
            Decision::ReplaceDeployment(_) => self.send(shared),
            _ => Outcome::pop(),
        }
    }

    fn key(&mut self, _shared: &mut Shared, key: KeyEvent) -> Outcome {
        self.form.key(key);
        Outcome::done()
    }

    fn paste(&mut self, _shared: &mut Shared, text: &str) -> Outcome {
        self.form.paste(text);
        Outcome::done()
    }

    fn answer(&mut self, shared: &mut Shared, _id: RequestId, answer: Answer) -> Outcome {
        match answer {
            Answer::Builds(BuildAnswer::Deployed { done: Err(error), .. }) => {
                let hint = error.hint().map(|hint| format!("; {hint}")).unwrap_or_default();
                self.form.refused(format!("{error}{hint}"));
                Outcome::done()
            }
            Answer::Builds(answer) => Outcome::pop().and(made(shared, answer)),
            _ => Outcome::done(),
        }
    }

    fn cancelled(&mut self, _shared: &mut Shared, _id: RequestId) -> Outcome {
        self.form.refused("cancelled; it may have been deployed anyway: look at the list".to_owned());
        Outcome::done()
    }

    fn draw(&self, shared: &Shared, frame: &mut Frame<'_>, area: Rect) {
        let title =
            format!("Deploy build {} of {}", text::short_id(&self.plan.build.id), text::clean(&self.path));
        let inside = frame_box(shared, &title, frame, centred(area, 70, 13));
        self.form.draw(shared, frame.buffer_mut(), inside, 14, &self.notes(shared));
    }
}
