//! The areas of the Models tab. Code that fetches visible rows and code that draws them both ask
//! here, so that they agree.

use std::ops::RangeInclusive;

use ratatui::layout::{Constraint, Layout, Rect};

use crate::tui::layout::{WIDE_COLUMNS, beside, body, is_wide};
use crate::tui::list::ListState;
use crate::tui::list::view::rows_in;
use crate::tui::shared::Shared;

/// From this height on the Overview has a line for each fact.
const TALL: u16 = 25;
/// The least width of the list, and the limits of the model's half beside it: a wider one lays out an
/// answer that is not there yet.
const LIST: u16 = 46;
const MODEL: RangeInclusive<u16> = 50..=WIDE_COLUMNS - 1;
/// From this width on the facts of a model are easy to read; below, the list takes its narrow columns.
const READABLE: u16 = 54;

/// The two halves; in a narrow window, and while a model is open, there is only one of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Halves {
    pub list: Option<Rect>,
    pub model: Option<Rect>,
}

/// Splits the body of the window: side by side where it is `wide`, unless the model is `open` and has
/// the keys, and with them the room. `needs` is how wide the list is if it cuts nothing, with all its
/// columns and with its narrow ones.
pub fn halves(body: Rect, wide: bool, needs: [u16; 2], open: bool) -> Halves {
    if open {
        return Halves { list: None, model: Some(body) };
    }
    let [whole, narrow] = needs;
    let list = if body.width.saturating_sub(whole) < READABLE { narrow } else { whole };
    let most = body.width.saturating_sub(*MODEL.start()).max(LIST);
    match beside(body, list.clamp(LIST, most), MODEL).filter(|_| wide) {
        Some((list, model)) => Halves { list: Some(list), model: Some(model) },
        None => Halves { list: Some(body), model: None },
    }
}

/// Inside a border.
pub fn inside(area: Rect) -> Rect {
    let width = area.width.saturating_sub(2);
    let height = area.height.saturating_sub(2);
    Rect { x: area.x + u16::from(width > 0), y: area.y + u16::from(height > 0), width, height }
}

/// The table in the list's area, with its heads and the filter, and below it the line about the
/// selected model, which a `wide` window shows beside the list.
pub fn list_parts(list: Rect, wide: bool) -> (Rect, Rect) {
    let inner = inside(list);
    let about = if inner.height > 8 && !wide { 2 } else { 0 };
    let [table, about] = inner.layout(&Layout::vertical([Constraint::Fill(1), Constraint::Length(about)]));
    (table, about)
}

/// How many models are on the screen; `open` where a model has the keys.
pub fn rows_in_sight(shared: &Shared, open: bool, state: &ListState) -> usize {
    // The height is the same however wide it is.
    list_on_screen(shared, [0; 2], open).map_or(0, |list| rows_in(list, state))
}

/// Where the list of models is, with its heads; `None` if it is not on the screen.
pub fn list_on_screen(shared: &Shared, needs: [u16; 2], open: bool) -> Option<Rect> {
    let wide = is_wide(shared);
    halves(body(shared), wide, needs, open).list.map(|list| list_parts(list, wide).0)
}

/// The parts of a model's half, from the top.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ModelParts {
    pub overview: Rect,
    pub key: Rect,
    pub request: Rect,
    pub test: Rect,
    /// Why the last press on Test sent nothing.
    pub problem: Rect,
    /// The table of results, with its heads.
    pub results: Rect,
    /// The line between results and answer where they are side by side.
    pub rule: Option<Rect>,
    pub answer: Rect,
}

