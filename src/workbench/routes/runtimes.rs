//! The runtimes that builds may name, and their addons.

use axum::extract::State;
use rusqlite::Row;
use rusqlite::types::Value;
use serde::Serialize;

use super::lists::{Page, list};
use crate::wire::{ListRuntimeAddonsResponse, ListRuntimesResponse, Runtime, RuntimeAddon};
use crate::workbench::Workbench;
use crate::workbench::http::answer::Answer;
use crate::workbench::http::query::Params;
use crate::workbench::http::refusal::Refusal;
use crate::workbench::kernels::{ADDONS, RUNTIMES};
use crate::workbench::store::listing::{Listing, Scope};

/// ListRuntimes, with the keys that its specification names. The rows come from an SQL query, so
/// that filter, sort and paging are those of every list.
const LISTING: Listing = Listing { filters: KEYS, sorts: KEYS, ..CATALOGUE };

const KEYS: &[(&str, &str)] = &[
    ("image_identifier", "r.value ->> 'image_identifier'"),
    ("editor", "r.value ->> 'editor'"),
    ("kernel", "r.value ->> 'kernel'"),
    ("edition", "r.value ->> 'edition'"),
    ("description", "r.value ->> 'description'"),
    ("full_version", "r.value ->> 'full_version'"),
];

/// ListRuntimeAddons: its specification names keys to filter by, but none to sort by.
const ADDON_LISTING: Listing = Listing {
    filters: &[
        ("identifier", "r.value ->> 'identifier'"),
        ("component", "r.value ->> 'component'"),
        ("display_name", "r.value ->> 'display_name'"),
        ("status", "r.value ->> 'status'"),
    ],
    ..CATALOGUE
};

const CATALOGUE: Listing =
    Listing { columns: "r.value", from: "json_each(?1) r", id: "r.id", filters: &[], sorts: &[] };

pub async fn list_all(
    State(workbench): State<Workbench>,
    params: Params,
) -> Result<Answer<ListRuntimesResponse>, Refusal> {
    let page: Page<Runtime> = pick(&workbench, &params, &LISTING, &RUNTIMES, "runtimes").await?;
    Ok(page.answer(|runtimes, next_page_token| ListRuntimesResponse { runtimes, next_page_token }))
}

pub async fn list_addons(
    State(workbench): State<Workbench>,
    params: Params,
) -> Result<Answer<ListRuntimeAddonsResponse>, Refusal> {
    let page: Page<RuntimeAddon> =
        pick(&workbench, &params, &ADDON_LISTING, &ADDONS, "runtime addons").await?;
    Ok(page.answer(|runtime_addons, next_page_token| ListRuntimeAddonsResponse {
        runtime_addons,
        next_page_token,
    }))
}

async fn pick<T>(
    workbench: &Workbench,
    params: &Params,
    listing: &'static Listing,
    catalogue: &[T],
    name: &str,
) -> Result<Page<T>, Refusal>
where
    T: Serialize + serde::de::DeserializeOwned + Send + 'static,
{
    let rows = serde_json::to_string(catalogue).unwrap_or_default();
    let scope = Scope::new("1", [Value::Text(rows)]);
    list(workbench, params, listing, scope, name, from_row).await
}

fn from_row<T: serde::de::DeserializeOwned>(row: &Row) -> rusqlite::Result<T> {
    let json: String = row.get(0)?;
    serde_json::from_str(&json).map_err(|error| {
        rusqlite::Error::FromSqlConversionFailure(0, rusqlite::types::Type::Text, error.into())
    })
}
