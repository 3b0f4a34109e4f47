package check

import (
	"fmt"
	"strings"
	"testing"

	"germane/audience"
)

// TestProve names, for rules tried in order, what must be proved: ok, never, always, or by and the numbers of the rules that shadow
// one, from 1.
func TestProve(t *testing.T) {
	t.Parallel()
	scope := acme(t)
	for _, test := range []struct{ name, rules, want string }{
		// Values that exclude each other, and values that the catalogue excludes.
		{"two values of one attribute", `plan == "free" and plan == "pro"`, "never"},
		{"two values, one of them negated", `plan == "free" and plan != "pro"`, "ok"},
		{"no value of an enumeration", `plan != "free" and plan != "trial" and plan != "pro"`, "never"},
		{"a value after has", `has(plan) and plan not in ["free", "trial", "pro"]`, "never"},
		{"a missing value", `not has(plan)`, "ok"},
		{"a missing value of an attribute with a default", `not has(tier)`, "never"},
		{"missing and present", `plan == nil and plan == "pro"`, "never"},
		{"a blank text", `first_name == ""`, "never"},
		{"a text that is too long", `city == "` + strings.Repeat("x", 21) + `"`, "never"},
		{"false", `false`, "never"},
		{"a comparison that fails for all", `1 > 2`, "never"},
		{"a value that is not less than itself", `points < points`, "never"},

		// Numbers.
		{"an empty interval", `points > 5 and points < 5`, "never"},
		{"no whole number between", `points > 5 and points < 6`, "never"},
		{"a number between", `height > 5 and height < 6`, "ok"},
		{"a whole number and a fraction", `points > 5.2 and points < 5.9`, "never"},
		{"below the least", `projects_30d < 0`, "never"},
		{"above the most", `trial_days_left > 60`, "never"},
		{"at the most", `trial_days_left >= 60`, "ok"},
		{"a share above one", `score > 1`, "never"},
		{"the least of all", `points <= -9223372036854775807`, "ok"},
		{"floats beside a large whole number", `height > 9007199254740992 and height < 9007199254740993`, "never"},
		{"floats around it", `height > 9007199254740991 and height < 9007199254740993`, "ok"},

		// Always.
		{"true", `true`, "always"},
		{"at least the least, with a default", `projects_30d >= 0`, "always"},
		{"at least the least, without", `seats >= 1`, "ok"},
		{"at least the least, or missing", `seats >= 1 or not has(seats)`, "always"},
		{"a condition or its negation is unknown for some", `optin or not optin`, "ok"},
		{"a condition or its negation, with a default", `staff or not staff`, "always"},
		{"a topic or not", `subscribed("tips") or not subscribed("tips")`, "always"},
		{"unknown or true", `points > 3 or true`, "always"},
		{"all values of an enumeration with a default", `tier in ["basic", "gold"]`, "always"},
		{"always true, then others", `projects_30d >= 0; plan == "pro"`, "always, by 1"},

		// Shadows.
		{"the same rule twice", `plan == "pro"; plan == "pro"`, "ok, by 1"},
		{"the same rule in other words", `plan in ["free", "trial"]; has(plan) and plan != "pro"`, "ok, by 1"},
		{"a smaller one after a larger", `projects_30d >= 1; projects_30d >= 10`, "ok, by 1"},
		{"a larger one after a smaller", `projects_30d >= 10; projects_30d >= 1`, "ok, ok"},
		{"two that take everybody together", `optin; not optin; has(optin) and plan == "pro"`, "ok, ok, by 1 2"},
		{"not the missing", `optin; not optin; plan == "pro"`, "ok, ok, ok"},
		{"two of three", `plan == "free"; plan == "trial"; plan == "pro"; plan in ["free", "pro"]`, "ok, ok, ok, by 1 3"},
		{"a rule that is never true shadows nothing", `plan == "free" and plan == "pro"; plan == "free"`, "never, ok"},
		{"never true is not shadowed", `true; points > 5 and points < 6`, "always, never"},
		{"a segment", `segment("heavy"); projects_30d > 12`, "ok, by 1"},
		{"segments of segments", `segment("keen"); plan == "trial" and first_name == "Ada"`, "ok, by 1"},
		{"a conjunction", `plan == "trial"; plan == "trial" and trial_days_left <= 3`, "ok, by 1"},
		{"a disjunction", `plan == "trial" or staff; staff`, "ok, by 1"},

		// Texts.
		{"a prefix of a prefix", `first_name startsWith "An"; first_name startsWith "Ann"`, "ok, by 1"},
		{"two prefixes", `first_name startsWith "An" and first_name startsWith "Be"`, "never"},
		{"a prefix and a value", `first_name startsWith "An" and first_name == "Ben"`, "never"},
		{"a prefix and an order", `first_name startsWith "An" and first_name < "Am"`, "never"},
		{"a value that ends so", `first_name endsWith "a"; first_name in ["Ada", "Eva"]`, "ok, by 1"},
		{"two ends", `first_name endsWith "a" and first_name endsWith "b"`, "never"},
		{"an end in an end", `first_name endsWith "a"; first_name endsWith "da"`, "ok, by 1"},
		{"a piece of an end", `first_name contains "d"; first_name endsWith "da"`, "ok, by 1"},
		{"a piece of a prefix", `first_name contains "d"; first_name startsWith "Ad"`, "ok, by 1"},
		{"a piece of a prefix, beside it", `first_name startsWith "Ad"; first_name > "Ab" and first_name < "Ac" and not (first_name contains "d")`, "ok, ok"},
		{"a piece of a piece", `first_name contains "d"; first_name contains "da"`, "ok, by 1"},
		{"a pattern and itself", `first_name matches "^A.a$"; has(first_name) and first_name matches "^A.a$"`, "ok, by 1"},
		{"an anchored pattern is no piece", `first_name matches "^da"; first_name contains "da"`, "ok, ok"},
		{"a pattern that is a piece", `first_name matches "da"; first_name contains "da"`, "ok, by 1"},
		{"a pattern on an enumeration", `plan matches "^p"; plan == "pro"`, "ok, by 1"},
		{"a pattern that no value has", `plan matches "x"`, "never"},
		{"patterns that could exclude each other", `first_name matches "^a+$" and first_name matches "^b+$"`, "ok"},
		{"nothing is between two texts", `first_name > "a" and first_name < "a"`, "never"},
		{"an address without https", `homepage startsWith "http://"`, "never"},
		{"a person's field", `person.locale == "de" and person.locale startsWith "en"`, "never"},

		// Times.
		{"a day between two days", `days_since(last_order_at) > 3 and days_since(last_order_at) < 4`, "never"},
		{"days since and until", `days_since(last_order_at) > 3 and days_until(last_order_at) > 3`, "never"},
		{"the future is not days ago", `last_order_at > now and days_since(last_order_at) > 0`, "never"},
		{"today", `renews_on > now and days_since(renews_on) == 0`, "never"},
		{"a time later today", `last_order_at > now and days_since(last_order_at) == 0`, "ok"},
		{"longer ago", `days_since(last_order_at) > 30; days_since(last_order_at) > 90`, "ok, by 1"},
		{"before and after", `last_order_at < "2026-01-01" and last_order_at > "2026-06-01"`, "never"},
		{"no midnight within a day", `renews_on > "2026-01-01" and renews_on < "2026-01-01T23:00:00Z"`, "never"},
		{"a time within a day", `last_order_at > "2026-01-01" and last_order_at < "2026-01-01T23:00:00Z"`, "ok"},
		{"an offer that ends", `now < "2026-12-01"; now < "2026-11-01"`, "ok, by 1"},
		{"an offer that is over may still be checked", `now < "1999-12-01"`, "ok"},
		{"two attributes", `last_order_at < signed_up_at and signed_up_at <= last_order_at`, "never"},
		{"two attributes, turned", `points < seats; seats > points`, "ok, by 1"},
		{"two attributes and the missing", `points < seats or points >= seats`, "ok"},

		{"an attribute that is called like something of ours", `1 < 2 and constant > 3`, "ok"},

		// Lists.
		{"an element", `interests contains "a"; interests contains "a" and optin`, "ok, by 1"},
		{"two of two", `interests contains "a" and interests contains "b"`, "ok"},
		{"three of two", `interests contains "a" and interests contains "b" and interests contains "c"`, "never"},
		{"an empty list is there", `has(interests) and not (interests contains "a")`, "ok"},
		{"a list with a default", `sizes contains 5 or not (sizes contains 5)`, "always"},
		{"equal elements", `sizes contains 5; sizes contains 5.0`, "ok, by 1"},
		{"a blank element", `interests contains " "`, "never"},

		// What is not known is not claimed.
		{"unknown is not false", `not (plan == "pro"); not has(plan)`, "ok, ok"},
		{"not is not the rest", `plan == "pro"; not (plan == "pro"); true`, "ok, ok, always"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if got := words(Prove(parse(t, scope, split(test.rules)...))); got != test.want {
				t.Errorf("%s\ngot %s, want %s", test.rules, got, test.want)
			}
		})
	}
}

func split(rules string) []string {
	parts := strings.Split(rules, ";")
	for i := range parts {
		parts[i] = strings.TrimSpace(parts[i])
	}
	return parts
}

// words writes proofs as the tests do.
func words(proofs []Proof) string {
	var all []string
	for _, proof := range proofs {
		word := map[Verdict]string{Undecided: "undecided", Reachable: "ok", NeverTrue: "never", AlwaysTrue: "always", Shadowed: "by"}[proof.Verdict]
		for _, j := range proof.By {
			word += fmt.Sprintf(" %d", j+1)
		}
		all = append(all, word)
	}
	return strings.Join(all, ", ")
}

func TestConflictIsTheFewestTerms(t *testing.T) {
	t.Parallel()
	rule := parse(t, acme(t), `optin and plan == "free" and subscribed("tips") and plan == "pro" and points > 3`)[0]
	var terms []string
	for _, c := range Prove([]*audience.Rule{rule})[0].Conflict {
		terms = append(terms, audience.Print(c))
	}
	if got := strings.Join(terms, ", "); got != `plan == "free", plan == "pro"` {
		t.Errorf("got %s", got)
	}
}
