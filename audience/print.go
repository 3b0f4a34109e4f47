package audience

import (
	"strconv"
	"strings"
)

// Print writes a condition in its canonical form: `and` and `or` in words, parentheses wherever the two meet and around whatever
// not negates, texts in double quotes. Reading it again gives the same tree.
func Print(c Condition) string {
	var p printer
	p.condition(c)
	return p.String()
}

// String writes the rule in its canonical form.
func (r *Rule) String() string { return Print(r.Condition) }

type printer struct{ strings.Builder }

func (p *printer) condition(c Condition) {
	switch c := c.(type) {
	case And:
		p.terms(c.Terms, " and ")
	case Or:
		p.terms(c.Terms, " or ")
	case Not:
		p.negation(c.Term)
	case IsTrue:
		p.WriteString(c.Attribute.Name)
	case Subscribed:
		p.call("subscribed", strconv.Quote(c.Topic))
	case SegmentRef:
		p.call("segment", strconv.Quote(c.Name))
	case Constant:
		p.WriteString(strconv.FormatBool(c.Value))
	case Has:
		p.call("has", printOperand(c.Operand))
	case Compare:
		p.relation(c.Left, c.Operator.String(), printOperand(c.Right))
	case IsMissing:
		p.relation(c.Operand, map[bool]string{false: "==", true: "!="}[c.Negated], "nil")
	default:
		p.relationTo(c, "")
	}
}

func (p *printer) terms(terms []Condition, word string) {
	for i, term := range terms {
		if i > 0 {
			p.WriteString(word)
		}
		switch term.(type) {
		case And, Or:
			p.parenthesised(term)
		default:
			p.condition(term)
		}
	}
}

func (p *printer) parenthesised(c Condition) {
	p.WriteByte('(')
	p.condition(c)
	p.WriteByte(')')
}

func (p *printer) negation(c Condition) {
	switch c.(type) {
	case IsTrue, Subscribed, SegmentRef, Constant, Has:
		p.WriteString("not ")
		p.condition(c)
	case In, Contains, StartsWith, EndsWith, Matches:
		p.relationTo(c, "not ")
	default:
		p.WriteString("not ")
		p.parenthesised(c)
	}
}

func (p *printer) call(function, argument string) {
	p.WriteString(function + "(" + argument + ")")
}

func (p *printer) relation(left Operand, word, right string) {
	p.WriteString(printOperand(left) + " " + word + " " + right)
}

// relationTo writes the conditions that take a not before their word.
func (p *printer) relationTo(c Condition, not string) {
	switch c := c.(type) {
	case In:
		values := make([]string, len(c.Values))
		for i := range c.Values {
			values[i] = printOperand(c.Values[i])
		}
		p.relation(c.Operand, not+"in", "["+strings.Join(values, ", ")+"]")
	case Contains:
		p.relation(c.Operand, not+"contains", printOperand(c.Value))
	case StartsWith:
		p.relation(c.Operand, not+"startsWith", printOperand(c.Prefix))
	case EndsWith:
		p.relation(c.Operand, not+"endsWith", printOperand(c.Suffix))
	case Matches:
		p.relation(c.Operand, not+"matches", strconv.Quote(c.Pattern.String()))
	default:
		p.WriteString("?") // Invalid: its rule is never run
	}
}

func printOperand(o Operand) string {
	switch o := o.(type) {
	case AttributeOperand:
		return o.Attribute.Name
	case FieldOperand:
		return o.Field.String()
	case Days:
		if o.Until {
			return "days_until(" + o.Attribute.Name + ")"
		}
		return "days_since(" + o.Attribute.Name + ")"
	case Literal:
		if o.Value.Kind.Moment() {
			return strconv.Quote(o.Value.String())
		}
		return o.Value.String()
	}
	return "now"
}
