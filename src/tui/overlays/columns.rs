//! The columns of a list: which are shown, and in which order.

use std::borrow::Cow;

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};

use crate::tui::call::Call;
use crate::tui::command::{Command, KeyContext};
use crate::tui::event::Event;
use crate::tui::layer::{Layer, Outcome};
use crate::tui::list::columns::{all, chosen, first, name_of};
use crate::tui::list::state::{Did, Sortable};
use crate::tui::list::{Column, ListState, ListView, Row, Select, Shown, Width};
use crate::tui::parts::dialog::{centred, frame_box, key_hints};
use crate::tui::requests::{Kind, LayerId};
use crate::tui::shared::Shared;

const ONE: [Column; 1] = [Column::new("", Width::Fill(8))];

/// The choice for one list.
#[derive(Debug)]
pub struct ColumnChooser {
    list: &'static str,
    columns: &'static [Column],
    /// Each column, and whether it is shown.
    rows: Vec<(usize, bool)>,
    state: ListState,
}

impl ColumnChooser {
    /// For a list of these rows.
    pub fn of<R: Row>(shared: &Shared) -> Self {
        let mut chooser =
            Self { list: R::NAME, columns: R::COLUMNS, rows: Vec::new(), state: ListState::default() };
        chooser.set(&chosen::<R>(shared));
        chooser
    }

    /// Shows these columns; the others follow.
    fn set(&mut self, shown: &[usize]) {
        let others = all(self.columns).into_iter().filter(|column| !shown.contains(column));
        self.rows =
            shown.iter().map(|column| (*column, true)).chain(others.map(|column| (column, false))).collect();
        self.state.show((0..u32::try_from(self.rows.len()).unwrap_or(u32::MAX)).collect(), Select::Same);
    }

    /// Moves the selected column one position.
    fn shift(&mut self, direction: Command) {
        let from = self.state.selected();
        self.state.command(direction, self.rows.len(), Sortable::default());
        self.rows.swap(from, self.state.selected());
    }

    fn save(&self, shared: &mut Shared) -> Outcome {
        let shown: Vec<usize> =
            self.rows.iter().filter(|(_, shown)| *shown).map(|(column, _)| *column).collect();
        if shown.is_empty() {
            shared.notices.warning(shared.now, "a list needs at least one column");
            return Outcome::done();
        }
        // The default is not written down: columns of a later version are shown then too.
        let names: Vec<String> = match shown == first(self.columns) {
            true => Vec::new(),
            false => shown.iter().filter_map(|column| self.columns.get(*column)).map(name_of).collect(),
        };
        shared.preferences.columns.insert(self.list.to_owned(), names.clone());
        let saved = shared.preferences.columns_file.clone().map(|file| {
            let call = Call::StoreColumns { file, list: self.list, columns: names };
            shared.start_for(LayerId::Session, Kind::Change, "saving the columns", call).1
        });
        Outcome::pop().and_event(Event::ColumnsChanged).and(saved.into())
    }
}

impl Layer for ColumnChooser {
    fn name(&self) -> &'static str {
        "columns"
    }

    fn contexts(&self, _shared: &Shared) -> Vec<KeyContext> {
        vec![KeyContext::Columns, KeyContext::Choice]
    }

    fn label(&self, _shared: &Shared, command: Command) -> Option<Cow<'static, str>> {
        match command {
            Command::Submit => Some("save".into()),
            Command::Mark => Some("show or hide".into()),
            _ => None,
        }
    }

    fn command(&mut self, shared: &mut Shared, command: Command) -> Outcome {
        match command {
            Command::Submit => return self.save(shared),
            Command::Mark => {
                if let Some((_, shown)) = self.rows.get_mut(self.state.selected()) {
                    *shown = !*shown;
                }
            }
            Command::MoveUp => self.shift(Command::Up),
            Command::MoveDown => self.shift(Command::Down),
            Command::AllColumns => self.set(&all(self.columns)),
            other if self.state.command(other, self.rows.len(), Sortable::default()) == Did::Moved => {}
            _ => return Outcome::ignored(),
        }
        Outcome::done()
    }

    fn draw(&self, shared: &Shared, frame: &mut Frame<'_>, area: Rect) {
        let rows = u16::try_from(self.rows.len()).unwrap_or(u16::MAX);
        let around = centred(area, 62, rows.saturating_add(4));
        let inside = frame_box(shared, "Columns", frame, around);
        let parts = [Constraint::Fill(1), Constraint::Length(1), Constraint::Length(1)];
        let [list, _, hints] = inside.layout(&Layout::vertical(parts));
        let theme = &shared.preferences.theme;
        ListView::new(shared, &self.state, &ONE).framed(around).draw(frame, list, |row, cells| {
            let Some((column, shown)) = self.rows.get(row) else { return false };
            let head = self.columns.get(*column).map_or("", |column| column.head);
            cells.push(Shown::styled(head, if *shown { theme.text } else { theme.dim }));
            *shown
        });
        let keys = [
            (Command::Mark, "show or hide"),
            (Command::MoveUp, "up"),
            (Command::MoveDown, "down"),
            (Command::AllColumns, "all"),
            (Command::Submit, "save"),
        ];
        let contexts = [KeyContext::Columns, KeyContext::Choice];
        frame.render_widget(key_hints(shared, &contexts, &keys, "   "), hints);
    }
}
