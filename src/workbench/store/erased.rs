//! Work on the store without its types, so that one kind of task does it all: a task for each of a
//! hundred kinds of work would make the program a fiftieth larger.

use std::any::Any;

use rusqlite::Transaction;

use super::StoreError;

type Value = Box<dyn Any + Send>;

/// What the work came to, or why not.
pub type Outcome = Result<Value, Value>;

pub type Work = Box<dyn FnOnce(&Transaction) -> Outcome + Send>;

/// The work without its types.
pub fn erased<T, E, F>(work: F) -> Work
where
    F: FnOnce(&Transaction) -> Result<T, E> + Send + 'static,
    T: Send + 'static,
    E: Send + 'static,
{
    Box::new(move |transaction| match work(transaction) {
        Ok(value) => Ok(Box::new(value)),
        Err(error) => Err(Box::new(error)),
    })
}

/// Its outcome with the types of the work.
pub fn typed<T, E>(done: Result<Outcome, StoreError>) -> Result<T, E>
where
    T: 'static,
    E: From<StoreError> + 'static,
{
    // Both are what `erased` put there.
    let lost = || StoreError::CutOff.into();
    match done? {
        Ok(value) => value.downcast().map(|value| *value).map_err(|_| lost()),
        Err(error) => Err(error.downcast().map_or_else(|_| lost(), |error| *error)),
    }
}
