//! Profiles and precedence: which key goes where, and what the files may look like.

use std::collections::HashMap;
use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::OsStringExt as _;
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::path::Path;

use crate::support::bench::Home;
use crate::support::{api_key, install_tls, made_up_key};
use keybench::config::paths::NotUtf8;
use keybench::config::{Credential, Error, Overrides, Profile, Resolved, Source, Store, resolve};

struct Setup {
    folder: tempfile::TempDir,
    env: HashMap<&'static str, String>,
    flags: Overrides,
}

impl Setup {
    fn new() -> Self {
        install_tls();
        Self { folder: tempfile::tempdir().unwrap(), env: HashMap::new(), flags: Overrides::default() }
    }

    fn store(&self) -> Store {
        Store::at(self.folder.path().join("keybench"))
    }

    fn profile(self, name: &str, url: &str, digit: char) -> Self {
        let profile = Profile { url: url.into(), username: "owner".into(), ..Profile::default() };
        let credential = Credential { url: url.into(), api_key: api_key(digit), ..Credential::default() };
        self.store().save(name, profile, Some(credential)).unwrap();
        self
    }

    fn env(mut self, name: &'static str, value: &str) -> Self {
        self.env.insert(name, value.to_owned());
        self
    }

    fn url(mut self, url: &str) -> Self {
        self.flags.url = Some(url.to_owned());
        self
    }

    fn named(mut self, profile: &str) -> Self {
        self.flags.profile = Some(profile.to_owned());
        self
    }

    fn resolve(&self) -> Result<Resolved, Error> {
        resolve(&self.flags, &|name| Ok(self.env.get(name).cloned()), &mut self.store().load())
    }

    /// URL, last digit of the key, and the origin of the key.
    fn outcome(&self) -> (String, Option<(String, Source)>) {
        let resolved = self.resolve().unwrap();
        let key = resolved.key.map(|key| (key.value.last_four()[..1].to_owned(), key.source));
        (resolved.url.value, key)
    }
}

const ONE: &str = "https://one.example.com";
const TWO: &str = "https://two.example.com";

#[test]
fn the_order_is_flag_environment_profile_session() {
    let profile_key = Some(("a".to_owned(), Source::Profile("one".into())));
    let setup = Setup::new().profile("one", ONE, 'a');
    assert_eq!(setup.outcome(), (ONE.into(), profile_key.clone()));

    let session =
        |setup: Setup| setup.env("CDSW_DOMAIN", "two.example.com").env("CDSW_APIV2_KEY", &made_up_key('c'));
    assert_eq!(
        session(setup).outcome(),
        (ONE.into(), profile_key.clone()),
        "a profile goes before a session"
    );

    let own = Some(("c".to_owned(), Source::Workbench("CDSW_APIV2_KEY")));
    assert_eq!(session(Setup::new()).outcome(), (TWO.into(), own.clone()));
    let plain = session(Setup::new()).env("CDSW_PROJECT_URL", "http://two.example.com/api/v1/projects/o/p");
    assert_eq!(plain.outcome(), ("http://two.example.com".into(), own));

    let env_key = Some(("e".to_owned(), Source::Env("KEYBENCH_API_KEY")));
    let setup = Setup::new().profile("one", ONE, 'a').env("KEYBENCH_API_KEY", &made_up_key('e'));
    assert_eq!(setup.outcome(), (ONE.into(), env_key.clone()));
    let setup = setup.env("KEYBENCH_URL", TWO);
    assert_eq!(setup.outcome(), (TWO.into(), env_key.clone()));
    assert_eq!(setup.url(ONE).outcome(), (ONE.into(), env_key));
}

