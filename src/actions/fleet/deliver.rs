//! Brings a key to what needs it, and reads which key is there.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::zeroize::Zeroizing;
use serde_json::{Map, Value, json};

use super::manifest::{Delivery, Target};
use super::{Error, command};
use crate::actions::key_file::{self, KeyFile};
use crate::actions::models::{self, Ended, Verb};
use crate::actions::projects;
use crate::actions::rotation::exec::Output;
use crate::bounded;
use crate::config::Session;
use crate::config::replace::Access;
use crate::secret::ApiKey;
use crate::wire::{ModelDeployment, Project};

/// What is where a key should be.
#[derive(Debug)]
pub enum Found {
    Key(ApiKey),
    /// Nothing yet.
    Nothing,
    /// Something that is no key.
    Other,
    /// The key cannot be read there: what is delivered is not known.
    Unproven,
}

/// Reads what is delivered.
///
/// # Errors
/// It cannot be read now.
pub async fn read(session: &Session, output: Output, delivery: &Delivery) -> Result<Found, Error> {
    let failed = |why: String| Error::Delivery { delivery: delivery.id.clone(), why };
    let text = match &delivery.to {
        Target::File { path, .. } => match bounded::read_to_string(path) {
            Ok(text) => Zeroizing::new(text),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Found::Nothing),
            Err(error) => return Err(failed(error.to_string())),
        },
        Target::KubernetesSecret { namespace, name, key, timeout } => {
            let path = format!("jsonpath={{.data.{}}}", key.replace('.', "\\."));
            let arguments = ["get", "secret", name, "--ignore-not-found", "--output", &path];
            let text = command::kubectl_read(namespace.as_deref(), &arguments, output, *timeout)
                .await
                .map_err(failed)?;
            let Ok(bytes) = STANDARD.decode(text.trim()).map(Zeroizing::new) else { return Ok(Found::Other) };
            Zeroizing::new(String::from_utf8_lossy(&bytes).into_owned())
        }
        Target::ProjectEnv { project, variable, .. } => {
            let project = find(session, delivery, project).await?;
            match environment(&project).map_err(failed)?.get(variable) {
                Some(Value::String(text)) => Zeroizing::new(text.clone()),
                Some(_) => return Ok(Found::Other),
                None => return Ok(Found::Nothing),
            }
        }
        Target::Exec { read: None, .. } => return Ok(Found::Unproven),
        Target::Exec { read: Some(read), timeout, .. } => command::read(read, output, *timeout)
            .await
            .map_err(|why| failed(format!("the command of read: {why}")))?,
    };
    Ok(match key_file::parse(&text) {
        Ok(key) => Found::Key(key),
        Err(_) if text.trim().is_empty() => Found::Nothing,
        Err(_) => Found::Other,
    })
}

/// Delivers `key`.
///
/// # Errors
/// It may be delivered or not.
pub async fn write(
    session: &Session,
    output: Output,
    delivery: &Delivery,
    key: &ApiKey,
    key_id: &str,
) -> Result<(), Error> {
    let failed = |why: String| Error::Delivery { delivery: delivery.id.clone(), why };
    match &delivery.to {
        Target::File { path, access } => {
            let file = KeyFile::replacing(path, *access).map_err(|refusal| {
                let why = refusal.to_string();
                // The delivery names the file.
                let named = format!("{} ", path.display());
                failed(why.strip_prefix(&named).map_or(why.clone(), str::to_owned))
            })?;
            file.write_key(key).map_err(|error| failed(error.to_string()))
        }
        Target::KubernetesSecret { namespace, name, key: entry, timeout } => {
            let data =
                json!({ entry.as_str(): STANDARD.encode(key.expose()), "key-id": STANDARD.encode(key_id) });
            let secret = json!({
                "apiVersion": "v1", "kind": "Secret", "metadata": { "name": name }, "data": data,
            });
            let text = Zeroizing::new(secret.to_string());
            // On the server, so that no annotation holds the key once more.
            let arguments = [
                "apply",
                "--server-side",
                "--field-manager=keybench",
                "--force-conflicts",
                "--filename",
                "-",
            ];
            let namespace = namespace.as_deref();
            let done = command::kubectl_with(namespace, &arguments, text.as_bytes(), output, *timeout).await;
            done.map_err(failed)
        }
        Target::ProjectEnv { project, variable, .. } => {
            let found = find(session, delivery, project).await?;
            let mut environment = environment(&found).map_err(failed)?;
            environment.insert(variable.clone(), Value::String(key.expose().to_owned()));
            let text = Zeroizing::new(Value::Object(environment).to_string());
            let refused = |error: crate::api::Error| failed(error.to_string());
            session.client.set_project_environment(&found.id, &text).await.map_err(refused)?;
            // A workbench may ignore a member that it does not know.
            match read_back(session, &found.id, variable).await.map_err(refused)? {
                Some(text) if *text == *key.expose() => Ok(()),
                _ => Err(failed("the project does not have the variable afterwards".to_owned())),
            }
        }
        Target::Exec { command, timeout, .. } => {
            let text = Zeroizing::new(format!("{}\n", key.expose()));
            command::run(command, key_id, text.as_bytes(), output, *timeout).await.map_err(failed)
        }
    }
}

