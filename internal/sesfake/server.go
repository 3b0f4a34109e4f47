package sesfake

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"time"
)

// Account is what SES allows. The zero value allows everything.
type Account struct {
	PerSecond         int                      // mails; 0: no limit
	PerDay            int                      // mails in 24 hours; 0: no limit
	Suspended         bool                     // by AWS: SHUTDOWN
	UnderReview       bool                     // by AWS: PROBATION
	Paused            bool                     // sending was switched off
	Sandbox           bool                     // is said, and nothing follows from it
	ListsNobody       bool                     // bounces and complaints put nobody on the account's suppression list
	Identities        map[string]Identity      // addresses and domains that may send; nil: all
	ConfigurationSets map[string][]Destination // who hears of their events; nil: all sets are there, and nobody hears of them
	Forbidden         []string                 // operations that the credentials do not allow, such as GetEmailIdentity
}

// Mail is a message that the server took.
type Mail struct {
	ID               string
	From, To         string
	ConfigurationSet string
	Tenant           string
	Tags             map[string]string
	Data             []byte
	At               time.Time
	Suppressed       bool // the recipient was on the account's suppression list
}

// Fault is what goes wrong with a request although the account allows it.
type Fault uint8

// The faults. After those with "taken" the server has the mail.
const (
	None           Fault = iota
	Throttled            // 429, Maximum sending rate exceeded
	QuotaExceeded        // 429, Daily message quota exceeded
	Rejected             // 400, MessageRejected: a virus
	Denied               // 403, an HTML page as a proxy writes it
	ErrorBefore          // 500, not taken
	ErrorAfter           // taken, 500
	UnavailableHTM       // 503, an HTML page, not taken
	DropBefore           // hang up, not taken
	DropAfter            // taken, hang up
	HalfAnswer           // taken, hang up in the middle of the answer
	Nonsense             // taken, 200 with something that is no JSON
	NoID                 // taken, 200 without a message id
	Redirect             // 307 to this server
	Silent               // taken, no answer until the client hangs up
)

// Server is the endpoint. Any number of goroutines may use it.
type Server struct {
	Fault func(*Mail) Fault     // nil: none. It may block
	Now   func() time.Time      // nil: time.Now
	Seen  func(r *http.Request) // nil: nothing; for tests that look at requests

	Aftermath *Aftermath // nil: nobody is told what becomes of mails

	mu         sync.Mutex
	account    Account
	mails      []Mail
	more       chan struct{} // closed with the next mail; nil: nobody waits
	requests   int           // to SendEmail
	second     time.Time
	inSecond   int
	suppressed map[string]Suppressed // the account's list, by address in lower case
}

// New makes an endpoint for an account.
func New(account Account) *Server {
	return &Server{account: account}
}

// Start serves on this machine. The caller closes it.
func (s *Server) Start() *httptest.Server {
	return httptest.NewServer(s)
}

// Set changes the account.
func (s *Server) Set(account Account) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.account = account
}

// Mails are those that the server took so far, in order.
func (s *Server) Mails() []Mail {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Mail(nil), s.mails...)
}

// Wait returns when the server has taken so many mails, or with the context's error.
func (s *Server) Wait(ctx context.Context, mails int) error {
	for {
		s.mu.Lock()
		if len(s.mails) >= mails {
			s.mu.Unlock()
			return nil
		}
		if s.more == nil {
			s.more = make(chan struct{})
		}
		more := s.more
		s.mu.Unlock()
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-more:
		}
	}
}

// Requests is how often somebody asked to send a mail.
func (s *Server) Requests() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.requests
}

func (s *Server) now() time.Time {
	if s.Now != nil {
		return s.Now()
	}
	return time.Now()
}

func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if s.Seen != nil {
		s.Seen(r)
	}
	switch {
	case r.Method == http.MethodPost && r.URL.Path == "/v2/email/outbound-emails":
		s.send(w, r)
	case r.Method == http.MethodGet && strings.HasPrefix(r.URL.Path, "/v2/email/"):
		s.ask(w, r)
	case r.Method == http.MethodGet && (r.URL.Path == "/" || strings.HasPrefix(r.URL.Path, "/mail/")):
		s.page(w, r)
	default:
		refuse(w, &refusal{http.StatusNotFound, "NotFoundException", "there is no " + r.Method + " " + r.URL.Path})
	}
}

// largest is what a request may have: a message of 40 MB as base64, and what is around it.
const largest = 56 << 20

func (s *Server) send(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, largest))
	if err != nil {
		refuse(w, &refusal{http.StatusRequestEntityTooLarge, "", err.Error()})
		return
	}
	s.mu.Lock()
	s.requests++
	account := s.account
	s.mu.Unlock()
	mail, refused := read(body, &account)
	if refused == nil {
		refused = s.admit(&account)
	}
	if refused != nil {
		refuse(w, refused)
		return
	}
	fault := None
	if s.Fault != nil {
		fault = s.Fault(mail)
	}
	s.act(w, r, mail, fault)
}

// admit checks the account's limits, which count requests that are allowed.
func (s *Server) admit(account *Account) *refusal {
	switch {
	case account.Suspended:
		return &refusal{http.StatusBadRequest, "AccountSuspendedException", "This account has been suspended."}
	case account.Paused:
		return &refusal{http.StatusBadRequest, "SendingPausedException", "Email sending is disabled for this account."}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if account.PerDay > 0 && len(s.mails) >= account.PerDay {
		return quotaExceeded
	}
	if second := s.now().Truncate(time.Second); !second.Equal(s.second) {
		s.second, s.inSecond = second, 0
	}
	if account.PerSecond > 0 && s.inSecond >= account.PerSecond {
		return throttled
	}
	s.inSecond++
	return nil
}

// take keeps a mail and gives it an id.
func (s *Server) take(mail *Mail) {
	s.mu.Lock()
	defer s.mu.Unlock()
	mail.At = s.now()
	mail.ID = fmt.Sprintf("%016x-%08x-fake-000000", mail.At.UnixMilli(), len(s.mails))
	_, mail.Suppressed = s.suppressed[strings.ToLower(mail.To)]
	s.mails = append(s.mails, *mail)
	if s.Aftermath != nil {
		fate := s.Aftermath.of(mail)
		s.suppressFor(mail, fate)
		s.Aftermath.tell(*mail, fate)
	}
	if s.more != nil {
		close(s.more)
		s.more = nil
	}
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // an error: the client has gone
}
