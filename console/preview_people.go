package console

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"time"

	"germane/audience"
	"germane/blocks"
	"germane/check"
	"germane/store"
	"germane/workspace"
)

// cast is whom a message can be looked at as.
type cast struct {
	personas []*workspace.Persona
	blocks   []*workspace.BlockSource
	now      time.Time
	edges    []edge
	real     store.People // nil: nobody
}

// edge is somebody invented at the edges of what the catalogue allows.
type edge struct {
	Name, Title string
	person      *audience.Person
}

// Members of the cast are named so in addresses.
const (
	edgePrefix = "edge."
	getsPrefix = "gets." // gets.BLOCK.VARIANT: somebody who gets it
	realPrefix = "db."
)

func newCast(w *workspace.Workspace, real store.People, now time.Time) *cast {
	return &cast{personas: w.Personas, blocks: w.Blocks, now: now, edges: edges(w.Catalogue, now), real: real}
}

func (c *cast) names() []string {
	var names []string
	for _, p := range c.personas {
		names = append(names, p.Name)
	}
	for _, e := range c.edges {
		names = append(names, e.Name)
	}
	return names
}

// has reports whether somebody of the name may be there.
func (c *cast) has(name string) bool {
	_, real := c.number(name)
	block, _ := c.gets(name)
	return real || block != nil || slices.Contains(c.names(), name)
}

func (c *cast) first() string { return c.names()[0] }

// other is somebody to compare a person with: the one after them.
func (c *cast) other(name string) string {
	names := c.names()
	return names[(slices.Index(names, name)+1)%len(names)]
}

// number reads the name of a person of the database.
func (c *cast) number(name string) (int64, bool) {
	text, is := strings.CutPrefix(name, realPrefix)
	n, err := strconv.ParseInt(text, 10, 64)
	return n, is && c.real != nil && err == nil && n > 0
}

// find returns a person, with what to call them.
func (c *cast) find(ctx context.Context, name string) (p *audience.Person, title string, err error) {
	if n, ok := c.number(name); ok {
		stored, err := c.real.PersonByNumber(ctx, n)
		if err != nil {
			return nil, "", err
		}
		p, err := stored.Stored.Person()
		return p, "person " + strconv.FormatInt(n, 10), err
	}
	for _, persona := range c.personas {
		if persona.Name == name {
			return persona.Person, name, nil
		}
	}
	for _, e := range c.edges {
		if e.Name == name {
			return e.person, e.Title, nil
		}
	}
	if b, variant := c.gets(name); b != nil {
		return c.somebody(b, variant)
	}
	return nil, "", store.ErrNotFound
}

// gets reads the name of somebody who gets a variant.
func (c *cast) gets(name string) (*blocks.Block, string) {
	block, variant, _ := strings.Cut(strings.TrimPrefix(name, getsPrefix), ".")
	for _, source := range c.blocks {
		if b := source.Compiled; source.Name == block && b != nil && strings.HasPrefix(name, getsPrefix) {
			if slices.ContainsFunc(b.Variants, func(v blocks.Variant) bool { return v.Name == variant }) {
				return b, variant
			}
		}
	}
	return nil, ""
}

// somebody is a person for whom a variant is chosen, found by what is proved of the block's rules.
func (c *cast) somebody(b *blocks.Block, variant string) (*audience.Person, string, error) {
	for _, reach := range check.Explore(b, c.now).Variants {
		if reach.Variant == variant && reach.Example != nil {
			return reach.Example.Person, "somebody who gets " + variant, nil
		}
	}
	return nil, "", fmt.Errorf("nobody was found who gets %s of %s", variant, b.Name)
}

// random returns the name of somebody in the database; "" when nobody is there.
func (c *cast) random(ctx context.Context) (string, error) {
	if c.real == nil {
		return "", nil
	}
	census, err := c.real.Census(ctx)
	if err != nil || census.People == 0 {
		return "", err
	}
	from := census.Within.From + rand.Int64N(census.Within.To-census.Within.From+1)
	for p, err := range c.real.EachPerson(ctx, store.Range{From: from, To: math.MaxInt64}) {
		if err != nil {
			return "", err
		}
		return realPrefix + strconv.FormatInt(p.Number, 10), nil
	}
	return "", errors.New("look for somebody: the database changed meanwhile")
}

