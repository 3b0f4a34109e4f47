package track

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"sync/atomic"
	"time"
)

// Notices says whose notices of what became of mails are believed.
type Notices struct {
	// Topics are the ARNs of the SNS topics; none: there is no such address.
	Topics []string
	// SHA1 accepts SNS's SignatureVersion 1, too.
	SHA1 bool
	// SoftBounces is how many of them are too many; the zero value: no number is.
	SoftBounces SoftBounces
	// Transport fetches certificates and confirms subscriptions; nil: over TLS, from public addresses only.
	Transport http.RoundTripper
}

// notices reads what SNS posts: that it is SNS, and one of our topics, is known before anything is done for it.
type notices struct {
	topics       []string
	sha1         bool
	client       *http.Client
	certificates *certificates

	taken, unknown, refused atomic.Int64
}

func newNotices(n Notices) *notices {
	client := newFetcher(n.Transport)
	return &notices{topics: n.Topics, sha1: n.SHA1, client: client, certificates: newCertificates(client)}
}

// refusal is why a notice is not believed. The status tells SNS whether to try again: it does after 5xx and 429.
type refusal struct {
	status int
	reason string // for the log and the answer: nothing of what came in
	err    error  // of our own trouble; nil: it is theirs
}

func wrong(reason string) *refusal { return &refusal{status: http.StatusForbidden, reason: reason} }

func (r *refusal) Error() string {
	if r.err != nil {
		return r.reason + ": " + r.err.Error()
	}
	return r.reason
}

func (r *refusal) Unwrap() error { return r.err }

const (
	largestNotice = 256 << 10 // what SNS carries at most
	oldestNotice  = time.Hour // SNS tries for that long
	clocksDiffer  = 5 * time.Minute
)

// notice answers SNS: 200 when what it said is on disk, 5xx when it should say it again, 4xx when that would be of no use.
func (s *Server) notice(w http.ResponseWriter, r *http.Request, rest string) {
	switch {
	case rest != "ses" || len(s.notices.topics) == 0:
		s.notFound(w, r)
		return
	case r.Method != http.MethodPost:
		w.Header().Set("Allow", http.MethodPost)
		s.message(w, r, http.StatusMethodNotAllowed)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), noticeWithin)
	defer cancel()
	refused := s.receive(ctx, w, r)
	if refused == nil {
		w.WriteHeader(http.StatusOK)
		return
	}
	s.notices.refused.Add(1)
	switch {
	case refused.status == http.StatusTooManyRequests:
		s.tooMany(w, r)
		return
	case refused.status >= 500:
		s.log.Error("a provider's notice has to come again", "err", refused)
		w.Header().Set("Retry-After", "60")
	case !s.limiter.take(clientOf(r, s.trusted), s.now()):
		s.tooMany(w, r)
		return
	default:
		s.log.Warn("a provider's notice is refused", "err", refused)
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(refused.status)
	_, _ = io.WriteString(w, refused.reason+"\n") // an error: SNS has gone
}

// noticeWithin is less than the 15 s that SNS waits.
const noticeWithin = 12 * time.Second

// receive reads a notice, makes sure of who sent it, and does what it asks for.
func (s *Server) receive(ctx context.Context, w http.ResponseWriter, r *http.Request) *refusal {
	if r.Header.Get("x-amz-sns-rawdelivery") != "" {
		return &refusal{status: http.StatusBadRequest, reason: "raw message delivery is on: without the envelope there is no signature; switch it off in the subscription"}
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, largestNotice))
	var tooLong *http.MaxBytesError
	switch {
	case errors.As(err, &tooLong):
		return &refusal{status: http.StatusRequestEntityTooLarge, reason: "the notice is too long"}
	case err != nil:
		return &refusal{status: http.StatusInternalServerError, reason: "read a notice", err: errors.New("the connection broke")}
	}
	e, at, refused := s.notices.read(body, s.now())
	if refused != nil {
		return refused
	}
	// Others make SNS post to us, too, and anybody can ask for a certificate that is not there: this can wait, and has to come again.
	if !s.notices.certificates.has(e.SigningCertURL, s.now()) && !s.limiter.take(clientOf(r, s.trusted), s.now()) {
		return &refusal{status: http.StatusTooManyRequests, reason: "too many wrong notices came from there"}
	}
	if refused := s.notices.verify(ctx, e, s.now()); refused != nil {
		return refused
	}
	return s.accept(ctx, e, at)
}

