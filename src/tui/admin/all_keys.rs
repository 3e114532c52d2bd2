//! The section All keys: the API keys of all users, with what an audit finds about each.
//!
//! There is a request for each user, so they are read when the section is first shown, and again only
//! on demand.

use crossterm::event::KeyEvent;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;

use super::areas;
use super::directory::closed;
use crate::actions::audit::{AuditedKey, Finding, Read, Unreadable, message};
use crate::api;
use crate::expiry::KeyStatus;
use crate::text;
use crate::tui::call::{Answer, Call};
use crate::tui::command::{Command, KeyContext};
use crate::tui::key_list::{deletion, sign};
use crate::tui::layer::{Outcome, Readiness};
use crate::tui::list::{Column, Fetch, Key, List, Marks, Row, Rows, Shown, Width};
use crate::tui::overlays::ColumnChooser;
use crate::tui::parts::pane::{self, pane};
use crate::tui::session::Expiration;
use crate::tui::shared::Shared;
use crate::wire::{V2KeyDetails, time};

const OWNER: usize = 0;
const EXPIRES: usize = 1;
const LEFT: usize = 2;
const FINDINGS: usize = 3;
const COMMENT: usize = 4;
const KEY_ID: usize = 5;

/// Findings up to this width are shown whole, in a list that has so much room.
const FINDINGS_WHOLE: u16 = 30;
const ROOM_FOR_FINDINGS: u16 = 78;
/// What is said below keys that are all of the signed-in user.
const ONLY_ONESELF: &str = "Only yours: the workbench shows keys of other users to site administrators.";

/// One key of the list, with its texts.
#[derive(Debug)]
struct Audited {
    key: AuditedKey,
    findings: String,
    left: String,
}

impl From<AuditedKey> for Audited {
    fn from(key: AuditedKey) -> Self {
        let left = key.days_left.map_or_else(|| "?".to_owned(), |days| format!("{days} d"));
        Self { findings: key.findings_text(), left, key }
    }
}

impl Audited {
    fn day(&self) -> &str {
        self.key.expiry_date.as_deref().and_then(|date| date.get(..10)).unwrap_or_default()
    }

    /// As the other lists of keys have it.
    fn status(&self) -> KeyStatus {
        match &self.key.findings[..] {
            [Finding::Expired, ..] => KeyStatus::Expired,
            [Finding::Expiring, ..] => KeyStatus::Soon,
            [Finding::UnknownExpiry, ..] => KeyStatus::Unknown,
            _ => KeyStatus::Active,
        }
    }
}

impl Row for Audited {
    const NAME: &'static str = "all-keys";
    const COLUMNS: &'static [Column] = &[
        Column::new("OWNER", Width::Fill(10)).ends(),
        Column::new("EXPIRES", Width::Fixed(10)),
        Column::new("LEFT", Width::Fixed(6)).right(),
        Column::new("FINDINGS", Width::Fill(10)),
        Column::new("COMMENT", Width::Fill(8)).ends(),
        Column::new("KEY ID", Width::Fixed(9)).optional(1),
    ];
    const KEPT: &'static [usize] = &[EXPIRES];
    const FIRST: Option<usize> = Some(EXPIRES);

    fn id(&self) -> &str {
        &self.key.key_id
    }

    fn texts(&self, add: &mut dyn FnMut(usize, &str)) {
        add(OWNER, &self.key.username);
        add(EXPIRES, self.day());
        add(LEFT, &self.left);
        add(FINDINGS, &self.findings);
        add(COMMENT, &self.key.comments);
        add(KEY_ID, &text::short_id(&self.key.key_id));
    }

    fn whole(&self, add: &mut dyn FnMut(usize, &str)) {
        add(KEY_ID, &self.key.key_id);
    }

    fn filling(&self, column: usize) -> &str {
        match column {
            OWNER => &self.key.username,
            FINDINGS => &self.findings,
            COMMENT => &self.key.comments,
            _ => "",
        }
    }

    fn key(&self, column: usize) -> Key<'_> {
        match column {
            OWNER => self.key.username.as_str().into(),
            FINDINGS => self.findings.as_str().into(),
            COMMENT => self.key.comments.as_str().into(),
            KEY_ID => self.key.key_id.as_str().into(),
            // Keys without a date come last.
            _ => {
                let at = self.key.expiry_date.as_deref().and_then(time::parse);
                Key::Number(at.map_or(i64::MAX, |at| at.as_second()))
            }
        }
    }
}

/// The keys of all users.
#[derive(Debug, Default)]
pub struct AllKeys {
    keys: List<Audited>,
    /// Keys that are marked.
    marks: Marks,
    fetch: Fetch,
    read: Option<Read>,
    unreadable: Vec<Unreadable>,
    /// The rows in sight are of an earlier audit: the first new ones replace them.
    outdated: bool,
    /// The site's setting when they were read: findings depend on it.
    expiration: Expiration,
}

impl AllKeys {
    pub fn contexts(&self) -> Vec<KeyContext> {
        let innermost = if self.typing() { KeyContext::FilterField } else { KeyContext::AllKeys };
        vec![innermost, KeyContext::List]
    }

