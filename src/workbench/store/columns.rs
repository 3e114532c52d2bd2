//! Columns of a row by name: the list of a SELECT and the index of each column are written once.

/// `columns! { list LIST in at; id: "b.id", name: "b.name" }` makes the constant `LIST`, which
/// a SELECT takes, and the module `at`, whose constants [`rusqlite::Row::get`] takes: `at::name`.
macro_rules! columns {
    ($visibility:vis list $list:ident in $module:ident; $($name:ident: $sql:literal),+ $(,)?) => {
        $visibility const $list: &str = $crate::workbench::store::columns::comma_separated!($($sql),+);

        #[allow(non_upper_case_globals)]
        mod $module {
            #[allow(non_camel_case_types)]
            enum Order { $($name),+ }
            $(pub const $name: usize = Order::$name as usize;)+
        }
    };
}

macro_rules! comma_separated {
    ($first:literal $(, $rest:literal)*) => { concat!($first $(, ", ", $rest)*) };
}

pub(super) use {columns, comma_separated};
