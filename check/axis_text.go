package check

import (
	"slices"
	"strings"

	"germane/audience"
)

// textCandidates cuts all texts, in the order of their bytes, at every landmark and at the ends of every prefix: what starts with
// "pro" lies from "pro" up to "prp". A landmark is a cell of its own; between two of them lies a gap, of which only the order is
// known.
func (a *axis) textCandidates() []candidate {
	marks := a.marks()
	var all []candidate
	for i := -1; i < len(marks); i++ {
		if i >= 0 && a.hasText(marks[i]) {
			all = append(all, candidate{value: audience.TextValue(marks[i])})
		}
		if gap, some := a.gap(marks, i); some {
			all = append(all, gap)
		}
	}
	return all
}

// marks returns where the texts are cut, in order.
func (a *axis) marks() []string {
	var marks []string
	for _, v := range a.landmarks {
		marks = append(marks, v.Text)
	}
	for _, prefix := range a.prefixes {
		marks = append(marks, prefix)
		if next, ok := after(prefix); ok {
			marks = append(marks, next)
		}
	}
	slices.Sort(marks)
	return slices.Compact(marks)
}

// after returns the least text that is more than every text with a prefix; ok is false when there is none.
func after(prefix string) (next string, ok bool) {
	for n := len(prefix) - 1; n >= 0; n-- {
		if prefix[n] < 0xff {
			return prefix[:n] + string([]byte{prefix[n] + 1}), true
		}
	}
	return "", false
}

// hasText reports whether somebody can have a text.
func (a *axis) hasText(text string) bool {
	if a.attribute == nil {
		return !audience.ShowsNothing(text)
	}
	return possible(&a.attribute.Type, audience.TextValue(text))
}

// gap returns the texts between a mark and the next; some is false when there are none.
func (a *axis) gap(marks []string, i int) (c candidate, some bool) {
	low, high, last := "", "", i == len(marks)-1
	if i >= 0 {
		low = marks[i]
	}
	if !last {
		high = marks[i+1]
	}
	if !last && (high == low+"\x00" || high == "") {
		return candidate{}, false
	}
	c = candidate{value: audience.TextValue(low + "\x00"), gap: true}
	if i < 0 {
		c.value.Text = ""
	}
	for _, prefix := range a.prefixes {
		next, ends := after(prefix)
		inside := prefix <= low && i >= 0 && (!ends || !last && high <= next)
		if inside && len(prefix) > len(c.prefix) {
			c.prefix = prefix
		}
	}
	if a.kind() == audience.URL && !webPrefix(c.prefix) {
		return candidate{}, false
	}
	for _, text := range a.examples(low) {
		if (i < 0 || text > low) && (last || text < high) && a.hasText(text) {
			c.value.Text = text
			break
		}
	}
	return c, true
}

// webPrefix reports whether a web address can start with a text, or a text that starts with it can be one.
func webPrefix(prefix string) bool {
	const scheme = "https://"
	n := min(len(prefix), len(scheme))
	return strings.EqualFold(prefix[:n], scheme[:n])
}

// examples returns texts that look natural, of which one may lie above a mark.
func (a *axis) examples(low string) []string {
	texts := []string{"Ada", "Grace", "x", low + "a", low + " a", low + "-1", low + "0", "A", "0", "!", low + "!"}
	if a.kind() == audience.URL {
		host := "acme.example"
		if hosts := a.attribute.Type.Hosts; len(hosts) > 0 {
			host = hosts[0]
		}
		texts = append([]string{"https://" + host + "/", "https://" + host + "/a"}, texts...)
	}
	return texts
}
