//! The client of a Cloudera AI Workbench: API v2 and the model service.
