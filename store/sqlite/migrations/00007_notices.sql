-- What providers say of mails, counted by when it happened: guards look at it every second.

-- +goose Up
CREATE TABLE notice_count (
    slot  INTEGER NOT NULL, -- when five minutes began
    run   INTEGER NOT NULL,
    kind  TEXT    NOT NULL, -- an event's, or 'refused', which is counted as a bounce, too
    code  TEXT    NOT NULL, -- with which it was refused
    mails INTEGER NOT NULL,
    PRIMARY KEY (slot, run, kind, code)
) STRICT, WITHOUT ROWID;

CREATE TABLE domain_hour (
    hour    INTEGER NOT NULL,
    domain  TEXT    NOT NULL,
    told    INTEGER NOT NULL,
    bounced INTEGER NOT NULL,
    said    INTEGER NOT NULL DEFAULT 0, -- somebody was told that the hour is suspicious
    PRIMARY KEY (hour, domain)
) STRICT, WITHOUT ROWID;

CREATE INDEX domain_hour_unsaid ON domain_hour (hour) WHERE said = 0 AND bounced >= 5;

-- Of a bounce: whether it stands for a mailbox or for its domain's trouble is read from the domain's hour. '' when that is decided.
ALTER TABLE suppression ADD COLUMN domain TEXT NOT NULL DEFAULT '';
CREATE INDEX suppression_domain ON suppression (domain) WHERE domain <> '';

-- A provider may say of a mail that it took that it did not let it go.
DROP TRIGGER delivery_moves_forward;
-- +goose StatementBegin
CREATE TRIGGER delivery_moves_forward BEFORE UPDATE OF state ON delivery
WHEN NOT (OLD.state = 1 AND NEW.state IN (2, 3, 4, 7) OR OLD.state = 4 AND NEW.state IN (2, 3) OR OLD.state = 7 AND NEW.state = 1 AND NEW.attempt = OLD.attempt + 1
    OR OLD.state = 2 AND NEW.state = 3 AND NEW.reason LIKE 'ses %')
BEGIN SELECT RAISE(ABORT, 'a delivery only moves forward'); END;
-- +goose StatementEnd

-- +goose Down
-- There is no way down: an older germane refuses a newer database.
