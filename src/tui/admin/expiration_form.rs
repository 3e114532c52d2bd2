//! The form for the expiration setting: a number of days, below the current setting.

use std::borrow::Cow;

use crossterm::event::KeyEvent;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;
use ratatui::widgets::{Clear, Paragraph, Wrap};

use super::{areas, setting};
use crate::api;
use crate::expiry::Policy;
use crate::text;
use crate::tui::call::{Answer, Call};
use crate::tui::command::{Command, KeyContext};
use crate::tui::decision::Decision;
use crate::tui::event::Event;
use crate::tui::layer::{Layer, Outcome};
use crate::tui::overlays::Question;
use crate::tui::requests::{Kind, RequestId};
use crate::tui::session::Expiration;
use crate::tui::shared::Shared;
use crate::tui::widgets::Edit;
use crate::tui::widgets::field::Field;

/// More days than that are a slip: a hundred years.
const MOST_DAYS: u32 = 36_500;

/// The number that is being typed.
#[derive(Debug)]
pub struct ExpirationForm {
    field: Field,
    touched: bool,
    problem: Option<String>,
    sending: Option<RequestId>,
}

impl ExpirationForm {
    /// Starts with the current setting, which what is typed first replaces.
    pub fn new(days: u32) -> Self {
        let mut field = Field::new(days.to_string()).with_limit(6);
        field.offer();
        Self { field, touched: false, problem: None, sending: None }
    }

    /// The number, if it can be sent.
    fn days(&self) -> Result<u32, String> {
        match self.field.text().trim().parse::<u32>() {
            Ok(days) if (1..=MOST_DAYS).contains(&days) => Ok(days),
            _ => Err(format!("type a whole number of days from 1 to {MOST_DAYS}")),
        }
    }

    fn ask(&self, shared: &Shared, days: u32) -> Outcome {
        let (label, value) = (&shared.session.label, setting::days(days));
        let lines = vec![
            format!("Default API keys expiration at {label}: {value}."),
            "It applies to all API keys that any user creates from now on.".into(),
        ];
        Question::new("Change the setting?", lines, "Change", Decision::SetExpiration(days)).ask()
    }

    fn send(&mut self, shared: &mut Shared, days: u32) -> Outcome {
        let call = Call::SetExpiration { days };
        let (id, effect) = shared.start(Kind::Change, "changing the expiration setting", call);
        self.sending = Some(id);
        self.problem = None;
        effect.into()
    }

    /// What is wrong with the number, or its effect.
    fn remark(&self, shared: &Shared) -> Line<'static> {
        let theme = &shared.preferences.theme;
        if let Some(problem) = &self.problem {
            let text = format!("{} {}", shared.preferences.glyphs.bad, text::clean(problem));
            return Line::styled(text, theme.error);
        }
        let text = match self.days() {
            Ok(days) => {
                let day = Policy::of_days(days).default_day(shared.today());
                format!("a key created today would expire on {day}")
            }
            Err(wanted) => wanted,
        };
        Line::styled(text, theme.dim)
    }
}

/// The workbench changed the setting, or why it did not.
pub fn changed(
    shared: &mut Shared,
    answer: Result<Option<(String, u32)>, api::Error>,
) -> Result<Outcome, api::Error> {
    shared.session.expiration = match answer? {
        Some((name, days)) => {
            let text = format!("default API keys expiration: {}", setting::days(days));
            shared.notices.info(shared.now, text);
            Expiration::Setting { name, days }
        }
        None => Expiration::NotOffered,
    };
    Ok(Outcome::event(Event::PolicyChanged))
}

impl Layer for ExpirationForm {
    fn name(&self) -> &'static str {
        "expiration"
    }

    fn contexts(&self, _shared: &Shared) -> Vec<KeyContext> {
        vec![KeyContext::Form]
    }

    fn typing(&self, _shared: &Shared) -> bool {
        true
    }

    fn label(&self, _shared: &Shared, command: Command) -> Option<Cow<'static, str>> {
        (command == Command::Submit).then_some("change".into())
    }

    fn unsaved(&self, _shared: &Shared) -> Option<String> {
        self.touched.then(|| "A form of the Admin tab is filled in.".into())
    }

    fn command(&mut self, shared: &mut Shared, command: Command) -> Outcome {
        match command {
            Command::Submit if self.sending.is_some() => {}
            Command::Submit => match self.days() {
                Ok(days) => return self.ask(shared, days),
                Err(problem) => self.problem = Some(problem),
            },
            Command::Back if self.touched => {
                let lines = vec!["The number that was typed is lost.".into()];
                let question = Question::new("Discard the change?", lines, "Discard", Decision::Discard);
                return question.or("Keep editing").esc_discards().ask();
            }
            Command::Back => return Outcome::pop(),
            _ => return Outcome::ignored(),
        }
        Outcome::done()
    }

    fn decided(&mut self, shared: &mut Shared, decision: Decision) -> Outcome {
        match decision {
            Decision::SetExpiration(days) => self.send(shared, days),
            _ => Outcome::pop(),
        }
    }

    fn key(&mut self, _shared: &mut Shared, key: KeyEvent) -> Outcome {
        if self.field.on_key(key) == Edit::Changed {
            self.touched = true;
            self.problem = None;
        }
        Outcome::done()
    }

    fn paste(&mut self, _shared: &mut Shared, text: &str) -> Outcome {
        self.field.paste(text.trim());
        self.touched = true;
        Outcome::done()
    }

    fn answer(&mut self, shared: &mut Shared, _id: RequestId, answer: Answer) -> Outcome {
        let Answer::ExpirationSet(answer) = answer else { return Outcome::done() };
        self.sending = None;
        match changed(shared, answer) {
            Ok(outcome) => Outcome::pop().and(outcome),
            Err(error) => {
                let mut text = error.to_string();
                if error.status() == Some(403) && !text.contains("administrator") {
                    text.push_str("; only a site administrator may change it");
                }
                self.problem = Some(text);
                Outcome::done()
            }
        }
    }

    fn cancelled(&mut self, _shared: &mut Shared, id: RequestId) -> Outcome {
        if self.sending == Some(id) {
            self.sending = None;
            self.problem = Some("cancelled; the setting may have been changed anyway".into());
        }
        Outcome::done()
    }

    /// A setting that arrives before anything is typed becomes the initial value.
    fn event(&mut self, shared: &mut Shared, event: &Event) -> Outcome {
        if let (Event::PolicyChanged, Expiration::Setting { days, .. }, false) =
            (event, &shared.session.expiration, self.touched)
        {
            self.field.set(days.to_string());
            self.field.offer();
        }
        Outcome::done()
    }

    fn draw(&self, shared: &Shared, frame: &mut Frame<'_>, area: Rect) {
        let area = areas::section(area);
        frame.render_widget(Clear, area);
        let inside = setting::frame(shared, frame, area);
        let mut lines = setting::lines(shared);
        setting::close_up(&mut lines, inside);
        let (submit, back) = (shared.key_of(Command::Submit), shared.key_of(Command::Back));
        let head = format!("new value ({submit} changes, {back} leaves)");
        lines.push(Line::styled(head, shared.preferences.theme.key));
        let row = u16::try_from(lines.len()).unwrap_or(u16::MAX);
        lines.push(Line::default());
        lines.push(self.remark(shared));
        frame.render_widget(Paragraph::new(lines).wrap(Wrap { trim: false }), inside);
        if row < inside.height {
            let field = Rect { y: inside.y + row, height: 1, width: inside.width.min(12), ..inside };
            self.field.render(field, frame.buffer_mut(), true, &shared.styles());
        }
    }
}
