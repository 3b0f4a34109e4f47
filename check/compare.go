package check

import (
	"strings"

	"germane/audience"
	"germane/blocks"
	"germane/render"
	"germane/schedule"
	"germane/workspace"
)

// Comparison says whose mail differs between two workspaces. Content is compared as it is written, with the data, brand constants and
// assets that it names.
type Comparison struct {
	People    int              `json:"people"`
	Damaged   int              `json:"damaged,omitempty"` // people who are not counted, because what is stored of them cannot be read
	Templates []TemplateChange `json:"templates"`         // those that differ
	Campaigns []CampaignChange `json:"campaigns"`         // those that differ
}

// TemplateChange is what becomes different of a template. A template that is new or gone has no more than its state.
type TemplateChange struct {
	Template   string        `json:"template"`
	State      string        `json:"state"`      // changed, new, gone
	People     int           `json:"people"`     // who would see something else
	Everywhere []string      `json:"everywhere"` // what differs for everybody: subject, preheader, text outside blocks, layout, looks, order of blocks
	Moves      []Move        `json:"moves"`      // people who get another variant
	Words      []WordsChange `json:"words"`      // variants that say something else
}

// Move is people who get another variant of a block. From is "" where the block is new in the message, To where it is gone.
type Move struct {
	Block    string   `json:"block"`
	From     string   `json:"from"`
	To       string   `json:"to"`
	Same     bool     `json:"same,omitempty"` // both say the same
	People   int      `json:"people"`
	Examples []string `json:"examples"` // ids
}

// WordsChange is a variant that says something else to those who get it before and after.
type WordsChange struct {
	Block    string   `json:"block"`
	Variant  string   `json:"variant"`
	Because  []string `json:"because"` // text, or the names of data, constants and assets in it
	People   int      `json:"people"`
	Examples []string `json:"examples"` // ids
}

// CampaignChange is who comes into or goes out of a campaign's audience.
type CampaignChange struct {
	Campaign string   `json:"campaign"`
	State    string   `json:"state"` // changed, new, gone
	Joined   int      `json:"joined"`
	Left     int      `json:"left"`
	Sender   bool     `json:"sender,omitempty"` // its mail comes from another address or name
	Examples []string `json:"examples"`         // ids of people who come or go
}

// Comparer compares two workspaces, one person after the other; it keeps counts and a few ids. It is not for several goroutines.
type Comparer struct {
	templates []*comparedTemplate
	campaigns []*comparedCampaign
	people    int
	damaged   int
}

// NewComparer compares workspaces that have no errors.
func NewComparer(was, is *workspace.Workspace) *Comparer {
	c := &Comparer{}
	before, after := &contents{w: was}, &contents{w: is}
	for _, name := range union(was.Messages, is.Messages, func(m *render.Message) string { return m.Name }) {
		c.templates = append(c.templates, newComparedTemplate(name, before, after))
	}
	for _, name := range union(was.Campaigns, is.Campaigns, func(campaign *schedule.Campaign) string { return campaign.Name }) {
		c.campaigns = append(c.campaigns, newComparedCampaign(name, was, is))
	}
	return c
}

// union lists the names in either list, those of the second first.
func union[T any](was, is []T, name func(T) string) []string {
	var names []string
	seen := map[string]bool{}
	for _, list := range [][]T{is, was} {
		for _, item := range list {
			if n := name(item); !seen[n] {
				seen[n] = true
				names = append(names, n)
			}
		}
	}
	return names
}

// Add compares what a person gets at a time in unix milliseconds.
func (c *Comparer) Add(p *audience.Stored, now int64) {
	c.people++
	for _, t := range c.templates {
		if t.was.message != nil && t.is.message != nil && !t.add(p, now) {
			c.people--
			c.damaged++
			return
		}
	}
	for _, campaign := range c.campaigns {
		campaign.add(p, now)
	}
}

// Comparison returns what was found so far.
func (c *Comparer) Comparison() *Comparison {
	all := &Comparison{People: c.people, Damaged: c.damaged, Templates: []TemplateChange{}, Campaigns: []CampaignChange{}}
	for _, t := range c.templates {
		if change := t.change(); change.State != "" {
			all.Templates = append(all.Templates, change)
		}
	}
	for _, campaign := range c.campaigns {
		if change := campaign.change(); change.State != "" {
			all.Campaigns = append(all.Campaigns, change)
		}
	}
	return all
}

// side is what a person gets of a template in one of the workspaces.
type side struct {
	message *render.Message
	choices []blocks.Choice
	decoded audience.Decoded
}

func (s *side) choose(p *audience.Stored, now int64) bool {
	if s.message.Selection.Decode(p, now, &s.decoded) != nil {
		return false
	}
	s.choices = s.message.Chooser.Choose(&s.decoded, p.ID, s.choices[:0])
	return true
}

// maxExamples is how many people a change names.
const maxExamples = 3

// crossing counts people who go from one variant to another.
type crossing struct {
	people   int
	examples []string
}

func (c *crossing) add(id string) {
	c.people++
	if len(c.examples) < maxExamples && id != "" && !strings.Contains(id, "@") { // an id that is an address names somebody
		c.examples = append(c.examples, id)
	}
}

func (c *crossing) ids() []string { return append([]string{}, c.examples...) }

// comparedTemplate is a template in both workspaces.
type comparedTemplate struct {
	name       string
	was, is    side
	everywhere []string
	pairs      []blockPair
	people     int
}

func newComparedTemplate(name string, was, is *contents) *comparedTemplate {
	t := &comparedTemplate{name: name}
	t.was.message, _ = was.w.Message(name)
	t.is.message, _ = is.w.Message(name)
	if t.was.message == nil || t.is.message == nil {
		return t
	}
	t.everywhere = everywhere(name, was, is)
	before, after := t.was.message.Chooser.Blocks(), t.is.message.Chooser.Blocks()
	for _, block := range union(before, after, func(b *blocks.Block) string { return b.Name }) {
		t.pairs = append(t.pairs, newBlockPair(block, before, after, was, is))
	}
	return t
}

// add compares what a person gets; false when they cannot be read.
func (t *comparedTemplate) add(p *audience.Stored, now int64) bool {
	if !t.was.choose(p, now) || !t.is.choose(p, now) {
		return false
	}
	differs := len(t.everywhere) > 0
	for i := range t.pairs {
		differs = t.pairs[i].add(t, p.ID) || differs
	}
	if differs {
		t.people++
	}
	return true
}

func (t *comparedTemplate) change() TemplateChange {
	change := TemplateChange{Template: t.name, People: t.people, Everywhere: append([]string{}, t.everywhere...), Moves: []Move{}, Words: []WordsChange{}}
	for i := range t.pairs {
		t.pairs[i].report(&change)
	}
	switch {
	case t.was.message == nil:
		change.State = "new"
	case t.is.message == nil:
		change.State = "gone"
	case len(change.Everywhere)+len(change.Moves)+len(change.Words) > 0:
		change.State = "changed"
	}
	return change
}