/// Lays out a model's half: results and answer side by side where there is room, else one above the
/// other. `request` is how many lines the request has, `problem` how many it takes to say why nothing
/// was sent, `results` how many columns the table takes if it cuts nothing.
pub fn model_parts(area: Rect, request: usize, problem: u16, results: u16) -> ModelParts {
    let inner = inside(area);
    let mut rest = inner;
    let mut take = |rows: u16| {
        let rows = rows.min(rest.height);
        let taken = Rect { height: rows, ..rest };
        rest = Rect { y: rest.y + rows, height: rest.height - rows, ..rest };
        taken
    };
    let beside = area.width >= WIDE_COLUMNS;
    let tall = area.height >= TALL;
    // In a low window the answer matters more than what the model is.
    let low = inner.height < 15;
    let overview = take(match () {
        () if tall && !beside => 9,
        () if low => 0,
        () => 2,
    });
    take(u16::from(!low));
    let key = take(1);
    let most = if tall { 10 } else { (inner.height / 4).max(1) };
    let request = take(u16::try_from(request).unwrap_or(u16::MAX).clamp(1, most));
    let test = take(1);
    let problem = take(problem);
    take(u16::from(tall));
    if beside {
        // The answer is what is read; the table needs room for its columns, and not more than half.
        let least = rest.width * 2 / 5;
        let width = results.min(rest.width.saturating_sub(1) / 2).max(least).clamp(58, 90).min(rest.width);
        let results = Rect { width, ..rest };
        let rule = Rect { x: results.right(), width: (rest.width - width).min(1), ..rest };
        let answer = Rect { x: rule.right(), width: rest.width - width - rule.width, ..rest };
        return ModelParts { overview, key, request, test, problem, results, rule: Some(rule), answer };
    }
    let rows = if low { 2 } else { (rest.height.saturating_sub(1) / 3).clamp(2, 8) };
    let results = Rect { height: (rows + 1).min(rest.height), ..rest };
    let answer = Rect { y: results.bottom(), height: rest.height - results.height, ..rest };
    ModelParts { overview, key, request, test, problem, results, rule: None, answer }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn side_by_side_where_there_is_room() {
        let shares = |width, needs| {
            let halves = halves(Rect::new(0, 2, width, 27), true, needs, false);
            (halves.list.unwrap().width, halves.model.unwrap().width)
        };
        assert_eq!(shares(100, [53, 46]), (46, 54), "narrow columns, so that the facts can be read");
        assert_eq!(shares(120, [53, 46]), (53, 67), "the list has what it needs");
        assert_eq!(shares(120, [90, 83]), (70, 50), "and no more than leaves room for the model");
        assert_eq!(shares(200, [53, 46]), (101, 99), "lines that are too long are hard to read");
        let narrow = Rect::new(0, 2, 80, 21);
        assert_eq!(halves(narrow, false, [53, 46], false), Halves { list: Some(narrow), model: None });
        assert_eq!(halves(narrow, false, [53, 46], true), Halves { list: None, model: Some(narrow) });
    }

    #[test]
    fn the_parts_lie_in_the_area_whatever_its_size() {
        for width in (0..40).chain([99, 100, 101, 200]) {
            for height in 0..60 {
                let area = Rect::new(3, 2, width, height);
                let parts = model_parts(area, 5, 4, 0);
                for part in [
                    parts.overview,
                    parts.key,
                    parts.request,
                    parts.test,
                    parts.problem,
                    parts.results,
                    parts.answer,
                ] {
                    assert!(part.is_empty() || area.intersection(part) == part, "{area:?} {part:?}");
                }
                let (table, about) = list_parts(area, false);
                for part in [table, about] {
                    assert!(part.is_empty() || area.intersection(part) == part, "{area:?} {part:?}");
                }
            }
        }
        let parts = model_parts(Rect::new(0, 2, 80, 21), 4, 4, 0);
        assert!(parts.results.height >= 3 && parts.answer.height >= 2, "{parts:?}");
        let beside = model_parts(Rect::new(0, 2, 100, 27), 4, 0, 0);
        assert!(beside.rule.is_some() && beside.answer.x > beside.results.right(), "{beside:?}");
        let width = |columns, needed| model_parts(Rect::new(0, 2, columns, 27), 4, 0, needed).results.width;
        assert_eq!((width(200, 60), width(200, 85), width(200, 300)), (79, 85, 90), "what it needs");
        assert_eq!((width(140, 300), width(120, 300)), (68, 58), "and no more than half");
    }
}
