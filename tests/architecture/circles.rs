//! Circles in a graph: sets in which each reaches every other one.

use std::collections::{BTreeMap, BTreeSet};

pub type Edges = BTreeMap<String, BTreeSet<String>>;

/// The sets of more than one node in which each reaches every other one, the largest first.
pub fn components(edges: &Edges) -> Vec<BTreeSet<String>> {
    let reached: BTreeMap<&str, BTreeSet<&str>> =
        edges.keys().map(|from| (from.as_str(), reach(edges, from))).collect();
    let mut circles: BTreeSet<BTreeSet<String>> = BTreeSet::new();
    for (from, to) in &reached {
        let both = to.iter().filter(|to| reached.get(*to).is_some_and(|back| back.contains(from)));
        let circle: BTreeSet<String> = both.map(|node| (*node).to_owned()).collect();
        if circle.len() > 1 {
            circles.insert(circle);
        }
    }
    let mut circles: Vec<_> = circles.into_iter().collect();
    circles.sort_by_key(|circle| std::cmp::Reverse(circle.len()));
    circles
}

/// What is reachable from a node; the node itself only through others.
fn reach<'a>(edges: &'a Edges, from: &str) -> BTreeSet<&'a str> {
    let mut reached = BTreeSet::new();
    let mut open: Vec<&str> = edges.get(from).into_iter().flatten().map(String::as_str).collect();
    while let Some(node) = open.pop() {
        if reached.insert(node) {
            open.extend(edges.get(node).into_iter().flatten().map(String::as_str));
        }
    }
    reached
}

#[test]
fn a_circle_is_found_and_a_line_is_none() {
    let edges: Edges = [("a", "b"), ("b", "c"), ("c", "a"), ("c", "d"), ("d", "e")]
        .map(|(from, to)| (from.to_owned(), BTreeSet::from([to.to_owned()])))
        .into_iter()
        .fold(Edges::new(), |mut edges, (from, to)| {
            edges.entry(from).or_default().extend(to);
            edges
        });
    let circle = ["a", "b", "c"].map(str::to_owned).into();
    assert_eq!(components(&edges), [circle]);
}
