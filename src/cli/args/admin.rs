//! `projects`, `collaborators`, `admin`.
