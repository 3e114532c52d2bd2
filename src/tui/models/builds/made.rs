//! What a dialog has brought about.

use crate::actions::models::Environment;
use crate::text;
use crate::tui::call::{BuildAnswer, Deployed};
use crate::tui::event::Event;
use crate::tui::layer::Outcome;
use crate::tui::shared::Shared;

/// A build was begun or a deployment made; says so, and tells the other layers.
pub fn made(shared: &mut Shared, answer: BuildAnswer) -> Outcome {
    match answer {
        BuildAnswer::Begun { model_id, done: Ok(build) } => {
            let text = format!("build {} is {}", text::short_id(&build.id), text::clean(&build.status));
            shared.notices.info(shared.now, text);
            Outcome::event(Event::BuildsChanged { model_id, deployed: None })
        }
        BuildAnswer::Deployed { model_id, done: Ok(Deployed { built, environment }) } => {
            let status = built.deployment.as_ref().map(|it| text::clean(&it.status).into_owned());
            let text = format!("the deployment is {}", status.unwrap_or_default());
            match environment {
                Environment::Kept(_) => shared.notices.info(shared.now, text),
                Environment::Unreadable => shared.notices.warning(
                    shared.now,
                    format!("{text}, without environment variables: those of the last one cannot be read"),
                ),
            }
            Outcome::event(Event::BuildsChanged { model_id, deployed: Some(built) })
        }
        other => {
            if let Some(error) = other.error() {
                shared.notices.failed(shared.now, error);
            }
            Outcome::done()
        }
    }
}
