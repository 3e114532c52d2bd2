//! What keys and answers do to the history.

use std::borrow::Cow;

use crossterm::event::KeyEvent;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::widgets::{Clear, Widget as _};

use super::opened::{Opened, compare};
use super::row::Item;
use super::{History, Reading, Selected, details, inside, title};
use crate::actions::history::{Entry, Line};
use crate::text;
use crate::tui::call::Answer;
use crate::tui::command::{Command, KeyContext};
use crate::tui::event::{Destination, Event, PastRequest, Then};
use crate::tui::layer::{Layer, Outcome, Readiness};
use crate::tui::layout::body;
use crate::tui::list::ListView;
use crate::tui::list::view::click_in;
use crate::tui::models::viewer::Viewer;
use crate::tui::overlays::ColumnChooser;
use crate::tui::parts::pane::{message, pane};
use crate::tui::requests::RequestId;
use crate::tui::shared::Shared;

/// Commands about the selected entry.
const ABOUT_ONE: [Command; 3] = [Command::Open, Command::SendTest, Command::EditField];

impl History {
    /// Opens the selected entry, or takes its request to the Test panel.
    fn use_entry(&self, shared: &mut Shared, command: Command) -> Outcome {
        let Some(entry) = self.entry() else { return Outcome::done() };
        match command {
            Command::Open => open(entry, self.run_before()),
            _ => match past_request(shared, entry, command == Command::EditField) {
                Ok(past) => {
                    let past = PastRequest { filter: self.entries.state.filter.text().to_owned(), ..past };
                    Outcome::pop().and_event(Event::Show(Destination::Request(Box::new(past))))
                }
                Err(problem) => {
                    shared.notices.warning(shared.now, problem);
                    Outcome::done()
                }
            },
        }
    }

    /// Reads the runs that are to be set side by side.
    fn compare(&self, shared: &mut Shared) -> Outcome {
        let (Some((before, after)), Some(file)) = (self.pair(), shared.session.history.clone()) else {
            let mark = key_of(shared, Command::Mark);
            shared.notices.warning(shared.now, format!("mark two runs with {mark}, then compare them"));
            return Outcome::done();
        };
        compare(shared, file, before, after)
    }

    fn draw_list(&self, shared: &Shared, frame: &mut Frame<'_>, area: Rect) {
        let note = match self.marked.len() {
            0 => String::new(),
            marked => format!("{} marked", text::count(marked, "run", "runs")),
        };
        let inside = pane(shared, "History", &note, true, frame, area);
        let text = match &self.reading {
            Reading::Failed(problem) => problem.as_str(),
            Reading::Done if self.entries.all().is_empty() => {
                "Nothing yet: tests and runs are kept here once they have ended, for 90 days and without keys."
            }
            Reading::Done => "",
            Reading::Coming => "reading the history",
        };
        if !text.is_empty() {
            return message(shared, text, frame, inside);
        }
        let view = ListView::of::<Item>(shared, &self.entries.state).framed(area);
        view.draw(frame, inside, |row, cells| {
            let Some(item) = self.entries.all().get(row) else { return false };
            item.cells(shared, cells);
            self.marked.contains(&item.line.id)
        });
    }

    fn draw_entry(&self, shared: &Shared, frame: &mut Frame<'_>, area: Rect) {
        let title = self.line().map_or_else(|| "Entry".to_owned(), title);
        let inside = pane(shared, &title, "", false, frame, area);
        let padded =
            Rect { x: inside.x + inside.width.min(1), width: inside.width.saturating_sub(2), ..inside };
        match &self.selected {
            // The one before stays until the next was read: nothing flickers.
            Some(Selected { entry: Ok(entry), .. }) if self.line().is_some() => {
                details::draw(shared, entry, frame.buffer_mut(), padded);
            }
            Some(Selected { entry: Err(problem), .. }) => message(shared, problem, frame, inside),
            _ => {}
        }
    }
}

/// Shows an entry whole.
fn open(entry: &Entry, before: Option<i64>) -> Outcome {
    match details::result(entry) {
        // It is no result of the Test panel, whose news are not about it.
        Some(result) => Outcome::push(Viewer::result(&entry.line.model, String::new(), result)),
        None => Outcome::push(Opened::entry(entry.clone(), before)),
    }
}

/// The entry's request for the Test panel, or why it is not sent.
fn past_request(shared: &Shared, entry: &Entry, edit: bool) -> Result<PastRequest, String> {
    let Line { model, model_id, workbench, .. } = &entry.line;
    // The embedded workbench has another port each time; its history is its own.
    if *workbench != shared.session.url && !shared.session.embedded {
        let (back, profiles) = (shared.key_of(Command::Back), shared.key_of(Command::Profiles));
        return Err(format!("this entry is of {workbench}: {back}, then {profiles} switches to it"));
    }
    let Some(request) = &entry.request else {
        return Err("the request of this entry was not kept".to_owned());
    };
    if !request.whole && !edit {
        let key = key_of(shared, Command::EditField);
        return Err(format!("a part of this request is masked: {key} changes it before it is sent"));
    }
    let then = match &entry.summary {
        _ if edit => Then::Edit,
        None => Then::Send,
        Some(summary) => Then::Run(Box::new(summary.plan.clone())),
    };
    let request = text::json::pretty(&request.text);
    Ok(PastRequest {
        model_id: model_id.clone(),
        model: model.clone(),
        request,
        then,
        entry: entry.line.id,
        filter: String::new(),
    })
}

