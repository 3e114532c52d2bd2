//! Users.

use jiff::Timestamp;
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::columns::columns;
use super::listing::{Listing, Scope};
use super::{StoreError, micros};
use crate::wire::ShortUser;

/// A user, with what no answer of API v2 shows: whether they are a site administrator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    pub id: i64,
    pub username: String,
    pub name: String,
    pub email: String,
    pub admin: bool,
    pub banned: bool,
    pub deactivated: bool,
}

impl User {
    pub fn short(&self) -> ShortUser {
        ShortUser { username: self.username.clone(), name: self.name.clone(), email: self.email.clone() }
    }
}

columns! {
    pub(super) list COLUMNS in at;
    id: "u.id",
    username: "u.username",
    name: "u.name",
    email: "u.email",
    admin: "u.admin",
    banned: "u.banned",
    deactivated: "u.deactivated",
}

pub fn from_row(row: &Row) -> rusqlite::Result<User> {
    Ok(User {
        id: row.get(at::id)?,
        username: row.get(at::username)?,
        name: row.get(at::name)?,
        email: row.get(at::email)?,
        admin: row.get(at::admin)?,
        banned: row.get(at::banned)?,
        deactivated: row.get(at::deactivated)?,
    })
}

/// Adds a user and returns their ID.
pub fn insert(
    db: &Connection,
    username: &str,
    name: &str,
    admin: bool,
    now: Timestamp,
) -> Result<i64, StoreError> {
    let mut insert = db.prepare_cached(
        "INSERT INTO users (username, name, email, admin, created_at) VALUES (?, ?, ?, ?, ?)",
    )?;
    let email = format!("{username}@keybench.example");
    Ok(insert.insert(params![username, name, email, admin, micros(now)])?)
}

/// Whether a user may use the workbench.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Account {
    Open,
    Deactivated,
    Banned,
}

/// Enables or disables the account of a user.
pub fn set_account(db: &Connection, id: i64, account: Account) -> Result<(), StoreError> {
    let mut update = db.prepare_cached("UPDATE users SET deactivated = ?, banned = ? WHERE id = ?")?;
    update.execute(params![account == Account::Deactivated, account == Account::Banned, id])?;
    Ok(())
}

pub fn by_username(db: &Connection, username: &str) -> Result<Option<User>, StoreError> {
    let mut select = db.prepare_cached(&format!("SELECT {COLUMNS} FROM users u WHERE u.username = ?"))?;
    Ok(select.query_row([username], from_row).optional()?)
}

/// The user with this name, or else the first whose name differs only in case.
pub fn by_name_in_any_case(db: &Connection, username: &str) -> Result<Option<User>, StoreError> {
    if let Some(user) = by_username(db, username)? {
        return Ok(Some(user));
    }
    let mut select = db.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM users u WHERE u.username = ? COLLATE NOCASE ORDER BY u.id LIMIT 1"
    ))?;
    Ok(select.query_row([username], from_row).optional()?)
}

pub fn by_id(db: &Connection, id: i64) -> Result<Option<User>, StoreError> {
    let mut select = db.prepare_cached(&format!("SELECT {COLUMNS} FROM users u WHERE u.id = ?"))?;
    Ok(select.query_row([id], from_row).optional()?)
}

/// All users, in the order in which they were added.
pub fn all(db: &Connection) -> Result<Vec<User>, StoreError> {
    let mut select = db.prepare_cached(&format!("SELECT {COLUMNS} FROM users u ORDER BY u.id"))?;
    Ok(select.query_map([], from_row)?.collect::<Result<_, _>>()?)
}

/// ListUsersQuota, with the keys that its specification names.
pub const LISTING: Listing = Listing {
    columns: COLUMNS,
    from: "users u",
    id: "u.id",
    filters: &[
        ("banned", "CASE u.banned WHEN 1 THEN 'true' ELSE 'false' END"),
        ("deactivated", "CASE u.deactivated WHEN 1 THEN 'true' ELSE 'false' END"),
    ],
    sorts: &[("username", "u.username")],
};

/// The users whom `viewer` may see: all for a site administrator, only themselves for others
/// (SPEC).
pub fn scope(viewer: &User) -> Scope {
    if viewer.admin { Scope::new("1", []) } else { Scope::new("u.id = ?", [Value::Integer(viewer.id)]) }
}
