package workspace

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"testing"
	"time"
)

// invented is a person of the sample in the public form, with the keys in the order people read them.
type invented struct {
	ID         string            `json:"id"`
	Email      string            `json:"email"`
	TimeZone   string            `json:"time_zone,omitempty"`
	Locale     string            `json:"locale,omitempty"`
	Attributes map[string]any    `json:"attributes"`
	Topics     map[string]string `json:"topics"`
}

var (
	firstNames = []string{
		"Ada", "Amir", "Ana", "Anika", "Ben", "Bruno", "Carla", "Chiara", "Daan", "Dewi", "Elif", "Emeka", "Erik", "Fatou", "Femi",
		"Grace", "Hana", "Henrik", "Ines", "Ivan", "Jana", "Joana", "Jonas", "Kofi", "Lars", "Lea", "Lin", "Luca", "Maja", "Mateo",
		"Mei", "Mika", "Nadia", "Nils", "Noor", "Olu", "Oscar", "Paula", "Petra", "Priya", "Rafael", "Rosa", "Sam", "Sara", "Sofia",
		"Tariq", "Theo", "Tomás", "Uma", "Valentina", "Vera", "Wei", "Yara", "Yuki", "Zoé", "千夏", "Ольга", "فاطمة", "Željko", "Łukasz",
	}
	familyNames = []string{
		"abbott", "almeida", "bauer", "berg", "costa", "diallo", "evans", "fischer", "garcia", "haddad", "ito", "jansen", "kaya", "kim",
		"kowalski", "larsen", "lopez", "martin", "meyer", "moreau", "ndiaye", "novak", "okafor", "olsen", "patel", "petrov", "quinn",
		"rossi", "santos", "schmidt", "silva", "singh", "tanaka", "turner", "varga", "weber", "wong", "yilmaz", "young", "zhang",
	}
	zones = []string{
		"Europe/London", "Europe/Berlin", "Europe/Madrid", "Europe/Paris", "America/New_York", "America/Chicago", "America/Los_Angeles",
		"America/Sao_Paulo", "Africa/Lagos", "Asia/Kolkata", "Asia/Tokyo", "Australia/Sydney", "",
	}
	locales   = []string{"en", "en", "en", "de", "es", "fr", "pt-BR", "ja", ""}
	topics    = []string{"planning", "design", "shortcuts", "teams", "reporting", "automation"}
	offers    = []string{"Studio planner", "Desk calendar", "Sticker set", "Team poster", "Notebook"}
	companies = []string{"bluebird", "harbour", "juniper", "meadow", "north-light", "orchard", "paperboat", "quarry", "riverside", "tinker"}
)

// inventPeople returns the starter's 1,000 people as JSON lines. They are drawn from a fixed seed, so the file never changes by itself.
func inventPeople() []byte {
	r := rand.New(rand.NewPCG(2026, 11))
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	for i := range 1000 {
		if err := encoder.Encode(invent(r, i)); err != nil {
			panic(err)
		}
	}
	return out.Bytes()
}

func invent(r *rand.Rand, i int) invented {
	name := pick(r, firstNames)
	p := invented{
		ID:         fmt.Sprintf("p%04d", i+1),
		Email:      fmt.Sprintf("%s.%d@%s.example", pick(r, familyNames), i+1, pick(r, companies)),
		TimeZone:   pick(r, zones),
		Locale:     pick(r, locales),
		Attributes: map[string]any{"projects_30d": projects(r)},
		Topics:     map[string]string{"tips": "subscribed"},
	}
	if r.IntN(100) < 92 {
		p.Attributes["first_name"] = name
	}
	if plan := []string{"free", "free", "free", "free", "free", "trial", "trial", "trial", "pro", "pro"}[r.IntN(10)]; r.IntN(100) < 95 {
		p.Attributes["plan"] = plan
		if plan == "trial" {
			p.Attributes["trial_days_left"] = r.IntN(31)
		}
	}
	if r.IntN(100) < 35 {
		day := time.Date(2026, time.November, 20, 9, 0, 0, 0, time.UTC).Add(-time.Duration(r.IntN(180*24)) * time.Hour)
		p.Attributes["last_order_at"] = day.Format(time.RFC3339)
		p.Attributes["picks"] = picks(r)
	}
	if n := r.IntN(4); n > 0 {
		start := r.IntN(len(topics) - n)
		p.Attributes["interests"] = topics[start : start+n]
	}
	if r.IntN(100) < 30 {
		p.Topics["offers"] = "subscribed"
	}
	return p
}

// projects is skewed as use is: many make none, few make many.
func projects(r *rand.Rand) int {
	n := r.ExpFloat64() * 4
	return min(60, int(n))
}

func picks(r *rand.Rand) []map[string]any {
	var list []map[string]any
	for i := range 1 + r.IntN(3) {
		list = append(list, map[string]any{
			"name":  offers[(r.IntN(len(offers))+i)%len(offers)],
			"url":   fmt.Sprintf("https://shop.acme.example/p/%d", 100+r.IntN(900)),
			"price": float64(500+r.IntN(5000)) / 100,
		})
	}
	return list
}

func pick(r *rand.Rand, from []string) string { return from[r.IntN(len(from))] }

func TestSamplePeopleAreTheInventedOnes(t *testing.T) {
	t.Parallel()
	want := inventPeople()
	const file = "starter/people/sample.jsonl"
	if os.Getenv("GERMANE_UPDATE") != "" {
		if err := os.WriteFile(file, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(file)
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("%s differs from what inventPeople makes: run `make golden` (%v)", file, err)
	}
}
