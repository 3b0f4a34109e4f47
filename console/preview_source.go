package console

import (
	"html/template"
	"mime"
	"strings"

	nethtml "golang.org/x/net/html"
)

// header is one of a mail's.
type header struct{ Name, Value string }

// headers lists a mail's headers in their order, words decoded.
func headers(l *letter) []header {
	var list []header
	for line := range strings.SplitSeq(l.top, "\r\n") {
		if strings.HasPrefix(line, " ") || strings.HasPrefix(line, "\t") {
			if len(list) > 0 {
				list[len(list)-1].Value += " " + strings.TrimSpace(line)
			}
			continue
		}
		if name, value, ok := strings.Cut(line, ":"); ok {
			list = append(list, header{name, strings.TrimSpace(value)})
		}
	}
	for i := range list {
		if decoded, err := new(mime.WordDecoder).DecodeHeader(list[i].Value); err == nil {
			list[i].Value = decoded
		}
	}
	return list
}

// highlight writes HTML as text: one element a line, its parts in colours. Everything in it is escaped.
func highlight(source string) template.HTML {
	h := &highlighter{}
	tokens := nethtml.NewTokenizer(strings.NewReader(source))
	h.out.WriteString(`<span class="line">`)
	for {
		kind := tokens.Next()
		if kind == nethtml.ErrorToken {
			h.out.WriteString("</span>")
			return template.HTML(h.out.String())
		}
		raw := string(tokens.Raw())
		switch kind {
		case nethtml.CommentToken, nethtml.DoctypeToken:
			h.piece("comment", raw)
		case nethtml.StartTagToken, nethtml.SelfClosingTagToken, nethtml.EndTagToken:
			h.tag(raw)
		default:
			h.piece("", raw)
		}
	}
}

type highlighter struct{ out strings.Builder }

// tag writes a tag: its name in one colour, what is in quotes in another.
func (h *highlighter) tag(raw string) {
	end := strings.IndexAny(raw, " \t\r\n>")
	if end < 0 {
		end = len(raw)
	}
	h.piece("tag", raw[:end])
	for rest := raw[end:]; rest != ""; {
		quote := strings.IndexAny(rest, `"'`)
		if quote < 0 {
			h.piece("tag", rest)
			return
		}
		closing := strings.IndexByte(rest[quote+1:], rest[quote])
		if closing < 0 {
			h.piece("tag", rest)
			return
		}
		stop := quote + closing + 2
		h.piece("name", rest[:quote])
		h.piece("value", rest[quote:stop])
		rest = rest[stop:]
	}
}

// piece writes text of one colour. A new line is a new element, so that lines can be numbered.
func (h *highlighter) piece(class, text string) {
	for i, line := range strings.Split(text, "\n") {
		if i > 0 {
			h.out.WriteString(`</span><span class="line">`)
		}
		if line == "" {
			continue
		}
		if class == "" {
			h.out.WriteString(template.HTMLEscapeString(line))
			continue
		}
		h.out.WriteString(`<span class="` + class + `">` + template.HTMLEscapeString(line) + "</span>")
	}
}
