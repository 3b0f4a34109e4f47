package workspace

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"germane/internal/document"
	"germane/internal/finding"
)

// StoredFile is a file of the workspace as it was read.
type StoredFile struct {
	Name string // slash-separated, relative to the workspace
	Data []byte
}

// folder is a place for files of one kind.
type folder struct {
	name       string
	what       string   // of one file, for findings
	extensions []string // in order of preference; empty: any
	maxBytes   int64
	fields     bool // names are those of fields (data.NAME), not of files
}

const (
	maxText  = 1 << 20
	maxData  = 8 << 20
	maxAsset = 5 << 20
)

var folders = []folder{
	{name: "layouts", what: "a layout", extensions: []string{".html"}, maxBytes: maxText},
	{name: "templates", what: "a template", extensions: []string{".md", ".html"}, maxBytes: maxText},
	{name: "blocks", what: "a block", extensions: []string{".md", ".html"}, maxBytes: maxText},
	{name: "campaigns", what: "a campaign", extensions: []string{".yaml"}, maxBytes: maxText},
	{name: "personas", what: "a persona", extensions: []string{".yaml"}, maxBytes: maxText},
	{name: "data", what: "a data file", extensions: []string{".yaml", ".json", ".csv"}, maxBytes: maxData, fields: true},
}

// rootFiles stand beside germane.yaml; otherFolders are part of a workspace but not of its content.
var (
	rootFiles    = []string{"germane.yaml", "attributes.yaml", "events.yaml", "segments.yaml"}
	otherFolders = []string{"assets", "snapshots", "people"}
)

// Folders returns the names of the folders whose files make a workspace's content: what a program watches that shows it.
func Folders() []string {
	names := []string{"assets"}
	for _, f := range folders {
		names = append(names, f.name)
	}
	return names
}

// source is a text file of one of the folders.
type source struct {
	name      string // without folder and extension
	extension string
	file      *finding.File
}

// scanner reads the files of a workspace and keeps what it read.
type scanner struct {
	fsys    fs.FS
	r       document.Reader
	stored  []StoredFile
	allowed finding.Allowances
	names   map[string][]string // by folder: of every file, those that could not be read too
}

// about makes a finding about a file as a whole.
func about(name string, code finding.Code, text, hint string) finding.Finding {
	return finding.Finding{File: name, Line: 1, Column: 1, Code: code, Severity: finding.SeverityOf(code), Text: text, Hint: hint, Width: 1}
}

// bytes reads a file up to a limit; ok is false, with a finding, when that is not possible.
func (s *scanner) bytes(name string, limit int64) (data []byte, ok bool) {
	info, err := fs.Stat(s.fsys, name) // before opening: opening a pipe would wait for its other end
	if err != nil {
		s.unreadable(name, err)
		return nil, false
	}
	if !info.Mode().IsRegular() {
		s.r.Add(about(name, "unknown-file", "this is not a file", "a workspace is made of plain files"))
		return nil, false
	}
	file, err := s.fsys.Open(name)
	if err != nil {
		s.unreadable(name, err)
		return nil, false
	}
	defer file.Close()
	data, err = io.ReadAll(io.LimitReader(file, limit+1))
	switch {
	case err != nil:
		s.unreadable(name, err)
		return nil, false
	case int64(len(data)) > limit:
		s.r.Add(about(name, "file-too-large", fmt.Sprintf("this file is larger than %d kB", limit>>10), "make it smaller, or keep it outside the workspace"))
		return nil, false
	}
	s.stored = append(s.stored, StoredFile{Name: name, Data: data})
	return data, true
}

func (s *scanner) unreadable(name string, err error) {
	var pathError *fs.PathError
	if errors.As(err, &pathError) {
		err = pathError.Err
	}
	s.r.Add(about(name, "cannot-read", "this file cannot be read: "+err.Error(), "check its permissions; a link must stay inside the workspace"))
}

