//! The cost of finding the owner of a key, with few keys and with many: in the store alone, and as
//! a whole request whose key is not cached.
//!
//! `cargo run --release --example key_lookup [KEYS…]` (default: 10, 10 000 and 1 000 000)

#![allow(clippy::print_stdout, reason = "a measurement is for reading")]

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use keybench::workbench::store::StoreError;
use keybench::workbench::store::keys::{self, KeyHash};
use keybench::workbench::{self, Options, Seed};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Look-ups of each kind.
const LOOKUPS: usize = 5_000;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let counts: Vec<u64> = std::env::args().skip(1).map(|text| text.parse()).collect::<Result<_, _>>()?;
    let counts = if counts.is_empty() { vec![10, 10_000, 1_000_000] } else { counts };
    println!(
        "{:>10} {:>10} {:>10} {:>22} {:>22}",
        "keys", "seeding", "store", "look-up (p50, p99)", "request (p50, p99)"
    );
    for keys in counts {
        measure(keys).await?;
    }
    Ok(())
}

async fn measure(count: u64) -> anyhow::Result<()> {
    let data = tempfile::tempdir()?;
    let mut options = Options::new(data.path());
    options.seed = Seed::Scale { keys: count, models: 1, users: 0 };
    options.listen = SocketAddr::from(([127, 0, 0, 1], 0));
    let began = Instant::now();
    let running = workbench::start(options).await?;
    let seeding = began.elapsed();

    let store = running.workbench().store();
    let found = store.read(look_up).await?;
    let asked = requests(running.url.trim_start_matches("http://")).await?;
    let files =
        ["workbench.sqlite", "workbench.sqlite-wal"].map(|name| std::fs::metadata(data.path().join(name)));
    let size: u64 = files.into_iter().flatten().map(|file| file.len()).sum();
    println!(
        "{count:>10} {:>8.1} s {:>7.1} MB {:>22} {:>22}",
        seeding.as_secs_f64(),
        size as f64 / 1e6,
        quantiles(found),
        quantiles(asked)
    );
    running.shutdown().await;
    Ok(())
}

/// Finds the owners of keys from all over the table.
fn look_up(db: &rusqlite::Connection) -> Result<Vec<Duration>, StoreError> {
    let last: i64 = db.query_row("SELECT max(id) FROM api_keys", [], |row| row.get(0))?;
    let mut select = db.prepare("SELECT hash FROM api_keys WHERE id = ?")?;
    let mut times = Vec::with_capacity(LOOKUPS);
    for n in 0..LOOKUPS as i64 {
        // A step prime to most counts reaches every part of the table.
        let hash: KeyHash = select.query_row([1 + n * 7_919_993 % last], |row| row.get(0))?;
        let began = Instant::now();
        let owner = keys::owner_of(db, &hash)?;
        times.push(began.elapsed());
        assert!(owner.is_some());
    }
    Ok(times)
}

/// Uses unknown keys: each is looked up in the store, none is cached.
async fn requests(address: &str) -> anyhow::Result<Vec<Duration>> {
    let mut stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let mut buffer = vec![0; 64 * 1024];
    let mut times = Vec::with_capacity(LOOKUPS);
    for n in 0..LOOKUPS {
        let request = format!(
            "GET /api/v2/projects HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {n:064x}.{n:064x}\r\n\r\n"
        );
        let began = Instant::now();
        stream.write_all(request.as_bytes()).await?;
        let length = stream.read(&mut buffer).await?;
        times.push(began.elapsed());
        anyhow::ensure!(buffer[..length].starts_with(b"HTTP/1.1 401"), "not a refusal");
    }
    Ok(times)
}

fn quantiles(mut times: Vec<Duration>) -> String {
    times.sort_unstable();
    let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize].as_secs_f64() * 1e6;
    format!("{:.1} µs, {:.1} µs", at(0.5), at(0.99))
}
