//! The fields below the calendar, as they are drawn.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Paragraph, Wrap};

use super::{AUDIENCES, COMMENT_LIMIT, Focus, NewKey, rules};
use crate::text;
use crate::tui::shared::Shared;

impl NewKey {
    /// Audience and comment, and below them problems or progress.
    pub(super) fn fields(&self, shared: &Shared, frame: &mut Frame<'_>, area: Rect) {
        let theme = &shared.preferences.theme;
        let focused = |focus: Focus| self.focus == focus;
        let row = |n: u16| Rect { y: area.y + n, height: 1, ..area }.intersection(area);
        let label = |focus: Focus, text: &'static str| {
            Span::styled(format!(" {text:<9} "), if focused(focus) { theme.key } else { theme.dim })
        };
        let (audience, _) = AUDIENCES[self.audience % AUDIENCES.len()];
        let style = if focused(Focus::Audience) { theme.button_focused } else { theme.text };
        let mut audience =
            vec![label(Focus::Audience, "audience"), Span::styled(format!("< {audience} >"), style)];
        if focused(Focus::Audience) {
            audience.push(Span::styled("  arrows change", theme.dim));
        }
        frame.render_widget(Line::from(audience), row(0));
        let comment = row(1);
        frame.render_widget(Line::from(label(Focus::Comment, "comment")), comment);
        let field =
            Rect { x: comment.x + comment.width.min(11), width: comment.width.saturating_sub(11), ..comment };
        self.comment.render(field, frame.buffer_mut(), focused(Focus::Comment), &shared.styles());
        if self.comment.is_empty() && !focused(Focus::Comment) {
            frame.render_widget(Line::styled("what it is for: nightly scoring", theme.disabled), field);
        }
        let problem = Rect { y: area.y + 2, height: area.height.saturating_sub(2), ..area };
        if let Some(text) = self.problem(shared) {
            let text = format!("{} {}", shared.preferences.glyphs.bad, text::clean(text));
            frame.render_widget(Paragraph::new(text).style(theme.error).wrap(Wrap { trim: true }), problem);
        } else if let Some(id) = self.creating {
            let sign = if shared.waiting(id).is_some() { shared.spinner() } else { " " };
            frame.render_widget(Line::styled(format!(" {sign} creating the key"), theme.accent), problem);
        } else if self.comment.text().chars().count() >= COMMENT_LIMIT {
            let text = format!(" a comment ends at {COMMENT_LIMIT} characters");
            frame.render_widget(Line::styled(text, theme.warn), problem);
        } else if !self.day_chosen && rules(shared).policy.limit_days.is_none() {
            let text = " no date chosen: the key gets the workbench's default";
            frame.render_widget(Line::styled(text, theme.dim), problem);
        }
    }
}
