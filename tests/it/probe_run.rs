//! Runs against a server with a known latency: are the figures right, does a stall count, does a
//! stop leave nothing behind.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use keybench::probe::run::{MAX_REQUESTS, Plan, Run, Stage, StopReason, Summary, start};
use keybench::probe::{ModelCallTarget, ModelRequest, Transport, TransportOptions};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::time::{Instant, sleep};

/// What the server does with request number n, counted over all connections from 0.
type Behaviour = dyn Fn(u64) -> Reply + Send + Sync;

#[derive(Clone, Default)]
struct Reply {
    delay: Duration,
    status: u16,
    body: String,
    close: bool,
    /// Disconnects without an answer.
    hang_up: bool,
    /// Closes after the answer without having said so.
    vanish: bool,
}

fn passed(replica: &str, delay: Duration) -> Reply {
    let body = format!("{{\"success\":true,\"response\":{{\"x\":1}},\"ReplicaID\":\"{replica}\"}}");
    Reply { delay, status: 200, body, ..Reply::default() }
}

struct Server {
    url: String,
    open: watch::Receiver<i64>,
    most_at_once: Arc<AtomicU64>,
    connections: Arc<AtomicU64>,
    requests: Arc<AtomicU64>,
}

/// Counts open connections, even if the task is dropped.
struct Open(watch::Sender<i64>);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.send_modify(|open| *open -= 1);
    }
}

impl Server {
    async fn start(behaviour: impl Fn(u64) -> Reply + Send + Sync + 'static) -> Self {
        Self::start_slowly(Duration::ZERO, behaviour).await
    }

    /// Serves nothing on a new connection before `handshake` has passed.
    async fn start_slowly(
        handshake: Duration,
        behaviour: impl Fn(u64) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/model", listener.local_addr().unwrap());
        let (sender, open) = watch::channel(0_i64);
        let behaviour: Arc<Behaviour> = Arc::new(behaviour);
        let requests = Arc::new(AtomicU64::new(0));
        let (at_once, most) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
        let connections = Arc::new(AtomicU64::new(0));
        let server = Self {
            url,
            open,
            most_at_once: most.clone(),
            connections: connections.clone(),
            requests: requests.clone(),
        };
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                stream.set_nodelay(true).unwrap();
                connections.fetch_add(1, Ordering::SeqCst);
                sender.send_modify(|open| *open += 1);
                let open = Open(sender.clone());
                let (behaviour, requests) = (behaviour.clone(), requests.clone());
                let (at_once, most) = (at_once.clone(), most.clone());
                tokio::spawn(async move {
                    let _open = open;
                    sleep(handshake).await;
                    serve(stream, &*behaviour, &requests, &at_once, &most).await;
                });
            }
        });
        server
    }

    /// Waits until no connection is open any more.
    async fn all_closed(&mut self) {
        self.open.wait_for(|open| *open == 0).await.unwrap();
    }
}

async fn serve(
    mut stream: TcpStream,
    behaviour: &Behaviour,
    requests: &AtomicU64,
    at_once: &AtomicU64,
    most: &AtomicU64,
) {
    let mut bytes = Vec::new();
    while read_request(&mut stream, &mut bytes).await {
        let now = at_once.fetch_add(1, Ordering::SeqCst) + 1;
        most.fetch_max(now, Ordering::SeqCst);
        let reply = behaviour(requests.fetch_add(1, Ordering::SeqCst));
        // Notices a departing caller while the answer is delayed.
        let gone = tokio::select! {
            () = sleep(reply.delay) => false,
            read = stream.read_u8() => { let _ = read; true }
        };
        at_once.fetch_sub(1, Ordering::SeqCst);
        if gone || reply.hang_up {
            return;
        }
        let close = if reply.close { "Connection: close\r\n" } else { "" };
        let text = format!(
            "HTTP/1.1 {} X\r\n{close}Content-Length: {}\r\n\r\n{}",
            reply.status,
            reply.body.len(),
            reply.body
        );
        if stream.write_all(text.as_bytes()).await.is_err() || reply.close || reply.vanish {
            return;
        }
    }
}

