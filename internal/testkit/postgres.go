//go:build unix

package testkit

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// cluster is the one Postgres of a test's process, and made how many databases it has: starting one for each test would take longer than most of them.
var (
	cluster = sync.OnceValues(startPostgres)
	made    atomic.Int64
)

// Postgres returns the address of an empty database, which ends with the test, in a Postgres that ends with the process. It answers on
// a socket in a folder of its own, does not wait for the disk, and sorts texts as no program does, so that whoever relies on the
// order of bytes must say so.
func Postgres(t testing.TB) (dsn string) {
	t.Helper()
	server, err := cluster()
	if errors.Is(err, fs.ErrNotExist) {
		Missing(t, "postgresql")
	}
	if err != nil {
		t.Fatal(err)
	}
	name := fmt.Sprint("test", made.Add(1))
	server.administer(t, `CREATE DATABASE `+name)
	t.Cleanup(func() { server.administer(t, `DROP DATABASE `+name+` WITH (FORCE)`) })
	return server.address(name)
}

// postgres is a cluster that runs.
type postgres struct {
	bin, folder string
	port        string              // of its socket, and of the network where it listens there
	as          *syscall.Credential // nil: it runs as we do
	shell       *exec.Cmd
	life        io.WriteCloser // the pipe on which its life hangs: it closes with this process, or when nobody holds it any more
}

func (p *postgres) address(database string) string {
	return "host=" + p.folder + " port=" + p.port + " user=postgres sslmode=disable dbname=" + database
}

func (p *postgres) administer(t testing.TB, statement string) {
	t.Helper()
	ctx := context.Background() // the test's own is over when it is cleaned up
	conn, err := pgx.Connect(ctx, p.address("postgres"))
	if err == nil {
		defer conn.Close(ctx)
		_, err = conn.Exec(ctx, statement)
	}
	if err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

// startPostgres makes a cluster and starts it.
func startPostgres() (*postgres, error) {
	server, err := newPostgres()
	if err != nil {
		return nil, err
	}
	return server, server.start("-c", "listen_addresses=", "-c", "fsync=off", "-c", "full_page_writes=off", "-c", "max_connections=200")
}

// newPostgres makes a cluster. Postgres refuses to run as root, which tests on a machine of their own often are.
func newPostgres() (*postgres, error) {
	bin, err := postgresPrograms()
	if err != nil {
		return nil, err
	}
	p := &postgres{bin: bin, port: "5432"}
	if p.folder, err = os.MkdirTemp("", "germane-postgres-"); err != nil {
		return nil, err
	}
	if os.Geteuid() == 0 {
		if p.as, err = userPostgres(); err == nil {
			err = os.Chown(p.folder, int(p.as.Uid), int(p.as.Gid))
		}
		if err != nil {
			return nil, err
		}
	}
	initdb := exec.Command(filepath.Join(bin, "initdb"), "-D", p.folder+"/data", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync",
		"--locale=C.UTF-8", "--locale-provider=icu", "--icu-locale=en")
	initdb.Dir, initdb.SysProcAttr = p.folder, &syscall.SysProcAttr{Credential: p.as}
	if out, err := initdb.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("initdb: %w\n%s", err, out)
	}
	return p, nil
}

// postgresPrograms finds the newest Postgres; Debian keeps them off the path.
func postgresPrograms() (folder string, err error) {
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/postgres")
	if err != nil {
		return "", err
	}
	if path, err := exec.LookPath("postgres"); err == nil && len(found) == 0 {
		return filepath.Dir(path), nil
	}
	if len(found) == 0 {
		return "", fs.ErrNotExist
	}
	version := func(path string) int {
		n, _ := strconv.Atoi(strings.Split(path, "/")[4]) // anything else is older
		return n
	}
	slices.SortFunc(found, func(a, b string) int { return version(b) - version(a) })
	return filepath.Dir(found[0]), nil
}

func userPostgres() (*syscall.Credential, error) {
	u, err := user.Lookup("postgres")
	if err != nil {
		return nil, err
	}
	uid, err := strconv.ParseUint(u.Uid, 10, 32)
	gid, err2 := strconv.ParseUint(u.Gid, 10, 32)
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, errors.Join(err, err2)
}

// start starts the server under a shell that ends it, and takes its folder away, when this process is gone: whichever way that is. Told
// a word, the shell leaves the folder.
func (p *postgres) start(options ...string) (err error) {
	const script = `server=$0 folder=$1 port=$2; shift 2
		"$server" -D "$folder/data" -k "$folder" -p "$port" "$@" >>"$folder/log" 2>&1 & server=$!
		read -r keep; kill -QUIT $server; wait $server; cd /; [ "$keep" ] || rm -rf "$folder"`
	p.shell = exec.Command("sh", append([]string{"-c", script, filepath.Join(p.bin, "postgres"), p.folder, p.port}, options...)...)
	p.shell.Dir, p.shell.SysProcAttr = p.folder, &syscall.SysProcAttr{Credential: p.as, Setpgid: true}
	if p.life, err = p.shell.StdinPipe(); err != nil {
		return err
	}
	if err := p.shell.Start(); err != nil {
		return err
	}
	return p.await()
}

func (p *postgres) await() error {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	retry := time.NewTicker(20 * time.Millisecond)
	defer retry.Stop()
	for {
		conn, err := pgx.Connect(ctx, p.address("postgres"))
		if err == nil {
			return conn.Close(ctx)
		}
		select {
		case <-retry.C:
		case <-ctx.Done():
			log, _ := os.ReadFile(p.folder + "/log") // what is missing is not the problem
			return fmt.Errorf("postgres has not started: %w\n%s", err, log)
		}
	}
}
