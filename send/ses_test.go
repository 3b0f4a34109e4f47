package send

import (
	"context"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"germane/internal/sesfake"
)

func sesAddress(tb testing.TB, endpoint, more string) *Address {
	tb.Helper()
	a, err := ParseURL("ses://eu-west-1?endpoint=" + endpoint + more)
	if err != nil {
		tb.Fatal(err)
	}
	return &a
}

func startSES(tb testing.TB, server *sesfake.Server) *httptest.Server {
	tb.Helper()
	started := server.Start()
	tb.Cleanup(started.Close)
	return started
}

func TestSESTakesAMail(t *testing.T) {
	t.Parallel()
	server := sesfake.New(sesfake.Account{})
	transport := openTest(t, sesAddress(t, startSES(t, server).URL, "&configuration_set=main&tenant=acme"), Options{})
	m := testMail(1)
	m.Tags = []Tag{{"run", "r1"}, {"variant", "hero_a-b"}}
	r := transport.Send(t.Context(), m)
	if r.Outcome != Sent || r.ID == "" {
		t.Fatalf("%+v", r)
	}
	got := server.Mails()[0]
	want := sesfake.Mail{
		ID: r.ID, From: m.From, To: m.To, ConfigurationSet: "main", Tenant: "acme", At: got.At, Data: m.Bytes,
		Tags: map[string]string{"delivery": "d1", "run": "r1", "variant": "hero_a-b"},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
}

// TestSESOnTheWire holds the requests themselves, because a fake that reads what the same SDK writes would not notice a change of both.
func TestSESOnTheWire(t *testing.T) {
	t.Parallel()
	var request, body, authorization atomic.Value
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		raw := make([]byte, r.ContentLength)
		_, _ = r.Body.Read(raw)
		request.Store(r.Method + " " + r.URL.Path + " " + r.Header.Get("Content-Type"))
		body.Store(string(raw))
		authorization.Store(r.Header.Get("Authorization"))
		_, _ = w.Write([]byte(`{"MessageId":"m1"}`))
	}))
	defer server.Close()
	m := testMail(1)
	m.Bytes = []byte("A: b\r\n\r\nc\r\n")
	if r := openTest(t, sesAddress(t, server.URL, "&configuration_set=main"), Options{}).Send(t.Context(), m); r.ID != "m1" {
		t.Fatalf("%+v", r)
	}
	if got := request.Load(); got != "POST /v2/email/outbound-emails application/json" {
		t.Errorf("the request is %s", got)
	}
	const want = `{"ConfigurationSetName":"main","Content":{"Raw":{"Data":"QTogYg0KDQpjDQo="}},"Destination":{"ToAddresses":["p1@mail.example"]},` +
		`"EmailTags":[{"Name":"delivery","Value":"d1"}],"FromEmailAddress":"hello@acme.example"}`
	if got := body.Load(); got != want {
		t.Errorf("the body is\n%s\nwant\n%s", got, want)
	}
	if got := authorization.Load().(string); !strings.HasPrefix(got, "AWS4-HMAC-SHA256 Credential=germane/") || !strings.Contains(got, "/eu-west-1/ses/aws4_request") {
		t.Errorf("signed as %s", got)
	}
}