// text reads a file as UTF-8 and notes its allowances.
func (s *scanner) text(name string, limit int64) (*finding.File, bool) {
	data, ok := s.bytes(name, limit)
	if !ok {
		return nil, false
	}
	file := finding.NewFile(name, strings.TrimPrefix(string(data), "\uFEFF"))
	if at, problem := notText(file.Text); problem != "" {
		s.r.Add(file.At(at, at+1, "not-text", problem, "save the file as UTF-8"))
		return nil, false
	}
	s.r.Findings = append(s.r.Findings, s.allowed.Read(file)...)
	return file, true
}

// notText finds what no UTF-8 text contains.
func notText(text string) (at int, problem string) {
	if strings.HasPrefix(text, "\xff\xfe") || strings.HasPrefix(text, "\xfe\xff") {
		return 0, "this file is UTF-16, not UTF-8"
	}
	if at := strings.IndexByte(text, 0); at >= 0 {
		return at, "this file contains a zero byte, so it is not text"
	}
	if utf8.ValidString(text) {
		return 0, ""
	}
	for at < len(text) {
		r, size := utf8.DecodeRuneInString(text[at:])
		if r == utf8.RuneError && size == 1 {
			break
		}
		at += size
	}
	return at, "this file is not UTF-8 text from here on"
}

// folder reads the text files of a folder, in the order of their names.
func (s *scanner) folder(f folder) []source {
	entries, err := fs.ReadDir(s.fsys, f.name)
	if err != nil {
		if !errors.Is(err, fs.ErrNotExist) {
			s.unreadable(f.name, err)
		}
		return nil
	}
	var sources []source
	seen := map[string]string{}
	for _, entry := range entries {
		name := path.Join(f.name, entry.Name())
		if ignored(entry.Name()) || !s.belongs(f, name, entry) {
			continue
		}
		extension := path.Ext(name)
		stem := strings.TrimSuffix(entry.Name(), extension)
		if !s.goodName(f, name, stem, extension) {
			continue
		}
		if first, twice := seen[stem]; twice {
			s.r.Add(about(name, "duplicate-name", fmt.Sprintf("%s is %s %q already", first, f.what, stem), "rename or delete one of the two files"))
			continue
		}
		seen[stem] = name
		s.names[f.name] = append(s.names[f.name], stem)
		if file, ok := s.text(name, f.maxBytes); ok {
			sources = append(sources, source{stem, extension, file})
		}
	}
	return sources
}

// ignored reports files that editors and systems leave lying about.
func ignored(name string) bool {
	return strings.HasPrefix(name, ".") || strings.HasSuffix(name, "~") || strings.HasPrefix(name, "#")
}

// belongs reports an entry that its folder does not read.
func (s *scanner) belongs(f folder, name string, entry fs.DirEntry) bool {
	if entry.IsDir() {
		s.r.Add(about(name, "unknown-file", "folders inside "+f.name+"/ are not read", "move its files up into "+f.name+"/"))
		return false
	}
	extension := path.Ext(name)
	if slices.Contains(f.extensions, extension) {
		return true
	}
	hint := fmt.Sprintf("%s is a file NAME%s", f.what, strings.Join(f.extensions, " or NAME"))
	if other := folderFor(extension, f.name); other != "" {
		hint += "; did you mean to put it into " + other + "?"
	}
	found := about(name, "unknown-file", fmt.Sprintf("%s/ does not read files that end in %q", f.name, extension), hint)
	s.r.Findings = append(s.r.Findings, s.allowUnknown(name, found)...)
	return false
}

// folderFor guesses where a file with an extension was meant to be.
func folderFor(extension, not string) string {
	switch extension {
	case ".png", ".jpg", ".jpeg", ".gif", ".svg", ".webp":
		return "assets/"
	case ".csv", ".json":
		return "data/"
	case ".jsonl":
		return "people/"
	case ".md":
		if not != "templates" && not != "blocks" {
			return "templates/ or blocks/"
		}
	}
	return ""
}

// allowUnknown looks for an allowance in a file that is otherwise not read.
func (s *scanner) allowUnknown(name string, found finding.Finding) []finding.Finding {
	info, err := fs.Stat(s.fsys, name)
	if err != nil || !info.Mode().IsRegular() || info.Size() > maxText {
		return []finding.Finding{found}
	}
	data, err := fs.ReadFile(s.fsys, name)
	if err != nil || !utf8.Valid(data) {
		return []finding.Finding{found}
	}
	return append(s.allowed.Read(finding.NewFile(name, string(data))), found)
}

