//! Changes one setting of the interface in `config.toml`. A person wrote that file: whatever else is in
//! it stays as it is, with its comments and its order.

use std::fs;
use std::io;
use std::path::Path;

use toml_edit::{DocumentMut, Item, Value};

use super::replace::{Replacement, folder_of};
use super::versioned::{VERSION, malformed};
use super::{Error, Store, private_file};

/// A setting that the interface can change: its name under `[ui]`, and its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Setting {
    Theme(&'static str),
    Mouse(bool),
}

impl Setting {
    pub fn name(self) -> &'static str {
        match self {
            Self::Theme(_) => "theme",
            Self::Mouse(_) => "mouse",
        }
    }

    fn value(self) -> Value {
        match self {
            Self::Theme(name) => name.into(),
            Self::Mouse(on) => on.into(),
        }
    }
}

/// Where there is no file yet.
fn empty() -> String {
    format!("version = {VERSION}\n")
}

/// Writes the setting into `file`.
///
/// # Errors
/// The file cannot be read, understood or written, or is read-only: then it is as it was.
pub fn store(file: &Path, setting: Setting) -> Result<(), Error> {
    let failed = |error: io::Error| Error::Write { file: file.to_owned(), error };
    private_file::make_folder(folder_of(file)).map_err(failed)?;
    let _alone = Store::at(folder_of(file)).lock()?;
    let found = private_file::read_to_string(file);
    let found = found.map_err(|error| Error::Read { file: file.to_owned(), error })?;
    // The folder would let it be replaced, but it is read-only on purpose.
    if fs::metadata(file).is_ok_and(|found| found.permissions().readonly()) {
        return Err(failed(io::Error::new(io::ErrorKind::PermissionDenied, "it is read-only")));
    }
    let text = found.unwrap_or_else(empty);
    let changed = changed(file, &text, setting)?;
    if changed == text {
        return Ok(());
    }
    Replacement::of(file).following_links().write(changed.as_bytes()).map_err(failed)
}

/// `text` with the setting in it.
fn changed(file: &Path, text: &str, setting: Setting) -> Result<String, Error> {
    let table: toml::Table = toml::from_str(text).map_err(|error| malformed(file, text, &error))?;
    let version = table.get("version").and_then(toml::Value::as_integer);
    if let Some(newer) = version.and_then(|version| u32::try_from(version).ok()).filter(|it| *it > VERSION) {
        return Err(Error::Newer { file: file.to_owned(), found: newer, known: VERSION });
    }
    let unusable = |why: String| Error::Write { file: file.to_owned(), error: io::Error::other(why) };
    let mut document: DocumentMut =
        text.parse().map_err(|error: toml_edit::TomlError| unusable(error.message().to_owned()))?;
    let ui = document.entry("ui").or_insert_with(toml_edit::table);
    let ui = ui.as_table_like_mut().ok_or_else(|| unusable("`ui` in it is no table".to_owned()))?;
    match ui.get_mut(setting.name()).and_then(Item::as_value_mut) {
        Some(value) => {
            // A comment behind the value belongs to it.
            let around = value.decor().clone();
            *value = setting.value();
            *value.decor_mut() = around;
        }
        None => {
            ui.insert(setting.name(), Item::Value(setting.value()));
        }
    }
    Ok(document.to_string())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    const WRITTEN: &str = "# mine\nversion = 1\n\n[ui]\nsoon_days = 30 # a month\n# theme = \"paper\"\ntheme = 'mono'   # at night\n\n[ui.keys]\n\"keys.new\" = \"n\"\n";

    #[test]
    fn only_the_line_of_the_setting_changes() {
        let changed = |text: &str, setting| changed(Path::new("config.toml"), text, setting).unwrap();
        assert_eq!(changed(WRITTEN, Setting::Theme("dusk")), WRITTEN.replace("'mono'", "\"dusk\""));
        let with_mouse = WRITTEN.replace("# at night\n", "# at night\nmouse = true\n");
        assert_eq!(changed(WRITTEN, Setting::Mouse(true)), with_mouse);
        assert_eq!(changed("[ui.keys]\n", Setting::Mouse(true)), "[ui]\nmouse = true\n[ui.keys]\n");
        assert_eq!(
            changed("ui = { theme = \"mono\" }\n", Setting::Theme("dusk")),
            "ui = { theme = \"dusk\" }\n"
        );
        assert_eq!(changed(&empty(), Setting::Theme("dusk")), "version = 1\n\n[ui]\ntheme = \"dusk\"\n");
    }

    #[test]
    fn it_is_written_through_a_link_and_not_where_it_must_not_be() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("new/config.toml");
        store(&file, Setting::Theme("dusk")).unwrap();
        let read = || fs::read_to_string(&file).unwrap();
        assert_eq!(read(), "version = 1\n\n[ui]\ntheme = \"dusk\"\n");
        let kept = folder.path().join("dotfiles.toml");
        fs::rename(&file, &kept).unwrap();
        std::os::unix::fs::symlink(&kept, &file).unwrap();
        store(&file, Setting::Mouse(true)).unwrap();
        assert!(fs::symlink_metadata(&file).unwrap().is_symlink() && read().contains("mouse = true"));
        fs::set_permissions(&kept, fs::Permissions::from_mode(0o444)).unwrap();
        let error = store(&file, Setting::Mouse(false)).unwrap_err().to_string();
        assert!(error.ends_with("config.toml cannot be written: it is read-only"), "{error}");
        fs::set_permissions(&kept, fs::Permissions::from_mode(0o600)).unwrap();
        for bad in ["[ui", "version = 9\n", "ui = 3\n"] {
            fs::write(&kept, bad).unwrap();
            assert!(store(&file, Setting::Mouse(false)).is_err() && read() == bad, "{bad}");
        }
    }
}
