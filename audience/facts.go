package audience

import "slices"

// outcomes is a set of results, as bits by [Truth].
type outcomes uint8

const (
	falseOnly outcomes = 1 << False
	trueOnly  outcomes = 1 << True
	notTrue   outcomes = falseOnly | 1<<Unknown
)

// negated returns the outcomes of a term for which its negation has the given ones.
func (o outcomes) negated() outcomes {
	return o&(1<<Unknown) | o&(1<<False)<<2 | o&(1<<True)>>2
}

// PresentIfTrue returns the names of the attributes and person fields ("plan", "person.locale") that have a value whenever the
// condition is true, sorted.
func PresentIfTrue(c Condition) []string { return present(c, trueOnly) }

// PresentIfFalse returns those that have a value whenever the condition is false, which unknown is not.
func PresentIfFalse(c Condition) []string { return present(c, falseOnly) }

// PresentIfNotTrue returns those that have a value whenever the condition is false or unknown, as it is for whoever gets a later
// variant.
func PresentIfNotTrue(c Condition) []string { return present(c, notTrue) }

// present returns what has a value when the condition's result is among the outcomes, which are a lower or upper part of
// false < unknown < true.
func present(c Condition, when outcomes) []string {
	switch c := c.(type) {
	case And:
		// The minimum is high when all terms are high; it is low when one of them is, and which one is not known.
		return combine(c.Terms, when, when&trueOnly != 0)
	case Or:
		return combine(c.Terms, when, when&falseOnly != 0)
	case Not:
		return present(c.Term, when.negated())
	case SegmentRef:
		return present(c.Rule.Condition, when)
	case Has:
		return namesIf(when&^(1<<Unknown) == trueOnly, c.Operand)
	case IsMissing:
		present := falseOnly // the result that says so
		if c.Negated {
			present = trueOnly
		}
		return namesIf(when&^(1<<Unknown) == present, c.Operand)
	case Invalid:
		return namesIf(true, c.Operands...)
	}
	return namesIf(when&(1<<Unknown) == 0, operandsOf(c)...)
}

// combine unites what all terms guarantee, or keeps what each of them guarantees.
func combine(terms []Condition, when outcomes, all bool) []string {
	known := present(terms[0], when)
	for _, term := range terms[1:] {
		more := present(term, when)
		if all {
			known = sorted(append(known, more...))
		} else {
			known = slices.DeleteFunc(known, func(name string) bool { return !slices.Contains(more, name) })
		}
	}
	return known
}

// namesIf returns the names of what the operands read.
func namesIf(condition bool, operands ...Operand) []string {
	if !condition {
		return nil
	}
	var names []string
	for _, o := range operands {
		if a := attributeOf(o); a != nil {
			names = append(names, a.Name)
		} else if f, ok := o.(FieldOperand); ok {
			names = append(names, f.Field.String())
		}
	}
	return sorted(names)
}