async fn read_request(stream: &mut TcpStream, bytes: &mut Vec<u8>) -> bool {
    bytes.clear();
    loop {
        if let Some(end) = bytes.windows(4).position(|w| w == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&bytes[..end]).to_lowercase();
            let length = head.lines().find_map(|line| line.strip_prefix("content-length:"));
            if bytes.len() >= end + 4 + length.map_or(0, |v| v.trim().parse().unwrap()) {
                return true;
            }
        }
        if stream.read_buf(bytes).await.unwrap_or(0) == 0 {
            return false;
        }
    }
}

fn begin(plan: Plan, url: &str) -> Run {
    begin_patiently(plan, url, Duration::from_secs(30))
}

fn begin_patiently(plan: Plan, url: &str, timeout: Duration) -> Run {
    let transport = Transport::new(TransportOptions { timeout, ..TransportOptions::default() }).unwrap();
    let target = ModelCallTarget { url: url.to_owned(), access_key: "m1".to_owned() };
    start(plan, &transport, &target, None, &ModelRequest::parse("{}").unwrap()).unwrap()
}

async fn finish(plan: Plan, url: &str) -> Arc<Summary> {
    begin(plan, url).finished().await
}

fn count(count: u64, concurrency: u32) -> Plan {
    Plan { count: Some(count), concurrency: Some(concurrency), ..Plan::default() }
}

const MS: Duration = Duration::from_millis(1);

#[tokio::test]
async fn a_fixed_latency_is_reported_as_it_is_and_connections_are_kept() {
    let server = Server::start(|_| passed("r1", 20 * MS)).await;
    let begun = Instant::now();
    let summary = finish(count(40, 4), &server.url).await;
    let took = begun.elapsed().as_secs_f64() * 1e3;
    assert_eq!((summary.total, summary.ok, summary.errors), (40, 40, 0));
    assert_eq!((summary.stage, summary.stopped_by), (Stage::Done, Some(StopReason::Count)));
    let latency = summary.latency;
    assert!(latency.min_ms >= 20.0 && latency.min_ms <= latency.p50_ms, "{latency:?}");
    assert!(latency.p50_ms <= latency.p90_ms && latency.p99_ms <= latency.max_ms, "{latency:?}");
    // Four at a time cannot have waited longer than four clocks ran; the histogram rounds.
    assert!(latency.mean_ms * 40.0 <= took * 4.0 * 1.01, "{latency:?} in {took} ms");
    assert_eq!(summary.service, latency, "without a rate there is one latency");
    assert!(summary.elapsed_s >= 0.2 && summary.rps <= 200.0, "{summary:?}");
    assert_eq!(server.connections.load(Ordering::SeqCst), 4);
    assert_eq!(summary.connections, 4);
    assert_eq!(server.most_at_once.load(Ordering::SeqCst), 4, "exactly as many in flight as asked for");
    assert_eq!(summary.series.iter().map(|point| point.requests).sum::<u64>(), 40);
    assert_eq!(summary.histogram.iter().map(|bar| bar.requests).sum::<u64>(), 40);
}

#[tokio::test]
async fn two_kinds_of_latency_and_two_replicas_are_distinguished() {
    // Every fifth request is slow, and the slow ones come from a separate replica.
    let server = Server::start(|n| match n % 5 {
        4 => passed("slow-1", 80 * MS),
        _ => passed("fast-1", 2 * MS),
    })
    .await;
    let summary = finish(count(200, 2), &server.url).await;
    let latency = summary.latency;
    assert!(latency.min_ms >= 2.0 && latency.p50_ms < latency.p90_ms, "{latency:?}");
    assert!(latency.p90_ms >= 80.0, "{latency:?}");
    let (fast, slow) = (&summary.replicas["fast-1"], &summary.replicas["slow-1"]);
    assert_eq!((fast.requests, slow.requests), (160, 40));
    assert!((slow.share - 0.2).abs() < 1e-9);
    assert!(slow.p50_ms >= 79.0 && fast.p50_ms < slow.p50_ms, "{fast:?} {slow:?}");
}

