//! Use cases below both front ends: each rule once, against a workbench.

use std::sync::Mutex;
use std::time::Duration;

use crate::support::bench::Bench;
use crate::support::{Scripted, api_key, json};
use keybench::actions::models::{self, KeyChoice, ModelCall};
use keybench::actions::sign_in::{self, Request};
use keybench::actions::{self, Event, Progress, expiration, keys};
use keybench::api::{Client, ClientOptions, NewKey};
use keybench::config::{Credential, Overrides, Profile, Session, Store};
use keybench::secret::ApiKey;

/// A session of `user` with its own folder.
fn session(bench: &Bench, user: &str) -> Session {
    let mut options = ClientOptions::new(&bench.url);
    options.key = Some(ApiKey::parse(&bench.key(user)).unwrap());
    options.model_url = Some(bench.model_url.clone());
    let mut session = Session::new(Client::new(options).unwrap());
    session.store = Some(Store::at(bench.folder.path().join("config")));
    session
}

/// A session at a server with prepared answers.
fn scripted(server: &Scripted) -> Session {
    let mut options = ClientOptions::new(&server.url);
    options.key = Some(api_key('a'));
    let mut session = Session::new(Client::new(options).unwrap());
    session.username = Some("owner".into());
    session
}

#[derive(Default)]
struct Heard(Mutex<Vec<String>>);

impl Progress for Heard {
    fn on(&self, event: Event<'_>) {
        self.0.lock().unwrap().push(format!("{event:?}"));
    }
}

fn named(name: &str, url: &str) -> Request {
    Request { name: Some(name.into()), ..Request { inside_workbench: false, ..Request::new(url) } }
}

#[test]
fn a_key_that_is_not_valid_is_never_stored() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let no = json("200 OK", r#"{"valid":false,"username":"owner","message":"revoked"}"#);
    let server = runtime.block_on(Scripted::start(&[no]));
    let folder = tempfile::tempdir().unwrap();
    let store = Store::at(folder.path().join("config"));
    let error = runtime
        .block_on(sign_in::sign_in(Some(&store), named("x", &server.url), Some(api_key('a'))))
        .unwrap_err();
    assert!(error.to_string().contains("revoked"), "{error}");
    assert!(!store.profiles_file().exists() && !store.credentials_file().exists());
}

#[test]
fn a_key_for_applications_is_known_as_that() {
    let bench = Bench::demo();
    let owner = session(&bench, "owner");
    let new = NewKey { audiences: vec!["Application".into()], ..NewKey::default() };
    let store = Store::at(bench.folder.path().join("other"));
    let signed_in = bench.runtime.block_on(async {
        let made = keys::create(&owner, "owner", &new, &()).await.unwrap();
        sign_in::sign_in(Some(&store), named("app", &bench.url), Some(made.api_key)).await.unwrap()
    });
    assert_eq!((signed_in.owner.username.as_str(), signed_in.owner.audience), ("owner", "Application"));
}

#[test]
fn a_profile_of_another_user_is_not_taken_over_and_ones_own_is_refreshed() {
    let bench = Bench::demo();
    let key = |user: &str| Some(ApiKey::parse(&bench.key(user)).unwrap());
    let store = Store::at(bench.folder.path().join("config"));
    let sign_in = |request: Request, user: &str| {
        bench.runtime.block_on(sign_in::sign_in(Some(&store), request, key(user)))
    };
    let mut first = named("work", &bench.url);
    (first.label, first.colour, first.read_only) = (Some("Production".into()), Some("red".into()), true);
    sign_in(first, "owner").unwrap();

    let taken = sign_in(named("work", &bench.url), "contributor").unwrap_err();
    assert!(matches!(&taken, sign_in::Error::Taken { username, .. } if username == "owner"), "{taken}");
    assert_eq!(taken.to_string(), format!("the profile work is for owner at {}", bench.url));
    let elsewhere = Profile { url: "https://other.example.com".into(), ..Profile::default() };
    store
        .save(
            "other",
            elsewhere.clone(),
            Some(Credential { url: elsewhere.url.clone(), api_key: api_key('a'), ..Credential::default() }),
        )
        .unwrap();
    assert!(matches!(sign_in(named("other", &bench.url), "owner"), Err(sign_in::Error::Taken { .. })));
    assert_eq!(store.load().credentials.keys["other"].api_key, api_key('a'), "its key is untouched");

    let again = sign_in(named("work", &bench.url), "owner").unwrap();
    let kept = &store.load().profiles.profiles["work"];
    assert_eq!(
        (kept.label.as_deref(), kept.colour.as_deref(), kept.read_only),
        (Some("Production"), Some("red"), true)
    );
    assert!(again.session.read_only && again.session.label == "Production");
    // Without a name the profile of that workbench and user is found again.
    let nameless = sign_in(Request { name: None, ..named("", &bench.url) }, "viewer").unwrap();
    let same = sign_in(Request { name: None, ..named("", &bench.url) }, "viewer").unwrap();
    assert_eq!(nameless.profile, same.profile);

    let replaced = sign_in(Request { replace: true, ..named("work", &bench.url) }, "contributor").unwrap();
    assert_eq!(replaced.session.username.as_deref(), Some("contributor"));
    let now = &store.load().profiles.profiles["work"];
    assert_eq!((now.username.as_str(), &now.label, now.read_only), ("contributor", &None, false));
}

