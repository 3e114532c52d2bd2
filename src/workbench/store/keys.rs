//! API keys and legacy keys: hashes only, found by index.

use jiff::Timestamp;
use ring::digest;
use rusqlite::{Connection, OptionalExtension, params};

use super::columns::columns;
use super::users::{self, User};
use super::{StoreError, instant, key_stamp, micros};
use crate::wire::V2KeyDetails;

/// What the store keeps of a key.
pub type KeyHash = [u8; digest::SHA256_OUTPUT_LEN];

/// The hash of a key. A fast one: a key has 512 random bits, which cannot be guessed.
pub fn hash(key: &str) -> KeyHash {
    let mut hash = KeyHash::default();
    hash.copy_from_slice(digest::digest(&digest::SHA256, key.as_bytes()).as_ref());
    hash
}

/// The owner of an API key, and its audiences.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyOwner {
    pub user: User,
    pub key_id: String,
    pub audiences: Vec<String>,
    pub expires_at: Timestamp,
}

/// The owner of a legacy key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LegacyKeyOwner {
    pub user: User,
    pub expires_at: Option<Timestamp>,
}

/// A new key, ready to be inserted.
pub struct NewKeyRow<'a> {
    pub user_id: i64,
    pub key_id: &'a str,
    pub hash: KeyHash,
    pub comments: &'a str,
    pub audiences: &'a [String],
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
}

pub fn insert(db: &Connection, key: &NewKeyRow) -> Result<(), StoreError> {
    let mut insert = db.prepare_cached(
        "INSERT INTO api_keys (user_id, key_id, hash, comments, audiences, created_at, expires_at) \
         VALUES (?, ?, ?, ?, ?, ?, ?)",
    )?;
    insert.execute(params![
        key.user_id,
        key.key_id,
        key.hash,
        key.comments,
        serde_json::to_string(key.audiences)?,
        micros(key.created_at),
        micros(key.expires_at),
    ])?;
    Ok(())
}

/// The owner of the key with this hash; one index look-up, however many keys there are.
pub fn owner_of(db: &Connection, hash: &KeyHash) -> Result<Option<KeyOwner>, StoreError> {
    let mut select = db.prepare_cached(&format!(
        "SELECT {}, k.key_id, k.audiences, k.expires_at FROM api_keys k JOIN users u ON u.id = k.user_id \
         WHERE k.hash = ?",
        users::COLUMNS
    ))?;
    let found = select
        .query_row([hash], |row| {
            let audiences: String = row.get("audiences")?;
            Ok((users::from_row(row)?, row.get("key_id")?, audiences, row.get("expires_at")?))
        })
        .optional()?;
    let Some((user, key_id, audiences, expires_at)) = found else { return Ok(None) };
    let audiences = serde_json::from_str(&audiences)?;
    Ok(Some(KeyOwner { user, key_id, audiences, expires_at: instant(expires_at) }))
}

columns! {
    list COLUMNS in at;
    key_id: "key_id",
    created_at: "created_at",
    expires_at: "expires_at",
    comments: "comments",
    audiences: "audiences",
}

/// The keys of a user, oldest first, without any secret; with `expired`, expired ones too.
pub fn of_user(
    db: &Connection,
    user_id: i64,
    expired: bool,
    now: Timestamp,
) -> Result<Vec<V2KeyDetails>, StoreError> {
    let mut select = db.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM api_keys WHERE user_id = ? AND (? OR expires_at > ?) ORDER BY id"
    ))?;
    let mut rows = select.query(params![user_id, expired, micros(now)])?;
    let mut keys = Vec::new();
    while let Some(row) = rows.next()? {
        keys.push(V2KeyDetails {
            key_id: row.get(at::key_id)?,
            created_at: key_stamp(row.get(at::created_at)?).into(),
            expiry_date: key_stamp(row.get(at::expires_at)?).into(),
            comments: row.get(at::comments)?,
            audiences: serde_json::from_str(&row.get::<_, String>(at::audiences)?)?,
        });
    }
    Ok(keys)
}

/// Whether there was such a key.
pub fn delete(db: &Connection, user_id: i64, key_id: &str) -> Result<bool, StoreError> {
    let mut delete = db.prepare_cached("DELETE FROM api_keys WHERE user_id = ? AND key_id = ?")?;
    Ok(delete.execute(params![user_id, key_id])? > 0)
}

/// How many keys there were.
pub fn delete_all(db: &Connection, user_id: i64) -> Result<usize, StoreError> {
    Ok(db.prepare_cached("DELETE FROM api_keys WHERE user_id = ?")?.execute([user_id])?)
}

/// Sets a user's legacy key; the previous one stops working at once.
pub fn set_legacy(
    db: &Connection,
    user_id: i64,
    hash: &KeyHash,
    comments: &str,
    now: Timestamp,
    expires_at: Option<Timestamp>,
) -> Result<(), StoreError> {
    let mut replace = db.prepare_cached(
        "INSERT OR REPLACE INTO legacy_keys (user_id, hash, comments, created_at, expires_at) \
         VALUES (?, ?, ?, ?, ?)",
    )?;
    replace.execute(params![user_id, hash, comments, micros(now), expires_at.map(micros)])?;
    Ok(())
}

pub fn legacy_owner_of(db: &Connection, hash: &KeyHash) -> Result<Option<LegacyKeyOwner>, StoreError> {
    let mut select = db.prepare_cached(&format!(
        "SELECT {}, l.expires_at FROM legacy_keys l JOIN users u ON u.id = l.user_id WHERE l.hash = ?",
        users::COLUMNS
    ))?;
    let found = select
        .query_row([hash], |row| {
            let expires_at = row.get::<_, Option<i64>>("expires_at")?.map(instant);
            Ok(LegacyKeyOwner { user: users::from_row(row)?, expires_at })
        })
        .optional()?;
    Ok(found)
}
