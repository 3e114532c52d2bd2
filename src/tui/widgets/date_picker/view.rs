//! How the picker looks.

use jiff::ToSpan;
use jiff::civil::{Date, Weekday};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Modifier;
use ratatui::widgets::{Paragraph, Widget, Wrap};

use super::state::{DatePicker, Rules};
use crate::tui::widgets::Styles;

/// Columns of the grid: seven days of two digits, and the marks between and around them.
pub const GRID_WIDTH: u16 = 22;
/// From this width on, the quick picks are beside the grid with their dates, else below it.
pub const WIDE: u16 = 48;
/// Rows in which nothing is left out.
pub const FULL_HEIGHT: u16 = 12;

const WEEKS: u16 = 6;
/// From this height on, the typed field is below the month.
const TYPED_BELOW: u16 = 2 + WEEKS + 3;
const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

impl DatePicker {
    /// Draws the picker. With less room than [`FULL_HEIGHT`] it drops the hints, then moves the typed
    /// field beside the month if there is width for it, then drops the meaning.
    pub fn render(&self, area: Rect, buf: &mut Buffer, focused: bool, rules: &dyn Rules, styles: &Styles) {
        let area = area.intersection(buf.area);
        if area.is_empty() {
            return;
        }
        let wide = area.width >= WIDE;
        self.render_grid(Rect { width: area.width.min(GRID_WIDTH), ..area }, buf, focused, rules, styles);
        if wide {
            let beside = Rect { x: area.x + GRID_WIDTH + 3, width: area.width - GRID_WIDTH - 3, ..area };
            self.render_picks_beside(beside, buf, rules, styles);
            if area.height < TYPED_BELOW {
                self.render_typed(Rect { height: 1, ..beside }, buf, focused, styles);
            }
        }
        let mut below = Below::new(area, 2 + WEEKS);
        let rows = below.left();
        if rows >= 2 && !(wide && area.height < TYPED_BELOW) {
            self.render_typed(below.take(1), buf, focused, styles);
        }
        let hints = u16::from(rows >= 3) + u16::from(!wide && rows >= 4);
        let meaning = below.take(below.left().saturating_sub(hints).min(2));
        self.render_meaning(meaning, buf, rules, styles);
        if !wide && rows >= 4 {
            self.render_picks_below(below.take(1), buf, rules, styles);
        }
        let hint = if wide {
            "[ ] month  { } year  T today  or type a date"
        } else {
            "[ ] month  { } year  T today"
        };
        let row = below.take(1);
        if !row.is_empty() {
            buf.set_stringn(row.x, row.y, hint, row.width.into(), styles.dim);
        }
    }

    /// Draws the chosen day and its meaning alone, for a host that has no room for the month.
    pub fn render_closed(&self, area: Rect, buf: &mut Buffer, rules: &dyn Rules, styles: &Styles) {
        let mut rows = Below::new(area.intersection(buf.area), 0);
        let first = rows.take(1);
        if !first.is_empty() {
            self.render_typed(first, buf, false, styles);
        }
        self.render_meaning(rows.take(2), buf, rules, styles);
    }

    fn render_grid(&self, area: Rect, buf: &mut Buffer, focused: bool, rules: &dyn Rules, styles: &Styles) {
        let columns = usize::from(area.width);
        let month = self.selected.first_of_month();
        let name = MONTHS[usize::from(month.month().unsigned_abs()) - 1];
        let title = format!("{:^22}", format!("[ {name} {} ]", month.year()));
        buf.set_stringn(area.x, area.y, title, columns, styles.heading);
        if area.height > 1 {
            buf.set_stringn(area.x, area.y + 1, self.weekday_heads(), columns, styles.dim);
        }
        let offset = i64::from(month.weekday().since(self.week_start));
        for day in 1..=month.days_in_month() {
            let date = month.saturating_add(i64::from(day - 1).days());
            let cell = offset + i64::from(day) - 1;
            let (row, column) = ((cell / 7) as u16 + 2, (cell % 7) as u16 * 3);
            if row >= area.height || column + 3 > area.width {
                continue;
            }
            let reachable = date >= rules.first() && rules.last().is_none_or(|last| date <= last);
            let mut style = if reachable { styles.text } else { styles.dim };
            let (x, y) = (area.x + column, area.y + row);
            if date == rules.today() {
                style = style.add_modifier(Modifier::UNDERLINED);
                // The cell may hold the closing bracket of the day before.
                if buf[(x, y)].symbol() == " " {
                    buf[(x, y)].set_symbol("*");
                }
            }
            if date == self.selected {
                style = if focused { styles.cursor } else { styles.chosen };
                buf[(x, y)].set_symbol("[");
                if column + 3 < area.width {
                    buf[(x + 3, y)].set_symbol("]");
                }
            }
            buf.set_stringn(x + 1, y, format!("{day:>2}"), 2, style);
        }
    }