#[test]
fn a_key_never_goes_to_another_url() {
    let setup = Setup::new().profile("one", ONE, 'a').url(TWO);
    assert_eq!(setup.outcome(), (TWO.into(), None));
    assert!(matches!(setup.resolve().unwrap().session(), Err(Error::NoKey { url }) if url == TWO));
    let setup = Setup::new().profile("one", ONE, 'a').env("KEYBENCH_URL", TWO);
    assert_eq!(setup.outcome(), (TWO.into(), None));
    let setup = Setup::new().env("CDSW_DOMAIN", "one.example.com").env("CDSW_APIV2_KEY", &made_up_key('c'));
    assert_eq!(setup.url(TWO).outcome(), (TWO.into(), None));
    let spelled = Setup::new().profile("one", ONE, 'a').url("https://ONE.example.com:443/some/page");
    assert!(spelled.outcome().1.is_some(), "the same URL spelled differently gets the key");

    let setup = Setup::new().profile("one", ONE, 'a');
    let file = setup.store().profiles_file();
    fs::write(&file, fs::read_to_string(&file).unwrap().replace("one.example", "two.example")).unwrap();
    assert_eq!(setup.outcome(), (TWO.into(), None), "a profile that was pointed elsewhere lost its key");
}

#[test]
fn nothing_configured_and_unknown_names_are_distinguished() {
    assert!(matches!(Setup::new().resolve(), Err(Error::NoWorkbench)));
    let error = Setup::new().profile("one", ONE, 'a').named("tow").resolve().unwrap_err();
    assert_eq!(error.hint().unwrap(), "known are: one");
    let error = Setup::new().env("KEYBENCH_URL", "workbench").resolve().unwrap_err();
    assert!(error.to_string().starts_with("KEYBENCH_URL: the URL does not begin"), "{error}");
    let error = Setup::new().env("KEYBENCH_URL", ONE).env("KEYBENCH_API_KEY", "0a").resolve().unwrap_err();
    assert!(error.to_string().contains("KEYBENCH_API_KEY"), "{error}");
}

#[test]
fn inside_a_session_the_project_is_known() {
    let setup = Setup::new()
        .env("CDSW_DOMAIN", "one.example.com")
        .env("CDSW_APIV2_KEY", "whatever shape")
        .env("CDSW_PROJECT_ID", "4u5o-hjm5-h635-k7u2");
    let resolved = setup.resolve().unwrap();
    assert!(resolved.session_key.is_some() && resolved.inside_workbench);
    assert_eq!(resolved.project.as_ref().unwrap().value, "4u5o-hjm5-h635-k7u2");
    assert_eq!(resolved.session().unwrap().client.model_url(), "https://modelservice.one.example.com/model");
}

#[test]
fn files_are_private_and_refused_when_they_are_not() {
    let setup = Setup::new().profile("one", ONE, 'a');
    let mode = |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let file = setup.store().credentials_file();
    assert_eq!((mode(setup.store().dir()), mode(&file)), (0o700, 0o600));
    fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
    let error = setup.resolve().unwrap_err();
    assert_eq!(error.hint().unwrap(), format!("chmod 600 {}", file.display()));
    let elsewhere = setup.env("KEYBENCH_API_KEY", &made_up_key('e'));
    assert!(elsewhere.resolve().is_ok(), "a key from the environment does not need the file");
}

#[test]
fn signing_out_leaves_no_key_behind() {
    let setup = Setup::new().profile("one", ONE, 'a').profile("two", TWO, 'b');
    setup.store().remove("one").unwrap();
    let text = fs::read_to_string(setup.store().credentials_file()).unwrap();
    assert!(!text.contains(&made_up_key('a')) && text.contains(&made_up_key('b')));
    assert_eq!(setup.outcome().0, TWO);
    setup.store().remove("two").unwrap();
    assert!(matches!(setup.resolve(), Err(Error::NoWorkbench)));
}

