//! The form for a new API key: expiry, audience, comment.
//!
//! A date that the user did not change is not sent: the key then gets the workbench's default, which
//! keybench may not know.

mod fields;

use std::borrow::Cow;

use crossterm::event::{KeyCode, KeyEvent};
use jiff::civil::Date;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::created::{keys_changed, shown};
use crate::api::{self, NewKey as Wanted};
use crate::tui::call::{Answer, Call};
use crate::tui::command::{Command, KeyContext};
use crate::tui::cyclic::step;
use crate::tui::decision::Decision;
use crate::tui::event::Event;
use crate::tui::key_list::of_service;
use crate::tui::layer::{Layer, Outcome};
use crate::tui::layout::body;
use crate::tui::overlays::Question;
use crate::tui::parts::dialog::{centred, frame_box, inside_box};
use crate::tui::requests::{Kind, RequestId};
use crate::tui::session;
use crate::tui::shared::Shared;
use crate::tui::tab::Tab;
use crate::tui::widgets::Edit;
use crate::tui::widgets::date_picker::{DatePicker, FULL_HEIGHT, Outcome as Picked, WIDE};
use crate::tui::widgets::field::Field;
use crate::tui::widgets::policy_rules::PolicyRules;
use crate::wire::{AUDIENCE_API, AUDIENCE_APPLICATION, time};

/// What the backend calls the comment; longer ones are cut by no one, but fit no column.
const COMMENT_LIMIT: usize = 200;

/// The audiences that can be chosen.
const AUDIENCES: [(&str, &[&str]); 3] = [
    ("API: workbench and models", &[AUDIENCE_API]),
    ("Application: protected applications", &[AUDIENCE_APPLICATION]),
    ("API and Application", &[AUDIENCE_API, AUDIENCE_APPLICATION]),
];

const BUTTON: &str = "[ Create key ]";
/// Audience, comment, problem and button with the blanks between.
const BELOW: u16 = 7;

#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::VariantArray)]
enum Focus {
    Expiry,
    Audience,
    Comment,
    Create,
}

/// The form.
#[derive(Debug)]
pub struct NewKey {
    picker: DatePicker,
    /// Whether the user chose the day.
    day_chosen: bool,
    /// The same, when typing a date began: Esc takes it back.
    chosen_before: bool,
    audience: usize,
    comment: Field,
    focus: Focus,
    touched: bool,
    /// The creation in flight.
    creating: Option<RequestId>,
    /// The requested day, if the user chose one.
    asked: Option<Date>,
    /// The day that the form showed for the key that was asked for; none where no limit is known.
    shown: Option<Date>,
    /// What the workbench, or this program, has against it.
    problem: Option<String>,
    /// Nobody was there to answer, and nothing was created: no problem once the workbench is back.
    unreached: bool,
}

/// What may be chosen today.
pub(super) fn rules(shared: &Shared) -> PolicyRules {
    PolicyRules { policy: shared.session.policy(), today: shared.today() }
}

impl NewKey {
    pub fn new(shared: &Shared) -> Self {
        let rules = rules(shared);
        let day = rules.policy.default_day(rules.today);
        Self {
            picker: DatePicker::new(day, &rules).with_week_start(shared.preferences.week_start),
            day_chosen: false,
            chosen_before: false,
            audience: 0,
            comment: Field::default().with_limit(COMMENT_LIMIT),
            focus: Focus::Expiry,
            touched: false,
            creating: None,
            asked: None,
            shown: None,
            problem: None,
            unreached: false,
        }
    }

    /// The problem that is still one.
    fn problem(&self, shared: &Shared) -> Option<&str> {
        let over = self.unreached && shared.session.contacts.is_up();
        self.problem.as_deref().filter(|_| !over)
    }

