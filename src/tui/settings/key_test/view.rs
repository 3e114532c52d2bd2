//! How the test of a key looks: the models to choose from, the request, what came of the call.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Paragraph, Wrap};

use super::stage::{KeyTest, Stage};
use crate::text;
use crate::tui::command::{Command, KeyContext};
use crate::tui::event::{Listing, ModelChoice};
use crate::tui::list::{Column, ListState, ListView, Shown, Width};
use crate::tui::model_result::{TestResult, Why};
use crate::tui::parts::dialog::{Dialog, centred, frame_box, inside_box, key_hints};
use crate::tui::shared::Shared;
use crate::tui::widgets::field::Field;

const COLUMNS: u16 = 72;
/// Columns before a fact.
const HEAD: u16 = 9;
const TITLE: &str = "Test a model with the new key";

pub fn draw(shared: &Shared, test: &KeyTest, frame: &mut Frame<'_>, area: Rect) {
    match &test.stage {
        Stage::Choosing { list } => choosing(shared, test, list, frame, area),
        Stage::Asking { model, request, problem } => {
            let inside = frame_box(shared, TITLE, frame, centred(area, COLUMNS, 9));
            let facts = vec![
                fact(shared, "model", &model.path),
                fact(shared, "key", &key(test)),
                head(shared, "request"),
            ];
            frame.render_widget(Paragraph::new(facts), inside);
            let row = Rect {
                x: inside.x + inside.width.min(HEAD),
                y: inside.y + 2,
                width: inside.width.saturating_sub(HEAD),
                height: 1,
            };
            request.render(row.intersection(inside), frame.buffer_mut(), true, &shared.styles());
            let theme = &shared.preferences.theme;
            let (text, style) = match problem {
                Some(problem) => (problem.as_str(), theme.error),
                None => ("The model is called once. You can change the request first.", theme.dim),
            };
            below(text, style, frame, inside, 4);
        }
        Stage::Calling { model, request, id } => {
            let inside = frame_box(shared, TITLE, frame, centred(area, COLUMNS, 9));
            frame.render_widget(Paragraph::new(facts(shared, test, model, request)), inside);
            let sign = if shared.waiting(*id).is_some() { shared.spinner() } else { " " };
            let back = shared.key_of(Command::Back);
            let text = format!("{sign} calling {}; {back} cancels", text::clean(&model.path));
            below(&text, shared.preferences.theme.accent, frame, inside, 4);
        }
        Stage::Ended { model, request, result } => ended(shared, test, (model, request, result), frame, area),
    }
}

/// The key under test.
fn key(test: &KeyTest) -> String {
    format!("{} {}", test.known.id(), test.known.label)
}

fn head(shared: &Shared, name: &str) -> Line<'static> {
    let width = usize::from(HEAD);
    Line::from(Span::styled(format!("{name:<width$}"), shared.preferences.theme.dim))
}

fn fact(shared: &Shared, name: &str, value: &str) -> Line<'static> {
    styled(shared, name, value, shared.preferences.theme.text)
}

fn styled(shared: &Shared, name: &str, value: &str, style: Style) -> Line<'static> {
    let mut line = head(shared, name);
    line.push_span(Span::styled(text::clean(value).into_owned(), style));
    line
}

fn facts(shared: &Shared, test: &KeyTest, model: &ModelChoice, request: &str) -> Vec<Line<'static>> {
    vec![
        fact(shared, "model", &model.path),
        fact(shared, "key", &key(test)),
        fact(
            shared,
            "request",
            text::truncate(&text::clean(request), usize::from(COLUMNS - 4 - HEAD)).as_ref(),
        ),
    ]
}

/// A text that wraps, from a row of a box to its end.
fn below(text: &str, style: Style, frame: &mut Frame<'_>, inside: Rect, row: u16) {
    let area =
        Rect { y: inside.y + row.min(inside.height), height: inside.height.saturating_sub(row), ..inside };
    let text = Paragraph::new(text::clean(text).into_owned()).style(style).wrap(Wrap { trim: true });
    frame.render_widget(text, area);
}

/// A model's path, and a note.
const MODELS: [Column; 2] =
    [Column::new("", Width::Fill(20)).ends(), Column::new("", Width::Fixed(12)).right()];

/// The box of the choice, in the area of a tab, and in it the field and the models.
fn choice_areas(area: Rect) -> (Rect, [Rect; 2]) {
    let around = centred(area, COLUMNS, 16);
    let rows = [Constraint::Length(1), Constraint::Length(1), Constraint::Fill(1)];
    let [field, _, models] = inside_box(around).layout(&Layout::vertical(rows));
    (around, [field, models])
}