// TestSESFaults is the fault table: one mail meets a fault, a worker goes on as the outcome allows, nobody gets a mail twice, and the
// mails after it are not disturbed.
func TestSESFaults(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		fault   sesfake.Fault
		outcome Outcome
		code    string
		taken   int
	}{
		"throttled":          {sesfake.Throttled, Throttled, "ses TooManyRequestsException", 0},
		"quota":              {sesfake.QuotaExceeded, Quota, "ses LimitExceededException", 0},
		"rejected":           {sesfake.Rejected, Refused, "ses MessageRejected", 0},
		"a proxy's 403":      {sesfake.Denied, Stopped, "ses 403", 0},
		"redirected":         {sesfake.Redirect, Stopped, "ses 307", 0},
		"500, not taken":     {sesfake.ErrorBefore, InDoubt, "ses InternalServerErrorException", 0},
		"500, taken":         {sesfake.ErrorAfter, InDoubt, "ses InternalServerErrorException", 1},
		"503, not taken":     {sesfake.UnavailableHTM, InDoubt, "ses 503", 0},
		"hang up, not taken": {sesfake.DropBefore, InDoubt, "no answer", 0},
		"hang up, taken":     {sesfake.DropAfter, InDoubt, "no answer", 1},
		"half an answer":     {sesfake.HalfAnswer, InDoubt, "ses 200", 1},
		"nonsense":           {sesfake.Nonsense, InDoubt, "ses 200", 1},
		"no id":              {sesfake.NoID, InDoubt, "ses", 1},
		"silence":            {sesfake.Silent, InDoubt, "no answer", 1},
	} {
		for _, used := range []bool{false, true} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				server := sesfake.New(sesfake.Account{})
				var over atomic.Bool
				server.Fault = func(m *sesfake.Mail) sesfake.Fault {
					if m.Tags["delivery"] != "d1" || over.Swap(true) {
						return sesfake.None
					}
					return c.fault
				}
				transport := openTest(t, sesAddress(t, startSES(t, server).URL, ""), Options{Timeout: 300 * time.Millisecond, Answer: 300 * time.Millisecond})
				before := 0
				if used { // on a connection that worked
					if r := transport.Send(t.Context(), testMail(0)); r.Outcome != Sent {
						t.Fatalf("the mail before: %+v", r)
					}
					before = 1
				}
				r := transport.Send(t.Context(), testMail(1))
				if r.Outcome != c.outcome || r.Code != c.code || strings.Contains(r.Text, "p1@") {
					t.Errorf("%+v, want %s %s", r, c.outcome, c.code)
				}
				if n := server.Requests() - before; n != 1 {
					t.Errorf("%d requests", n)
				}
				if n := sesCopies(server, "d1"); n != c.taken {
					t.Errorf("%d copies", n)
				}
				if r.Outcome == Throttled || r.Outcome == Quota || r.Outcome == NotSent {
					if r := transport.Send(t.Context(), testMail(1)); r.Outcome != Sent || sesCopies(server, "d1") != 1 {
						t.Errorf("again: %+v", r)
					}
				}
				if r := transport.Send(t.Context(), testMail(2)); r.Outcome != Sent || sesCopies(server, "d2") != 1 {
					t.Errorf("the mail after it: %+v", r)
				}
			})
		}
	}
}

func sesCopies(server *sesfake.Server, delivery string) (n int) {
	for _, m := range server.Mails() {
		if m.Tags["delivery"] == delivery {
			n++
		}
	}
	return n
}

func TestSESAccounts(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		account sesfake.Account
		mails   int // that go well before it
		outcome Outcome
		code    string
	}{
		"suspended":            {sesfake.Account{Suspended: true}, 0, Stopped, "ses AccountSuspendedException"},
		"paused":               {sesfake.Account{Paused: true}, 0, Stopped, "ses SendingPausedException"},
		"quota":                {sesfake.Account{PerDay: 2}, 2, Quota, "ses LimitExceededException"},
		"rate":                 {sesfake.Account{PerSecond: 3}, 3, Throttled, "ses TooManyRequestsException"},
		"sender not verified":  {sesfake.Account{Identities: map[string]sesfake.Identity{"other.example": {}}}, 0, Stopped, "ses MessageRejected"},
		"no configuration set": {sesfake.Account{ConfigurationSets: map[string][]sesfake.Destination{"other": nil}}, 0, Stopped, "ses NotFoundException"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := sesfake.New(c.account)
			now := time.Unix(1, 0)
			server.Now = func() time.Time { return now }
			transport := openTest(t, sesAddress(t, startSES(t, server).URL, "&configuration_set=main"), Options{})
			for n := range c.mails {
				if r := transport.Send(t.Context(), testMail(n)); r.Outcome != Sent {
					t.Fatalf("mail %d: %+v", n, r)
				}
			}
			if r := transport.Send(t.Context(), testMail(9)); r.Outcome != c.outcome || r.Code != c.code {
				t.Errorf("%+v", r)
			}
			if n := len(server.Mails()); n != c.mails {
				t.Errorf("%d mails taken", n)
			}
		})
	}
}