#[test]
fn options_of_the_command_line_hold_for_a_profile_that_is_opened() {
    let bench = Bench::demo();
    let store = Store::at(bench.folder.path().join("config"));
    let key = ApiKey::parse(&bench.key("owner")).unwrap();
    let given = Overrides { timeout: Some(Duration::from_secs(3)), read_only: true, ..Overrides::default() };
    let opened = bench.runtime.block_on(async {
        sign_in::sign_in(Some(&store), named("one", &bench.url), Some(key)).await.unwrap();
        sign_in::open(&store, "one", &given).await.unwrap()
    });
    assert!(opened.read_only && opened.model_timeout == Some(Duration::from_secs(3)));
    let transport = models::transport(&opened).unwrap();
    assert_eq!(transport.timeout(), Duration::from_secs(3), "it counts for model calls");
    assert_ne!(models::transport(&session(&bench, "owner")).unwrap().timeout(), Duration::from_secs(30));
    bench.runtime.block_on(sign_in::remove(&store, "one")).unwrap();
    assert!(bench.runtime.block_on(sign_in::profiles(&store)).unwrap().profiles.is_empty());
}

#[test]
fn of_all_keys_the_one_that_is_signed_in_with_is_spared() {
    let bench = Bench::demo();
    let (owner, own) = (session(&bench, "owner"), bench.key_id("owner"));
    let heard = Heard::default();
    let (deletion, left) = bench.runtime.block_on(async {
        let choice = keys::choose(&owner, None, &keys::Which::All, keys::Listing::Required).await.unwrap();
        let deletion = keys::delete(&owner, choice, &heard).await.unwrap();
        (deletion, keys::list(&owner, None).await.unwrap().1)
    });
    assert_eq!(deletion.spared, [(own.clone(), keys::Spared::SignedIn)]);
    assert_eq!((deletion.deleted.len(), deletion.failed.len()), (3, 0));
    assert_eq!(left.iter().map(|key| key.key_id.as_str()).collect::<Vec<_>>(), [own.as_str()]);
    assert_eq!(heard.0.lock().unwrap().len(), 3);
    // An administrator who deletes a leaver's keys uses none of them.
    let admin = session(&bench, "admin");
    let gone = bench.runtime.block_on(async {
        let choice = keys::choose(&admin, Some("viewer".into()), &keys::Which::All, keys::Listing::Required)
            .await
            .unwrap();
        keys::delete(&admin, choice, &()).await.unwrap()
    });
    assert_eq!((gone.deleted.len(), gone.spared.len()), (1, 0));
}

#[test]
fn where_ones_own_key_is_unknown_all_are_refused() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let list = json("200 OK", r#"{"keys":[{"key_id":"k1"},{"key_id":"k2"}]}"#);
    let server = runtime.block_on(Scripted::start(&[list]));
    let session = scripted(&server);
    let refused = runtime.block_on(keys::choose(&session, None, &keys::Which::All, keys::Listing::Required));
    assert!(matches!(refused, Err(keys::Error::OwnUnknown { .. })), "{refused:?}");
    assert_eq!(server.count(), 1, "nothing is deleted");
}

