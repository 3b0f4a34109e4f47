-- What providers say of mails, counted by when it happened: guards look at it every second.

-- +goose Up
CREATE TABLE notice_count (
    slot  BIGINT NOT NULL, -- when five minutes began
    run   BIGINT NOT NULL,
    kind  TEXT   COLLATE "C" NOT NULL, -- an event's, or 'refused', which is counted as a bounce, too
    code  TEXT   COLLATE "C" NOT NULL, -- with which it was refused
    mails BIGINT NOT NULL,
    PRIMARY KEY (slot, run, kind, code)
) WITH (fillfactor = 50);

CREATE TABLE domain_hour (
    hour    BIGINT  NOT NULL,
    domain  TEXT    COLLATE "C" NOT NULL,
    told    BIGINT  NOT NULL,
    bounced BIGINT  NOT NULL,
    said    BOOLEAN NOT NULL DEFAULT false, -- somebody was told that the hour is suspicious
    PRIMARY KEY (hour, domain)
) WITH (fillfactor = 50);

CREATE INDEX domain_hour_unsaid ON domain_hour (hour) WHERE NOT said AND bounced >= 5;

-- Of a bounce: whether it stands for a mailbox or for its domain's trouble is read from the domain's hour. '' when that is decided.
ALTER TABLE suppression ADD COLUMN domain TEXT COLLATE "C" NOT NULL DEFAULT '';
CREATE INDEX suppression_domain ON suppression (domain) WHERE domain <> '';

-- A provider may say of a mail that it took that it did not let it go.
CREATE OR REPLACE TRIGGER delivery_moves_forward BEFORE UPDATE ON delivery FOR EACH ROW
WHEN (OLD.state <> NEW.state AND NOT (OLD.state = 1 AND NEW.state IN (2, 3, 4, 7) OR OLD.state = 4 AND NEW.state IN (2, 3) OR OLD.state = 7 AND NEW.state = 1 AND NEW.attempt = OLD.attempt + 1
    OR OLD.state = 2 AND NEW.state = 3 AND NEW.reason LIKE 'ses %'))
EXECUTE FUNCTION germane_refuse('a delivery only moves forward');

-- +goose Down
-- There is no way down: an older germane refuses a newer database.
