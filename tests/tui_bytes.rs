//! How many bytes a frame costs: over SSH they are what a person waits for.

#![allow(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

use keybench::actions::keys::Own;
use keybench::config::KnownKey;
use keybench::secret::ApiKey;
use keybench::tui::call::{Answer, Call};
use keybench::tui::msg::Msg;
use keybench::tui::term::backend::TermBackend;
use keybench::tui::testing::Harness;
use keybench::tui::theme::Theme;
use keybench::tui::view::view;
use keybench::wire::{Model, ModelBuild, ModelDeployment, ShortProject, V2KeyDetails, Whole};
use ratatui::Terminal;
use ratatui::layout::Size;
use std::num::NonZeroU16;

/// So many API keys, of which no two look alike.
fn keys(count: usize) -> Vec<V2KeyDetails> {
    let key = |n: usize| V2KeyDetails {
        key_id: format!("{:08x}{:08x}", n * 7919, n * 104_729),
        created_at: format!("2026-11-{:02}T09:{:02}:00Z", n % 20 + 1, n % 60).into(),
        expiry_date: format!("2027-{:02}-{:02}T23:59:59Z", n % 11 + 1, n % 27 + 1).into(),
        comments: format!("service number {n}"),
        audiences: vec!["API".into()],
    };
    (0..count).map(key).collect()
}

/// Answers what was asked: with so many keys, and as many models.
fn answer(harness: &mut Harness, count: usize) {
    for (id, call) in harness.calls() {
        match call {
            Call::ListKeys { username } => {
                harness.answer(id, Answer::Keys { username, answer: Ok(keys(count).into()) });
            }
            Call::ListModels { .. } => {
                let model = |n| Model { id: format!("m{n}"), name: format!("model {n}"), ..Model::default() };
                let page = Answer::ModelsPage((0..count).map(model).collect());
                harness.send(Msg::Progress { id, answer: page });
                harness.answer(id, Answer::ModelsListed(Ok(())));
            }
            Call::Deployment { model_id, .. } => {
                harness.answer(id, Answer::Deployment { model_id, found: Ok(None) });
            }
            _ => {
                harness.shared().requests.finish(id);
            }
        }
    }
    if !harness.effects.is_empty() {
        answer(harness, count);
    }
}

/// A terminal that counts, beside one that shows what the bytes make.
struct Measured {
    harness: Harness,
    terminal: Terminal<TermBackend<Vec<u8>>>,
    screen: vt100::Parser,
}

impl Measured {
    fn with_keys(count: usize) -> Self {
        let mut harness = Harness::new().started();
        harness.shared().preferences.theme = Theme::terminal();
        answer(&mut harness, count);
        let backend = TermBackend::new(Vec::new(), || Ok(Size::new(80, 24)));
        let number = |n| NonZeroU16::new(n).unwrap();
        Self {
            harness,
            terminal: Terminal::new(backend).unwrap(),
            screen: vt100::Parser::new(number(24), number(80), 0),
        }
    }

    /// Draws, checks that the bytes make the picture that was drawn, and counts them.
    fn draw(&mut self) -> usize {
        let ui = &self.harness.ui;
        self.terminal.draw(|frame| view(ui, frame)).unwrap();
        let bytes = self.terminal.backend_mut().take_written();
        self.screen.process(&bytes);
        let wanted = self.harness.screen(80, 24);
        let shown: Vec<String> =
            self.screen.screen().rows(0, 80).map(|row| row.trim_end().to_owned()).collect();
        assert_eq!(shown.join("\n") + "\n", wanted, "the bytes make another picture");
        bytes.len()
    }

    fn key(&mut self, key: &str) -> usize {
        self.harness.keys(key);
        self.draw()
    }
}

#[test]
fn the_first_frame_is_small() {
    let bytes = Measured::with_keys(0).draw();
    assert!(bytes <= 3_000, "{bytes} bytes");
}

#[test]
fn moving_the_selection_costs_little() {
    let mut measured = Measured::with_keys(10);
    measured.draw();
    let costs: Vec<usize> = (0..8).map(|_| measured.key("j")).collect();
    let most = costs.iter().max().unwrap();
    assert!(*most <= 240, "{costs:?}");
    assert_eq!(measured.draw(), 0, "nothing changed, nothing is sent");
}

