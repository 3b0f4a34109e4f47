package workspace

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"germane/internal/finding"
)

// small is a workspace of one file of each kind, without mistakes. Its template has no block, so that loading it shows only
// what reading files finds.
func small() fstest.MapFS {
	files := fstest.MapFS{}
	for name, text := range map[string]string{
		"germane.yaml":           "senders: {default: {name: Acme, email: hello@acme.example}, support: {name: Help, email: help@acme.example}}\ntopics: {tips: Tips}\n",
		"attributes.yaml":        "plan: {type: string, values: [free, trial, pro]}\nversion: {type: string}\nprojects_30d: {type: int, default: 0}\n",
		"events.yaml":            "project_created: {}\n",
		"segments.yaml":          "heavy: projects_30d >= 10\n",
		"data/articles.csv":      "title\nNews\n",
		"layouts/base.html":      "<!doctype html><html><head><title>Acme</title></head><body>{{ content }}<a href=\"{{ links.unsubscribe }}\">Unsubscribe</a></body></html>\n",
		"templates/weekly.md":    "---\nsubject: 50% off #summer: now\npreheader: x\nlayout: base\nsender: support\n---\n# Hello\n",
		"blocks/hero.md":         "---\nowner: ann@acme.example\ngoal: project_created within 7d\ncontrol: 10%\nreview_by: 2027-03-31\n---\n{% variant a when plan == \"pro\" %}\n\nA\n\n{% otherwise %}\n\nB\n",
		"campaigns/weekly.yaml":  "objective: activation\ngoal: project_created within 7d\ntopic: tips\naudience: segment(\"heavy\")\ntemplate: weekly\ncadence: {every: monday 09:00}\n",
		"personas/ann.yaml":      "email: ann@mail.example\nattributes: {plan: trial, version: 1.10, projects_30d: 3}\ntopics: {tips: subscribed}\n",
		"assets/logo.png":        "png",
		"assets/icons/x.png":     "png",
		"people/sample.jsonl":    "{}",
		"snapshots/ann.txt":      "x",
		"README.md":              "x",
		".gitignore":             "x",
		"templates/.weekly.swp":  "x",
		"templates/weekly.md~":   "x",
		"node_modules/a/x.js":    "x",
		"assets/.DS_Store":       "x",
		"snapshots/sub/file.txt": "x",
	} {
		files[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return files
}

// reading is what the compiler finds taken out: these tests are about files, names and notations.
func reading(findings []finding.Finding) []finding.Finding {
	var kept []finding.Finding
	for _, f := range findings {
		if f.Code != "unused-block" {
			kept = append(kept, f)
		}
	}
	return kept
}

func TestLoad(t *testing.T) {
	t.Parallel()
	w, findings := Load(small(), nil)
	if found := reading(findings); len(found) > 0 {
		t.Fatalf("findings: %+v", found)
	}
	if len(w.Data) != 1 || len(w.Layouts) != 1 || len(w.Templates) != 1 || len(w.Blocks) != 1 || len(w.Campaigns) != 1 || len(w.Personas) != 1 || len(w.Assets) != 2 || len(w.Files) != 12 {
		t.Errorf("got %d files: %+v", len(w.Files), w)
	}
	template, _ := w.Template("weekly")
	if template.Subject.S != "50% off #summer: now" || template.Layout.S != "base" || template.Sender.S != "support" || template.Body.S != "# Hello\n" || !template.Markdown {
		t.Errorf("got %+v", template)
	}
	block, _ := w.Block("hero")
	if block.Control != 0.1 || block.Wanted.Event != "project_created" || block.ReviewBy.Format("2006-01-02") != "2027-03-31" || block.Owner != "ann@acme.example" {
		t.Errorf("got %+v", block)
	}
	campaign, _ := w.Campaign("weekly")
	if campaign.Rule == nil || campaign.Wanted.Event != "project_created" {
		t.Errorf("got %+v", campaign)
	}
	persona, _ := w.Persona("ann")
	if persona.Person.ID != "ann" || string(persona.Person.Attributes["version"]) != `"1.10"` || string(persona.Person.Attributes["projects_30d"]) != "3" {
		t.Errorf("got %+v", persona.Person)
	}
}

func TestHashIsOfNamesAndContents(t *testing.T) {
	t.Parallel()
	first, _ := Load(small(), nil)
	same, _ := Load(small(), map[string]string{"GERMANE_HOLDOUT": "5%"})
	changed := small()
	changed["blocks/hero.md"].Data = append(changed["blocks/hero.md"].Data, '\n')
	second, _ := Load(changed, nil)
	moved := small()
	moved["assets/logo2.png"] = moved["assets/logo.png"]
	delete(moved, "assets/logo.png")
	third, _ := Load(moved, nil)
	if len(first.Hash) != 64 || first.Hash != same.Hash || first.Hash == second.Hash || first.Hash == third.Hash {
		t.Errorf("got %s, %s, %s, %s", first.Hash, same.Hash, second.Hash, third.Hash)
	}
}

func TestNoWorkspace(t *testing.T) {
	t.Parallel()
	w, findings := Load(fstest.MapFS{"attributes.yaml": &fstest.MapFile{}}, nil)
	if w != nil || places(findings) != "1:1 no-workspace" || !strings.Contains(findings[0].Hint, "germane init DIR") {
		t.Errorf("got %+v", findings)
	}
}

// TestWorkspaceMistakes writes one file of a good workspace anew; findings are written "file:line:column code".
func TestWorkspaceMistakes(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, file, text, want string }{
		{"a wrong extension", "campaigns/weekly.md", "x", "campaigns/weekly.md:1:1 unknown-file"},
		{"a template as text", "templates/other.txt", "x", "templates/other.txt:1:1 unknown-file"},
		{"an allowed one", "templates/other.txt", "<!-- germane:allow unknown-file notes for the team -->", ""},
		{"yml", "campaigns/other.yml", "x", "campaigns/other.yml:1:1 unknown-file"},
		{"a folder inside a folder", "blocks/old/hero.md", "x", "blocks/old:1:1 unknown-file"},
		{"an image among templates", "templates/logo.png", "x\xff", "templates/logo.png:1:1 unknown-file"},
		{"a misspelt folder", "template/weekly.md", "x", "template:1:1 unknown-file"},
		{"a misspelt file", "attribute.yaml", "x", "attribute.yaml:1:1 unknown-file"},
		{"another extension of YAML", "events.yml", "x", "events.yml:1:1 unknown-file"},
		{"a name with spaces", "blocks/Hero Two.md", "x", "blocks/Hero Two.md:1:1 bad-name"},
		{"data with a dash", "data/top-articles.csv", "a\n1\n", "data/top-articles.csv:1:1 bad-name"},
		{"a language", "blocks/hero.de.md", "x", "blocks/hero.de.md:1:1 reserved"},
		{"a language with a region", "templates/weekly.pt-BR.md", "x", "templates/weekly.pt-BR.md:1:1 reserved"},
		{"two blocks of one name", "blocks/hero.html", "{% otherwise %}x", "blocks/hero.md:1:1 duplicate-name"},
		{"two data files of one name", "data/articles.json", "[1]", "data/articles.json:1:1 duplicate-name"},
		{"UTF-16", "blocks/hero.md", "\xff\xfe{\x00", "blocks/hero.md:1:1 not-text"},
		{"Latin-1", "templates/weekly.md", "---\nsubject: caf\xe9\n---\n", "templates/weekly.md:2:13 not-text"},
		{"Latin-1 after a replacement character", "templates/weekly.md", "---\nsubject: \uFFFD caf\xe9\n---\n", "templates/weekly.md:2:15 not-text"},
		{"a zero byte", "events.yaml", "project_created: {}\n\x00", "events.yaml:2:1 not-text"},
		{"too large", "blocks/hero.md", strings.Repeat("x", maxText+1), "blocks/hero.md:1:1 file-too-large"},
		{"an empty template", "templates/weekly.md", "", "templates/weekly.md:1:1 empty-file, templates/weekly.md:1:1 missing-key"},
		{"no subject", "templates/weekly.md", "---\nlayout: base\n---\n# Hello\n", "templates/weekly.md:2:1 missing-key"},
		{"no front matter", "templates/weekly.md", "# Hello\n", "templates/weekly.md:1:1 missing-key"},
		{"front matter without an end", "templates/weekly.md", "---\nsubject: Hello\n", "templates/weekly.md:1:1 front-matter-not-closed"},
		{"an unknown key in a template", "templates/weekly.md", "---\nsubject: Hello\nlayuot: base\n---\n# Hello\n", "templates/weekly.md:3:1 unknown-key"},
		{"an unknown layout", "templates/weekly.md", "---\nsubject: Hello\nlayout: bse\n---\n# Hello\n", "templates/weekly.md:3:9 unknown-layout"},
		{"an unknown sender", "templates/weekly.md", "---\nsubject: Hello\nsender: suport\n---\n# Hello\n", "templates/weekly.md:3:9 unknown-sender"},
		{"an unknown event", "blocks/hero.md", "---\ngoal: project_craeted within 7d\n---\n{% otherwise %}x\n", "blocks/hero.md:2:7 unknown-event"},
		{"a control of everybody", "blocks/hero.md", "---\ncontrol: 100%\n---\n{% otherwise %}x\n", "blocks/hero.md:2:10 out-of-range"},
		{"a date of no calendar", "blocks/hero.md", "---\nreview_by: 31.3.2027\n---\n{% otherwise %}x\n", "blocks/hero.md:2:12 bad-date"},
		{"an unknown template", "campaigns/weekly.yaml", strings.Replace(campaignText, "template: weekly", "template: weekley", 1), "campaigns/weekly.yaml:5:11 unknown-template"},
		{"an unknown topic", "campaigns/weekly.yaml", strings.Replace(campaignText, "topic: tips", "topic: tip", 1), "campaigns/weekly.yaml:3:8 unknown-topic"},
		{"a sender of a campaign", "campaigns/weekly.yaml", campaignText + "sender: sales\n", "campaigns/weekly.yaml:7:9 unknown-sender"},
		{"an unknown attribute", "campaigns/weekly.yaml", strings.Replace(campaignText, `segment("heavy")`, "projects_30 > 3", 1), "campaigns/weekly.yaml:4:11 unknown-attribute"},
		{"bad YAML hides what seems to be missing", "campaigns/weekly.yaml", "objective: [\n", "campaigns/weekly.yaml:2:1 yaml-syntax"},
		{"a catalogue that cannot be read", "attributes.yaml", "plan: {\n", "attributes.yaml:2:1 yaml-syntax"},
		{"a cap on an unknown topic", "germane.yaml", "senders: {default: {name: Acme, email: hello@acme.example}, support: {name: Help, email: help@acme.example}}\ntopics: {tips: Tips}\ncaps: [{max: 1, per: 7d, topic: offers}]\n", "3:33 unknown-topic"},
		{"a persona with a strange plan", "personas/ann.yaml", "email: ann@mail.example\nattributes: {plan: gold}\n", "personas/ann.yaml:2:20 value-not-allowed"},
		{"a persona with too many", "personas/ann.yaml", "email: ann@mail.example\nattributes: {projects_30d: many}\n", "personas/ann.yaml:2:28 value-not-allowed"},
		{"a persona of the future", "personas/ann.yaml", "email: ann@mail.example\nattributes: {plna: pro}\n", "personas/ann.yaml:2:14 unknown-attribute"},
		{"a persona's topic", "personas/ann.yaml", "email: ann@mail.example\ntopics: {tip: subscribed}\n", "personas/ann.yaml:2:10 unknown-topic"},
		{"a persona's consent", "personas/ann.yaml", "email: ann@mail.example\ntopics: {tips: yes}\n", "personas/ann.yaml:2:16 bad-value"},
		{"a persona's key", "personas/ann.yaml", "email: ann@mail.example\nplan: pro\n", "personas/ann.yaml:2:1 unknown-key"},
		{"a persona's name", "personas/ann.yaml", "email: ann\n", "personas/ann.yaml:1:8 bad-person"},
		{"an allowance without a reason", "events.yaml", "# germane:allow unused-block\nproject_created: {}\n", "events.yaml:1:17 allow-without-reason"},
		{"a byte order mark", "events.yaml", "\uFEFFproject_created: {}\n", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			files := small()
			files[test.file] = &fstest.MapFile{Data: []byte(test.text)}
			_, findings := Load(files, nil)
			if got := places(reading(findings)); got != test.want {
				t.Errorf("got  %s\nwant %s\n%+v", got, test.want, reading(findings))
			}
		})
	}
}

