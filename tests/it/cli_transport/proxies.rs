//! Proxies between the program and a workbench.

use super::*;

#[test]
fn a_proxy_that_cannot_be_used_is_named_with_where_it_is_set() {
    let bench = Bench::demo();
    let mut home = bench.home("owner");
    for garbage in ["garbage://", "garbage://x:1", "socks5://127.0.0.1:1"] {
        home.set("HTTP_PROXY", garbage);
        for command in [&["whoami"][..], &["models", "test", "churn-prod/add"], &["doctor"]] {
            let done = home.run(command);
            assert_eq!(done.code, 7, "{command:?}: {done:?}");
            assert!((done.out + &done.err).contains("HTTP_PROXY is set"), "{}", done.err);
        }
    }
    home.set("NO_PROXY", "127.0.0.1");
    home.run(&["whoami"]).ok();
    home.env.remove("NO_PROXY");
    home.env.remove("HTTP_PROXY");
    let silent = "127.0.0.1:1";
    for url in ["http://workbench.invalid", "https://workbench.invalid"] {
        for (proxy, said) in [
            (format!("http://{silent}"), format!("{silent} (ALL_PROXY): no connection to it")),
            ("http://proxy.invalid:3128".to_owned(), "proxy.invalid:3128 (ALL_PROXY): ".to_owned()),
        ] {
            home.set("ALL_PROXY", &proxy);
            let done = home.run(&["whoami", "--url", url]);
            assert_eq!(done.code, 6, "{done:?}");
            assert!(done.err.contains(&said) && done.err.contains("NO_PROXY"), "{}", done.err);
        }
    }
    home.env.clear();
    let login = ["login", "--url", &bench.url, "--proxy", "zz"];
    assert_eq!(home.run_with_input(&login, &bench.key("owner")).code, 7);
}

/// A proxy that takes `user:word` only, and passes everything on to `upstream`.
async fn proxy(upstream: &str) -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let upstream = upstream.trim_start_matches("http://").to_owned();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&seen);
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let (upstream, kept) = (upstream.clone(), Arc::clone(&kept));
            tokio::spawn(async move {
                let request = crate::support::read_request(&mut stream).await;
                kept.lock().unwrap().push(request.lines().next().unwrap_or_default().to_owned());
                // "user:word"
                if !request.to_lowercase().contains("proxy-authorization: basic dxnlcjp3b3jk") {
                    let refused = answer("407 Proxy Authentication Required", &[], "");
                    stream.write_all(refused.as_bytes()).await.unwrap();
                    return;
                }
                let mut to = TcpStream::connect(upstream).await.unwrap();
                let request = request.replacen("\r\n", "\r\nconnection: close\r\n", 1);
                to.write_all(request.as_bytes()).await.unwrap();
                let mut answer = Vec::new();
                to.read_to_end(&mut answer).await.unwrap();
                stream.write_all(&answer).await.unwrap();
            });
        }
    });
    (address, seen)
}

#[test]
fn a_proxy_with_credentials_is_taken_from_environment_and_profile() {
    let bench = Bench::demo();
    let (address, seen) = bench.runtime.block_on(proxy(&bench.url));
    let mut home = bench.home("owner");
    home.set("KEYBENCH_URL", "http://workbench.invalid");
    assert_eq!(home.run(&["whoami"]).code, 6);
    home.set("HTTP_PROXY", &format!("http://user:word@{address}"));
    home.run(&["whoami"]).ok();
    assert_eq!(seen.lock().unwrap()[0], "POST http://workbench.invalid/api/v2/auth/validate_key HTTP/1.1");
    home.set("NO_PROXY", "workbench.invalid");
    assert_eq!(home.run(&["whoami"]).code, 6);
    home.env.clear();

    let proxied = format!("http://user:word@{address}");
    let login = ["login", "--url", "http://workbench.invalid", "--proxy", &proxied];
    home.run_with_input(&login, &bench.key("owner")).ok();
    home.run(&["whoami"]).ok();
    let doctor = home.run(&["doctor", "--json"]);
    assert!(!doctor.out.contains("user:word") && doctor.out.contains(&address), "{}", doctor.out);
}

/// A proxy that makes tunnels to `upstream`, whatever it is asked for.
async fn tunnels(upstream: &str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let upstream = upstream.rsplit_once(':').map(|(_, port)| format!("127.0.0.1:{port}")).unwrap();
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let upstream = upstream.clone();
            tokio::spawn(async move {
                let request = crate::support::read_request(&mut stream).await;
                let made = if request.starts_with("CONNECT ") { "200 OK" } else { "403 Forbidden" };
                stream.write_all(format!("HTTP/1.1 {made}\r\n\r\n").as_bytes()).await.unwrap();
                let mut to = TcpStream::connect(upstream).await.unwrap();
                let _ = copy_bidirectional(&mut stream, &mut to).await;
            });
        }
    });
    address
}

#[test]
fn doctor_looks_at_the_certificate_through_a_proxy_too() {
    let bench = Bench::demo();
    let (url, root) = bench.runtime.block_on(behind_tls(&bench.url, false));
    let address = bench.runtime.block_on(tunnels(&url));
    let mut home = bench.home("owner");
    home.set("KEYBENCH_URL", &url);
    home.set("HTTPS_PROXY", &format!("http://{address}"));
    let file = home.file("ca.pem", &root);
    let check = |done: &crate::support::bench::Done, name: &str| {
        let document = done.json();
        let checks = document["checks"].as_array().unwrap();
        checks.iter().find(|check| check["name"] == name).cloned().unwrap()
    };
    let trusted = home.run(&["doctor", "--ca-cert", &file, "--json"]);
    assert_eq!(check(&trusted, "TLS")["verdict"], "ok", "{}", trusted.out);
    assert!(check(&trusted, "TLS")["detail"].as_str().unwrap().contains("from Private CA"));
    assert_eq!(check(&trusted, "model service")["verdict"], "ok", "{}", trusted.out);
    let doubted = home.run(&["doctor", "--json"]);
    assert_eq!((doubted.code, check(&doubted, "TLS")["verdict"].as_str()), (6, Some("fail")));
    assert!(check(&doubted, "TLS")["detail"].as_str().unwrap().contains("from Private CA"));
    // A proxy that refuses tunnels and an untrusted certificate are different errors.
    let (closed, _) = bench.runtime.block_on(proxy(&bench.url));
    home.set("HTTPS_PROXY", &format!("http://{closed}"));
    let refused = home.run(&["doctor", "--json"]);
    let tunnel = check(&refused, "tunnel");
    assert_eq!((refused.code, tunnel["verdict"].as_str()), (6, Some("fail")));
    assert!(tunnel["detail"].as_str().unwrap().contains("407"), "{tunnel}");
}
