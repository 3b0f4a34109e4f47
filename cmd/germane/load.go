package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

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
		return nil, nil, fmt.Errorf("open the workspace: %w", err)
	}
	defer root.Close()
	w, findings := workspace.Load(root.FS(), sys.variables())
	return w, findings, nil
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

// loadSound loads a workspace for commands that need one without errors; its errors are printed.
func loadSound(sys *system, o *options) (*workspace.Workspace, error) {
	w, findings, err := load(sys, o)
	if err != nil {
		return nil, err
	}
	if finding.HasErrors(findings) || w == nil {
		if err := finding.WriteText(sys.stderr, findings, false); err != nil {
			return nil, fmt.Errorf("print findings: %w", err)
		}
		return nil, foundError{findings}
	}
	return w, nil
}
