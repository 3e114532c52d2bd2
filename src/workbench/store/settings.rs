//! Site settings: a flat object of names and JSON values.

use rusqlite::{Connection, params};
use serde_json::{Map, Value};

use super::StoreError;

pub fn all(db: &Connection) -> Result<Map<String, Value>, StoreError> {
    let mut select = db.prepare_cached("SELECT name, value FROM site_settings ORDER BY name")?;
    let mut rows = select.query([])?;
    let mut settings = Map::new();
    while let Some(row) = rows.next()? {
        let text: String = row.get("value")?;
        settings.insert(row.get("name")?, serde_json::from_str(&text)?);
    }
    Ok(settings)
}

pub fn set(db: &Connection, name: &str, value: &Value) -> Result<(), StoreError> {
    let mut insert = db.prepare_cached("INSERT OR REPLACE INTO site_settings (name, value) VALUES (?, ?)")?;
    insert.execute(params![name, value.to_string()])?;
    Ok(())
}
