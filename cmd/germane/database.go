package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"germane/internal/finding"
	"germane/store"
	"germane/store/sqlite"
	"germane/workspace"
)

// opening is what is not done whenever a database is opened.
type opening struct {
	restored bool // it may have gone back in time: it is to be repaired
	migrate  bool // one that is in use is brought to this program's form; SQLite's always is
	made     bool // one in Postgres that nobody made yet is refused (postgres.ErrNotMade), and nothing is made beside it
}

// openDatabase opens the workspace's store.Database, making it when it is not there yet.
func openDatabase(ctx context.Context, sys *system, o *options, w *workspace.Workspace) (store.Database, error) {
	return openDatabaseTo(ctx, sys, o, w, opening{})
}

func openDatabaseTo(ctx context.Context, sys *system, o *options, w *workspace.Workspace, to opening) (store.Database, error) {
	h := homeOf(o, w)
	key, err := addressKey(sys)
	if err != nil {
		return nil, err
	}
	if h.Postgres != "" {
		return openPostgres(ctx, sys, &h, key, to)
	}
	s, err := openSQLite(ctx, &h, sqlite.Options{AddressKey: key, AcceptRestored: to.restored})
	if err != nil {
		return nil, err // not a nil pointer in an interface
	}
	return s, nil
}

func openSQLite(ctx context.Context, h *home, how sqlite.Options) (*sqlite.Store, error) {
	path := h.Beside
	if kind := cmp.Or(networkFileSystem(path), networkFileSystem(filepath.Dir(path))); kind != "" {
		return nil, guardError{hint(fmt.Errorf("%s lies on %s, where locks cannot be trusted and SQLite may lose data", path, kind), "name a file on a disk of this machine in germane.yaml: database: /var/lib/germane/germane.db")}
	}
	s, err := sqlite.Open(ctx, path, how)
	if err != nil {
		if known := notOpened(err); known != nil {
			return nil, known
		}
		return nil, hint(err, "is it the file that `database` in germane.yaml means, is the disk full, or the folder read-only?")
	}
	return s, nil
}

// notOpened says what to do about what may keep any engine's database from being opened; nil: it is something else.
func notOpened(err error) error {
	switch {
	case errors.Is(err, store.ErrNewerSchema):
		return hint(err, "use the germane that the database was made by, or a newer one")
	case errors.Is(err, store.ErrWentBack):
		return guardError{hint(err, "`germane db restored --since TIME`, the time of the backup, repairs it; until then nothing is sent twice")}
	case errors.Is(err, store.ErrAddressKey):
		return guardError{hint(err, addressKeyVariable+" is chosen when a database is made and stays for ever: set it as it was then, or unset it if it was not set")}
	}
	return nil
}

// below resolves a path that a workspace names.
func below(dir, path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(dir, path)
}

// withDatabase runs f on the database of a workspace of which only germane.yaml must be sound: whoever wants to withdraw does not wait
// for a template to be put right.
func withDatabase(ctx context.Context, sys *system, o *options, f func(w *workspace.Workspace, s store.Database) error) error {
	w, err := loadConfigured(sys, o)
	if err != nil {
		return err
	}
	s, err := openDatabase(ctx, sys, o, w)
	if err != nil {
		return err
	}
	return errors.Join(f(w, s), s.Close())
}

// loadConfigured loads a workspace of which germane.yaml is sound.
func loadConfigured(sys *system, o *options) (*workspace.Workspace, error) {
	w, findings, err := load(sys, o)
	if err != nil {
		return nil, err
	}
	if w == nil || w.Config == nil || configBroken(findings) {
		if err := finding.WriteText(sys.stderr, fromHere(o.dir, findings), false); err != nil {
			return nil, fmt.Errorf("print findings: %w", err)
		}
		return nil, foundError{findings}
	}
	return w, nil
}

func configBroken(findings []finding.Finding) bool {
	for _, f := range findings {
		// A worker's folder may have nothing but this file: what it shows comes from the database.
		ofConfig := strings.HasSuffix(f.File, "germane.yaml") || strings.HasPrefix(f.File, "$") // a variable that stands in for a key
		if ofConfig && f.Code != "unknown-asset" && finding.HasErrors([]finding.Finding{f}) {
			return true
		}
	}
	return false
}

// findPerson finds somebody by address or id.
func findPerson(ctx context.Context, s store.People, who string) (*store.Person, error) {
	find := s.PersonByID
	if strings.Contains(who, "@") {
		find = s.PersonByEmail
	}
	p, err := find(ctx, who)
	if errors.Is(err, store.ErrNotFound) {
		return nil, hint(nobodyError(who), "`germane people list` shows who is")
	}
	return p, err
}

// nobodyError is a [store.ErrNotFound] that says who was looked for.
type nobodyError string

func (e nobodyError) Error() string { return "nobody here is " + string(e) }

func (nobodyError) Unwrap() error { return store.ErrNotFound }
