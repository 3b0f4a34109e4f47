package render_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"html"
	"os"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
	"text/tabwriter"
	"time"

	"github.com/osteele/liquid"
	"github.com/wneessen/go-mail"

	"germane/audience"
	"germane/blocks"
	"germane/internal/finding"
	"germane/render"
	"germane/workspace"
)

// The benchmarks' message is realistic: 30 KB of HTML, 5 blocks of 4 variants, 15 values, 20 links, 20 attributes as stored.

const benchAttributes = `{"first_name":"Ann-Sophie","city":"Zürich & around","plan":"trial","trial_days_left":3,"projects_30d":7,"seats":4,"score":2.5,
"opted_in":true,"last_order_at":"2026-11-02T08:30:00Z","interests":["planning","design","teams"],"a1":"one","a2":"two","a3":"three <3","a4":"four",
"a5":"five","a6":6,"a7":7,"a8":8.5,"a9":true,"a10":"ten"}`

const prose = "Most teams find their feet within ten minutes; the rest ask a colleague, and both ways are fine. Whatever you write down today is there tomorrow, on every device, for everybody you asked to join. "

// benchVariant is a variant's content: three values are printed by the whole block's choice, four links are in it.
func benchVariant(block, variant int) string {
	values := []string{"first_name", "city", "a1", "a2", "a3", "a4", "a5", "a10", "plan", "projects_30d", "seats", "trial_days_left", "a6", "a7", "a8"}
	var b strings.Builder
	fmt.Fprintf(&b, "## Part %d for you\n\n", block)
	for i := range 4 {
		value := values[(block*3+min(i, 2))%len(values)]
		print := ""
		if i < 3 {
			print = fmt.Sprintf("For {{ %s | default: \"you\" }}: ", value)
		}
		fmt.Fprintf(&b, "%s%s[Read part %d of variant %d](https://acme.example/b%d/v%d/%d?from=mail&x=1).\n\n", print, strings.Repeat(prose, 4), i, variant, block, variant, i)
	}
	return b.String()
}

var benchRules = []string{`projects_30d > 50`, `plan == "pro" and seats > 10`, `trial_days_left <= 3 and plan == "trial"`}

func benchWorkspace() fstest.MapFS {
	files := fstest.MapFS{
		"germane.yaml": {Data: []byte("senders:\n  default: {name: Acme, email: hello@mail.acme.example, postal_address: \"1 Main St\"}\ntopics: {tips: Tips}\npublic_url: https://links.acme.example\n")},
		"attributes.yaml": {Data: []byte("first_name: {type: string}\ncity: {type: string}\nplan: {type: string, values: [free, trial, pro]}\ntrial_days_left: {type: int}\nprojects_30d: {type: int, default: 0}\nseats: {type: int}\nscore: {type: float}\nopted_in: {type: bool}\nlast_order_at: {type: time}\ninterests: {type: list, of: string}\n" +
			"a1: {type: string}\na2: {type: string}\na3: {type: string}\na4: {type: string}\na5: {type: string}\na6: {type: int}\na7: {type: int}\na8: {type: float}\na9: {type: bool}\na10: {type: string}\n")},
		"layouts/page.html": {Data: []byte("<!doctype html>\n<html lang=\"en\"><head><title>Acme</title><style>" + strings.Repeat("@media (max-width:600px){.card{padding:8px!important}}\n", 30) + "</style></head>\n<body>{{ content }}<p><a href=\"{{ links.unsubscribe }}\">Unsubscribe</a></p></body></html>\n")},
	}
	message := "---\nsubject: {{ first_name | default: \"Hello\" }}, your week\nlayout: page\n---\n# Good morning\n\n"
	for block := range 5 {
		var b strings.Builder
		b.WriteString("---\nowner: a@acme.example\n---\n")
		for variant := range 3 {
			fmt.Fprintf(&b, "{%% variant v%d when %s %%}\n\n%s\n", variant, benchRules[(variant+block)%3], benchVariant(block, variant))
		}
		b.WriteString("{% otherwise %}\n\n" + benchVariant(block, 3))
		files[fmt.Sprintf("blocks/b%d.md", block)] = &fstest.MapFile{Data: []byte(b.String())}
		message += fmt.Sprintf("{%% block b%d %%}\n\n", block)
	}
	files["templates/week.md"] = &fstest.MapFile{Data: []byte(message)}
	return files
}

func benchMessage(tb testing.TB) *render.Message {
	tb.Helper()
	w, findings := workspace.Load(benchWorkspace(), nil)
	if finding.HasErrors(findings) {
		tb.Fatal(findings)
	}
	message, _ := w.Message("week")
	return message
}

var benchNow = time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)

// benchGermane goes from stored attributes to the complete message.
func benchGermane(b *testing.B) {
	message := benchMessage(b)
	stored := &audience.Stored{ID: "p1", Email: "ann@mail.example", Attributes: []byte(benchAttributes), ObservedAt: benchNow.UnixMilli()}
	link := []byte("https://links.acme.example/c/AbCdEfGhIjKlMnOpQrStUvWxYz0123456789AbCdEfGh/")
	envelope := &render.Envelope{
		To: stored.Email, Date: benchNow, ID: "d1", Unsubscribe: "https://links.acme.example/u/x", Preferences: "https://links.acme.example/p/x",
		Link: func(dst []byte, id int, _ []string) []byte {
			return strconv.AppendInt(append(dst, link...), int64(id), 10)
		},
	}
	var decoded audience.Decoded
	var choices []blocks.Choice
	var renderer render.Renderer
	b.ReportAllocs()
	for b.Loop() {
		if err := message.Selection.Decode(stored, benchNow.UnixMilli(), &decoded); err != nil {
			b.Fatal(err)
		}
		choices = message.Chooser.Choose(&decoded, stored.ID, choices[:0])
		rendered, err := renderer.Render(message, &decoded, choices, envelope)
		if err != nil {
			b.Fatal(err)
		}
		b.SetBytes(int64(len(rendered.MIME)))
	}
}

