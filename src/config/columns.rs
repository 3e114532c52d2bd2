//! `columns.json`: which columns the lists of the interface show, and in which order.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::replace::{Replacement, folder_of};
use super::{Error, Store, json, private_file};

/// The version that this program writes.
const VERSION: u32 = 1;

/// Name of a list → names of its columns. A list that is not in it shows all.
pub type Columns = BTreeMap<String, Vec<String>>;

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Contents {
    version: u32,
    lists: Columns,
}

/// The columns of all lists; empty if there is no file.
///
/// # Errors
/// What is wrong with the file.
pub fn load(file: &Path) -> Result<Columns, Error> {
    Ok(read(file)?.lists)
}

/// Notes the columns of one list; none for all of them.
///
/// # Errors
/// The file cannot be read or written. An unreadable one is left alone.
pub fn store(file: &Path, list: &str, columns: Vec<String>) -> Result<(), Error> {
    let failed = |error: io::Error| Error::Write { file: file.to_owned(), error };
    private_file::make_folder(folder_of(file)).map_err(failed)?;
    let _alone = Store::at(folder_of(file)).lock()?;
    let mut contents = read(file)?;
    match columns.is_empty() {
        true => contents.lists.remove(list),
        false => contents.lists.insert(list.to_owned(), columns),
    };
    contents.version = VERSION;
    let text = serde_json::to_vec_pretty(&contents).map_err(|error| failed(error.into()))?;
    Replacement::of(file).following_links().write(&text).map_err(failed)
}

fn read(file: &Path) -> Result<Contents, Error> {
    Ok(json::read(file, VERSION, "the columns of lists")?.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_list_keeps_its_own_and_an_unreadable_file_stays() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("keybench/columns.json");
        assert!(load(&file).unwrap().is_empty());
        store(&file, "keys", vec!["comment".into(), "left".into()]).unwrap();
        store(&file, "users", vec!["user".into()]).unwrap();
        store(&file, "users", Vec::new()).unwrap();
        let lists = load(&file).unwrap();
        assert_eq!(
            lists.into_iter().collect::<Vec<_>>(),
            [("keys".into(), vec!["comment".into(), "left".into()])]
        );
        std::fs::write(&file, "[").unwrap();
        assert!(load(&file).is_err() && store(&file, "keys", Vec::new()).is_err());
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "[");
    }
}
