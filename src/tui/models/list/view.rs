//! How the list of models looks.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Margin, Rect};
use ratatui::style::Style;
use ratatui::text::Line;
use ratatui::widgets::{Paragraph, Wrap};

use super::ListPane;
use super::model_list::Fetched;
use super::row::{Deployed, NARROW, Row};
use crate::text;
use crate::tui::call::ListScope;
use crate::tui::command::Command;
use crate::tui::layout::is_wide;
use crate::tui::list::{Row as _, Shown};
use crate::tui::models::draw::put;
use crate::tui::models::layout;
use crate::tui::parts::pane::{awaited, bordered, filter_row, rule};
use crate::tui::shared::Shared;
use crate::wire::DeploymentState;

/// The most columns of a description under the rows: each move through the list sends it.
const SAID: usize = 60;

impl ListPane {
    /// How wide the list is if it cuts nothing, and the same with its narrow columns.
    pub fn needs(&self, shared: &Shared) -> [u16; 2] {
        const BORDERS: u16 = 2;
        let view = || self.models.list.view(shared).without_marks();
        [view(), view().columns(&NARROW)].map(|view| view.needed() + BORDERS)
    }

    /// Draws the list; `focused` if it has the focus.
    pub fn draw(&self, shared: &Shared, focused: bool, frame: &mut Frame<'_>, area: Rect) {
        let theme = &shared.preferences.theme;
        let summary = self.summary(usize::from(area.width).saturating_sub(13));
        let (title, note) = (Line::styled(" Models ", theme.title), format!(" {summary} "));
        bordered(shared, frame, area, title, Line::styled(note, theme.dim), focused);
        let inner = layout::inside(area);
        if inner.is_empty() {
            return;
        }
        let (table, about) = layout::list_parts(area, is_wide(shared));
        let state = &self.models.list.state;
        if state.is_empty() {
            let below = filter_row(shared, &state.filter, frame, table);
            let text = Paragraph::new(self.nothing_to_list(shared)).wrap(Wrap { trim: true });
            frame.render_widget(text.style(theme.dim), below.inner(Margin::new(2, 0)));
            return;
        }
        let columns = if area.width < self.needs(shared)[0] { &NARROW } else { Row::COLUMNS };
        let mut project = "";
        let view =
            self.models.list.view(shared).columns(columns).focused(focused).without_marks().framed(area);
        view.draw(frame, table, |row, cells| {
            let Some(entry) = self.models.list.all().get(row) else { return false };
            // A project stands before its first model alone.
            let first =
                std::mem::replace(&mut project, &entry.model.project.name) != entry.model.project.name;
            cells.push(Shown::styled(if first { project } else { "" }, theme.dim));
            cells.push(Shown::styled(entry.model.name.as_str(), theme.text));
            cells.push(Shown::styled(entry.authentication(), theme.text));
            let (status, style) = status(shared, &entry.deployed);
            cells.push(Shown::styled(status, style));
            let replicas = entry.replicas().map(|n| n.to_string()).unwrap_or_default();
            cells.push(Shown::styled(replicas, theme.text));
            false
        });
        self.about_selected(shared, frame, about);
    }

    /// The line under the rows: what the selected model does, as far as [`SAID`].
    fn about_selected(&self, shared: &Shared, frame: &mut Frame<'_>, area: Rect) {
        let theme = &shared.preferences.theme;
        let [line, about] = area.layout(&Layout::vertical([Constraint::Length(1); 2]));
        if about.is_empty() {
            return;
        }
        rule(shared, frame, line, line.y);
        let Some(row) = self.models.selected() else { return };
        let text = if row.model.description.is_empty() { "no description" } else { &row.model.description };
        let text = text::clean(text);
        let text = text::truncate(&text, SAID.min(usize::from(about.width) - 1));
        put(frame.buffer_mut(), about, about.x + 1, &text, theme.text);
    }

