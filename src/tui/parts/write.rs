//! Writes text into cells.

use ratatui::buffer::Buffer;
use ratatui::style::Style;

/// Writes as much of `text` as fits into `columns` and gives the column behind it.
pub fn write(buf: &mut Buffer, x: u16, y: u16, text: &str, columns: u16, style: Style) -> u16 {
    // Where a letter ends takes longer to find than all else, and in ASCII each is one byte.
    if !text.is_ascii() {
        return buf.set_stringn(x, y, text, columns.into(), style).0;
    }
    let mut end = x;
    for byte in text.bytes().filter(|byte| !byte.is_ascii_control()).take(columns.into()) {
        let Some(cell) = buf.cell_mut((end, y)) else { break };
        cell.set_char(char::from(byte)).set_style(style);
        end += 1;
    }
    end
}

#[cfg(test)]
mod tests {
    use ratatui::layout::Rect;

    use super::*;

    #[test]
    fn ascii_is_written_as_any_other_text() {
        for text in ["", "key", "longer than the row", "a\tb\u{7f}c\x1b[1m", "Schlüssel", "鍵"] {
            for columns in [0, 2, 5, 99] {
                let [mut ours, mut theirs] =
                    [Buffer::empty(Rect::new(3, 1, 9, 2)), Buffer::empty(Rect::new(3, 1, 9, 2))];
                let style = Style::new().green();
                let end = write(&mut ours, 5, 2, text, columns, style);
                assert_eq!(end, theirs.set_stringn(5, 2, text, columns.into(), style).0, "{text:?}");
                assert_eq!(ours, theirs, "{text:?}");
            }
        }
    }
}
