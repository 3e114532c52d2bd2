//! All of the interface's state, in one plain tree.

use std::path::PathBuf;
use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::Date;

use super::Beginning;
use super::command::{COMMANDS, Command, Context, Danger, Entry};
use super::effect::{Call, Effect, Effects};
use super::glyphs;
use super::keymap::Keymap;
use super::notices::Notices;
use super::overlays::Overlay;
use super::preferences::Preferences;
use super::requests::{Kind, RequestId, Requests, Scope};
use super::screens::{self, admin, models, settings, welcome};
use super::session::SessionState;
use super::widgets::Styles;
use crate::wire::time;

/// The three tabs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Tab {
    #[default]
    Settings,
    Models,
    Admin,
}

impl Tab {
    pub const ALL: [Self; 3] = [Self::Settings, Self::Models, Self::Admin];

    pub fn name(self) -> &'static str {
        match self {
            Self::Settings => "Settings",
            Self::Models => "Models",
            Self::Admin => "Admin",
        }
    }

    /// The one `by` places to the right, round the end.
    pub fn step(self, by: usize) -> Self {
        let at = Self::ALL.iter().position(|tab| *tab == self).unwrap_or_default();
        Self::ALL[(at + by) % Self::ALL.len()]
    }

    /// Whose requests are given up when the tab is left.
    pub fn scope(self) -> Scope {
        match self {
            Self::Settings => Scope::Settings,
            Self::Models => Scope::Models,
            Self::Admin => Scope::Admin,
        }
    }
}

/// The state.
#[derive(Debug)]
pub struct App {
    /// The moment of the last message; nothing here asks a clock.
    pub now: Timestamp,
    /// Columns and rows of the terminal.
    pub size: (u16, u16),
    pub session: SessionState,
    pub preferences: Preferences,
    pub keymap: Keymap,
    pub tab: Tab,
    /// What lies over the screen, the topmost last.
    pub overlays: Vec<Overlay>,
    pub notices: Notices,
    pub requests: Requests,
    /// Ticks so far, for spinners.
    pub ticks: usize,
    /// What is shown where nobody is signed in.
    pub welcome: welcome::State,
    pub settings: settings::State,
    pub models: models::State,
    pub admin: admin::State,
    /// A signal or the terminal ended the program: nobody was asked about what is left behind.
    pub terminated: bool,
}

impl App {
    /// The interface as it is before anything was asked.
    pub fn new(beginning: &Beginning, preferences: Preferences, now: Timestamp) -> Self {
        let (keymap, problems) = Keymap::new(&preferences.keys);
        let mut app = Self {
            now,
            size: (80, 24),
            session: match beginning {
                Beginning::Session(session) => SessionState::new(session),
                Beginning::Embedded(wish) => SessionState::opening("demo", &wish.user),
                Beginning::Welcome => SessionState::default(),
            },
            welcome: welcome::State::default(),
            preferences,
            keymap,
            tab: Tab::default(),
            overlays: Vec::new(),
            notices: Notices::default(),
            requests: Requests::default(),
            ticks: 0,
            settings: settings::State::default(),
            models: models::State::default(),
            admin: admin::State::default(),
            terminated: false,
        };
        let keys = problems.into_iter().map(|(id, problem)| {
            format!("{}: {problem}", app.preferences.places.of_setting(&format!("keys.{id}")))
        });
        let told: Vec<String> = app.preferences.problems.iter().cloned().chain(keys).collect();
        for problem in told {
            app.notices.error(now, problem, Some("the defaults are used".to_owned()));
        }
        app
    }

    /// Where requests that are sent or saved are kept; `None` where they are for this run only. A
    /// home directory inside a workbench is read by other collaborators of the project, and what an
    /// embedded workbench is sent concerns nobody afterwards.
    pub fn requests_file(&self) -> Option<PathBuf> {
        let private = !self.session.inside_workbench && !self.session.embedded;
        self.preferences.requests_file.clone().filter(|_| private)
    }

    /// The UTC day of the last message.
    pub fn today(&self) -> Date {
        time::utc_day(self.now)
    }

    /// Notes a request and gives the effect that starts it. `what` reads after a spinner:
    /// `listing the API keys of owner`.
    pub fn start(
        &mut self,
        scope: Scope,
        kind: Kind,
        what: impl Into<String>,
        call: Call,
    ) -> (RequestId, Effect) {
        let id = self.requests.start(scope, kind, what.into(), self.now);
        (id, Effect::Start { id, call })
    }

    /// Gives up one request.
    pub fn cancel(&mut self, id: RequestId) -> Option<Effect> {
        self.requests.finish(id).map(|_| Effect::Cancel(id))
    }

    /// Gives up what `scope` only reads.
    pub fn abandon(&mut self, scope: Scope) -> Effects {
        self.requests.abandon(scope).into_iter().map(Effect::Cancel).collect()
    }

    /// Whether something on the screen moves by itself, so that ticks are wanted.
    pub fn animated(&self) -> bool {
        !self.requests.running().is_empty() || screens::watches(self)
    }

    /// The picture of a request that goes on; blank in its first quarter of a second.
    pub fn spinner(&self) -> &'static str {
        let frames = self.preferences.glyphs.spinner;
        frames[self.ticks % frames.len()]
    }

    /// How long the request `id` has been going on; `None` where it is over.
    pub fn waiting(&self, id: RequestId) -> Option<Duration> {
        let request = self.requests.running().iter().find(|request| request.id == id)?;
        Duration::try_from(self.now.duration_since(request.since)).ok()
    }

    /// Whether a row of the command table can be used now.
    pub fn allows(&self, entry: &Entry) -> bool {
        entry.danger == Danger::Safe || !self.session.read_only
    }

    /// The row of the command table that `command` is in the innermost of `contexts`.
    pub fn entry(&self, command: Command, contexts: &[Context]) -> Option<&'static Entry> {
        contexts.iter().find_map(|context| {
            COMMANDS.iter().find(|entry| entry.command == command && entry.contexts.contains(context))
        })
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

impl App {
    /// The current tab, where somebody is signed in.
    pub fn signed_in_tab(&self) -> Option<Tab> {
        self.session.signed_in.then_some(self.tab)
    }
}
