//! Shared by every layer: the session, the preferences, the requests in flight.

use std::path::PathBuf;
use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::Date;

use super::call::Call;
use super::command::{COMMANDS, Command, Danger, Entry, KeyContext};
use super::effect::{Effect, Effects};
use super::glyphs;
use super::keymap::Keymap;
use super::notices::Notices;
use super::preferences::Preferences;
use super::request_log::RequestLog;
use super::requests::{Kind, LayerId, RequestId, Requests};
use super::session::SessionState;
use super::watch::Watch;
use super::widgets::Styles;
use crate::api;
use crate::config::setting::Setting;
use crate::wire::time;

/// The state that belongs to no layer.
#[derive(Debug)]
pub struct Shared {
    /// The moment of the last message; nothing here asks a clock.
    pub now: Timestamp,
    /// Columns and rows of the terminal.
    pub size: (u16, u16),
    pub session: SessionState,
    pub preferences: Preferences,
    pub keymap: Keymap,
    pub notices: Notices,
    pub requests: Requests,
    /// Those that have ended.
    pub log: RequestLog,
    /// Whether lists in sight are looked at again by themselves.
    pub watch: Watch,
    /// When what the tab in sight lists was asked for.
    pub looked_at: Option<Timestamp>,
    /// Reads that are started now are nobody's wish.
    pub quiet: bool,
    /// Ticks so far, for spinners.
    pub ticks: usize,
    /// The layer in control: requests that are started now belong to it.
    turn: LayerId,
}

impl Shared {
    /// The initial state. Problems with the preferences become a notice.
    pub fn new(session: SessionState, preferences: Preferences, now: Timestamp) -> Self {
        let (keymap, problems) = Keymap::new(&preferences.keys);
        let mut shared = Self {
            now,
            size: (80, 24),
            session,
            preferences,
            keymap,
            notices: Notices::default(),
            requests: Requests::default(),
            log: RequestLog::default(),
            watch: Watch { key_at: Some(now), focused: None },
            looked_at: None,
            quiet: false,
            ticks: 0,
            turn: LayerId::Session,
        };
        let sign_in = shared.sign_in_hint();
        shared.notices.set_sign_in(sign_in);
        for problem in shared.preferences.problems.clone() {
            shared.notices.error(now, problem, Some("the defaults are used".to_owned()));
        }
        for (id, problem) in problems {
            let line = shared.preferences.setting_lines.of_setting(&format!("keys.{id}"));
            let hint = "this line is left out; the others hold".to_owned();
            shared.notices.error(now, format!("{line}: {problem}"), Some(hint));
        }
        shared
    }

    /// Gives `layer` its turn: requests that are started now are its own.
    pub fn turn_of(&mut self, layer: LayerId) {
        self.turn = layer;
    }

    /// Records a request of the current layer, and returns the effect that starts it. `what` is shown
    /// after a spinner: `listing the API keys of owner`.
    pub fn start(&mut self, kind: Kind, what: impl Into<String>, call: Call) -> (RequestId, Effect) {
        self.start_for(self.turn, kind, what, call)
    }

    /// The same where another layer gets the answer.
    pub fn start_for(
        &mut self,
        owner: LayerId,
        kind: Kind,
        what: impl Into<String>,
        call: Call,
    ) -> (RequestId, Effect) {
        let kind = if self.quiet && kind == Kind::Read { Kind::Quiet } else { kind };
        let id = self.requests.start(owner, kind, what.into(), self.now);
        self.requests.note(id, call.asked(kind), call.model_id(), call.command_line());
        (id, Effect::Start { id, call })
    }

    /// The current layer gets the answer to `id`, which another one asked for.
    pub fn take_over(&mut self, id: RequestId) {
        self.requests.give(id, self.turn);
    }

    /// What `act` starts to read is nobody's wish.
    pub fn quietly<T>(&mut self, act: impl FnOnce(&mut Self) -> T) -> T {
        let before = std::mem::replace(&mut self.quiet, true);
        let done = act(self);
        self.quiet = before;
        done
    }

