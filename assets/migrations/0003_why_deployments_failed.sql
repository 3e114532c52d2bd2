-- Why a deployment failed, for the usage view; empty where it did not.

ALTER TABLE deployments ADD COLUMN message TEXT NOT NULL DEFAULT '';
