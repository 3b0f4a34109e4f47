package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"

	"germane/store"
	"germane/store/postgres"
	"germane/worker/river"
)

func openPostgres(ctx context.Context, sys *system, h *home, addressKey []byte, to opening) (store.Database, error) {
	address, err := h.dial(sys)
	if err != nil {
		return nil, err
	}
	note, err := h.note(to)
	if err != nil {
		fmt.Fprintf(sys.stderr, "germane: nothing can be noted of the database here: %v; were a backup of it restored, who withdrew here since would be mailed again\n", err)
	}
	s, err := postgres.Open(ctx, address, postgres.Options{AddressKey: addressKey, Note: note, AcceptRestored: to.restored, Migrate: to.migrate, Made: to.made})
	if err == nil {
		if err := h.makeQueue(ctx, sys, address, s.Forms(), to); err != nil {
			return nil, errors.Join(err, s.Close())
		}
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

// makeQueue makes River's tables beside those of a new database, and brings them to this program's form when those are: a new River
// comes with a new form of ours, so that nobody sends then.
func (h *home) makeQueue(ctx context.Context, sys *system, address string, forms store.Forms, to opening) error {
	if forms.Was != 0 && !to.migrate {
		return nil
	}
	if err := river.Migrate(ctx, address, slog.New(slog.NewTextHandler(sys.stderr, nil))); err != nil {
		return hint(fmt.Errorf("%s: %w", h.Name, err), "the user must own the database; `germane migrate` tries again")
	}
	return nil
}

// openQueue connects to what brings chunks to workers.
func openQueue(ctx context.Context, sys *system, h *home, log *slog.Logger) (*river.Carrier, error) {
	address, err := h.dial(sys)
	if err != nil {
		return nil, err
	}
	return river.Open(ctx, address, log)
}

// note returns what the names of notes begin with; "" where no files can be kept, as in a container that may only read.
func (h *home) note(to opening) (string, error) {
	if to.made && !isFile(h.Beside+"-note") {
		return "", nil
	}
	if err := h.makeRoom(); err != nil {
		return "", err
	}
	file, err := os.OpenFile(h.Beside+"-note", os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return "", err
	}
	return h.Beside, file.Close()
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
