//! The dialog that builds a model anew.

use super::dialog::{Dialog, Subject};
use super::form::Form;
use crate::actions::models::BuildWish;
use crate::text;
use crate::tui::call::BuildCall;
use crate::tui::overlays::Question;
use crate::wire::{Model, ModelBuild};

/// Fields, by index.
const FILE: usize = 0;
const FUNCTION: usize = 1;
const RUNTIME: usize = 2;
const COMMENT: usize = 3;

/// The build that is about to be begun.
#[derive(Debug)]
pub struct Anew {
    /// `project/name`
    path: String,
    model: Model,
    /// What runs where no runtime is named.
    kernel: String,
    /// The newest build has no file: a function of the embedded workbench.
    without_file: bool,
    wish: BuildWish,
}

impl Anew {
    /// The dialog, with what the newest build has.
    pub fn dialog(path: String, model: Model, newest: Option<&ModelBuild>) -> Dialog<Self> {
        let ModelBuild { file_path, function_name, runtime_identifier, kernel, .. } =
            newest.cloned().unwrap_or_default();
        let without_file = newest.is_some() && file_path.is_empty();
        let fields = [
            ("file", file_path, ""),
            ("function", function_name, ""),
            ("runtime", runtime_identifier, ""),
            ("comment", String::new(), ""),
        ];
        // The rest is there already.
        Dialog::new(
            Self { path, model, kernel, without_file, wish: BuildWish::default() },
            Form::new(fields, 400).focused(3),
        )
    }
}

impl Subject for Anew {
    const NAME: &'static str = "build";
    const SUBMIT: [&'static str; 2] = ["build", "builds"];
    const SIZE: (u16, u16) = (60, 12);

    fn title(&self) -> String {
        format!("Build {} anew", self.path)
    }

    fn notes(&self, form: &Form) -> Vec<(String, bool)> {
        let mut notes = Vec::new();
        if self.without_file && form.text(FILE).is_empty() {
            notes.push(("The file may stay empty, as in the newest build.".to_owned(), false));
        }
        if form.text(RUNTIME).is_empty() && !self.kernel.is_empty() {
            let kernel = text::clean(&self.kernel);
            notes.push((format!("Without a runtime it runs on the kernel {kernel}."), false));
        }
        let what = "Copies the project's files as they are now. Nothing is deployed.";
        notes.push((what.to_owned(), false));
        notes
    }

    fn read(&mut self, form: &mut Form) -> Result<(), ()> {
        if form.text(FUNCTION).is_empty() {
            form.problem = Some("function: type the name of the function that answers calls".to_owned());
            return Err(());
        }
        let text = |at| Some(form.text(at).to_owned());
        self.wish = BuildWish {
            file: text(FILE),
            function: text(FUNCTION),
            runtime: text(RUNTIME),
            comment: text(COMMENT),
        };
        Ok(())
    }

    fn question(&self) -> Option<Question> {
        None
    }

    fn what(&self) -> String {
        format!("building {}", self.path)
    }

    fn call(&self) -> BuildCall {
        BuildCall::Begin { model: Box::new(self.model.clone()), wish: self.wish.clone() }
    }
}
