//! "Default API keys expiration in days": what it is, what it means today, and changing it.
//!
//! The setting is in no specification, so it is read and written under the name that the
//! workbench itself gives it, and not at all where it gives none.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Paragraph, Wrap};

use super::{Call, Confirmed, start};
use crate::api;
use crate::expiry::{DEFAULT_LIFE_DAYS, Policy};
use crate::text;
use crate::tui::app::App;
use crate::tui::command::{Command, Context};
use crate::tui::effect::Effects;
use crate::tui::overlays::{self, Confirm};
use crate::tui::requests::{Kind, RequestId};
use crate::tui::session::{self, Expiration};
use crate::tui::widgets::Edit;
use crate::tui::widgets::field::Field;
use crate::tui::widgets::pane::pane;
use crate::wire::time;

/// Days that are taken for a slip: a hundred years.
const MOST_DAYS: u32 = 36_500;

/// DOCS (ml-generating-model-api-key; the menu has the name "Site Administration").
const IN_THE_WEB_PAGE: [&str; 2] =
    ["In the web page: Site Administration > Security,", "\"Default API keys expiration in days\"."];

/// The state of the section.
#[derive(Debug, Default)]
pub struct State {
    edit: Option<Edited>,
}

/// The number that is being typed.
#[derive(Debug)]
struct Edited {
    field: Field,
    touched: bool,
    problem: Option<String>,
    sending: Option<RequestId>,
}

impl Edited {
    /// What is typed first takes the place of the number that stands there.
    fn replace_the_old_value(&mut self) {
        if !self.touched {
            self.field.clear();
        }
    }

    /// The number, where it is one that can be sent.
    fn days(&self) -> Result<u32, String> {
        match self.field.text().trim().parse::<u32>() {
            Ok(days) if (1..=MOST_DAYS).contains(&days) => Ok(days),
            _ => Err(format!("a whole number of days, 1 to {MOST_DAYS}, is wanted")),
        }
    }
}

impl State {
    pub fn typing(&self) -> bool {
        self.edit.is_some()
    }

    pub fn touched(&self) -> bool {
        self.edit.as_ref().is_some_and(|edit| edit.touched)
    }

    pub fn close(&mut self) {
        self.edit = None;
    }

    pub fn cancelled(&mut self, id: RequestId) {
        if let Some(edit) = self.edit.as_mut().filter(|edit| edit.sending == Some(id)) {
            edit.sending = None;
            edit.problem = Some("given up; the setting may have been changed all the same".into());
        }
    }
}

pub fn contexts(app: &App) -> Vec<Context> {
    if app.admin.security.typing() { vec![Context::Form] } else { vec![Context::Security] }
}

pub fn enter(app: &mut App) -> Effects {
    session::ask_expiration(app)
}

pub fn command(app: &mut App, command: Command) -> Option<Effects> {
    if app.admin.security.edit.is_some() {
        return edit_command(app, command);
    }
    match command {
        Command::EditExpiration | Command::Open => {
            let Expiration::Setting { days, .. } = app.session.expiration else {
                let text = "this workbench offers no such setting to change here";
                app.notices.warning(app.now, text);
                return Some(Effects::new());
            };
            if is_closed(app) {
                let text = "only a site administrator may change it, and you are probably not one; \
                            `keybench admin expiration DAYS` asks the workbench all the same";
                app.notices.warning(app.now, text);
                return Some(Effects::new());
            }
            let field = Field::new(days.to_string()).with_limit(6);
            app.admin.security.edit = Some(Edited { field, touched: false, problem: None, sending: None });
            Some(Effects::new())
        }
        _ => None,
    }
}

/// What a command does here; an empty word where it does nothing.
pub fn word(app: &App, command: Command) -> Option<&'static str> {
    let closed = is_closed(app) || !matches!(app.session.expiration, Expiration::Setting { .. });
    (command == Command::EditExpiration && closed).then_some("")
}

/// Whether the workbench tells the setting, but would hardly let this user change it.
fn is_closed(app: &App) -> bool {
    super::users::sees_only_oneself(app) && matches!(app.session.expiration, Expiration::Setting { .. })
}

