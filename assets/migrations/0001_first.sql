-- The store of the embedded workbench.
-- Times are microseconds since 1970 (UTC); a text that the wire calls optional is '' when absent.

CREATE TABLE facts (            -- what this workbench is: tenant, workspace, token secret, seed
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE site_settings (    -- GET/PATCH /api/v1/site/config; value is JSON
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE users (
    id          INTEGER PRIMARY KEY,
    username    TEXT NOT NULL UNIQUE,
    name        TEXT NOT NULL,
    email       TEXT NOT NULL,
    admin       INTEGER NOT NULL DEFAULT 0,
    banned      INTEGER NOT NULL DEFAULT 0,
    deactivated INTEGER NOT NULL DEFAULT 0,
    created_at  INTEGER NOT NULL
);

CREATE TABLE api_keys (         -- only the hash of a key: SHA-256 is enough for 512 random bits
    id         INTEGER PRIMARY KEY,
    user_id    INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    key_id     TEXT NOT NULL UNIQUE,
    hash       BLOB NOT NULL UNIQUE,
    comments   TEXT NOT NULL,
    audiences  TEXT NOT NULL,   -- a JSON array of texts
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
);
CREATE INDEX api_keys_of_user ON api_keys (user_id, id);

CREATE TABLE legacy_keys (      -- one a user, replaced by rotation
    user_id    INTEGER PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    hash       BLOB NOT NULL UNIQUE,
    comments   TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER          -- NULL: never
);

CREATE TABLE projects (
    id                        INTEGER PRIMARY KEY,
    public_id                 TEXT NOT NULL UNIQUE,
    name                      TEXT NOT NULL,
    slug                      TEXT NOT NULL,
    directory                 TEXT NOT NULL UNIQUE, -- below the projects folder
    owner_id                  INTEGER NOT NULL REFERENCES users (id),
    creator_id                INTEGER NOT NULL REFERENCES users (id),
    description               TEXT NOT NULL,
    visibility                TEXT NOT NULL,
    default_engine_type       TEXT NOT NULL,
    creation_status           TEXT NOT NULL,
    shared_memory_limit       INTEGER NOT NULL,
    environment               TEXT NOT NULL,
    ephemeral_storage_request INTEGER NOT NULL,
    ephemeral_storage_limit   INTEGER NOT NULL,
    created_at                INTEGER NOT NULL,
    updated_at                INTEGER NOT NULL,
    UNIQUE (owner_id, slug)
);
CREATE INDEX projects_visibility ON projects (visibility);

CREATE TABLE collaborators (
    id         INTEGER PRIMARY KEY,
    project_id INTEGER NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    user_id    INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    permission TEXT NOT NULL,
    UNIQUE (project_id, user_id)
);
CREATE INDEX collaborations_of_user ON collaborators (user_id, project_id);

CREATE TABLE models (
    id                   INTEGER PRIMARY KEY,
    uuid                 TEXT NOT NULL UNIQUE,
    crn                  TEXT NOT NULL,
    project_id           INTEGER NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    creator_id           INTEGER NOT NULL REFERENCES users (id),
    name                 TEXT NOT NULL,
    description          TEXT NOT NULL,
    access_key           TEXT NOT NULL UNIQUE,
    auth_enabled         INTEGER NOT NULL,
    visibility           TEXT NOT NULL,
    registered_model_id  TEXT NOT NULL,
    deletion_status      TEXT NOT NULL,
    cpu_millicores       INTEGER NOT NULL,
    memory_mb            INTEGER NOT NULL,
    nvidia_gpus          INTEGER NOT NULL,
    num_replicas         INTEGER NOT NULL,
    run_as               INTEGER NOT NULL,
    accelerator_label_id INTEGER NOT NULL,
    resource_group_id    INTEGER NOT NULL,
    resource_profile_id  INTEGER NOT NULL,
    created_at           INTEGER NOT NULL,
    updated_at           INTEGER NOT NULL,
    UNIQUE (project_id, name)
);

CREATE TABLE builds (
    id                          INTEGER PRIMARY KEY,
    uuid                        TEXT NOT NULL UNIQUE,
    crn                         TEXT NOT NULL,
    model_id                    INTEGER NOT NULL REFERENCES models (id) ON DELETE CASCADE,
    creator_id                  INTEGER NOT NULL REFERENCES users (id),
    comment                     TEXT NOT NULL,
    file_path                   TEXT NOT NULL,
    function_name               TEXT NOT NULL,
    engine_image                TEXT NOT NULL,
    kernel                      TEXT NOT NULL,
    runtime_identifier          TEXT NOT NULL,
    runtime_addon_identifiers   TEXT NOT NULL, -- a JSON array of texts
    registered_model_version_id TEXT NOT NULL,
    model_root_dir              TEXT NOT NULL,
    build_script_path           TEXT NOT NULL,
    status                      TEXT NOT NULL,
    deletion_status             TEXT NOT NULL,
    log                         TEXT NOT NULL,
    deploy_when_built           TEXT NOT NULL, -- JSON of the deployment asked for, or ''
    created_at                  INTEGER NOT NULL,
    updated_at                  INTEGER NOT NULL,
    built_at                    INTEGER        -- NULL: not built
);
CREATE INDEX builds_of_model ON builds (model_id, id);

CREATE TABLE deployments (
    id                   INTEGER PRIMARY KEY,
    uuid                 TEXT NOT NULL UNIQUE,
    crn                  TEXT NOT NULL,
    build_id             INTEGER NOT NULL REFERENCES builds (id) ON DELETE CASCADE,
    model_id             INTEGER NOT NULL REFERENCES models (id) ON DELETE CASCADE,
    deployer_id          INTEGER NOT NULL REFERENCES users (id),
    cpu                  REAL NOT NULL,
    memory               REAL NOT NULL,
    nvidia_gpu           INTEGER NOT NULL,
    environment          TEXT NOT NULL,
    replicas             INTEGER NOT NULL,
    status               TEXT NOT NULL,
    accelerator_label_id INTEGER NOT NULL,
    resource_group_id    INTEGER NOT NULL,
    resource_profile_id  INTEGER NOT NULL,
    created_at           INTEGER NOT NULL,
    updated_at           INTEGER NOT NULL,
    stopped_at           INTEGER               -- NULL: not stopped
);
CREATE INDEX deployments_of_build ON deployments (build_id, id);
CREATE INDEX deployments_of_model ON deployments (model_id, id);
