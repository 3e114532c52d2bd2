//! The rows of a list of models as they come, page by page.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use super::row::Row;
use crate::wire::{Model, ShortProject};

/// Rows with the orders that are expensive to compute. They are updated page by page, so that no key
/// press waits for a hundred thousand comparisons of texts.
#[derive(Debug, Default)]
pub(super) struct Rows {
    pub all: Vec<Row>,
    pub by_id: HashMap<Box<str>, usize>,
    pub by_project: Vec<usize>,
    pub by_name: Vec<usize>,
    pub projects: HashMap<String, Arc<ShortProject>>,
}

impl Rows {
    /// Whether the same models are listed, in whatever order.
    pub fn same_models(&self, other: &Self) -> bool {
        let same = |row: &Row| {
            other.by_id.get(row.model.id.as_str()).is_some_and(|&at| other.all[at].model == row.model)
        };
        self.all.len() == other.all.len() && self.all.iter().all(same)
    }

    pub fn add(&mut self, models: Vec<Model>) {
        let first = self.all.len();
        for model in models {
            // A list that changes while it is read page by page may give a row twice.
            if !self.by_id.contains_key(model.id.as_str()) {
                self.by_id.insert(model.id.as_str().into(), self.all.len());
                self.all.push(Row::new(model, &mut self.projects));
            }
        }
        let Self { all, by_project, by_name, .. } = self;
        let project_key = |at: &usize| (&*all[*at].search, all[*at].model.id.as_str());
        let name_key = |at: &usize| (all[*at].name_key(), &*all[*at].search, all[*at].model.id.as_str());
        merge(by_project, first..all.len(), |a, b| project_key(a).cmp(&project_key(b)));
        merge(by_name, first..all.len(), |a, b| name_key(a).cmp(&name_key(b)));
    }
}

/// Sorts `new` and merges it into `sorted`. Each position is found by binary search: a page must not
/// compare all earlier rows.
fn merge(sorted: &mut Vec<usize>, new: Range<usize>, order: impl Fn(&usize, &usize) -> Ordering) {
    let mut fresh: Vec<usize> = new.collect();
    fresh.sort_by(&order);
    let mut end = sorted.len();
    sorted.extend_from_slice(&fresh);
    // From the last one on, so that every old row moves once, behind the fresh ones before it.
    for (before, row) in fresh.iter().enumerate().rev() {
        let position = sorted[..end].partition_point(|other| order(other, row) != Ordering::Greater);
        sorted.copy_within(position..end, position + before + 1);
        sorted[position + before] = *row;
        end = position;
    }
}

/// The terms of a filter, in lower case; all must match.
pub(super) fn words(filter: &str) -> Vec<String> {
    filter.to_lowercase().split_whitespace().map(str::to_owned).collect()
}
