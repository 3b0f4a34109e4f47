package render

import (
	"slices"
	"strings"

	"germane/audience"
	"germane/templates"
)

// output analyses {{ value }}: that it is always something to print, and that it may stand here.
func (a *analyzer) output(n *templates.Output, env environment) cost {
	if n.Value == nil {
		if strings.Trim(a.source(n), "{}- ") != "" {
			return cost{} // it could not be read, which the parser reported
		}
		a.report(n.Span, "empty-output", "there is nothing to print here", "write a name between the braces, or remove them")
		return cost{}
	}
	if special := specialName(n.Value); a.place == LayoutPlace && special != "" {
		return a.special(n, special)
	}
	s := a.expression(n.Value, env)
	bytes := a.printed(n.Value, s)
	a.escapes[n] = a.escapeFor(n, n.Value, s)
	prints := a.readable()
	a.context = a.context.afterValue()
	return cost{bytes: mulBytes(bytes, growth), prints: prints}
}

// specialName returns content, subject or preheader when an expression is just that.
func specialName(e templates.Expression) string {
	v, ok := e.(*templates.Variable)
	if !ok || len(v.Path) > 0 {
		return ""
	}
	if name, ok := v.Name.(*templates.Literal); ok && slices.Contains([]string{"content", "subject", "preheader"}, name.String) {
		return name.String
	}
	return ""
}

// special is a part of the message printed by its layout.
func (a *analyzer) special(n *templates.Output, name string) cost {
	a.specials[n] = name
	if name == "content" {
		a.contents++
	}
	if a.depth > 0 {
		a.report(n.Span, "block-misplaced", "{{ "+name+" }} cannot stand inside a tag of Liquid", "everybody gets the message: put it at the top level")
	}
	if c := a.context.forValue(); name == "content" || c.element != "title" {
		a.needsText(n.Span, "{{ "+name+" }}")
	}
	return cost{}
}

// link analyses a link's target: text and values, but no tags, so that its redirect can be told from the version's table.
func (a *analyzer) link(n *templates.Link, env environment) cost {
	before := a.context
	a.context, a.inLink = htmlContext{state: inDouble, attr: "href", url: urlStart}, true
	var total cost
	for _, node := range n.Target {
		switch node.(type) {
		case *templates.Text, *templates.Output:
		default:
			a.report(node.Place(), "link-with-tags", "a link's target holds a tag", "choose between whole links: {% if … %}[a](…){% else %}[b](…){% endif %}")
			continue
		}
		_, c := a.node(node, env)
		total = total.plus(c)
	}
	a.context, a.inLink = before, false
	return total
}

// printed checks that a value prints as something, and returns how many bytes at most.
func (a *analyzer) printed(e templates.Expression, s *shape) int {
	switch {
	case s.kind == anyKind:
	case s.kind == listKind:
		a.report(e.Place(), "type-mismatch", a.source(e)+" is a list and cannot be printed", `write | join: ", " behind it, or loop over it`)
	case s.kind == recordKind || s.kind == rangeKind || s.kind == mixedKind:
		a.report(e.Place(), "type-mismatch", a.source(e)+" is "+s.kind.String()+" and cannot be printed", "print one of its fields")
	case s.kind == timeKind || s.kind == dateKind:
		a.report(e.Place(), "type-mismatch", a.source(e)+" is a time and needs a format to be printed", `write | date: "%-d %B" behind it`)
	case s.kind == boolKind:
		a.report(e.Place(), "type-mismatch", a.source(e)+" would print the word true or false", "use {% if %} and say it in words")
	case s.missing || s.kind == nilKind:
		a.mayBeMissing(e, s)
	case s.blank:
		a.report(e.Place(), "value-may-be-missing", a.source(e)+" may come out empty", `add | default: "…" at its end, or leave the sentence out with {% if %}`)
	}
	for _, attribute := range s.uses {
		if !slices.Contains(a.printing, attribute) {
			a.printing = append(a.printing, attribute)
		}
		if attribute.Uses&audience.Render == 0 {
			a.report(e.Place(), "use-not-allowed", attribute.Name+" may not be printed", "its `uses` in attributes.yaml would have to contain render; ask "+owner(attribute))
		}
	}
	return s.bytes
}

// needsText reports a tag that writes something where only text may stand.
func (a *analyzer) needsText(at templates.Span, what string) {
	if c := a.context.forValue(); c.state != inText && c.state != inPlain {
		a.report(at, "value-misplaced", what+" cannot stand inside a tag or attribute", "put it between elements")
	}
}

