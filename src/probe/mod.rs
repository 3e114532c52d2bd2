//! The model test engine: one call, runs, statistics, export. It knows nothing of the interface.
