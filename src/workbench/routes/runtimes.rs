//! The runtimes that builds may name.

use axum::extract::State;
use rusqlite::Row;
use rusqlite::types::Value;

use super::lists::list;
use crate::wire::{ListRuntimesResponse, Runtime, Whole};
use crate::workbench::Workbench;
use crate::workbench::http::answer::Answer;
use crate::workbench::http::query::Params;
use crate::workbench::http::refusal::Refusal;
use crate::workbench::kernels::{EDITOR, ENABLED, RUNTIMES};
use crate::workbench::python;
use crate::workbench::store::listing::{Listing, Scope};

/// ListRuntimes, with the keys that its specification names. The rows come with the query, so that
/// filter, sort and paging are those of every list.
const LISTING: Listing = Listing {
    columns: "r.value ->> 0, r.value ->> 1, r.value ->> 2, r.value ->> 3, r.value ->> 4, r.value ->> 5",
    from: "json_each(?1) r",
    id: "r.id",
    filters: KEYS,
    sorts: KEYS,
};

const KEYS: &[(&str, &str)] = &[
    ("image_identifier", "r.value ->> 0"),
    ("editor", "r.value ->> 1"),
    ("kernel", "r.value ->> 2"),
    ("edition", "r.value ->> 3"),
    ("description", "r.value ->> 4"),
    ("full_version", "r.value ->> 5"),
];

pub async fn list_all(
    State(workbench): State<Workbench>,
    params: Params,
) -> Result<Answer<ListRuntimesResponse>, Refusal> {
    let machine = &workbench.lifecycle().replicas().settings().python;
    let version = machine.version().await;
    // What cannot be built with is not offered.
    let offered = RUNTIMES.iter().filter(|it| it.kernel_name != python::KERNEL || machine.is_there());
    let rows = offered.map(|it| {
        let kernel = version.filter(|_| it.kernel_name == python::KERNEL).unwrap_or(it.kernel);
        [it.image_identifier, EDITOR, kernel, it.edition, it.description, env!("CARGO_PKG_VERSION")]
    });
    let rows: Vec<_> = rows.collect();
    let scope = Scope::new("1", [Value::Text(serde_json::json!(rows).to_string())]);
    let page = list(&workbench, &params, &LISTING, scope, "runtimes", from_row).await?;
    Ok(page.answer(|runtimes, next_page_token| ListRuntimesResponse { runtimes, next_page_token }))
}

fn from_row(row: &Row) -> rusqlite::Result<Runtime> {
    Ok(Runtime {
        image_identifier: row.get(0)?,
        editor: row.get(1)?,
        kernel: row.get(2)?,
        edition: row.get(3)?,
        description: row.get(4)?,
        full_version: row.get(5)?,
        status: ENABLED.to_owned(),
        register_user_id: Whole(0),
    })
}
