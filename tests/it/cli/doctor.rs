//! What `doctor` says.

use super::*;

#[test]
fn doctor_goes_on_after_a_bad_file() {
    use std::os::unix::fs::PermissionsExt as _;
    let bench = Bench::demo();
    let home = Home::new();
    home.run_with_input(&["login", "--url", &bench.url], &bench.key("owner")).ok();
    let file = home.path("config/credentials.toml");
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
    let exposed = home.run(&["doctor"]);
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
    home.file("config/profiles.toml", "version = 1\n[profiles.x]\nurl = 5\n");
    let broken = home.run(&["doctor", "--url", &bench.url]);
    for doctor in [exposed, broken] {
        assert_eq!(doctor.code, 3, "{doctor:?}");
        assert!(doctor.out.contains("accepts connections"), "{}", doctor.out);
        assert!(doctor.out.contains("API v2 answers"), "{}", doctor.out);
    }
}

#[test]
fn doctor_tells_what_is_wrong_and_no_secret() {
    let bench = Bench::demo();
    let home = bench.home("owner");
    let done = home.run(&["doctor", "--json"]).ok();
    assert_eq!(done.json()["ok"], true);
    assert!(!done.out.contains(&bench.key("owner")) && !done.out.contains(&bench.key("owner")[..32]));
    assert_eq!(Home::new().run(&["doctor"]).code, 3);
    let mut wrong = bench.home("owner");
    wrong.set("KEYBENCH_API_KEY", &made_up_key('d'));
    assert_eq!(wrong.run(&["doctor"]).code, 4);
    wrong.set("KEYBENCH_URL", "http://127.0.0.1:1");
    let done = wrong.run(&["doctor", "--json"]);
    assert_eq!(done.code, 6);
    let failed: Vec<_> = done.json()["checks"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|check| check["verdict"] == "fail")
        .cloned()
        .collect();
    assert_eq!(failed[0]["name"], "connection");
    assert!(failed.iter().all(|check| check["hint"].is_string()), "{failed:?}");
    wrong.set("KEYBENCH_CONFIG_DIR", "/proc/nowhere");
    assert_eq!(wrong.run(&["doctor"]).code, 6, "a home that cannot be written to is no obstacle");
}
