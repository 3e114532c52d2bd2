use std::sync::atomic::Ordering;

use super::*;
use crate::wire::{Model, ModelBuild, ModelDeployment, ShortCreateModelDeployment, Whole};

fn now() -> Timestamp {
    "2026-11-23T09:00:00Z".parse().unwrap()
}

fn opened() -> (tempfile::TempDir, Store) {
    let data = tempfile::tempdir().unwrap();
    let store = Store::open(data.path()).unwrap();
    (data, store)
}

#[tokio::test]
async fn a_change_that_fails_leaves_nothing_and_does_not_count() {
    let (_data, store) = opened();
    let refused: Result<(), StoreError> = store
        .write(|db| {
            users::insert(db, "ann", "Ann", false, now())?;
            Err(StoreError::CutOff)
        })
        .await;
    assert!(refused.is_err());
    assert_eq!(store.generation(), 0);
    let found = store.read(|db| users::by_username(db, "ann")).await;
    assert_eq!(found.unwrap(), None);
}

#[tokio::test]
async fn a_key_is_found_by_its_hash_until_it_is_deleted() {
    let (_data, store) = opened();
    let id = store.write(|db| users::insert(db, "ann", "Ann", false, now())).await.unwrap();
    let key = keys::hash("a secret");
    store
        .write(move |db| {
            let audiences = ["API".to_owned()];
            let (created_at, expires_at) = (now(), now());
            let (key_id, comments) = ("k1", "nightly");
            keys::insert(
                db,
                &keys::NewKeyRow {
                    user_id: id,
                    key_id,
                    hash: key,
                    comments,
                    audiences: &audiences,
                    created_at,
                    expires_at,
                },
            )
        })
        .await
        .unwrap();
    let owner = store.read(move |db| keys::owner_of(db, &key)).await.unwrap().unwrap();
    assert_eq!((owner.user.username.as_str(), owner.key_id.as_str()), ("ann", "k1"));
    let listed = store.read(move |db| keys::of_user(db, id, true, now())).await.unwrap();
    assert_eq!(listed[0].expiry_date, "2026-11-23T09:00:00Z");
    let expired = store.read(move |db| keys::of_user(db, id, false, now())).await.unwrap();
    assert!(expired.is_empty(), "a key stops at the second it expires");
    assert!(store.write(move |db| keys::delete(db, id, "k1")).await.unwrap());
    assert_eq!(store.read(move |db| keys::owner_of(db, &key)).await.unwrap(), None);
    assert_eq!(store.generation.load(Ordering::Relaxed), 3);
}

#[tokio::test]
async fn a_model_is_called_through_its_newest_deployment() {
    let (_data, store) = opened();
    let callable = store
        .write(|db| {
            facts::set(db, facts::TENANT, "t")?;
            facts::set(db, facts::WORKSPACE, "w")?;
            let user = users::insert(db, "ann", "Ann", false, now())?;
            let project = projects::insert(
                db,
                &projects::NewProjectRow {
                    public_id: "aaaa-bbbb-cccc-dddd",
                    name: "Churn",
                    slug: "churn",
                    owner_id: user,
                    description: "",
                    visibility: "private",
                    default_engine_type: "ml_runtime",
                    shared_memory_limit: 64,
                    environment: "{}",
                    now: now(),
                },
            )?;
            let model = Model {
                id: "m-1".into(),
                access_key: "mkey".into(),
                auth_enabled: true,
                ..Default::default()
            };
            let model = models::insert(db, project, user, &model, now())?;
            let wanted = ShortCreateModelDeployment { replicas: Whole(2), ..Default::default() };
            let build = ModelBuild { id: "b-1".into(), status: "built".into(), ..Default::default() };
            let build = builds::insert(db, model, user, &build, Some(&wanted), now())?;
            for (uuid, status) in [("d-1", "stopped"), ("d-2", "deployed")] {
                let row = ModelDeployment { id: uuid.into(), status: status.into(), ..Default::default() };
                deployments::insert(db, model, build, user, &row, now())?;
            }
            let stored = builds::by_id(db, build)?.unwrap();
            assert_eq!(stored.deploy_when_built, Some(wanted));
            assert_eq!(stored.build.built_at, "");
            assert_eq!(stored.build.crn, "crn:cdp:ml:us-west-1:t:workspace:w/b-1");
            assert_eq!(deployments::active_of_model(db, model)?.len(), 1);
            deployments::set_status(db, deployments::active(db)?[0].id, "stopped", now())?;
            models::callable(db, "mkey")
        })
        .await
        .unwrap()
        .unwrap();
    assert_eq!(callable.deployment, Some(("d-2".into(), "stopped".into())));
    assert!(callable.auth_enabled && !callable.public);
}

#[test]
fn two_projects_of_one_slug_do_not_share_a_directory() {
    let data = tempfile::tempdir().unwrap();
    let path = file::prepare(data.path()).unwrap();
    let db = file::open_writer(&path).unwrap();
    let directories: Vec<String> = ["ann", "bob"]
        .iter()
        .map(|name| {
            let owner_id = users::insert(&db, name, name, false, now()).unwrap();
            let public_id = format!("{name}-id");
            let row = projects::NewProjectRow {
                public_id: &public_id,
                name: "Lab",
                slug: "lab",
                owner_id,
                description: "",
                visibility: "private",
                default_engine_type: "ml_runtime",
                shared_memory_limit: 64,
                environment: "{}",
                now: now(),
            };
            let id = projects::insert(&db, &row).unwrap();
            projects::by_id(&db, id).unwrap().unwrap().directory
        })
        .collect();
    assert_eq!(directories, ["lab", "lab-bob-id"]);
}

#[test]
fn a_store_of_a_later_version_is_refused() {
    let data = tempfile::tempdir().unwrap();
    let path = file::prepare(data.path()).unwrap();
    drop(file::open_writer(&path).unwrap());
    Connection::open(&path).unwrap().pragma_update(None, "user_version", 999).unwrap();
    let Err(error) = Store::open(data.path()) else { panic!("opened") };
    assert!(error.to_string().contains("another version"), "{error}");
}
