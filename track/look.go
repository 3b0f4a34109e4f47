package track

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"html/template"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

//go:embed pages
var files embed.FS

// look is how pages look: made once, of the site.
type look struct {
	*Site
	Style  template.CSS
	policy string // Content-Security-Policy
	pages  map[string]*template.Template
}

// The backgrounds of a page's card, as pages/page.css has them.
var (
	lightCard = white
	darkCard  = grey(0x1e, 0x22, 0x2a)
)

func newLook(site *Site) *look {
	css, err := files.ReadFile("pages/page.css")
	if err != nil {
		panic(err) // it is part of the program
	}
	style := colours(site.Accent) + string(css)
	sum := sha256.Sum256([]byte(style))
	l := &look{Site: site, Style: template.CSS(style), pages: map[string]*template.Template{}}
	l.policy = "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; img-src " + imageSources(site.LogoURL) +
		"; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
	for _, name := range []string{"unsubscribe", "unsubscribed", "preferences", "test", "gone", "message"} {
		l.pages[name] = template.Must(template.ParseFS(files, "pages/layout.html", "pages/"+name+".html"))
	}
	return l
}

// colours are the brand's, as light and dark pages can show them.
func colours(accent string) string {
	brand, ok := parseColour(accent)
	if !ok {
		brand, _ = parseColour("#2457d6")
	}
	button, darkButton := brand.readable(visibleShape, lightCard), brand.readable(visibleShape, darkCard)
	return ":root{--link:" + brand.readable(readableText, lightCard).String() + ";--button:" + button.String() + ";--label:" + button.label().String() + "}\n" +
		"@media(prefers-color-scheme:dark){:root{--link:" + brand.readable(readableDark, darkCard).String() + ";--button:" + darkButton.String() + ";--label:" + darkButton.label().String() + "}}\n"
}

// imageSources is where the logo may come from.
func imageSources(logo string) string {
	u, err := url.Parse(logo)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || strings.ContainsAny(u.Host, " ;,'\"") {
		return "'self'"
	}
	return "'self' " + u.Scheme + "://" + u.Host
}

// view is what a page shows.
type view struct {
	*look
	Title   string
	Topic   string // title of the topic that a page is about; "": all mail
	Masked  string // the reader's address
	Path    string // of the preferences page, relative; "": there is none to offer
	Topics  []topicView
	Changed string // title of the topic that was just withdrawn from
	All     bool   // everything was just withdrawn from
	Left    bool   // there is something to withdraw from
	Blocked bool   // the address gets no mail at all
	Text    string
}

// topicView is a topic on the preferences page.
type topicView struct {
	Topic
	State string // as people read it
	On    bool   // can be withdrawn from
}

// show writes a page.
func (s *Server) show(w http.ResponseWriter, status int, page string, v view) {
	v.look = s.look
	var b bytes.Buffer
	if err := s.look.pages[page].ExecuteTemplate(&b, "layout.html", &v); err != nil {
		panic(err) // a mistake in a template: tests show every page
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Length", strconv.Itoa(b.Len()))
	h.Set("Content-Security-Policy", s.look.policy)
	w.WriteHeader(status)
	w.Write(b.Bytes()) // for HEAD, net/http leaves it out
}

// messages are the pages that say why there is nothing else.
var messages = map[int][2]string{
	http.StatusBadRequest:            {"That did not work", "We could not read what your browser sent. Please open the link in your mail again and use the button there."},
	http.StatusNotFound:              {"There is nothing here", "This link is incomplete or has changed on its way. Please open it again from the mail, in one piece."},
	http.StatusMethodNotAllowed:      {"That did not work", "This address can only be opened, as from a mail."},
	http.StatusRequestEntityTooLarge: {"That did not work", "What your browser sent is too long. Please open the link in your mail again and use the button there."},
	http.StatusRequestURITooLong:     {"There is nothing here", "This link is far too long to be one of ours. Please open it again from the mail."},
	http.StatusTooManyRequests:       {"One moment, please", "Too many links that lead nowhere were opened from your network. Please try again in a minute."},
	http.StatusInternalServerError:   {"Something went wrong", "This is our fault, not yours, and nothing was changed. Please try again in a few minutes."},
	http.StatusServiceUnavailable:    {"Please try again in a few minutes", "We cannot reach our records at the moment, so nothing was changed. Your link stays good."},
}

// message shows one of them.
func (s *Server) message(w http.ResponseWriter, r *http.Request, status int) {
	s.show(w, status, "message", view{Title: messages[status][0], Text: messages[status][1]})
}
