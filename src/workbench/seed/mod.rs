//! Fills an empty data directory.

pub mod credentials;
pub mod file;
mod scale;
mod settings;

pub use credentials::Credential;

use std::path::{Path, PathBuf};
use std::{fs, io};

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use rusqlite::Connection;

use super::behaviour::{Behaviour, KeyId};
use super::functions;
use super::ids::{self, NoRandomness, Source};
use super::options::Seed;
use super::python;
use super::store::keys::{self, NewKeyRow};
use super::store::models;
use super::store::projects::{self, NewProjectRow};
use super::store::{StoreError, builds, deployments, facts, settings as setting_rows, users};
use crate::expiry::Policy;
use crate::secret::ApiKey;
use crate::wire::{
    self, AUDIENCE_API, DefaultReplicationPolicy, DefaultResources, ModelBuild, ModelDeployment, NumberText,
    Whole, time,
};
use file::{Day, Model, Project, SeedFile, SeedFileError, User};

/// Why seeding failed; nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum SeedError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Random(#[from] NoRandomness),
    #[error("the credentials and the projects' folders cannot be written: {0}")]
    Files(#[from] io::Error),
    #[error(transparent)]
    File(#[from] SeedFileError),
    #[error("the seed file sets {name:?}, and there is no such setting; there are {known}")]
    Setting { name: String, known: String },
}

/// What was seeded.
pub struct Seeded {
    pub credentials: Vec<Credential>,
    pub folders: Vec<Folder>,
}

/// The folder of a new project, and its content.
pub struct Folder {
    pub directory: String,
    pub files: Option<PathBuf>,
}

/// Fills an empty store.
pub fn fill(
    db: &Connection,
    seed: &Seed,
    behaviour: &Behaviour,
    source: &Source,
    now: Timestamp,
) -> Result<Seeded, SeedError> {
    facts::set(db, facts::TENANT, &source.uuid("tenant")?)?;
    facts::set(db, facts::WORKSPACE, &source.uuid("workspace")?)?;
    // Page tokens are sealed with it, so it is never derived from a seed.
    facts::set(db, facts::TOKEN_SECRET, &ids::token()?)?;
    let mut file = match seed {
        Seed::File(path) => SeedFile::load(path)?,
        Seed::Empty | Seed::Demo | Seed::Scale { .. } => SeedFile::demo()?,
    };
    match seed {
        Seed::Empty => {
            file.users.retain(|user| user.admin);
            file.projects.clear();
        }
        Seed::Scale { .. } => {
            file.users.iter_mut().for_each(|user| user.keys.clear());
        }
        Seed::Demo | Seed::File(_) => {}
    }
    let mut seeding = Seeding {
        db,
        behaviour,
        source,
        now,
        expiration_days: file.expiration_days,
        credentials: Vec::new(),
        folders: Vec::new(),
    };
    seeding.settings(&file)?;
    seeding.users(&file.users)?;
    match seed {
        Seed::Scale { keys, models, users } => {
            let templates: Vec<Model> =
                file.projects.into_iter().flat_map(|project| project.models).collect();
            seeding.many_keys(*keys)?;
            seeding.many_models(*models, &templates)?;
            seeding.many_users(*users)?;
        }
        _ => seeding.projects(&file.projects)?,
    }
    facts::set(db, facts::SEED, &format!("{seed:?}"))?;
    Ok(Seeded { credentials: seeding.credentials, folders: seeding.folders })
}

struct Seeding<'a> {
    db: &'a Connection,
    behaviour: &'a Behaviour,
    source: &'a Source,
    now: Timestamp,
    expiration_days: u32,
    credentials: Vec<Credential>,
    folders: Vec<Folder>,
}

/// A key as it is seeded.
struct SeededKey<'a> {
    /// What its secret is derived from, if it is derived.
    what: &'a str,
    comments: &'a str,
    audiences: &'a [String],
    created_at: Timestamp,
    expires_at: Timestamp,
}

