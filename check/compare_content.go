package check

import (
	"regexp"
	"slices"
	"strings"

	"germane/audience"
	"germane/templates"
	"germane/workspace"
)

// contents knows what a workspace's texts refer to.
type contents struct{ w *workspace.Workspace }

// content is a text with all that it prints of the workspace.
type content struct {
	text  string
	names []string // data.articles, brand.app_url, assets/a.png
	value []string // of names
}

var mention = regexp.MustCompile(`\b(?:data|brand)\.[a-z][a-z0-9_]*|\bassets/[A-Za-z0-9._/-]+`)

func (c *contents) of(text string) content {
	found := content{text: strings.Join(strings.Fields(text), " ")}
	for _, name := range mention.FindAllString(text, -1) {
		if !slices.Contains(found.names, name) {
			found.names, found.value = append(found.names, name), append(found.value, c.value(name))
		}
	}
	return found
}

// value is what a name stands for, if only to tell whether it is the same as elsewhere.
func (c *contents) value(name string) string {
	kind, rest, _ := strings.Cut(name, ".")
	switch kind {
	case "data":
		for _, file := range c.w.Files {
			if stem, ok := strings.CutPrefix(file.Name, "data/"+rest+"."); ok && !strings.Contains(stem, "/") {
				return file.Name + "\n" + string(file.Data)
			}
		}
	case "brand":
		if constant, ok := c.w.Config.BrandValue(rest); ok {
			return constant.Text.S + "\n" + c.asset(constant.Text.S)
		}
	default:
		return c.asset(name)
	}
	return ""
}

func (c *contents) asset(name string) string {
	for _, file := range c.w.Assets {
		if file.Name == name {
			return string(file.Data)
		}
	}
	return ""
}

// differs says what of a content is another one: text, or what it names.
func (c *content) differs(other *content) []string {
	if c.text != other.text {
		return []string{"text"}
	}
	var because []string
	for i, name := range c.names {
		if c.value[i] != other.value[i] {
			because = append(because, name)
		}
	}
	return because
}

var blockTag = regexp.MustCompile(`\{%-?\s*block\s+([a-z0-9-]+)\s*-?%\}`)

// everywhere says what of a template is different for everybody.
func everywhere(name string, was, is *contents) []string {
	before, _ := was.w.Template(name)
	after, _ := is.w.Template(name)
	var list []string
	note := func(what, old, young string) {
		a, b := was.of(old), is.of(young)
		switch because := a.differs(&b); {
		case len(because) == 1 && because[0] == "text":
			list = append(list, what)
		case len(because) > 0:
			list = append(list, what+" ("+strings.Join(because, ", ")+")")
		}
	}
	note("subject", before.Subject.S, after.Subject.S)
	note("preheader", before.Preheader.S, after.Preheader.S)
	note("text outside blocks", blockTag.ReplaceAllString(before.Body.S, ""), blockTag.ReplaceAllString(after.Body.S, ""))
	note("layout", was.layout(before), is.layout(after))
	if before.Markdown != after.Markdown || *templates.NewTheme(was.brand()) != *templates.NewTheme(is.brand()) {
		list = append(list, "looks")
	}
	if !sameOrder(before.Body.S, after.Body.S) {
		list = append(list, "order of blocks")
	}
	return list
}

func (c *contents) layout(t *workspace.TemplateSource) string {
	if layout, ok := c.w.Layout(t.Layout.S); ok {
		return layout.File.Text
	}
	return ""
}

func (c *contents) brand() map[string]string {
	all := map[string]string{}
	for _, constant := range c.w.Config.Brand {
		all[constant.Name] = constant.Text.S
	}
	return all
}

// sameOrder compares the order of those blocks that both have.
func sameOrder(was, is string) bool {
	order := func(of, other string) []string {
		var names []string
		for _, match := range blockTag.FindAllStringSubmatch(of, -1) {
			if slices.ContainsFunc(blockTag.FindAllStringSubmatch(other, -1), func(m []string) bool { return m[1] == match[1] }) {
				names = append(names, match[1])
			}
		}
		return names
	}
	return slices.Equal(order(was, is), order(is, was))
}

// comparedCampaign is a campaign in both workspaces.
type comparedCampaign struct {
	name         string
	was, is      side
	in           [2]audience.Predicate // of the audience, before and after; nil: no campaign
	joined, left crossing
	sender       bool
}

func newComparedCampaign(name string, was, is *workspace.Workspace) *comparedCampaign {
	c := &comparedCampaign{name: name}
	c.was.message, _ = was.CampaignMessage(name)
	c.is.message, _ = is.CampaignMessage(name)
	c.in[0], _ = was.CampaignAudience(name)
	c.in[1], _ = is.CampaignAudience(name)
	if c.in[0] != nil && c.in[1] != nil {
		before, after := was.CampaignSender(name), is.CampaignSender(name)
		c.sender = before.DisplayName != after.DisplayName || before.Email != after.Email
	}
	return c
}

func (c *comparedCampaign) add(p *audience.Stored, now int64) {
	member := func(s *side, in audience.Predicate) bool {
		return in != nil && s.message.Selection.Decode(p, now, &s.decoded) == nil && in(&s.decoded) == audience.True
	}
	switch before, after := member(&c.was, c.in[0]), member(&c.is, c.in[1]); {
	case after && !before:
		c.joined.add(p.ID)
	case before && !after:
		c.left.add(p.ID)
	}
}

func (c *comparedCampaign) change() CampaignChange {
	examples := append(c.joined.ids(), c.left.ids()...)
	change := CampaignChange{Campaign: c.name, Joined: c.joined.people, Left: c.left.people, Sender: c.sender, Examples: examples[:min(len(examples), maxExamples)]}
	switch {
	case c.in[0] == nil && c.in[1] == nil:
	case c.in[0] == nil:
		change.State = "new"
	case c.in[1] == nil:
		change.State = "gone"
	case c.sender || change.Joined+change.Left > 0:
		change.State = "changed"
	}
	return change
}
