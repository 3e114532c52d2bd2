//! Parse, dispatch, exit code: nothing else.

use std::process::ExitCode;

use keybench::workbench::python::confined;
use keybench::{cli, tui};

fn main() -> ExitCode {
    if let Some(ended) = confined::stage().or_else(cli::serve_names) {
        return ended;
    }
    cli::main(tui::open)
}