#[tokio::test]
async fn a_stall_counts_for_every_request_that_was_due_in_it() {
    let server = Server::start(|n| match n {
        20 => passed("r", 600 * MS),
        _ => passed("r", Duration::ZERO),
    })
    .await;
    let plan = Plan { rate: Some(100.0), concurrency: Some(1), count: Some(120), ..Plan::default() };
    let summary = finish(plan, &server.url).await;
    assert_eq!(summary.latency_from, "due");
    assert_eq!(summary.total, 120);
    // Sixty of the requests were due in the stall of 600 ms; one of them was in flight.
    assert!(summary.latency.p90_ms > 300.0, "{:?}", summary.latency);
    assert!(summary.latency.max_ms >= 500.0, "{:?}", summary.latency);
    let service = summary.service;
    assert!(
        service.p90_ms < summary.latency.p90_ms / 2.0,
        "sent to answered tells nothing of it: {service:?}"
    );
}

#[tokio::test]
async fn requests_go_out_when_they_are_due() {
    let server = Server::start(|_| passed("r", MS)).await;
    let second = Duration::from_secs(1);
    let plan = Plan { rate: Some(50.0), duration: Some(second), ..Plan::default() };
    let summary = finish(plan, &server.url).await;
    assert_eq!((summary.total, summary.missed), (50, 0));
    assert_eq!(summary.stopped_by, Some(StopReason::Duration));
    assert!(summary.elapsed_s > 0.9, "{}", summary.elapsed_s);
    // Between the first and the last lie 49 intervals.
    assert!(summary.rps <= 50.0, "{}", summary.rps);
}

#[tokio::test]
async fn ten_requests_at_twenty_a_second_are_twenty_a_second() {
    let server = Server::start(|_| passed("r", MS)).await;
    let summary = finish(Plan { rate: Some(20.0), count: Some(10), ..Plan::default() }, &server.url).await;
    // A busy machine may send the last one later.
    let (rps, elapsed) = (summary.rps, summary.elapsed_s);
    assert!(elapsed >= 0.5 && (rps * elapsed - 10.0).abs() < 1e-6, "{rps} in {elapsed} s");
}

#[tokio::test]
async fn a_slow_handshake_is_paid_for_the_connections_that_the_rate_needs() {
    let server = Server::start_slowly(400 * MS, |_| passed("r", Duration::ZERO)).await;
    let summary = finish(Plan { rate: Some(20.0), count: Some(60), ..Plan::default() }, &server.url).await;
    assert_eq!((summary.total, summary.errors), (60, 0));
    // Those that are due before the first handshake is over need one of their own: eight of them, and more on
    // a busy machine.
    assert!(summary.connections < 40, "{}", summary.connections);
    let (latency, connect) = (summary.latency, summary.connect);
    assert!(latency.p50_ms < 400.0 && latency.max_ms >= 400.0, "most have paid nothing: {latency:?}");
    assert!(connect.max_ms > 0.0 && connect.max_ms < latency.max_ms, "{connect:?} {latency:?}");
}

#[tokio::test]
async fn a_service_that_closes_every_kept_connection_costs_reconnects_and_no_failure() {
    let server = Server::start(|_| Reply { vanish: true, ..passed("r", MS) }).await;
    let at_a_rate = Plan { rate: Some(100.0), count: Some(40), ..Plan::default() };
    for plan in [count(40, 2), at_a_rate] {
        let summary = finish(plan, &server.url).await;
        assert_eq!((summary.ok, summary.errors), (40, 0), "{:?}", summary.failures);
        assert_eq!(summary.connections, 40);
    }
    // Closed before any answer, a new connection is no help.
    let server = Server::start(|_| Reply { hang_up: true, ..Reply::default() }).await;
    let summary = finish(count(5, 1), &server.url).await;
    assert_eq!((summary.failures["cut"], summary.reconnects), (5, 0));
}

