//! The interface against a real embedded workbench, without a terminal: keys in, effects carried
//! out, answers delivered, and a wait for what the screen shall show.

#![allow(dead_code, reason = "each test binary uses its part")]
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use keybench::api::{Client, ClientOptions};
use keybench::config::{KnownKey, Session, Store};
use keybench::tui::effect::{Copied, Effect};
use keybench::tui::msg::Msg;
use keybench::tui::runner::Runner;
use keybench::tui::testing::{draw, mono, parse_keys, text};
use keybench::tui::{Beginning, Preferences, Ui, update};
use keybench::workbench::{self, Options, Running, Seed};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

/// Longer than anything here takes, so that a wait ends in a failure and not in a hang.
const PATIENCE: Duration = Duration::from_secs(60);

/// A signed-in interface, and the workbench that it talks to.
pub struct Flow {
    pub ui: Ui,
    running: Option<Running>,
    /// What was sent to the clipboard.
    pub copied: Vec<String>,
    session: Option<Session>,
    runner: Runner,
    inbox: UnboundedReceiver<Msg>,
    _data: Option<tempfile::TempDir>,
}

impl Flow {
    /// The demo's workbench, signed in as `username`, the keys of all its users known.
    pub async fn demo(username: &str) -> Self {
        Self::demo_with(username, mono(), None).await
    }

    /// The same with these preferences, and a folder for what is noted of keys.
    pub async fn demo_with(username: &str, preferences: Preferences, store: Option<Store>) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let data = tempfile::tempdir().unwrap();
        let mut options = Options::new(data.path().join("workbench"));
        options.seed = Seed::Demo;
        options.listen = ([127, 0, 0, 1], 0).into();
        let running = workbench::start(options).await.unwrap();
        let credentials = running.credentials().unwrap();
        let own = credentials.iter().find(|credential| credential.username == username).unwrap();
        let mut options = ClientOptions::new(&running.url);
        options.key = Some(own.api_key.clone());
        options.model_url = Some(running.model_service_url.clone());
        let mut session = Session::new(Client::new(options).unwrap());
        session.username = Some(username.to_owned());
        session.label = "demo".to_owned();
        session.store = store;
        session.known_keys = credentials
            .iter()
            .map(|credential| KnownKey {
                label: format!("{} (demo)", credential.username),
                username: credential.username.clone(),
                key_id: Some(credential.key_id.clone()),
                key: credential.api_key.clone(),
                tests: 0,
            })
            .collect();
        Self { running: Some(running), _data: Some(data), ..Self::of(Some(session), preferences) }
    }

    /// Signed in with a session, or at the first-run screen.
    pub fn of(session: Option<Session>, preferences: Preferences) -> Self {
        let (replies, inbox) = unbounded_channel();
        let runner = Runner::new(session.clone().map(Arc::new), replies);
        let ui = Ui::new(&Beginning::Welcome, Preferences::default(), Timestamp::now());
        let mut flow = Self { ui, running: None, copied: Vec::new(), session, runner, inbox, _data: None };
        flow.start(preferences);
        flow
    }

    fn start(&mut self, preferences: Preferences) {
        let beginning = match &self.session {
            Some(session) => Beginning::Session(Box::new(session.clone())),
            None => Beginning::Welcome,
        };
        self.ui = Ui::new(&beginning, preferences, Timestamp::now());
        let effects = update::start(&mut self.ui, Timestamp::now(), beginning);
        self.carry_out(effects);
    }

    /// URL of the workbench.
    pub fn url(&self) -> String {
        self.running.as_ref().unwrap().url.clone()
    }

    /// Another start of the program, with the same preferences at the same workbench.
    pub fn start_again(&mut self) {
        let preferences = std::mem::take(&mut self.ui.shared.preferences);
        self.start(preferences);
    }

    /// The secret of a seeded user.
    pub fn key_of(&self, username: &str) -> String {
        let credentials = self.running.as_ref().unwrap().credentials().unwrap();
        credentials.iter().find(|c| c.username == username).unwrap().api_key.expose().to_owned()
    }

    pub fn keys(&mut self, keys: &str) {
        for key in parse_keys(keys) {
            self.deliver(Msg::Key(key));
        }
    }

    pub fn paste(&mut self, text: &str) {
        self.deliver(Msg::Paste(text.to_owned()));
    }

    pub fn screen(&self) -> String {
        let (columns, rows) = self.ui.shared.size;
        text(&draw(&self.ui, columns, rows))
    }

    /// Names of the layers above the tab, the topmost last.
    pub fn layers(&self) -> Vec<&'static str> {
        self.ui.stack.names()
    }

    fn deliver(&mut self, msg: Msg) {
        let effects = update::update(&mut self.ui, Timestamp::now(), msg);
        self.carry_out(effects);
    }

    fn carry_out(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Start { id, call } => self.runner.start(id, call),
                Effect::Cancel(id) => self.runner.cancel(id),
                Effect::Copy(Copied::Text(text)) => self.copied.push(text),
                Effect::Copy(Copied::Key(key)) => self.copied.push(key.expose().to_owned()),
                Effect::UseSession(session) => self.runner.use_session(Arc::from(session)),
                Effect::NameUser(username) => self.runner.name_user(username),
                Effect::Host(embedded) => self.runner.host(*embedded),
                Effect::Suspend
                | Effect::Repaint
                | Effect::Edit(_)
                | Effect::Notify(_)
                | Effect::Mouse(_)
                | Effect::Quit => {}
            }
        }
    }

    /// Delivers answers until the screen satisfies `wanted`.
    pub async fn wait(&mut self, what: &str, wanted: impl Fn(&str) -> bool) {
        let deadline = tokio::time::Instant::now() + PATIENCE;
        // As the event loop does it while something is in flight or changing.
        let mut ticks = tokio::time::interval(Duration::from_millis(250));
        while !wanted(&self.screen()) {
            tokio::select! {
                message = self.inbox.recv() => match message {
                    Some(Msg::TaskPanicked(panic)) => panic!("a task panicked: {panic}"),
                    Some(message) => self.deliver(message),
                    None => panic!("nobody answers any more"),
                },
                _ = ticks.tick() => self.deliver(Msg::Tick),
                () = tokio::time::sleep_until(deadline) => panic!("{what} did not come:\n{}", self.screen()),
            }
        }
    }

    /// Delivers answers until none is awaited.
    pub async fn idle(&mut self) {
        while !self.ui.shared.requests.running().is_empty() {
            let message = self.inbox.recv().await.unwrap();
            self.deliver(message);
        }
    }

    /// Delivers answers until the screen shows `text`, in one line or broken over several.
    pub async fn shows(&mut self, text: &str) {
        let flowing =
            |screen: &str| screen.replace('│', " ").split_whitespace().collect::<Vec<_>>().join(" ");
        self.wait(text, |screen| screen.contains(text) || flowing(screen).contains(text)).await;
    }
}