#[test]
fn the_key_of_a_workbench_session_is_spared_whatever_is_asked() {
    let bench = Bench::demo();
    let mut admin = session(&bench, "admin");
    admin.session_key = Some(ApiKey::parse(&bench.key("owner")).unwrap());
    let given = bench.key_id("owner");
    for named in [given.clone(), given[..12].into()] {
        let which = keys::Which::These(vec![named]);
        let refused = bench.runtime.block_on(keys::choose(
            &admin,
            Some("owner".into()),
            &which,
            keys::Listing::AsNeeded,
        ));
        assert!(matches!(refused, Err(keys::Error::SessionKey)), "{which:?}: {refused:?}");
    }
    for which in [keys::Which::All, keys::Which::These(vec![given.clone(), "f".repeat(64)])] {
        let choice = keys::choose(&admin, Some("owner".into()), &which, keys::Listing::AsNeeded);
        let choice = bench.runtime.block_on(choice).unwrap();
        assert_eq!(choice.spared, [(given.clone(), keys::Spared::WorkbenchSession)]);
        assert!(!choice.keys.is_empty() && choice.keys.iter().all(|key| key.key_id != given));
    }
    assert!(matches!(keys::may_delete(&admin, &given), Err(keys::Error::SessionKey)));
    // Keys of a list in which it was not recognised: the workbench knows whose it is.
    let of = |username| keys::chosen_of_all(&admin, username, ["f".repeat(64)]);
    let refused = bench.runtime.block_on(of("owner"));
    assert!(matches!(refused, Err(keys::Error::SessionKey)), "{refused:?}");
    assert_eq!(bench.runtime.block_on(of("viewer")).unwrap().keys.len(), 1);
    // It is kept even if it was selected in a list.
    let chosen = keys::Choice::of(&admin, "owner", [given.clone()]);
    let deletion = bench.runtime.block_on(keys::delete(&admin, chosen, &())).unwrap();
    assert_eq!(deletion.spared, [(given, keys::Spared::WorkbenchSession)]);
    assert!(deletion.deleted.is_empty());
}

#[test]
fn a_listed_key_that_was_deleted_meanwhile_is_gone_and_no_failure() {
    let bench = Bench::demo();
    let owner = session(&bench, "owner");
    bench.runtime.block_on(async {
        let made = keys::create(&owner, "owner", &NewKey::default(), &()).await.unwrap();
        let choose = || keys::Choice::of(&owner, "owner", [made.key_id.clone()]);
        let deletion = keys::delete(&owner, choose(), &()).await.unwrap();
        assert_eq!((&*deletion.deleted, &*deletion.gone), (&[made.key_id.clone()][..], &[][..]));
        let deletion = keys::delete(&owner, choose(), &()).await.unwrap();
        assert_eq!((&*deletion.deleted, &*deletion.gone), (&[][..], &[made.key_id.clone()][..]));
        assert!(deletion.failed.is_empty(), "{:?}", deletion.failed);
        // One that was typed and that no list had may be a slip.
        let which = keys::Which::These(vec![made.key_id.clone()]);
        let choice = keys::choose(&owner, None, &which, keys::Listing::AsNeeded).await.unwrap();
        let deletion = keys::delete(&owner, choice, &()).await.unwrap();
        assert!(deletion.gone.is_empty() && deletion.failed.len() == 1, "{deletion:?}");
    });
}