impl Seeding<'_> {
    fn settings(&self, file: &SeedFile) -> Result<(), SeedError> {
        let known = self::settings::defaults(&self.behaviour.names.expiration_setting, file.expiration_days);
        for (name, value) in &known {
            setting_rows::set(self.db, name, value)?;
        }
        for (name, value) in &file.settings {
            if !known.contains_key(name) {
                let names: Vec<_> = known.keys().map(String::as_str).collect();
                return Err(SeedError::Setting { name: name.clone(), known: names.join(", ") });
            }
            setting_rows::set(self.db, name, value)?;
        }
        Ok(())
    }

    fn users(&mut self, users: &[User]) -> Result<(), SeedError> {
        for User { name: username, full_name, admin, keys: more } in users {
            let full_name = if full_name.is_empty() { username } else { full_name };
            let user_id = users::insert(self.db, username, full_name, *admin, self.now)?;
            let legacy_api_key = self.source.legacy_key(username)?;
            keys::set_legacy(self.db, user_id, &keys::hash(legacy_api_key.expose()), "", self.now, None)?;
            let (api_key, key_id) = self.key(
                user_id,
                &SeededKey {
                    what: username,
                    comments: "credentials.json",
                    audiences: &[AUDIENCE_API.to_owned()],
                    created_at: self.now,
                    expires_at: self.end_of_day_in(i64::from(self.expiration_days)),
                },
            )?;
            self.credentials.push(Credential {
                username: username.clone(),
                admin: *admin,
                api_key,
                key_id,
                legacy_api_key,
            });
            for (at, key) in more.iter().enumerate() {
                self.another_key(user_id, &format!("{username}/{at}"), key)?;
            }
        }
        Ok(())
    }

    /// A key with an unknown secret.
    fn another_key(&self, user_id: i64, what: &str, key: &file::Key) -> Result<(), SeedError> {
        let created_at = match key.created {
            None => self.now,
            Some(Day::FromToday(days)) => self.now + SignedDuration::from_hours(24 * days),
            Some(Day::Date(date)) => date.to_zoned(TimeZone::UTC).map_or(self.now, |day| day.timestamp()),
        };
        let expires_at = match key.expires {
            Day::FromToday(days) => self.end_of_day_in(days),
            Day::Date(date) => time::end_of_day(date).unwrap_or(Timestamp::MAX),
        };
        let (comments, audiences) = (key.comment.as_str(), key.audiences.as_slice());
        self.key(user_id, &SeededKey { what, comments, audiences, created_at, expires_at }).map(drop)
    }

    /// Adds a key and returns it with its Key ID.
    fn key(&self, user_id: i64, wish: &SeededKey) -> Result<(ApiKey, String), SeedError> {
        let key = self.source.api_key(wish.what)?;
        let key_id = match self.behaviour.rules.key_id {
            KeyId::FirstHalf => key.first_half().to_owned(),
            KeyId::Random => self.source.token(&format!("key id {}", wish.what))?,
        };
        let row = NewKeyRow {
            user_id,
            key_id: &key_id,
            hash: keys::hash(key.expose()),
            comments: wish.comments,
            audiences: wish.audiences,
            created_at: wish.created_at,
            expires_at: wish.expires_at,
        };
        keys::insert(self.db, &row)?;
        Ok((key, key_id))
    }

    fn projects(&mut self, projects: &[Project]) -> Result<(), SeedError> {
        for project in projects {
            let project_id = self.project(project)?;
            for (user, permission) in &project.collaborators {
                // The behaviour file decides the wire's name for that permission.
                let operator = &self.behaviour.names.operator;
                let permission = if permission == "operator" { operator } else { permission };
                projects::set_collaborator(self.db, project_id, self.user(user)?, permission)?;
            }
            for model in &project.models {
                self.built_model(project_id, self.user(&project.owner)?, project, model)?;
            }
        }
        Ok(())
    }

    fn project(&mut self, project: &Project) -> Result<i64, SeedError> {
        let public_id = self.source.project_id(&format!("{}/{}", project.owner, project.name))?;
        let row = NewProjectRow {
            public_id: &public_id,
            name: &project.name,
            slug: &project.name,
            owner_id: self.user(&project.owner)?,
            description: &project.description,
            visibility: &project.visibility,
            default_engine_type: "ml_runtime",
            shared_memory_limit: 64,
            environment: "{}",
            now: self.now,
        };
        let directory = projects::directory(self.db, &project.name, &public_id, false)?;
        self.folders.push(Folder { directory, files: project.files.clone() });
        Ok(projects::insert(self.db, &row)?)
    }

    /// A model with its build; the server starts what the store calls deployed.
    fn built_model(
        &self,
        project_id: i64,
        creator: i64,
        project: &Project,
        model: &Model,
    ) -> Result<(), SeedError> {
        let what = format!("{}/{}/{}", project.owner, project.name, model.name);
        let model_id = self.model(project_id, creator, &what, &model.name, model)?;
        let (kernel, function) = match (&model.builtin, &model.function) {
            (Some(builtin), _) => (functions::KERNEL, builtin.clone()),
            (None, function) => (python::KERNEL, function.clone().unwrap_or_default()),
        };
        let build = ModelBuild {
            id: self.source.uuid(&format!("build {what}"))?,
            comment: "seed".to_owned(),
            file_path: model.file.clone().unwrap_or_default(),
            function_name: function,
            kernel: kernel.to_owned(),
            status: "pushing".to_owned(),
            ..Default::default()
        };
        let build_id = builds::insert(self.db, model_id, creator, &build, None, self.now)?;
        builds::set_status(self.db, build_id, "built", self.now)?;
        let deployment = ModelDeployment {
            id: self.source.uuid(&format!("deployment {what}"))?,
            cpu: 1.0,
            memory: 2.0,
            environment: "{}".to_owned(),
            replicas: Whole(i64::from(model.replicas)),
            status: "deployed".to_owned(),
            ..Default::default()
        };
        let id = deployments::insert(self.db, model_id, build_id, creator, &deployment, self.now)?;
        if !model.deployed {
            deployments::set_status(self.db, id, "stopped", self.now)?;
        }
        Ok(())
    }

    fn model(
        &self,
        project_id: i64,
        creator: i64,
        what: &str,
        name: &str,
        like: &Model,
    ) -> Result<i64, SeedError> {
        let model = wire::Model {
            id: self.source.uuid(&format!("model {what}"))?,
            name: name.to_owned(),
            description: like.description.clone(),
            access_key: self.source.access_key(what)?,
            auth_enabled: like.authentication,
            visibility: "private".to_owned(),
            default_resources: DefaultResources {
                cpu_millicores: NumberText(1000),
                memory_mb: NumberText(2048),
                nvidia_gpus: NumberText(0),
            },
            default_replication_policy: DefaultReplicationPolicy {
                num_replicas: NumberText(i64::from(like.replicas)),
                kind: "fixed".to_owned(),
            },
            ..Default::default()
        };
        Ok(models::insert(self.db, project_id, creator, &model, self.now)?)
    }

    fn user(&self, username: &str) -> Result<i64, SeedError> {
        let user = users::by_username(self.db, username)?;
        Ok(user.ok_or(StoreError::Sqlite(rusqlite::Error::QueryReturnedNoRows))?.id)
    }

    /// The last second of the UTC day this many days ahead.
    fn end_of_day_in(&self, days: i64) -> Timestamp {
        let today = time::utc_day(self.now);
        let day = match u32::try_from(days) {
            Ok(days) => Policy::of_days(days).default_day(today),
            Err(_) => today.saturating_add(jiff::Span::new().days(days)),
        };
        time::end_of_day(day).unwrap_or(Timestamp::MAX)
    }
}

/// Creates the folders of the new projects, with their files.
pub fn make_folders(projects: &Path, folders: &[Folder]) -> io::Result<()> {
    for folder in folders {
        let to = projects.join(&folder.directory);
        fs::create_dir_all(&to)?;
        if let Some(from) = &folder.files {
            copy(from, &to)?;
        }
    }
    Ok(())
}

/// Copies files and folders; skips links and anything else.
fn copy(from: &Path, to: &Path) -> io::Result<()> {
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (kind, target) = (entry.file_type()?, to.join(entry.file_name()));
        if kind.is_dir() {
            fs::create_dir_all(&target)?;
            copy(&entry.path(), &target)?;
        } else if kind.is_file() {
            fs::copy(entry.path(), &target)?;
        }
    }
    Ok(())
}
