package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"germane/check"
	"germane/internal/finding"
	"germane/workspace"
)

// load reads the workspace that -C names. Files are opened below its folder only, whatever links say.
func load(sys *system, o *options) (*workspace.Workspace, []finding.Finding, error) {
	root, err := os.OpenRoot(o.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, hint(fmt.Errorf("there is no folder %s", o.dir), "germane init "+o.dir+" makes a workspace there")
	}
	if err != nil {
		return nil, nil, hint(fmt.Errorf("open the workspace: %w", err), "-C names its folder")
	}
	defer root.Close()
	w, findings := workspace.Load(root.FS(), sys.variables())
	return w, findings, nil
}

// fromHere names the files of findings as seen from the folder that the command runs in.
func fromHere(dir string, findings []finding.Finding) []finding.Finding {
	if here, err := os.Getwd(); err == nil && filepath.IsAbs(dir) {
		if below, err := filepath.Rel(here, dir); err == nil && filepath.IsLocal(below) {
			dir = below
		}
	}
	return finding.Under(filepath.ToSlash(dir), findings)
}

// variables returns the environment by name.
func (sys *system) variables() map[string]string {
	all := map[string]string{}
	for _, variable := range sys.environment {
		if name, value, ok := strings.Cut(variable, "="); ok {
			all[name] = value
		}
	}
	return all
}

// loadProved reads the workspace and adds what is proved of it as a whole.
func loadProved(sys *system, o *options) (*workspace.Workspace, []finding.Finding, error) {
	w, findings, err := load(sys, o)
	if err != nil {
		return nil, nil, err
	}
	return w, finding.Sort(append(findings, check.Workspace(w)...)), nil
}

// loadSound loads a workspace for commands that need one without errors; its errors are printed.
func loadSound(sys *system, o *options) (*workspace.Workspace, error) {
	w, findings, err := loadProved(sys, o)
	if err != nil {
		return nil, err
	}
	if finding.HasErrors(findings) || w == nil {
		if err := finding.WriteText(sys.stderr, fromHere(o.dir, findings), false); err != nil {
			return nil, fmt.Errorf("print findings: %w", err)
		}
		return nil, foundError{findings}
	}
	return w, nil
}
