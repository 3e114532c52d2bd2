//! The environment variables with which programs find a workbench: those of a workbench session
//! (OBSERVED and DOCS, `reference` of the real product), and keybench's own.

use super::certificates;
use super::running::Running;
use super::seed::Credential;
use super::store::{StoreError, projects, users};

/// Whose key it is if no one is named: the first of these that there is.
const DEFAULT: [&str; 2] = ["owner", "admin"];

/// Names and values.
pub type Environment = Vec<(&'static str, String)>;

impl Running {
    /// The variables for a user, if none is named for [`DEFAULT`]: their keys, and the first project that
    /// they own, else the first that they collaborate in.
    pub async fn environment(&self, username: Option<&str>) -> Result<Environment, String> {
        let credentials = self
            .credentials()
            .map_err(|error| format!("{} cannot be read: {error}", self.credentials.display()))?;
        let of = |name: &str| credentials.iter().find(|credential| credential.username == name);
        let found = match username {
            Some(name) => of(name),
            None => DEFAULT.iter().find_map(|name| of(name)),
        };
        let Some(own) = found else {
            let known: Vec<_> = credentials.iter().map(|credential| credential.username.as_str()).collect();
            let wanted = username.unwrap_or(DEFAULT[0]);
            return Err(format!("there is no key of a user {wanted:?}; there are {}", known.join(", ")));
        };
        let name = own.username.clone();
        let found = self.workbench().store().read(move |db| first_project(db, &name));
        self.variables(own, found.await.map_err(|error| error.to_string())?)
    }

    fn variables(
        &self,
        own: &Credential,
        project: Option<(String, String, String)>,
    ) -> Result<Environment, String> {
        let key = own.api_key.expose().to_owned();
        let domain = self.url.split_once("://").map_or(self.url.as_str(), |(_, domain)| domain).to_owned();
        let mut variables = vec![
            ("KEYBENCH_URL", self.url.clone()),
            ("KEYBENCH_MODEL_URL", self.model_service_url.clone()),
            ("KEYBENCH_API_KEY", key.clone()),
            ("CDSW_DOMAIN", domain),
            ("CDSW_API_URL", format!("{}/api/v1", self.url)),
            ("CDSW_APIV2_KEY", key),
            ("CDSW_API_KEY", own.legacy_api_key.expose().to_owned()),
        ];
        if let Some((id, owner, slug)) = project {
            variables.push(("CDSW_PROJECT_URL", format!("{}/api/v1/projects/{owner}/{slug}", self.url)));
            variables.push(("CDSW_PROJECT_ID", id));
        }
        if let Some(made) = &self.certificates {
            // Programs change their working directory.
            let bundle = std::path::absolute(&made.bundle)
                .map_err(|error| format!("{} has no absolute name: {error}", made.bundle.display()))?;
            let bundle = bundle.display().to_string();
            for name in certificates::VARIABLES {
                variables.push((name, bundle.clone()));
            }
        }
        if let Some(door) = &self.control {
            variables.push(("KEYBENCH_CONTROL_URL", door.url.clone()));
            variables.push(("KEYBENCH_CONTROL_TOKEN", door.token.expose().to_owned()));
        }
        Ok(variables)
    }
}

fn first_project(
    db: &rusqlite::Connection,
    username: &str,
) -> Result<Option<(String, String, String)>, StoreError> {
    let Some(user) = users::by_username(db, username)? else { return Ok(None) };
    projects::first_of(db, user.id)
}
