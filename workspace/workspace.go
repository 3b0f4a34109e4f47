package workspace

import (
	"io/fs"
	"slices"

	"germane/audience"
	"germane/internal/document"
	"germane/internal/finding"
	"germane/render"
	"germane/schedule"
)

// Workspace is everything that Load could read. Lists are in the order of names; germane.yaml's are in the file's.
type Workspace struct {
	Hash  string       // of all files, hexadecimal SHA-256
	Files []StoredFile // all files that were read, by name: what a version stores

	Config    *Config
	Catalogue *audience.Catalogue
	Events    *audience.Events
	Segments  *audience.Segments
	Scope     *audience.Scope // what rules may name: the three together with the topics

	Data      []DataFile
	Layouts   []*LayoutSource
	Templates []*TemplateSource
	Blocks    []*BlockSource
	Campaigns []*schedule.Campaign
	Messages  []*render.Message // the templates, compiled; none while there are errors
	Personas  []*Persona
	Assets    []StoredFile // names begin with assets/

	sendings map[string]sending // by the name of the campaign

	// Allowances are the warnings that files allow themselves. Load has applied them to its own findings; whoever finds more
	// applies them again, and reports the idle ones last.
	Allowances *finding.Allowances
}

// Load reads a workspace and reports every mistake in it, in reading order, without the warnings that files allow. environment
// holds variables by name; those named GERMANE_… override keys of germane.yaml (see [Keys]). The workspace is nil only when
// there is no germane.yaml.
func Load(fsys fs.FS, environment map[string]string) (*Workspace, []finding.Finding) {
	if _, err := fs.Stat(fsys, "germane.yaml"); err != nil {
		return nil, []finding.Finding{about("germane.yaml", "no-workspace", "there is no germane.yaml here", "germane init DIR makes a workspace; -C DIR names the one to use")}
	}
	l := &loader{scanner: scanner{fsys: fsys, names: map[string][]string{}}, w: &Workspace{sendings: map[string]sending{}}}
	l.w.Allowances = &l.allowed
	l.foundations(environment)
	l.sources()
	l.strays()
	l.references()
	l.w.compile(&l.r)
	l.w.Files, l.w.Hash = l.stored, hash(l.stored)
	return l.w, finding.Sort(l.allowed.Apply(l.withoutEchoes()))
}

// loader fills a workspace from its files.
type loader struct {
	scanner
	w *Workspace
}

// echoes are findings that only repeat that a file which declares names could not be read.
var echoes = map[string][]finding.Code{
	"germane.yaml":    {"unknown-topic", "unknown-sender", "unknown-attribute", "limit-not-measured"},
	"attributes.yaml": {"unknown-attribute"},
	"events.yaml":     {"unknown-event"},
	"segments.yaml":   {"unknown-segment"},
}

// withoutEchoes drops findings about names whose declarations could not be read: one mistake, one finding.
func (l *loader) withoutEchoes() []finding.Finding {
	var silent []finding.Code
	for _, f := range l.r.Findings {
		if f.Code == "yaml-syntax" || f.Code == "not-text" || f.Code == "cannot-read" || f.Code == "file-too-large" {
			silent = append(silent, echoes[f.File]...)
		}
	}
	return slices.DeleteFunc(slices.Clone(l.r.Findings), func(f finding.Finding) bool { return slices.Contains(silent, f.Code) })
}

// take adds what a reader of another package found.
func (l *loader) take(findings []finding.Finding) {
	l.r.Findings = append(l.r.Findings, findings...)
}