// accept does what a notice asks for whose sender is certain.
func (s *Server) accept(ctx context.Context, e *envelope, at time.Time) *refusal {
	switch e.Type {
	case typeConfirm:
		return s.confirm(ctx, e)
	case typeUnsubscribe:
		s.log.Warn("notices of a topic come here no longer: its subscription was ended", "topic", e.TopicArn)
		return nil
	}
	event, ok := parseSES(e.Message)
	if !ok {
		s.notices.unknown.Add(1) // such as the words with which SES tries a topic when it is set up
		return nil
	}
	known := false
	if n, ok := s.about(event, e.MessageID, at); ok {
		var err error
		if known, err = s.taker.take(ctx, n); err != nil {
			return &refusal{status: http.StatusServiceUnavailable, reason: "write a notice", err: err}
		}
	}
	if known {
		s.notices.taken.Add(1)
	} else {
		s.notices.unknown.Add(1)
	}
	return nil
}

// envelope is what SNS posts (its developer guide, "Parsing message formats").
type envelope struct {
	Type             string
	MessageID        string `json:"MessageId"`
	Token            *string
	TopicArn         string
	Subject          *string // is signed when it is there
	Message          string
	SubscribeURL     *string
	Timestamp        string
	SignatureVersion string
	Signature        string
	SigningCertURL   string
}

// The types of envelopes.
const (
	typeNotification = "Notification"
	typeConfirm      = "SubscriptionConfirmation"
	typeUnsubscribe  = "UnsubscribeConfirmation"
)

var messageIDForm = regexp.MustCompile(`^[A-Za-z0-9-]{8,64}$`)

// read reads an envelope and checks all that can be without asking anybody. at is when SNS says that it was sent.
func (n *notices) read(body []byte, now time.Time) (e *envelope, at time.Time, refused *refusal) {
	e = &envelope{}
	if err := json.Unmarshal(body, e); err != nil {
		return nil, at, &refusal{status: http.StatusBadRequest, reason: "the notice is not what SNS sends"}
	}
	at, err := time.Parse(time.RFC3339, e.Timestamp)
	switch {
	case !slices.Contains(n.topics, e.TopicArn):
		refused = wrong("the notice is of a topic that sns.topics in germane.yaml does not name")
	case e.Type != typeNotification && e.Type != typeConfirm && e.Type != typeUnsubscribe:
		refused = wrong("the notice has an unknown type")
	case !messageIDForm.MatchString(e.MessageID):
		refused = wrong("the notice has no proper MessageId")
	case e.SignatureVersion != "2" && (e.SignatureVersion != "1" || !n.sha1):
		refused = wrong("the notice's signature is not of version 2: set SignatureVersion of the topic to 2")
	case err != nil || at.Before(now.Add(-oldestNotice)) || at.After(now.Add(clocksDiffer)):
		refused = wrong("the notice is too old, or from the future")
	case !certificateForm.MatchString(e.SigningCertURL):
		refused = wrong("the notice's certificate is not at SNS's address")
	case e.Type != typeNotification && (e.Token == nil || e.SubscribeURL == nil):
		refused = wrong("the notice confirms nothing")
	}
	return e, at, refused
}

// confirm subscribes to a topic, which is one that somebody wrote into germane.yaml.
func (s *Server) confirm(ctx context.Context, e *envelope) *refusal {
	u, err := url.Parse(*e.SubscribeURL)
	if err != nil || u.Scheme != "https" || u.User != nil || !hostForm.MatchString(u.Host) || u.Query().Get("Action") != "ConfirmSubscription" || u.Query().Get("TopicArn") != e.TopicArn {
		return wrong("the subscription would be confirmed elsewhere than at SNS")
	}
	if _, err := fetch(ctx, s.notices.client, *e.SubscribeURL); err != nil {
		return &refusal{status: http.StatusServiceUnavailable, reason: "confirm a subscription", err: err}
	}
	s.log.Info("notices of a topic come here from now on", "topic", e.TopicArn)
	return nil
}

// hideAddress says what went wrong with a request without its address, which may hold a token.
func hideAddress(err error) error {
	var failed *url.Error
	if errors.As(err, &failed) {
		return fmt.Errorf("%s: %w", failed.Op, failed.Err)
	}
	return err
}