// benchCopy copies the same bytes: the least that any way can take.
func benchCopy(b *testing.B) {
	rendered := benchRendered(b)
	var out []byte
	b.SetBytes(int64(len(rendered)))
	b.ReportAllocs()
	for b.Loop() {
		out = append(out[:0], rendered...)
	}
}

func benchRendered(tb testing.TB) []byte {
	tb.Helper()
	message := benchMessage(tb)
	stored := &audience.Stored{ID: "p1", Email: "ann@mail.example", Attributes: []byte(benchAttributes), ObservedAt: benchNow.UnixMilli()}
	var decoded audience.Decoded
	if err := message.Selection.Decode(stored, benchNow.UnixMilli(), &decoded); err != nil {
		tb.Fatal(err)
	}
	rendered, err := new(render.Renderer).Render(message, &decoded, message.Chooser.Choose(&decoded, stored.ID, nil), &render.Envelope{To: stored.Email, Date: benchNow, ID: "d1"})
	if err != nil {
		tb.Fatal(err)
	}
	return bytes.Clone(rendered.MIME)
}

// benchLiquid is what one would build of good libraries: osteele/liquid with the template parsed once, values escaped before, the
// message composed by go-mail. It gets HTML and text ready made by Germane's own compiler, so that both write the same mail.
func benchLiquid(b *testing.B) {
	mailRead, err := render.ReadMail(benchRendered(b))
	if err != nil {
		b.Fatal(err)
	}
	page, err := liquid.NewEngine().ParseString(liquidSource(mailRead.HTML))
	if err != nil {
		b.Fatal(err)
	}
	text, err := liquid.NewEngine().ParseString(liquidSource(mailRead.Text))
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		var attributes map[string]any
		if err := json.Unmarshal([]byte(benchAttributes), &attributes); err != nil {
			b.Fatal(err)
		}
		for name, value := range attributes {
			if s, ok := value.(string); ok {
				attributes[name] = html.EscapeString(s)
			}
		}
		composeWithLibraries(b, page, text, attributes)
	}
}

func composeWithLibraries(b *testing.B, page, text *liquid.Template, attributes map[string]any) {
	htmlBody, err := page.RenderString(attributes)
	if err != nil {
		b.Fatal(err)
	}
	textBody, err := text.RenderString(attributes)
	if err != nil {
		b.Fatal(err)
	}
	m := mail.NewMsg(mail.WithNoDefaultUserAgent())
	_ = m.FromFormat("Acme", "hello@mail.acme.example")
	_ = m.To("ann@mail.example")
	m.Subject(fmt.Sprint(attributes["first_name"], ", your week"))
	m.SetMessageIDWithValue("d1@mail.acme.example")
	m.SetDateWithValue(benchNow)
	m.SetBodyString(mail.TypeTextPlain, textBody)
	m.AddAlternativeString(mail.TypeTextHTML, htmlBody)
	var out bytes.Buffer
	if _, err := m.WriteTo(&out); err != nil {
		b.Fatal(err)
	}
}

// liquidSource makes a template of a rendered page: each of its five parts becomes an if with four branches, as the blocks have.
func liquidSource(page string) string {
	parts := strings.Split(page, "Part ")
	source := parts[0]
	for _, part := range parts[1:] {
		part = strings.ReplaceAll(part, "For ", "For {{ first_name }}{{ a3 }}{{ city }}")
		source += "Part {% if projects_30d > 50 %}" + part + "{% elsif seats > 10 %}" + part + "{% elsif trial_days_left > 5 %}" + part + "{% else %}" + part + "{% endif %}"
	}
	return source
}

func BenchmarkMessage(b *testing.B)         { benchGermane(b) }
func BenchmarkMessageCopy(b *testing.B)     { benchCopy(b) }
func BenchmarkMessageByLiquid(b *testing.B) { benchLiquid(b) }

// TestBenchTable prints the three in one table with ratios, when GERMANE_BENCH is set, as `make bench` does.
func TestBenchTable(t *testing.T) {
	if os.Getenv("GERMANE_BENCH") == "" {
		return
	}
	rows := []struct {
		name string
		run  func(*testing.B)
	}{{"a plain copy of the same bytes", benchCopy}, {"germane: stored attributes to complete MIME", benchGermane}, {"osteele/liquid + escaping + go-mail", benchLiquid}}
	out := tabwriter.NewWriter(os.Stdout, 0, 8, 2, ' ', 0)
	fmt.Fprintf(out, "%d bytes a message\tµs\tallocations\tratio\n", len(benchRendered(t)))
	var base float64
	for _, row := range rows {
		result := testing.Benchmark(row.run)
		ns := float64(result.T.Nanoseconds()) / float64(result.N)
		if row.name[0] == 'g' {
			base = ns
		}
		ratio := "-"
		if base > 0 {
			ratio = fmt.Sprintf("%.1f", ns/base)
		}
		fmt.Fprintf(out, "%s\t%.2f\t%d\t%s\n", row.name, ns/1000, result.AllocsPerOp(), ratio)
	}
	out.Flush()
}
