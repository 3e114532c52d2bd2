//! The day on which a successor expires, chosen instead of the workbench's default.

use std::borrow::Cow;

use crossterm::event::{KeyCode, KeyEvent};
use jiff::ToSpan as _;
use jiff::civil::Date;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;

use crate::expiry::days_between;
use crate::tui::command::{Command, KeyContext};
use crate::tui::decision::Decision;
use crate::tui::event::Event;
use crate::tui::layer::{Layer, Outcome};
use crate::tui::parts::dialog::{centred, frame_box};
use crate::tui::settings::new_key::rules;
use crate::tui::shared::Shared;
use crate::tui::widgets::date_picker::{DatePicker, FULL_HEIGHT, Outcome as Picked, WIDE};
use crate::wire::{V2KeyDetails, time};

/// A calendar.
#[derive(Debug)]
pub struct SuccessorExpiry {
    key_id: String,
    picker: DatePicker,
}

/// The day until which a key lasts that lives from today as long as `old` does.
fn as_long_as(old: &V2KeyDetails, today: Date) -> Option<Date> {
    let [from, to] = [&old.created_at, &old.expiry_date].map(|text| time::parse(text).map(time::utc_day));
    let days = days_between(from?, to?);
    today.checked_add(days.days()).ok()
}

impl SuccessorExpiry {
    pub fn new(shared: &Shared, old: &V2KeyDetails) -> Self {
        let rules = rules(shared);
        let day = as_long_as(old, rules.today).unwrap_or_else(|| rules.policy.default_day(rules.today));
        let picker = DatePicker::new(day, &rules).with_week_start(shared.preferences.week_start);
        Self { key_id: old.key_id.clone(), picker }
    }

    fn submit(&mut self, shared: &Shared) -> Outcome {
        if self.picker.on_key(KeyEvent::from(KeyCode::Enter), &rules(shared)) != Picked::Accepted {
            return Outcome::done();
        }
        let expiry = time::end_of_day(self.picker.selected());
        let decision = Decision::Rotate { key_id: self.key_id.clone(), expiry };
        Outcome { decision: Some(decision), ..Outcome::pop() }
    }
}

impl Layer for SuccessorExpiry {
    fn name(&self) -> &'static str {
        "expiry of the successor"
    }

    fn contexts(&self, _shared: &Shared) -> Vec<KeyContext> {
        vec![KeyContext::Form]
    }

    /// The letters are the calendar's own.
    fn typing(&self, _shared: &Shared) -> bool {
        true
    }

    fn label(&self, _shared: &Shared, command: Command) -> Option<Cow<'static, str>> {
        (command == Command::Submit).then(|| "create successor".into())
    }

    fn command(&mut self, shared: &mut Shared, command: Command) -> Outcome {
        match command {
            Command::Submit => return self.submit(shared),
            Command::Back if self.picker.is_typing() => {
                self.picker.on_key(KeyEvent::from(KeyCode::Esc), &rules(shared));
            }
            Command::Back => return Outcome::pop(),
            _ => return Outcome::ignored(),
        }
        Outcome::done()
    }

    fn key(&mut self, shared: &mut Shared, key: KeyEvent) -> Outcome {
        self.picker.on_key(key, &rules(shared));
        Outcome::done()
    }

    fn paste(&mut self, shared: &mut Shared, text: &str) -> Outcome {
        self.picker.paste(text, &rules(shared));
        Outcome::done()
    }

    fn event(&mut self, shared: &mut Shared, event: &Event) -> Outcome {
        if matches!(event, Event::PolicyChanged) {
            self.picker.rules_changed(&rules(shared));
        }
        Outcome::done()
    }

    fn draw(&self, shared: &Shared, frame: &mut Frame<'_>, area: Rect) {
        let outer = centred(area, WIDE + 12, FULL_HEIGHT + 4);
        let inside = frame_box(shared, "When the successor expires", frame, outer);
        let picker = Rect { height: inside.height.saturating_sub(1), ..inside };
        self.picker.render(picker, frame.buffer_mut(), true, &rules(shared), &shared.styles());
        let (submit, back) = (shared.key_of(Command::Submit), shared.key_of(Command::Back));
        let keys = format!(" {submit} creates the successor, {back} creates none");
        let row = Rect { y: picker.bottom(), height: inside.height.min(1), ..inside };
        frame.render_widget(Line::styled(keys, shared.preferences.theme.dim), row);
    }
}
