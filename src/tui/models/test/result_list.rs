//! The results of one model's tests, as a list like any other: the newest first, filtered, sorted.

use ratatui::layout::Position;

use super::panel::{Focus, Panel};
use crate::text;
use crate::tui::command::Command;
use crate::tui::list::view::{click_in, rows_in};
use crate::tui::list::{Column, Key, List, Row, Width};
use crate::tui::model_result::TestResult;
use crate::tui::models::layout::ModelParts;

/// No more results than this are kept of a model, the oldest go first.
const KEPT: usize = 200;
/// Bodies of up to 8 MiB each are kept whole of so many.
const WHOLE: usize = 10;

pub const NUMBER: usize = 0;
const TIME: usize = 1;
const CODE: usize = 2;
const KEY: usize = 3;
const REPLICA: usize = 4;
const LATENCY: usize = 5;
const RESULT: usize = 6;

/// The columns, with these widths of key and replica, and the least of the result.
const fn columns(key: u16, replica: u16, result: u16) -> [Column; 7] {
    [
        Column::new("#", Width::Fixed(3)),
        Column::new("TIME", Width::Fixed(8)).optional(1),
        Column::new("HTTP", Width::Fixed(4)),
        Column::new("KEY", Width::Fixed(key)),
        Column::new("REPLICA", Width::Fixed(replica)).optional(2),
        Column::new("LATENCY", Width::Fixed(9)).right(),
        Column::new("RESULT", Width::Fill(result)),
    ]
}

/// A key's short id, and the end of a replica's name, by which one knows it.
const LEAST_KEY: u16 = 13;
const LEAST_REPLICA: u16 = 7;

/// The other columns, the gaps between all, the sign of the selection and the blank at the end.
const OTHERS: u16 = 3 + 8 + 4 + 9 + 6 + 3;
const KEY_AT_MOST: u16 = 32;

/// How many columns the table takes if it cuts nothing but long keys and results.
pub fn needed(widest: &[u16]) -> u16 {
    let columns = [(KEY, LEAST_KEY, KEY_AT_MOST), (REPLICA, LEAST_REPLICA, 40), (RESULT, 6, 24)];
    let width = |(column, least, most): (usize, u16, u16)| {
        widest.get(column).copied().unwrap_or_default().clamp(least, most)
    };
    OTHERS + columns.map(width).iter().sum::<u16>()
}

/// The columns in the `width` that there is, where texts are as wide as the `widest` of each. Results
/// differ by their key, so it is whole first; the result can be read beside the table. A replica is whole
/// where the result leaves room.
pub fn columns_in(width: u16, widest: &[u16]) -> [Column; 7] {
    let widest = |column: usize| widest.get(column).copied().unwrap_or_default();
    let result = widest(RESULT).clamp(6, 12);
    let room = width.saturating_sub(OTHERS + result);
    // Without room for both, the replica's column and its gap are the key's.
    let for_key = if room < LEAST_KEY + LEAST_REPLICA { room + 1 } else { room - LEAST_REPLICA };
    let key = widest(KEY).min(KEY_AT_MOST).min(for_key).max(LEAST_KEY);
    let left = room.saturating_sub(key + widest(RESULT).saturating_sub(result));
    columns(key, widest(REPLICA).min(left).max(LEAST_REPLICA), result)
}

/// When a result was asked for, as the table shows it.
pub fn time(result: &TestResult) -> String {
    result.call.started.strftime("%H:%M:%S").to_string()
}

impl Row for TestResult {
    const NAME: &'static str = "results";
    const COLUMNS: &'static [Column] = &columns(18, LEAST_REPLICA, 12);
    const FIRST: Option<usize> = Some(NUMBER);

    fn id(&self) -> &str {
        self.id()
    }

    fn texts(&self, add: &mut dyn FnMut(usize, &str)) {
        add(NUMBER, self.id());
        add(TIME, &time(self));
        add(CODE, &self.code());
        add(KEY, &self.key);
        add(REPLICA, self.replica().unwrap_or_default());
        add(LATENCY, &text::latency(self.call.total));
        add(RESULT, &self.summary);
    }

    fn filling(&self, column: usize) -> &str {
        match column {
            KEY => &self.key,
            REPLICA => self.replica().unwrap_or_default(),
            RESULT => &self.summary,
            _ => "",
        }
    }

