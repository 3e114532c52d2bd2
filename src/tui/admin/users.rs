//! The directory of users with how many API keys each has, and the keys of one of them.
//!
//! No operation tells a count (SPEC), so each user's keys are listed, for the rows in sight only
//! and at most eight at a time. Sorting by a count needs all of them and says so.

use std::collections::BTreeMap;

use crossterm::event::KeyEvent;
use jiff::Timestamp;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;
use ratatui::widgets::{Paragraph, Wrap};

use super::{Call, Confirmed, Reply, start};
use crate::expiry::KeyStatus;
use crate::text;
use crate::tui::app::App;
use crate::tui::command::{Command, Context};
use crate::tui::effect::{Copied, Effect, Effects};
use crate::tui::overlays::{self, Confirm};
use crate::tui::requests::{Kind, RequestId};
use crate::tui::screens::key_list::{KeyList, Selected, describe, status};
use crate::tui::screens::settings::{SESSION_KEY_STAYS, sent_to_terminal};
use crate::tui::widgets::filter::{Done, Filter};
use crate::tui::widgets::pane::{NO_MATCH, awaited, filter_row, pane, words};
use crate::tui::widgets::table::{Column, Shown, Table, TableState, Width};

/// Lists of keys that are asked for at the same time.
const AT_ONCE: usize = 8;

const COLUMNS: [Column; 5] = [
    Column::new("USER", Width::Fill(16)),
    Column::new("NAME", Width::Fill(12)).optional(1),
    Column::new("KEYS", Width::Fixed(6)).right(),
    Column::new("EXPIRED", Width::Fixed(8)).right(),
    Column::new("EXPIRING", Width::Fixed(9)).right(),
];

/// One user.
#[derive(Debug)]
struct User {
    username: String,
    name: String,
    keys: Counted,
}

/// What is known about a user's keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Counted {
    Not,
    Asked(RequestId),
    Known { keys: usize, expired: usize, soon: usize },
    Refused,
}

/// The state of the section.
#[derive(Debug, Default)]
pub struct State {
    users: Vec<User>,
    /// Place in `users` by name.
    places: BTreeMap<String, usize>,
    table: TableState,
    filter: Filter,
    loading: Option<RequestId>,
    fetched: Option<Timestamp>,
    /// Why the list, or the counts, are not there.
    problem: Option<String>,
    /// A user whose keys are shown instead of the directory.
    open: Option<UserKeys>,
}

/// The keys of one user.
#[derive(Debug)]
struct UserKeys {
    username: String,
    list: KeyList,
}

impl State {
    pub fn typing(&self) -> bool {
        match &self.open {
            Some(open) => open.list.filter.is_open(),
            None => self.filter.is_open(),
        }
    }

    /// Whether no user is shown, nor the keys of one.
    pub fn is_empty(&self) -> bool {
        self.open.is_none() && self.table.is_empty()
    }

    /// Names of the users that are known, for completion.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.users.iter().map(|user| user.username.as_str())
    }

    fn arrange(&mut self) {
        let (users, filter) = (&self.users, &self.filter);
        let keep =
            |row: usize| users.get(row).is_some_and(|user| filter.keeps(&[&user.username, &user.name]));
        let count =
            |row: usize, of: fn(usize, usize, usize) -> usize| match users.get(row).map(|user| user.keys) {
                Some(Counted::Known { keys, expired, soon }) => of(keys, expired, soon) + 1,
                _ => 0,
            };
        match self.table.sort.map(|(column, _)| column) {
            Some(2) => self.table.arrange(users.len(), keep, Some(|row| count(row, |keys, _, _| keys))),
            Some(3) => self.table.arrange(users.len(), keep, Some(|row| count(row, |_, expired, _| expired))),
            Some(4) => self.table.arrange(users.len(), keep, Some(|row| count(row, |_, _, soon| soon))),
            Some(1) => self.table.arrange(
                users.len(),
                keep,
                Some(|row: usize| users.get(row).map(|user| &user.name)),
            ),
            Some(0) => self.table.arrange(
                users.len(),
                keep,
                Some(|row: usize| users.get(row).map(|user| &user.username)),
            ),
            _ => self.table.arrange(users.len(), keep, None::<fn(usize) -> usize>),
        }
    }

    /// Whether the order needs the counts of all users.
    fn sorted_by_count(&self) -> bool {
        matches!(self.table.sort, Some((2..=4, _)))
    }
}

