//! Shared by several test programs: servers that misbehave on purpose, and made-up keys.
#![allow(dead_code, reason = "each test program uses its own part")]
#![allow(clippy::unwrap_used, reason = "a test may panic")]

pub mod bench;
pub mod commands;
pub mod relay;

use std::ffi::OsString;
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};

use keybench::secret::ApiKey;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// Makes ring the provider of TLS, as `main` does.
pub fn install_tls() {
    let _ = rustls::crypto::ring::default_provider().install_default();
}

/// Git in `folder`, whatever its user has configured, and not at the repository that a hook names.
pub fn git(folder: &Path, arguments: &[&str]) -> Command {
    let mut git = Command::new("git");
    git.args(arguments).current_dir(folder).env_clear();
    git.env("PATH", std::env::var_os("PATH").unwrap_or_default()).env("HOME", folder);
    git
}

/// Removes from the environment of `command` what names a workbench.
pub fn nowhere(command: &mut Command) -> &mut Command {
    let names = std::env::vars_os().map(|(name, _)| name);
    let of_workbenches = |name: &OsString| {
        let name = name.to_string_lossy();
        name.starts_with("KEYBENCH_") || name.starts_with("CDSW_")
    };
    for name in names.filter(of_workbenches) {
        command.env_remove(name);
    }
    command
}

/// A text in the shape of an API key; different values of `digit` give different keys.
pub fn made_up_key(digit: char) -> String {
    let digit = digit.to_string();
    format!("{}.{}", digit.repeat(64), digit.repeat(64))
}

pub fn api_key(digit: char) -> ApiKey {
    ApiKey::parse(&made_up_key(digit)).unwrap()
}

/// A server that answers each connection with the next of some prepared answers, repeats the last
/// one for ever, and closes each connection. It records what it was sent.
pub struct Scripted {
    pub url: String,
    pub requests: Arc<Mutex<Vec<String>>>,
}

impl Scripted {
    pub async fn start(answers: &[String]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::new(Mutex::new(Vec::new()));
        let (answers, kept) = (answers.to_vec(), Arc::clone(&requests));
        tokio::spawn(async move {
            for at in 0.. {
                let Ok((mut stream, _)) = listener.accept().await else { return };
                let answer = answers[at.min(answers.len() - 1)].clone();
                let request = read_request(&mut stream).await;
                kept.lock().unwrap().push(request);
                let _ = stream.write_all(answer.as_bytes()).await;
                let _ = stream.shutdown().await;
            }
        });
        Self { url, requests }
    }

    pub fn count(&self) -> usize {
        self.requests.lock().unwrap().len()
    }

    pub fn request(&self, at: usize) -> String {
        self.requests.lock().unwrap()[at].clone()
    }
}

/// Head and body of one request, as text.
pub async fn read_request(stream: &mut tokio::net::TcpStream) -> String {
    let mut bytes = Vec::new();
    let mut chunk = [0u8; 4096];
    loop {
        let text = String::from_utf8_lossy(&bytes).to_lowercase();
        if let Some(end) = text.find("\r\n\r\n") {
            let length =
                text.split("content-length: ").nth(1).and_then(|rest| rest.lines().next()?.parse().ok());
            if bytes.len() >= end + 4 + length.unwrap_or(0) {
                break;
            }
        }
        match stream.read(&mut chunk).await {
            Ok(n) if n > 0 => bytes.extend_from_slice(&chunk[..n]),
            _ => break,
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// One HTTP answer with `headers` (lines without an end) and `body`.
pub fn answer(status: &str, headers: &[&str], body: &str) -> String {
    let mut text = format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n", body.len());
    for header in headers {
        text.push_str(header);
        text.push_str("\r\n");
    }
    text + "\r\n" + body
}

pub fn json(status: &str, body: &str) -> String {
    answer(status, &["content-type: application/json"], body)
}
