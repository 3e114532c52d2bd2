//! Where this machine gives too little, the interface says what, and how much there is of it.

use std::time::Duration;

use super::terminal::Terminal;

/// Whatever it is that cannot be had: the threads, the reader of the terminal, the workbench.
#[test]
fn too_few_file_descriptors_are_named_with_their_limit() {
    for limit in [8, 9, 11, 12, 16, 20, 24, 27, 36] {
        let mut command = portable_pty::CommandBuilder::new("/bin/sh");
        let binary = env!("CARGO_BIN_EXE_keybench");
        command.args(["-c", &format!("ulimit -n {limit}; exec {binary} demo")]);
        let mut terminal = Terminal::spawn(command, &[]);
        // The sentence may go on in the next line of the notice.
        let seen = terminal.wait_until_ended_or("raises it");
        assert!(seen.contains(&format!("{limit}; `ulimit -n`")), "{limit}: {seen}");
        terminal.send("q");
        terminal.ended(Duration::from_secs(60)).expect("it ends");
        terminal.assert_restored();
    }
}
