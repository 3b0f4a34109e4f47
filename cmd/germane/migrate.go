package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"germane/store"
)

// migrated is the public form of `migrate --json`.
type migrated struct {
	Database    string `json:"database"`
	Was         int64  `json:"form_before"` // 0: it was not there
	Is          int64  `json:"form"`
	TokenKeys   []int  `json:"token_keys"` // their numbers, the one that signs first
	FromOutside bool   `json:"token_keys_from_environment"`
	Rotated     bool   `json:"rotated"`
}

func newMigrate(sys *system, o *options) *cobra.Command {
	var rotate bool
	c := &cobra.Command{
		Use:   "migrate",
		Short: "Make the database, or bring it to this program's form",
		Long: `Make the database with its keys, or bring it to this program's form. An older germane refuses a
database that a newer one changed, so keep a copy.

A new database is made, and one in SQLite changed, by every command that opens it; this one says what
it did. One in Postgres, which others may be using, is changed by this command only, and not while
workers are at it.`,
		Example: "  germane migrate\n  germane migrate --rotate-token-key",
		Args:    arguments(0, 0),
		RunE: func(c *cobra.Command, _ []string) error {
			w, err := loadConfigured(sys, o)
			if err != nil {
				return err
			}
			s, err := openDatabaseTo(c.Context(), sys, o, w, opening{migrate: true})
			if err != nil {
				return err
			}
			m, err := migrate(c.Context(), sys, s, rotate)
			if err = errors.Join(err, s.Close()); err != nil {
				return err
			}
			if m.Database = homeOf(o, w).Name; o.json {
				return printJSON(sys.stdout, m)
			}
			m.print(sys)
			return nil
		},
	}
	c.Flags().BoolVar(&rotate, "rotate-token-key", false, "sign links with a new key from now on; links signed before keep working")
	return c
}

// maxTokenKeys is how many keys a token can tell apart.
const maxTokenKeys = 255

func migrate(ctx context.Context, sys *system, s store.Database, rotate bool) (*migrated, error) {
	m := &migrated{Was: s.Forms().Was, Is: s.Forms().Is, Rotated: rotate}
	outside, err := environmentTokenKeys(sys)
	if err != nil {
		return nil, err
	}
	if rotate && outside != nil {
		return nil, hint(fmt.Errorf("the keys come from %s", tokenKeysVariable), "put a new one before the others there, with a number of its own; "+makeKey)
	}
	keys, err := storedTokenKeys(ctx, s) // makes one where there is none
	switch {
	case err != nil:
		return nil, err
	case rotate && len(keys) >= maxTokenKeys:
		return nil, errors.New("a token cannot tell more than 255 keys apart")
	case rotate:
		if err := s.RotateKey(ctx, tokenPurpose, sys.now()); err != nil {
			return nil, err
		}
		if keys, err = storedTokenKeys(ctx, s); err != nil {
			return nil, err
		}
	}
	if outside != nil {
		keys, m.FromOutside = outside, true
	}
	if _, err := tokenKeys(ctx, sys, s); err != nil {
		return nil, err
	}
	for _, k := range keys {
		m.TokenKeys = append(m.TokenKeys, int(k.ID))
	}
	return m, nil
}

func (m *migrated) print(sys *system) {
	switch {
	case m.Was == 0:
		fmt.Fprintf(sys.stderr, "%s is made, with its keys.\n", m.Database)
	case m.Was < m.Is:
		fmt.Fprintf(sys.stderr, "%s was brought from form %d to %d.\n", m.Database, m.Was, m.Is)
	default:
		fmt.Fprintf(sys.stderr, "%s has the newest form, %d.\n", m.Database, m.Is)
	}
	if m.Rotated {
		fmt.Fprintf(sys.stderr, "Links are signed with key %d from now on; those signed before keep working.\n", m.TokenKeys[0])
	}
}
