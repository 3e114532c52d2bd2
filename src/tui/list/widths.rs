//! How wide the columns of a table are: room goes to the texts that need it.

use super::table::{Column, Table, Width};
use crate::text;

impl Table<'_> {
    /// How many columns the table takes if no text is cut.
    pub fn needed(&self) -> u16 {
        let columns = self.shown().map(|(n, column)| match column.width {
            Width::Fixed(width) => width,
            Width::Fill(least) => least.max(self.widest_of(n)),
        });
        columns.fold(self.gutter, |sum, width| sum.saturating_add(width).saturating_add(1))
    }

    fn widest_of(&self, column: usize) -> u16 {
        self.widest.get(column).copied().unwrap_or_default()
    }

    /// Widths of the columns in `room`; 0 for those left out.
    ///
    /// By hand: with ratatui's `Layout` a column could become narrower, but none could go before the others
    /// do. Dialogs, and panels that leave out rows in a low window, are laid out by hand for the same reason.
    pub(super) fn widths(&self, room: u16) -> Vec<u16> {
        let columns: Vec<(usize, &Column)> = self.shown().collect();
        let mut widths: Vec<u16> = columns.iter().map(|(_, column)| column.least()).collect();
        let used = |widths: &[u16]| {
            let columns = widths.iter().filter(|width| **width > 0);
            columns.map(|width| width + 1).sum::<u16>().saturating_sub(1)
        };
        while used(&widths) > room {
            let optional =
                columns.iter().enumerate().filter(|(at, (_, column))| widths[*at] > 0 && column.optional > 0);
            let Some((at, _)) = optional.max_by_key(|(_, (_, column))| column.optional) else { break };
            widths[at] = 0;
        }
        let mut left = room.saturating_sub(used(&widths));
        // Each gets what its widest text needs. Those that need least come first: what they leave is for
        // the others.
        let is_known = self.widest.iter().any(|widest| *widest > 0);
        let wanted = |(at, (n, column)): (usize, &(usize, &Column))| match column.width {
            Width::Fill(_) if !is_known => Some((u16::MAX, at)),
            Width::Fill(least) => Some((self.widest_of(*n).saturating_sub(least), at)),
            Width::Fixed(_) => None,
        };
        let mut filling: Vec<(u16, usize)> =
            columns.iter().enumerate().filter(|(at, _)| widths[*at] > 0).filter_map(wanted).collect();
        filling.sort_unstable();
        // If there is too little, those whose texts are short give what they do not need.
        if is_known && filling.iter().map(|(wanted, _)| usize::from(*wanted)).sum::<usize>() > left.into() {
            for (_, at) in &filling {
                let (n, column) = columns[*at];
                // The head, with the mark of the order.
                let needs = self.widest_of(n).max(text::width(column.head) as u16 + 1);
                left += widths[*at].saturating_sub(needs);
                widths[*at] = widths[*at].min(needs);
            }
        }
        for (done, (wanted, at)) in filling.iter().enumerate() {
            let share = left / u16::try_from(filling.len() - done).unwrap_or(1);
            widths[*at] += share.min(*wanted);
            left -= share.min(*wanted);
        }
        // What nobody needs is behind the last column: in between it would tear a row apart.
        let last = widths.iter().rposition(|width| *width > 0);
        if let Some(at) = last.filter(|at| filling.iter().any(|(_, filled)| filled == at)) {
            widths[at] += left;
        }
        widths
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::glyphs::UNICODE;
    use crate::tui::list::Pattern;
    use crate::tui::theme::Theme;

    #[test]
    fn room_goes_where_texts_need_it() {
        const FILLING: [Column; 3] = [
            Column::new("OWNER", Width::Fill(5)),
            Column::new("DAYS", Width::Fixed(4)),
            Column::new("COMMENT", Width::Fill(7)),
        ];
        let (theme, pattern) = (Theme::mono(), Pattern::default());
        let table = |widest: &'static [u16]| Table {
            columns: &FILLING,
            chosen: &[0, 1, 2],
            widest,
            theme: &theme,
            glyphs: &UNICODE,
            focused: true,
            gutter: 3,
            first: None,
            pattern: &pattern,
        };
        let widths = |widest: &'static [u16], room| table(widest).widths(room);
        assert_eq!(widths(&[], 40), [16, 4, 18], "as much for each where nothing is known");
        assert_eq!(widths(&[6, 0, 27], 40), [6, 4, 28], "what is left goes to the last one");
        assert_eq!(widths(&[6, 0, 60], 40), [6, 4, 28], "only what has no room is cut");
        assert_eq!(widths(&[60, 0, 60], 40), [16, 4, 18]);
        assert_eq!(widths(&[12, 0, 0], 21), [8, 4, 7], "no head is cut");
        let wide = Column::new("COMMENT", Width::Fill(18));
        let columns = [FILLING[0], FILLING[1], wide];
        let widths_of = |widest| Table { columns: &columns, ..table(widest) }.widths(30);
        assert_eq!(widths_of(&[12, 0, 3]), [12, 4, 12], "what one does not need is for what would be cut");
        assert_eq!(widths_of(&[5, 0, 3]), [5, 4, 19], "where something is");
        assert_eq!(widths(&[1, 0, 1], 18), [5, 4, 7], "the least width is kept");
        let needed = |widest: &'static [u16]| table(widest).needed();
        assert_eq!((needed(&[]), needed(&[6, 0, 27])), (3 + 6 + 5 + 8, 3 + 7 + 5 + 28));
    }
}
