package finding

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// WriteJSON prints an array of findings, `[]` when there are none. Programs rely on its field names.
func WriteJSON(w io.Writer, findings []Finding) error {
	if findings == nil {
		findings = []Finding{}
	}
	return writeJSON(w, findings)
}

// writeJSON prints indented JSON in which characters that a terminal might obey are escaped.
func writeJSON(w io.Writer, v any) error {
	var buffer bytes.Buffer
	encoder := json.NewEncoder(&buffer)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(v); err != nil {
		return err
	}
	_, err := w.Write(escapeHidden(buffer.Bytes()))
	return err
}

// escapeHidden replaces characters that encoding/json leaves as they are (DEL, C1 controls, bidirectional overrides) by \u
// escapes. All of them stand inside strings: JSON's own marks are ASCII.
func escapeHidden(data []byte) []byte {
	out := make([]byte, 0, len(data))
	for len(data) > 0 {
		r, size := utf8.DecodeRune(data)
		if r < utf8.RuneSelf && r != 0x7f || !hidden(r) {
			out = append(out, data[:size]...)
		} else {
			for _, unit := range utf16.Encode([]rune{r}) {
				out = fmt.Appendf(out, `\u%04x`, unit)
			}
		}
		data = data[size:]
	}
	return out
}

// WriteGitHub prints findings as workflow commands, which GitHub shows beside the changed lines of a pull request.
func WriteGitHub(w io.Writer, findings []Finding) error {
	out := bufio.NewWriter(w)
	for _, f := range findings {
		properties := "file=" + githubProperty(f.File)
		if f.Line > 0 {
			column := max(1, f.Column)
			properties += ",line=" + strconv.Itoa(f.Line) + ",col=" + strconv.Itoa(column) +
				",endColumn=" + strconv.Itoa(column+max(1, f.Width))
		}
		message := f.Text
		if f.Hint != "" {
			message += "\nhint: " + f.Hint
		}
		fmt.Fprintf(out, "::%s %s,title=%s::%s\n", githubLevel(f.Severity), properties, githubProperty(string(f.Code)), githubMessage(message))
	}
	return out.Flush()
}

func githubLevel(severity Severity) string {
	if severity == Warning {
		return "warning"
	}
	return "error"
}

var (
	githubData     = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	githubPropData = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
)

// githubMessage escapes the data of a workflow command as the runner unescapes it (actions/toolkit, command.ts).
func githubMessage(text string) string { return githubData.Replace(visible(text)) }

// githubProperty escapes a property's value, in which : and , mean something too.
func githubProperty(text string) string { return githubPropData.Replace(visible(text)) }

// visible is printable for text that may keep its line breaks.
func visible(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\r' || r == '\t':
			return r
		case r < ' ':
			return 0x2400 + r
		case hidden(r) || unicode.Is(unicode.Cc, r):
			return utf8.RuneError
		}
		return r
	}, text)
}