// escapeFor decides how a value is escaped here, or reports that it may not stand here.
func (a *analyzer) escapeFor(n templates.Node, value templates.Expression, s *shape) escape {
	c := a.context.forValue()
	switch c.state {
	case inPlain:
		return escapeLine
	case inText:
		return escapeHTML
	case inDouble, inSingle:
		return a.attributeEscape(n, value, s, c)
	case inRawText:
		if c.element == "title" || c.element == "style" && s.origin <= fromBrand {
			return escapeHTML
		}
		a.misplaced(n, "inside <"+c.element+">", "only brand. constants may stand in a <style>, and nothing in a script")
	case inComment:
		if s.origin <= fromBrand {
			return escapeHTML
		}
		a.misplaced(n, "inside a comment", "people who look at the source would see it; move it out")
	case inUnquoted:
		a.misplaced(n, "as an attribute without quotes", "put quotes around it: "+c.attr+`="…"`)
	default:
		a.misplaced(n, "as part of a tag", "use {% if %} around whole tags, or put it between quotes as an attribute's value")
	}
	return escapeHTML
}

func (a *analyzer) misplaced(n templates.Node, where, hint string) {
	a.report(n.Place(), "value-misplaced", "a value cannot stand "+where, hint)
}

func (a *analyzer) attributeEscape(n templates.Node, value templates.Expression, s *shape, c htmlContext) escape {
	switch {
	case c.url != notURL:
		return a.urlEscape(n, value, s, c)
	case strings.HasPrefix(c.attr, "on"):
		a.misplaced(n, "in "+c.attr, "mail clients run no scripts")
	case c.attr == "style" && s.origin > fromBrand:
		a.misplaced(n, "in a style attribute", "only brand. constants may stand in styles; choose between whole styles with {% if %}")
	case s.origin == fromPerson && !isTextAttribute(c.attr):
		a.misplaced(n, "in "+c.attr, "people's values may stand in attributes that are only read, such as alt and title; choose between whole tags with {% if %}")
	}
	return escapeHTML
}

func (a *analyzer) urlEscape(n templates.Node, value templates.Expression, s *shape, c htmlContext) escape {
	if (loadedAttributes[c.attr] || !a.followed(c)) && s.origin == fromPerson {
		a.misplaced(n, "in the address of an image or of another thing that is loaded", "whoever serves the image would learn it; choose between whole images with {% if %}")
		return escapeURLPart
	}
	if s.origin == fromPerson && s.kind != anyKind {
		a.linkUse(value, s)
	}
	if s.origin > fromBrand && slices.Contains([]string{"javascript:", "vbscript:", "data:"}, c.scheme) {
		a.misplaced(n, "in an address of "+c.scheme, "mail clients run no scripts")
	}
	switch c.url {
	case urlStart:
		if s.kind != urlKind && s.kind != anyKind {
			a.report(value.Place(), "link-starts-with-value", a.source(value)+" is "+s.kind.String()+" and decides where this link leads",
				"start the link with https://…, or declare the attribute with type: url")
		}
		if !a.inLink {
			return escapeURLAttribute
		}
		return escapeURL
	case urlScheme, urlSlash, urlSlashes, urlHost:
		if s.origin > fromBrand {
			a.report(value.Place(), "link-host-from-value", a.source(value)+" would become part of the link's host", "write the host out and end it with /")
		}
	}
	return escapeURLPart
}

// followed says whether an address leads somewhere only when somebody follows it.
func (a *analyzer) followed(c htmlContext) bool {
	return a.inLink || c.element == "a" || c.element == "area" || c.element == "form" || strings.HasPrefix(c.element, "v:")
}

// linkUse reports a person's value in a link unless the catalogue says that it may be seen by whoever the link leads to.
func (a *analyzer) linkUse(value templates.Expression, s *shape) {
	if len(s.uses) == 0 {
		a.report(value.Place(), "use-not-allowed", a.source(value)+" may not stand in a link", "links carry no data about people unless an attribute's `uses` contains link; the tracked address knows who clicked")
	}
	for _, attribute := range s.uses {
		if attribute.Uses&audience.Link == 0 && strings.HasPrefix(attribute.Name, "person.") {
			a.report(value.Place(), "use-not-allowed", attribute.Name+" may not stand in a link", "the tracked address knows who clicked")
		} else if attribute.Uses&audience.Link == 0 {
			a.report(value.Place(), "use-not-allowed", attribute.Name+" may not stand in a link",
				"its `uses` in attributes.yaml would have to contain link: [render, link]; ask "+owner(attribute))
		}
	}
}
