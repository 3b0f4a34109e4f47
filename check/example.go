package check

import (
	"time"

	"germane/audience"
)

// Example is an invented person for whom something is true: the evaluator that sends use has confirmed it.
type Example struct {
	Person *audience.Person
	Now    time.Time // the delivery's time
}

// Not everybody whom a diagram allows can exist. That many people are made for one set of cells, each at the price of some work.
const (
	maxAttempts = 20
	attemptWork = 2_000
)

// example looks for a person in one set and in none of the others for whom wanted is true; nil when none was found.
func (l *ladder) example(in set, others []set, now time.Time, wanted func(*Example) bool) *Example {
	var found *Example
	l.within(func() {
		values := l.anything()
		l.search(in, others, values, func(rest set) bool {
			attempts := 0
			l.assign(rest, values, func() bool {
				if e := l.person(values, now); wanted(e) {
					found = e
				}
				attempts++
				*l.work -= attemptWork
				return found == nil && attempts < maxAttempts && *l.work > 0
			})
			return found != nil || *l.work <= 0
		})
	})
	return found
}

// truthFor asks the evaluator about a rule.
func truthFor(rule *audience.Rule, e *Example) audience.Truth {
	selection, d := audience.NewSelection(), &audience.Decoded{}
	holds := rule.Compile(selection)
	if err := selection.Decode(e.Person.Stored(e.Now), e.Now.UnixMilli(), d); err != nil {
		return audience.Unknown
	}
	return holds(d)
}
