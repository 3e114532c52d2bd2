//! Rows that are marked, for a command on several.

use std::collections::BTreeSet;

use crate::tui::command::Command;

/// The ids of the marked rows.
#[derive(Debug, Default)]
pub struct Marks {
    ids: BTreeSet<String>,
    /// The row that was marked last, where a range begins.
    anchor: Option<String>,
}

impl Marks {
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    pub fn len(&self) -> usize {
        self.ids.len()
    }

    pub fn contains(&self, id: &str) -> bool {
        self.ids.contains(id)
    }

    /// How many of them are not among `shown`, which the filter leaves.
    pub fn hidden<'a>(&self, shown: impl IntoIterator<Item = &'a str>) -> usize {
        self.len() - shown.into_iter().filter(|id| self.contains(id)).count()
    }

    /// Nothing is marked any more.
    pub fn clear(&mut self) {
        (self.ids, self.anchor) = (BTreeSet::new(), None);
    }

    /// Only the rows for which `listed` holds can be marked.
    pub fn retain(&mut self, listed: impl Fn(&str) -> bool) {
        self.ids.retain(|id| listed(id));
    }

    /// Marks rows, where `here` is the selected one and `shown` are those that the filter leaves, in their
    /// order. Returns `false` for any other command.
    pub fn command(&mut self, command: Command, here: Option<&str>, shown: impl Fn() -> Vec<String>) -> bool {
        match command {
            Command::Mark => self.toggle(here),
            Command::MarkAll => {
                let shown = shown();
                let all = !shown.is_empty() && shown.iter().all(|id| self.ids.contains(id));
                self.mark_where(shown, |_| !all);
            }
            Command::MarkInvert => self.mark_where(shown(), |marked| !marked),
            Command::MarkRange => self.mark_range(here, &shown()),
            Command::Back if !self.is_empty() => self.clear(),
            _ => return false,
        }
        true
    }

    fn toggle(&mut self, here: Option<&str>) {
        let Some(id) = here else { return };
        self.anchor = Some(id.to_owned());
        if !self.ids.remove(id) {
            self.ids.insert(id.to_owned());
        }
    }

    /// Marks those that are shown for which `wanted` holds, given whether they are marked.
    fn mark_where(&mut self, shown: Vec<String>, wanted: impl Fn(bool) -> bool) {
        for id in shown {
            match wanted(self.ids.contains(&id)) {
                true => self.ids.insert(id),
                false => self.ids.remove(&id),
            };
        }
    }

    /// Marks from the row that was marked last to the selected one.
    fn mark_range(&mut self, here: Option<&str>, shown: &[String]) {
        let at = |id: &str| shown.iter().position(|other| other == id);
        let Some((here, end)) = here.and_then(|here| Some((here, at(here)?))) else { return };
        let begin = self.anchor.as_deref().and_then(at).unwrap_or(end);
        let range = begin.min(end)..=begin.max(end);
        self.ids.extend(shown[range].iter().cloned());
        self.anchor = Some(here.to_owned());
    }
}
