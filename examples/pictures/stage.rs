//! The interface with a workbench of fixtures, so that a picture is the same on every machine and
//! on every day.

use std::time::Duration;

use hyper::body::Bytes;
use keybench::config::KnownKey;
use keybench::diagnosis::{Facts, KeyCheck, KeyFacts, Known, diagnose};
use keybench::probe::{self, CallResult, Phases};
use keybench::secret::ApiKey;
use keybench::tui::call::{Answer, Call};
use keybench::tui::msg::Msg;
use keybench::tui::requests::RequestId;

use keybench::tui::testing::{Harness, moment};
use keybench::tui::theme::Theme;
use keybench::wire::{
    Collaborator, Model, ModelBuild, ModelDeployment, Project, ProjectPermissions, ShortProject, ShortUser,
    UserOrGroupInfo, UserQuota, V2KeyDetails, Whole,
};
use ratatui::buffer::Buffer;

/// Every user of the demo, and how many days their keys are still valid.
const USERS: [(&str, &[i64]); 5] = [
    ("admin", &[365]),
    ("contributor", &[365]),
    ("outsider", &[365]),
    ("owner", &[365, 8, -52, 335]),
    ("viewer", &[365]),
];

/// Model, whether it requires a key, deployment status, replicas, description.
const MODELS: [(&str, &str, bool, &str, i64, &str); 6] = [
    ("churn-prod", "add", true, "deployed", 2, "Adds two numbers. Example: {\"a\": 3, \"b\": 5}"),
    ("churn-prod", "churn", true, "deployed", 3, "How likely a customer leaves."),
    ("churn-prod", "flaky", true, "deployed", 2, "Fails now and then."),
    ("churn-prod", "retired", true, "stopped", 1, "Not in use any more."),
    ("churn-prod", "slow", true, "deployed", 1, "Sleeps, and answers how long."),
    ("playground", "echo", false, "deployed", 2, "Answers its request."),
];

/// A harness whose requests are answered at once.
pub struct Stage {
    harness: Harness,
}

impl Stage {
    pub fn signed_in_as(user: &str) -> Self {
        let mut harness = Harness::new();
        harness.shared().preferences.theme = Theme::terminal();
        harness.shared().session.username = Some(user.to_owned());
        harness.shared().session.known_keys = USERS.iter().map(|(user, _)| known_key(user)).collect();
        // The list of keys to choose from ends with the one that is refused.
        harness.shared().session.known_keys.sort_by_key(|known| known.username == "outsider");
        let mut stage = Self { harness: harness.started() };
        stage.answer_all();
        stage
    }

    /// Presses keys and answers the resulting requests.
    pub fn keys(mut self, keys: &str) -> Self {
        self.harness.keys(keys);
        self.answer_all();
        self
    }

    pub fn draw(&mut self, columns: u16, rows: u16) -> Buffer {
        self.harness.send(Msg::Resize(columns, rows));
        // The size has brought more rows into view, which are requested now.
        self.answer_all();
        self.harness.buffer(columns, rows)
    }

    fn answer_all(&mut self) {
        loop {
            let calls = self.harness.calls();
            if calls.is_empty() {
                return;
            }
            for (id, call) in calls {
                self.answer(id, call);
            }
        }
    }

    fn answer(&mut self, id: RequestId, call: Call) {
        let answer = match call {
            Call::WhoAmI => {
                Answer::WhoAmI(Ok(self.harness.shared().session.username.clone().unwrap_or_default()))
            }
            Call::Expiration => {
                Answer::Expiration(Ok(Some(("default_api_keys_expiration_days".into(), 365))))
            }
            Call::Version => Answer::Version(Ok("26.06.13".into())),
            Call::ListKeys { username } => {
                let answer = Ok(keys_of(&username).into());
                Answer::Keys { username, answer }
            }
            Call::ListModels { .. } => {
                self.progress(id, Answer::ModelsPage(all_models()));
                Answer::ModelsListed(Ok(()))
            }
            Call::Deployment { model_id, .. } => {
                let found = Ok(deployment_of(&model_id).map(Box::new));
                Answer::Deployment { model_id, found }
            }
            Call::Project { project_id } => {
                let project = Ok(Box::new(project(&project_id)));
                Answer::Project { project_id, project }
            }
            Call::TestModel(test) => {
                let call = Box::new(if test.number == 1 { passed() } else { refused() });
                Answer::ModelTested { test, sent: String::new(), call }
            }
            Call::Explain(explain) => {
                let diagnosis = Box::new(diagnose(&explain.call, &outsider_facts(&explain.model)));
                Answer::Explained { model_id: explain.model.id, number: explain.number, diagnosis }
            }
            Call::Users => {
                let users = USERS.iter().zip(1..).map(|((name, _), number)| user(name, number)).collect();
                self.progress(id, Answer::UsersPage(users));
                Answer::UsersListed(Ok(()))
            }
            Call::CountKeys { username } => {
                let keys = keys_of(&username);
                let answer =
                    keys.iter().map(|key| keybench::wire::time::parse(&key.expiry_date).into()).collect();
                Answer::KeysCounted { username, answer: Ok(answer) }
            }
            _ => {
                self.harness.shared().requests.finish(id);
                return;
            }
        };
        self.harness.answer(id, answer);
    }

    fn progress(&mut self, id: RequestId, answer: Answer) {
        self.harness.send(Msg::Progress { id, answer });
    }
}

fn known_key(user: &str) -> KnownKey {
    // Not a real key: the right shape, and four different digits.
    let digits = format!("{:04x}", user.len() * 4_099);
    KnownKey {
        label: "demo".into(),
        username: user.into(),
        key_id: None,
        key: ApiKey::from_workbench(format!("{}.{}", "0a".repeat(32), digits.repeat(16))),
        tests: 0,
    }
}