    fn key(&self, column: usize) -> Key<'_> {
        match column {
            NUMBER => Key::Number(self.number.into()),
            TIME => Key::Number(self.call.started.as_microsecond()),
            CODE => self.call.answer().map_or(Key::None, |answer| Key::Number(answer.status.into())),
            KEY => self.key.as_str().into(),
            REPLICA => self.replica().unwrap_or_default().into(),
            LATENCY => Key::Number(i64::try_from(self.call.total.as_micros()).unwrap_or(i64::MAX)),
            _ => self.summary.as_str().into(),
        }
    }
}

/// An empty list: the newest comes first.
pub fn newest_first() -> List<TestResult> {
    let mut results = List::default();
    results.state.sort = Some((NUMBER, true));
    results
}

impl Panel {
    /// A call ended: its result is selected.
    pub fn push(&mut self, result: TestResult) {
        let id = result.id().to_owned();
        self.results.add([result]);
        self.results.keep_latest(KEPT);
        if !self.results.select(&id) {
            // The test that was just sent is in sight, whatever the filter.
            self.results.command(Command::Back, 1);
            self.results.select(&id);
        }
        let older = self.results.all().iter().rev().nth(WHOLE).map(|result| result.id().to_owned());
        if let Some(id) = older {
            self.results.change(&id, TestResult::forget_most_of_the_body);
        }
    }

    pub fn selected_result(&self) -> Option<&TestResult> {
        self.results.selected()
    }

    /// Changes the result with this number, if it is kept.
    pub fn change_result(&mut self, number: u32, change: impl FnOnce(&mut TestResult)) {
        self.results.change(&number.to_string(), change);
    }

    /// Whether the filter of the results is typed into.
    pub fn filters(&self) -> bool {
        self.focus == Focus::Results && self.results.state.filter.is_open()
    }

    /// A command about the table of results, where `height` rows are on the screen; `false` if it is
    /// about something else.
    pub(super) fn results_command(&mut self, command: Command, height: usize) -> bool {
        if self.focus != Focus::Results {
            return false;
        }
        if command == Command::Up && self.results.state.selected() == 0 && !self.filters() {
            self.focus = Focus::Test;
            return true;
        }
        self.results.command(command, height)
    }

    /// A click into the table of results, or on what has the focus then; whether there is one.
    pub fn click(&mut self, parts: ModelParts, x: u16, y: u16) -> bool {
        let at = Position { x, y };
        let focus = match click_in(parts.results, &mut self.results.state, x, y) {
            Some(_) => Focus::Results,
            None if parts.key.contains(at) => Focus::Key,
            None if parts.request.contains(at) => Focus::Request,
            None if parts.test.contains(at) => Focus::Test,
            None => return false,
        };
        self.go(focus);
        true
    }

    /// How many results are on the screen.
    pub fn results_in_sight(&self, parts: ModelParts) -> usize {
        rows_in(parts.results, &self.results.state).max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_has_its_width_before_the_result_and_the_replica_what_is_left() {
        let widths = |width, [key, replica, result]: [u16; 3]| {
            let columns = columns_in(width, &[0, 0, 0, key, replica, 0, result]);
            [KEY, REPLICA, RESULT].map(|column| columns[column].least())
        };
        assert_eq!(widths(78, [19, 24, 1]), [19, 20, 6], "an answer of one digit leaves room for all");
        assert_eq!(widths(78, [19, 24, 60]), [19, 7, 12], "the result gets the rest, 7 more");
        assert_eq!(widths(58, [19, 24, 1]), [19, 7, 6], "the column of the replica is left out");
        assert_eq!(widths(58, [13, 24, 60]), [13, 7, 12]);
        assert_eq!(widths(200, [19, 24, 60]), [19, 24, 12]);
        assert_eq!(needed(&[0, 0, 0, 19, 24, 0, 1]), 33 + 19 + 24 + 6);
        assert_eq!(widths(needed(&[0, 0, 0, 19, 24, 0, 1]), [19, 24, 1]), [19, 24, 6], "nothing is cut");
        assert_eq!(widths(20, [19, 24, 60]), [13, 7, 12], "never less than what says which key it is");
    }
}