    /// `7 models, mine, by project · 09:14 UTC`, or as much of it as fits into `columns`.
    fn summary(&self, columns: usize) -> String {
        let (column, reversed) = self.models.list.state.sort.unwrap_or_default();
        let order = Row::COLUMNS.get(column).map(|column| column.head.to_lowercase()).unwrap_or_default();
        let reversed = if reversed { ", reversed" } else { "" };
        // While a newer list comes, the one in sight keeps its time: what changes nothing sends nothing.
        let age = match (&self.models.fetched, self.models.as_of()) {
            (Fetched::Never | Fetched::GivenUp, _) => return "not fetched".to_owned(),
            (Fetched::Failed(_), _) if self.models.total() == 0 => return "fetching failed".to_owned(),
            (Fetched::Failed(_), _) => "fetching failed".to_owned(),
            (Fetched::Coming | Fetched::Whole, Some(when)) => when.strftime("%H:%M UTC").to_string(),
            (Fetched::Coming | Fetched::Whole, None) => "fetching…".to_owned(),
        };
        let (count, scope) = (self.count(), self.scope.label());
        let whole = format!("{count}, {scope}, by {order}{reversed} · {age}");
        if text::width(&whole) <= columns {
            return whole;
        }
        text::truncate(&format!("{count}, {scope} · {age}"), columns).into_owned()
    }

    /// Why there are no rows.
    fn nothing_to_list(&self, shared: &Shared) -> String {
        let none = self.models.total() == 0;
        let scope = shared.key_of(Command::ModelScope);
        match &self.models.fetched {
            Fetched::Never | Fetched::GivenUp | Fetched::Coming if none => {
                // A cancelled request is forgotten there at once.
                let listing = self.listing.or(shared.requests.last_started());
                awaited(shared, listing, "asking the workbench for models")
            }
            Fetched::Failed(error) if none && error.is_unauthenticated() => {
                format!("no models: {}", shared.instead(error))
            }
            Fetched::Failed(error) if none => {
                let hint = error.hint().map(|hint| format!("; {hint}")).unwrap_or_default();
                format!("no models: {error}{hint}. {}", shared.try_again())
            }
            _ if none && self.scope == ListScope::Mine => {
                format!(
                    "no models in your own projects, nor in those that you are a collaborator of; {scope} lists public ones too, and again, for an administrator, all"
                )
            }
            _ if none => {
                "no models: you see those of your own projects, of projects that you are a collaborator of, and of public ones".to_owned()
            }
            _ => {
                let filter = text::clean(self.models.list.state.filter.text());
                format!("no model matches {filter:?}; {} shows all", shared.key_of(Command::Back))
            }
        }
    }
}

/// A symbol, a label and a style for a deployment.
pub fn status(shared: &Shared, deployed: &Deployed) -> (String, Style) {
    let (theme, glyphs) = (&shared.preferences.theme, shared.preferences.glyphs);
    let (sign, style) = match deployed {
        Deployed::Unread => return (String::new(), theme.dim),
        Deployed::Reading => return (glyphs.ellipsis.to_owned(), theme.dim),
        Deployed::Read(_) | Deployed::Failed(_) => deployment_sign(shared, deployed.label()),
    };
    (format!("{sign} {}", text::clean(deployed.label())), style)
}

/// A symbol and a style for the status of a deployment, or `not deployed`.
pub fn deployment_sign(shared: &Shared, status: &str) -> (&'static str, Style) {
    let (theme, glyphs) = (&shared.preferences.theme, shared.preferences.glyphs);
    match DeploymentState::of(status) {
        DeploymentState::Up => (glyphs.active, theme.ok),
        DeploymentState::OnItsWay | DeploymentState::Stopping => (glyphs.soon, theme.warn),
        DeploymentState::Failed => (glyphs.bad, theme.error),
        DeploymentState::Stopped => (glyphs.expired, theme.dim),
        DeploymentState::Unknown if status == "not deployed" => (glyphs.expired, theme.dim),
        DeploymentState::Unknown => (glyphs.unknown, theme.dim),
    }
}
