//! The form for a new API key: expiry, audience, comment.
//!
//! A date that nobody touched is not sent: the key then gets the workbench's own default, which
//! this program may not know.

use crossterm::event::{KeyCode, KeyEvent};
use jiff::civil::Date;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Paragraph, Wrap};

use super::reveal::Reveal;
use super::{Call, Confirmed, Dialog};
use crate::api::{self, NewKey};
use crate::text;
use crate::tui::app::App;
use crate::tui::command::Command;
use crate::tui::effect::{self, Effects};
use crate::tui::overlays::{self, Confirm};
use crate::tui::requests::{Kind, RequestId, Scope};
use crate::tui::widgets::Edit;
use crate::tui::widgets::date_picker::{DatePicker, FULL_HEIGHT, Outcome, WIDE};
use crate::tui::widgets::dialog::{centred, frame_box};
use crate::tui::widgets::field::Field;
use crate::tui::widgets::policy_rules::PolicyRules;
use crate::wire::{AUDIENCE_API, AUDIENCE_APPLICATION, CreateV2KeyResponse, time};

/// What the backend calls the comment; longer ones are cut by no one, but fit no column.
const COMMENT_LIMIT: usize = 200;

/// The audiences that can be chosen.
const AUDIENCES: [(&str, &[&str]); 3] = [
    ("API: workbench and models", &[AUDIENCE_API]),
    ("Application: protected applications", &[AUDIENCE_APPLICATION]),
    ("API and Application", &[AUDIENCE_API, AUDIENCE_APPLICATION]),
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Focus {
    Expiry,
    Audience,
    Comment,
    Create,
}

impl Focus {
    const ALL: [Self; 4] = [Self::Expiry, Self::Audience, Self::Comment, Self::Create];

    fn step(self, by: usize) -> Self {
        let at = Self::ALL.iter().position(|focus| *focus == self).unwrap_or_default();
        Self::ALL[(at + by) % Self::ALL.len()]
    }
}

/// The state of the form.
#[derive(Debug)]
pub struct KeyForm {
    picker: DatePicker,
    /// Whether the day was chosen by the person.
    day_chosen: bool,
    /// The same, when typing a date began: Esc takes it back.
    chosen_before: bool,
    audience: usize,
    comment: Field,
    focus: Focus,
    touched: bool,
    /// The creation under way.
    creating: Option<RequestId>,
    /// The day that it asks for, where the person chose one.
    asked: Option<Date>,
    /// What the workbench, or this program, has against it.
    problem: Option<String>,
}

/// What may be chosen today.
pub fn rules(app: &App) -> PolicyRules {
    PolicyRules { policy: app.session.policy(), today: app.today() }
}

impl KeyForm {
    pub fn new(app: &App) -> Self {
        let rules = rules(app);
        let day = rules.policy.default_day(rules.today);
        Self {
            picker: DatePicker::new(day, &rules).with_week_start(app.preferences.week_start),
            day_chosen: false,
            chosen_before: false,
            audience: 0,
            comment: Field::default().with_limit(COMMENT_LIMIT),
            focus: Focus::Expiry,
            touched: false,
            creating: None,
            asked: None,
            problem: None,
        }
    }

    /// Whether characters are text: also in the picker, whose letters are its own.
    pub fn typing(&self) -> bool {
        matches!(self.focus, Focus::Expiry | Focus::Comment)
    }

    /// What Enter does where the focus is.
    pub fn submit_word(&self) -> &'static str {
        match self.focus {
            Focus::Expiry => "take day",
            Focus::Audience => "next field",
            Focus::Comment | Focus::Create => "create key",
        }
    }

    pub fn touched(&self) -> bool {
        self.touched || self.creating.is_some()
    }

    pub fn cancelled(&mut self, id: RequestId) {
        if self.creating == Some(id) {
            self.creating = None;
            self.problem =
                Some("given up; the key may have been created: look at the list before trying again".into());
        }
    }

    /// The policy became known while the form was open.
    pub fn rules_changed(&mut self, rules: &PolicyRules) {
        if self.day_chosen {
            self.picker.rules_changed(rules);
        } else {
            self.picker.select(rules.policy.default_day(rules.today), rules);
        }
    }

    fn new_key(&self) -> NewKey {
        let audiences = AUDIENCES.get(self.audience).map_or(&[][..], |(_, audiences)| audiences);
        NewKey {
            expiry: self.day_chosen.then(|| time::end_of_day(self.picker.selected())).flatten(),
            comment: self.comment.text().trim().to_owned(),
            audiences: audiences.iter().map(|audience| (*audience).to_owned()).collect(),
        }
    }

    fn picker_key(&mut self, key: KeyEvent, rules: &PolicyRules) -> Outcome {
        let before = self.picker.selected();
        let was_typing = self.picker.is_typing();
        let outcome = self.picker.on_key(key, rules);
        let default = !was_typing && key.code == KeyCode::Char('D')
            || self.picker.typed_text().trim().eq_ignore_ascii_case("default");
        if !was_typing && self.picker.is_typing() {
            self.chosen_before = self.day_chosen;
        }
        if outcome == Outcome::Changed {
            let chosen = before != self.picker.selected();
            self.day_chosen = !default && (self.day_chosen || chosen);
            // A key that only brings up a hint changes nothing.
            self.touched |= chosen || was_typing || self.picker.is_typing();
            self.problem = None;
        }
        if was_typing && key.code == KeyCode::Esc {
            self.day_chosen = self.chosen_before;
        }
        if outcome == Outcome::Accepted && was_typing {
            self.day_chosen = !default;
        }
        outcome
    }
}

