//! What an empty data directory is filled with.

pub mod credentials;
mod scale;
mod settings;

pub use credentials::Credential;

use jiff::{SignedDuration, Timestamp};
use rusqlite::Connection;

use super::behaviour::{Behaviour, KeyId};
use super::functions::{self, DEMO, DemoModel};
use super::ids::{self, NoRandomness};
use super::options::Seed;
use super::store::keys::{self, NewKeyRow};
use super::store::models;
use super::store::projects::{self, NewProjectRow};
use super::store::{StoreError, builds, deployments, facts, settings as setting_rows, users};
use crate::expiry::{DEFAULT_LIFE_DAYS, Policy};
use crate::wire::{
    AUDIENCE_API, AUDIENCE_APPLICATION, DefaultReplicationPolicy, DefaultResources, Model, ModelBuild,
    ModelDeployment, NumberText, Whole, time,
};

/// The demo users: name, full name, whether he is a site administrator.
const USERS: [(&str, &str, bool); 5] = [
    ("admin", "Site Administrator", true),
    ("owner", "Olivia Owner", false),
    ("contributor", "Carl Contributor", false),
    ("viewer", "Vera Viewer", false),
    ("outsider", "Otto Outsider", false),
];

/// The demo projects: name, owner, visibility, description.
const PROJECTS: [(&str, &str, &str, &str); 3] = [
    ("churn-prod", "owner", "private", "Who is about to leave, and why"),
    ("fraud-lab", "contributor", "private", "Card payments that look wrong"),
    ("playground", "owner", "public", "Anybody may try things here"),
];

/// The demo collaborators: project, user, permission.
const COLLABORATORS: [(&str, &str, &str); 2] =
    [("churn-prod", "contributor", "write"), ("churn-prod", "viewer", "read")];

/// Why seeding failed; nothing was changed then.
#[derive(Debug, thiserror::Error)]
pub enum SeedError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Random(#[from] NoRandomness),
    #[error("the credentials and the projects' folders cannot be written: {0}")]
    Files(#[from] std::io::Error),
}

/// What was seeded.
pub struct Seeded {
    pub credentials: Vec<Credential>,
    /// The folders of the new projects.
    pub directories: Vec<String>,
}

/// Fills an empty store.
pub fn fill(db: &Connection, seed: Seed, behaviour: &Behaviour, now: Timestamp) -> Result<Seeded, SeedError> {
    facts::set(db, facts::TENANT, &ids::uuid())?;
    facts::set(db, facts::WORKSPACE, &ids::uuid())?;
    facts::set(db, facts::TOKEN_SECRET, &ids::token()?)?;
    for (name, value) in self::settings::defaults(&behaviour.names.expiration_setting) {
        setting_rows::set(db, &name, &value)?;
    }
    let mut seeding = Seeding { db, behaviour, now, credentials: Vec::new(), directories: Vec::new() };
    match seed {
        Seed::Empty => seeding.users(&USERS[..1])?,
        Seed::Demo => {
            seeding.users(&USERS)?;
            seeding.demo_keys()?;
            seeding.demo_projects()?;
        }
        Seed::Scale { keys, models, users } => {
            seeding.users(&USERS)?;
            seeding.many_keys(keys)?;
            seeding.many_models(models)?;
            seeding.many_users(users)?;
        }
    }
    facts::set(db, facts::SEED, &format!("{seed:?}"))?;
    Ok(Seeded { credentials: seeding.credentials, directories: seeding.directories })
}

struct Seeding<'a> {
    db: &'a Connection,
    behaviour: &'a Behaviour,
    now: Timestamp,
    credentials: Vec<Credential>,
    directories: Vec<String>,
}

