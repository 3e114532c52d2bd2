//! Charts as SVG.

use std::fmt::Write as _;

use crate::probe::run::Bar;
use crate::text;

const WIDTH: f64 = 900.0;
const HEIGHT: f64 = 220.0;
/// Room for the labels on the left and below.
const LEFT: f64 = 70.0;
const BELOW: f64 = 24.0;
const ABOVE: f64 = 8.0;

/// Two lines over the seconds of a run.
pub(super) fn lines(first: &[(f64, f64)], second: &[(f64, f64)], unit: &str) -> String {
    let all = || first.iter().chain(second);
    let (end, top) = all().fold((0.0_f64, 0.0_f64), |(x, y), point| (x.max(point.0), y.max(point.1)));
    let top = nice(top);
    let mut svg = open();
    for step in 0..=4 {
        let value = top * f64::from(step) / 4.0;
        let y = y(value / top);
        let label = label(value, unit);
        let _ = writeln!(
            svg,
            "<line x1=\"{LEFT}\" x2=\"{WIDTH}\" y1=\"{y:.1}\" y2=\"{y:.1}\"/>\
             <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{label}</text>",
            LEFT - 6.0,
            y + 4.0
        );
    }
    for step in 0..=5 {
        let share = f64::from(step) / 5.0;
        let time = match step {
            0 => "0".to_owned(),
            _ => format!("{:.1} s", end * share),
        };
        let anchor = if step == 5 { "end" } else { "middle" };
        let _ = writeln!(
            svg,
            "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"{anchor}\">{time}</text>",
            x(share),
            HEIGHT - 6.0
        );
    }
    for (class, points) in [("a", first), ("b", second)] {
        let points: Vec<_> = points
            .iter()
            .map(|(at, value)| format!("{:.1},{:.1}", x(at / end.max(f64::MIN_POSITIVE)), y(value / top)))
            .collect();
        let _ =
            writeln!(svg, "<polyline class=\"{class}\" stroke-width=\"2\" points=\"{}\"/>", points.join(" "));
    }
    svg + "</svg>\n"
}

/// The bars of a histogram.
pub(super) fn bars(bars: &[Bar]) -> String {
    let most = bars.iter().map(|bar| bar.requests).max().unwrap_or(0).max(1) as f64;
    let width = (WIDTH - LEFT) / bars.len().max(1) as f64;
    let mut svg = open();
    for (at, bar) in bars.iter().enumerate() {
        let share = bar.requests as f64 / most;
        let (left, top) = (LEFT + at as f64 * width, y(share));
        let (from, to) = (label(bar.from_ms, "ms"), label(bar.to_ms, "ms"));
        let _ = writeln!(
            svg,
            "<rect class=\"bar\" x=\"{:.1}\" y=\"{top:.1}\" width=\"{:.1}\" height=\"{:.1}\"><title>{from} to {to}: {} requests</title></rect>",
            left + 1.0,
            (width - 2.0).max(0.5),
            y(0.0) - top,
            bar.requests
        );
        if at % 4 == 0 {
            let _ = writeln!(svg, "<text x=\"{left:.1}\" y=\"{:.1}\">{from}</text>", HEIGHT - 6.0);
        }
    }
    let _ = writeln!(
        svg,
        "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{most}</text>",
        LEFT - 6.0,
        ABOVE + 8.0
    );
    svg + "</svg>\n"
}

fn open() -> String {
    format!("<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\">\n")
}

fn x(share: f64) -> f64 {
    LEFT + (WIDTH - LEFT) * share.clamp(0.0, 1.0)
}

fn y(share: f64) -> f64 {
    ABOVE + (HEIGHT - ABOVE - BELOW) * (1.0 - share.clamp(0.0, 1.0))
}

/// The next larger number that reads well: 1, 2 or 5 times a power of ten.
fn nice(value: f64) -> f64 {
    if !value.is_normal() {
        return 1.0;
    }
    let power = 10_f64.powf(value.log10().floor());
    [1.0, 2.0, 5.0, 10.0].into_iter().map(|step| step * power).find(|step| *step >= value).unwrap_or(value)
}

fn label(value: f64, unit: &str) -> String {
    match unit {
        _ if value <= 0.0 => "0".to_owned(),
        "ms" => text::millis(value),
        unit => format!("{value:.1}{unit}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_axis_ends_at_a_number_that_reads_well() {
        for (value, end) in [(0.0, 1.0), (0.7, 1.0), (1.0, 1.0), (1.2, 2.0), (34.0, 50.0), (501.0, 1000.0)] {
            assert!((nice(value) - end).abs() < 1e-9, "{value}: {}", nice(value));
        }
    }
}
