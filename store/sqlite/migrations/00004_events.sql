-- Reports count a run's events by variant, label and person: all of that from the index.

-- +goose Up
DROP INDEX event_run;
CREATE INDEX event_run ON event (run, kind, block, variant, label, person);

-- +goose Down
-- There is no way down: an older germane refuses a newer database.
