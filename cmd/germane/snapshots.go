package main

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"germane/audience"
	"germane/render"
	"germane/workspace"
)

// snapshot is what one persona got of a template. In a file, names of personas stand at the beginning of a line and all else is
// indented, so that `git diff` names the persona above each change.
type snapshot struct {
	persona string
	lines   []string
}

// snapshotFile is snapshots/TEMPLATE.txt: what all personas get of a template, at one time. The time stays as it is in the file, else
// what was observed would get old and the snapshots would change by themselves.
type snapshotFile struct {
	template string
	at       time.Time
	list     []snapshot
}

const (
	snapshotFolder = "snapshots"
	snapshotHead   = "# What each persona gets of "
	snapshotTime   = "# Seen at "
)

// snapshotName is the file of a template's snapshots.
func snapshotName(template string) string { return snapshotFolder + "/" + template + ".txt" }

// bytes writes the file.
func (f *snapshotFile) bytes() []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s%s. germane test compares, germane test --update rewrites this file.\n", snapshotHead, f.template)
	fmt.Fprintf(&b, "%s%s; germane test --update --at TIME moves it.\n", snapshotTime, f.at.UTC().Format(time.RFC3339))
	for _, s := range f.list {
		fmt.Fprintf(&b, "\n%s\n", s.persona)
		for _, line := range s.lines {
			b.WriteString(line + "\n")
		}
	}
	return b.Bytes()
}

// readSnapshots reads a file as bytes writes it; anybody may have changed it meanwhile. ok says that it has a time.
func readSnapshots(template string, data []byte) (f *snapshotFile, ok bool) {
	f = &snapshotFile{template: template}
	for line := range strings.SplitSeq(strings.TrimRight(strings.ReplaceAll(string(data), "\r\n", "\n"), "\n"), "\n") {
		switch last := len(f.list) - 1; {
		case strings.HasPrefix(line, snapshotTime):
			text, _, _ := strings.Cut(strings.TrimPrefix(line, snapshotTime), ";")
			at, err := time.Parse(time.RFC3339, text)
			f.at, ok = at, err == nil
		case strings.HasPrefix(line, "#"):
		case line != "" && line[0] != ' ':
			f.list = append(f.list, snapshot{persona: line})
		case last >= 0:
			f.list[last].lines = append(f.list[last].lines, line)
		}
	}
	for i := range f.list {
		f.list[i].lines = withoutBlankEnd(f.list[i].lines)
	}
	return f, ok
}

func withoutBlankEnd(lines []string) []string {
	for len(lines) > 0 && lines[len(lines)-1] == "" {
		lines = lines[:len(lines)-1]
	}
	return lines
}

// of returns what a persona got.
func (f *snapshotFile) of(persona string) (*snapshot, bool) {
	i := slices.IndexFunc(f.list, func(s snapshot) bool { return s.persona == persona })
	if i < 0 {
		return nil, false
	}
	return &f.list[i], true
}

// takeSnapshots renders a template for every persona.
func takeSnapshots(w *workspace.Workspace, message *render.Message, at time.Time) (*snapshotFile, error) {
	f := &snapshotFile{template: message.Name, at: at}
	for _, persona := range w.Personas {
		s, err := takeSnapshot(message, persona, at)
		if err != nil {
			return nil, fmt.Errorf("%s for %s: %w", message.Name, persona.Name, err)
		}
		f.list = append(f.list, s)
	}
	return f, nil
}

// snapshotBase stands for public_url, which is another one on every machine.
const snapshotBase = "https://public-url.invalid"

func takeSnapshot(message *render.Message, persona *workspace.Persona, at time.Time) (snapshot, error) {
	p := persona.Person
	seen := &view{message: message, person: p, now: at, decoded: &audience.Decoded{}}
	if err := message.Selection.Decode(p.Stored(at), at.UnixMilli(), seen.decoded); err != nil {
		return snapshot{}, fmt.Errorf("read the persona: %w", err)
	}
	seen.choices = message.Chooser.Choose(seen.decoded, p.ID, nil)
	if p.Email == "" {
		copied := *p
		completePerson(&copied)
		seen.person = &copied
	}
	v, err := renderFrom(snapshotBase, seen)
	if err != nil {
		return snapshot{}, err
	}
	s := snapshot{persona: persona.Name}
	return s, s.write(v)
}

// write lists what somebody would look at: what arrives in an inbox, why, what it says, where it leads.
func (s *snapshot) write(v *renderedView) error {
	if v.rendered.Skipped != "" {
		s.add("gets no mail: " + v.rendered.Skipped)
		return nil
	}
	mail, err := render.ReadMail(v.rendered.MIME)
	if err != nil {
		return err
	}
	s.add("subject: " + mail.Subject)
	s.add("preheader: " + v.preheader)
	for _, choice := range v.choices {
		e := v.message.Chooser.Explain(choice, v.decoded)
		s.add(fmt.Sprintf("%s: %s (%s)", e.Block, e.Variant, e.Sentence()))
	}
	s.add("text:")
	for line := range strings.SplitSeq(strings.Trim(strings.ReplaceAll(mail.Text, "\r\n", "\n"), "\n"), "\n") {
		s.add("  " + line)
	}
	s.add("links:")
	slices.SortFunc(v.links, func(a, b renderedLink) int { return cmp.Compare(a.ID, b.ID) })
	for _, link := range v.links {
		place := "outside blocks"
		if link.Block != "" {
			place = link.Block + "/" + link.Variant
		}
		s.add(fmt.Sprintf("  %s  %s", place, link.URL))
	}
	return nil
}

// add appends a line of text; whatever is in it, it stays one line.
func (s *snapshot) add(line string) {
	line = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\t' {
			return unicode.ReplacementChar
		}
		return r
	}, line)
	s.lines = append(s.lines, strings.TrimRight("  "+line, " \t"))
}