/// Makes the service read its key. Models in `restarted` have it already; those that get it now join
/// them, also where another one fails.
///
/// # Errors
/// It may go on with the older one.
pub async fn reload(
    session: &Session,
    output: Output,
    delivery: &Delivery,
    key_id: &str,
    restarted: &mut Vec<String>,
) -> Result<(), Error> {
    let waiting: Vec<_> = delivery.restarts().iter().filter(|model| !restarted.contains(model)).collect();
    let failed = restart_models(session, &waiting, delivery.reload_timeout).await;
    restarted.extend(waiting.into_iter().filter(|model| !failed.contains_key(model)).cloned());
    if !failed.is_empty() {
        let why: Vec<_> = failed.into_values().collect();
        return Err(Error::Delivery { delivery: delivery.id.clone(), why: why.join("; ") });
    }
    let Some(reload) = &delivery.reload else { return Ok(()) };
    let done = command::run(reload, key_id, b"", output, delivery.reload_timeout).await;
    done.map_err(|why| Error::Delivery {
        delivery: delivery.id.clone(),
        why: format!("the command of reload: {why}"),
    })
}

/// How a file's mode or owner differs from what the manifest says.
pub fn access_drift(delivery: &Delivery) -> Option<String> {
    let Target::File { path, access } = &delivery.to else { return None };
    differs(path, *access)
}

fn differs(path: &Path, access: Access) -> Option<String> {
    let found = fs::metadata(path).ok()?;
    let mode = found.permissions().mode() & 0o777;
    if let Some(wanted) = access.mode.filter(|wanted| *wanted != mode) {
        return Some(format!("has mode {mode:o}, not {wanted:o}"));
    }
    if access.owner.is_some_and(|owner| owner != found.uid()) {
        return Some(format!("belongs to user {}", found.uid()));
    }
    if access.group.is_some_and(|group| group != found.gid()) {
        return Some(format!("belongs to group {}", found.gid()));
    }
    None
}

async fn find(session: &Session, delivery: &Delivery, project: &str) -> Result<Project, Error> {
    let failed = |why: String| Error::Delivery { delivery: delivery.id.clone(), why };
    let found = projects::find(&session.client, project).await.map_err(|error| failed(error.to_string()))?;
    // The list may leave the environment out.
    session.client.project(&found.id).await.map_err(|error| failed(error.to_string()))
}

/// The environment is JSON text, and may be absent (OBSERVED, agent-studio).
fn environment(project: &Project) -> Result<Map<String, Value>, String> {
    if project.environment.trim().is_empty() {
        return Ok(Map::new());
    }
    serde_json::from_str(&project.environment)
        .map_err(|_| "the project's environment is no JSON object, so nothing is written to it".to_owned())
}

async fn read_back(
    session: &Session,
    project_id: &str,
    variable: &str,
) -> Result<Option<Zeroizing<String>>, crate::api::Error> {
    let project = session.client.project(project_id).await?;
    let environment = environment(&project).unwrap_or_default();
    Ok(environment.get(variable).and_then(Value::as_str).map(|text| Zeroizing::new(text.to_owned())))
}

/// Restarts `models`, and waits for at most `limit` until they run again: why for each that does not.
/// One that needs longer is not restarted again for that: the plan says that it does not answer yet.
async fn restart_models<'a>(
    session: &Session,
    models: &[&'a String],
    limit: Duration,
) -> BTreeMap<&'a String, String> {
    let begin = Instant::now();
    let (mut restarted, mut failed) = (Vec::new(), BTreeMap::new());
    for wanted in models.iter().copied() {
        match restart(session, wanted).await {
            Ok(deployment) => restarted.push((wanted, deployment)),
            Err(error) => drop(failed.insert(wanted, format!("restarting {wanted}: {error}"))),
        }
    }
    for (wanted, deployment) in restarted {
        let left = limit.saturating_sub(begin.elapsed());
        if let Ok((_, Ended::Failed)) = models::follow_restart(session, &deployment, left, &()).await {
            let why = format!("`keybench models show {wanted}` says why");
            failed.insert(wanted, format!("{wanted} was restarted, and its deployment has failed ({why})"));
        }
    }
    failed
}

async fn restart(session: &Session, wanted: &str) -> Result<ModelDeployment, models::Error> {
    let model = models::find(session, wanted).await?;
    models::ask_latest_deployment(session, Verb::Restart, &model).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_drifts_from_the_mode_that_is_wanted() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("key");
        fs::write(&file, "key").unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
        let mode = |mode| differs(&file, Access { mode, ..Access::default() });
        assert_eq!((mode(None), mode(Some(0o644))), (None, None));
        assert_eq!(mode(Some(0o640)).unwrap(), "has mode 644, not 640");
    }

    #[test]
    fn an_environment_that_cannot_be_read_is_not_replaced() {
        let project =
            |environment: &str| Project { environment: environment.to_owned(), ..Project::default() };
        assert!(environment(&project("")).unwrap().is_empty());
        assert_eq!(environment(&project(r#"{"A":"1"}"#)).unwrap()["A"], "1");
        assert!(environment(&project("A=1")).is_err());
    }
}
