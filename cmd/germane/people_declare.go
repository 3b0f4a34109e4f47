package main

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"germane/audience"
	"germane/internal/document"
	"germane/internal/finding"
	"germane/workspace"
)

const catalogueFile = "attributes.yaml"

// declare appends to attributes.yaml what the file has and the catalogue does not know, and returns the workspace with it. A dry run
// changes the workspace in memory only.
func (im *peopleImport) declare(o *options, w *workspace.Workspace) (*workspace.Workspace, error) {
	guesses, err := im.guess(w)
	if err != nil {
		return nil, err
	}
	var lines []string
	for i := range guesses {
		g := &guesses[i]
		if g.Name == "" {
			im.names[g.From] = "-"
			fmt.Fprintf(im.sys.stderr, "%s %s, and is left out.\n", g.From, g.Problem)
			continue
		}
		im.names[g.From] = g.Name
		lines = append(lines, g.String())
	}
	if len(lines) == 0 {
		fmt.Fprintf(im.sys.stderr, "%s declares all of it already.\n", catalogueFile)
		return w, nil
	}
	im.counts.Declared = lines
	root, err := os.OpenRoot(o.dir)
	if err != nil {
		return nil, fmt.Errorf("open the workspace: %w", err)
	}
	defer root.Close()
	addition, err := im.extend(root, w, lines)
	if err != nil {
		return nil, err
	}
	if im.dryRun {
		fmt.Fprintf(im.sys.stderr, "%s would get:\n  %s\n", catalogueFile, strings.Join(lines, "\n  "))
		return w, nil
	}
	if err := appendTo(root, catalogueFile, addition); err != nil {
		return nil, fmt.Errorf("declare attributes: %w", err)
	}
	fmt.Fprintf(im.sys.stderr, "%s got these lines, guessed from the file; see whether they say what you mean:\n  %s\n", catalogueFile, strings.Join(lines, "\n  "))
	return loadSound(im.sys, o)
}

// guess reads the whole file before it is imported.
func (im *peopleImport) guess(w *workspace.Workspace) ([]audience.Guess, error) {
	if im.file == "-" {
		return nil, usageError{hint(errors.New("--declare reads the people twice, which standard input cannot be"), "save them to a file first")}
	}
	options, err := im.options(w)
	if err != nil {
		return nil, err
	}
	source, err := im.open()
	if err != nil {
		return nil, err
	}
	defer source.Close()
	in := bufio.NewReader(im.source)
	guesser := audience.Guesser{Options: options, LinkHosts: w.Config.LinkHosts}
	if im.formatOf(in) == "jsonl" {
		guesses, err := guesser.JSONL(in)
		return guesses, wrapRead(im.file, err)
	}
	guesses, err := guesser.CSV(in)
	return guesses, wrapRead(im.file, err)
}

func wrapRead(file string, err error) error {
	var header *audience.HeaderError
	switch {
	case errors.As(err, &header):
		return badHeader(file, header)
	case err != nil:
		return fmt.Errorf("read %s: %w", file, err)
	}
	return nil
}

// extend adds lines to the catalogue of a workspace in memory, and returns the text to append to its file. A file that is written in
// another way than a key a line stays as it is.
func (im *peopleImport) extend(root *os.Root, w *workspace.Workspace, lines []string) (string, error) {
	old, err := root.ReadFile(catalogueFile)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("read %s: %w", catalogueFile, err)
	}
	addition := strings.Join(lines, "\n") + "\n"
	if len(old) > 0 && old[len(old)-1] != '\n' {
		addition = "\n" + addition
	}
	if strings.Contains(string(old), "\r\n") {
		addition = strings.ReplaceAll(addition, "\n", "\r\n")
	}
	doc, findings := document.Parse(finding.NewFile(catalogueFile, strings.TrimPrefix(string(old), "\ufeff")+addition).All(), document.Format{})
	catalogue, more := audience.ReadCatalogue(doc)
	if finding.HasErrors(append(findings, more...)) || len(catalogue.All()) != len(w.Catalogue.All())+len(lines) {
		return "", hint(fmt.Errorf("nothing can be appended to %s as it is written", catalogueFile), "add these lines yourself:\n  "+strings.Join(lines, "\n  "))
	}
	catalogue.RestrictHosts(w.Config.LinkHosts)
	w.Catalogue = catalogue
	return addition, nil
}

// appendTo adds text to a file without touching what is in it.
func appendTo(root *os.Root, name, text string) error {
	file, err := root.OpenFile(name, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	_, err = file.WriteString(text)
	return errors.Join(err, file.Close())
}
