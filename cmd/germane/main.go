// Command germane compiles personalised e-mail, proves who can see what, sends it once and measures whether it helped.
//
// main only wires: it parses the command line, runs one command and turns its error into an exit code. Each command is a file of
// its own. Data goes to stdout, talk to stderr.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"
	_ "time/tzdata" // zones work on machines that have none

	"germane/internal/finding"
)

// Exit codes, the same for every command.
const (
	exitOK          = 0
	exitFailed      = 1
	exitUsage       = 2
	exitFindings    = 3
	exitGuard       = 4 // something that keeps mail from going wrong refused
	exitInterrupted = 130
)

// system is what a command may touch of the world around it.
type system struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	color          bool // stdout is a terminal that shows colours
	environment    []string
	now            func() time.Time
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	code := run(ctx, os.Args[1:], &system{
		stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr, color: showsColor(os.Stdout), environment: os.Environ(), now: time.Now,
	})
	stop()
	os.Exit(code)
}

// run executes one command line and returns its exit code.
func run(ctx context.Context, args []string, sys *system) int {
	root := newRoot(sys)
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	switch {
	case err == nil:
		return exitOK
	case errors.Is(err, context.Canceled):
		return exitInterrupted
	}
	var found foundError
	if errors.As(err, &found) {
		return exitFindings
	}
	fmt.Fprintf(sys.stderr, "germane: error: %v\n", err)
	var hinted hintError
	if errors.As(err, &hinted) && hinted.hint != "" {
		fmt.Fprintf(sys.stderr, "germane: hint: %s\n", hinted.hint)
	}
	var usage usageError
	var guard guardError
	switch {
	case errors.As(err, &usage):
		return exitUsage
	case errors.As(err, &guard):
		return exitGuard
	}
	return exitFailed
}

// showsColor reports whether a file is a terminal; NO_COLOR (no-color.org) and TERM=dumb turn colours off.
func showsColor(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0 && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
}

// foundError says that findings were printed: there is nothing more to say.
type foundError struct{ findings []finding.Finding }

func (foundError) Error() string { return "the workspace has findings" }

// hintError is an error with what to type next.
type hintError struct {
	error
	hint string
}

func (e hintError) Unwrap() error { return e.error }

// hint adds what to type next to an error.
func hint(err error, text string) error { return hintError{err, text} }

// usageError is a command line that cannot be understood.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

// guardError is a refusal by something that keeps mail from going wrong: the database went back in time, nothing is armed.
type guardError struct{ error }

func (e guardError) Unwrap() error { return e.error }

// printJSON prints data for programs, indented, because people read it too.
func printJSON(out io.Writer, v any) error {
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(v)
}
