//! How far the rows of a file are, on standard error.

use std::io::{IsTerminal as _, Write as _};

use crate::actions::{Event, Progress};
use crate::cli::context::Context;
use crate::text;

/// Progress where a person looks on.
pub struct Live<'a> {
    context: &'a Context,
    shows: bool,
}

impl<'a> Live<'a> {
    pub fn new(context: &'a Context) -> Self {
        let shows = !context.out.quiet && !context.out.json && std::io::stderr().is_terminal();
        Self { context, shows }
    }

    /// The line of progress makes room; nothing helps if it cannot.
    pub fn clear(&self) {
        if self.shows {
            let _ = write!(std::io::stderr(), "\r\x1b[K");
        }
    }
}

impl Progress for Live<'_> {
    fn on(&self, event: Event<'_>) {
        let (done, of, may_have_run_twice) = match event {
            Event::Scoring { done, of, may_have_run_twice } => (done, of, may_have_run_twice),
            Event::Checking { done, of, .. } => (done, of, 0),
            _ => return,
        };
        if may_have_run_twice > 0 {
            let twice = usize::try_from(may_have_run_twice).unwrap_or(usize::MAX);
            let twice = text::count(twice, "row", "rows");
            let what = format!(
                "{done} of {of} rows are recorded; at most {twice} may run twice, because they were in flight when the last run ended"
            );
            self.context.out.note(&what);
        }
        if self.shows {
            let share = done as f64 / of.max(1) as f64 * 100.0;
            let _ = write!(std::io::stderr(), "\r{share:3.0} % · {done} of {of} rows\x1b[K");
        }
    }
}
