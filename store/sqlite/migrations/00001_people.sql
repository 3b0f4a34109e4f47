-- Times are unix milliseconds. An address stands in `person` once, as it is mailed; everywhere else, and for finding and comparing,
-- there is only its keyed hash (16 bytes of HMAC-SHA256 over its key form).

-- +goose Up
CREATE TABLE person (
    number     INTEGER PRIMARY KEY AUTOINCREMENT, -- AUTOINCREMENT: a number is never used again, as deliveries keep it after erasing
    id         TEXT    NOT NULL,
    address    BLOB    NOT NULL,
    email      TEXT    NOT NULL,
    time_zone  TEXT    NOT NULL,
    locale     TEXT    NOT NULL,
    attributes TEXT    NOT NULL,
    observed   INTEGER NOT NULL,
    exceptions TEXT    NOT NULL,
    created    INTEGER NOT NULL,
    updated    INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX person_id ON person (id);
CREATE UNIQUE INDEX person_address ON person (address);

CREATE TABLE consent (
    person INTEGER NOT NULL,
    topic  TEXT    NOT NULL,
    state  INTEGER NOT NULL, -- audience.ConsentState
    basis  TEXT    NOT NULL,
    source TEXT    NOT NULL,
    at     INTEGER NOT NULL,
    PRIMARY KEY (person, topic)
) STRICT, WITHOUT ROWID;

CREATE TABLE consent_log (
    entry  INTEGER PRIMARY KEY,
    person INTEGER NOT NULL,
    topic  TEXT    NOT NULL,
    state  INTEGER NOT NULL,
    basis  TEXT    NOT NULL,
    source TEXT    NOT NULL,
    at     INTEGER NOT NULL
) STRICT;
CREATE INDEX consent_log_person ON consent_log (person);

-- Which topics somebody with this address withdrew from. It outlives the person, so that neither a new import of an erased address nor
-- one under another id brings consent back.
CREATE TABLE withdrawal (
    address BLOB    NOT NULL,
    topic   TEXT    NOT NULL,
    at      INTEGER NOT NULL,
    PRIMARY KEY (address, topic)
) STRICT, WITHOUT ROWID;

CREATE TABLE suppression (
    address BLOB    NOT NULL,
    reason  TEXT    NOT NULL,
    detail  TEXT    NOT NULL,
    at      INTEGER NOT NULL,
    PRIMARY KEY (address, reason)
) STRICT, WITHOUT ROWID;

CREATE TABLE secret (
    purpose TEXT    NOT NULL,
    id      INTEGER NOT NULL,
    secret  BLOB    NOT NULL,
    created INTEGER NOT NULL,
    PRIMARY KEY (purpose, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE switch (
    name   TEXT    PRIMARY KEY,
    turned INTEGER NOT NULL,
    at     INTEGER NOT NULL,
    note   TEXT    NOT NULL
) STRICT, WITHOUT ROWID;

-- What follows holds promise 10 whatever the program does: a withdrawal is remembered by address, is turned back only by a
-- readmission, every change is in the log, and the log is not rewritten while there is a person. (No OR IGNORE in a trigger: the
-- statement that fires it decides what a conflict does.)

-- +goose StatementBegin
CREATE TRIGGER consent_is_not_granted_again BEFORE INSERT ON consent
WHEN NEW.state <> 3 AND NEW.source <> 'readmit' AND EXISTS (
    SELECT 1 FROM person AS p JOIN withdrawal AS w ON w.address = p.address WHERE p.number = NEW.person AND w.topic = NEW.topic)
BEGIN SELECT RAISE(IGNORE); END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER consent_stays_withdrawn BEFORE UPDATE ON consent
WHEN OLD.state = 3 AND NEW.state <> 3 AND NEW.source <> 'readmit'
BEGIN SELECT RAISE(ABORT, 'who withdrew stays withdrawn'); END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER consent_is_kept BEFORE DELETE ON consent
WHEN EXISTS (SELECT 1 FROM person WHERE number = OLD.person)
BEGIN SELECT RAISE(ABORT, 'consent is not deleted while there is a person'); END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER consent_starts_withdrawn AFTER INSERT ON consent WHEN NEW.state = 3
BEGIN
    INSERT INTO withdrawal SELECT address, NEW.topic, NEW.at FROM person AS p
    WHERE number = NEW.person AND NOT EXISTS (SELECT 1 FROM withdrawal AS w WHERE w.address = p.address AND w.topic = NEW.topic);
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER consent_is_withdrawn AFTER UPDATE ON consent WHEN NEW.state = 3
BEGIN
    INSERT INTO withdrawal SELECT address, NEW.topic, NEW.at FROM person AS p
    WHERE number = NEW.person AND NOT EXISTS (SELECT 1 FROM withdrawal AS w WHERE w.address = p.address AND w.topic = NEW.topic);
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER consent_is_logged AFTER INSERT ON consent
BEGIN
    INSERT INTO consent_log (person, topic, state, basis, source, at) VALUES (NEW.person, NEW.topic, NEW.state, NEW.basis, NEW.source, NEW.at);
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER consent_change_is_logged AFTER UPDATE ON consent WHEN NEW.state <> OLD.state
BEGIN
    INSERT INTO consent_log (person, topic, state, basis, source, at) VALUES (NEW.person, NEW.topic, NEW.state, NEW.basis, NEW.source, NEW.at);
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER consent_follows_address AFTER UPDATE OF address ON person WHEN NEW.address <> OLD.address
BEGIN
    INSERT INTO withdrawal SELECT NEW.address, topic, at FROM consent AS c
    WHERE person = NEW.number AND state = 3 AND NOT EXISTS (SELECT 1 FROM withdrawal AS w WHERE w.address = NEW.address AND w.topic = c.topic);
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER log_is_not_rewritten BEFORE UPDATE ON consent_log
BEGIN SELECT RAISE(ABORT, 'the consent log is only added to'); END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER log_is_kept BEFORE DELETE ON consent_log
WHEN EXISTS (SELECT 1 FROM person WHERE number = OLD.person)
BEGIN SELECT RAISE(ABORT, 'the consent log is only added to'); END;
-- +goose StatementEnd

-- +goose Down
-- There is no way down: an older germane refuses a newer database.