    fn weekday_heads(&self) -> String {
        self.week_start.cycle_forward().take(7).map(|day| format!(" {}", two_letters(day))).collect()
    }

    fn render_typed(&self, row: Rect, buf: &mut Buffer, focused: bool, styles: &Styles) {
        const LABEL: &str = " date ";
        let (x, _) = buf.set_stringn(row.x, row.y, LABEL, row.width.into(), styles.dim);
        let field = Rect { x, width: row.right() - x, ..row };
        if self.typed.is_empty() && !self.typing {
            buf.set_stringn(x, row.y, self.selected.to_string(), field.width.into(), styles.text);
        } else {
            self.typed.render(field, buf, focused && self.typing, styles);
        }
    }

    fn render_meaning(&self, area: Rect, buf: &mut Buffer, rules: &dyn Rules, styles: &Styles) {
        let (text, style) = match (&self.problem, &self.wanting) {
            (Some(problem), _) => (problem.clone(), styles.error),
            (None, Some(wanting)) => (wanting.clone(), styles.dim),
            (None, None) => (rules.meaning(self.selected), styles.text),
        };
        let inner = Rect { x: area.x + 1, width: area.width.saturating_sub(1), ..area };
        Paragraph::new(text).style(style).wrap(Wrap { trim: true }).render(inner.intersection(buf.area), buf);
    }

    fn render_picks_beside(&self, area: Rect, buf: &mut Buffer, rules: &dyn Rules, styles: &Styles) {
        for (pick, row) in rules.quick_picks().iter().zip(area.rows().skip(1)) {
            let day = self.pickable(pick.text, rules);
            let style = if day.is_some() { styles.text } else { styles.dim };
            let closed = if rules.last().is_some() { "beyond the limit" } else { "not known" };
            let when = day.map_or_else(|| closed.to_owned(), |day| day.to_string());
            let (x, y) = buf.set_stringn(row.x, row.y, pick.key.to_string(), row.width.into(), styles.accent);
            buf.set_stringn(
                x + 1,
                y,
                format!("{:<8}{when}", pick.label),
                row.width.saturating_sub(2).into(),
                style,
            );
        }
    }

    fn render_picks_below(&self, row: Rect, buf: &mut Buffer, rules: &dyn Rules, styles: &Styles) {
        let mut x = row.x + 1;
        for pick in rules.quick_picks() {
            let label = format!("{} {}", pick.key, pick.label);
            let columns = label.len() as u16;
            if x + columns > row.right() {
                return;
            }
            let style = if self.pickable(pick.text, rules).is_some() { styles.text } else { styles.dim };
            buf.set_string(x, row.y, &label, style);
            buf[(x, row.y)].set_style(styles.accent);
            x += columns + 2;
        }
    }

    fn pickable(&self, text: &str, rules: &dyn Rules) -> Option<Date> {
        let day = rules.read(text).ok()?;
        (day >= rules.first() && rules.last().is_none_or(|last| day <= last)).then_some(day)
    }
}

/// The rows below the grid, assigned from the top.
struct Below {
    rest: Rect,
}

impl Below {
    fn new(area: Rect, taken: u16) -> Self {
        let taken = taken.min(area.height);
        Self { rest: Rect { y: area.y + taken, height: area.height - taken, ..area } }
    }

    fn left(&self) -> u16 {
        self.rest.height
    }

    fn take(&mut self, rows: u16) -> Rect {
        let rows = rows.min(self.rest.height);
        let taken = Rect { height: rows, ..self.rest };
        self.rest = Rect { y: self.rest.y + rows, height: self.rest.height - rows, ..self.rest };
        taken
    }
}

fn two_letters(day: Weekday) -> &'static str {
    match day {
        Weekday::Monday => "Mo",
        Weekday::Tuesday => "Tu",
        Weekday::Wednesday => "We",
        Weekday::Thursday => "Th",
        Weekday::Friday => "Fr",
        Weekday::Saturday => "Sa",
        Weekday::Sunday => "Su",
    }
}
