//! The section Security: the expiration setting.
//!
//! No specification has this setting. It is read and written under the name that the workbench itself
//! uses for it, and not at all if the workbench names none.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Paragraph, Wrap};

use super::expiration_form::ExpirationForm;
use super::setting;
use crate::tui::command::Command;
use crate::tui::layer::Outcome;
use crate::tui::session::{self, Expiration};
use crate::tui::shared::Shared;

/// Reads the setting again.
pub fn enter(shared: &mut Shared) -> Outcome {
    session::ask_expiration(shared).into()
}

/// Whether there is a setting that this user can probably change. A workbench that lists no other
/// user is unlikely to allow it.
pub fn can_change(shared: &Shared, only_oneself: bool) -> bool {
    matches!(shared.session.expiration, Expiration::Setting { .. }) && !only_oneself
}

pub fn command(shared: &mut Shared, only_oneself: bool, command: Command) -> Outcome {
    if !matches!(command, Command::EditExpiration | Command::Open) {
        return Outcome::ignored();
    }
    let text = match shared.session.expiration {
        Expiration::Setting { days, .. } if !only_oneself => return Outcome::push(ExpirationForm::new(days)),
        Expiration::Setting { .. } => {
            "only a site administrator may change it, and you are probably not one; \
             `keybench admin expiration DAYS` asks the workbench anyway"
        }
        _ => "this workbench offers no such setting to change here",
    };
    shared.notices.warning(shared.now, text);
    Outcome::done()
}

pub fn draw(shared: &Shared, only_oneself: bool, frame: &mut Frame<'_>, area: Rect) {
    let theme = &shared.preferences.theme;
    let inside = setting::frame(shared, frame, area);
    let mut lines = setting::lines(shared);
    if only_oneself && matches!(shared.session.expiration, Expiration::Setting { .. }) {
        lines.push(Line::styled("Only a site administrator may change it. As you see", theme.warn));
        lines.push(Line::styled("only yourself under Users, you are probably not one.", theme.warn));
        lines.push(Line::default());
    }
    if can_change(shared, only_oneself) && !shared.session.read_only {
        let rest = Span::raw(" changes it, for site administrators");
        lines.push(Line::from(vec![Span::styled("e", theme.key), rest]));
    }
    setting::close_up(&mut lines, inside);
    frame.render_widget(Paragraph::new(lines).wrap(Wrap { trim: false }), inside);
}
