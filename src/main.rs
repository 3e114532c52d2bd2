//! Parse, dispatch, exit code: nothing else.

use std::process::ExitCode;

use keybench::{cli, tui};

fn main() -> ExitCode {
    cli::main(async |start| tui::open(start).await.map_err(|error| error.to_string()))
}