pub fn contexts(app: &App) -> Vec<Context> {
    match &app.admin.users.open {
        Some(open) if open.list.filter.is_open() => vec![Context::FilterField, Context::List],
        Some(_) => vec![Context::UserKeys, Context::List],
        None if app.admin.users.filter.is_open() => vec![Context::FilterField, Context::List],
        None => vec![Context::Users, Context::List],
    }
}

pub fn enter(app: &mut App) -> Effects {
    if let Some(open) = &app.admin.users.open {
        let username = open.username.clone();
        return list_keys(app, username);
    }
    if app.admin.users.loading.is_some_and(|id| app.requests.waits_for(id)) {
        return Effects::new();
    }
    let (id, effect) = start(app, Kind::Read, "listing users", Call::Users);
    let state = &mut app.admin.users;
    state.loading = Some(id);
    state.problem = None;
    // What is counted already stays until it is counted again.
    for user in &mut state.users {
        if let Counted::Asked(_) | Counted::Refused = user.keys {
            user.keys = Counted::Not;
        }
    }
    let mut effects = vec![effect];
    effects.extend(count_visible(app));
    effects
}

fn list_keys(app: &mut App, username: String) -> Effects {
    let what = format!("listing the API keys of {username}");
    let (id, effect) = start(app, Kind::Read, what, Call::Keys { username });
    if let Some(open) = &mut app.admin.users.open {
        open.list.loading = Some(id);
    }
    vec![effect]
}

/// Asks for the keys of the users in sight that have no count yet.
pub fn count_visible(app: &mut App) -> Effects {
    let state = &app.admin.users;
    if state.open.is_some() || state.problem.is_some() {
        return Effects::new();
    }
    let asked = |user: &&User| matches!(user.keys, Counted::Asked(id) if app.requests.waits_for(id));
    let busy = state.users.iter().filter(asked).count();
    let wanted = |row: &usize| match state.users.get(*row).map(|user| user.keys) {
        Some(Counted::Not) => true,
        Some(Counted::Asked(id)) => !app.requests.waits_for(id),
        _ => false,
    };
    let room = AT_ONCE.saturating_sub(busy);
    let mut rows: Vec<usize> = state.table.visible_rows().filter(wanted).take(room).collect();
    if state.sorted_by_count() && rows.len() < room {
        let more: Vec<usize> =
            (0..state.users.len()).filter(wanted).filter(|row| !rows.contains(row)).collect();
        rows.extend(more.into_iter().take(room - rows.len()));
    }
    let mut effects = Effects::new();
    for row in rows {
        let Some(username) = app.admin.users.users.get(row).map(|user| user.username.clone()) else {
            continue;
        };
        let what = format!("counting the API keys of {username}");
        let (id, effect) = start(app, Kind::Read, what, Call::Count { username });
        app.admin.users.users[row].keys = Counted::Asked(id);
        effects.push(effect);
    }
    effects
}

pub fn command(app: &mut App, command: Command) -> Option<Effects> {
    if app.admin.users.open.is_some() {
        return keys_command(app, command);
    }
    let state = &mut app.admin.users;
    match state.filter.command(command) {
        Done::Changed => state.arrange(),
        Done::Same => {}
        Done::Not => match command {
            _ if state.table.sort_command(command, COLUMNS.len()) => state.arrange(),
            Command::Open => return Some(open(app)),
            Command::DeleteAllKeys => {
                let username =
                    state.table.selected_row().and_then(|row| state.users.get(row))?.username.clone();
                return Some(ask_delete_all(app, username));
            }
            other if state.table.command(other) => {}
            _ => return None,
        },
    }
    Some(count_visible(app))
}

