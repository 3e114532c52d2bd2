//! Small charts: a line over time, and bars with their labels.
//!
//! Each supplements the text next to it, and is never the only source of a number.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::Styles;
use crate::text;

const RISING: [&str; 9] = [" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"];
const RISING_ASCII: [&str; 9] = [" ", ".", ":", "-", "=", "+", "*", "%", "#"];
const LONGER: [&str; 9] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉", "█"];

/// Values over time, from the left; the latest ones if not all have room. As tall as its area.
#[derive(Debug, Clone, Copy)]
pub struct Line<'a> {
    pub values: &'a [f64],
    /// The value at full height; the largest visible value if it is `None`.
    pub ceiling: Option<f64>,
    /// So many values share the width, those that are still to come too; with more values than columns
    /// each has one.
    pub of: usize,
}

impl Line<'_> {
    /// The values that are drawn in so many columns, and how many of these they take.
    fn shown(&self, columns: u16) -> (&[f64], u16) {
        let slots = self.slots(columns);
        let shown = &self.values[self.values.len().saturating_sub(slots)..];
        let taken = (shown.len() * usize::from(columns)).div_ceil(slots);
        (shown, u16::try_from(taken).unwrap_or(columns).min(columns))
    }

    fn slots(&self, columns: u16) -> usize {
        self.of.max(self.values.len()).clamp(1, usize::from(columns).max(1))
    }

    /// How many values are drawn in so many columns, the latest, and how many of these they take.
    pub fn extent(&self, columns: u16) -> (usize, u16) {
        let (shown, taken) = self.shown(columns);
        (shown.len(), taken)
    }

    pub fn render(&self, area: Rect, buf: &mut Buffer, styles: &Styles) {
        let area = area.intersection(buf.area);
        if area.is_empty() {
            return;
        }
        let (shown, taken) = self.shown(area.width);
        let ceiling = self.ceiling.unwrap_or_else(|| largest(shown));
        let eighths = f64::from(area.height) * 8.0;
        let glyphs = if styles.ascii { &RISING_ASCII } else { &RISING };
        for column in 0..taken {
            let at = usize::from(column) * self.slots(area.width) / usize::from(area.width);
            let Some(&value) = shown.get(at) else { break };
            let mut level = (share(value, ceiling) * eighths).round() as usize;
            // Something is never drawn as nothing.
            if value > 0.0 && value.is_finite() {
                level = level.max(1);
            }
            let x = area.x + column;
            for row in 0..area.height {
                let filled = level.saturating_sub(usize::from(row) * 8).min(8);
                if filled > 0 {
                    buf[(x, area.bottom() - 1 - row)].set_symbol(glyphs[filled]).set_style(styles.accent);
                }
            }
        }
    }
}

/// One bar and its meaning.
#[derive(Debug, Clone, PartialEq)]
pub struct Bar {
    pub label: String,
    pub value: f64,
    /// The number as text, after the bar.
    pub text: String,
}

/// Bars below each other, labels at the left, numbers at the right.
#[derive(Debug, Clone, Copy)]
pub struct Bars<'a> {
    pub bars: &'a [Bar],
}

impl Bars<'_> {
    /// Draws as many bars as there are rows.
    pub fn render(&self, area: Rect, buf: &mut Buffer, styles: &Styles) {
        let area = area.intersection(buf.area);
        let widest =
            |of: fn(&Bar) -> &str| self.bars.iter().map(|bar| text::width(of(bar))).max().unwrap_or(0);
        let columns = usize::from(area.width);
        let label_columns = widest(|bar| &bar.label).min(columns / 2);
        let text_columns = widest(|bar| &bar.text);
        let bar_columns = columns.saturating_sub(label_columns + text_columns + 2);
        let ceiling = self.bars.iter().map(|bar| bar.value).fold(0.0, f64::max);
        for (bar, row) in self.bars.iter().zip(area.rows()) {
            let label = text::truncate(&bar.label, label_columns);
            buf.set_stringn(row.x, row.y, label, columns, styles.text);
            let drawn = bar_text(share(bar.value, ceiling), bar_columns, styles.ascii);
            let x = row.x + (label_columns + 1).min(columns) as u16;
            let (x, _) = buf.set_stringn(x, row.y, drawn, usize::from(row.right() - x), styles.accent);
            let x = (x + 1).min(row.right());
            buf.set_stringn(x, row.y, &bar.text, usize::from(row.right() - x), styles.text);
        }
    }
}

