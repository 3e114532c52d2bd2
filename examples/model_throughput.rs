//! What a model call of the embedded workbench costs, beside a bare axum handler and over TLS. One
//! process serves all of them on one core, this one asks from another; rounds alternate, so that a busy
//! moment hits each.
//!
//! `taskset -c 1 cargo run --release --example model_throughput [ROUNDS [SECONDS [CONNECTIONS]]]`
//!
//! For each it prints the median of the answers a second, and of the server's own time for one answer,
//! which other programs on the machine disturb less.

use std::net::SocketAddr;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use axum::Json;
use axum::body::Bytes;
use axum::routing::post;
use keybench::workbench::{self, Options, Running, Seed};
use rustls::pki_types::{CertificateDer, ServerName, pem::PemObject as _};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::io::{
    AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, BufReader,
};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsConnector;

/// The core of the server.
const CORE: &str = "0";

/// A server that answers.
#[derive(Serialize, Deserialize)]
struct Contender {
    name: String,
    address: SocketAddr,
    /// The authority to trust, where it speaks TLS.
    authority: Option<String>,
    request: String,
}

fn main() -> anyhow::Result<()> {
    // Already installed is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    match std::env::args().nth(1).as_deref() {
        Some("serve") => runtime.block_on(serve()),
        _ => runtime.block_on(compare()),
    }
}

async fn compare() -> anyhow::Result<()> {
    let numbers: Vec<u64> = std::env::args().skip(1).map(|text| text.parse()).collect::<Result<_, _>>()?;
    let [rounds, seconds, connections] =
        std::array::from_fn(|at| numbers.get(at).copied().unwrap_or([5, 2, 16][at]));
    let mut server = tokio::process::Command::new("taskset");
    server.args(["-c", CORE]).arg(std::env::current_exe()?).arg("serve");
    let mut server = server.stdout(Stdio::piped()).kill_on_drop(true).spawn().context("taskset")?;
    let mut lines = BufReader::new(server.stdout.take().context("no output")?).lines();
    let line = lines.next_line().await?.context("the server ended")?;
    let contenders: Vec<Contender> = serde_json::from_str(&line)?;
    // taskset became the server.
    let process = server.id().context("the server ended")?;

    let mut measured = vec![Vec::new(); contenders.len()];
    for _ in 0..rounds {
        for (at, contender) in contenders.iter().enumerate() {
            let before = time_of(process)?;
            let (answers, rate) = round(contender, Duration::from_secs(seconds), connections).await?;
            measured[at].push((rate, (time_of(process)? - before) / answers as f64));
        }
    }
    let median = |mut all: Vec<f64>| {
        all.sort_by(f64::total_cmp);
        all[all.len() / 2]
    };
    let [rate, cost] = [|it: &(f64, f64)| it.0, |it: &(f64, f64)| it.1]
        .map(|of| measured.iter().map(|all| median(all.iter().map(of).collect())).collect::<Vec<_>>());
    let mut out = String::new();
    for (at, Contender { name, .. }) in contenders.iter().enumerate() {
        let (rate, cost, times) = (rate[at], cost[at], cost[at] / cost[0]);
        out.push_str(&format!("{rate:>9.0}/s  {cost:>6.1} µs  {times:>5.2}  {name}\n"));
    }
    tokio::io::stdout().write_all(out.as_bytes()).await?;
    Ok(())
}

/// Microseconds that all threads of a process have run so far.
fn time_of(process: u32) -> anyhow::Result<f64> {
    let mut all = 0.0;
    for thread in std::fs::read_dir(format!("/proc/{process}/task"))? {
        let text = std::fs::read_to_string(thread?.path().join("schedstat"))?;
        all += text.split(' ').next().unwrap_or_default().parse::<f64>()?;
    }
    Ok(all / 1000.0)
}

