package workspace

import "testing"

func TestUTM(t *testing.T) {
	t.Parallel()
	const marks = "utm_source=tips&utm_medium=email&utm_campaign=weekly"
	for address, want := range map[string]string{
		"https://acme.example":                       "https://acme.example?" + marks,
		"https://acme.example/a b/[x]?q=1&r=%2F#top": "https://acme.example/a b/[x]?q=1&r=%2F&" + marks + "#top",
		"https://acme.example/?":                     "https://acme.example/?" + marks,
		"https://acme.example/?a=1&":                 "https://acme.example/?a=1&" + marks,
		"https://münchen.example/ü?x=😀":              "https://münchen.example/ü?x=😀&" + marks,
		"https://acme.example/#x?y":                  "https://acme.example/?" + marks + "#x?y",
		"https://acme.example/?utm_source=other":     "https://acme.example/?utm_source=other",
		"mailto:help@acme.example":                   "mailto:help@acme.example",
		"#top":                                       "#top",
	} {
		if got := addUTM(address, "tips", "weekly"); got != want {
			t.Errorf("%s:\n got %s\nwant %s", address, got, want)
		}
		if again := addUTM(want, "tips", "weekly"); again != want {
			t.Errorf("%s was marked twice: %s", want, again)
		}
	}
}
