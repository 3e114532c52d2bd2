//! Lists that are longer than could be held: they are printed while they come.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::Stdio;
use std::time::Duration;

use crate::commands::high_water;
use crate::support::bench::Home;
use crate::support::made_up_key;

/// More than 100 MiB, with their long names.
const KEYS: usize = 100_000;

fn row(n: usize) -> String {
    let comma = if n > 0 { "," } else { "" };
    format!(
        r#"{comma}{{"key_id":"{n:064x}","created_at":"2026-11-27T09:00:00Z","expiry_date":"2099-11-27T23:59:59Z","comments":"key {n} {NAME}","audiences":["API"]}}"#,
        NAME = "x".repeat(900)
    )
}

/// A workbench that lists so many keys to everybody; each time it is asked, `last` is written after them.
fn workbench(keys: usize, last: &'static str) -> (String, std::sync::mpsc::Receiver<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (asked, count) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        while let Ok((stream, _)) = listener.accept() {
            let asked = asked.clone();
            std::thread::spawn(move || answer(&stream, keys, last, &asked));
        }
    });
    (url, count)
}

fn answer(stream: &TcpStream, keys: usize, last: &str, asked: &std::sync::mpsc::Sender<()>) {
    let mut reader = BufReader::new(stream);
    let mut lines = reader.by_ref().lines().map_while(Result::ok);
    let is_list = lines.next().is_some_and(|line| line.contains("/v2_keys"));
    let head: Vec<String> = lines.take_while(|line| !line.is_empty()).collect();
    // What is not read when the connection is closed would cost the answer.
    let length =
        head.iter().find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
    let _ = reader.read_exact(&mut vec![0; length.unwrap_or(0)]);
    let mut out = std::io::BufWriter::with_capacity(1 << 16, stream);
    if !is_list {
        let owner = r#"{"valid":true,"username":"owner"}"#;
        let _ = write!(
            out,
            "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{owner}",
            owner.len()
        );
        return;
    }
    let _ = asked.send(());
    // Of a length that is announced, so that an early end is seen.
    let rows: usize = (0..keys).map(|n| row(n).len()).sum();
    let whole = r#"{"keys":["#.len() + rows + "]}".len();
    let _ =
        write!(out, "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {whole}\r\n\r\n{{\"keys\":[");
    for n in 0..keys {
        if out.write_all(row(n).as_bytes()).is_err() {
            return;
        }
    }
    let _ = out.write_all(last.as_bytes());
}

fn home(url: &str) -> Home {
    let mut home = Home::new();
    home.set("KEYBENCH_URL", url);
    home.set("KEYBENCH_API_KEY", &made_up_key('a'));
    home
}

#[test]
fn a_list_that_could_not_be_held_is_printed_in_less_than_it_takes() {
    for (arguments, lines) in [
        (&["keys", "list", "--timeout", "5m"][..], KEYS + 1),
        (&["keys", "list", "--json", "--timeout", "5m"], KEYS + 2),
    ] {
        let (url, _) = workbench(KEYS, "]}");
        let home = home(&url);
        let mut command = home.command(arguments);
        let out = home.path("out");
        let mut child = command.stdout(File::create(&out).unwrap()).stderr(Stdio::inherit()).spawn().unwrap();
        let mut memory = 0;
        let status = loop {
            memory = high_water(child.id()).unwrap_or(memory);
            if let Some(status) = child.try_wait().unwrap() {
                break status;
            }
            // The kernel forgets it with the process, and no event says that it is about to end.
            std::thread::park_timeout(Duration::from_millis(2));
        };
        assert!(status.success(), "{arguments:?}: {status}");
        let printed = BufReader::new(File::open(&out).unwrap()).lines().count();
        println!("{}: {printed} lines, {} MiB at most", arguments.join(" "), memory >> 10);
        assert_eq!(printed, lines, "{arguments:?}");
        // 60 to 70, more on a busy machine.
        assert!(0 < memory && memory < 90 << 10, "{arguments:?}: {} MiB", memory >> 10);
    }
}

#[test]
fn a_list_that_breaks_off_is_an_error_and_not_printed_twice() {
    // Nothing is printed of the short one.
    for (keys, whole) in [(500, true), (30_000, false)] {
        let (url, asked) = workbench(keys, "");
        let done = home(&url).run(&["keys", "list", "--timeout", "5m"]);
        assert_eq!(done.code, 5, "{keys}: {}", done.err);
        assert!(done.err.contains("listing API keys"), "{}", done.err);
        assert_eq!(asked.try_iter().count(), 1, "{keys}: {}", done.err);
        assert_eq!(done.out.is_empty(), whole, "{keys}: {}", done.err);
    }
}

/// Someone reads the beginning of a list in a pager, for longer than a request may take.
#[test]
fn who_reads_slowly_reads_all() {
    // More than is held before anything is printed.
    let keys = 25_000;
    let (url, _) = workbench(keys, "]}");
    let home = home(&url);
    let mut child = home.command(&["keys", "list", "--timeout", "10s"]).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(lines.next().is_some_and(|line| line.unwrap().starts_with("STATUS")));
    std::thread::sleep(Duration::from_secs(11));
    assert_eq!(lines.count(), keys);
    assert!(child.wait().unwrap().success());
}