/// The demo's list: short, with a signed-in key at hand, one that expires soon and one that has.
#[test]
fn moving_in_the_demo_costs_little() {
    let mut measured = Measured::with_keys(0);
    let key = |id: &str, expires: &str, comment: &str| V2KeyDetails {
        key_id: id.repeat(16),
        created_at: "2026-11-23T09:14:00Z".into(),
        expiry_date: format!("{expires}T23:59:59Z").into(),
        comments: comment.into(),
        audiences: vec!["API".into()],
    };
    let listed = vec![
        key("93bf", "2027-11-23", "credentials.json"),
        key("65cc", "2026-12-01", "dashboard"),
        key("1667", "2026-10-02", "old demo"),
    ];
    let session = &mut measured.harness.shared().session;
    session.own = Own::default().signed_in_with(listed[0].key_id.clone());
    session.known_keys.push(KnownKey {
        label: "owner (demo)".into(),
        username: "owner".into(),
        key_id: Some(listed[0].key_id.clone()),
        key: ApiKey::from_workbench("not a key"),
        tests: 0,
    });
    measured.harness.keys("<ctrl-r>");
    for (id, call) in measured.harness.calls() {
        if let Call::ListKeys { username } = call {
            measured.harness.answer(id, Answer::Keys { username, answer: Ok(listed.clone().into()) });
        }
    }
    measured.draw();
    // The last steps are to the legacy key and back: they change the hints, too.
    let costs = ["j", "k", "j", "j", "k", "j", "j", "k"].map(|key| measured.key(key));
    assert!(costs.iter().all(|cost| *cost <= 240), "{costs:?}");
}

/// The demo's models: most differ in all that is drawn, and have a long description.
#[test]
fn moving_through_the_models_of_the_demo_costs_little() {
    let mut measured = Measured::with_keys(0);
    measured.key("2");
    let model = |project: &str, name: &str, description: &str| Model {
        id: name.to_owned(),
        name: name.to_owned(),
        auth_enabled: project != "playground",
        description: description.to_owned(),
        project: ShortProject { name: project.to_owned(), ..ShortProject::default() },
        ..Model::default()
    };
    let models = vec![
        model("churn-prod", "add", r#"Adds two numbers. Example: {"a": 3, "b": 5}"#),
        model(
            "churn-prod",
            "churn",
            r#"How likely a customer is to leave: a logistic regression. Example: {"tenure_months": 5, "autopay": false}"#,
        ),
        model(
            "churn-prod",
            "flaky",
            r#"Fails with the probability p; the same way each time where a seed is given. Example: {"p": 0.3, "seed": 7}"#,
        ),
        model(
            "churn-prod",
            "slow",
            r#"Sleeps for `ms` milliseconds, and answers that number. Example: {"ms": 400}"#,
        ),
        model(
            "fraud-lab",
            "score",
            r#"Scores a card payment with a decision tree. Example: {"amount": 1900, "card_present": false}"#,
        ),
        model("playground", "echo", r#"Answers its request. Needs no API key. Example: {"hello": "world"}"#),
    ];
    for (id, call) in measured.harness.calls() {
        if let Call::ListModels { .. } = call {
            measured.harness.send(Msg::Progress { id, answer: Answer::ModelsPage(models.clone()) });
            measured.harness.answer(id, Answer::ModelsListed(Ok(())));
        }
    }
    for (id, call) in measured.harness.calls() {
        if let Call::Deployment { model_id, .. } = call {
            let deployment = ModelDeployment {
                status: "deployed".into(),
                replicas: Whole(2),
                ..ModelDeployment::default()
            };
            let found = Ok(Some(Box::new((ModelBuild::default(), deployment))));
            measured.harness.answer(id, Answer::Deployment { model_id, found });
        }
    }
    measured.draw();
    let costs = ["j", "j", "j", "j", "j", "k", "k", "k", "k", "k", "G", "g"].map(|key| measured.key(key));
    assert!(costs.iter().all(|cost| *cost <= 240), "{costs:?}");
}

#[test]
fn coming_back_to_a_tab_costs_one_frame_when_nothing_changed() {
    let mut measured = Measured::with_keys(10);
    measured.draw();
    measured.key("2");
    answer(&mut measured.harness, 10);
    measured.draw();
    for tab in ["1", "2", "1", "2"] {
        assert!(measured.key(tab) > 0);
        let calls = std::mem::take(&mut measured.harness.effects);
        assert!(!calls.is_empty(), "the list is fetched again");
        measured.harness.effects = calls;
        answer(&mut measured.harness, 10);
        assert_eq!(measured.draw(), 0, "tab {tab}: the same list, the same screen");
    }
}

#[test]
fn scrolling_by_one_lets_the_terminal_move_the_rows() {
    let mut measured = Measured::with_keys(200);
    measured.draw();
    for _ in 0..18 {
        measured.key("j");
    }
    let costs: Vec<usize> = (0..20).map(|_| measured.key("j")).collect();
    assert!(costs.iter().all(|cost| *cost <= 400), "{costs:?}");
    measured.key("G");
    for _ in 0..18 {
        measured.key("k");
    }
    let costs: Vec<usize> = (0..20).map(|_| measured.key("k")).collect();
    assert!(costs.iter().all(|cost| *cost <= 400), "{costs:?}");
}

#[test]
fn any_walk_through_the_screens_arrives_whole() {
    let mut measured = Measured::with_keys(60);
    for keys in [
        "G",
        "g",
        "?",
        "<esc>",
        "n",
        "]",
        "]",
        "<esc>",
        "/12",
        "<esc>",
        "3",
        "]",
        "1",
        "<pagedown>",
        "<pageup>",
        "jjjj",
        "d",
        "<esc>",
    ] {
        measured.key(keys);
    }
}