fn form(app: &mut App) -> Option<&mut KeyForm> {
    match &mut app.settings.dialog {
        Some(Dialog::NewKey(form)) => Some(form),
        _ => None,
    }
}

pub(super) fn command(app: &mut App, command: Command) -> Option<Effects> {
    let rules = rules(app);
    let form = form(app)?;
    match command {
        Command::NextField | Command::NextPart => form.focus = form.focus.step(1),
        Command::PreviousField | Command::PreviousPart => form.focus = form.focus.step(3),
        Command::Submit => match form.focus {
            Focus::Expiry => {
                let enter = KeyEvent::from(KeyCode::Enter);
                if form.picker_key(enter, &rules) == Outcome::Accepted {
                    form.focus = Focus::Audience;
                }
            }
            Focus::Audience => form.focus = Focus::Comment,
            Focus::Comment | Focus::Create => return Some(create(app)),
        },
        Command::Back if form.picker.is_typing() && form.focus == Focus::Expiry => {
            form.picker_key(KeyEvent::from(KeyCode::Esc), &rules);
        }
        Command::Back if form.creating.is_some() => {
            app.notices.warning(app.now, "the key is being created; Ctrl-X gives up waiting for it");
        }
        Command::Back if form.touched => {
            let lines = vec!["What was typed into the form for a new API key is lost.".into()];
            let then = overlays::Confirmed::Settings(Confirmed::Discard);
            return Some(
                Confirm::new("Discard the new key?", lines, "Discard", then)
                    .or("Keep editing")
                    .esc_discards()
                    .ask(app),
            );
        }
        Command::Back => app.settings.dialog = None,
        _ => return None,
    }
    Some(Effects::new())
}

