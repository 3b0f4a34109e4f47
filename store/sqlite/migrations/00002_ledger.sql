-- +goose Up
CREATE TABLE version (
    hash     TEXT    PRIMARY KEY,
    format   INTEGER NOT NULL,
    first    INTEGER NOT NULL, -- when it was deployed first, and last: the one deployed last is current
    deployed INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Contents are shared between versions: a week's deploy changes few files.
CREATE TABLE content (
    hash TEXT PRIMARY KEY,
    data BLOB NOT NULL -- DEFLATE
) STRICT;

CREATE TABLE version_file (
    version TEXT NOT NULL,
    path    TEXT NOT NULL,
    content TEXT NOT NULL,
    PRIMARY KEY (version, path)
) STRICT, WITHOUT ROWID;

CREATE TABLE asset (
    hash    TEXT NOT NULL,
    name    TEXT NOT NULL,
    content TEXT NOT NULL,
    version TEXT NOT NULL,
    path    TEXT NOT NULL,
    PRIMARY KEY (hash, name, version)
) STRICT, WITHOUT ROWID;

CREATE TABLE link (
    version  TEXT    NOT NULL,
    campaign TEXT    NOT NULL,
    id       INTEGER NOT NULL,
    block    TEXT    NOT NULL,
    variant  TEXT    NOT NULL,
    url      TEXT    NOT NULL,
    PRIMARY KEY (version, campaign, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE variant (
    version      TEXT    NOT NULL,
    campaign     TEXT    NOT NULL,
    block_number INTEGER NOT NULL,
    number       INTEGER NOT NULL,
    block        TEXT    NOT NULL,
    variant      TEXT    NOT NULL,
    PRIMARY KEY (version, campaign, block_number, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE campaign (
    name          TEXT    PRIMARY KEY,
    paused        INTEGER NOT NULL DEFAULT 0,
    note          TEXT    NOT NULL DEFAULT '',
    step          INTEGER NOT NULL DEFAULT -1,
    content       TEXT    NOT NULL DEFAULT '',
    step_at       INTEGER NOT NULL DEFAULT 0,
    planned_until INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

CREATE TABLE run (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    campaign   TEXT    NOT NULL,
    occurrence TEXT    NOT NULL,
    manual     INTEGER NOT NULL,
    pin        INTEGER NOT NULL DEFAULT 0,
    state      TEXT    NOT NULL,
    note       TEXT    NOT NULL DEFAULT '',
    cut        INTEGER NOT NULL,
    due        INTEGER NOT NULL,
    created    INTEGER NOT NULL,
    started    INTEGER NOT NULL DEFAULT 0,
    settling   INTEGER NOT NULL DEFAULT 0,
    finished   INTEGER NOT NULL DEFAULT 0,
    UNIQUE (campaign, occurrence)
) STRICT;
CREATE INDEX run_open ON run (state) WHERE state NOT IN ('finished', 'cancelled');

CREATE TABLE run_version (
    run     INTEGER NOT NULL,
    pin     INTEGER NOT NULL,
    version TEXT    NOT NULL,
    at      INTEGER NOT NULL,
    PRIMARY KEY (run, pin)
) STRICT, WITHOUT ROWID;

-- The counts are those of the chunk's rows in `delivery`: a transaction that changes one changes the other.
CREATE TABLE chunk (
    run        INTEGER NOT NULL,
    no         INTEGER NOT NULL,
    step       INTEGER NOT NULL,
    zone       TEXT    NOT NULL,
    low        INTEGER NOT NULL,
    high       INTEGER NOT NULL,
    not_before INTEGER NOT NULL,
    members    INTEGER NOT NULL,
    state      INTEGER NOT NULL DEFAULT 0,
    epoch      INTEGER NOT NULL DEFAULT 0,
    crashes    INTEGER NOT NULL DEFAULT 0,
    owner      TEXT    NOT NULL DEFAULT '',
    until      INTEGER NOT NULL DEFAULT 0,
    claimed    INTEGER NOT NULL DEFAULT 0,
    sent       INTEGER NOT NULL DEFAULT 0,
    failed     INTEGER NOT NULL DEFAULT 0,
    in_doubt   INTEGER NOT NULL DEFAULT 0,
    skipped    INTEGER NOT NULL DEFAULT 0,
    held_out   INTEGER NOT NULL DEFAULT 0,
    retry      INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (run, no)
) STRICT, WITHOUT ROWID;
CREATE INDEX chunk_open ON chunk (not_before, run, no) WHERE state = 0;

-- One row a person, run and occasion: what makes sending twice impossible. No index on the state: rows in flight and in doubt are found
-- by the ranges of chunks whose counts say so.
CREATE TABLE delivery (
    run      INTEGER NOT NULL,
    person   INTEGER NOT NULL,
    occasion INTEGER NOT NULL,
    chunk    INTEGER NOT NULL,
    pin      INTEGER NOT NULL,
    epoch    INTEGER NOT NULL,
    attempt  INTEGER NOT NULL,
    state    INTEGER NOT NULL,
    reason   TEXT    NOT NULL,
    choices  BLOB,
    claimed  INTEGER NOT NULL,
    done     INTEGER NOT NULL,
    provider TEXT    NOT NULL,
    PRIMARY KEY (run, person, occasion)
) STRICT, WITHOUT ROWID;

-- +goose StatementBegin
CREATE TRIGGER delivery_moves_forward BEFORE UPDATE OF state ON delivery
WHEN NOT (OLD.state = 1 AND NEW.state IN (2, 3, 4, 7) OR OLD.state = 4 AND NEW.state IN (2, 3) OR OLD.state = 7 AND NEW.state = 1 AND NEW.attempt = OLD.attempt + 1)
BEGIN SELECT RAISE(ABORT, 'a delivery only moves forward'); END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER delivery_starts BEFORE INSERT ON delivery
WHEN NEW.state NOT IN (1, 5, 6)
BEGIN SELECT RAISE(ABORT, 'a delivery starts claimed, skipped or held out'); END;
-- +goose StatementEnd

-- What counts for caps: claims, and held-out people, who take a place too.
CREATE TABLE touch (
    person INTEGER NOT NULL,
    at     INTEGER NOT NULL,
    run    INTEGER NOT NULL,
    topic  TEXT    NOT NULL,
    PRIMARY KEY (person, at, run)
) STRICT, WITHOUT ROWID;

CREATE TABLE event (
    id       INTEGER PRIMARY KEY,
    at       INTEGER NOT NULL,
    key      TEXT,
    kind     TEXT    NOT NULL,
    name     TEXT    NOT NULL,
    person   INTEGER NOT NULL,
    run      INTEGER NOT NULL,
    occasion INTEGER NOT NULL,
    block    TEXT    NOT NULL,
    variant  TEXT    NOT NULL,
    link     INTEGER NOT NULL,
    agent    TEXT    NOT NULL,
    label    TEXT    NOT NULL,
    fields   TEXT    NOT NULL
) STRICT;
CREATE UNIQUE INDEX event_key ON event (key) WHERE key IS NOT NULL;
CREATE INDEX event_person ON event (person, at);
CREATE INDEX event_run ON event (run, kind);

-- One row: which database this is, and how often its ledger was written. A note beside the file holds the same, so that a restored
-- backup is noticed.
CREATE TABLE ledger (
    id       TEXT    NOT NULL,
    sequence INTEGER NOT NULL
) STRICT;
INSERT INTO ledger VALUES (lower(hex(randomblob(16))), 0);