#[test]
fn a_credential_command_prints_the_key() {
    let setup = Setup::new().profile("one", ONE, 'a');
    let with = |command: String| {
        let profile = Profile { url: ONE.into(), credential_command: Some(command), ..Profile::default() };
        setup.store().save("one", profile, None).unwrap();
        setup.resolve()
    };
    let resolved = with(format!("printf '%s\\nnotes\\n' {}", made_up_key('d'))).unwrap();
    assert_eq!(resolved.key.unwrap().value.last_four(), "dddd");
    let error = with("exit 3".into()).unwrap_err();
    assert!(error.to_string().contains("exit status: 3"), "{error}");
    let error = with("echo hello".into()).unwrap_err();
    assert!(!error.to_string().contains("hello"), "{error}");
}

#[test]
fn a_variable_that_is_no_text_is_an_error_and_never_unset() {
    let setup = Setup::new().profile("one", ONE, 'a').env("CDSW_DOMAIN", "two.example.com");
    let read = [
        "KEYBENCH_PROFILE",
        "KEYBENCH_URL",
        "KEYBENCH_MODEL_URL",
        "KEYBENCH_API_KEY",
        "CDSW_DOMAIN",
        "CDSW_PROJECT_URL",
        "CDSW_API_URL",
    ];
    for bad in read {
        let env = |name: &str| match name == bad {
            true => Err(NotUtf8 { name: name.to_owned() }),
            false => Ok(setup.env.get(name).cloned()),
        };
        let error = resolve(&setup.flags, &env, &mut setup.store().load()).unwrap_err();
        assert_eq!(error.to_string(), format!("the environment variable {bad} is not valid UTF-8"));
    }
    // With the real program: nothing is written elsewhere, and no other key is used.
    let home = Home::new();
    Store::at(home.path("config"))
        .save("one", Profile { url: ONE.into(), ..Profile::default() }, None)
        .unwrap();
    for name in ["KEYBENCH_CONFIG_DIR", "KEYBENCH_API_KEY", "KEYBENCH_PROFILE", "KEYBENCH_URL"] {
        let mut command = home.command(&["--json", "whoami"]);
        let output = command.env(name, OsString::from_vec(b"/x\xff".to_vec())).output().unwrap();
        let printed = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(7), "{printed}");
        assert!(printed.contains(&format!("variable {name} is not valid UTF-8")), "{printed}");
    }
}

#[test]
fn what_belongs_to_another_user_is_refused() {
    let setup = Setup::new().profile("one", ONE, 'a');
    let (dir, profiles) = (setup.store().dir().to_owned(), setup.store().profiles_file());
    let credentials = setup.store().credentials_file();
    let theirs = |path: &Path| chown(path, Some(7), None);
    if theirs(&dir).is_err() {
        // Only root gives files away.
        return;
    }
    chown(&dir, Some(0), None).unwrap();
    for path in [&dir, &profiles, &credentials] {
        theirs(path).unwrap();
        let error = setup.resolve().unwrap_err();
        assert!(matches!(&error, Error::Foreign { path: found, .. } if found == path), "{error}");
        assert!(error.hint().unwrap().starts_with("run keybench as "), "{error:?}");
        assert!(setup.store().remove("one").is_err() && path.exists());
        chown(path, Some(0), None).unwrap();
    }
    theirs(&setup.store().config_file()).unwrap_err();
    fs::write(setup.store().config_file(), "[ui]\nsoon_days = 7\n").unwrap();
    theirs(&setup.store().config_file()).unwrap();
    let loaded = setup.store().load();
    assert!(loaded.ui.soon_days == 14 && loaded.problems.len() == 1, "{:?}", loaded.problems);
    fs::write(dir.join(".lock"), "").unwrap();
    theirs(&dir.join(".lock")).unwrap();
    let error = setup.store().make_current("one").unwrap_err();
    assert!(error.to_string().contains(".lock cannot be written: it belongs to"), "{error}");
}

