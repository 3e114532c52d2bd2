//! The interface: one loop, one state, messages in, effects out.

pub mod widgets;
