-- +goose Up
-- Processes that send, and what each was granted of its sender's rate.
CREATE TABLE worker (
    name      TEXT    PRIMARY KEY,
    sender    TEXT    NOT NULL,
    share     REAL    NOT NULL,
    busy      INTEGER NOT NULL,
    took      REAL    NOT NULL,
    until     INTEGER NOT NULL,
    throttled INTEGER NOT NULL,
    slowed    REAL    NOT NULL,
    known     REAL    NOT NULL
) STRICT;

-- Whether somebody was told that a chunk is set aside.
ALTER TABLE chunk ADD COLUMN told INTEGER NOT NULL DEFAULT 0;
CREATE INDEX chunk_aside ON chunk (run, no) WHERE state = 2 AND told = 0;

-- +goose Down
-- There is no way down: an older germane refuses a newer database.
