"""Stand-in for the workbench's `cml` package: what a model needs of it."""
