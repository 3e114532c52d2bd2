//! # keybench
//!
//! A terminal interface for the API keys and models of a Cloudera AI Workbench, a set of headless
//! commands over the same library, and an embedded workbench that speaks the same wire.
//!
//! ## Where things are
//!
//! | module | contents | may use |
//! |---|---|---|
//! | [`secret`] | the key types: redacted in debug output, wiped on drop, masked in what comes from outside | nothing else |
//! | [`text`] | cleaning, widths and short forms for terminals; JSON as text | nothing else |
//! | [`decode`] | text from bytes: byte order marks, UTF-16 and Latin-1 named for what they are | nothing else |
//! | [`waiting`] | waits that may never end, until a signal ends them | nothing else |
//! | [`disk`] | work that waits for a disk, and when it is over | nothing else |
//! | [`bounded`] | reading files that may be endless | `decode`, `waiting` |
//! | [`limits`] | what this machine lets the process have, for errors | nothing else |
//! | [`wire`] | the messages of API v2 and of the model service | `secret` |
//! | [`expiry`] | what the expiration policy means: limits, typed dates, the status of a key | `wire` |
//! | [`api`] | the client: transport, errors, paging, one file a resource | `wire`, `secret`, `text`, `bounded`, `limits` |
//! | [`config`] | profiles, credentials, discovery from the environment | `api`, `expiry`, `wire`, `secret`, `text`, `decode`, `bounded`, `waiting` |
//! | [`probe`] | the model test engine: one call, runs, statistics, export | `api`, `secret`, `text`, `bounded`, `limits` |
//! | [`diagnosis`] | why a model call failed, and what mends it | `api`, `probe`, `expiry`, `wire`, `secret`, `text` |
//! | [`workbench`] | the embedded workbench: an HTTP server, a SQLite store, model replicas | `expiry`, `wire`, `secret`, `text`, `bounded` |
//! | [`actions`] | what a person can do, each thing once; prints nothing and knows no screen | all above |
//! | [`cli`] | the headless commands: arguments and printing, a call into `actions` between them | everything but `tui` |
//! | [`tui`] | the interface: state, messages, effects, screens, widgets | everything |
//!
//! ## How sure a wire fact is
//!
//! Comments mark where a fact about the real product comes from: SPEC (its Swagger file, 26.06.13),
//! DOCS (a page of its documentation), OBSERVED (seen on a real instance, or in public code that
//! works against one), CLAIMED (a third party's text), INFERRED (reasoned; the client must not depend on
//! it).
//!
//! ## How a key press becomes a picture
//!
//! One loop owns the state. A key, an answer or a signal becomes a message; `update` gives it to the
//! layer it is for (a tab, a dialog, a question), which changes its own state, does no I/O and returns
//! effects; effects run on tokio and come back as messages; `view` only reads. So every behaviour can
//! be tested without a terminal and without a network, and nothing below `tui` knows that there is a
//! screen. `docs/architecture.md` follows a key press, a request and a model call through the files.

pub mod actions;
pub mod api;
pub mod bounded;
pub mod cli;
pub mod config;
pub mod decode;
pub mod diagnosis;
pub mod disk;
pub mod expiry;
pub mod limits;
pub mod probe;
pub mod secret;
pub mod text;
pub mod tui;
pub mod waiting;
pub mod wire;
pub mod workbench;
