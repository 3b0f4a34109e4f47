// Command caniemail reduces the data of the npm package caniemail to facts: which mail program supports which feature, and when that was
// tested last. It reads the package's data/caniemail.json from standard input and writes check/caniemail.json, a feature a line.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"os"
	"regexp"
	"slices"
	"strings"
)

// source is what is read of the package's data.
type source struct {
	LastUpdate string `json:"last_update_date"`
	Names      struct {
		Family   map[string]string `json:"family"`
		Platform map[string]string `json:"platform"`
	} `json:"nicenames"`
	Data []struct {
		Slug     string                        `json:"slug"`
		Title    string                        `json:"title"`
		Category string                        `json:"category"`
		Tested   string                        `json:"last_test_date"`
		Stats    map[string]map[string]*latest `json:"stats"`
	} `json:"data"`
}

// latest is the last version's support: versions are in order, the newest last, which a map would lose.
type latest struct{ support string }

func (l *latest) UnmarshalJSON(data []byte) error {
	d := json.NewDecoder(bytes.NewReader(data))
	if _, err := d.Token(); err != nil {
		return err
	}
	for d.More() {
		if _, err := d.Token(); err != nil {
			return err
		}
		if err := d.Decode(&l.support); err != nil {
			return err
		}
	}
	return nil
}

// form is y, a, n or u, and the numbers of notes.
var form = regexp.MustCompile(`^([yanu])((?: ?#[0-9]+)*)$`)

func main() {
	var in source
	if err := json.NewDecoder(os.Stdin).Decode(&in); err != nil {
		log.Fatalf("read caniemail's data: %v", err)
	}
	if err := write(os.Stdout, &in, os.Args[1]); err != nil {
		log.Fatalf("write: %v", err)
	}
}

func write(out io.Writer, in *source, version string) error {
	var clients []string
	families := map[string]string{}
	for _, feature := range in.Data {
		for family, platforms := range feature.Stats {
			families[family] = in.Names.Family[family]
			for platform := range platforms {
				if name := family + "/" + platform; !slices.Contains(clients, name) {
					clients = append(clients, name)
				}
			}
		}
	}
	slices.Sort(clients)
	head, err := json.Marshal(map[string]any{"version": version, "updated": date(in.LastUpdate), "clients": clients, "families": families, "platforms": in.Names.Platform})
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "%s,\n\"features\":[\n", strings.TrimSuffix(string(head), "}"))
	for i, feature := range in.Data {
		supports := make([]string, len(clients))
		for n, client := range clients {
			family, platform, _ := strings.Cut(client, "/")
			if supports[n], err = support(feature.Stats[family][platform]); err != nil {
				return fmt.Errorf("%s in %s: %w", feature.Slug, client, err)
			}
		}
		line, err := json.Marshal([]string{feature.Slug, feature.Category, feature.Title, feature.Tested, strings.Join(supports, " ")})
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "%s%s\n", line, map[bool]string{true: "", false: ","}[i == len(in.Data)-1])
	}
	_, err = fmt.Fprintln(out, "]}")
	return err
}

// support is a support as y, a1, n or n2+4; - where nothing is known.
func support(l *latest) (string, error) {
	if l == nil || l.support == "" {
		return "-", nil
	}
	parts := form.FindStringSubmatch(strings.TrimSpace(l.support))
	if parts == nil {
		return "", fmt.Errorf("%q is no support", l.support)
	}
	notes := strings.FieldsFunc(parts[2], func(c rune) bool { return c == ' ' || c == '#' })
	return parts[1] + strings.Join(notes, "+"), nil
}

func date(text string) string { return text[:min(len(text), len("2026-05-13"))] }
