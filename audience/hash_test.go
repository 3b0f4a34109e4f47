package audience

import (
	"encoding/json"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	_ "github.com/growthbook/growthbook-golang" // its cases.json is the outside check; nothing of it is linked into the program
)

// TestGrowthBookCases runs the sections of GrowthBook's own conformance cases that define bucketing.
func TestGrowthBookCases(t *testing.T) {
	t.Parallel()
	out, err := exec.CommandContext(t.Context(), "go", "list", "-m", "-f", "{{.Dir}}", "github.com/growthbook/growthbook-golang").Output()
	if err != nil {
		t.Fatalf("find GrowthBook's module: %v", err)
	}
	data, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(out)), "cases.json"))
	if err != nil {
		t.Fatal(err)
	}
	var cases struct {
		Hash            [][]any `json:"hash"`
		GetBucketRange  [][]any `json:"getBucketRange"`
		ChooseVariation [][]any `json:"chooseVariation"`
	}
	if err := json.Unmarshal(data, &cases); err != nil {
		t.Fatal(err)
	}
	if len(cases.Hash) < 27 || len(cases.GetBucketRange) < 13 || len(cases.ChooseVariation) < 13 {
		t.Fatalf("only %d, %d and %d cases", len(cases.Hash), len(cases.GetBucketRange), len(cases.ChooseVariation))
	}
	for _, c := range cases.Hash {
		got, ok := Hash(c[0].(string), c[1].(string), int(c[2].(float64)))
		if want, has := c[3].(float64); has != ok || has && got != want {
			t.Errorf("hash %v: got %v %v", c, got, ok)
		}
	}
	for _, c := range cases.GetBucketRange {
		in := c[1].([]any)
		got := sdkRanges(int(in[0].(float64)), in[1].(float64), floats(in[2]))
		if want := readRanges(c[2]); !closeTo(got, want) {
			t.Errorf("%v: got %v, want %v", c[0], got, want)
		}
	}
	for _, c := range cases.ChooseVariation {
		if got := Choose(c[1].(float64), readRanges(c[2])); got != int(c[3].(float64)) {
			t.Errorf("%v: got %v", c, got)
		}
	}
}

// sdkRanges is what GrowthBook's SDKs do with weights that [CheckWeights] refuses: equal weights. Here it serves their cases only.
func sdkRanges(n int, coverage float64, weights []float64) []Range {
	sum := 0.0
	for _, w := range weights {
		sum += w
	}
	if len(weights) != n || sum < 0.99 || sum > 1.01 {
		weights = make([]float64, n)
		for i := range weights {
			weights[i] = 1 / float64(n)
		}
	}
	return Ranges(coverage, weights)
}

func floats(v any) []float64 {
	var all []float64
	items, _ := v.([]any)
	for _, item := range items {
		all = append(all, item.(float64))
	}
	return all
}

func readRanges(v any) []Range {
	var all []Range
	for _, item := range v.([]any) {
		pair := floats(item)
		all = append(all, Range{pair[0], pair[1]})
	}
	return all
}

// closeTo allows for the cases being written with few digits.
func closeTo(a, b []Range) bool {
	for i := range a {
		if len(a) != len(b) || math.Abs(a[i].Start-b[i].Start) > 1e-9 || math.Abs(a[i].End-b[i].End) > 1e-9 {
			return false
		}
	}
	return true
}

func TestHashPinned(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		seed, value string
		version     int
		want        float64
	}{
		{"seed", "a", 2, .0505},
		{"foo", "def", 2, .2019},
		{"bucket-range-rounding", "user-3436", 2, .22},
		{"", "josé", 2, .1315},
		{"", "用户123", 2, .3071},
		{"", "😀", 2, .4971},
		{"expérience", "123", 2, .9001},
		{"", "josé", 1, .586},
		{"expérience", "josé", 2, .0021},
		{"expérience", "用户123", 2, .6144},
		{"expérience", "😀", 2, .8489},
		{"welcome-2026", "user-3436", 2, .7288},
	} {
		if got, ok := Hash(test.seed, test.value, test.version); !ok || got != test.want {
			t.Errorf("Hash(%q, %q, %d) = %v, want %v", test.seed, test.value, test.version, got, test.want)
		}
	}
	if _, ok := Hash("abc", "def", 99); ok {
		t.Error("version 99 is not one")
	}
}

// TestRangesDoNotFuse pins the end that a fused multiply-add would move by one unit in the last place, and a person with it.
func TestRangesDoNotFuse(t *testing.T) {
	t.Parallel()
	ranges := Ranges(.1, []float64{.2, .2, .2, .2, .2})
	if ranges[1].End != 0.22000000000000003 {
		t.Errorf("got %v", ranges[1].End)
	}
	n, _ := Hash("bucket-range-rounding", "user-3436", 2)
	if got := Choose(n, ranges); got != 1 {
		t.Errorf("user-3436 is in arm %d", got)
	}
}

func TestCheckWeights(t *testing.T) {
	t.Parallel()
	for _, good := range [][]float64{{1}, {.5, .5}, {.1, .9}, {1 / 3., 1 / 3., 1 / 3.}, {0, 1}} {
		if err := CheckWeights(good); err != nil {
			t.Errorf("%v: %v", good, err)
		}
	}
	for _, bad := range [][]float64{nil, {.5}, {.5, .6}, {-.1, 1.1}, {math.NaN(), 1}, {math.Inf(1)}, {2, -1}} {
		if CheckWeights(bad) == nil {
			t.Errorf("%v was accepted", bad)
		}
	}
}
