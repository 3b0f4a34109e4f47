package render

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"germane/templates"
)

// conditional analyses an if or unless: each branch knows what its condition says, and that those before it did not hold.
func (a *analyzer) conditional(n *templates.If, env environment) (environment, cost) {
	var ends []environment
	worst := cost{prints: true}
	before, after := a.context, htmlContext{}
	open, complete := env, false
	for i, branch := range n.Branches {
		inside := open
		if branch.Condition != nil {
			yes, no := a.condition(branch.Condition, open)
			if i == 0 && n.Unless {
				yes, no = no, yes
			}
			inside, open = open.with(yes), open.with(no)
		} else {
			complete = true
		}
		a.context = before
		end, c := a.nested(branch.Body, inside)
		after = a.agree(i, before, after, branch.Span, end.dead)
		ends, worst = append(ends, end), worst.worst(c)
	}
	if !complete {
		ends, worst = append(ends, open), worst.worst(cost{})
		if after != before {
			a.contextDiffers(n.Span)
		}
	}
	a.context = after
	result := ends[0]
	for _, end := range ends[1:] {
		result = result.merge(end)
	}
	return result, worst
}

// nested analyses the body of a tag.
func (a *analyzer) nested(body []templates.Node, env environment) (environment, cost) {
	a.depth++
	defer func() { a.depth-- }()
	return a.walk(body, env)
}

// agree checks that a branch ends in the context where the first one ended.
func (a *analyzer) agree(i int, before, after htmlContext, at templates.Span, dead bool) htmlContext {
	end := a.context
	switch {
	case dead:
		if i == 0 {
			return before
		}
		return after
	case i > 0 && end != after:
		a.contextDiffers(at)
	}
	return end
}

func (a *analyzer) contextDiffers(at templates.Span) {
	a.report(at, "markup-across-tags", "a tag or attribute is opened in one branch and not in the others", "open and close it in the same branch, or outside")
}

func (a *analyzer) sameContext(before htmlContext, at templates.Span, tag string) {
	if a.context != before {
		a.report(at, "markup-across-tags", "the body of this "+tag+" opens a tag or attribute that it does not close", "open and close it inside the body, or outside")
		a.context = before
	}
}

// cases analyses a case. As in Shopify's Liquid, every value that matches shows its content, so one may find what another one set,
// unless all are different literals.
func (a *analyzer) cases(n *templates.Case, env environment) (environment, cost) {
	subject := a.expression(n.Value, env)
	once := exclusive(n.Whens)
	total := cost{prints: true}
	before, after := a.context, a.context
	reached, result, complete := env, environment{dead: true}, false
	for i, when := range n.Whens {
		inside := env
		if !once {
			inside = reached
		}
		a.whenValues(n, when, subject, env)
		if when.Values != nil && subject.path != "" && !a.matchesNil(when.Values) {
			inside = inside.with(facts{subject.path: true})
		}
		complete = complete || when.Values == nil
		end, c := a.when(before, inside, when, once)
		after = a.agree(i, before, after, when.Span, end.dead)
		reached, result = reached.merge(end), result.merge(end)
		prints := total.prints && c.prints
		if total = total.plus(c.times(max(1, len(when.Values)))); !once && a.context != before {
			a.contextDiffers(when.Span)
		}
		total.prints = prints
	}
	if !complete || len(n.Whens) == 0 {
		result, total.prints = result.merge(env), false
		if after != before {
			a.contextDiffers(n.Span)
		}
	}
	a.context = after
	return result, total
}

func (a *analyzer) whenValues(n *templates.Case, when templates.When, subject *shape, env environment) {
	for _, value := range when.Values {
		a.comparable(subject, a.expression(value, env), "==", n.Value, value)
	}
}

// when analyses the content of a when; twice if it may be shown several times.
func (a *analyzer) when(before htmlContext, inside environment, when templates.When, once bool) (environment, cost) {
	if a.context = before; !once && len(when.Values) > 1 {
		end, _ := a.nested(when.Body, inside)
		a.context, inside = before, inside.merge(end)
	}
	return a.nested(when.Body, inside)
}

// exclusive says whether at most one of the values can match: they are different literals, and an else comes last.
func exclusive(whens []templates.When) bool {
	seen := map[string]bool{}
	for i, when := range whens {
		if when.Values == nil && i < len(whens)-1 {
			return false
		}
		for _, value := range when.Values {
			literal, ok := value.(*templates.Literal)
			if !ok {
				return false
			}
			key := fmt.Sprint(literal.Kind, literal.Bool, literal.Int, literal.Float, literal.String)
			if seen[key] || literal.Kind == templates.FloatLiteral || literal.Kind == templates.EmptyLiteral || literal.Kind == templates.BlankLiteral {
				return false
			}
			seen[key] = true
		}
	}
	return true
}

