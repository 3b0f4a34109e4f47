package check

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"germane/audience"
	"germane/workspace"
)

// starterWith is the starter with pieces of its files replaced: file, old, new, and so on. With an old "" the file is the new.
func starterWith(t *testing.T, changes ...string) *workspace.Workspace {
	t.Helper()
	files := fstest.MapFS{}
	if err := fs.WalkDir(workspace.Starter(), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := fs.ReadFile(workspace.Starter(), name)
		files[name] = &fstest.MapFile{Data: data}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(changes); i += 3 {
		if changes[i+1] == "" {
			files[changes[i]] = &fstest.MapFile{Data: []byte(changes[i+2])}
			continue
		}
		file := files[changes[i]]
		if file == nil || !bytes.Contains(file.Data, []byte(changes[i+1])) {
			t.Fatalf("%s has no %q", changes[i], changes[i+1])
		}
		files[changes[i]] = &fstest.MapFile{Data: bytes.ReplaceAll(file.Data, []byte(changes[i+1]), []byte(changes[i+2]))}
	}
	w, findings := workspace.Load(files, nil)
	for _, f := range findings {
		if f.Severity == "error" {
			t.Fatalf("%+v", f)
		}
	}
	return w
}

// sample reads the starter's people.
func sample(t *testing.T, w *workspace.Workspace) []*audience.Stored {
	t.Helper()
	data, err := fs.ReadFile(workspace.Starter(), "people/sample.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	rows := audience.ImportJSONL(bytes.NewReader(data), audience.ImportOptions{Catalogue: w.Catalogue, Topics: w.Config.TopicNames()})
	var people []*audience.Stored
	for {
		var u audience.Update
		err := rows.Next(&u)
		if errors.Is(err, io.EOF) {
			return people
		}
		if err != nil {
			t.Fatal(err)
		}
		p, err := u.New(bruteNow)
		if err != nil {
			t.Fatal(err)
		}
		people = append(people, &p)
	}
}

func compared(t *testing.T, was, is *workspace.Workspace) *Comparison {
	t.Helper()
	c := NewComparer(was, is)
	for _, p := range sample(t, is) {
		c.Add(p, bruteNow)
	}
	return c.Comparison()
}

// lines writes a comparison in short.
func lines(c *Comparison) []string {
	var list []string
	for _, t := range c.Templates {
		list = append(list, fmt.Sprintf("%s %s %d", t.Template, t.State, t.People))
		for _, what := range t.Everywhere {
			list = append(list, t.Template+" everywhere "+what)
		}
		for _, m := range t.Moves {
			list = append(list, fmt.Sprintf("%s/%s %s>%s %d %v", t.Template, m.Block, m.From, m.To, m.People, m.Same))
		}
		for _, w := range t.Words {
			list = append(list, fmt.Sprintf("%s/%s/%s %s %d", t.Template, w.Block, w.Variant, strings.Join(w.Because, "+"), w.People))
		}
	}
	for _, x := range c.Campaigns {
		list = append(list, fmt.Sprintf("%s %s +%d -%d %v", x.Campaign, x.State, x.Joined, x.Left, x.Sender))
	}
	return list
}

func TestCompare(t *testing.T) {
	t.Parallel()
	was := starterWith(t)
	for _, test := range []struct {
		name    string
		changes []string
		want    []string
	}{
		{"nothing", nil, nil},
		{"white space", []string{"blocks/hero.md", "Your projects are as you left them.", "Your projects  are\nas you left them."}, nil},
		{"a subject", []string{"templates/weekly.md", "your week at Acme", "this week"}, []string{"weekly changed 1000", "weekly everywhere subject"}},
		{"words outside blocks", []string{"templates/welcome.md", "Make a project and give", "Make one and give"}, []string{"welcome changed 1000", "welcome everywhere text outside blocks"}},
		{"a layout", []string{"layouts/base.html", "Unsubscribe</a>", "Leave</a>"}, []string{"weekly changed 1000", "weekly everywhere layout", "welcome changed 1000", "welcome everywhere layout"}},
		{"an accent", []string{"germane.yaml", "#2457d6", "#b02020"}, []string{
			"weekly changed 1000", "weekly everywhere layout (brand.accent)", "weekly everywhere looks",
			"welcome changed 1000", "welcome everywhere layout (brand.accent)", "welcome everywhere looks",
		}},
		{"this week's content", []string{"data/articles.yaml", "title: ", "title: New "}, []string{
			"weekly changed 1000", "weekly/reading/chosen-for-you data.articles 201", "weekly/reading/otherwise data.articles 799",
		}},
		{"an order", []string{"templates/weekly.md", "{% block next-step %}\n\n{% block reading %}", "{% block reading %}\n\n{% block next-step %}"}, []string{"weekly changed 1000", "weekly everywhere order of blocks"}},
		{"a variant's name", []string{"blocks/hero.md", "variant power-user", "variant heavy"}, []string{"weekly changed 0", "weekly/hero power-user>heavy 75 true"}},
		{"a block is gone", []string{"templates/welcome.md", "{% block for-you %}", ""}, []string{"welcome changed 253", "welcome/for-you otherwise> 747 true", "welcome/for-you picks> 253 false"}},
		{"a sender", []string{"germane.yaml", "name: Acme,", "name: Acme Ltd,"}, []string{"weekly changed +0 -0 true"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if got := lines(compared(t, was, starterWith(t, test.changes...))); !slices.Equal(got, test.want) {
				t.Errorf("got  %q\nwant %q", got, test.want)
			}
		})
	}
}

// TestCompareIsWhatEverybodyGets counts one by one who gets another variant, as the chooser says of each side alone.
func TestCompareIsWhatEverybodyGets(t *testing.T) {
	t.Parallel()
	was := starterWith(t)
	is := starterWith(t, "blocks/hero.md", "trial_days_left <= 3", "trial_days_left <= 9", "blocks/hero.md", "projects_30d >= 10", "projects_30d >= 8", "blocks/next-step.md", "projects_30d > 0 and not", "projects_30d > 2 and not",
		"campaigns/weekly.yaml", `["free", "trial"]`, `["trial", "pro"]`)
	want := map[string]int{}
	moved := 0
	for _, p := range sample(t, is) {
		before, after := alone(t, was, p), alone(t, is, p)
		for block := range before {
			if before[block] != after[block] {
				want[block+" "+before[block]+">"+after[block]]++
			}
		}
		if before["hero"] != after["hero"] || before["next-step"] != after["next-step"] {
			moved++
		}
	}
	got := map[string]int{}
	c := compared(t, was, is)
	for _, m := range c.Templates[0].Moves {
		got[m.Block+" "+m.From+">"+m.To] = m.People
		if len(m.Examples) != min(m.People, maxExamples) {
			t.Errorf("%+v", m)
		}
	}
	if fmt.Sprint(got) != fmt.Sprint(want) || len(want) < 4 || c.Templates[0].People != moved || len(c.Templates) != 1 {
		t.Errorf("got %v (%d people), want %v (%d people)", got, c.Templates[0].People, want, moved)
	}
	if len(c.Campaigns) != 1 || c.Campaigns[0].Joined == 0 || c.Campaigns[0].Left == 0 {
		t.Errorf("campaigns: %+v", c.Campaigns)
	}
}

// alone is what a person gets in each block of weekly.
func alone(t *testing.T, w *workspace.Workspace, p *audience.Stored) map[string]string {
	t.Helper()
	message, _ := w.Message("weekly")
	d, all := &audience.Decoded{}, map[string]string{}
	if err := message.Selection.Decode(p, bruteNow, d); err != nil {
		t.Fatal(err)
	}
	for _, choice := range message.Chooser.Choose(d, p.ID, nil) {
		b := message.Chooser.Blocks()[choice.Block]
		all[b.Name] = b.Variants[choice.Variant].Name
	}
	return all
}

// TestCompareNamesNoAddress keeps ids that are addresses to itself.
func TestCompareNamesNoAddress(t *testing.T) {
	t.Parallel()
	var c crossing
	for _, id := range []string{"ann@mail.example", "", "p1", "p2", "p3", "p4"} {
		c.add(id)
	}
	if got := strings.Join(c.ids(), " "); got != "p1 p2 p3" || c.people != 6 {
		t.Errorf("got %s of %d", got, c.people)
	}
}
