//! One listed build and its deployment.

use jiff::Timestamp;

use crate::actions::models::{Built, runtime};
use crate::text;
use crate::tui::list::{self, Column, Key, Width};
use crate::wire::{ModelBuild, time};

/// A build with what its columns show.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    pub built: Built,
    created_at: Option<Timestamp>,
    /// `2026-11-23 09:14`
    pub created: String,
    /// `predict.py:predict`
    pub function: String,
}

impl Row {
    pub fn new(built: Built) -> Self {
        let created_at = time::parse(&built.build.created_at);
        let created = when(&built.build.created_at);
        let function = function(&built.build);
        Self { built, created_at, created, function }
    }

    /// The status of its deployment; empty without one.
    pub fn deployment(&self) -> &str {
        self.built.deployment.as_ref().map_or("", |deployment| &deployment.status)
    }

    /// What stands in one line of its comment.
    pub fn comment(&self) -> &str {
        self.built.build.comment.lines().next().unwrap_or_default()
    }
}

/// A time on the wire to the minute, or the text as it came.
pub fn when(at: &str) -> String {
    time::parse(at)
        .map_or_else(|| text::clean(at).into_owned(), |time| time.strftime("%Y-%m-%d %H:%M").to_string())
}

/// What answers calls: a built-in function of the embedded workbench has no file.
pub fn function(build: &ModelBuild) -> String {
    match (build.file_path.as_str(), build.function_name.as_str()) {
        ("", function) => function.to_owned(),
        (file, function) => format!("{file}:{function}"),
    }
}

/// Columns, by index.
const STATUS: usize = 0;
const DEPLOYMENT: usize = 1;
const CREATED: usize = 2;
const FUNCTION: usize = 3;
const COMMENT: usize = 4;
const RUNTIME: usize = 5;
const BUILD: usize = 6;

impl list::Row for Row {
    const NAME: &'static str = "builds";
    const COLUMNS: &'static [Column] = &[
        Column::new("STATUS", Width::Fixed(14)),
        Column::new("DEPLOYMENT", Width::Fixed(11)),
        Column::new("CREATED", Width::Fixed(16)).optional(1),
        Column::new("FUNCTION", Width::Fill(12)).ends().optional(2),
        Column::new("COMMENT", Width::Fill(18)).ends(),
        Column::new("RUNTIME", Width::Fixed(20)).ends().optional(4),
        Column::new("BUILD", Width::Fixed(9)).optional(3),
    ];

    fn id(&self) -> &str {
        &self.built.build.id
    }

    fn texts(&self, add: &mut dyn FnMut(usize, &str)) {
        let build = &self.built.build;
        add(STATUS, &build.status);
        add(DEPLOYMENT, self.deployment());
        add(CREATED, &self.created);
        add(FUNCTION, &self.function);
        add(COMMENT, self.comment());
        add(RUNTIME, runtime(build));
        add(BUILD, &build.id);
    }

    fn filling(&self, column: usize) -> &str {
        match column {
            FUNCTION => &self.function,
            COMMENT => self.comment(),
            _ => "",
        }
    }

    fn key(&self, column: usize) -> Key<'_> {
        let build = &self.built.build;
        match column {
            STATUS => build.status.as_str().into(),
            DEPLOYMENT => self.deployment().into(),
            CREATED => self.created_at.map_or(Key::None, |at| Key::Number(at.as_microsecond())),
            FUNCTION => self.function.as_str().into(),
            COMMENT => self.comment().into(),
            RUNTIME => runtime(build).into(),
            _ => build.id.as_str().into(),
        }
    }
}
