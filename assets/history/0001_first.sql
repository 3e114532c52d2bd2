CREATE TABLE IF NOT EXISTS entry (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,           -- test, run
    started INTEGER NOT NULL,     -- milliseconds since 1970, UTC
    workbench TEXT NOT NULL,      -- its URL
    username TEXT,
    model TEXT NOT NULL,          -- project/name
    model_id TEXT NOT NULL,
    key TEXT NOT NULL,            -- what the key is called; never a key
    ok INTEGER NOT NULL,
    status INTEGER,               -- HTTP
    failure TEXT,
    latency_ms REAL NOT NULL,     -- of a run, its median
    replica_id TEXT,
    size INTEGER,                 -- of the answer, in bytes
    requests INTEGER NOT NULL,
    errors INTEGER NOT NULL,
    result TEXT NOT NULL          -- in a line
) STRICT;

CREATE INDEX IF NOT EXISTS entry_started ON entry (started);

-- Apart, so that listing the entries does not read it.
CREATE TABLE IF NOT EXISTS details (
    id INTEGER PRIMARY KEY REFERENCES entry (id) ON DELETE CASCADE,
    json TEXT NOT NULL
) STRICT;
