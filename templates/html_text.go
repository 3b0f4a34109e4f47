package templates

import (
	"html"
	"slices"
	"strings"
)

// text returns the plain text of an HTML page: what stands between its elements, with Liquid in place. It needs no sound
// structure, since a condition may well open an element that another one closes. A block ends its last line and leaves a blank
// line behind it, so that what a false condition leaves out leaves no gap.
func (p *page) text() []Token {
	w := &pageWriter{page: p, shape: p.shape(), breaks: 2, saved: map[int]branchState{}}
	for i := range w.shape.pieces {
		w.piece(i)
	}
	w.need(2)
	w.flush()
	if picture := func(m markup) bool { return m.kind == startTag && m.name == "img" }; !prints(w.out) && slices.ContainsFunc(w.shape.pieces, picture) {
		w.out = append(w.out, Token{Kind: TextToken, Text: ornament})
	}
	return w.out
}

// pageWriter walks a page's markup.
type pageWriter struct {
	page  *page
	shape *shape
	text  []byte // since the last token
	span  Span
	out   []Token

	breaks int         // line ends that were written last: 1 is a line's start, 2 has a blank line above; 2 at the very start
	space  bool        // white space is due before the next word
	marker string      // a list item's, due at the start of the next line
	hidden int         // the piece at which what is hidden ends; 0: nothing is
	pre    int         // pre elements that are open
	quotes int         // blockquotes that are open
	lists  []pageList  // lists that are open
	tables []pageTable // tables that are open
	links  []pageLink  // links that are open

	saved map[int]branchState
}

// branchState is what a branch starts with, and at its end what all branches so far ended with.
type branchState struct {
	breaks, ended int
	space, wraps  bool
	wanted        int // line ends that each branch ends with, if it wraps blocks
	marker        string
}

type pageList struct {
	number int // of the next item; 0: not numbered
	path   int // the branch the list stands in
	width  int // of the item's marker
}

type pageTable struct {
	layout bool
	cells  int // of the row so far
}

type pageLink struct {
	href          attribute
	alone         bool // nothing stands before it on its line
	written       bool // its address stands before its text
	tokens, start int  // where its text starts in the output
}

// need ends the line, and leaves a blank one if n is 2.
func (w *pageWriter) need(n int) {
	w.space = false
	for ; w.breaks < n; w.breaks++ {
		w.text = append(w.text, '\n')
	}
}

// maxIndentations is how many lists and quotes inside each other a line shows.
const maxIndentations = 10

// begin writes what is due before a word.
func (w *pageWriter) begin() {
	if w.breaks > 0 {
		w.text = append(w.text, strings.Repeat("> ", min(w.quotes, maxIndentations))...)
		for i, list := range w.lists[:min(len(w.lists), maxIndentations)] {
			if i < len(w.lists)-1 || w.marker == "" {
				w.text = append(w.text, strings.Repeat(" ", list.width)...)
			}
		}
		w.text = append(w.text, w.marker...)
	} else if w.space {
		w.text = append(w.text, ' ')
	}
	w.breaks, w.space, w.marker = 0, false, ""
}

func (w *pageWriter) write(s string) {
	w.begin()
	w.text = append(w.text, s...)
}

func (w *pageWriter) flush() {
	if len(w.text) > 0 {
		w.out = append(w.out, Token{Span: w.span, Kind: TextToken, Text: string(w.text)})
		w.text = w.text[:0]
	}
}

func (w *pageWriter) put(tokens ...Token) {
	w.flush()
	w.out = append(w.out, tokens...)
}

func (w *pageWriter) piece(i int) {
	piece := &w.shape.pieces[i]
	if w.hidden > 0 && i >= w.hidden {
		w.hidden = 0
	}
	if w.hidden == 0 && w.shape.partner[i] > 0 && piece.isHidden(w.page) {
		w.hidden = w.shape.partner[i]
	}
	visible := w.hidden == 0
	w.span = w.page.fileSpan(piece.start, piece.end)
	switch {
	case piece.kind == startTag && visible:
		w.startTag(i, piece)
	case piece.kind == endTag && visible:
		w.endTag(i, piece)
	}
	w.liquid(piece, visible && (piece.kind == characters || piece.kind == rawText && piece.name == "textarea"))
}

// liquid writes a piece's Liquid, and its text if it is to be read.
func (w *pageWriter) liquid(piece *markup, visible bool) {
	for i := w.page.tokenAt(piece.start); i < len(w.page.tokens) && w.page.starts[i] < piece.end; i++ {
		token := &w.page.tokens[i]
		switch {
		case w.shape.verbatim[i]:
			from := max(piece.start, w.page.starts[i])
			w.put(w.page.cut(from, min(piece.end, w.page.starts[i]+max(1, len(token.Text))))...)
		case token.Kind == TextToken && visible:
			for _, text := range w.page.cut(max(piece.start, w.page.starts[i]), min(piece.end, w.page.starts[i]+len(token.Text))) {
				w.characters(html.UnescapeString(text.Text))
			}
		case token.Kind == OutputToken && visible:
			w.output(token)
		case token.Kind == TagToken && (visible || !printsInline(token.Name)):
			w.tag(i, piece)
		}
	}
}

