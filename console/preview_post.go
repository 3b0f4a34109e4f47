package console

import (
	"net/http"
	"net/url"

	"germane/audience"
)

// postTest sends the shown person's mail to a colleague, and shows the page again with what became of it.
func (p *Preview) postTest(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		http.Error(w, "this form is too long, or none", http.StatusBadRequest)
		return
	}
	state, err := url.ParseQuery(r.PostForm.Get("state"))
	if err != nil || p.Post == nil {
		http.Error(w, "there is nothing to send", http.StatusBadRequest)
		return
	}
	state.Del("form")
	data, moved, err := p.look(r.Context(), state)
	if err != nil || moved != "" || data.Letter == nil {
		http.Error(w, "there is nobody whose mail could be sent", http.StatusBadRequest)
		return
	}
	status := http.StatusOK
	if data.Notice, err = p.post(r, data); err != nil {
		data.Refusal, status = err.Error(), http.StatusUnprocessableEntity
	}
	p.show(w, status, "preview.html", data)
}

func (p *Preview) post(r *http.Request, data *page) (string, error) {
	to, problem := audience.MailableAddress(r.PostForm.Get("to"))
	if problem != "" {
		return "", &audience.PersonError{Place: "the address", Problem: problem}
	}
	l := data.Letter
	return p.Post(r.Context(), &TestMail{Workspace: p.workshop.now().good, Template: data.View.Template, Person: l.person, To: to, Now: l.now})
}
