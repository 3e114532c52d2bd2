//! Certificates that are not trusted, and why.

use super::*;

#[test]
fn a_private_authority_is_trusted_when_it_is_named() {
    let bench = Bench::demo();
    let (url, root) = bench.runtime.block_on(behind_tls(&bench.url, false));
    let mut home = bench.home("owner");
    home.set("KEYBENCH_URL", &url);
    let done = home.run(&["whoami", "--json"]);
    assert_eq!(done.code, 6);
    assert!(done.error()["message"].as_str().unwrap().contains("not trusted here"), "{}", done.err);
    assert!(done.error()["hint"].as_str().unwrap().contains("--ca-cert"), "{}", done.err);

    let file = home.file("ca.pem", &root);
    home.run(&["whoami", "--ca-cert", &file]).ok();
    home.run(&["models", "test", "churn-prod/add", "--ca-cert", &file]).ok();
    let doctor = home.run(&["doctor", "--ca-cert", &file]).ok();
    assert!(doctor.out.contains("from Private CA"), "{}", doctor.out);
    let doctor = home.run(&["doctor"]);
    assert_eq!(doctor.code, 6);
    assert!(doctor.out.contains("not trusted"), "{}", doctor.out);
    assert_eq!(home.run(&["whoami", "--ca-cert", "no-such-file"]).code, 7);
    let empty = home.file("empty.pem", "nothing\n");
    assert_eq!(home.run(&["whoami", "--ca-cert", &empty]).code, 7);

    let insecure = home.run(&["whoami", "--insecure"]).ok();
    assert!(insecure.err.contains("certificates are not checked"), "{}", insecure.err);
    for option in ["--json", "-q"] {
        let insecure = home.run(&["whoami", "--insecure", option]).ok();
        assert!(insecure.err.contains("certificates are not checked"), "{option}: {}", insecure.err);
    }
    let doctor = home.run(&["doctor", "--insecure"]).ok();
    assert!(
        doctor.out.contains("warn  TLS            not checked, and a check would fail"),
        "{}",
        doctor.out
    );
    home.set("SSL_CERT_FILE", &file);
    home.run(&["whoami"]).ok();
    home.env.remove("SSL_CERT_FILE");

    home.env.remove("KEYBENCH_URL");
    let key = home.env.remove("KEYBENCH_API_KEY").unwrap();
    home.run_with_input(&["login", "--url", &url, "--ca-cert", "ca.pem"], &key).ok();
    home.run(&["whoami"]).ok();
}

#[test]
fn an_expired_certificate_is_named_as_such() {
    let bench = Bench::demo();
    let (url, root) = bench.runtime.block_on(behind_tls(&bench.url, true));
    let mut home = bench.home("owner");
    home.set("KEYBENCH_URL", &url);
    let file = home.file("ca.pem", &root);
    let done = home.run(&["whoami", "--ca-cert", &file, "--json"]);
    assert_eq!(done.code, 6);
    assert!(done.error()["message"].as_str().unwrap().contains("has expired"), "{}", done.err);
    let doctor = home.run(&["doctor", "--ca-cert", &file]);
    assert!(doctor.out.contains("until 2021-01-01"), "{}", doctor.out);
}

/// TLS with a certificate that signs itself, and is that of an authority or not: its URL and PEM.
async fn self_signed(upstream: &str, is_authority: bool) -> (String, String) {
    let key = KeyPair::generate().unwrap();
    let mut own = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    own.is_ca = match is_authority {
        true => IsCa::Ca(BasicConstraints::Unconstrained),
        false => IsCa::ExplicitNoCa,
    };
    let own = own.self_signed(&key).unwrap();
    (serve_tls(upstream, own.der().clone(), &key).await, own.pem())
}

#[test]
fn each_mistake_of_a_certificate_has_its_own_way_out() {
    let bench = Bench::demo();
    let mut home = bench.home("owner");
    let (url, pem) = bench.runtime.block_on(self_signed(&bench.url, true));
    let file = home.file("self.pem", &pem);
    for command in [&["whoami", "--url", &url, "--ca-cert", &file][..], &["doctor", "--url", &url]] {
        let done = home.run(command);
        assert_eq!(done.code, 6, "{done:?}");
        let said = done.out + &done.err;
        assert!(said.contains("CA:TRUE") && said.contains("no --ca-cert helps"), "{said}");
    }
    let (url, pem) = bench.runtime.block_on(self_signed(&bench.url, false));
    let file = home.file("leaf.pem", &pem);
    home.run(&["whoami", "--url", &url, "--ca-cert", &file]).ok();

    let (url, root) = bench.runtime.block_on(behind_tls(&bench.url, true));
    let file = home.file("ca.pem", &root);
    let expired = home.run(&["whoami", "--url", &url, "--ca-cert", &file]);
    assert!(expired.err.contains("must renew it") && !expired.err.contains("--ca-cert"), "{}", expired.err);
    let (url, root) = bench.runtime.block_on(behind_tls(&bench.url, false));
    let file = home.file("ca.pem", &root);
    let elsewhere = url.replace("localhost", "127.0.0.1");
    let wrong = home.run(&["whoami", "--url", &elsewhere, "--ca-cert", &file]);
    assert!(
        wrong.err.contains("another host name") && wrong.err.contains("check the host in the URL"),
        "{}",
        wrong.err
    );

    for (value, said) in
        [("/nope", "/nope (SSL_CERT_FILE)"), ("", "SSL_CERT_FILE is set"), ("/dev/zero", "it is a device")]
    {
        home.set("SSL_CERT_FILE", value);
        let done = home.run(&["whoami", "--url", &url]);
        assert_eq!(done.code, 7, "{done:?}");
        assert!(done.err.contains(said) && done.err.contains("unset SSL_CERT_FILE"), "{}", done.err);
        home.run(&["whoami"]).ok();
    }
}
