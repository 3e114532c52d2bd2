//! Profiles, credentials, and discovery from the environment.