// foundations reads what everything else refers to.
func (l *loader) foundations(environment map[string]string) {
	w := l.w
	w.Assets = l.assets()
	var findings []finding.Finding
	w.Config, findings = ReadConfig(l.rootFile("germane.yaml"), environment, func(name string) bool {
		return slices.ContainsFunc(w.Assets, func(f StoredFile) bool { return f.Name == name })
	})
	l.take(findings)
	w.Catalogue, findings = audience.ReadCatalogue(l.document("attributes.yaml", document.Format{}))
	l.take(findings)
	if a := w.Catalogue.RestrictHosts(w.Config.LinkHosts); a != nil && len(w.Config.LinkHosts) == 0 && a.Place.File != nil {
		l.take([]finding.Finding{a.Place.Whole("link-hosts-missing", a.Name+" holds URLs, but germane.yaml does not say where links may lead", "write link_hosts: [acme.example] in germane.yaml")})
	}
	w.Events, findings = audience.ReadEvents(l.document("events.yaml", document.Format{}))
	l.take(findings)
	w.Scope = &audience.Scope{Catalogue: w.Catalogue, Topics: w.Config.TopicNames()}
	w.Segments, findings = audience.ReadSegments(l.document("segments.yaml", document.Format{RawTop: true}), w.Scope)
	l.take(findings)
	w.Scope.Segments = w.Segments
}

// rootFile reads a file beside germane.yaml; one that is not there, or cannot be read, is empty.
func (l *loader) rootFile(name string) *finding.File {
	if _, err := fs.Stat(l.fsys, name); err == nil {
		if file, ok := l.text(name, maxText); ok {
			return file
		}
	}
	return finding.NewFile(name, "")
}

func (l *loader) document(name string, format document.Format) *document.Node {
	doc, findings := document.Parse(l.rootFile(name).All(), format)
	l.take(findings)
	return doc
}

// sources reads the folders.
func (l *loader) sources() {
	w := l.w
	for _, f := range folders {
		for _, src := range l.folder(f) {
			switch f.name {
			case "layouts":
				w.Layouts = append(w.Layouts, readLayout(&l.r, src))
			case "templates":
				w.Templates = append(w.Templates, readTemplate(&l.r, src))
			case "blocks":
				w.Blocks = append(w.Blocks, readBlock(&l.r, src, w.Events))
			case "campaigns":
				l.campaign(src)
			case "personas":
				w.Personas = append(w.Personas, readPersona(&l.r, src, w.Scope))
			case "data":
				data, findings := readData(src)
				l.take(findings)
				w.Data = append(w.Data, data)
			}
		}
	}
}

func (l *loader) campaign(src source) {
	doc, findings := document.Parse(src.file.All(), schedule.Format)
	l.take(findings)
	if unreadable(findings) {
		return
	}
	campaign, findings := schedule.ReadCampaign(doc, src.name)
	l.take(findings)
	l.take(campaign.Bind(l.w.Scope, l.w.Events))
	l.w.Campaigns = append(l.w.Campaigns, campaign)
}

// Template returns a template by name.
func (w *Workspace) Template(name string) (*TemplateSource, bool) {
	return find(w.Templates, func(t *TemplateSource) bool { return t.Name == name })
}

// Block returns a block by name.
func (w *Workspace) Block(name string) (*BlockSource, bool) {
	return find(w.Blocks, func(b *BlockSource) bool { return b.Name == name })
}

// Layout returns a layout by name.
func (w *Workspace) Layout(name string) (*LayoutSource, bool) {
	return find(w.Layouts, func(l *LayoutSource) bool { return l.Name == name })
}

// Campaign returns a campaign by name.
func (w *Workspace) Campaign(name string) (*schedule.Campaign, bool) {
	return find(w.Campaigns, func(c *schedule.Campaign) bool { return c.Name == name })
}

// Persona returns a persona by name.
func (w *Workspace) Persona(name string) (*Persona, bool) {
	return find(w.Personas, func(p *Persona) bool { return p.Name == name })
}

func find[T any](list []*T, is func(*T) bool) (*T, bool) {
	if i := slices.IndexFunc(list, is); i >= 0 {
		return list[i], true
	}
	return nil, false
}

// unreadable reports a document of which so little could be read that what seems to be missing may well be there.
func unreadable(findings []finding.Finding) bool {
	return slices.ContainsFunc(findings, func(f finding.Finding) bool { return f.Code == "yaml-syntax" })
}