impl Seeding<'_> {
    fn users(&mut self, users: &[(&str, &str, bool)]) -> Result<(), SeedError> {
        for (username, name, admin) in users {
            let user_id = users::insert(self.db, username, name, *admin, self.now)?;
            let legacy_api_key = ids::legacy_key()?;
            keys::set_legacy(self.db, user_id, &keys::hash(legacy_api_key.expose()), "", self.now, None)?;
            let api_key = ids::api_key()?;
            let end = self.end_of_day_in(i64::from(DEFAULT_LIFE_DAYS));
            let key_id = self.key(user_id, &api_key, "credentials.json", &[AUDIENCE_API], self.now, end)?;
            self.credentials.push(Credential {
                username: (*username).to_owned(),
                admin: *admin,
                api_key,
                key_id,
                legacy_api_key,
            });
        }
        Ok(())
    }

    /// Keys of `owner` in every state that a key can be in; nobody has their secrets.
    fn demo_keys(&self) -> Result<(), SeedError> {
        let owner = self.user("owner")?;
        let days = |days: i64| SignedDuration::from_hours(24 * days);
        let keys = [
            ("dashboard", AUDIENCE_API, self.now - days(357), 8),
            ("old demo", AUDIENCE_API, self.now - days(417), -52),
            ("customer portal", AUDIENCE_APPLICATION, self.now - days(30), 335),
        ];
        for (comments, audience, created_at, last_day) in keys {
            let end = self.end_of_day_in(last_day);
            self.key(owner, &ids::api_key()?, comments, &[audience], created_at, end)?;
        }
        Ok(())
    }

    /// Adds a key and answers its Key ID.
    fn key(
        &self,
        user_id: i64,
        key: &crate::secret::ApiKey,
        comments: &str,
        audiences: &[&str],
        created_at: Timestamp,
        expires_at: Timestamp,
    ) -> Result<String, SeedError> {
        let key_id = match self.behaviour.rules.key_id {
            KeyId::FirstHalf => key.first_half().to_owned(),
            KeyId::Random => ids::token()?,
        };
        let audiences: Vec<String> = audiences.iter().map(|audience| (*audience).to_owned()).collect();
        let row = NewKeyRow {
            user_id,
            key_id: &key_id,
            hash: keys::hash(key.expose()),
            comments,
            audiences: &audiences,
            created_at,
            expires_at,
        };
        keys::insert(self.db, &row)?;
        Ok(key_id)
    }

    fn demo_projects(&mut self) -> Result<(), SeedError> {
        for (name, owner, visibility, description) in PROJECTS {
            let project_id = self.project(name, owner, visibility, description)?;
            for (_, user, permission) in COLLABORATORS.iter().filter(|(project, ..)| *project == name) {
                projects::set_collaborator(self.db, project_id, self.user(user)?, permission)?;
            }
            for model in DEMO.iter().filter(|model| model.project == name) {
                self.demo_model(project_id, self.user(owner)?, model)?;
            }
        }
        Ok(())
    }

    fn project(
        &mut self,
        name: &str,
        owner: &str,
        visibility: &str,
        description: &str,
    ) -> Result<i64, SeedError> {
        let row = NewProjectRow {
            public_id: &ids::project_id()?,
            name,
            slug: name,
            owner_id: self.user(owner)?,
            description,
            visibility,
            default_engine_type: "ml_runtime",
            shared_memory_limit: 64,
            environment: "{}",
            now: self.now,
        };
        self.directories.push(name.to_owned());
        Ok(projects::insert(self.db, &row)?)
    }

    /// A model, built; the server brings up what the store calls deployed.
    fn demo_model(&self, project_id: i64, creator: i64, demo: &DemoModel) -> Result<(), SeedError> {
        let model_id = self.model(project_id, creator, demo.name, demo.description, demo)?;
        let build = ModelBuild {
            id: ids::uuid(),
            comment: "demo".to_owned(),
            function_name: demo.function.name().to_owned(),
            kernel: functions::KERNEL.to_owned(),
            status: "pushing".to_owned(),
            ..Default::default()
        };
        let build_id = builds::insert(self.db, model_id, creator, &build, None, self.now)?;
        builds::set_status(self.db, build_id, "built", self.now)?;
        let deployment = ModelDeployment {
            id: ids::uuid(),
            cpu: 1.0,
            memory: 2.0,
            environment: "{}".to_owned(),
            replicas: Whole(i64::from(demo.replicas)),
            status: "deployed".to_owned(),
            ..Default::default()
        };
        let id = deployments::insert(self.db, model_id, build_id, creator, &deployment, self.now)?;
        if !demo.deployed {
            deployments::set_status(self.db, id, "stopped", self.now)?;
        }
        Ok(())
    }

    fn model(
        &self,
        project_id: i64,
        creator: i64,
        name: &str,
        description: &str,
        demo: &DemoModel,
    ) -> Result<i64, SeedError> {
        let model = Model {
            id: ids::uuid(),
            name: name.to_owned(),
            description: description.to_owned(),
            access_key: ids::access_key()?,
            auth_enabled: demo.authentication,
            visibility: "private".to_owned(),
            default_resources: DefaultResources {
                cpu_millicores: NumberText(1000),
                memory_mb: NumberText(2048),
                nvidia_gpus: NumberText(0),
            },
            default_replication_policy: DefaultReplicationPolicy {
                num_replicas: NumberText(i64::from(demo.replicas)),
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

    /// The last second of the UTC day that lies so many days ahead.
    fn end_of_day_in(&self, days: i64) -> Timestamp {
        let today = time::utc_day(self.now);
        let day = match u32::try_from(days) {
            Ok(days) => Policy::of_days(days).default_day(today),
            Err(_) => today.saturating_add(jiff::Span::new().days(days)),
        };
        time::end_of_day(day).unwrap_or(Timestamp::MAX)
    }
}
