package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing/fstest"

	"germane/internal/finding"
	"germane/store"
	"germane/workspace"
)

// revision is the workspace as it was.
type revision struct {
	Name  string // as it was asked for, with what it came to: main (git 1a2b3c4d5e6f)
	files fs.FS
}

var versionForm = regexp.MustCompile(`^[0-9a-fA-F]{4,64}$`)

// openRevision finds what a word names: a revision of git, or a version that was deployed, by the beginning of its hash.
func openRevision(ctx context.Context, sys *system, o *options, w *workspace.Workspace, name string) (*revision, error) {
	commit, gitErr := gitCommit(ctx, o.dir, name)
	if gitErr == nil {
		files, err := gitFiles(ctx, o.dir, commit)
		if err != nil {
			return nil, fmt.Errorf("read %s from git: %w", name, err)
		}
		return &revision{fmt.Sprintf("%s (git %.12s)", name, commit), files}, nil
	}
	if h := homeOf(o, w); versionForm.MatchString(name) && h.there() {
		if r, err := openVersion(ctx, sys, o, w, name); r != nil || err != nil {
			return r, err
		}
	}
	return nil, hint(fmt.Errorf("there is no revision %s: %w", name, gitErr), "name a branch, tag or commit of git, such as main or HEAD~1, or a version that was deployed, by its hash")
}

// openVersion returns nil when no version is called so.
func openVersion(ctx context.Context, sys *system, o *options, w *workspace.Workspace, beginning string) (*revision, error) {
	s, err := openDatabase(ctx, sys, o, w)
	if err != nil {
		return nil, err
	}
	defer s.Close()
	hashes, err := s.VersionsStarting(ctx, strings.ToLower(beginning))
	switch {
	case err != nil || len(hashes) == 0:
		return nil, err
	case len(hashes) > 1:
		return nil, hint(fmt.Errorf("several versions begin with %s", beginning), "write more of the hash")
	}
	version, err := s.Version(ctx, hashes[0])
	if err != nil {
		return nil, err
	}
	return &revision{fmt.Sprintf("version %.12s", version.Hash), filesOf(version)}, nil
}

func filesOf(v *store.Version) fs.FS {
	files := fstest.MapFS{}
	for name, data := range v.Files {
		files[name] = &fstest.MapFile{Data: data}
	}
	return files
}

// load compiles the workspace as it was, with the environment of now.
func (r *revision) load(sys *system) (*workspace.Workspace, error) {
	w, findings := workspace.Load(r.files, sys.variables())
	if w != nil && !finding.HasErrors(findings) {
		return w, nil
	}
	if err := finding.WriteText(sys.stderr, findings, false); err != nil {
		return nil, err
	}
	return nil, hint(fmt.Errorf("the workspace of %s has mistakes, so nobody got mail of it", r.Name), "compare with another revision")
}

// gitOutput is how much git may say before it is cut off; gitFolder how much a workspace may hold.
const (
	gitOutput = 16 << 20
	gitFolder = 256 << 20
)

// git prepares a command that only reads: it asks nobody, fetches nothing and changes nothing.
func git(ctx context.Context, dir string, args ...string) *exec.Cmd {
	c := exec.CommandContext(ctx, "git", append([]string{"-C", dir, "--no-pager", "--literal-pathspecs"}, args...)...)
	c.Env = append(os.Environ(), "GIT_OPTIONAL_LOCKS=0", "GIT_TERMINAL_PROMPT=0", "GIT_NO_LAZY_FETCH=1", "GIT_NO_REPLACE_OBJECTS=1", "LC_ALL=C")
	return c
}

var commitForm = regexp.MustCompile(`^[0-9a-f]{40}([0-9a-f]{24})?$`)

// gitCommit finds the commit that a name means. A name cannot be an option: git is told where its options end, and those that look
// like one are refused.
func gitCommit(ctx context.Context, dir, name string) (string, error) {
	if name == "" || strings.HasPrefix(name, "-") || strings.ContainsAny(name, "\x00\n") {
		return "", errors.New("it cannot be the name of a revision")
	}
	out, err := gitAnswer(git(ctx, dir, "rev-parse", "--verify", "--quiet", "--end-of-options", name+"^{commit}"))
	commit := strings.TrimSpace(string(out))
	var said gitError
	switch {
	case errors.Is(err, exec.ErrNotFound):
		return "", errors.New("git is not installed")
	case errors.As(err, &said) && said.text != "": // no repository, or one that git does not trust
		return "", said
	case err != nil || !commitForm.MatchString(commit):
		return "", errors.New("git knows none")
	}
	return commit, nil
}