var languageForm = regexp.MustCompile(`^[a-z0-9][a-z0-9-]*\.[a-z]{2,3}(?:-[A-Za-z0-9]{2,4})?$`)

func (s *scanner) goodName(f folder, name, stem, extension string) bool {
	switch {
	case languageForm.MatchString(stem):
		s.r.Add(about(name, "reserved", "names with a language are kept for messages in several languages, which this version cannot send yet",
			"to keep it as a message of its own, name it "+strings.ReplaceAll(stem, ".", "-")+extension))
	case f.fields && !fieldForm.MatchString(stem):
		s.r.Add(about(name, "bad-name", fmt.Sprintf("%q cannot be the name of %s: templates call it data.NAME", stem, f.what), "use small letters, digits and _, at most 64, starting with a letter: articles"+extension))
	case !f.fields && !document.ValidName(stem):
		s.r.Add(about(name, "bad-name", fmt.Sprintf("%q cannot be the name of %s", stem, f.what), "use small letters, digits and -, at most 64, starting with a letter or digit: trial-ending"+extension))
	default:
		return true
	}
	return false
}

var fieldForm = regexp.MustCompile(`^[a-z][a-z0-9_]{0,63}$`)

// assets reads everything below assets/; names keep their folders.
func (s *scanner) assets() []StoredFile {
	start := len(s.stored)
	err := fs.WalkDir(s.fsys, "assets", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil && !errors.Is(err, fs.ErrNotExist):
			s.unreadable(name, err)
		case err != nil || entry.IsDir():
			if name != "assets" && entry != nil && ignored(entry.Name()) {
				return fs.SkipDir
			}
		case !ignored(entry.Name()):
			s.bytes(name, maxAsset)
		}
		return nil
	})
	if err != nil {
		s.unreadable("assets", err)
	}
	return slices.Clone(s.stored[start:])
}

// strays reports files and folders beside germane.yaml whose names are almost those that are read.
func (s *scanner) strays() {
	entries, err := fs.ReadDir(s.fsys, ".")
	if err != nil {
		s.unreadable(".", err)
		return
	}
	known := slices.Concat(rootFiles, otherFolders)
	for _, f := range folders {
		known = append(known, f.name)
	}
	for _, entry := range entries {
		name := entry.Name()
		if ignored(name) || slices.Contains(known, name) {
			continue
		}
		near := finding.Nearest(strings.TrimSuffix(name, path.Ext(name)), stems(known, entry.IsDir()))
		switch {
		case near != "" && entry.IsDir():
			s.r.Add(about(name, "unknown-file", "a workspace has no folder "+name+"/", "did you mean "+near+"/?"))
		case near != "" && (path.Ext(name) == ".yaml" || path.Ext(name) == ".yml"):
			found := about(name, "unknown-file", "a workspace has no file of this name", "did you mean "+near+".yaml?")
			s.r.Findings = append(s.r.Findings, s.allowUnknown(name, found)...)
		}
	}
}

// stems returns the known folders, or the known files without their extension.
func stems(known []string, ofFolders bool) []string {
	var names []string
	for _, name := range known {
		if stem, isFile := strings.CutSuffix(name, ".yaml"); isFile != ofFolders {
			names = append(names, stem)
		}
	}
	return names
}

// hash is a workspace's content hash: SHA-256 over names and contents in the order of names, each preceded by its length.
func hash(files []StoredFile) string {
	slices.SortFunc(files, func(a, b StoredFile) int { return strings.Compare(a.Name, b.Name) })
	h := sha256.New()
	var length [8]byte
	for _, f := range files {
		for _, part := range [][]byte{[]byte(f.Name), f.Data} {
			binary.BigEndian.PutUint64(length[:], uint64(len(part)))
			h.Write(length[:])
			h.Write(part)
		}
	}
	return hex.EncodeToString(h.Sum(nil))
}