const campaignText = "objective: activation\ngoal: project_created within 7d\ntopic: tips\naudience: segment(\"heavy\")\ntemplate: weekly\ncadence: {every: monday 09:00}\n"

// TestLinksOutOfTheWorkspace uses a folder as the program does, through os.Root.
func TestLinksOutOfTheWorkspace(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	outside := filepath.Join(t.TempDir(), "secret.md")
	if err := os.WriteFile(outside, []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(folder, small()); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(outside, filepath.Join(folder, "blocks", "secret.md")); err != nil {
		t.Fatal(err)
	}
	root, err := os.OpenRoot(folder)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	w, findings := Load(root.FS(), nil)
	if got := places(reading(findings)); got != "blocks/secret.md:1:1 cannot-read" || strings.Contains(findings[0].Text, folder) {
		t.Errorf("got %s: %+v", got, findings)
	}
	for _, f := range w.Files {
		if f.Name == "blocks/secret.md" {
			t.Error("the file was read")
		}
	}
}

func TestStarterHasNoMistakes(t *testing.T) {
	t.Parallel()
	sub, err := fs.Sub(os.DirFS("."), "starter")
	if err != nil {
		t.Fatal(err)
	}
	if _, findings := Load(sub, nil); len(findings) > 0 {
		t.Errorf("got %+v", findings)
	}
}

// TestNobodyGetsNothing: a subject or message that is all inside conditions may come out empty.
func TestNobodyGetsNothing(t *testing.T) {
	t.Parallel()
	const head, block = "---\nsubject: x\npreheader: x\nlayout: base\n---\n", "{% variant a when plan == \"pro\" %}\n\nA\n\n{% otherwise %}\n\n"
	for _, test := range []struct{ template, hero, want string }{
		{head + "{% if plan %}Hello{% endif %}\n", block + "B\n", "may-be-empty"},
		{head + "{% if plan %}Hello{% else %}{% skip \"no plan\" %}{% endif %}\n", block + "B\n", ""},
		{head + "{% block hero %}\n", block + "B\n", ""},
		{head + "{% block hero %}\n", block, "may-be-empty"},
		{strings.Replace(head, "subject: x", "subject: {% if plan %}x{% endif %}", 1) + "Hello\n", block + "B\n", "may-be-empty"},
		{strings.Replace(head, "subject: x", "subject: {% if plan %}x{% else %}y{% endif %}", 1) + "Hello\n", block + "B\n", ""},
		{head + "{% for i in (1..60000) %}" + strings.Repeat("x", 60) + "{% endfor %}\n", block + "{% for i in (1..60000) %}" + strings.Repeat("x", 60) + "{% endfor %}\n", ""},
	} {
		files := small()
		files["templates/weekly.md"] = &fstest.MapFile{Data: []byte(test.template)}
		files["blocks/hero.md"] = &fstest.MapFile{Data: []byte("---\nowner: ann@acme.example\ngoal: project_created within 7d\n---\n" + test.hero)}
		_, findings := Load(files, nil)
		got := ""
		for _, f := range reading(findings) {
			got += string(f.Code)
		}
		if got != test.want {
			t.Errorf("%.200s\n got %q %v\nwant %q", test.template, got, findings, test.want)
		}
	}
}
