//! `collaborators`.

use clap::Subcommand;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use serde_json::json;
use strum::VariantNames as _;

use super::context::Context;
use super::error::{Exit, Failure};
use crate::actions::collaborators::{self, Given, Permission};
use crate::actions::projects;

#[derive(Debug, Subcommand)]
pub enum CollaboratorsCommand {
    /// List a project's collaborators
    #[command(
        after_help = "Example:\n  keybench collaborators list churn-prod\n\nEnds with 0 if all were listed."
    )]
    List {
        /// Name, OWNER/NAME or id
        project: String,
    },
    /// Add a collaborator, or change the permission of one
    #[command(
        after_help = "Example:\n  keybench collaborators add churn-prod outsider --permission read\n\nEnds with 0 once the permission is given."
    )]
    Add {
        /// Name, OWNER/NAME or id
        project: String,
        /// Username
        user: String,
        /// What they may do; without it read, which is enough to call models, or what they have already
        #[arg(long, value_parser = permission())]
        permission: Option<Permission>,
    },
    /// Remove a collaborator
    #[command(
        after_help = "Example:\n  keybench collaborators remove churn-prod outsider\n\nActs at once and asks nothing: `collaborators add` undoes it.\nEnds with 0 once they are removed."
    )]
    Remove {
        /// Name, OWNER/NAME or id
        project: String,
        /// Username
        user: String,
    },
}

fn permission() -> impl TypedValueParser<Value = Permission> {
    PossibleValuesParser::new(Permission::VARIANTS).try_map(|text| text.parse::<Permission>())
}

pub async fn run(context: &Context, command: CollaboratorsCommand) -> Result<Exit, Failure> {
    match command {
        CollaboratorsCommand::List { project } => list(context, &project).await,
        CollaboratorsCommand::Add { project, user, permission } => {
            add(context, &project, &user, permission).await
        }
        CollaboratorsCommand::Remove { project, user } => remove(context, &project, &user).await,
    }
}

async fn list(context: &Context, wanted: &str) -> Result<Exit, Failure> {
    let session = context.session()?;
    let project = projects::find(&session.client, wanted).await?;
    let collaborators = collaborators::list(&session.client, &project.id).await?;
    let mut list = context.out.list(&["PERMISSION", "NAME", "USER"]);
    let rows: Vec<_> = collaborators
        .into_iter()
        .map(|collaborator| {
            let user = &collaborator.user;
            let cells = vec![collaborator.permission.clone(), user.name.clone(), user.username.clone()];
            (json!(collaborator), cells)
        })
        .collect();
    list.page(&rows)?;
    list.end()?;
    context.out.note(&format!("{} is owned by {}", project.name, project.owner.username));
    Ok(Exit::Done)
}

async fn add(
    context: &Context,
    wanted: &str,
    user: &str,
    permission: Option<Permission>,
) -> Result<Exit, Failure> {
    let session = context.session_to_change("adding a collaborator")?;
    let project = projects::find(&session.client, wanted).await?;
    let given = match permission {
        Some(permission) => {
            collaborators::set(&session, &project.id, user, permission).await.map(|()| Given::Added)?
        }
        None => collaborators::add(&session, &project.id, user, Permission::default()).await?,
    };
    let has = match &given {
        Given::Added => permission.unwrap_or_default().as_str(),
        Given::Kept(has) => has,
    };
    let document =
        json!({ "project": project.name, "project_id": project.id, "username": user, "permission": has });
    let line = match &given {
        Given::Added => format!("{user} may {has} in {}", project.name),
        Given::Kept(has) => format!(
            "{user} is a collaborator of {} already, with {has}: nothing was changed (--permission changes it)",
            project.name
        ),
    };
    report(context, &document, line)
}

async fn remove(context: &Context, wanted: &str, user: &str) -> Result<Exit, Failure> {
    let session = context.session_to_change("removing a collaborator")?;
    let project = projects::find(&session.client, wanted).await?;
    collaborators::remove(&session, &project.id, user).await?;
    let document = json!({ "project": project.name, "project_id": project.id, "removed": user });
    report(context, &document, format!("{user} is no longer a collaborator of {}", project.name))
}

fn report(context: &Context, document: &serde_json::Value, line: String) -> Result<Exit, Failure> {
    if context.out.json {
        context.out.document(document)?;
    } else {
        context.out.lines(&[line])?;
    }
    Ok(Exit::Done)
}
