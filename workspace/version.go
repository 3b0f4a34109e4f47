package workspace

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"germane/audience"
	"germane/render"
	"germane/schedule"
)

// Format numbers what compiling makes of files: links' ids, blocks' order, slots. It grows whenever the same files would become
// something else, because what is stored of a delivery is only understood by the compiler that it was sent with.
const Format = 1

// VersionHash names what a deployed workspace is: its files and the compiler's format, hexadecimal SHA-256.
func (w *Workspace) VersionHash() string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%d %s", Format, w.Hash))
	return hex.EncodeToString(sum[:])
}

// Message returns a compiled template by name: as the first campaign sends it that does.
func (w *Workspace) Message(name string) (*render.Message, bool) {
	return find(w.Messages, func(m *render.Message) bool { return m.Name == name })
}

// sending is what a campaign sends, and to whom: both read what one selection decodes.
type sending struct {
	message  *render.Message
	audience audience.Predicate
}

// CampaignMessage returns the message of a campaign: its template with the campaign's sender, constants, headers and links.
func (w *Workspace) CampaignMessage(name string) (*render.Message, bool) {
	s, ok := w.sendings[name]
	return s.message, ok
}

// CampaignAudience returns the rule of who belongs to a campaign's audience, for people decoded by its message's selection.
func (w *Workspace) CampaignAudience(name string) (audience.Predicate, bool) {
	s, ok := w.sendings[name]
	return s.audience, ok
}

// CampaignContent names what people see of a campaign and who they are: its template, layout, blocks and audience, with the segments
// that those name, but not this week's data. A rollout of other content begins anew.
func (w *Workspace) CampaignContent(name string) string {
	s, ok := w.sendings[name]
	if !ok {
		return ""
	}
	campaign, _ := w.Campaign(name)
	source, _ := find(w.Templates, func(t *TemplateSource) bool { return t.Name == campaign.Template.S })
	texts := []string{campaign.Audience.S, source.File.All().S}
	if layout, ok := find(w.Layouts, func(l *LayoutSource) bool { return l.Name == source.Layout.S }); ok {
		texts = append(texts, layout.File.All().S)
	}
	for _, block := range s.message.Chooser.Blocks() {
		texts = append(texts, block.File.All().S)
	}
	h := sha256.New()
	for _, text := range append(texts, w.segmentsIn(texts)...) {
		fmt.Fprintf(h, "%d %s", len(text), text)
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// segmentsIn returns the rules of the segments that texts name, and of those that these name.
func (w *Workspace) segmentsIn(texts []string) (rules []string) {
	left := slices.Clone(w.Segments.All())
	for len(texts) > 0 {
		text := texts[0]
		texts = texts[1:]
		left = slices.DeleteFunc(left, func(s *audience.Segment) bool {
			named := s.Rule != nil && (strings.Contains(text, `"`+s.Name+`"`) || strings.Contains(text, "'"+s.Name+"'"))
			if named {
				rules, texts = append(rules, s.Rule.Text.S), append(texts, s.Rule.Text.S)
			}
			return named
		})
	}
	return rules
}

// CampaignNumber is what tracked addresses say instead of a campaign's name; -1 for a name that no campaign has.
func (w *Workspace) CampaignNumber(name string) int {
	return slices.IndexFunc(w.Campaigns, func(c *schedule.Campaign) bool { return c.Name == name })
}

// CampaignSender returns whom a campaign's message comes from.
func (w *Workspace) CampaignSender(name string) Sender {
	campaign, _ := w.Campaign(name)
	source, ok := find(w.Templates, func(t *TemplateSource) bool { return campaign != nil && t.Name == campaign.Template.S })
	if !ok {
		return Sender{}
	}
	return (&compiler{w: w}).sender(source, campaign)
}