    /// The effect of Enter at the current focus.
    fn submit_label(&self) -> &'static str {
        match self.focus {
            Focus::Expiry => "take day",
            Focus::Audience => "next field",
            Focus::Comment | Focus::Create => "create key",
        }
    }

    fn wanted(&self) -> Wanted {
        let audiences = AUDIENCES.get(self.audience).map_or(&[][..], |(_, audiences)| audiences);
        Wanted {
            expiry: self.day_chosen.then(|| time::end_of_day(self.picker.selected())).flatten(),
            comment: self.comment.text().trim().to_owned(),
            audiences: audiences.iter().map(|audience| (*audience).to_owned()).collect(),
        }
    }

    fn says_default(&self) -> bool {
        self.picker.typed_text().trim().eq_ignore_ascii_case("default")
    }

    fn picker_key(&mut self, key: KeyEvent, rules: &PolicyRules) -> Picked {
        let before = self.picker.selected();
        let was_typing = self.picker.is_typing();
        let outcome = self.picker.on_key(key, rules);
        let default = !was_typing && key.code == KeyCode::Char('D') || self.says_default();
        if !was_typing && self.picker.is_typing() {
            self.chosen_before = self.day_chosen;
        }
        if outcome == Picked::Changed {
            let chosen = before != self.picker.selected();
            self.day_chosen = !default && (self.day_chosen || chosen);
            // A key that only brings up a hint changes nothing.
            self.touched |= chosen || was_typing || self.picker.is_typing();
            self.problem = None;
        }
        if was_typing && key.code == KeyCode::Esc {
            self.day_chosen = self.chosen_before;
        }
        if outcome == Picked::Accepted && was_typing {
            self.day_chosen = !default;
        }
        outcome
    }

    fn submit(&mut self, shared: &mut Shared) -> Outcome {
        match self.focus {
            Focus::Expiry => {
                let enter = KeyEvent::from(KeyCode::Enter);
                if self.picker_key(enter, &rules(shared)) == Picked::Accepted {
                    self.focus = Focus::Audience;
                }
            }
            Focus::Audience => self.focus = Focus::Comment,
            Focus::Comment | Focus::Create => return self.create(shared),
        }
        Outcome::done()
    }

    fn back(&mut self, shared: &mut Shared) -> Outcome {
        if self.picker.is_typing() && self.focus == Focus::Expiry {
            self.picker_key(KeyEvent::from(KeyCode::Esc), &rules(shared));
        } else if self.creating.is_some() {
            let cancel = shared.key_of(Command::CancelRequest);
            let text = format!("the key is being created; {cancel} stops waiting");
            shared.notices.until_answered(shared.now, text);
        } else if self.touched {
            let lines = vec!["What was typed into the form for a new API key is lost.".into()];
            return Question::new("Discard the form?", lines, "Discard", Decision::Discard)
                .or("Keep editing")
                .esc_discards()
                .ask();
        } else {
            return Outcome::pop();
        }
        Outcome::done()
    }

    fn choose_audience(&mut self, by: usize) {
        self.audience = (self.audience + by) % AUDIENCES.len();
        self.touched = true;
    }

    fn create(&mut self, shared: &mut Shared) -> Outcome {
        let Some(username) = shared.session.username.clone() else { return Outcome::done() };
        if self.creating.is_some() {
            return Outcome::done();
        }
        if let Some(unread) = self.picker.unread_text() {
            self.problem =
                Some(format!("{unread:?} is not a day that can be chosen; correct it or clear it"));
            self.focus = Focus::Expiry;
            return Outcome::done();
        }
        let new = self.wanted();
        if let Some(why) = of_service::refused(shared, &username, &new.comment) {
            self.problem = Some(why);
            self.focus = Focus::Comment;
            return Outcome::done();
        }
        let call = Call::CreateKey { username, new };
        let (id, effect) = shared.start(Kind::Change, "creating an API key", call);
        (self.creating, self.unreached) = (Some(id), false);
        self.asked = self.day_chosen.then(|| self.picker.selected());
        let is_known = self.day_chosen || rules(shared).policy.limit_days.is_some();
        self.shown = is_known.then(|| self.picker.selected());
        self.problem = None;
        effect.into()
    }

    /// The workbench refused, or did not answer: the form shows why. What it refuses may show that the
    /// limit is another one by now.
    fn refused(&mut self, shared: &mut Shared, error: &api::Error) -> Outcome {
        self.creating = None;
        self.unreached = matches!(error, api::Error::NoAnswer { .. }) && !error.may_be_done();
        let hint = shared.notices.way_out(error).map(|hint| format!("; {hint}")).unwrap_or_default();
        self.problem = Some(format!("{error}{hint}"));
        let today = shared.today();
        if let (Some(day), api::Error::Refused { status: 400..=422, message, .. }) =
            (self.asked.take(), error)
        {
            shared.session.limit_seen.refused(today, day, message);
            return session::look_at_expiration(shared).into();
        }
        Outcome::done()
    }
}