/// Serves all contenders until it is killed.
async fn serve() -> anyhow::Result<()> {
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
    let bare = TcpListener::bind("127.0.0.1:0").await?;
    let bare_address = bare.local_addr()?;
    tokio::spawn(async move { axum::serve(bare, router).await });
    let folder = tempfile::tempdir()?;
    let (plain, call) = start(&folder.path().join("plain"), false).await?;
    let (encrypted, encrypted_call) = start(&folder.path().join("tls"), true).await?;
    let made = encrypted.certificates.as_ref().context("no certificate")?;
    let authority = std::fs::read_to_string(&made.authority)?;

    let add = json!({"a": 3, "b": 5});
    let churn =
        json!({"tenure_months": 5, "monthly_charge": 89.5, "support_calls": 4, "contract": "monthly"});
    let at = |running: &Running| running.url.rsplit('/').next().unwrap_or_default().parse::<SocketAddr>();
    let here = at(&plain)?;
    let contender =
        |name: &str, address, request| Contender { name: name.to_owned(), address, authority: None, request };
    let mut all = vec![
        contender("bare axum handler, body as bytes", bare_address, call("/bytes", "add", &add)),
        contender("bare axum handler, body as JSON", bare_address, call("/json", "add", &add)),
        contender("workbench, churn-prod/add, authenticated", here, call("/model", "add", &add)),
        contender("workbench, churn-prod/churn, authenticated", here, call("/model", "churn", &churn)),
        contender(
            "workbench, playground/echo, no authentication",
            here,
            call("/model", "echo", &json!({"hello": "world"})),
        ),
    ];
    let request = encrypted_call("/model", "add", &add);
    let over_tls = contender("workbench, churn-prod/add, authenticated, TLS", at(&encrypted)?, request);
    all.push(Contender { authority: Some(authority), ..over_tls });
    let line = serde_json::to_string(&all)? + "\n";
    let mut out = tokio::io::stdout();
    out.write_all(line.as_bytes()).await?;
    out.flush().await?;
    std::future::pending().await
}

/// A workbench with demo data, and how its models are called by `owner`.
async fn start(
    data: &std::path::Path,
    tls: bool,
) -> anyhow::Result<(Running, impl Fn(&str, &str, &Value) -> String + use<>)> {
    let mut options = Options::new(data);
    options.seed = Seed::Demo;
    options.listen = SocketAddr::from(([127, 0, 0, 1], 0));
    options.tls = tls;
    let running = workbench::start(options).await?;
    let owner = running.credentials()?.into_iter().find(|it| it.username == "owner");
    let key = owner.context("there is no owner")?.api_key;
    let sql = "SELECT name, access_key FROM models";
    let read = running.workbench().store().read(move |db| {
        let mut select = db.prepare(sql)?;
        let rows = select.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok::<_, workbench::store::StoreError>(rows.collect::<Result<Vec<(String, String)>, _>>()?)
    });
    let models = read.await?;
    let call = move |path: &str, model: &str, request: &Value| {
        let access_key = models.iter().find(|(name, _)| name == model).map(|(_, key)| key);
        let body = json!({"accessKey": access_key, "request": request}).to_string();
        let (length, key) = (body.len(), key.expose());
        format!(
            "POST {path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {key}\r\ncontent-type: application/json\r\n\
             content-length: {length}\r\n\r\n{body}"
        )
    };
    Ok((running, call))
}

trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

async fn connect(contender: &Contender) -> anyhow::Result<Box<dyn Stream>> {
    let stream = TcpStream::connect(contender.address).await?;
    stream.set_nodelay(true)?;
    let Some(authority) = &contender.authority else { return Ok(Box::new(stream)) };
    let mut roots = rustls::RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(authority.as_bytes())?)?;
    let config = rustls::ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    let name = ServerName::from(contender.address.ip());
    Ok(Box::new(TlsConnector::from(Arc::new(config)).connect(name, stream).await?))
}

/// Answers, and answers a second, over so many connections that each keep one request under way.
async fn round(contender: &Contender, time: Duration, connections: u64) -> anyhow::Result<(u64, f64)> {
    let (over, count) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let mut streams = Vec::new();
    for _ in 0..connections {
        streams.push(connect(contender).await?);
    }
    let start = Instant::now();
    let mut clients = Vec::new();
    for mut stream in streams {
        let (over, count, request) = (Arc::clone(&over), Arc::clone(&count), contender.request.clone());
        clients.push(tokio::spawn(async move {
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
    Ok((count.load(Ordering::Relaxed), rate))
}

/// Reads one answer whole, which must be a 200 with a length.
async fn answer(stream: &mut Box<dyn Stream>, buffer: &mut Vec<u8>) -> anyhow::Result<()> {
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
            return Ok(());
        }
    }
}
