//! A ratatui buffer as an SVG: what a terminal would show, as a picture for the README.

use std::fmt::Write as _;

use ratatui::buffer::{Buffer, Cell};
use ratatui::style::{Color, Modifier};

/// Pixels of one terminal cell, and the margin around all of them.
const CELL: (f32, f32) = (8.4, 17.0);
const MARGIN: f32 = 12.0;
const BACKGROUND: &str = "#16181d";
const FOREGROUND: &str = "#d7dae0";

/// Foreground, background and modifiers as they come out after reversing.
#[derive(Clone, Copy, PartialEq)]
struct Look {
    ink: &'static str,
    paper: Option<&'static str>,
    bold: bool,
    dim: bool,
    underlined: bool,
}

/// Draws every cell of `buffer`; `title` is read out by screen readers.
pub fn render(buffer: &Buffer, title: &str) -> String {
    let (columns, rows) = (buffer.area.width, buffer.area.height);
    let width = f32::from(columns) * CELL.0 + 2.0 * MARGIN;
    let height = f32::from(rows) * CELL.1 + 2.0 * MARGIN;
    let mut svg = String::new();
    let _ = writeln!(
        svg,
        r#"<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0}" height="{height:.0}" viewBox="0 0 {width:.0} {height:.0}" role="img">
<title>{}</title>
<rect width="100%" height="100%" rx="8" fill="{BACKGROUND}"/>
<g font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace" font-size="14">"#,
        escape(title)
    );
    for row in 0..rows {
        let mut column = 0;
        while column < columns {
            let look = look(&buffer[(column, row)]);
            let start = column;
            let mut text = String::new();
            while column < columns && self::look(&buffer[(column, row)]) == look {
                text.push_str(buffer[(column, row)].symbol());
                column += 1;
            }
            run(&mut svg, (start, row), column - start, &text, look);
        }
    }
    svg.push_str("</g>\n</svg>\n");
    svg
}

fn run(svg: &mut String, (column, row): (u16, u16), columns: u16, text: &str, look: Look) {
    let x = MARGIN + f32::from(column) * CELL.0;
    let y = MARGIN + f32::from(row) * CELL.1;
    let width = f32::from(columns) * CELL.0;
    if let Some(paper) = look.paper {
        let _ = writeln!(
            svg,
            r#"<rect x="{x:.1}" y="{y:.1}" width="{width:.1}" height="{:.1}" fill="{paper}"/>"#,
            CELL.1
        );
    }
    if text.trim().is_empty() {
        return;
    }
    // The width is fixed, so that a browser's own monospace font cannot shift columns.
    let _ = writeln!(
        svg,
        r#"<text x="{x:.1}" y="{:.1}" textLength="{width:.1}" lengthAdjust="spacingAndGlyphs" xml:space="preserve" fill="{}"{}{}{}>{}</text>"#,
        y + 13.0,
        look.ink,
        if look.bold { r#" font-weight="bold""# } else { "" },
        if look.dim { r#" opacity="0.6""# } else { "" },
        if look.underlined { r#" text-decoration="underline""# } else { "" },
        escape(text)
    );
}

fn look(cell: &Cell) -> Look {
    let style = cell.modifier;
    let (ink, paper) = (colour(cell.fg), colour(cell.bg));
    let (ink, paper) = if style.contains(Modifier::REVERSED) {
        (paper.unwrap_or(BACKGROUND), Some(ink.unwrap_or(FOREGROUND)))
    } else {
        (ink.unwrap_or(FOREGROUND), paper)
    };
    Look {
        ink,
        paper,
        bold: style.contains(Modifier::BOLD),
        dim: style.contains(Modifier::DIM),
        underlined: style.contains(Modifier::UNDERLINED),
    }
}

/// The sixteen colours that the default theme uses; `None` is the terminal's own.
fn colour(colour: Color) -> Option<&'static str> {
    Some(match colour {
        Color::Black => "#000000",
        Color::Red => "#e06c75",
        Color::Green => "#98c379",
        Color::Yellow => "#d19a66",
        Color::Blue => "#61afef",
        Color::Magenta => "#c678dd",
        Color::Cyan => "#56b6c2",
        Color::Gray => "#abb2bf",
        Color::DarkGray => "#7f848e",
        Color::LightRed => "#f08a92",
        Color::LightGreen => "#b5e08f",
        Color::LightYellow => "#e5c07b",
        Color::LightBlue => "#8cc8ff",
        Color::LightMagenta => "#dc9bf0",
        Color::LightCyan => "#7fd7e0",
        Color::White => "#ffffff",
        _ => return None,
    })
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
