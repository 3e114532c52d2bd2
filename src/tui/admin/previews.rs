//! What is about the selected row, beside the list: the keys of a user, the people of a project.
//!
//! Each costs a request, so it is asked for once the selection has rested on a row, and kept for when
//! it comes back to it.

use jiff::{SignedDuration, Timestamp};

/// How long the selection rests on a row before more about it is asked for.
const REST: SignedDuration = SignedDuration::from_millis(300);
/// Previews that are kept.
const KEPT: usize = 32;

/// Previews by the ids of their rows.
#[derive(Debug)]
pub struct Previews<P> {
    /// The newest last.
    kept: Vec<(String, P)>,
    /// The row to ask about, and when.
    wanted: Option<(String, Timestamp)>,
}

impl<P> Default for Previews<P> {
    fn default() -> Self {
        Self { kept: Vec::new(), wanted: None }
    }
}

impl<P> Previews<P> {
    /// This row is selected and has a preview in sight; `None` if none is.
    pub fn follow(&mut self, now: Timestamp, id: Option<&str>) {
        let unknown = id.filter(|id| self.get(id).is_none());
        if unknown != self.wanted.as_ref().map(|(id, _)| id.as_str()) {
            let due = now.checked_add(REST).unwrap_or(now);
            self.wanted = unknown.map(|id| (id.to_owned(), due));
        }
    }

    /// When to ask about a row.
    pub fn wakes_at(&self) -> Option<Timestamp> {
        self.wanted.as_ref().map(|(_, due)| *due)
    }

    /// The row to ask about now, once.
    pub fn due(&mut self, now: Timestamp) -> Option<String> {
        self.wanted.take_if(|(_, due)| *due <= now).map(|(id, _)| id)
    }

    pub fn get(&self, id: &str) -> Option<&P> {
        self.kept.iter().find(|(other, _)| other == id).map(|(_, preview)| preview)
    }

    pub fn get_mut(&mut self, id: &str) -> Option<&mut P> {
        self.kept.iter_mut().find(|(other, _)| other == id).map(|(_, preview)| preview)
    }

    pub fn put(&mut self, id: String, preview: P) {
        self.take(&id);
        if self.kept.len() == KEPT {
            self.kept.remove(0);
        }
        self.kept.push((id, preview));
    }

    pub fn take(&mut self, id: &str) -> Option<P> {
        let at = self.kept.iter().position(|(other, _)| other == id)?;
        Some(self.kept.remove(at).1)
    }

    /// Forgets all of them: what they show may be another thing now.
    pub fn clear(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_asked_about_once_the_selection_rests_on_it() {
        let at = |ms| Timestamp::UNIX_EPOCH + SignedDuration::from_millis(ms);
        let mut previews = Previews::default();
        previews.follow(at(0), Some("a"));
        previews.follow(at(200), Some("b"));
        previews.follow(at(400), Some("b"));
        assert_eq!(previews.wakes_at(), Some(at(500)), "the same row does not begin anew");
        assert_eq!((previews.due(at(499)), previews.due(at(500))), (None, Some("b".to_owned())));
        previews.put("b".to_owned(), 1);
        previews.follow(at(600), Some("b"));
        assert_eq!(previews.wakes_at(), None, "it is known");
        previews.follow(at(600), Some("a"));
        previews.follow(at(700), None);
        assert_eq!(previews.wakes_at(), None, "nothing is in sight");
        (0..40).for_each(|n| previews.put(n.to_string(), n));
        assert_eq!((previews.get("b"), previews.get("39")), (None, Some(&39)));
    }
}