/// `share` of `columns` as a bar; anything above nothing is at least a sliver.
pub fn bar_text(share: f64, columns: usize, ascii: bool) -> String {
    let share = if share.is_finite() { share.clamp(0.0, 1.0) } else { 0.0 };
    if ascii {
        let cells = (share * columns as f64).ceil() as usize;
        return "#".repeat(cells);
    }
    let eighths = (share * columns as f64 * 8.0).ceil() as usize;
    let mut drawn = "█".repeat(eighths / 8);
    drawn.push_str(LONGER[eighths % 8]);
    drawn
}

/// The largest value that is a number; 0 if there is none.
pub fn largest(values: &[f64]) -> f64 {
    values.iter().copied().filter(|value| value.is_finite()).fold(0.0, f64::max)
}

fn share(value: f64, ceiling: f64) -> f64 {
    if ceiling > 0.0 && value.is_finite() { (value / ceiling).clamp(0.0, 1.0) } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(width: u16, height: u16, draw: impl FnOnce(Rect, &mut Buffer)) -> Vec<String> {
        let area = Rect::new(0, 0, width, height);
        let mut buf = Buffer::empty(area);
        draw(area, &mut buf);
        (0..height).map(|y| (0..width).map(|x| buf[(x, y)].symbol().to_owned()).collect()).collect()
    }

    #[test]
    fn a_line_keeps_the_latest_values_and_shows_small_ones() {
        let line = Line { values: &[9.0, 0.0, 0.01, 4.0, 8.0], ceiling: None, of: 0 };
        assert_eq!(drawn(4, 1, |area, buf| line.render(area, buf, &Styles::default())), [" ▁▄█"]);
        let tall = Line { values: &[4.0, 8.0], ceiling: Some(8.0), of: 3 };
        assert_eq!(drawn(3, 2, |area, buf| tall.render(area, buf, &Styles::default())), [" █ ", "██ "]);
        let wide = Line { of: 2, ..tall };
        assert_eq!(drawn(5, 1, |area, buf| wide.render(area, buf, &Styles::default())), ["▄▄▄██"]);
        assert_eq!((wide.extent(5), tall.extent(6), line.extent(4)), ((2, 5), (2, 4), (4, 4)));
    }

    #[test]
    fn values_that_are_no_numbers_draw_nothing() {
        let line = Line { values: &[f64::NAN, f64::INFINITY, 1.0], ceiling: None, of: 0 };
        let ascii = Styles { ascii: true, ..Styles::default() };
        assert_eq!(drawn(3, 1, |area, buf| line.render(area, buf, &ascii)), ["  #"]);
        assert_eq!(bar_text(f64::NAN, 8, false), "");
    }

    #[test]
    fn bars_carry_their_text() {
        let bars = [
            Bar { label: "add-1".into(), value: 50.0, text: "50 %".into() },
            Bar { label: "add-2".into(), value: 25.0, text: "25 %".into() },
        ];
        let rows = drawn(19, 3, |area, buf| Bars { bars: &bars }.render(area, buf, &Styles::default()));
        assert_eq!(rows, ["add-1 ████████ 50 %", "add-2 ████ 25 %    ", " ".repeat(19).as_str()]);
    }

    #[test]
    fn they_draw_at_every_size() {
        let bars = [Bar { label: "a label".into(), value: 1.0, text: "words".into() }];
        for width in 0..20 {
            for height in 0..3 {
                drawn(width, height, |area, buf| {
                    Bars { bars: &bars }.render(area, buf, &Styles::default());
                    Line { values: &[1.0, 2.0], ceiling: None, of: 0 }.render(area, buf, &Styles::default());
                });
            }
        }
    }
}
