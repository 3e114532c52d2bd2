//! Driving the interface without a terminal: keys in, effects and screens out.

use std::time::Duration;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use jiff::Timestamp;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;

use super::beginning::Beginning;
use super::call::{Answer, Call};
use super::effect::Effect;
use super::msg::Msg;
use super::preferences::Preferences;
use super::requests::RequestId;
use super::session::SessionState;
use super::shared::Shared;
use super::theme::Theme;
use super::update::{self, Ui};
use super::{session, view};

/// The interface with a fixed clock, whose effects are not run.
pub struct Harness {
    pub ui: Ui,
    pub now: Timestamp,
    /// Effects that no test has looked at yet.
    pub effects: Vec<Effect>,
}

/// The moment that demo data is written around: 2026-11-23 09:14 UTC.
pub fn moment() -> Timestamp {
    "2026-11-23T09:14:00Z".parse().unwrap_or(Timestamp::UNIX_EPOCH)
}

/// Preferences without colour, so that snapshots hold everything.
pub fn mono() -> Preferences {
    Preferences { theme: Theme::mono(), ..Preferences::default() }
}

impl Harness {
    /// No one is signed in.
    pub fn welcome() -> Self {
        let now = moment();
        Self { ui: Ui::new(&Beginning::Welcome, mono(), now), now, effects: Vec::new() }
    }

    /// Signed in as `owner`, nothing asked yet.
    pub fn new() -> Self {
        let now = moment();
        let mut ui = Ui::new(&Beginning::Welcome, mono(), now);
        ui.shared.session = SessionState {
            signed_in: true,
            url: "http://localhost:8642".into(),
            model_url: "http://localhost:8642/model".into(),
            label: "demo".into(),
            username: Some("owner".into()),
            ..SessionState::default()
        };
        Self { ui, now, effects: Vec::new() }
    }

    /// Asks what the program asks after its first frame.
    #[must_use]
    pub fn started(mut self) -> Self {
        let mut effects = session::begin(&mut self.ui.shared);
        effects.extend(self.ui.stack.enter(&mut self.ui.shared));
        self.effects.extend(effects);
        self
    }

    /// Delivers one message.
    pub fn send(&mut self, msg: Msg) {
        let effects = update::update(&mut self.ui, self.now, msg);
        self.effects.extend(effects);
    }

    /// Presses keys: characters as they are, others as `<enter>`, `<ctrl-r>`, `<shift-tab>`.
    pub fn keys(&mut self, keys: &str) {
        for key in parse_keys(keys) {
            self.send(Msg::Key(key));
        }
    }

    pub fn paste(&mut self, text: &str) {
        self.send(Msg::Paste(text.to_owned()));
    }

    /// The requests that were started and not looked at yet.
    pub fn calls(&mut self) -> Vec<(RequestId, Call)> {
        let effects = std::mem::take(&mut self.effects);
        effects
            .into_iter()
            .filter_map(|effect| match effect {
                Effect::Start { id, call } => Some((id, call)),
                _ => None,
            })
            .collect()
    }

    /// Delivers the answer to a request, after 3 ms.
    pub fn answer(&mut self, id: RequestId, answer: Answer) {
        self.send(Msg::Answer { id, took: Some(Duration::from_millis(3)), answer });
    }

    /// What the layers share.
    pub fn shared(&mut self) -> &mut Shared {
        &mut self.ui.shared
    }

    /// Names of the layers above the tab, the topmost last.
    pub fn layers(&self) -> Vec<&'static str> {
        self.ui.stack.names()
    }

    /// The screen as text, without trailing blanks.
    pub fn screen(&mut self, columns: u16, rows: u16) -> String {
        self.send(Msg::Resize(columns, rows));
        text(&self.buffer(columns, rows))
    }

    /// The screen with its styles.
    pub fn buffer(&self, columns: u16, rows: u16) -> Buffer {
        draw(&self.ui, columns, rows)
    }
}

impl Default for Harness {
    fn default() -> Self {
        Self::new()
    }
}

/// Draws the interface into memory.
pub fn draw(ui: &Ui, columns: u16, rows: u16) -> Buffer {
    match Terminal::new(TestBackend::new(columns, rows)) {
        Ok(mut terminal) => {
            // Drawing into memory cannot fail.
            let _ = terminal.draw(|frame| view::view(ui, frame));
            terminal.backend().buffer().clone()
        }
        Err(_) => Buffer::default(),
    }
}

/// A buffer as text, without trailing blanks.
pub fn text(buffer: &Buffer) -> String {
    let mut out = String::new();
    for y in 0..buffer.area.height {
        let mut line = String::new();
        let mut skip = 0;
        for x in 0..buffer.area.width {
            if skip > 0 {
                skip -= 1;
                continue;
            }
            // A wide character covers the cells after its own.
            let symbol = buffer[(x, y)].symbol();
            line.push_str(symbol);
            skip = crate::text::width(symbol).saturating_sub(1);
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}

/// Reads `n<tab>abc<enter>` as key events.
pub fn parse_keys(keys: &str) -> Vec<KeyEvent> {
    let mut events = Vec::new();
    let mut rest = keys;
    while let Some(c) = rest.chars().next() {
        let named = rest.strip_prefix('<').and_then(|after| after.split_once('>'));
        let (event, left) = match named.and_then(|(name, left)| Some((key_named(name)?, left))) {
            Some(found) => found,
            None => (KeyEvent::new(KeyCode::Char(c), KeyModifiers::NONE), &rest[c.len_utf8()..]),
        };
        events.push(event);
        rest = left;
    }
    events
}

fn key_named(name: &str) -> Option<KeyEvent> {
    if let Some(letter) = name.strip_prefix("ctrl-") {
        let code = KeyCode::Char(letter.chars().next()?);
        return Some(KeyEvent::new(code, KeyModifiers::CONTROL));
    }
    let code = match name {
        "enter" => KeyCode::Enter,
        "esc" => KeyCode::Esc,
        "tab" => KeyCode::Tab,
        "shift-tab" => KeyCode::BackTab,
        "space" => KeyCode::Char(' '),
        "backspace" => KeyCode::Backspace,
        "delete" => KeyCode::Delete,
        "up" => KeyCode::Up,
        "down" => KeyCode::Down,
        "left" => KeyCode::Left,
        "right" => KeyCode::Right,
        "home" => KeyCode::Home,
        "end" => KeyCode::End,
        "pageup" => KeyCode::PageUp,
        "pagedown" => KeyCode::PageDown,
        "f1" => KeyCode::F(1),
        "f8" => KeyCode::F(8),
        "f9" => KeyCode::F(9),
        _ => return None,
    };
    Some(KeyEvent::new(code, KeyModifiers::NONE))
}