#[tokio::test]
async fn what_was_due_and_never_sent_is_reported() {
    let server = Server::start(|_| passed("r", 200 * MS)).await;
    let plan = Plan { rate: Some(100.0), duration: Some(500 * MS), concurrency: Some(2), ..Plan::default() };
    let summary = finish(plan, &server.url).await;
    assert_eq!(summary.total + summary.missed, 50, "{summary:?}");
    assert!(summary.missed >= 40, "{}", summary.missed);
}

#[tokio::test]
async fn failures_are_counted_by_kind_and_the_busy_ones_on_their_own() {
    let server = Server::start(|n| {
        let json = |status, body: &str| Reply { status, body: body.to_owned(), ..Reply::default() };
        match n % 6 {
            0 => json(429, "{\"error\":\"model.busy\"}"),
            1 => json(200, "{\"success\":false,\"ReplicaID\":\"r1\"}"),
            // So that the next request finds a new connection.
            2 => Reply { close: true, ..json(401, "{}") },
            3 => Reply { hang_up: true, ..Reply::default() },
            4 => Reply { close: true, ..passed("r1", Duration::ZERO) },
            _ => passed("r1", Duration::ZERO),
        }
    })
    .await;
    let summary = finish(count(60, 1), &server.url).await;
    assert_eq!((summary.total, summary.ok, summary.errors, summary.busy), (60, 20, 40, 10));
    let failures: Vec<_> = summary.failures.iter().map(|(kind, n)| (kind.as_str(), *n)).collect();
    assert_eq!(failures, [("busy", 10), ("cut", 10), ("model_failed", 10), ("not_authorized", 10)]);
    let statuses: Vec<_> = summary.statuses.iter().map(|(status, n)| (*status, *n)).collect();
    assert_eq!(statuses, [(200, 30), (401, 10), (429, 10)]);
    assert_eq!((summary.replicas["r1"].requests, summary.replicas["r1"].errors), (30, 10));
}

#[tokio::test]
async fn the_warm_up_is_sent_and_not_counted() {
    let server = Server::start(|n| if n < 10 { passed("cold", 50 * MS) } else { passed("warm", MS) }).await;
    let summary = finish(Plan { warmup: 10, ..count(30, 2) }, &server.url).await;
    assert_eq!(server.requests.load(Ordering::SeqCst), 40);
    assert_eq!(summary.total, 30);
    assert_eq!(summary.replicas.keys().collect::<Vec<_>>(), ["warm"]);
}

#[tokio::test]
async fn a_request_without_an_answer_times_out_and_counts_as_long_as_it_was_waited_for() {
    let server = Server::start(|n| match n {
        0 => passed("r", Duration::from_secs(60)),
        _ => passed("r", Duration::ZERO),
    })
    .await;
    let summary = begin_patiently(count(20, 1), &server.url, 2_000 * MS).finished().await;
    assert_eq!(summary.failures["timeout"], 1);
    assert_eq!((summary.total, summary.ok), (20, 19));
    assert!(summary.latency.max_ms >= 1_999.0, "{:?}", summary.latency);
    assert_eq!(summary.connections, 2, "the connection that hung was not used again");
}

#[tokio::test]
async fn a_host_that_does_not_accept_is_asked_at_a_measured_pace() {
    let plan = Plan { duration: Some(500 * MS), concurrency: Some(2), ..Plan::default() };
    let summary = finish(plan, "http://127.0.0.1:1/model").await;
    assert_eq!(summary.failures["connect"], summary.total);
    assert!(summary.total >= 2 && summary.total <= 12, "{}", summary.total);
}