func (a *analyzer) matchesNil(values []templates.Expression) bool {
	return slices.ContainsFunc(values, func(e templates.Expression) bool {
		literal, ok := e.(*templates.Literal)
		return !ok || literal.Kind == templates.NilLiteral || literal.Kind == templates.BlankLiteral
	})
}

func (a *analyzer) assign(n *templates.Assign, env environment) environment {
	value := a.expression(n.Value, env)
	if !a.notOverAttribute(n.Name, n.NameSpan) {
		return env
	}
	if old := env.variables[n.Name]; old != nil && joinKinds(old.kind, value.kind) == mixedKind {
		a.report(n.NameSpan, "type-mismatch", fmt.Sprintf("%s was %s and becomes %s", n.Name, old.kind, value.kind), "use another name")
		value = &shape{}
	}
	next := a.set(env, n.Name, n.NameSpan, value)
	if !value.missing {
		next.facts = next.facts.with(facts{n.Name: true})
	}
	return next
}

// set gives a variable its shape.
func (a *analyzer) set(env environment, name string, at templates.Span, s *shape) environment {
	if len(env.variables) >= maxVariables && env.variables[name] == nil {
		a.report(at, "too-large", fmt.Sprintf("there are more than %d variables here", maxVariables), "prepare the content in a data file")
		return env
	}
	return env.set(name, s)
}

func (a *analyzer) notOverAttribute(name string, at templates.Span) bool {
	if slices.ContainsFunc(a.loops, func(n *templates.For) bool { return n.Variable == name }) {
		a.report(at, "assign-over-attribute", name+" is the name of a loop around this place", "use another name, such as my_"+name)
		return false
	}
	if _, ok := a.vocabulary.Catalogue.Attribute(name); ok {
		a.report(at, "assign-over-attribute", name+" is an attribute and cannot be assigned", "use another name, such as my_"+name)
		return false
	}
	if slices.Contains(prefixes, name) || name == "forloop" || name == "tablerowloop" {
		a.report(at, "assign-over-attribute", name+" has a meaning already", "use another name, such as my_"+name)
		return false
	}
	return true
}

func (a *analyzer) capture(n *templates.Capture, env environment) (environment, cost) {
	a.notOverAttribute(n.Name, n.NameSpan)
	before, reads, printing, exits := a.context, a.reads, a.printing, len(a.exits)
	a.context, a.reads, a.printing = htmlContext{state: inPlain}, map[string]bool{}, nil
	for _, node := range n.Body {
		if text, ok := node.(*templates.Text); ok && strings.ContainsAny(text.Text, "<>") {
			a.report(n.Span, "markup-in-capture", "a capture holds text, but this one contains markup", "move the markup to where the value is printed, or use if and else there")
		}
	}
	inside, c := a.nested(n.Body, env)
	a.context = before
	value := &shape{kind: textKind, bytes: c.bytes, origin: fromPerson, blank: true, missing: len(n.Body) == 0, uses: a.printing}
	for _, name := range sortedKeys(a.reads) {
		if attribute, ok := a.vocabulary.Catalogue.Attribute(name); ok && !slices.Contains(value.uses, attribute) {
			value.uses = append(value.uses, attribute)
		}
	}
	maps.Copy(reads, a.reads)
	a.reads, a.printing = reads, append(printing, a.printing...)
	for i := exits; i < len(a.exits); i++ { // what was printed before a break is captured, too
		a.exits[i] = a.set(a.exits[i], n.Name, n.NameSpan, value)
	}
	c.bytes, c.prints = 0, false
	return a.set(inside, n.Name, n.NameSpan, value), c
}

// readable says whether what is printed here is there to read.
func (a *analyzer) readable() bool {
	c := a.context.forValue()
	return c.state == inText || c.state == inPlain && !a.inLink
}

func (a *analyzer) cycle(n *templates.Cycle, env environment) cost {
	var worst cost
	if n.Group != nil {
		a.expression(n.Group, env)
	}
	all := &shape{}
	for i, e := range n.Values {
		s := a.expression(e, env)
		worst = worst.worst(cost{bytes: mulBytes(a.printed(e, s), growth)})
		if all = join(all, s); i == 0 {
			all = s
		}
	}
	a.escapes[n] = a.escapeFor(n, n.Values[0], all)
	worst.prints = a.readable()
	a.context = a.context.afterValue()
	return worst
}