impl Layer for NewKey {
    fn name(&self) -> &'static str {
        "new key"
    }

    fn contexts(&self, _shared: &Shared) -> Vec<KeyContext> {
        vec![KeyContext::KeyForm, KeyContext::Form]
    }

    /// Characters are text in the picker too, whose letters are its own.
    fn typing(&self, _shared: &Shared) -> bool {
        matches!(self.focus, Focus::Expiry | Focus::Comment)
    }

    fn label(&self, _shared: &Shared, command: Command) -> Option<Cow<'static, str>> {
        (command == Command::Submit).then(|| self.submit_label().into())
    }

    fn unsaved(&self, _shared: &Shared) -> Option<String> {
        let touched = self.touched || self.creating.is_some();
        touched.then(|| "The form for a new API key is filled in.".to_owned())
    }

    fn command(&mut self, shared: &mut Shared, command: Command) -> Outcome {
        match command {
            Command::NextField | Command::NextPart => self.focus = step(self.focus, 1),
            Command::PreviousField | Command::PreviousPart => self.focus = step(self.focus, 3),
            Command::Submit => return self.submit(shared),
            Command::Back => return self.back(shared),
            // A digit here is meant for the comment more often than for a tab.
            tab if Tab::of(tab).is_some() => {
                let text = format!("{} leaves the form first", shared.key_of(Command::Back));
                shared.notices.warning(shared.now, text);
            }
            _ => return Outcome::ignored(),
        }
        Outcome::done()
    }

    fn key(&mut self, shared: &mut Shared, key: KeyEvent) -> Outcome {
        match (self.focus, key.code) {
            (Focus::Expiry, _) => {
                self.picker_key(key, &rules(shared));
            }
            // No letters: a user who takes this for the comment must not change anything unnoticed.
            (Focus::Audience, KeyCode::Left) => self.choose_audience(AUDIENCES.len() - 1),
            (Focus::Audience, KeyCode::Right) => self.choose_audience(1),
            (Focus::Audience, KeyCode::Up) => self.focus = Focus::Expiry,
            (Focus::Audience, KeyCode::Down) => self.focus = Focus::Comment,
            (Focus::Comment, code) => match self.comment.on_key(key) {
                Edit::Changed => self.touched = true,
                Edit::Ignored if code == KeyCode::Up => self.focus = Focus::Audience,
                Edit::Ignored if code == KeyCode::Down => self.focus = Focus::Create,
                _ => {}
            },
            (Focus::Create, KeyCode::Up) => self.focus = Focus::Comment,
            (Focus::Audience | Focus::Create, _) => {}
        }
        Outcome::done()
    }

    fn paste(&mut self, shared: &mut Shared, text: &str) -> Outcome {
        match self.focus {
            Focus::Expiry => {
                self.picker.paste(text, &rules(shared));
                self.day_chosen = true;
                self.touched = true;
            }
            Focus::Comment => {
                self.comment.paste(text);
                self.touched = true;
            }
            Focus::Audience | Focus::Create => {}
        }
        Outcome::done()
    }

    fn answer(&mut self, shared: &mut Shared, _id: RequestId, answer: Answer) -> Outcome {
        match answer {
            Answer::KeyCreated(Ok(created)) => shown(shared, *created, self.shown),
            Answer::KeyCreated(Err(error)) => self.refused(shared, &error),
            _ => Outcome::done(),
        }
    }

    fn cancelled(&mut self, shared: &mut Shared, id: RequestId) -> Outcome {
        if self.creating != Some(id) {
            return Outcome::done();
        }
        self.creating = None;
        self.problem = Some(
            "cancelled; the key may have been created anyway: look at the list before trying again".into(),
        );
        Outcome::event(keys_changed(shared))
    }

    /// What was typed is discarded.
    fn decided(&mut self, _shared: &mut Shared, _decision: Decision) -> Outcome {
        Outcome::pop()
    }

    /// The policy became known while the form was open, or is another one. What is being typed stays.
    fn event(&mut self, shared: &mut Shared, event: &Event) -> Outcome {
        if matches!(event, Event::PolicyChanged) {
            let (rules, before) = (rules(shared), self.picker.selected());
            if self.day_chosen || !self.picker.typed_text().is_empty() {
                self.picker.rules_changed(&rules);
                self.day_chosen |= before != self.picker.selected() && !self.says_default();
            } else {
                self.picker.select(rules.policy.default_day(rules.today), &rules);
            }
        }
        Outcome::done()
    }

    fn click(&mut self, shared: &mut Shared, x: u16, y: u16) -> Outcome {
        let inside = inside_box(outer(body(shared)));
        let button = inside.x + 1..inside.x + 1 + BUTTON.len() as u16;
        if y + 1 != inside.bottom() || !button.contains(&x) {
            return Outcome::ignored();
        }
        self.focus = Focus::Create;
        self.command(shared, Command::Submit)
    }

    fn draw(&self, shared: &Shared, frame: &mut Frame<'_>, area: Rect) {
        /// The month, and what the chosen day means in two lines.
        const PICKER: u16 = 10;
        let theme = &shared.preferences.theme;
        let rules = rules(shared);
        let inside = frame_box(shared, "New API key", frame, outer(area));
        let on_expiry = self.focus == Focus::Expiry;
        // On a low terminal the month is there only while it has the focus, and the rest only then not.
        let low = inside.height < PICKER + 4;
        let below = match (low, on_expiry) {
            // Only a problem takes room from the picker.
            (false, _) => match self.problem(shared) {
                Some(_) => BELOW.min(inside.height - PICKER),
                None => BELOW.min(inside.height.saturating_sub(FULL_HEIGHT)).max(4),
            },
            (true, true) => 1,
            (true, false) => inside.height.saturating_sub(3),
        };
        let picker = Rect { height: inside.height.saturating_sub(below), ..inside };
        if low && !on_expiry {
            self.picker.render_closed(picker, frame.buffer_mut(), &rules, &shared.styles());
        } else {
            self.picker.render(picker, frame.buffer_mut(), on_expiry, &rules, &shared.styles());
        }
        if below > 1 {
            let blank = u16::from(below > 5);
            let height = inside.height.saturating_sub(picker.height + blank + 1);
            self.fields(shared, frame, Rect { y: picker.bottom() + blank, height, ..inside });
        }
        let style = if self.focus == Focus::Create { theme.button_focused } else { theme.button };
        let (next, back) = (shared.key_of(Command::NextField), shared.key_of(Command::Back));
        let keys = match self.focus {
            Focus::Expiry if low => format!("  [ ] month  {{ }} year  T today  {next} next"),
            _ => format!("  {next} next  {back} back"),
        };
        let button =
            Line::from(vec![Span::raw(" "), Span::styled(BUTTON, style), Span::styled(keys, theme.dim)]);
        let row = Rect { y: inside.bottom().saturating_sub(1), height: inside.height.min(1), ..inside };
        frame.render_widget(button, row);
    }
}

fn outer(area: Rect) -> Rect {
    centred(area, WIDE + 12, FULL_HEIGHT + BELOW + 2)
}