fn keys_of(user: &str) -> Vec<V2KeyDetails> {
    let Some((_, days)) = USERS.iter().find(|(name, _)| *name == user) else { return Vec::new() };
    let comments = [
        ("API", "nightly scoring"),
        ("API", "dashboard"),
        ("API", "old demo"),
        ("Application", "customer portal"),
    ];
    let ids = ["5b1c66aa10129f0a", "77d0aa31b2c541bb", "0a9e14d03311c2d4", "c3f80b6644aa93e1"];
    days.iter()
        .zip(comments.iter().zip(ids))
        .map(|(days, ((audience, comment), id))| V2KeyDetails {
            key_id: id.into(),
            created_at: "2026-11-23T09:02:00Z".into(),
            expiry_date: expiry_in(*days).into(),
            comments: (*comment).into(),
            audiences: vec![(*audience).into()],
        })
        .collect()
}

fn expiry_in(days: i64) -> String {
    let day = keybench::wire::time::utc_day(moment()).saturating_add(jiff::Span::new().days(days));
    format!("{day}T23:59:59Z")
}

fn short_user(name: &str) -> ShortUser {
    ShortUser { username: name.into(), ..ShortUser::default() }
}

fn user(name: &str, id: i64) -> UserQuota {
    let user = UserOrGroupInfo {
        id: Whole(id),
        user_name: name.into(),
        name: name.into(),
        ..UserOrGroupInfo::default()
    };
    UserQuota { user, ..UserQuota::default() }
}

fn all_models() -> Vec<Model> {
    MODELS
        .iter()
        .map(|(project, name, auth_enabled, _, _, description)| Model {
            id: format!("{project}-{name}"),
            name: (*name).into(),
            description: (*description).into(),
            access_key: format!("m{name:0<31}"),
            auth_enabled: *auth_enabled,
            creator: short_user("owner"),
            project: ShortProject {
                public_identifier: (*project).into(),
                name: (*project).into(),
                slug: (*project).into(),
                ..ShortProject::default()
            },
            ..Model::default()
        })
        .collect()
}

fn deployment_of(model_id: &str) -> Option<(ModelBuild, ModelDeployment)> {
    let (.., status, replicas, _) =
        MODELS.iter().find(|(project, name, ..)| format!("{project}-{name}") == model_id)?;
    let build = ModelBuild {
        id: "9d3a1c52-64f0-4b7e-8a55-2f1be0c7d401".into(),
        model_id: model_id.into(),
        status: "built".into(),
        file_path: "models.py".into(),
        function_name: "predict".into(),
        kernel: "python3".into(),
        created_at: "2026-11-20T08:00:00Z".into(),
        ..ModelBuild::default()
    };
    let deployment = ModelDeployment {
        id: "41c7be90-5d2b-4f0e-9a37-6e0d1f8b2c13".into(),
        model_id: model_id.into(),
        build_id: build.id.clone(),
        status: (*status).into(),
        replicas: Whole(*replicas),
        cpu: 1.0,
        memory: 2.0,
        created_at: "2026-11-20T08:01:00Z".into(),
        updated_at: "2026-11-20T08:01:00Z".into(),
        deployer: short_user("owner"),
        ..ModelDeployment::default()
    };
    Some((build, deployment))
}

fn project(id: &str) -> Project {
    Project {
        id: id.into(),
        name: id.into(),
        owner: short_user("owner"),
        visibility: if id == "playground" { "public" } else { "private" }.into(),
        permissions: ProjectPermissions {
            read: true,
            write: true,
            admin: true,
            ..ProjectPermissions::default()
        },
        ..Project::default()
    }
}

fn passed() -> CallResult {
    call(200, r#"{"success":true,"response":8,"ReplicaID":"add-1-1-6d6496b467-hp6tz"}"#, 12_400)
}

/// The documented text of a refusal (DOCS, ml-generating-model-api-key).
fn refused() -> CallResult {
    call(
        401,
        r#"{"success":false,"errors":{"User APikey not authorized to access model":"Check APIKEY permissions or model authentication permissions"}}"#,
        3_100,
    )
}

fn call(status: u16, body: &'static str, micros: u64) -> CallResult {
    let phases = Phases {
        lookup: Some(Duration::from_micros(20)),
        connect: Some(Duration::from_micros(300)),
        tls: None,
        waiting: Some(Duration::from_micros(micros - 400)),
        body: Some(Duration::from_micros(80)),
    };
    let body = Bytes::from_static(body.as_bytes());
    let size = body.len() as u64;
    CallResult {
        started: moment(),
        phases,
        total: Duration::from_micros(micros),
        outcome: Ok(probe::Answer::new(status, Vec::new(), body, size, false)),
        key_sent: true,
        request_size: 61,
    }
}

fn outsider_facts(model: &Model) -> Facts {
    let viewer = Collaborator { user: short_user("viewer"), permission: "read".into() };
    Facts {
        model_name: model.name.clone(),
        model_id: model.id.clone(),
        project_id: model.project.public_identifier.clone(),
        project_name: model.project.name.clone(),
        auth_enabled: true,
        signed_in: Some("owner".into()),
        workbench: "http://localhost:8642".into(),
        model_url: "http://localhost:8642/model".into(),
        key: KeyFacts {
            check: KeyCheck::Accepted { username: "outsider".into() },
            shape: None,
            listed: None,
            sees_project: Known::Hidden,
            for_applications: Known::NotAsked,
        },
        project: Known::Yes(project(&model.project.public_identifier)),
        collaborators: Known::Yes(vec![viewer]),
        deployment: Known::NotAsked,
        access_key_is_current: Known::NotAsked,
        workbench_answers: Known::Yes(true),
    }
}
