//! The signals that mean something to the interface.

use std::io;

use futures_util::FutureExt as _;
use rustix::process::Signal as Number;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::cli::Interrupts;

/// Those signals, kept from the moment that this exists.
pub struct Signals {
    ending: Interrupts,
    stop: Signal,
    proceed: Signal,
    window: Signal,
}

/// What a signal asks for.
pub enum Caught {
    /// The end, without a question.
    Terminate,
    /// Ctrl-Z from outside.
    Stop,
    /// The process was continued, by whomever it was stopped.
    Continue,
    /// The window has another size.
    Resize,
}

impl Signals {
    pub fn listen() -> io::Result<Self> {
        let by_number = |number: Number| signal(SignalKind::from_raw(number.as_raw()));
        Ok(Self {
            ending: Interrupts::listen()?,
            stop: by_number(Number::TSTP)?,
            proceed: by_number(Number::CONT)?,
            window: by_number(Number::WINCH)?,
        })
    }

    /// Forgets requests to stop that came while another program had the terminal: it has stopped since.
    pub fn forget_stops(&mut self) {
        while self.stop.recv().now_or_never().is_some() {}
    }

    /// The next one. May be dropped and called again without losing any.
    pub async fn next(&mut self) -> Caught {
        tokio::select! {
            biased;
            () = self.ending.next() => Caught::Terminate,
            _ = self.stop.recv() => Caught::Stop,
            _ = self.proceed.recv() => Caught::Continue,
            _ = self.window.recv() => Caught::Resize,
        }
    }
}
