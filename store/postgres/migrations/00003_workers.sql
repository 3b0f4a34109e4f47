-- +goose Up
-- Processes that send, and what each was granted of its sender's rate.
CREATE TABLE worker (
    name      TEXT             COLLATE "C" PRIMARY KEY,
    sender    TEXT             COLLATE "C" NOT NULL,
    share     DOUBLE PRECISION NOT NULL,
    busy      BOOLEAN          NOT NULL,
    took      DOUBLE PRECISION NOT NULL,
    until     BIGINT           NOT NULL,
    throttled BIGINT           NOT NULL,
    slowed    DOUBLE PRECISION NOT NULL,
    known     DOUBLE PRECISION NOT NULL
) WITH (fillfactor = 50);

-- Whether somebody was told that a chunk is set aside.
ALTER TABLE chunk ADD COLUMN told BOOLEAN NOT NULL DEFAULT false;
CREATE INDEX chunk_aside ON chunk (run, no) WHERE state = 2 AND NOT told;

-- +goose Down
-- There is no way down: an older germane refuses a newer database.