func TestSESLimits(t *testing.T) {
	t.Parallel()
	server := sesfake.New(sesfake.Account{PerSecond: 14, PerDay: 50_000})
	transport := openTest(t, sesAddress(t, startSES(t, server).URL, ""), Options{})
	if r := transport.Send(t.Context(), testMail(1)); r.Outcome != Sent {
		t.Fatalf("%+v", r)
	}
	limits, err := transport.(Limited).Limits(t.Context())
	if want := (Limits{PerSecond: 14, PerDay: 50_000, Used: 1}); err != nil || limits != want {
		t.Errorf("%+v %v", limits, err)
	}
	if err := transport.Check(t.Context()); err != nil {
		t.Error(err)
	}
	server.Set(sesfake.Account{Suspended: true})
	if err := transport.Check(t.Context()); err == nil || !strings.Contains(err.Error(), "shutdown") {
		t.Errorf("a suspended account: %v", err)
	}
}

// TestSESThatCannotBeReached: nothing left, so that trying again is safe.
func TestSESThatCannotBeReached(t *testing.T) {
	t.Parallel()
	if r := openTest(t, sesAddress(t, "http://"+freeAddress(t), ""), Options{}).Send(t.Context(), testMail(1)); r.Outcome != NotSent || r.Code != "connect" {
		t.Errorf("nobody listens: %+v", r)
	}
	server := sesfake.New(sesfake.Account{})
	strange := httptest.NewTLSServer(server)
	t.Cleanup(strange.Close)
	if r := openTest(t, sesAddress(t, strange.URL, ""), Options{}).Send(t.Context(), testMail(1)); r.Outcome != Stopped || r.Code != "certificate" {
		t.Errorf("an unknown certificate: %+v", r)
	}
	if n := server.Requests(); n != 0 {
		t.Errorf("%d requests", n)
	}
}

// TestSESWaitsForTheAnswer: a worker that is told to stop must not leave mails in doubt.
func TestSESWaitsForTheAnswer(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	server := sesfake.New(sesfake.Account{})
	server.Fault = func(*sesfake.Mail) sesfake.Fault {
		cancel()
		return sesfake.None
	}
	transport := openTest(t, sesAddress(t, startSES(t, server).URL, ""), Options{})
	if r := transport.Send(ctx, testMail(1)); r.Outcome != Sent {
		t.Errorf("%+v", r)
	}
	if r := transport.Send(ctx, testMail(2)); r.Outcome != NotSent || r.Code != "cancelled" || server.Requests() != 1 {
		t.Errorf("the mail after it: %+v", r)
	}
}

// TestSESNeverTriesAgain: the SDK would, if its environment could have its way, and with an error that hides two mails.
func TestSESNeverTriesAgain(t *testing.T) {
	t.Setenv("AWS_MAX_ATTEMPTS", "5")
	t.Setenv("AWS_RETRY_MODE", "adaptive")
	server := sesfake.New(sesfake.Account{})
	fault := sesfake.DropAfter
	server.Fault = func(*sesfake.Mail) sesfake.Fault { return fault }
	transport := openTest(t, sesAddress(t, startSES(t, server).URL, ""), Options{})
	for n, next := range []sesfake.Fault{sesfake.DropAfter, sesfake.ErrorAfter, sesfake.Throttled, sesfake.UnavailableHTM} {
		fault = next
		if r := transport.Send(t.Context(), testMail(n)); r.Outcome == Sent || server.Requests() != n+1 {
			t.Errorf("fault %d: %+v after %d requests", fault, r, server.Requests())
		}
	}
}

// TestSESWithoutCredentials: it is the sender that is wrong, and not the mails.
func TestSESWithoutCredentials(t *testing.T) {
	for _, name := range []string{"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI"} {
		t.Setenv(name, "")
	}
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	t.Setenv("AWS_CONFIG_FILE", t.TempDir()+"/none")
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", t.TempDir()+"/none")
	a := &Address{Kind: SESKind, Region: "eu-west-1", Endpoint: "https://ses.invalid"}
	if r := openTest(t, a, Options{}).Send(t.Context(), testMail(1)); r.Outcome != Stopped || r.Code != "ses credentials" {
		t.Errorf("%+v", r)
	}
}