#[test]
fn a_refusal_in_the_middle_leaves_no_key_untried() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let no = json("500 Internal Server Error", r#"{"message":"boom"}"#);
    let server = runtime.block_on(Scripted::start(&[json("200 OK", "{}"), no, json("200 OK", "{}")]));
    let session = scripted(&server);
    let ids = ["1", "2", "3"].map(|digit| digit.repeat(64));
    let deletion = runtime.block_on(async {
        let choice = keys::Choice::of(&session, "owner", ids.clone());
        keys::delete(&session, choice, &()).await.unwrap()
    });
    assert_eq!(deletion.deleted, [ids[0].clone(), ids[2].clone()]);
    assert_eq!(deletion.failed.len(), 1);
    assert!(
        matches!(&deletion.failed[0].why, keys::Why::Refused(error) if error.to_string().contains("boom"))
    );
    // Once there is no answer, the rest is not tried.
    let gone = json("401 Unauthorized", r#"{"message":"expired"}"#);
    let server = runtime.block_on(Scripted::start(&[gone]));
    let session = scripted(&server);
    let deletion =
        runtime.block_on(keys::delete(&session, keys::Choice::of(&session, "owner", ids), &())).unwrap();
    let whys: Vec<_> = deletion.failed.iter().map(|failed| &failed.why).collect();
    assert!(
        matches!(whys[..], [keys::Why::Refused(_), keys::Why::NotTried, keys::Why::NotTried]),
        "{whys:?}"
    );
    assert_eq!(server.count(), 1);
}

#[test]
fn a_read_only_session_changes_nothing() {
    let bench = Bench::demo();
    let mut owner = session(&bench, "owner");
    owner.read_only = true;
    let is_read_only = |error: &actions::Error| matches!(error, actions::Error::ReadOnly { .. });
    bench.runtime.block_on(async {
        let created = keys::create(&owner, "owner", &NewKey::default(), &()).await;
        assert!(matches!(&created, Err(keys::Error::Action(error)) if is_read_only(error)));
        let chosen = keys::Choice::of(&owner, "owner", ["k".into()]);
        let deleted = keys::delete(&owner, chosen, &()).await;
        assert!(matches!(&deleted, Err(keys::Error::Action(error)) if is_read_only(error)));
        let changed = expiration::change(&owner, 30).await;
        assert!(matches!(&changed, Err(expiration::Error::Action(error)) if is_read_only(error)));
        let shared = actions::collaborators::remove(&owner, "p", "viewer").await;
        assert!(shared.is_err_and(|error| is_read_only(&error)));
        let model = models::find(&owner, "churn-prod/add").await.unwrap();
        let stopped = models::ask_latest_deployment(&owner, models::Verb::Stop, &model).await;
        assert!(matches!(&stopped, Err(models::Error::Action(error)) if is_read_only(error)));
    });
}

#[test]
fn the_expiration_setting_keeps_its_form_and_is_read_back() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    for (given, written, days) in [(r#""90""#, r#""30""#, 90), ("90", "30", 90)] {
        let config = |value: &str| json("200 OK", &format!(r#"{{"api_key_expiration_days":{value}}}"#));
        let answers = [config(given), config(written), config(written)];
        let server = runtime.block_on(Scripted::start(&answers));
        let changed = runtime.block_on(expiration::change(&scripted(&server), 30)).unwrap();
        assert_eq!((changed.before, changed.setting.days), (days, 30));
        assert!(
            server.request(1).ends_with(&format!(r#"{{"api_key_expiration_days":{written}}}"#)),
            "{}",
            server.request(1)
        );
        assert_eq!(server.count(), 3, "read, written, read back");
    }
    let config = json("200 OK", r#"{"api_key_expiration_days":90}"#);
    let server = runtime.block_on(Scripted::start(&[config]));
    let kept = runtime.block_on(expiration::change(&scripted(&server), 30));
    assert!(matches!(kept, Err(expiration::Error::NotChanged { days: 90, .. })), "{kept:?}");
}

#[test]
fn a_model_without_authentication_is_not_shown_ones_own_key() {
    let bench = Bench::demo();
    let owner = session(&bench, "owner");
    bench.runtime.block_on(async {
        let echo = models::find(&owner, "playground/echo").await.unwrap();
        let call = ModelCall::new(&owner, echo, &KeyChoice::Own, None).unwrap();
        assert!(call.key.is_none() && call.send().await.failure().is_none());
        let add = models::find(&owner, "churn-prod/add").await.unwrap();
        let call = ModelCall::new(&owner, add, &KeyChoice::Own, None).unwrap();
        assert!(call.key.is_some() && call.send().await.failure().is_none());
        let unknown = models::find(&owner, "churn-prod/nothing").await;
        assert!(matches!(unknown, Err(actions::Error::NotFound { .. })), "{unknown:?}");
    });
}

#[test]
fn an_audit_that_could_not_read_everybody_is_not_complete() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let users = json("200 OK", r#"{"user_quota":[{"user":{"user_name":"a"}},{"user":{"user_name":"b"}}]}"#);
    let server = runtime.block_on(Scripted::start(&[
        users.clone(),
        users.clone(),
        users,
        json("403 Forbidden", "{}"),
    ]));
    let request = actions::audit::Request { fresh: true, keys_only: true, policy: None, unnoted: false };
    let report = runtime.block_on(actions::audit::run(&scripted(&server), request, &())).unwrap();
    assert_eq!((report.users, report.unreadable.len()), (2, 2));
    assert!(!report.is_complete());
}