/// The area of the models to choose from.
pub fn models_area(area: Rect) -> Rect {
    choice_areas(area).1[1]
}

fn choosing(shared: &Shared, test: &KeyTest, list: &ListState, frame: &mut Frame<'_>, area: Rect) {
    let theme = &shared.preferences.theme;
    let (around, [field, models]) = choice_areas(area);
    let inside = frame_box(shared, TITLE, frame, around);
    let [sign, field] = field.layout(&Layout::horizontal([Constraint::Length(2), Constraint::Fill(1)]));
    frame.render_widget(Line::styled("/", theme.key), sign);
    list.filter.field().render(field, frame.buffer_mut(), true, &shared.styles());
    if test.models.is_empty() {
        return below(&without_models(shared, test, list.filter.field()), theme.dim, frame, inside, 2);
    }
    let view = ListView::new(shared, list, &MODELS).without_marks().framed(around);
    view.draw_rows(frame, models, |row, cells| {
        let Some(choice) = test.models.get(row) else { return false };
        let last = shared.session.last_tested.as_deref() == Some(choice.model.id.as_str());
        cells.push(Shown::new(choice.path.as_str()));
        cells.push(Shown::styled(if last { "tested last" } else { choice.note }, theme.dim));
        false
    });
}

/// The text if there is no model to offer.
fn without_models(shared: &Shared, test: &KeyTest, filter: &Field) -> String {
    match &test.listing {
        Listing::Unread | Listing::Reading => "listing the models".to_owned(),
        Listing::Failed(error) => {
            let refresh = shared.key_of(Command::Refresh);
            format!("the models could not be listed: {error}; {refresh} tries again")
        }
        Listing::Complete(_) if filter.is_empty() => {
            "None of your models has authentication: only such a model shows whether a key works.".to_owned()
        }
        Listing::Complete(_) => "no model with authentication matches".to_owned(),
    }
}

fn ended(
    shared: &Shared,
    test: &KeyTest,
    (model, request, result): (&ModelChoice, &String, &TestResult),
    frame: &mut Frame<'_>,
    area: Rect,
) {
    let theme = &shared.preferences.theme;
    let glyphs = shared.preferences.glyphs;
    let failed = result.failure().is_some();
    let room = usize::from(COLUMNS.min(area.width.saturating_sub(6)).saturating_sub(HEAD)).max(1);
    let mut lines = facts(shared, test, model, request);
    lines.push(Line::default());
    // Continuation lines of a fact are indented.
    let mut say = |name: &str, value: &str, style: Style| {
        for (at, part) in text::wrap(&text::clean(value), room).iter().enumerate() {
            lines.push(styled(shared, if at == 0 { name } else { "" }, part, style));
        }
    };
    let (sign, style) = if failed { (glyphs.bad, theme.error) } else { (glyphs.ok, theme.ok) };
    let status = match result.call.answer() {
        None => "no answer".to_owned(),
        Some(answer) => {
            let replica = answer.replica_id.as_ref();
            let from = replica.map_or_else(String::new, |replica| format!(" from replica {replica}"));
            format!("{}{from}", answer.status)
        }
    };
    say("result", &format!("{sign} {status}, {}", text::latency(result.call.total)), style);
    let what = if result.call.answer().is_some() { "answer" } else { "problem" };
    say(what, &result.summary, theme.text);
    match &result.why {
        Why::Nothing => {}
        Why::Unknown => {
            let again = format!("not asked; {} tests again", shared.key_of(Command::TestWithKey));
            say("why", &again, theme.dim);
        }
        Why::Asking(_) => say("why", "asking the workbench", theme.dim),
        Why::Known(diagnosis) => {
            say("why", &diagnosis.sentence, theme.error);
            diagnosis.remedy.iter().for_each(|remedy| say("fix", remedy, theme.text));
            diagnosis.unverified.iter().for_each(|open| say("open", open, theme.text));
        }
    }
    lines.push(Line::default());
    let mut hints = vec![(Command::TestWithKey, "test again"), (Command::Back, "back")];
    if !failed {
        hints.insert(0, (Command::Submit, "next step"));
    }
    lines.push(key_hints(shared, &[KeyContext::KeyTest, KeyContext::Global], &hints, "   "));
    if area.height < 15 {
        lines.retain(|line| line.width() > 0);
    }
    Dialog::new(TITLE, lines).render(shared, frame, area);
}
