//! The headless commands, and the definition of the command line.