fn edit_command(app: &mut App, command: Command) -> Option<Effects> {
    let edit = app.admin.security.edit.as_mut()?;
    match command {
        Command::Submit if edit.sending.is_some() => Some(Effects::new()),
        Command::Submit => match edit.days() {
            Ok(days) => {
                let lines = vec![
                    format!("Default API keys expiration at {}: {}.", app.session.label, meaning_of(days)),
                    "It holds for everybody's API keys that are created from now on.".into(),
                ];
                let then = overlays::Confirmed::Admin(Confirmed::SetExpiration { days });
                Some(Confirm::new("Change the setting?", lines, "Change", then).ask(app))
            }
            Err(problem) => {
                edit.problem = Some(problem);
                Some(Effects::new())
            }
        },
        Command::Back if edit.touched => {
            let lines = vec!["The number that was typed is lost.".into()];
            let then = overlays::Confirmed::Admin(Confirmed::Discard);
            Some(
                Confirm::new("Discard the change?", lines, "Discard", then)
                    .or("Keep editing")
                    .esc_discards()
                    .ask(app),
            )
        }
        Command::Back => {
            app.admin.security.edit = None;
            Some(Effects::new())
        }
        _ => None,
    }
}

/// Sends the new value, under the name that the workbench gave the setting.
pub fn send(app: &mut App, days: u32) -> Effects {
    let Expiration::Setting { name, .. } = &app.session.expiration else { return Effects::new() };
    let call = Call::SetExpiration { name: name.clone(), days };
    let (id, effect) = start(app, Kind::Change, "changing the expiration setting", call);
    if let Some(edit) = &mut app.admin.security.edit {
        edit.sending = Some(id);
        edit.problem = None;
    }
    vec![effect]
}

/// The workbench answered.
pub fn set(app: &mut App, answer: Result<Option<(String, u32)>, api::Error>) -> Effects {
    match answer {
        Ok(setting) => {
            app.session.expiration = match setting {
                Some((name, days)) => {
                    app.notices.info(app.now, format!("default API keys expiration: {}", meaning_of(days)));
                    Expiration::Setting { name, days }
                }
                None => Expiration::NotOffered,
            };
            app.admin.security.edit = None;
        }
        Err(error) => {
            let mut text = error.to_string();
            if error.status() == Some(403) && !text.contains("administrator") {
                text.push_str("; only a site administrator may change it");
            }
            match &mut app.admin.security.edit {
                Some(edit) => {
                    edit.sending = None;
                    edit.problem = Some(text);
                }
                None => app.notices.failed(app.now, &error),
            }
        }
    }
    Effects::new()
}

pub fn key(app: &mut App, key: KeyEvent) -> Effects {
    if let Some(edit) = &mut app.admin.security.edit {
        let types =
            matches!(key.code, KeyCode::Char(_)) && key.modifiers.difference(KeyModifiers::SHIFT).is_empty();
        if types {
            edit.replace_the_old_value();
        }
        if edit.field.on_key(key) == Edit::Changed {
            edit.touched = true;
            edit.problem = None;
        }
    }
    Effects::new()
}

pub fn paste(app: &mut App, text: &str) -> Effects {
    if let Some(edit) = &mut app.admin.security.edit {
        edit.replace_the_old_value();
        edit.field.paste(text.trim());
        edit.touched = true;
    }
    Effects::new()
}

fn meaning_of(days: u32) -> String {
    text::count(days as usize, "day", "days")
}

/// The longest life among the signed-in user's keys, in days: what a silent workbench let through.
fn longest_seen(app: &App) -> Option<i64> {
    let life = |key: &crate::wire::V2KeyDetails| {
        let (from, to) = (time::parse(&key.created_at)?, time::parse(&key.expiry_date)?);
        Some(crate::expiry::days_between(time::utc_day(from), time::utc_day(to)))
    };
    app.settings.keys.all().iter().filter_map(life).max()
}

/// What keys and refusals have taught where the workbench does not tell.
fn learned(app: &App) -> Vec<Line<'static>> {
    let dim = app.preferences.theme.dim;
    let longest = longest_seen(app).map(|days| {
        format!("The longest life among your own keys is {}.", meaning_of(days.unsigned_abs() as u32))
    });
    let mut lines: Vec<_> =
        longest.into_iter().chain(app.session.limit_seen.sentence()).map(Line::from).collect();
    if app.session.limit_seen.sentence().is_none() {
        let text = "A date that is refused for a new key tells the limit: it is noted here.";
        lines.push(Line::styled(text, dim));
    }
    lines.push(Line::default());
    lines
}