fn open(app: &mut App) -> Effects {
    let state = &app.admin.users;
    let Some(user) = state.table.selected_row().and_then(|row| state.users.get(row)) else {
        return Effects::new();
    };
    let username = user.username.clone();
    let mut effects = app.abandon(crate::tui::requests::Scope::Admin);
    app.admin.users.open = Some(UserKeys { username: username.clone(), list: KeyList::default() });
    effects.extend(list_keys(app, username));
    effects
}

fn keys_command(app: &mut App, command: Command) -> Option<Effects> {
    let open = app.admin.users.open.as_mut()?;
    if open.list.command(command) {
        return Some(Effects::new());
    }
    match command {
        Command::Back => {
            app.admin.users.open = None;
            Some(enter(app))
        }
        Command::Refresh => {
            let username = open.username.clone();
            Some(list_keys(app, username))
        }
        Command::DeleteKey => Some(ask_delete(app)),
        Command::DeleteAllKeys => {
            let username = open.username.clone();
            Some(ask_delete_all(app, username))
        }
        Command::CopyKeyId => {
            let Some(Selected::Key(key)) = open.list.selected() else { return Some(Effects::new()) };
            let id = key.key_id.clone();
            app.notices.info(app.now, sent_to_terminal(app, "Key ID"));
            Some(vec![Effect::Copy(Copied::Text(id))])
        }
        _ => None,
    }
}

fn ask_delete(app: &mut App) -> Effects {
    let Some(open) = &app.admin.users.open else { return Effects::new() };
    let chosen = open.list.chosen();
    if chosen.is_empty() {
        return Effects::new();
    }
    let key_ids: Vec<String> = chosen.iter().map(|key| key.key_id.clone()).collect();
    if key_ids.iter().any(|id| app.session.was_given(id)) {
        app.notices.warning(app.now, SESSION_KEY_STAYS);
        return Effects::new();
    }
    let chosen_one = key_ids.len() == 1;
    let username = open.username.clone();
    let count = text::count(key_ids.len(), "key", "keys");
    let mut lines = vec![format!("{count} of {username} at {}:", app.session.label)];
    lines.extend(chosen.iter().take(8).map(|key| format!("  {}", describe(key))));
    if chosen.len() > 8 {
        lines.push(format!("  and {} more", chosen.len() - 8));
    }
    lines.push(String::new());
    let it = if chosen_one { "it" } else { "one" };
    lines.push(format!("Whoever uses {it} is refused from then on. This cannot be undone."));
    let then = overlays::Confirmed::Admin(Confirmed::DeleteKeys { username, key_ids });
    let title = if chosen_one { "Delete this API key?" } else { "Delete these API keys?" };
    Confirm::new(title, lines, "Delete", then).ask(app)
}

fn ask_delete_all(app: &mut App, username: String) -> Effects {
    let state = &app.admin.users;
    let counted = state.places.get(&username).map(|place| state.users[*place].keys);
    let mut lines =
        vec![format!("All API keys of {username} at {} stop working at once.", app.session.label)];
    if let Some(Counted::Known { keys, .. }) = counted {
        lines.push(format!("Now listed: {}.", text::count(keys, "key", "keys")));
    }
    lines.push("This cannot be undone.".into());
    let then = overlays::Confirmed::Admin(Confirmed::DeleteAllKeys { username: username.clone() });
    Confirm::new("Delete all API keys?", lines, "Delete all", then).typing_name(username).ask(app)
}

pub fn key(app: &mut App, key: KeyEvent) -> Effects {
    let state = &mut app.admin.users;
    if let Some(open) = &mut state.open {
        if open.list.filter.on_key(key) {
            open.list.arrange();
        }
        return Effects::new();
    }
    if state.filter.on_key(key) {
        state.arrange();
    }
    count_visible(app)
}