#[tokio::test]
async fn a_run_that_is_stopped_leaves_nothing_in_flight_and_a_complete_result() {
    let mut server = Server::start(|n| match n {
        0..20 => passed("r", MS),
        _ => passed("r", Duration::from_secs(600)),
    })
    .await;
    let run = begin(count(1000, 8), &server.url);
    let mut progress = run.progress();
    progress.wait_for(|summary| summary.total >= 20 && summary.in_flight == 8).await.unwrap();
    run.stop();
    let summary = run.finished().await;
    server.all_closed().await;
    assert_eq!((summary.stage, summary.stopped_by), (Stage::Done, Some(StopReason::Person)));
    assert_eq!((summary.total, summary.ok, summary.abandoned, summary.in_flight), (20, 20, 8, 0));
    assert_eq!(server.requests.load(Ordering::SeqCst), 28, "nothing more was sent");
}

#[tokio::test]
async fn a_run_that_is_dropped_is_over_at_once() {
    let mut server = Server::start(|_| passed("r", Duration::from_secs(600))).await;
    let run = begin(count(1000, 16), &server.url);
    let mut progress = run.progress();
    progress.wait_for(|summary| summary.in_flight == 16).await.unwrap();
    server.open.wait_for(|open| *open == 16).await.unwrap();
    drop(run);
    server.all_closed().await;
    let summary = progress.wait_for(|summary| summary.stage == Stage::Done).await.unwrap().clone();
    assert_eq!((summary.total, summary.abandoned), (0, 16));
}

#[tokio::test]
async fn a_run_without_a_count_ends_at_the_ceiling() {
    let server = Server::start(|_| passed("r", Duration::ZERO)).await;
    let plan = Plan { duration: Some(Duration::from_secs(600)), concurrency: Some(32), ..Plan::default() };
    let summary = finish(plan, &server.url).await;
    assert_eq!((summary.total, summary.stopped_by), (MAX_REQUESTS, Some(StopReason::Ceiling)));
    assert_eq!(server.requests.load(Ordering::SeqCst), MAX_REQUESTS);
}

#[tokio::test]
async fn progress_comes_at_most_twenty_times_a_second() {
    let server = Server::start(|_| passed("r", Duration::ZERO)).await;
    let plan = Plan { duration: Some(Duration::from_secs(1)), concurrency: Some(4), ..Plan::default() };
    let run = begin(Plan { unbounded: true, ..plan }, &server.url);
    let mut progress = run.progress();
    let (mut seen, begun) = (0.0, Instant::now());
    while progress.changed().await.is_ok() {
        seen += 1.0;
        if progress.borrow_and_update().stage == Stage::Done {
            break;
        }
    }
    // And once each at the beginning and at the end.
    let most = begun.elapsed().as_secs_f64() * 20.0 + 3.0;
    assert!((2.0..=most).contains(&seen), "{seen}");
    assert!(run.finished().await.total > 25, "not one a request");
}

#[tokio::test]
async fn a_run_over_tls_keeps_its_connections_too() {
    let (port, _) = crate::probe_support::tls_server(&["localhost"]).await;
    let transport =
        Transport::new(TransportOptions { insecure: true, ..TransportOptions::default() }).unwrap();
    let target = ModelCallTarget { url: format!("https://localhost:{port}/model"), access_key: "m1".into() };
    let request = ModelRequest::parse("{}").unwrap();
    let run = start(count(200, 4), &transport, &target, None, &request).unwrap();
    let summary = run.finished().await;
    assert_eq!((summary.ok, summary.connections), (200, 4), "{:?}", summary.failures);

    // An untrusted certificate is a failure of every request, and counted as one.
    let transport = Transport::new(TransportOptions::default()).unwrap();
    let run = start(count(3, 1), &transport, &target, None, &request).unwrap();
    assert_eq!(run.finished().await.failures["tls"], 3);
}
