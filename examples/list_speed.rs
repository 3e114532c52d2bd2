//! How long the interface takes with many models: `cargo run --release --example list_speed -- 100000`.
//!
//! Prints the time of each step in microseconds, as JSON on one line. Nothing is sent anywhere: the
//! answers of the workbench are made up, and frames are drawn into memory.

use std::time::Instant;

use keybench::tui::msg::{Msg, Reply};
use keybench::tui::screens::models;
use keybench::tui::testing::{Harness, draw};
use keybench::wire::{Model, ShortProject};

fn model(n: u64) -> Model {
    // Projects in no order, as a list that is not sorted has them.
    let project = n.wrapping_mul(2_654_435_761) % 1000;
    Model {
        id: format!("{n:08x}-0000-4000-8000-{project:012x}"),
        name: format!("model-{n:06}"),
        description: "A model among many. Example: {\"a\": 3, \"b\": 5}".to_owned(),
        access_key: format!("m{n:031}"),
        auth_enabled: true,
        project: ShortProject {
            public_identifier: format!("{project:012x}"),
            name: format!("project-{project:04}"),
            ..ShortProject::default()
        },
        ..Model::default()
    }
}

fn main() {
    let models: u64 = std::env::args().nth(1).and_then(|count| count.parse().ok()).unwrap_or(100_000);
    let mut harness = Harness::new();
    harness.keys("2");
    let listing = harness.calls().into_iter().find_map(|(id, call)| {
        matches!(call, keybench::tui::effect::Call::Models(models::Call::List { .. })).then_some(id)
    });
    let Some(id) = listing else { return };
    let mut figures = vec![("models".to_owned(), models)];
    let mut slowest = 0;
    for page in 0..models.div_ceil(500) {
        let rows = (page * 500..models.min((page + 1) * 500)).map(model).collect();
        let begin = Instant::now();
        harness.send(Msg::Progress { id, reply: Reply::Models(models::Reply::Page(rows)) });
        slowest = slowest.max(begin.elapsed().as_micros());
    }
    figures.push(("slowest page".to_owned(), u64::try_from(slowest).unwrap_or(u64::MAX)));
    harness.reply(id, Reply::Models(models::Reply::Listed(Ok(()))));
    for (columns, rows) in [(80, 24), (200, 50)] {
        harness.app.size = (columns, rows);
        for (name, keys) in [
            ("down", "<down>"),
            ("page", "<pagedown>"),
            ("end", "<end>"),
            ("filter, one letter", "/5"),
            ("filter, one more", "7"),
            ("no filter", "<esc>"),
            ("by name", "o"),
            ("by status", "o"),
            ("by replicas", "o"),
            ("by project", "o"),
            ("home", "<home>"),
        ] {
            let begin = Instant::now();
            harness.keys(keys);
            let buffer = draw(&harness.app, columns, rows);
            let took = begin.elapsed().as_micros();
            assert_eq!(buffer.area.width, columns);
            figures.push((format!("{name} at {columns}x{rows}"), u64::try_from(took).unwrap_or(u64::MAX)));
        }
    }
    let line: Vec<String> = figures.iter().map(|(name, value)| format!("{name:?}: {value}")).collect();
    // The figures are what the program is for.
    #[expect(clippy::print_stdout, reason = "the result")]
    {
        println!("{{{}}}", line.join(", "));
    }
}
