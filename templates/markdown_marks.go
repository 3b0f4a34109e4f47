package templates

import (
	"fmt"
	"regexp"
	"strings"

	"germane/internal/finding"

	"github.com/yuin/goldmark/ast"
	gold "github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
)

// mark is one HTML attribute that {.button} or {width=300} gives to the link or image before it.
type mark struct{ name, value string }

type marksParser struct{ m *markdown }

var (
	marks     = regexp.MustCompile(`^\{[ \t]*((?:\.[\w-]+|[A-Za-z][\w-]*=(?:"[^"\n{}]*"|[^\s"{}]*))(?:[ \t]+(?:\.[\w-]+|[A-Za-z][\w-]*=(?:"[^"\n{}]*"|[^\s"{}]*)))*)[ \t]*\}`)
	markItem  = regexp.MustCompile(`\.[\w-]+|[A-Za-z][\w-]*=(?:"[^"]*"|[^\s"]*)`)
	markWidth = regexp.MustCompile(`^[1-9][0-9]{0,3}$`)
)

func (p marksParser) Trigger() []byte { return []byte{'{'} }

// Parse reads marks directly behind a link or an image; elsewhere they would reach people as text.
func (p marksParser) Parse(parent ast.Node, block text.Reader, _ gold.Context) ast.Node {
	line, segment := block.PeekLine()
	match := marks.FindSubmatch(line[:min(len(line), 400)])
	if match == nil {
		return nil
	}
	end := segment.Start + len(match[0])
	last := parent.LastChild()
	if last == nil || last.Kind() != ast.KindLink && last.Kind() != ast.KindImage {
		p.m.report(segment.Start, end, "stray-marks", fmt.Sprintf("%s does not follow a link or an image, so people would read it.", p.m.plain(string(match[0]))),
			"write it directly behind the closing bracket: [Go](https://…){.button}")
		return nil
	}
	offset := segment.Start + strings.Index(string(match[0]), string(match[1]))
	for _, at := range markItem.FindAllIndex(match[1], -1) {
		item := string(match[1][at[0]:at[1]])
		read, problem, hint := readMark(item, last)
		if p.m.hasPlaceholder(item) {
			problem, hint = "Liquid cannot stand between the braces behind a link or an image", "write a fixed value"
			p.m.excuse(item)
		}
		if problem != "" {
			p.m.report(offset+at[0], offset+at[1], "unknown-mark", problem, hint)
			continue
		}
		p.m.marks[last] = append(p.m.marks[last], read)
	}
	block.Advance(len(match[0]))
	return ast.NewString(nil)
}

// readMark reads one item between the braces. problem is "" when it is right.
func readMark(item string, owner ast.Node) (read mark, problem, hint string) {
	if class, ok := strings.CutPrefix(item, "."); ok {
		if owner.Kind() != ast.KindLink {
			return mark{}, fmt.Sprintf("an image cannot be a %s", item), "write {width=300}, or make a link of the image: [![…](…)](https://…)"
		}
		if class != "button" {
			return mark{}, fmt.Sprintf("there is no kind of link called %s", item), finding.DidYouMean(item, []string{".button"}, "write {.button}")
		}
		return mark{"class", class}, "", ""
	}
	name, value, _ := strings.Cut(item, "=")
	value = strings.Trim(value, `"`)
	switch {
	case owner.Kind() == ast.KindLink:
		return mark{}, fmt.Sprintf("A link has no %s.", name), "the only mark of a link is {.button}"
	case name == "alt" && value == "":
		return mark{"alt", ""}, "", ""
	case name != "width" && name != "height":
		return mark{}, fmt.Sprintf("an image has no %s", name), finding.DidYouMean(name, []string{"width", "height"}, `write {width=300}, {height=200} or {alt=""}`)
	case !markWidth.MatchString(value):
		return mark{}, fmt.Sprintf("%q is not a %s in pixels.", value, name), fmt.Sprintf("write a whole number without a unit: {%s=300}", name)
	}
	return mark{name, value}, "", ""
}

// mark returns one of a node's marks.
func (m *markdown) mark(n ast.Node, name string) (string, bool) {
	for _, mark := range m.marks[n] {
		if mark.name == name {
			return mark.value, true
		}
	}
	return "", false
}

func (m *markdown) hasPlaceholder(s string) bool {
	at, _, _ := m.cutPlaceholder(s)
	return at >= 0
}

// plain returns a piece of goldmark's source for a message, with … where Liquid stands.
func (m *markdown) plain(s string) string {
	var b strings.Builder
	for {
		at, end, _ := m.cutPlaceholder(s)
		if at < 0 {
			return b.String() + s
		}
		b.WriteString(s[:at] + "…")
		s = s[end:]
	}
}
