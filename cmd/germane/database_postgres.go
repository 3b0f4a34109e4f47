package main

import (
	"context"
	"errors"
	"fmt"

	"germane/store"
	"germane/store/postgres"
)

func openPostgres(ctx context.Context, sys *system, h *home, addressKey []byte, to opening) (store.Database, error) {
	address, err := h.dial(sys)
	if err != nil {
		return nil, err
	}
	s, err := postgres.Open(ctx, address, postgres.Options{AddressKey: addressKey, Migrate: to.migrate})
	if err == nil {
		return s, nil
	}
	if known := notOpened(err); known != nil {
		return nil, known
	}
	err = fmt.Errorf("%s: %w", h.Name, err)
	switch {
	case errors.Is(err, postgres.ErrOlderForm):
		return nil, guardError{hint(err, "`germane migrate` changes it, once no older germane works on it")}
	case errors.Is(err, postgres.ErrAtWork):
		return nil, guardError{hint(err, "end those processes (SIGTERM), then `germane migrate`; of one that was killed the lease ends within a minute")}
	}
	return nil, hint(err, h.whatToDo(err))
}

// whatToDo says what helps when a server does not let us in.
func (h *home) whatToDo(err error) string {
	switch {
	case errors.Is(err, postgres.ErrUnreachable):
		return "see whether the server runs, whether host and port in `database` are right, and whether this machine may connect; `pg_isready` asks it"
	case errors.Is(err, postgres.ErrPassword):
		return "see whether user and password are right: " + databasePasswordVariable + " holds the password, or " + databasePasswordVariable + "_FILE names its file; PGPASSWORD and PGPASSFILE count, too"
	case errors.Is(err, postgres.ErrNoDatabase):
		return fmt.Sprintf("`createdb%s %s` makes it, for a user who may", h.Options, h.Database)
	case errors.Is(err, postgres.ErrForbidden):
		return "the user must own the database: ALTER DATABASE … OWNER TO …; or make it with createdb --owner"
	case errors.Is(err, postgres.ErrOldServer):
		return "use a Postgres of version 15 or later, or SQLite: database: germane.db"
	}
	return "is it the database that `database` in germane.yaml, or GERMANE_DATABASE, means?"
}