pub(super) fn key(app: &mut App, key: KeyEvent) -> Effects {
    let rules = rules(app);
    let Some(form) = form(app) else { return Effects::new() };
    match form.focus {
        Focus::Expiry => {
            form.picker_key(key, &rules);
        }
        Focus::Audience => match key.code {
            // No letters: whoever takes this for the comment must not change anything unseen.
            KeyCode::Left => choose_audience(form, AUDIENCES.len() - 1),
            KeyCode::Right => choose_audience(form, 1),
            KeyCode::Up => form.focus = Focus::Expiry,
            KeyCode::Down => form.focus = Focus::Comment,
            _ => {}
        },
        Focus::Comment => match form.comment.on_key(key) {
            Edit::Changed => form.touched = true,
            Edit::Ignored if key.code == KeyCode::Up => form.focus = Focus::Audience,
            Edit::Ignored if key.code == KeyCode::Down => form.focus = Focus::Create,
            _ => {}
        },
        Focus::Create => {
            if key.code == KeyCode::Up {
                form.focus = Focus::Comment;
            }
        }
    }
    Effects::new()
}

fn choose_audience(form: &mut KeyForm, by: usize) {
    form.audience = (form.audience + by) % AUDIENCES.len();
    form.touched = true;
}

pub(super) fn paste(app: &mut App, text: &str) {
    let rules = rules(app);
    let Some(form) = form(app) else { return };
    match form.focus {
        Focus::Expiry => {
            form.picker.paste(text, &rules);
            form.day_chosen = true;
            form.touched = true;
        }
        Focus::Comment => {
            form.comment.paste(text);
            form.touched = true;
        }
        Focus::Audience | Focus::Create => {}
    }
}

fn create(app: &mut App) -> Effects {
    let Some(username) = app.session.username.clone() else { return Effects::new() };
    let Some(form) = form(app) else { return Effects::new() };
    if form.creating.is_some() {
        return Effects::new();
    }
    if let Some(unread) = form.picker.unread_text() {
        form.problem = Some(format!("{unread:?} is no day that can be chosen; correct it or clear it"));
        form.focus = Focus::Expiry;
        return Effects::new();
    }
    let new = form.new_key();
    let call = effect::Call::Settings(Call::Create { username, new });
    let (id, effect) = app.start(Scope::Dialog, Kind::Change, "creating an API key", call);
    if let Some(Dialog::NewKey(form)) = &mut app.settings.dialog {
        form.creating = Some(id);
        form.asked = form.day_chosen.then(|| form.picker.selected());
        form.problem = None;
    }
    vec![effect]
}

/// The workbench answered: the key is shown, or its refusal stands in the form.
pub(super) fn created(
    app: &mut App,
    id: RequestId,
    answer: Result<Box<CreateV2KeyResponse>, api::Error>,
) -> Effects {
    match answer {
        Ok(created) => {
            super::remember_created(app, &created);
            app.settings.keys.select_key(&created.key_id);
            app.settings.dialog = Some(Dialog::Reveal(Box::new(Reveal::new(*created))));
            super::list_anew(app)
        }
        Err(error) => {
            match form(app).filter(|form| form.creating == Some(id)) {
                Some(form) => {
                    form.creating = None;
                    let asked = form.asked.take();
                    let hint = error.hint().map(|hint| format!("; {hint}")).unwrap_or_default();
                    form.problem = Some(format!("{error}{hint}"));
                    let today = app.today();
                    if let (Some(day), api::Error::Refused { status: 400..=422, message, .. }) =
                        (asked, &error)
                    {
                        app.session.limit_seen.refused(today, day, message);
                    }
                }
                None => app.notices.failed(app.now, &error),
            }
            Effects::new()
        }
    }
}