    pub fn readiness(&self, shared: &Shared) -> Readiness {
        Readiness::of(&self.fetch.listing(shared, ""), self.is_empty())
    }

    pub fn typing(&self) -> bool {
        self.keys.state.filter.is_open()
    }

    pub fn is_empty(&self) -> bool {
        self.keys.state.is_empty()
    }

    /// Shows the keys; the first time, after that was cancelled, or under another limit, they are read.
    pub fn enter(&mut self, shared: &mut Shared) -> Outcome {
        let is_current = self.fetch.at.is_some() && self.expiration == shared.session.expiration;
        if is_current { Outcome::done() } else { self.refresh(shared) }
    }

    /// Reads all keys again.
    pub fn refresh(&mut self, shared: &mut Shared) -> Outcome {
        if self.fetch.is_running(shared) {
            return Outcome::done();
        }
        (self.fetch.problem, self.read, self.outdated) = (None, None, true);
        self.expiration = shared.session.expiration.clone();
        self.unreadable.clear();
        self.follow_columns(shared);
        self.fetch.start(shared, "reading the API keys of all users", Call::AuditKeys).into()
    }

    /// Takes keys out that were deleted.
    pub fn remove(&mut self, deleted: &[String]) {
        if deleted.iter().any(|id| self.keys.row(id).is_some()) {
            let left = self.keys.all().iter().filter(|row| !deleted.contains(&row.key.key_id));
            let left: Rows<Audited> = left.map(|row| Audited::from(row.key.clone())).collect();
            self.keys.replace(left);
        }
        self.keep_marks();
    }

    /// Only keys that are listed can be marked.
    fn keep_marks(&mut self) {
        let keys = &self.keys;
        self.marks.retain(|id| keys.row(id).is_some());
    }

    /// Follows the columns that are chosen for such lists.
    pub fn follow_columns(&mut self, shared: &Shared) {
        self.keys.follow_columns(shared);
    }

    pub fn command(&mut self, shared: &mut Shared, command: Command) -> Outcome {
        let height = areas::rows(shared, &self.keys.state);
        if self.keys.command(command, height) {
            return Outcome::done();
        }
        let keys = &self.keys;
        let here = keys.selected().map(Row::id);
        if self.marks.command(command, here, || shown(keys).map(str::to_owned).collect()) {
            if command == Command::Mark {
                self.keys.command(Command::Down, height);
            }
            return Outcome::done();
        }
        match (command, self.keys.selected()) {
            (Command::Refresh, _) => self.refresh(shared),
            (Command::ChooseColumns, _) => Outcome::push(ColumnChooser::of::<Audited>(shared)),
            (Command::DeleteKey, Some(row)) => self.ask_delete(shared, row),
            (Command::CopyKeyId, Some(row)) => shared.copy("Key ID", row.key.key_id.clone()).into(),
            (Command::CopyMessage, Some(row)) => {
                let others = self.keys.all().iter().map(|row| &row.key);
                let others: Vec<&AuditedKey> = others
                    .filter(|other| other.username == row.key.username && other.key_id != row.key.key_id)
                    .collect();
                let text = message(&shared.session.url, &row.key, &others);
                shared.copy(&format!("message to {}", row.key.username), text).into()
            }
            _ => Outcome::ignored(),
        }
    }

    /// Asks about the marked keys, or about the selected one.
    fn ask_delete(&self, shared: &mut Shared, selected: &Audited) -> Outcome {
        let marked = self.keys.all().iter().filter(|row| self.marks.contains(row.id()));
        let chosen: Vec<&Audited> = if self.marks.is_empty() { vec![selected] } else { marked.collect() };
        let details = |row: &&Audited| V2KeyDetails {
            key_id: row.key.key_id.clone(),
            comments: row.key.comments.clone(),
            expiry_date: row.key.expiry_date.as_deref().unwrap_or_default().into(),
            ..V2KeyDetails::default()
        };
        let keys: Vec<V2KeyDetails> = chosen.iter().map(details).collect();
        let owners = chosen.iter().map(|row| row.key.username.as_str());
        let hidden = deletion::hidden(self.marks.hidden(shown(&self.keys)), self.marks.len());
        deletion::ask_of(shared, owners.zip(&keys).collect(), hidden.into_iter().collect())
    }

    /// The selected key.
    pub fn selected(&self) -> Option<&AuditedKey> {
        self.keys.selected().map(|row| &row.key)
    }

    pub fn key(&mut self, key: KeyEvent) -> Outcome {
        self.keys.key(key);
        Outcome::done()
    }

    pub fn paste(&mut self, text: &str) -> Outcome {
        self.keys.paste(text);
        Outcome::done()
    }

    pub fn answer(&mut self, shared: &mut Shared, answer: Answer) -> Outcome {
        match answer {
            Answer::KeysAudited(keys) => {
                let rows = keys.into_iter().map(Audited::from);
                match std::mem::take(&mut self.outdated) {
                    true => drop(self.keys.replace(rows.collect())),
                    false => drop(self.keys.add(rows)),
                }
                self.keep_marks();
            }
            Answer::AuditRead(read) => self.read = Some(read),
            Answer::Audited(ended) => self.ended(shared, ended),
            _ => {}
        }
        Outcome::done()
    }