// invisible characters fill previews and separate syllables.
var invisible = strings.NewReplacer("\u00ad", "", "\u034f", "", "\u200b", "", "\ufeff", "", "\u00a0", " ", "\u2007", " ")

// characters writes text, white space collapsed but in pre.
func (w *pageWriter) characters(s string) {
	s = invisible.Replace(s)
	if w.pre > 0 {
		w.preformatted(s)
		return
	}
	for s != "" {
		rest := strings.TrimLeft(s, " \t\r\n\f")
		w.space = w.space || len(rest) < len(s) && w.breaks == 0
		end := strings.IndexAny(rest, " \t\r\n\f")
		if end < 0 {
			end = len(rest)
		}
		if end > 0 {
			w.write(rest[:end])
		}
		s = rest[end:]
	}
}

func (w *pageWriter) preformatted(s string) {
	for line := range strings.Lines(strings.ReplaceAll(s, "\r", "")) {
		if text := strings.TrimSuffix(line, "\n"); text != "" {
			w.write(text)
		}
		if strings.HasSuffix(line, "\n") && (w.breaks < 2 || w.begun()) {
			w.text = append(w.text, '\n')
			w.breaks = min(w.breaks+1, 2)
		}
	}
}

// begun says whether anything has been written.
func (w *pageWriter) begun() bool { return len(w.out) > 0 || len(w.text) > 0 }

func (w *pageWriter) output(token *Token) {
	if isFlow(token) {
		w.need(2)
		w.put(*token)
		return
	}
	w.begin()
	w.put(*token)
}

// tag writes a tag of Liquid and follows its branches. One around blocks, or around all the text of a block, stands between lines.
func (w *pageWriter) tag(i int, piece *markup) {
	u := &w.shape.units[i]
	switch {
	case isFlow(&u.tokens[0]):
		w.need(2)
	case printsInline(u.name):
		w.begin()
	case u.owner < 0:
	case u.role == openRole:
		w.openBranches(i, piece)
	default:
		w.nextBranch(u)
	}
	w.put(u.tokens...)
}

func (w *pageWriter) openBranches(i int, piece *markup) {
	u := &w.shape.units[i]
	state := branchState{ended: 2}
	state.wraps, state.wanted = w.shape.around[u.owner], 1
	if !state.wraps && w.breaks > 0 && !w.shape.constructs[u.owner].loops() {
		state.wanted = w.breaksBehind(w.shape.constructs[u.owner].close)
		state.wraps = state.wanted > 0
	}
	switch {
	case state.wraps:
		w.need(1)
	case w.space || w.quotes > 0 || len(w.lists) > 0:
		w.begin()
	}
	state.breaks, state.space, state.marker = w.breaks, w.space, w.marker
	w.saved[u.owner] = state
}

// nextBranch ends a branch.
func (w *pageWriter) nextBranch(u *unit) {
	state := w.saved[u.owner]
	if state.wraps {
		w.need(state.wanted)
	}
	state.ended = min(state.ended, w.breaks)
	w.saved[u.owner] = state
	if u.role == branchRole {
		w.breaks, w.space, w.marker = state.breaks, state.space, state.marker
		return
	}
	w.breaks = min(state.ended, state.breaks) // no branch may be taken
}

// breaksBehind returns how many line ends follow a token: 0 if text does.
func (w *pageWriter) breaksBehind(token int) int {
	at := w.page.starts[token] + 1
	return w.breaksFrom(w.shape.pieceAt(at), at)
}

// breaksFrom does so from a piece, of which only what follows an offset counts.
func (w *pageWriter) breaksFrom(i, at int) int {
	for ; i < len(w.shape.pieces); i++ {
		piece := &w.shape.pieces[i]
		switch {
		case piece.kind == characters && strings.Trim(w.page.source[max(piece.start, at):piece.end], " \t\r\n\f") != "":
			return 0
		case piece.isBlock():
			return w.breaksAround(piece)
		case piece.kind == startTag:
			return 0
		}
	}
	return 2
}

func (w *pageWriter) breaksAround(piece *markup) int {
	layout := len(w.tables) > 0 && w.tables[len(w.tables)-1].layout
	if blankAround[piece.name] || layout && (piece.name == "tr" || piece.name == "td") {
		return 2
	}
	return 1
}
