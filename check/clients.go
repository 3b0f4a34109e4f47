package check

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// caniemail holds facts of caniemail.com (MIT licence, see NOTICE); `make caniemail` rewrites it.
//
//go:embed caniemail.json
var caniemail []byte

// Support says what of a message some mail programs do not support, by tests that caniemail.com records.
type Support struct {
	Updated  string       `json:"updated"`  // the day of the data
	Clients  []string     `json:"clients"`  // families that were asked about
	Features int          `json:"features"` // how many features of the data the message uses
	Problems []FeatureUse `json:"problems"` // those that some program does not support, or not wholly
}

// FeatureUse is a feature that a message uses.
type FeatureUse struct {
	Feature string          `json:"feature"` // caniemail.com/features/NAME
	Title   string          `json:"title"`
	Tested  string          `json:"tested"` // the day it was tested last
	Lines   []int           `json:"lines"`  // of the HTML, the first few
	Clients []ClientSupport `json:"clients"`
}

// ClientSupport is what one program makes of a feature.
type ClientSupport struct {
	Family   string `json:"family"`
	Platform string `json:"platform"`
	Support  string `json:"support"` // no or partly
}

// Clients looks up which features of an HTML message some families of mail programs do not support. What nobody has tested is no
// problem, and what is supported but for a note is supported.
func Clients(html string, families []string) *Support {
	table := clientTable()
	uses := featuresOf(html)
	s := &Support{Updated: table.Updated, Clients: families, Problems: []FeatureUse{}}
	for i := range table.features {
		f := &table.features[i]
		lines, used := uses[f.slug]
		if !used {
			continue
		}
		s.Features++
		use := FeatureUse{Feature: f.slug, Title: f.title, Tested: f.tested, Lines: lines}
		for n, client := range table.Clients {
			family, platform, _ := strings.Cut(client, "/")
			if !slices.Contains(families, family) || slices.Contains(retired, client) {
				continue
			}
			switch f.support[n] {
			case 'n':
				use.Clients = append(use.Clients, ClientSupport{family, platform, "no"})
			case 'a':
				use.Clients = append(use.Clients, ClientSupport{family, platform, "partly"})
			}
		}
		if len(use.Clients) > 0 {
			s.Problems = append(s.Problems, use)
		}
	}
	return s
}

// retired programs are in the data and receive no mail any more.
var retired = []string{"outlook/windows-mail"}

// ClientFamilies returns the families that the data knows, with their names.
func ClientFamilies() map[string]string { return clientTable().Families }

// PlatformName is what people call a platform.
func PlatformName(platform string) string {
	if name, ok := clientTable().Platforms[platform]; ok {
		return name
	}
	return platform
}

// clients is the data.
type clients struct {
	Updated   string            `json:"updated"`
	Clients   []string          `json:"clients"` // family/platform
	Families  map[string]string `json:"families"`
	Platforms map[string]string `json:"platforms"`
	Features  [][5]string       `json:"features"`

	features []feature
	index    map[string][]string // from what a page has to the features' slugs
}

type feature struct {
	slug, category, title, tested string
	support                       []byte // y, a, n, u or -, by client
}

// clientTable reads the data, once; a test holds it to be sound.
var clientTable = sync.OnceValue(func() *clients {
	table, err := readClients(caniemail)
	if err != nil {
		panic(err) // it was embedded by this build
	}
	return table
})

func readClients(data []byte) (*clients, error) {
	c := &clients{index: map[string][]string{}}
	if err := json.Unmarshal(data, c); err != nil {
		return nil, fmt.Errorf("read the data of mail programs: %w", err)
	}
	for _, row := range c.Features {
		f := feature{slug: row[0], category: row[1], title: row[2], tested: row[3]}
		for _, support := range strings.Fields(row[4]) {
			if _, err := strconv.Atoi(strings.ReplaceAll(support[1:], "+", "")); err != nil && len(support) > 1 || !strings.Contains("yanu-", support[:1]) {
				return nil, fmt.Errorf("read the data of mail programs: %s: %q is no support", f.slug, support)
			}
			f.support = append(f.support, support[0])
		}
		if len(f.support) != len(c.Clients) {
			return nil, fmt.Errorf("read the data of mail programs: %s tells of %d programs", f.slug, len(f.support))
		}
		c.features = append(c.features, f)
		for _, sign := range signsOf(&f) {
			c.index[sign] = append(c.index[sign], f.slug)
		}
	}
	return c, nil
}
