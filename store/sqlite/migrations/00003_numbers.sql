-- What stands in addresses that mails carry for ever is short and never used again: numbers. Nothing was deployed before this.

-- +goose Up
DROP TABLE version;
CREATE TABLE version (
    number   INTEGER PRIMARY KEY AUTOINCREMENT,
    hash     TEXT    NOT NULL UNIQUE,
    format   INTEGER NOT NULL,
    deployed INTEGER NOT NULL -- last: the one deployed last is current
) STRICT;

DROP TABLE link;
CREATE TABLE link (
    version  INTEGER NOT NULL, -- its number
    message  INTEGER NOT NULL, -- the campaign's number in the version
    id       INTEGER NOT NULL,
    campaign TEXT    NOT NULL,
    block    TEXT    NOT NULL,
    variant  TEXT    NOT NULL,
    parts    TEXT    NOT NULL, -- JSON: the constant parts of the target
    PRIMARY KEY (version, message, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE topic (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    name   TEXT    NOT NULL UNIQUE
) STRICT;

-- +goose Down
-- There is no way down: an older germane refuses a newer database.
