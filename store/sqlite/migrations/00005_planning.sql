-- +goose Up
-- Of which cadence occurrences were planned: another one begins anew.
ALTER TABLE campaign ADD COLUMN cadence TEXT NOT NULL DEFAULT '';
-- When a person came from another time zone: the last look of a run is for them.
ALTER TABLE person ADD COLUMN moved INTEGER NOT NULL DEFAULT 0;

-- +goose Down
-- There is no way down: an older germane refuses a newer database.