pub fn paste(app: &mut App, text: &str) -> Effects {
    let state = &mut app.admin.users;
    if let Some(open) = &mut state.open {
        if open.list.filter.paste(text) {
            open.list.arrange();
        }
        return Effects::new();
    }
    if state.filter.paste(text) {
        state.arrange();
    }
    count_visible(app)
}

pub fn reply(app: &mut App, reply: Reply) -> Effects {
    let now = app.now;
    match reply {
        Reply::UsersPage { users } => {
            let state = &mut app.admin.users;
            for quota in users {
                let (username, name) = (quota.user.user_name, quota.user.name);
                match state.places.get(&username) {
                    Some(&place) => state.users[place].name = name,
                    None => {
                        state.places.insert(username.clone(), state.users.len());
                        state.users.push(User { username, name, keys: Counted::Not });
                    }
                }
            }
            state.arrange();
        }
        Reply::UsersListed(Ok(())) => {
            app.admin.users.fetched = Some(now);
            app.admin.users.loading = None;
        }
        Reply::UsersListed(Err(error)) => {
            app.admin.users.loading = None;
            if app.admin.users.users.is_empty() {
                app.admin.users.problem = Some(closed(&error));
            }
            app.notices.failed(now, &error);
        }
        Reply::Counted { username, answer } => counted(app, &username, answer),
        Reply::Keys { username, answer } => {
            let Some(open) = app.admin.users.open.as_mut().filter(|open| open.username == username) else {
                return Effects::new();
            };
            match answer {
                Ok(keys) => open.list.set(keys, now, app.preferences.soon_days),
                Err(error) => {
                    open.list.problem = Some(closed(&error));
                    app.notices.failed(now, &error);
                }
            }
        }
        Reply::KeysDeleted { username, done, answer } => {
            match answer {
                Ok(()) if done == usize::MAX => {
                    app.notices.info(now, format!("deleted all API keys of {username}"))
                }
                Ok(()) => {
                    let count = text::count(done, "API key", "API keys");
                    app.notices.info(now, format!("deleted {count} of {username}"));
                }
                Err(error) => app.notices.failed(now, &error),
            }
            if let Some(&place) = app.admin.users.places.get(&username) {
                app.admin.users.users[place].keys = Counted::Not;
            }
            if app.admin.users.open.is_some() {
                return list_keys(app, username);
            }
        }
        _ => {}
    }
    count_visible(app)
}

fn counted(app: &mut App, username: &str, answer: Result<Vec<Option<Timestamp>>, crate::api::Error>) {
    let Some(&place) = app.admin.users.places.get(username) else { return };
    let keys = match answer {
        Ok(expiries) => {
            let count = |wanted: KeyStatus| expiries.iter().filter(|at| status(app, **at) == wanted).count();
            let (expired, soon) = (count(KeyStatus::Expired), count(KeyStatus::Soon));
            Counted::Known { keys: expiries.len(), expired, soon }
        }
        Err(_) => Counted::Refused,
    };
    app.admin.users.users[place].keys = keys;
    if app.admin.users.sorted_by_count() {
        app.admin.users.arrange();
    }
}

/// Whether the workbench, asked for all users, told of nobody but the signed-in one: it does so
/// where that one is no site administrator (INFERRED), and where there is nobody else.
pub fn sees_only_oneself(app: &App) -> bool {
    let state = &app.admin.users;
    let own = app.session.username.as_deref();
    state.fetched.is_some() && matches!(state.users.as_slice(), [one] if Some(one.username.as_str()) == own)
}

/// Why something is not there; where it was refused, with who could open it.
fn closed(error: &crate::api::Error) -> String {
    match error {
        crate::api::Error::Refused { .. } => {
            format!("{error}. Only a site administrator sees other users and their API keys.")
        }
        error => error.to_string(),
    }
}

