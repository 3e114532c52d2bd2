//! The areas of the Models tab. Code that fetches visible rows and code that draws them both ask
//! here, so that they agree.

use ratatui::layout::Rect;

use crate::tui::layout::{body, is_wide};
use crate::tui::shared::Shared;

/// From this height on the Overview has a line for each fact.
const TALL: u16 = 25;

/// The two halves; in a narrow window only one of them has room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Halves {
    pub list: Option<Rect>,
    pub model: Option<Rect>,
}

/// Splits the body of the window: side by side if it is `wide`. Otherwise the focused half gets all
/// of it, and `open` says whether that is the model.
pub fn halves(body: Rect, wide: bool, open: bool) -> Halves {
    if wide {
        let list = (body.width * 43 / 100).clamp(47, 66);
        return Halves {
            list: Some(Rect { width: list, ..body }),
            model: Some(Rect { x: body.x + list, width: body.width - list, ..body }),
        };
    }
    if open { Halves { list: None, model: Some(body) } } else { Halves { list: Some(body), model: None } }
}

/// Inside a border.
pub fn inside(area: Rect) -> Rect {
    let width = area.width.saturating_sub(2);
    let height = area.height.saturating_sub(2);
    Rect { x: area.x + u16::from(width > 0), y: area.y + u16::from(height > 0), width, height }
}

/// The rows of models within the list's area: without border, column heads, the filter if `filtered`,
/// and the line about the selected model, which a `wide` window shows beside the list.
pub fn list_rows(list: Rect, wide: bool, filtered: bool) -> Rect {
    let inner = inside(list);
    let footer = if inner.height > 8 && !wide { 2 } else { 0 } + u16::from(filtered);
    let heads = inner.height.min(1);
    Rect { y: inner.y + heads, height: inner.height.saturating_sub(heads + footer), ..inner }
}

/// How many models are visible. `open`: a model has the focus. `filtered`: the filter is shown.
pub fn rows_in_sight(shared: &Shared, open: bool, filtered: bool) -> usize {
    let wide = is_wide(shared);
    let list = halves(body(shared), wide, open).list;
    list.map_or(0, |list| list_rows(list, wide, filtered).height.into())
}

/// The parts of a model's half, from the top.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ModelParts {
    pub overview: Rect,
    pub key: Rect,
    pub request: Rect,
    pub test: Rect,
    pub heads: Rect,
    pub results: Rect,
    /// Why the selected result failed.
    pub why: Rect,
}

/// Lays out a model's half. `request` and `why` are the numbers of lines of the request and of the
/// explanation.
pub fn model_parts(area: Rect, request: usize, why: u16) -> ModelParts {
    let inner = inside(area);
    let mut rest = inner;
    let mut take = |rows: u16| {
        let rows = rows.min(rest.height);
        let taken = Rect { height: rows, ..rest };
        rest = Rect { y: rest.y + rows, height: rest.height - rows, ..rest };
        taken
    };
    let tall = area.height >= TALL;
    // In a low window the reason of a failure matters more than what the model is.
    let low = why > 0 && inner.height < 15;
    let overview = take(match () {
        () if tall => 9,
        () if low => 0,
        () => 2.min(inner.height.saturating_sub(8)),
    });
    take(u16::from(inner.height > 14));
    let key = take(1);
    let most = if tall { 10 } else { (inner.height / 4).max(1) };
    let request = take(u16::try_from(request).unwrap_or(u16::MAX).clamp(1.max(most.min(3)), most));
    let test = take(1);
    take(u16::from(inner.height > 16));
    let heads = take(1);
    let why_rows = why.min(rest.height.saturating_sub(if low { 1 } else { 2 }));
    let results = Rect { height: rest.height - why_rows, ..rest };
    let why = Rect { y: results.bottom(), height: why_rows, ..rest };
    ModelParts { overview, key, request, test, heads, results, why }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn side_by_side_where_there_is_room() {
        let wide = halves(Rect::new(0, 2, 100, 27), true, true);
        assert_eq!((wide.list.unwrap().width, wide.model.unwrap().width), (47, 53));
        let narrow = Rect::new(0, 2, 80, 21);
        assert_eq!(halves(narrow, false, false), Halves { list: Some(narrow), model: None });
        assert_eq!(halves(narrow, false, true), Halves { list: None, model: Some(narrow) });
    }

    #[test]
    fn the_parts_lie_in_the_area_whatever_its_size() {
        for width in 0..40 {
            for height in 0..60 {
                let area = Rect::new(3, 2, width, height);
                let parts = model_parts(area, 5, 4);
                for part in [
                    parts.overview,
                    parts.key,
                    parts.request,
                    parts.test,
                    parts.heads,
                    parts.results,
                    parts.why,
                ] {
                    assert!(part.is_empty() || area.intersection(part) == part, "{area:?} {part:?}");
                }
                let rows = list_rows(area, false, true);
                assert!(rows.is_empty() || area.intersection(rows) == rows, "{area:?} {rows:?}");
            }
        }
        let parts = model_parts(Rect::new(0, 2, 80, 21), 4, 4);
        assert!(parts.results.height >= 3, "{parts:?}");
        assert_eq!(parts.why.height, 4);
    }
}
