//! How many authenticated model calls the embedded workbench answers, beside a bare axum handler in
//! the same process on the same machine. Rounds alternate, so that a busy moment hits both.
//!
//! `cargo run --release --example model_throughput [ROUNDS [SECONDS [CONNECTIONS]]]`
//!
//! With `wait` in place of the numbers it prints a script and the URLs for `wrk -s`, a client that
//! costs less than this one, and serves until it is ended.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use axum::Json;
use axum::body::Bytes;
use axum::routing::post;
use keybench::workbench::{self, Options, Seed};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let wait = std::env::args().any(|word| word == "wait");
    let numbers = std::env::args().skip(1).filter(|word| word != "wait");
    let numbers: Vec<u64> = numbers.map(|text| text.parse()).collect::<Result<_, _>>()?;
    let [rounds, seconds, connections] =
        std::array::from_fn(|at| numbers.get(at).copied().unwrap_or([5, 2, 16][at]));

    let data = tempfile::tempdir()?;
    let mut options = Options::new(data.path());
    options.seed = Seed::Demo;
    options.listen = SocketAddr::from(([127, 0, 0, 1], 0));
    let running = workbench::start(options).await?;
    let address: SocketAddr = running.url.trim_start_matches("http://").parse()?;
    let owner = running.credentials()?.into_iter().find(|it| it.username == "owner");
    let key = owner.ok_or_else(|| anyhow::anyhow!("there is no owner"))?.api_key;
    let authorization = format!("authorization: Bearer {}\r\n", key.expose());
    let listed = exchange(
        address,
        &format!("GET /api/v2/models?page_size=100 HTTP/1.1\r\nhost: x\r\n{authorization}\r\n"),
    )
    .await?;
    let models: Value = serde_json::from_slice(&listed)?;
    let models = models["models"].as_array().cloned().unwrap_or_default();

    let bare = TcpListener::bind("127.0.0.1:0").await?;
    let bare_address = bare.local_addr()?;
    let answer = r#"{"success":true,"response":8,"ReplicaID":"add-1-1-7f9c6496b4-hp6tz"}"#;
    let router = axum::Router::new()
        .route(
            "/bytes",
            post(move |_: Bytes| async move { ([("content-type", "application/json")], answer) }),
        )
        .route(
            "/json",
            post(|Json(_): Json<Value>| async {
                Json(json!({"success": true, "response": 8, "ReplicaID": "add-1-1-7f9c6496b4-hp6tz"}))
            }),
        );
    tokio::spawn(async move { axum::serve(bare, router).await });

    let call = |path: &str, model: &str, request: Value| {
        let access_key =
            models.iter().find(|it| it["name"] == model).map_or(Value::Null, |it| it["access_key"].clone());
        let body = json!({"accessKey": access_key, "request": request}).to_string();
        let length = body.len();
        format!(
            "POST {path} HTTP/1.1\r\nhost: x\r\n{authorization}content-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
        )
    };
    let add = json!({"a": 3, "b": 5});
    let churn =
        json!({"tenure_months": 5, "monthly_charge": 89.5, "support_calls": 4, "contract": "monthly"});
    let contenders = [
        ("bare axum handler, body as bytes", bare_address, call("/bytes", "add", add.clone())),
        ("bare axum handler, body as JSON", bare_address, call("/json", "add", add.clone())),
        ("workbench, churn-prod/add, authenticated", address, call("/model", "add", add)),
        ("workbench, churn-prod/churn, authenticated", address, call("/model", "churn", churn)),
        (
            "workbench, playground/echo, no authentication",
            address,
            call("/model", "echo", json!({"hello": "world"})),
        ),
    ];
    if wait {
        let (_, _, request) = &contenders[2];
        let body = request.rsplit("\r\n").next().unwrap_or_default();
        let key = key.expose();
        let script = format!(
            "wrk.method = 'POST'\nwrk.body = '{body}'\nwrk.headers['content-type'] = 'application/json'\n\
             wrk.headers['authorization'] = 'Bearer {key}'\n-- http://{address}/model http://{bare_address}/bytes\n"
        );
        let mut out = tokio::io::stdout();
        out.write_all(script.as_bytes()).await?;
        out.flush().await?;
        return std::future::pending().await;
    }
    let mut rates = vec![Vec::new(); contenders.len()];
    for _ in 0..rounds {
        for (at, (_, address, request)) in contenders.iter().enumerate() {
            rates[at].push(round(*address, request, Duration::from_secs(seconds), connections).await?);
        }
    }
    let median = |all: &[f64]| {
        let mut all = all.to_vec();
        all.sort_by(f64::total_cmp);
        all[all.len() / 2]
    };
    let base = median(&rates[0]);
    let mut out = String::new();
    for ((name, _, _), rates) in contenders.iter().zip(&rates) {
        let rate = median(rates);
        out.push_str(&format!("{rate:>9.0}/s  {:>5.2}  {name}\n", rate / base));
    }
    tokio::io::stdout().write_all(out.as_bytes()).await?;
    running.shutdown().await;
    Ok(())
}

/// Answers a second, over so many connections that each keep one request under way.
async fn round(address: SocketAddr, request: &str, time: Duration, connections: u64) -> anyhow::Result<f64> {
    let (over, count) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let mut clients = Vec::new();
    let start = Instant::now();
    for _ in 0..connections {
        let (over, count, request) = (Arc::clone(&over), Arc::clone(&count), request.to_owned());
        clients.push(tokio::spawn(async move {
            let mut stream = TcpStream::connect(address).await?;
            stream.set_nodelay(true)?;
            let mut buffer = Vec::new();
            while !over.load(Ordering::Relaxed) {
                stream.write_all(request.as_bytes()).await?;
                answer(&mut stream, &mut buffer).await?;
                count.fetch_add(1, Ordering::Relaxed);
            }
            anyhow::Ok(())
        }));
    }
    tokio::time::sleep(time).await;
    over.store(true, Ordering::Relaxed);
    let rate = count.load(Ordering::Relaxed) as f64 / start.elapsed().as_secs_f64();
    for client in clients {
        client.await??;
    }
    Ok(rate)
}

async fn exchange(address: SocketAddr, request: &str) -> anyhow::Result<Vec<u8>> {
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(request.as_bytes()).await?;
    let mut buffer = Vec::new();
    let body = answer(&mut stream, &mut buffer).await?;
    Ok(buffer[body..].to_vec())
}

/// Reads one answer whole, which must be a 200 with a length, and tells where its body begins.
async fn answer(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> anyhow::Result<usize> {
    buffer.clear();
    loop {
        if stream.read_buf(buffer).await? == 0 {
            anyhow::bail!("the connection ended");
        }
        let Some(head) = buffer.windows(4).position(|four| four == b"\r\n\r\n") else { continue };
        let text = std::str::from_utf8(&buffer[..head])?;
        anyhow::ensure!(text.starts_with("HTTP/1.1 200"), "{text}");
        let length = text.lines().find_map(|line| {
            line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse::<usize>().ok()
        });
        if buffer.len() >= head + 4 + length.unwrap_or(0) {
            return Ok(head + 4);
        }
    }
}
