package main

import (
	"cmp"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"germane/workspace"
)

// databasePasswordVariable holds the password of postgres://USER@HOST/NAME; NAME_FILE names a file instead.
const databasePasswordVariable = "GERMANE_DATABASE_PASSWORD"

// home is where a workspace's data is.
type home struct {
	// Name is how people read it: the file, or the address without its password.
	Name string
	// Postgres is the address as it was written; "": it is an SQLite file.
	Postgres string
	// Beside is what the names of files begin with that belong to the database and are not in it. makeRoom makes their folder.
	Beside string
	// Options are those of Postgres's own programs that say the same as the address, for hints; Database is what it calls this one.
	Options, Database string
}

// privateFolder holds, for a workspace whose data is in Postgres, what SQLite's databases have beside their file.
const privateFolder = ".germane"

func homeOf(o *options, w *workspace.Workspace) home {
	config := w.Config.Database
	if config.Postgres == "" {
		file := below(o.dir, config.File)
		return home{Name: file, Beside: file}
	}
	h := home{Name: "postgres://", Postgres: config.Postgres, Beside: filepath.Join(o.dir, privateFolder, "postgres")}
	u, err := url.Parse(config.Postgres)
	if err != nil {
		return h // it is a finding
	}
	query := u.Query()
	host := cmp.Or(u.Host, query.Get("host"))
	user := cmp.Or(u.User.Username(), query.Get("user"))
	h.Database = cmp.Or(strings.Trim(u.Path, "/"), query.Get("dbname"))
	h.Name = (&url.URL{Scheme: "postgres", User: userOnly(user), Host: u.Host, Path: "/" + h.Database}).String()
	if u.Host == "" && host != "" {
		h.Name += "?host=" + host
	}
	h.Options = option("host", cmp.Or(u.Hostname(), query.Get("host"))) + option("port", cmp.Or(u.Port(), query.Get("port"))) + option("owner", user)
	h.Beside = filepath.Join(o.dir, privateFolder, fileName(host+"-"+h.Database))
	return h
}

func option(name, value string) string {
	if value == "" {
		return ""
	}
	return " --" + name + "=" + value
}

func userOnly(name string) *url.Userinfo {
	if name == "" {
		return nil
	}
	return url.User(name)
}

// fileName keeps of a text what may stand in the name of a file anywhere.
func fileName(text string) string {
	return strings.Trim(strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '.' || r == '_' {
			return r
		}
		return '-'
	}, text), "-.")
}

// dial returns the address with the password of the environment, if it is there.
func (h *home) dial(sys *system) (string, error) {
	password, err := sys.secret(databasePasswordVariable)
	if err != nil || password == "" {
		return h.Postgres, err
	}
	u, err := url.Parse(h.Postgres)
	if err != nil {
		return "", errors.New("the database's address cannot be read") // what it says may be a password
	}
	if _, has := u.User.Password(); has || u.Query().Has("password") {
		return "", usageError{hint(fmt.Errorf("%s is set, and the database's address has a password, too", databasePasswordVariable), "leave one of them out")}
	}
	if u.User == nil {
		query := u.Query() // the user is the address's query's, PGUSER, or who runs this
		query.Set("password", password)
		u.RawQuery = query.Encode()
		return u.String(), nil
	}
	u.User = url.UserPassword(u.User.Username(), password)
	return u.String(), nil
}

// there reports whether a database can be there without being made: a server is asked by whoever opens it.
func (h *home) there() bool { return h.Postgres != "" || isFile(h.Beside) }

// makeRoom makes the folder for files beside a database.
func (h *home) makeRoom() error {
	if h.Postgres == "" {
		return nil // the file's own
	}
	return os.MkdirAll(filepath.Dir(h.Beside), 0o700)
}

// disk is a folder on the disk that fills while mail is sent from here: the database's, or the outbox's, or else the workspace's.
func (h *home) disk(o *options, w *workspace.Workspace) string {
	if h.Postgres == "" {
		return filepath.Dir(h.Beside)
	}
	if w.Config.Delivery.Scheme == "outbox" {
		outbox := below(o.dir, w.Config.Delivery.Folder)
		if info, err := os.Stat(outbox); err == nil && info.IsDir() {
			return outbox
		}
	}
	return o.dir
}