pub(super) fn view(app: &App, form: &KeyForm, frame: &mut Frame<'_>, area: Rect) {
    /// Audience, comment, problem and button with the blanks between.
    const BELOW: u16 = 7;
    /// The month, and what the chosen day means in two lines.
    const PICKER: u16 = 10;
    let theme = &app.preferences.theme;
    let rules = rules(app);
    let outer = centred(area, WIDE + 12, FULL_HEIGHT + BELOW + 2);
    let inside = frame_box(app, "New API key", frame, outer);
    let on_expiry = form.focus == Focus::Expiry;
    // On a low terminal the month is there only while it has the focus, and the rest only then not.
    let low = inside.height < PICKER + 4;
    let below = match (low, on_expiry) {
        (false, _) => BELOW.min(inside.height - PICKER),
        (true, true) => 1,
        (true, false) => inside.height.saturating_sub(3),
    };
    let picker = Rect { height: inside.height.saturating_sub(below), ..inside };
    if low && !on_expiry {
        form.picker.render_closed(picker, frame.buffer_mut(), &rules, &app.styles());
    } else {
        form.picker.render(picker, frame.buffer_mut(), on_expiry, &rules, &app.styles());
    }
    if below > 1 {
        let blank = u16::from(below > 5);
        let height = inside.height.saturating_sub(picker.height + blank + 1);
        fields(app, form, frame, Rect { y: picker.bottom() + blank, height, ..inside });
    }
    let style = if form.focus == Focus::Create { theme.button_focused } else { theme.button };
    let keys = match form.focus {
        Focus::Expiry if low => "  [ ] month  { } year  T today  Tab next",
        _ => "  Tab next  Esc back",
    };
    let button = Line::from(vec![
        Span::raw(" "),
        Span::styled("[ Create key ]", style),
        Span::styled(keys, theme.dim),
    ]);
    let row = Rect { y: inside.bottom().saturating_sub(1), height: inside.height.min(1), ..inside };
    frame.render_widget(button, row);
}

/// Audience and comment, and under them what is wrong or going on.
fn fields(app: &App, form: &KeyForm, frame: &mut Frame<'_>, area: Rect) {
    let theme = &app.preferences.theme;
    let focused = |focus: Focus| form.focus == focus;
    let row = |n: u16| Rect { y: area.y + n, height: 1, ..area }.intersection(area);
    let label = |focus: Focus, text: &'static str| {
        Span::styled(format!(" {text:<9} "), if focused(focus) { theme.key } else { theme.dim })
    };
    let (audience, _) = AUDIENCES[form.audience % AUDIENCES.len()];
    let style = if focused(Focus::Audience) { theme.button_focused } else { theme.text };
    let mut audience =
        vec![label(Focus::Audience, "audience"), Span::styled(format!("< {audience} >"), style)];
    if focused(Focus::Audience) {
        audience.push(Span::styled("  arrows change", theme.dim));
    }
    frame.render_widget(Line::from(audience), row(0));
    let comment = row(1);
    frame.render_widget(Line::from(label(Focus::Comment, "comment")), comment);
    let field =
        Rect { x: comment.x + comment.width.min(11), width: comment.width.saturating_sub(11), ..comment };
    form.comment.render(field, frame.buffer_mut(), focused(Focus::Comment), &app.styles());
    if form.comment.is_empty() && !focused(Focus::Comment) {
        frame.render_widget(Line::styled("what it is for: nightly scoring", theme.disabled), field);
    }
    let problem = Rect { y: area.y + 2, height: area.height.saturating_sub(2), ..area };
    if let Some(text) = &form.problem {
        let text = format!("{} {}", app.preferences.glyphs.bad, text::clean(text));
        frame.render_widget(Paragraph::new(text).style(theme.error).wrap(Wrap { trim: true }), problem);
    } else if let Some(id) = form.creating {
        let sign = if app.waiting(id).is_some() { app.spinner() } else { " " };
        frame.render_widget(Line::styled(format!(" {sign} creating the key"), theme.accent), problem);
    } else if form.comment.text().chars().count() >= COMMENT_LIMIT {
        let text = format!(" a comment ends at {COMMENT_LIMIT} characters");
        frame.render_widget(Line::styled(text, theme.warn), problem);
    } else if !form.day_chosen && rules(app).policy.limit_days.is_none() {
        let text = " no date chosen: the key gets the workbench's default";
        frame.render_widget(Line::styled(text, theme.dim), problem);
    }
}
