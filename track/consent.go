package track

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"germane/audience"
	"germane/store"
	"germane/token"
)

// reader is who opened a page, and what it is about.
type reader struct {
	manage   token.Manage
	person   *store.Person
	consents map[string]audience.Consent
	topic    string // name; "": nobody knows any more what the token was about: all mail
}

// unsubscribe withdraws consent to one topic. Mail programs POST without asking anybody (RFC 8058), scanners GET.
func (s *Server) unsubscribe(w http.ResponseWriter, r *http.Request, rest string) {
	ctx, cancel := context.WithTimeout(r.Context(), databaseWithin)
	defer cancel()
	who := s.reader(ctx, w, r, token.Unsubscribe, rest)
	if who == nil {
		return
	}
	v := view{Topic: s.title(who.topic), Masked: masked(who.person.Email), Path: s.preferencesPath(who)}
	if r.Method != http.MethodPost {
		page := "unsubscribe"
		if v.Title = "Unsubscribe"; !s.left(who, who.topic) {
			page, v.Title = "unsubscribed", "You are unsubscribed"
		}
		s.show(w, http.StatusOK, page, v)
		return
	}
	form, status := readForm(w, r)
	if status == http.StatusOK && !isOneClick(form) {
		status = http.StatusBadRequest
	}
	if status != http.StatusOK {
		s.message(w, r, status)
		return
	}
	if s.withdraw(ctx, w, r, who, s.these(who, who.topic), "unsubscribe link") {
		v.Title = "You are unsubscribed"
		s.show(w, http.StatusOK, "unsubscribed", v)
	}
}

// preferences shows all topics, each of which can be withdrawn from. Nothing can be subscribed to: whoever a mail was forwarded to
// could do that for somebody else.
func (s *Server) preferences(w http.ResponseWriter, r *http.Request, rest string) {
	ctx, cancel := context.WithTimeout(r.Context(), databaseWithin)
	defer cancel()
	who := s.reader(ctx, w, r, token.Preferences, rest)
	if who == nil {
		return
	}
	v := view{Title: "What you get from " + s.site.Name, Masked: masked(who.person.Email), Blocked: who.person.Suppressed}
	if r.Method == http.MethodPost && !s.choose(ctx, w, r, who, &v) {
		return
	}
	v.Topics = s.topics(who)
	v.Left = slices.ContainsFunc(v.Topics, func(t topicView) bool { return t.On })
	s.show(w, http.StatusOK, "preferences", v)
}

// choose does what the form of the preferences page asks for. ok is false when it has answered already.
func (s *Server) choose(ctx context.Context, w http.ResponseWriter, r *http.Request, who *reader, v *view) (ok bool) {
	form, status := readForm(w, r)
	topic := form.Get("topic")
	v.All = form.Get("all") != "" || isOneClick(form)
	if status == http.StatusOK && !v.All && !slices.Contains(s.these(who, ""), topic) {
		status = http.StatusBadRequest
	}
	if status != http.StatusOK {
		s.message(w, r, status)
		return false
	}
	if v.All {
		topic = ""
	}
	topics := s.these(who, topic)
	if !s.withdraw(ctx, w, r, who, topics, "preferences page") {
		return false
	}
	for _, name := range topics {
		who.consents[name] = audience.Consent{State: audience.ConsentUnsubscribed}
	}
	v.Changed = s.title(topic)
	return true
}

// reader verifies a page's token and reads whose it is; nil: it has answered already.
func (s *Server) reader(ctx context.Context, w http.ResponseWriter, r *http.Request, page token.Page, rest string) *reader {
	m, ok := s.keys.Manage(page, rest)
	if !ok {
		s.notFound(w, r)
		return nil
	}
	who := &reader{manage: m}
	var err error
	who.topic, err = s.store.TopicName(ctx, m.Topic)
	if err == nil || errors.Is(err, store.ErrNotFound) {
		if m.Person == 0 {
			s.show(w, http.StatusOK, "test", view{Title: "This is a test message", Topic: s.title(who.topic)})
			return nil
		}
		who.person, err = s.store.PersonByNumber(ctx, int64(m.Person))
	}
	if err == nil {
		who.consents, err = s.store.ConsentsOf(ctx, int64(m.Person))
	}
	switch {
	case errors.Is(err, store.ErrNotFound):
		s.show(w, http.StatusOK, "gone", view{Title: "You are not on our list"})
		return nil
	case err != nil:
		s.unavailable(w, r, "read a person's consent", err)
		return nil
	}
	return who
}