#[test]
fn pipes_in_place_of_files_are_refused_and_not_waited_for() {
    let setup = Setup::new().profile("one", ONE, 'a');
    let store = setup.store();
    let files = [
        store.config_file(),
        store.profiles_file(),
        store.credentials_file(),
        store.dir().join("made-keys.json"),
    ];
    for file in files {
        let kept = fs::read(&file).ok();
        let _ = fs::remove_file(&file);
        let kind = rustix::fs::FileType::Fifo;
        rustix::fs::mknodat(rustix::fs::CWD, &file, kind, rustix::fs::Mode::from_raw_mode(0o600), 0).unwrap();
        let made = keybench::config::made_keys::find(&store, &api_key('a'));
        let problem = made.err().or_else(|| store.load().problems.pop()).unwrap();
        let what = "cannot be read: it is a pipe, not a regular file";
        assert_eq!(problem.to_string(), format!("{} {what}", file.display()));
        fs::remove_file(&file).unwrap();
        if let Some(kept) = kept {
            private(&file, &kept);
        }
    }
}

fn private(file: &Path, contents: &[u8]) {
    fs::write(file, contents).unwrap();
    fs::set_permissions(file, fs::Permissions::from_mode(0o600)).unwrap();
}

#[test]
fn a_configuration_that_lies_elsewhere_is_changed_there() {
    let setup = Setup::new().profile("one", ONE, 'a').profile("two", TWO, 'b');
    let elsewhere = setup.folder.path().join("dotfiles");
    fs::create_dir(&elsewhere).unwrap();
    let files = [setup.store().profiles_file(), setup.store().credentials_file()];
    for file in &files {
        let target = elsewhere.join(file.file_name().unwrap());
        fs::rename(file, &target).unwrap();
        symlink(&target, file).unwrap();
    }
    setup.store().remove("one").unwrap();
    for file in &files {
        assert!(file.is_symlink(), "{} is a link no more", file.display());
        let text = fs::read_to_string(elsewhere.join(file.file_name().unwrap())).unwrap();
        assert!(text.contains("two") && !text.contains("one"), "{text}");
    }
    assert_eq!(setup.named("two").outcome().1.unwrap().0, "b");
}

#[test]
fn files_from_other_systems_are_taken_or_named_for_what_they_are() {
    let setup = Setup::new().profile("one", ONE, 'a');
    for file in [setup.store().profiles_file(), setup.store().credentials_file()] {
        let text = fs::read_to_string(&file).unwrap();
        private(&file, format!("\u{feff}{}", text.replace('\n', "\r\n")).as_bytes());
        assert!(setup.outcome().1.is_some(), "a byte order mark and CRLF");
        let utf16: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        private(&file, &utf16);
        let error = setup.resolve().unwrap_err();
        assert!(error.to_string().contains("it is UTF-16"), "{error}");
        assert!(setup.store().remove("one").is_err());
        assert_eq!(fs::read(&file).unwrap(), utf16);
        private(&file, text.as_bytes());
    }
}

#[test]
fn a_broken_settings_file_does_not_stop_anything() {
    let setup = Setup::new().profile("one", ONE, 'a');
    fs::write(setup.store().config_file(), "[ui]\nsoon_days = 7\nsoon_dais = 8\n").unwrap();
    let loaded = setup.store().load();
    assert_eq!(loaded.ui.soon_days, 7, "what is right holds");
    assert!(
        loaded.problems[0].to_string().contains("config.toml, line 3: unknown field"),
        "{:?}",
        loaded.problems
    );
    assert!(setup.outcome().1.is_some());
    fs::write(
        setup.store().config_file(),
        "[ui]\nsoon_days = 7\n[ui.keys]\nquit = \"x\"\nhelp = [\"?\", \"F1\"]\n",
    )
    .unwrap();
    let loaded = setup.store().load();
    assert_eq!((loaded.ui.soon_days, loaded.problems.len()), (7, 0));
    assert_eq!(loaded.ui.keys["help"].as_slice(), ["?", "F1"]);
}
