//! The recipe for Vault in docs/fleet.md, at a real server: `vault`, or OpenBao's `bao`, which has the same
//! commands, if one is installed.

use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};

use serde_json::json;

use super::{Fleet, examples, service};
use crate::support::bench::Home;
use crate::workbench::examples::there_is;

struct Vault {
    tool: &'static str,
    server: Child,
}

impl Vault {
    /// A server that keeps everything in memory; commands in `home` find it.
    fn start(home: &mut Home) -> Option<Self> {
        let tool = ["bao", "vault"].into_iter().find(|tool| there_is(tool, &["version"]))?;
        // A port that is free now may be taken before the server has it.
        (0..10).find_map(|_| Self::start_at_a_free_port(home, tool))
    }

    fn start_at_a_free_port(home: &mut Home, tool: &'static str) -> Option<Self> {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let address = format!("127.0.0.1:{port}");
        home.set("NO_PROXY", "*");
        for name in ["VAULT", "BAO"] {
            home.set(&format!("{name}_ADDR"), &format!("http://{address}"));
            home.set(&format!("{name}_TOKEN"), "root");
        }
        let mut server = Command::new(tool);
        server.args(["server", "-dev", "-dev-no-store-token", "-dev-root-token-id=root"]);
        server.arg(format!("-dev-listen-address={address}")).env("HOME", home.folder.path());
        let mut server = server.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut said = BufReader::new(server.stdout.take().unwrap());
        let vault = Self { tool, server };
        let mut line = String::new();
        while !line.contains("server started") {
            line.clear();
            if said.read_line(&mut line).unwrap() == 0 {
                return None;
            }
        }
        // It goes on writing its log.
        std::thread::spawn(move || std::io::copy(&mut said, &mut std::io::sink()));
        Some(vault)
    }

    fn run(&self, home: &Home, arguments: &str) -> std::process::Output {
        Command::new(self.tool).args(arguments.split(' ')).envs(&home.env).output().unwrap()
    }
}

impl Drop for Vault {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

#[test]
fn a_real_vault_keeps_the_key() {
    let mut home = Home::new();
    let Some(vault) = Vault::start(&mut home) else {
        let none = ["bao", "vault"].iter().all(|tool| Command::new(tool).arg("version").output().is_err());
        assert!(none, "it does not start");
        return;
    };
    // The commands are those of the document.
    let recipe: String = examples("toml")[0]
        .lines()
        .filter(|line| line.contains("vault kv"))
        .fold(String::new(), |all, line| {
            all + &line.replace("\"vault ", &format!("\"{} ", vault.tool)) + "\n"
        });
    assert_eq!(recipe.lines().count(), 2, "{recipe}");
    let mut fleet = Fleet::new(&format!("[[service]]\nname = \"gateway\"\n[[service.deliver]]\n{recipe}"));
    fleet.home.env.extend(home.env.clone());

    assert_eq!(service(&fleet.run("plan", &[]).json(), "gateway")["action"], "create");
    fleet.run("apply", &[]).ok();
    let kept = || {
        let output = vault.run(&home, "kv get -mount=secret -field=key gateway");
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    let key = kept();
    fleet.home.file("key", &key);
    fleet.works("key");
    fleet.run("plan", &[]).ok();

    assert!(vault.run(&home, "kv put -mount=secret gateway key=other").status.success());
    let drifted = fleet.run("plan", &[]);
    assert_eq!((drifted.code, &service(&drifted.json(), "gateway")["action"]), (8, &json!("deliver")));
    fleet.run("apply", &[]).ok();
    assert_eq!(kept(), key);

    drop(vault);
    let down = fleet.run("plan", &[]);
    assert_eq!((down.code, &service(&down.json(), "gateway")["safe"]), (8, &json!(false)), "{down:?}");
    let refused = fleet.run("apply", &[]);
    assert_eq!((refused.code, fleet.keys("gateway").len()), (8, 1), "{refused:?}");
    fleet.works("key");
}
