-- +goose Up
-- How many mails of a day a sender was granted that is still getting known: its first day begins the count of its days.
CREATE TABLE sender_day (
    sender  TEXT    NOT NULL,
    day     INTEGER NOT NULL, -- since 1 January 1970, in the workspace's time zone
    granted INTEGER NOT NULL,
    PRIMARY KEY (sender, day)
) STRICT, WITHOUT ROWID;

-- Why nobody of a running run is mailed for a time, and until when.
ALTER TABLE run ADD COLUMN held TEXT NOT NULL DEFAULT '';
ALTER TABLE run ADD COLUMN held_until INTEGER NOT NULL DEFAULT 0;

-- +goose Down
-- There is no way down: an older germane refuses a newer database.
