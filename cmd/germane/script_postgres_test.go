package main

import (
	"context"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/rogpeppe/go-internal/testscript"

	"germane/internal/engines"
)

// waitForWorkers returns when so many processes work on a script's database: workers 2
func waitForWorkers(script *testscript.TestScript, negated bool, args []string) {
	if negated || len(args) != 1 {
		script.Fatalf("usage: workers N")
	}
	want, err := strconv.Atoi(args[0])
	script.Check(err)
	s, err := engines.At(script.Getenv("GERMANE_DATABASE"))
	script.Check(err)
	defer s.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	look := time.NewTicker(50 * time.Millisecond)
	defer look.Stop()
	for {
		live, err := s.LiveWorkers(ctx, time.Now())
		script.Check(err)
		if len(live) == want {
			return
		}
		select {
		case <-look.C:
		case <-ctx.Done():
			script.Fatalf("%d workers are live, want %d", len(live), want)
		}
	}
}

// changeForm makes a script's database look like an older germane's, or as it was: form older, form newest.
func changeForm(script *testscript.TestScript, negated bool, args []string) {
	statements := map[string]string{
		"older":  `DELETE FROM goose_db_version WHERE version_id = (SELECT max(version_id) FROM goose_db_version)`,
		"newest": `INSERT INTO goose_db_version (version_id, is_applied) SELECT max(version_id) + 1, true FROM goose_db_version`,
	}
	if negated || len(args) != 1 || statements[args[0]] == "" {
		script.Fatalf("usage: form older|newest")
	}
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, script.Getenv("GERMANE_DATABASE"))
	script.Check(err)
	defer conn.Close(ctx)
	_, err = conn.Exec(ctx, statements[args[0]])
	script.Check(err)
}

// backUp copies a script's database, and sets BACKUP to the copy's address.
func backUp(script *testscript.TestScript, negated bool, args []string) {
	if negated || len(args) != 0 {
		script.Fatalf("usage: backup")
	}
	copied, err := url.Parse(script.Getenv("GERMANE_DATABASE"))
	script.Check(err)
	server, name := *copied, strings.Trim(copied.Path, "/")
	server.Path, copied.Path = "/postgres", "/"+name+"_backup"
	administer := func(statement string) {
		ctx := context.Background()
		conn, err := pgx.Connect(ctx, server.String())
		script.Check(err)
		defer conn.Close(ctx)
		_, err = conn.Exec(ctx, statement)
		script.Check(err)
	}
	administer(`CREATE DATABASE ` + name + `_backup TEMPLATE ` + name)
	script.Defer(func() { administer(`DROP DATABASE ` + name + `_backup WITH (FORCE)`) })
	script.Setenv("BACKUP", copied.String())
}