    /// When the list in sight is to be looked at again; `None` where it is not looked at by itself: the
    /// setting is off, no user may be looking, or there is no workbench to ask.
    pub fn due(&self) -> Option<Timestamp> {
        let interval = self.preferences.refresh.filter(|_| self.session.contacts.is_up())?;
        let due = self.looked_at?.checked_add(interval).ok()?;
        self.watch.sees(due).then_some(due)
    }

    /// Keeps a setting for the next start, where there is a configuration.
    pub fn save(&mut self, setting: Setting) -> Option<Effect> {
        let file = self.preferences.store.as_ref()?.config_file();
        let what = format!("saving the {}", setting.name());
        let call = Call::StoreSetting { file, setting };
        Some(self.start_for(LayerId::Session, Kind::Background, what, call).1)
    }

    /// Cancels one request.
    pub fn cancel(&mut self, id: RequestId) -> Option<Effect> {
        self.requests.finish(id).map(|_| Effect::Cancel(id))
    }

    /// Cancels the reads of the current layer.
    pub fn abandon(&mut self) -> Effects {
        self.requests.abandon(self.turn).into_iter().map(Effect::Cancel).collect()
    }

    /// Where sent and saved requests are kept; `None` keeps them until the program ends. That is so
    /// inside a workbench, because other collaborators of the project can read the home directory,
    /// and for an embedded workbench, whose requests mean nothing afterwards.
    pub fn requests_file(&self) -> Option<PathBuf> {
        let private = !self.session.inside_workbench && !self.session.embedded;
        self.preferences.requests_file.clone().filter(|_| private)
    }

    /// The workbench's time at the last message: keys expire by it.
    pub fn workbench_now(&self) -> Timestamp {
        self.session.clock.at(self.now)
    }

    /// The workbench's UTC day at the last message.
    pub fn today(&self) -> Date {
        time::utc_day(self.workbench_now())
    }

    /// The picture of a request that goes on; blank in its first quarter of a second.
    pub fn spinner(&self) -> &'static str {
        let frames = self.preferences.glyphs.spinner;
        frames[self.ticks % frames.len()]
    }

    /// How long the request `id` has been running; `None` if it has ended.
    pub fn waiting(&self, id: RequestId) -> Option<Duration> {
        let request = self.requests.running().iter().find(|request| request.id == id)?;
        Duration::try_from(self.now.duration_since(request.since)).ok()
    }

    /// Whether a row of the command table can be used now.
    pub fn allows(&self, entry: &Entry) -> bool {
        entry.danger == Danger::Safe || !self.session.read_only
    }

    /// The row of the command table that `command` is in the innermost of `contexts`.
    pub fn entry(&self, command: Command, contexts: &[KeyContext]) -> Option<&'static Entry> {
        contexts.iter().find_map(|context| {
            COMMANDS.iter().find(|entry| entry.command == command && entry.contexts.contains(context))
        })
    }

    /// The key of a command, for sentences that name it: `Ctrl-R`. A command without a key goes by the
    /// name that the palette lists.
    pub fn key_of(&self, command: Command) -> String {
        let Some(entry) = COMMANDS.iter().find(|entry| entry.command == command) else {
            return String::new();
        };
        match self.keymap.key_of(entry) {
            key if key.is_empty() => format!(":{}", entry.name),
            key => key,
        }
    }

    /// What to do if the workbench does not accept the key.
    pub fn sign_in_hint(&self) -> String {
        format!("{} signs in with another key, or chooses another profile", self.key_of(Command::Profiles))
    }

    /// An error instead of a list, and what to do about it: `…; P signs in with another key, or …`.
    pub fn instead(&self, error: &api::Error) -> String {
        let hint = if error.is_unauthenticated() { self.sign_in_hint() } else { self.try_again() };
        format!("{error}; {hint}")
    }

    /// `Ctrl-R tries again`.
    pub fn try_again(&self) -> String {
        format!("{} tries again", self.key_of(Command::Refresh))
    }

    /// The styles of the widgets that know nothing of the theme.
    pub fn styles(&self) -> Styles {
        let theme = &self.preferences.theme;
        Styles {
            text: theme.text,
            dim: theme.dim,
            heading: theme.title,
            cursor: theme.button_focused,
            chosen: theme.tab_current,
            error: theme.error,
            good: theme.ok,
            accent: theme.accent,
            ascii: self.preferences.glyphs == &glyphs::ASCII,
        }
    }
}