// withdraw writes a withdrawal. ok is false when it has answered already: nobody is told that it is done unless it is.
func (s *Server) withdraw(ctx context.Context, w http.ResponseWriter, r *http.Request, who *reader, topics []string, source string) (ok bool) {
	now := s.now()
	err := s.store.Unsubscribe(ctx, who.person.Number, store.Withdrawal{Topics: topics, Source: source, At: now})
	switch {
	case errors.Is(err, store.ErrNotFound): // erased a moment ago
		s.show(w, http.StatusOK, "gone", view{Title: "You are not on our list"})
		return false
	case err != nil:
		s.unavailable(w, r, "withdraw consent", err)
		return false
	}
	family, _ := agentOf(r.UserAgent())
	m := who.manage
	for _, topic := range topics {
		// One for each topic and delivery, however often the button is pressed: reports count people who left.
		key := strings.Join([]string{"unsubscribe", strconv.FormatUint(uint64(m.Run), 10), strconv.FormatUint(m.Person, 10), strconv.Itoa(int(m.Occasion)), topic}, "/")
		if who.consents[topic].State != audience.ConsentUnsubscribed {
			s.record(store.Event{At: now, Key: key, Kind: store.EventUnsubscribe, Name: topic, Person: int64(m.Person), Run: int64(m.Run), Occasion: int(m.Occasion), Agent: family})
		}
	}
	return true
}

// these are the topics that a withdrawal from one means; "": all that there are, whether the person has them or not.
func (s *Server) these(who *reader, topic string) []string {
	if topic != "" {
		return []string{topic}
	}
	var all []string
	for _, t := range s.site.Topics {
		all = append(all, t.Name)
	}
	var others []string
	for name := range who.consents {
		if !slices.Contains(all, name) {
			others = append(others, name)
		}
	}
	slices.Sort(others)
	return append(all, others...)
}

// left reports whether there is still something to withdraw from.
func (s *Server) left(who *reader, topic string) bool {
	return slices.ContainsFunc(s.these(who, topic), func(name string) bool { return who.consents[name].State != audience.ConsentUnsubscribed })
}

// topics are the site's, and those that the site has no longer and the person still has.
func (s *Server) topics(who *reader) []topicView {
	var all []topicView
	for _, name := range s.these(who, "") {
		state := who.consents[name].State
		t := topicView{Topic: Topic{name, s.title(name)}, State: stateWords[state], On: state == audience.ConsentSubscribed || state == audience.ConsentPending}
		if known := slices.ContainsFunc(s.site.Topics, func(t Topic) bool { return t.Name == name }); known || t.On {
			all = append(all, t)
		}
	}
	return all
}

var stateWords = [...]string{
	audience.ConsentNone: "You do not get this", audience.ConsentPending: "Waiting for you to confirm", audience.ConsentSubscribed: "You get this", audience.ConsentUnsubscribed: "You unsubscribed",
}

// title is what people call a topic.
func (s *Server) title(topic string) string {
	for _, t := range s.site.Topics {
		if t.Name == topic && t.Title != "" {
			return t.Title
		}
	}
	return topic
}

// preferencesPath is the address of a person's preferences page as seen from their unsubscribe page.
func (s *Server) preferencesPath(who *reader) string {
	return "../p/" + string(s.keys.Signer().AppendManage(nil, token.Preferences, who.manage))
}

// masked shows an address to whom it belongs, and hardly anything of it to others.
func masked(email string) string {
	at := strings.LastIndexByte(email, '@')
	if at <= 0 {
		return "…"
	}
	first, size := utf8.DecodeRuneInString(email)
	if first == utf8.RuneError || size > at {
		return "…" + email[at:]
	}
	return string(first) + "…" + email[at:]
}
