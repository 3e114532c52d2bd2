-- Access keys of models that are gone: a call of one is told so, where a key that nobody ever gave
-- is unknown. Models go with their projects too, so a trigger sees to it.

CREATE TABLE deleted_models (
    access_key TEXT PRIMARY KEY
) WITHOUT ROWID;

CREATE TRIGGER models_are_remembered AFTER DELETE ON models
BEGIN
    INSERT OR IGNORE INTO deleted_models (access_key) VALUES (OLD.access_key);
END;