pub fn view(app: &App, frame: &mut Frame<'_>, area: Rect) {
    let state = &app.admin.users;
    let theme = &app.preferences.theme;
    if let Some(open) = &state.open {
        let title = format!("API keys of {}", text::clean(&open.username));
        let inside = pane(app, &title, &open.list.summary(app), true, frame, area);
        let text = match (&open.list.problem, open.list.fetched) {
            (Some(problem), None) => problem.clone(),
            (None, None) => awaited(app, open.list.loading, "listing the API keys"),
            _ => {
                open.list.view(app, true, frame, inside);
                if open.list.all().is_empty() && inside.height > 3 {
                    let row = Rect {
                        y: inside.y + 2,
                        height: 1,
                        x: inside.x + 3,
                        width: inside.width.saturating_sub(3),
                    };
                    frame.render_widget(Line::styled("No API keys.", theme.dim), row);
                }
                return;
            }
        };
        return words(app, &text, frame, inside);
    }
    let known = state
        .users
        .iter()
        .filter(|user| matches!(user.keys, Counted::Known { .. } | Counted::Refused))
        .count();
    let mut note = text::count(state.users.len(), "user", "users");
    if state.users.is_empty() && state.fetched.is_none() {
        note.clear();
    }
    if state.filter.is_shown() {
        note.insert_str(0, &format!("{} of ", state.table.len()));
    }
    if state.sorted_by_count() && known < state.users.len() {
        note = format!("{note}, keys of {known} counted");
    } else if state.loading.is_some_and(|id| app.requests.waits_for(id)) {
        note.push_str(if note.is_empty() { "listing" } else { ", listing" });
    } else if let Some(at) = state.fetched {
        note.push_str(&format!(" {} {}", app.preferences.glyphs.separator, at.strftime("%H:%M UTC")));
    }
    let inside = pane(app, "Users", &note, true, frame, area);
    if state.users.is_empty() {
        let asking = || awaited(app, state.loading, "listing users");
        return words(app, &state.problem.clone().unwrap_or_else(asking), frame, inside);
    }
    let inside = filter_row(app, &state.filter, frame, inside);
    if state.table.is_empty() {
        return words(app, NO_MATCH, frame, inside);
    }
    if sees_only_oneself(app) && inside.height > 5 {
        let room =
            Rect { x: inside.x + 1, y: inside.y + 3, height: 2, width: inside.width.saturating_sub(2) };
        let text = "The workbench shows you only yourself. Others and their API keys are closed to all but site administrators.";
        frame.render_widget(Paragraph::new(text).style(theme.dim).wrap(Wrap { trim: false }), room);
    }
    let table = Table {
        columns: &COLUMNS,
        theme,
        glyphs: app.preferences.glyphs,
        focused: true,
        needle: state.filter.text(),
    };
    let inside = Rect { width: inside.width.saturating_sub(1), ..inside };
    table.render(&state.table, inside, frame.buffer_mut(), |row, cells| {
        let Some(user) = state.users.get(row) else { return false };
        cells.push(Shown::new(user.username.as_str()));
        cells.push(Shown::new(user.name.as_str()));
        match user.keys {
            Counted::Known { keys, expired, soon } => {
                let number = |n: usize| if n == 0 { "0".to_owned() } else { n.to_string() };
                cells.push(Shown::new(number(keys)));
                cells.push(Shown::styled(number(expired), if expired > 0 { theme.text } else { theme.dim }));
                cells.push(Shown::styled(number(soon), if soon > 0 { theme.warn } else { theme.dim }));
            }
            Counted::Refused => {
                cells.extend(std::iter::repeat_n(Shown::styled("closed", theme.dim), 3));
            }
            Counted::Not | Counted::Asked(_) => {
                cells.extend(std::iter::repeat_n(
                    Shown::styled(app.preferences.glyphs.ellipsis, theme.dim),
                    3,
                ));
            }
        }
        false
    });
}
