//! The signs of the interface, in Unicode and in ASCII.
//!
//! ASCII is for terminals without UTF-8 and for `TERM=linux` and `TERM=dumb`, whose fonts lack
//! the others. No sign is an emoji or of ambiguous width: they shift columns, worst in tmux.

use ratatui::buffer::Buffer;
use ratatui::symbols::border;

/// One set of signs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Glyphs {
    /// Before the selected row, and before what has the keys.
    pub cursor: &'static str,
    /// Before the selected row of a list that does not have the keys.
    pub cursor_elsewhere: &'static str,
    /// Before a row that is marked for a command on several.
    pub mark: &'static str,
    pub active: &'static str,
    pub soon: &'static str,
    pub expired: &'static str,
    pub unknown: &'static str,
    pub ok: &'static str,
    pub bad: &'static str,
    pub sort_up: &'static str,
    pub sort_down: &'static str,
    pub into: &'static str,
    pub forever: &'static str,
    pub none: &'static str,
    pub separator: &'static str,
    pub joint_left: &'static str,
    pub joint_right: &'static str,
    pub joint_bottom: &'static str,
    pub ellipsis: &'static str,
    /// In the frame of a list: where the rows in sight are among all.
    pub scroll: &'static str,
    /// Pictures of something that goes on, four a second.
    pub spinner: &'static [&'static str],
    /// Eighths of a block, empty first, for bars and small charts.
    pub bars: &'static [&'static str],
    pub border: border::Set<'static>,
}

/// For terminals that show UTF-8.
pub const UNICODE: Glyphs = Glyphs {
    cursor: "▸",
    cursor_elsewhere: "▹",
    mark: "✓",
    active: "●",
    soon: "◐",
    expired: "○",
    unknown: "?",
    ok: "✓",
    bad: "✗",
    sort_up: "▴",
    sort_down: "▾",
    into: "▸",
    forever: "∞",
    none: "—",
    separator: "·",
    joint_left: "├",
    joint_right: "┤",
    joint_bottom: "┴",
    ellipsis: "…",
    scroll: "┃",
    spinner: &["◜", "◝", "◞", "◟"],
    bars: &[" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"],
    border: border::ROUNDED,
};

/// For everything else.
pub const ASCII: Glyphs = Glyphs {
    cursor: ">",
    cursor_elsewhere: "-",
    mark: "*",
    active: "+",
    soon: "!",
    expired: "x",
    unknown: "?",
    ok: "+",
    bad: "x",
    sort_up: "^",
    sort_down: "v",
    into: ">",
    forever: "-",
    none: "-",
    separator: "-",
    joint_left: "+",
    joint_right: "+",
    joint_bottom: "+",
    ellipsis: "~",
    scroll: "#",
    spinner: &["|", "/", "-", "\\"],
    bars: &[" ", ".", ":", "-", "=", "+", "*", "#", "@"],
    border: border::Set {
        top_left: "+",
        top_right: "+",
        bottom_left: "+",
        bottom_right: "+",
        vertical_left: "|",
        vertical_right: "|",
        horizontal_top: "-",
        horizontal_bottom: "-",
    },
};

/// Replaces what is not ASCII in a picture that was drawn with [`ASCII`]: signs inside texts, and
/// data from outside. A terminal without UTF-8 takes some bytes of other letters for control
/// characters.
pub fn to_ascii(buffer: &mut Buffer) {
    for cell in buffer.content.iter_mut().filter(|cell| !cell.symbol().is_ascii()) {
        let ascii = match cell.symbol() {
            "…" => ASCII.ellipsis,
            "·" => ASCII.separator,
            "—" | "–" => ASCII.none,
            "•" => "*",
            "×" => "x",
            "’" => "'",
            "↑" => "^",
            "↓" => "v",
            "µ" => "u",
            _ => "?",
        };
        cell.set_symbol(ascii);
    }
}

/// Which set suits a terminal, from `TERM` and the locale variables in their order of precedence.
pub fn for_terminal(term: Option<&str>, locale: Option<&str>) -> &'static Glyphs {
    let utf8 = locale.is_some_and(|locale| {
        let locale = locale.to_ascii_lowercase();
        locale.contains("utf-8") || locale.contains("utf8")
    });
    if !utf8 || matches!(term, Some("linux" | "dumb")) { &ASCII } else { &UNICODE }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_set_follows_locale_and_terminal() {
        assert_eq!(for_terminal(Some("xterm-256color"), Some("C.UTF-8")), &UNICODE);
        assert_eq!(for_terminal(Some("linux"), Some("C.UTF-8")), &ASCII);
        assert_eq!(for_terminal(Some("xterm"), Some("C")), &ASCII);
        assert_eq!(for_terminal(None, None), &ASCII);
    }

    #[test]
    fn every_sign_takes_one_column() {
        for set in [&UNICODE, &ASCII] {
            let signs =
                [set.cursor, set.mark, set.active, set.soon, set.expired, set.ok, set.bad, set.forever];
            for sign in signs.iter().chain(set.spinner).chain(set.bars) {
                assert_eq!(crate::text::width(sign), 1, "{sign}");
            }
        }
    }
}
