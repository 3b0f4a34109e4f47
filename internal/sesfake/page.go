package sesfake

import (
	"html/template"
	"net/http"
	"net/mail"
	"strconv"
	"strings"
)

// shown is how many of the latest mails are listed.
const shown = 200

var list = template.Must(template.New("list").Parse(`<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>sesfake: {{.Total}} mails</title>
<style>
body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem; padding: 0 1rem }
table { border-collapse: collapse; width: 100% }
th, td { border-bottom: 1px solid #ccc; padding: .4rem .6rem; text-align: left }
</style>
<h1>{{.Total}} mails</h1>
<p>What was sent to this stand-in for Amazon SES, the latest first. Nothing has left this machine.</p>
<table>
<thead><tr><th scope="col">When<th scope="col">To<th scope="col">Subject<th scope="col">Delivery</thead>
<tbody>
{{range .Mails}}<tr><td>{{.At.Format "15:04:05.000"}}<td>{{.To}}<td><a href="/mail/{{.Number}}">{{.Subject}}</a><td>{{.Delivery}}
{{end}}</tbody>
</table>
</html>
`))

type row struct {
	Mail
	Number            int
	Subject, Delivery string
}

// page lists the mails, or shows the bytes of one.
func (s *Server) page(w http.ResponseWriter, r *http.Request) {
	mails := s.Mails()
	if number, ok := strings.CutPrefix(r.URL.Path, "/mail/"); ok {
		n, err := strconv.Atoi(number)
		if err != nil || n < 0 || n >= len(mails) {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		_, _ = w.Write(mails[n].Data)
		return
	}
	var rows []row
	for n := len(mails) - 1; n >= 0 && len(rows) < shown; n-- {
		rows = append(rows, row{Mail: mails[n], Number: n, Subject: subject(mails[n].Data), Delivery: mails[n].Tags["delivery"]})
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_ = list.Execute(w, map[string]any{"Total": len(mails), "Mails": rows}) // an error: the reader has gone
}

func subject(data []byte) string {
	message, err := mail.ReadMessage(strings.NewReader(string(data)))
	if err != nil || message.Header.Get("Subject") == "" {
		return "(no subject)"
	}
	return message.Header.Get("Subject")
}