// gitError is what git said when it failed.
type gitError struct {
	error
	text string
}

func (e gitError) Error() string { return "git says: " + e.text }

// gitAnswer runs a command whose answer is bounded.
func gitAnswer(c *exec.Cmd) ([]byte, error) {
	var said bytes.Buffer
	c.Stderr = &limitedWriter{to: &said, left: 4096}
	out, err := c.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := c.Start(); err != nil {
		return nil, err
	}
	data, readErr := io.ReadAll(io.LimitReader(out, gitOutput+1))
	if len(data) > gitOutput {
		_ = c.Process.Kill()
		_ = c.Wait()
		return nil, errors.New("git says too much")
	}
	if err := c.Wait(); err != nil {
		text, _, _ := strings.Cut(strings.TrimSpace(said.String()), "\n")
		return nil, gitError{err, text}
	}
	return data, readErr
}

// limitedWriter keeps the beginning of what is written.
type limitedWriter struct {
	to   *bytes.Buffer
	left int
}

func (l *limitedWriter) Write(p []byte) (int, error) {
	n := min(len(p), l.left)
	l.left -= n
	l.to.Write(p[:n])
	return len(p), nil
}

// gitFiles reads the files of the workspace in a commit, as git keeps them: no filters run, links are not followed.
func gitFiles(ctx context.Context, dir, commit string) (fs.FS, error) {
	list, err := gitAnswer(git(ctx, dir, "ls-tree", "-r", "-z", "-l", commit))
	if err != nil {
		return nil, err
	}
	var names, objects []string
	total := int64(0)
	for entry := range strings.SplitSeq(strings.TrimRight(string(list), "\x00"), "\x00") {
		about, name, ok := strings.Cut(entry, "\t")
		fields := strings.Fields(about) // mode, type, object, size
		if !ok || len(fields) != 4 || fields[1] != "blob" || !strings.HasPrefix(fields[0], "100") || !isContent(name) {
			continue
		}
		size, err := strconv.ParseInt(fields[3], 10, 64)
		if err != nil || !commitForm.MatchString(fields[2]) {
			return nil, fmt.Errorf("git lists %q", about)
		}
		if total += size; total > gitFolder {
			return nil, errors.New("the workspace is too large")
		}
		names, objects = append(names, name), append(objects, fields[2])
	}
	return gitBlobs(ctx, dir, names, objects)
}

// isContent says whether a file is one that a workspace reads.
func isContent(name string) bool {
	folder, _, below := strings.Cut(name, "/")
	if !below {
		return path.Ext(name) == ".yaml"
	}
	return fs.ValidPath(name) && slices.Contains(workspace.Folders(), folder)
}

// gitBlobs reads objects. What each is called comes from git's list, and how long it is from git's answer.
func gitBlobs(ctx context.Context, dir string, names, objects []string) (fs.FS, error) {
	files := fstest.MapFS{}
	c := git(ctx, dir, "cat-file", "--batch")
	c.Stdin = strings.NewReader(strings.Join(append(objects, ""), "\n"))
	out, err := c.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := c.Start(); err != nil {
		return nil, err
	}
	in := bufio.NewReader(io.LimitReader(out, gitFolder+gitOutput))
	for i, name := range names {
		data, err := gitBlob(in, objects[i])
		if err != nil {
			_ = c.Process.Kill()
			_ = c.Wait()
			return nil, fmt.Errorf("read %s: %w", name, err)
		}
		files[name] = &fstest.MapFile{Data: data}
	}
	if err := c.Wait(); err != nil {
		return nil, fmt.Errorf("git cat-file: %w", err)
	}
	return files, nil
}

func gitBlob(in *bufio.Reader, object string) ([]byte, error) {
	line, err := in.ReadString('\n')
	if err != nil {
		return nil, err
	}
	fields := strings.Fields(line) // object, type, size
	if len(fields) != 3 || fields[0] != object || fields[1] != "blob" {
		return nil, errors.New("git does not have it")
	}
	size, err := strconv.ParseInt(fields[2], 10, 64)
	if err != nil || size < 0 || size > gitFolder {
		return nil, errors.New("git says how long it is wrongly")
	}
	data := make([]byte, size+1) // with the line break behind it
	if _, err := io.ReadFull(in, data); err != nil {
		return nil, err
	}
	return data[:size], nil
}