    fn ended(&mut self, shared: &mut Shared, ended: Result<Vec<Unreadable>, api::Error>) {
        match ended {
            Ok(unreadable) => {
                if let Some(first) = unreadable.first() {
                    let count = text::count(unreadable.len(), "user's", "users'");
                    let text =
                        format!("the keys of {count} could not be read: {}: {}", first.username, first.why);
                    shared.notices.warning(shared.now, text);
                }
                self.unreadable = unreadable;
                self.fetch.succeeded(shared);
            }
            Err(error) => {
                self.fetch.problem = Some(closed(shared, &error));
                shared.notices.failed(shared.now, &error);
            }
        }
    }

    /// Whether only keys of the signed-in user are listed. A workbench shows those of others to site
    /// administrators (INFERRED); there may be no others.
    fn only_oneself(&self, shared: &Shared) -> bool {
        let own = shared.session.username.as_deref();
        let all = self.keys.all();
        self.fetch.at.is_some() && !all.is_empty() && all.iter().all(|row| Some(&*row.key.username) == own)
    }

    /// `3 of 12 keys · 4 with findings · users 5 of 8`
    fn note(&self, shared: &Shared) -> String {
        let all = self.keys.all();
        let separator = format!(" {} ", shared.preferences.glyphs.separator);
        let mut parts = Vec::new();
        if !all.is_empty() || self.fetch.at.is_some() {
            let shown = if self.keys.state.filter.is_shown() {
                format!("{} of ", self.keys.state.len())
            } else {
                String::new()
            };
            parts.push(format!("{shown}{}", text::count(all.len(), "key", "keys")));
            let found = all.iter().filter(|row| !row.findings.is_empty()).count();
            parts.push(format!("{found} with findings"));
        }
        if !self.marks.is_empty() {
            parts.push(format!("{} marked", self.marks.len()));
        }
        match (self.read, self.fetch.at) {
            (Some(read), None) => parts.push(format!("users {} of {}", read.users, read.of)),
            (Some(read), _) if self.fetch.is_running(shared) => {
                parts.push(format!("users {} of {}", read.users, read.of))
            }
            (_, Some(at)) => parts.push(at.strftime("%H:%M UTC").to_string()),
            (None, None) => {}
        }
        if !self.unreadable.is_empty() {
            parts.push(format!("{} not read", text::count(self.unreadable.len(), "user", "users")));
        }
        parts.join(&separator)
    }

    pub fn draw(&self, shared: &Shared, frame: &mut Frame<'_>, area: Rect) {
        let inside = pane(shared, "API keys of all users", &self.note(shared), true, frame, area);
        if self.keys.all().is_empty() {
            let text = match self.fetch.at {
                Some(_) if self.fetch.problem.is_none() => "No user has an API key.".to_owned(),
                _ => self.fetch.instead(shared, "reading the API keys of all users"),
            };
            return pane::message(shared, &text, frame, inside);
        }
        let theme = &shared.preferences.theme;
        let inside = match self.only_oneself(shared) {
            true => {
                let text = format!(" {ONLY_ONESELF}");
                let row = Rect { y: inside.bottom().saturating_sub(1), height: 1, ..inside };
                frame.render_widget(Line::styled(text, theme.dim), row.intersection(inside));
                Rect { height: inside.height.saturating_sub(1), ..inside }
            }
            false => inside,
        };
        let widest = self.keys.widest();
        let mut columns = Audited::COLUMNS.to_vec();
        // A finding is why a key is looked at: it is whole before the rest is.
        if inside.width >= ROOM_FOR_FINDINGS {
            let findings = widest.get(FINDINGS).copied().unwrap_or_default();
            columns[FINDINGS].width = Width::Fixed(findings.clamp(8, FINDINGS_WHOLE));
            columns[COMMENT].width = Width::Fill(16);
        }
        self.keys.view(shared).columns(&columns).framed(area).draw(frame, inside, |row, cells| {
            let Some(row) = self.keys.all().get(row) else { return false };
            let (_, style) = sign(shared, row.status());
            cells.push(Shown::new(row.key.username.as_str()));
            cells.push(Shown::new(row.day()));
            cells.push(Shown::styled(row.left.as_str(), style));
            let found = if row.key.findings.is_empty() { theme.text } else { theme.warn };
            cells.push(Shown::styled(row.findings.as_str(), found));
            cells.push(Shown::new(row.key.comments.as_str()));
            cells.push(Shown::new(text::short_id(&row.key.key_id)).whole(&row.key.key_id));
            self.marks.contains(row.id())
        });
    }
}

/// The Key IDs that the filter shows, in their order.
fn shown(keys: &List<Audited>) -> impl Iterator<Item = &str> {
    keys.state.shown_rows().filter_map(|row| keys.all().get(row)).map(Row::id)
}
