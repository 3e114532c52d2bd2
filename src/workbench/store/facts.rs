//! The identity of this workbench: its tenant, its workspace, the secret of its page tokens.

use rusqlite::{Connection, OptionalExtension, params};

use super::StoreError;

/// The cloud and region in every CRN seen (OBSERVED).
const CRN_PREFIX: &str = "crn:cdp:ml:us-west-1";

pub const TENANT: &str = "tenant";
pub const WORKSPACE: &str = "workspace";
pub const TOKEN_SECRET: &str = "token-secret";
/// The source of the seeded keys.
pub const CREDENTIALS: &str = "credentials";
/// Written last at seeding: a store without it is empty.
pub const SEED: &str = "seed";

pub fn get(db: &Connection, name: &str) -> Result<Option<String>, StoreError> {
    let mut select = db.prepare_cached("SELECT value FROM facts WHERE name = ?")?;
    Ok(select.query_row([name], |row| row.get(0)).optional()?)
}

pub fn set(db: &Connection, name: &str, value: &str) -> Result<(), StoreError> {
    let mut insert = db.prepare_cached("INSERT OR REPLACE INTO facts (name, value) VALUES (?, ?)")?;
    insert.execute(params![name, value])?;
    Ok(())
}

/// The CRN of a model, build or deployment: `<workspace CRN>/<UUID>` (SPEC; the form of the
/// workspace's is OBSERVED).
pub fn crn(db: &Connection, uuid: &str) -> Result<String, StoreError> {
    let tenant = get(db, TENANT)?.unwrap_or_default();
    let workspace = get(db, WORKSPACE)?.unwrap_or_default();
    Ok(format!("{CRN_PREFIX}:{tenant}:workspace:{workspace}/{uuid}"))
}
