//! An entry as a row of the list.

use crate::actions::history::Line;
use crate::tui::list::{Column, Key, Row, Shown, Width};
use crate::tui::shared::Shared;

/// An entry, with what its cells show.
#[derive(Debug)]
pub struct Item {
    pub line: Line,
    id: String,
    started: String,
    status: String,
    latency: String,
}

impl Item {
    pub fn new(line: Line) -> Self {
        Self {
            id: line.id.to_string(),
            started: line.started.strftime("%Y-%m-%d %H:%M").to_string(),
            status: line.outcome(),
            latency: line.took(),
            line,
        }
    }

    fn texts(&self) -> [&str; 9] {
        let Line { kind, model, result, key, workbench, .. } = &self.line;
        [
            &self.id,
            &self.started,
            kind.as_str(),
            model,
            &self.status,
            &self.latency,
            result,
            key,
            host(workbench),
        ]
    }

    /// The cells of the row.
    pub fn cells<'a>(&'a self, shared: &Shared, cells: &mut Vec<Shown<'a>>) {
        const STATUS: usize = 4;
        let theme = &shared.preferences.theme;
        let style = if self.line.ok { theme.ok } else { theme.error };
        cells.extend(self.texts().into_iter().enumerate().map(|(at, text)| match at {
            STATUS => Shown::styled(text, style),
            _ => Shown::new(text),
        }));
    }
}

fn host(url: &str) -> &str {
    url.split_once("://").map_or(url, |(_, host)| host)
}

impl Row for Item {
    const NAME: &'static str = "history";
    const COLUMNS: &'static [Column] = &[
        Column::new("ID", Width::Fixed(5)).right().optional(2),
        Column::new("STARTED UTC", Width::Fixed(16)),
        Column::new("KIND", Width::Fixed(4)),
        Column::new("MODEL", Width::Fill(16)).ends(),
        Column::new("STATUS", Width::Fixed(7)),
        Column::new("LATENCY", Width::Fixed(9)).right().optional(1),
        Column::new("RESULT", Width::Fill(10)).optional(3),
        Column::new("KEY", Width::Fixed(19)).optional(4),
        Column::new("WORKBENCH", Width::Fill(16)).optional(5),
    ];

    fn id(&self) -> &str {
        &self.id
    }

    fn texts(&self, add: &mut dyn FnMut(usize, &str)) {
        self.texts().into_iter().enumerate().for_each(|(column, text)| add(column, text));
    }

    fn key(&self, column: usize) -> Key<'_> {
        match column {
            0 => Key::Number(self.line.id),
            1 => Key::Number(self.line.started.as_millisecond()),
            5 => self.line.latency_ms.map_or(Key::None, |ms| Key::Number((ms * 1e3) as i64)),
            _ => self.texts().get(column).map_or(Key::None, |text| Key::from(*text)),
        }
    }
}