/// The key of a command here.
fn key_of(shared: &Shared, command: Command) -> String {
    let entry = shared.entry(command, &[KeyContext::History]);
    entry.map(|entry| shared.keymap.key_of(entry)).unwrap_or_default()
}

impl Layer for History {
    fn name(&self) -> &'static str {
        "history"
    }

    fn contexts(&self, shared: &Shared) -> Vec<KeyContext> {
        match self.typing(shared) {
            true => vec![KeyContext::FilterField, KeyContext::List],
            false => vec![KeyContext::History, KeyContext::List],
        }
    }

    fn typing(&self, _shared: &Shared) -> bool {
        self.entries.state.filter.is_open()
    }

    fn label(&self, shared: &Shared, command: Command) -> Option<Cow<'static, str>> {
        match command {
            Command::Submit if self.typing(shared) => Some("keep filter".into()),
            Command::CompareRuns if self.pair().is_none() => Some("".into()),
            _ => (ABOUT_ONE.contains(&command) && self.line().is_none()).then_some("".into()),
        }
    }

    fn enter(&mut self, shared: &mut Shared) -> Outcome {
        self.entries.follow_columns(shared);
        self.read(shared).into()
    }

    fn command(&mut self, shared: &mut Shared, command: Command) -> Outcome {
        let rows = self.rows(shared);
        if self.entries.command(command, rows) {
            return self.follow(shared).into();
        }
        match command {
            _ if self.typing(shared) => return Outcome::ignored(),
            Command::Open | Command::SendTest | Command::EditField => {
                return self.use_entry(shared, command);
            }
            Command::Mark => {
                self.mark(shared);
                return self.follow(shared).into();
            }
            Command::CompareRuns => return self.compare(shared),
            Command::ChooseColumns => return Outcome::push(ColumnChooser::of::<Item>(shared)),
            Command::Refresh => return self.read(shared).into(),
            // It is open.
            Command::History => {}
            _ => return Outcome::ignored(),
        }
        Outcome::done()
    }

    /// What is done with an entry waits for that to be read, too.
    fn readiness(&self, _shared: &Shared, command: Command) -> Readiness {
        let of_entry = ABOUT_ONE.contains(&command) && self.line().is_some() && self.entry().is_none();
        match self.reading {
            Reading::Coming => Readiness::Awaited,
            Reading::Failed(_) => Readiness::Missing,
            Reading::Done if of_entry && self.asked.is_some() => Readiness::Awaited,
            Reading::Done => Readiness::Ready,
        }
    }

    fn key(&mut self, shared: &mut Shared, key: KeyEvent) -> Outcome {
        self.entries.key(key);
        self.follow(shared).into()
    }

    fn paste(&mut self, shared: &mut Shared, text: &str) -> Outcome {
        self.entries.paste(text);
        self.follow(shared).into()
    }

    fn click(&mut self, shared: &mut Shared, x: u16, y: u16) -> Outcome {
        let [list, _] = Self::parts(shared, body(shared));
        match click_in(inside(list), &mut self.entries.state, x, y) {
            Some(true) => self.use_entry(shared, Command::Open),
            Some(false) => self.follow(shared).into(),
            None => Outcome::ignored(),
        }
    }

    fn answer(&mut self, shared: &mut Shared, id: RequestId, answer: Answer) -> Outcome {
        match answer {
            Answer::History(lines) => {
                self.list(lines);
                if !self.mark_compared() {
                    let text = "the history has no earlier run of this model to compare with";
                    shared.notices.warning(shared.now, text);
                }
            }
            Answer::HistoryEntry { id: of, entry } => {
                self.asked = self.asked.filter(|asked| *asked != id);
                self.selected = Some(Selected { id: of, entry });
            }
            Answer::HistoryRuns(Ok(runs)) => {
                return Outcome::push(Opened::Pair(runs));
            }
            Answer::HistoryRuns(Err(problem)) => shared.notices.warning(shared.now, problem),
            _ => {}
        }
        self.follow(shared).into()
    }

    fn cancelled(&mut self, shared: &mut Shared, _id: RequestId) -> Outcome {
        if let Reading::Coming = self.reading {
            self.reading = Reading::Failed(format!("cancelled; {}", shared.try_again()));
        }
        Outcome::done()
    }

    fn event(&mut self, shared: &mut Shared, event: &Event) -> Outcome {
        if let Event::ColumnsChanged = event {
            self.entries.follow_columns(shared);
        }
        Outcome::done()
    }

    fn draw(&self, shared: &Shared, frame: &mut Frame<'_>, area: Rect) {
        Clear.render(area, frame.buffer_mut());
        let [list, entry] = Self::parts(shared, area);
        self.draw_list(shared, frame, list);
        self.draw_entry(shared, frame, entry);
    }
}