// filling writes an attribute's value at one of the edges; "" is none.
type filling func(t *audience.Type, now time.Time) string

// edges are people whom nobody thinks of when writing, and whom the catalogue allows.
func edges(catalogue *audience.Catalogue, now time.Time) []edge {
	kinds := []struct {
		name, title, locale string
		fill                filling
	}{
		{"missing", "nothing known", "", func(*audience.Type, time.Time) string { return "" }},
		{"longest", "longest values", "de", longest},
		{"least", "smallest values", "en", func(t *audience.Type, now time.Time) string { return bound(t, now, false) }},
		{"rtl", "right to left", "ar", rightToLeft},
	}
	list := make([]edge, 0, len(kinds))
	for _, k := range kinds {
		p := &audience.Person{ID: "preview-" + k.name, Email: k.name + "@preview.example", Locale: k.locale, Attributes: map[string]json.RawMessage{}}
		for _, a := range catalogue.All() {
			if text := k.fill(&a.Type, now); text != "" {
				_ = p.Set(catalogue, a.Name, text) // what the catalogue does not allow stays missing
			}
		}
		list = append(list, edge{edgePrefix + k.name, k.title, p})
	}
	return list
}

const (
	longWord   = "Donaudampfschifffahrtsgesellschaftskapitän "
	arabicText = "مرحبا بكم في "
)

func longest(t *audience.Type, now time.Time) string {
	if t.Kind == audience.String && len(t.Values) == 0 || t.Kind == audience.List {
		return texts(t, longWord, now)
	}
	return bound(t, now, true)
}

func rightToLeft(t *audience.Type, now time.Time) string {
	if t.Kind == audience.String && len(t.Values) == 0 {
		return strings.TrimSpace(arabicText)
	}
	if t.Kind == audience.List {
		return texts(t, arabicText, now)
	}
	return bound(t, now, true)
}

// texts fills a text to its length, and a list of texts with a few.
func texts(t *audience.Type, word string, now time.Time) string {
	switch {
	case t.Kind == audience.String && len(t.Values) == 0:
		length := t.MaxLength
		if length == 0 {
			length = audience.DefaultMaxLength
		}
		runes := []rune(strings.Repeat(word, length/len([]rune(word))+1))
		return strings.TrimSpace(string(runes[:length]))
	case t.Kind == audience.List && t.Of.Kind == audience.String:
		items := max(1, min(3, t.MaxItems))
		list, err := json.Marshal(slices.Repeat([]string{strings.TrimSpace(word)}, items))
		if err != nil {
			return ""
		}
		return string(list)
	case t.Kind == audience.List:
		return ""
	}
	return bound(t, now, true)
}

// bound is the largest or smallest value of a type, where it has one.
func bound(t *audience.Type, now time.Time, most bool) string {
	limit, far := t.Min, now.AddDate(-10, 0, 0)
	if most {
		limit, far = t.Max, now
	}
	switch {
	case len(t.Values) > 0 && most:
		return t.Values[len(t.Values)-1]
	case len(t.Values) > 0:
		return t.Values[0]
	case t.Kind.Number() && limit != nil:
		return strconv.FormatFloat(*limit, 'f', -1, 64)
	case t.Kind.Number() && most:
		return "1000000"
	case t.Kind.Number():
		return "0"
	case t.Kind == audience.Bool:
		return strconv.FormatBool(most)
	case t.Kind == audience.Time:
		return far.UTC().Truncate(time.Minute).Format(time.RFC3339)
	case t.Kind == audience.Date:
		return far.UTC().Format(time.DateOnly)
	case t.Kind == audience.String && !most:
		return "A"
	case t.Kind == audience.URL:
		return hostedURL(t, most)
	}
	return ""
}

func hostedURL(t *audience.Type, long bool) string {
	host, path := "acme.example", "/"
	if len(t.Hosts) > 0 {
		host = t.Hosts[0]
	}
	if long {
		path += strings.Repeat("a", 60)
	}
	return "https://" + host + path
}
