package postgres

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Why a database cannot be opened, for whoever says what to do about it.
var (
	// ErrUnreachable: no server answers there, or it takes nobody in at the moment.
	ErrUnreachable = errors.New("the database's server does not answer")
	// ErrPassword: the server does not believe who we are.
	ErrPassword = errors.New("the database's server does not let us in")
	// ErrNoDatabase: the server has no database of this name.
	ErrNoDatabase = errors.New("there is no such database")
	// ErrForbidden: the user may not do there what a database needs.
	ErrForbidden = errors.New("the database's user may not do that")
	// ErrNotMade: it has no tables of ours, and whoever opens it does not want any made.
	ErrNotMade = errors.New("the database has no tables yet")
	// ErrOldServer: its Postgres is older than the suite was ever run with.
	ErrOldServer = errors.New("the database's server is too old")
	// ErrOlderForm: the tables have an older germane's form. Others may be at work on them, so only who asks for it changes it.
	ErrOlderForm = errors.New("the database has the form of an older germane")
	// ErrAtWork: workers hold leases, so that the tables cannot be changed under them.
	ErrAtWork = errors.New("workers are at work on the database")
)

// refusal says which of the reasons an error of connecting is. What pgx writes of it has several lines, and much that nobody needs.
func refusal(err error) error {
	var problem *pgconn.PgError
	var connecting *pgconn.ConnectError
	var network *net.OpError
	switch {
	case errors.As(err, &problem):
		if reason := reasons[problem.Code]; reason != nil {
			return fmt.Errorf("%w: %s", reason, problem.Message)
		}
	case errors.As(err, &network):
		return fmt.Errorf("%w: %w", ErrUnreachable, network)
	case errors.As(err, &connecting):
		first, _, _ := strings.Cut(strings.TrimSpace(errors.Unwrap(connecting).Error()), "\n") // it tries with and without TLS
		return fmt.Errorf("%w: %s", ErrUnreachable, first)
	}
	return err
}

// unreached says in one line that there was no connection to be had; other errors stay as they are.
func unreached(err error) error {
	var connecting *pgconn.ConnectError
	if errors.As(err, &connecting) {
		return refusal(err)
	}
	return err
}

// reasons by SQLSTATE.
var reasons = map[string]error{
	"28P01": ErrPassword,    // invalid_password
	"28000": ErrPassword,    // invalid_authorization_specification
	"3D000": ErrNoDatabase,  // invalid_catalog_name
	"42501": ErrForbidden,   // insufficient_privilege
	"57P03": ErrUnreachable, // cannot_connect_now: it starts, or recovers
	"53300": ErrUnreachable, // too_many_connections
}

// mayChange reports whether tables may be brought from one form to another now.
func (s *Store) mayChange(ctx context.Context, conn *pgxpool.Conn, is, newest int64, asked bool) error {
	if is == 0 {
		return nil
	}
	if !asked {
		return fmt.Errorf("%w: its tables have form %d, this one needs %d", ErrOlderForm, is, newest)
	}
	working, err := leaseholders(ctx, conn)
	if err == nil && len(working) > 0 {
		err = fmt.Errorf("%w: %s", ErrAtWork, strings.Join(working, ", "))
	}
	return err
}

// leaseholders returns the workers that may be sending, by the database's clock. The form is an older one, so it asks for little.
func leaseholders(ctx context.Context, conn *pgxpool.Conn) (names []string, err error) {
	var chunks, workers bool
	if err := conn.QueryRow(ctx, `SELECT to_regclass('chunk') IS NOT NULL, to_regclass('worker') IS NOT NULL`).Scan(&chunks, &workers); err != nil {
		return nil, fmt.Errorf("look for workers: %w", err)
	}
	const now = `(extract(epoch FROM clock_timestamp()) * 1000)::bigint`
	var parts []string
	if chunks {
		parts = append(parts, `SELECT owner FROM chunk WHERE state = 0 AND owner <> '' AND until > `+now)
	}
	if workers {
		parts = append(parts, `SELECT name FROM worker WHERE until > `+now)
	}
	if len(parts) == 0 {
		return nil, nil
	}
	err = conn.QueryRow(ctx, `SELECT coalesce(array_agg(owner ORDER BY owner), '{}') FROM (`+strings.Join(parts, ` UNION `)+`) AS w (owner)`).Scan(&names)
	if err != nil {
		return nil, fmt.Errorf("look for workers: %w", err)
	}
	return names, nil
}
