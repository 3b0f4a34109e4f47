package main

import (
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"

	"germane/internal/finding"
	"germane/workspace"
)

// composeFile is as much of a compose file as is held to something.
type composeFile struct {
	Services map[string]struct {
		Image       string
		User        string
		Command     []string
		Environment map[string]string
		Secrets     []string
		Volumes     []string
		Configs     []struct{ Source, Target string }
		Healthcheck struct{ Test []string }
		DependsOn   map[string]struct{ Condition string } `yaml:"depends_on"`
	}
	Configs, Secrets map[string]struct{ File string }
	Volumes          map[string]any
}

// TestCompose holds deploy/compose.yaml to what the program knows: no engine is at hand to run it.
func TestCompose(t *testing.T) {
	t.Parallel()
	source, err := os.ReadFile(filepath.Join("..", "..", "deploy", "compose.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var file composeFile
	if err := yaml.Unmarshal(source, &file); err != nil {
		t.Fatal(err)
	}
	if len(file.Services) != 5 || len(file.Services["worker"].Command) == 0 {
		t.Fatalf("it has %d services: %v", len(file.Services), file.Services)
	}
	known := variablesKnown()
	for name, service := range file.Services {
		for _, volume := range service.Volumes {
			from, _, _ := strings.Cut(volume, ":")
			if _, declared := file.Volumes[from]; !declared && !strings.HasPrefix(from, "./") {
				t.Errorf("%s: there is no volume %s", name, from)
			}
		}
		for other := range service.DependsOn {
			if _, there := file.Services[other]; !there {
				t.Errorf("%s waits for %s, which is not there", name, other)
			}
		}
		for variable, value := range service.Environment {
			if !known[variable] && strings.HasPrefix(variable, "GERMANE_") {
				t.Errorf("%s: the program does not know %s", name, variable)
			}
			if secret, is := strings.CutPrefix(value, "/run/secrets/"); is && (!slices.Contains(service.Secrets, secret) || file.Secrets[secret].File == "") {
				t.Errorf("%s: %s names a secret that is not there", name, variable)
			}
		}
		if service.Image != "germane" {
			continue
		}
		if service.User == "" || strings.HasPrefix(service.User, "0") {
			t.Errorf("%s runs as %q", name, service.User)
		}
		understood(t, service.Command)
		if probe := service.Healthcheck.Test; len(probe) > 0 {
			understood(t, probe[2:])
		}
		const config = "senders: {default: {name: Acme, email: hello@acme.example}}\n"
		if _, findings := workspace.ReadConfig(finding.NewFile("germane.yaml", config), service.Environment, func(string) bool { return false }); len(findings) > 0 {
			t.Errorf("%s: %+v", name, findings)
		}
	}
}

// understood fails when the program has no such command, or the command no such flag.
func understood(t *testing.T, line []string) {
	t.Helper()
	root := newRoot(&system{stdin: strings.NewReader(""), stdout: io.Discard, stderr: io.Discard})
	command, rest, err := root.Find(line)
	if err == nil {
		err = command.ParseFlags(rest)
	}
	if err == nil {
		err = command.Args(command, command.Flags().Args())
	}
	if err != nil || command == root {
		t.Errorf("germane %s: %v", strings.Join(line, " "), err)
	}
}

// variablesKnown are those of keys and secrets, and what only serve asks for.
func variablesKnown() map[string]bool {
	known := map[string]bool{"GERMANE_PRIVATE_TOKEN": true, "GERMANE_PRIVATE_TOKEN_FILE": true}
	for _, key := range workspace.Keys() {
		known[key.Variable()] = true
	}
	for _, secret := range workspace.Secrets() {
		known[secret.Name], known[secret.Name+"_FILE"] = true, true
	}
	return known
}

// TestManyMachinesPage holds docs/many-machines.md to the commands and variables that there are.
func TestManyMachinesPage(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "many-machines.md"))
	if err != nil {
		t.Fatal(err)
	}
	known := variablesKnown()
	known["GERMANE_BENCH"], known["GERMANE_BENCH_PEOPLE"] = true, true // of tests
	for _, variable := range regexp.MustCompile(`GERMANE_[A-Z_]+`).FindAllString(string(page), -1) {
		if !known[variable] && !known[strings.TrimSuffix(variable, "_FILE")] {
			t.Errorf("there is no variable %s", variable)
		}
	}
	lines := regexp.MustCompile("(?m)`germane ([a-z][^`]*)`|^germane ([a-z].*)$").FindAllStringSubmatch(string(page), -1)
	if len(lines) < 10 {
		t.Errorf("only %d commands are found", len(lines))
	}
	for _, line := range lines {
		text, _, _ := strings.Cut(line[1]+line[2], "#")
		understood(t, strings.Fields(text))
	}
}