pub fn view(app: &App, frame: &mut Frame<'_>, area: Rect) {
    let theme = &app.preferences.theme;
    let inside = pane(app, "Security", "", true, frame, area);
    let inside = Rect { x: inside.x + 1, width: inside.width.saturating_sub(2), ..inside };
    let mut lines = vec![Line::styled("Default API keys expiration in days", theme.title), Line::default()];
    let today = app.today();
    match &app.session.expiration {
        Expiration::Unknown => lines.push(Line::styled("reading the setting", theme.dim)),
        Expiration::Setting { name, days } => {
            let policy = Policy::of_days(*days);
            lines.push(Line::from(vec![
                Span::styled("now       ", theme.dim),
                Span::styled(meaning_of(*days), theme.title),
                Span::styled(format!("   ({})", text::clean(name)), theme.dim),
            ]));
            lines.push(Line::default());
            lines.push(Line::from(format!(
                "A key created today expires on {} by default.",
                policy.default_day(today)
            )));
            if let Some(last) = policy.last_day(today) {
                lines.push(Line::from(format!("A key created today can last until {last} at most.")));
            }
            lines.push(Line::from("Keys that exist already keep their dates."));
        }
        Expiration::NotOffered => {
            lines.push(Line::from("This workbench does not tell the setting to programs."));
            lines.push(Line::from(format!(
                "Without it a key lasts {DEFAULT_LIFE_DAYS} days unless the administrator set less (as documented)."
            )));
            lines.push(Line::default());
            lines.extend(learned(app));
            lines.extend(IN_THE_WEB_PAGE.map(Line::from));
        }
        Expiration::Unreadable(problem) => {
            lines.push(Line::styled(format!("It could not be read: {}", text::clean(problem)), theme.error));
            lines.push(Line::from("Ctrl-R asks again."));
            lines.push(Line::default());
            lines.extend(learned(app));
            lines.extend(IN_THE_WEB_PAGE.map(Line::from));
        }
    }
    lines.push(Line::default());
    if is_closed(app) {
        lines.push(Line::styled("Only a site administrator may change it. As you see", theme.warn));
        lines.push(Line::styled("only yourself under Users, you are probably not one.", theme.warn));
        lines.push(Line::default());
    }
    match &app.admin.security.edit {
        None if matches!(app.session.expiration, Expiration::Setting { .. })
            && !app.session.read_only
            && !is_closed(app) =>
        {
            lines.push(Line::from(vec![
                Span::styled("e", theme.key),
                Span::raw(" changes it, for site administrators"),
            ]));
        }
        None => {}
        Some(edit) => {
            lines.push(Line::styled("new value (Enter changes, Esc leaves)", theme.key));
            lines.push(Line::raw(" "));
            if let Some(problem) = &edit.problem {
                lines.push(Line::styled(
                    format!("{} {}", app.preferences.glyphs.bad, text::clean(problem)),
                    theme.error,
                ));
            } else {
                let words = match edit.days() {
                    Ok(days) => {
                        let day = Policy::of_days(days).default_day(today);
                        format!("a key created today would expire on {day}")
                    }
                    Err(wanted) => wanted,
                };
                lines.push(Line::styled(words, theme.dim));
            }
        }
    }
    // On a low terminal the field is worth more than the blanks.
    if inside.height < 13 {
        lines.retain(|line| line.width() > 0);
    }
    let field_row =
        lines.iter().position(|line| line.spans.iter().any(|span| span.content.starts_with("new value")));
    // No line is wider than 60 columns but the workbench's own texts, and those stand last.
    frame.render_widget(Paragraph::new(lines).wrap(Wrap { trim: false }), inside);
    if let (Some(row), Some(edit)) = (field_row, &app.admin.security.edit)
        && (row + 1) < inside.height.into()
    {
        let y = inside.y + u16::try_from(row + 1).unwrap_or_default();
        let row = Rect { y, height: 1, width: inside.width.min(12), ..inside };
        edit.field.render(row, frame.buffer_mut(), true, &app.styles());
    }
}
