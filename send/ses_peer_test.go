package send

import (
	"encoding/json"
	"net/http"
	"reflect"
	"strings"
	"testing"

	"germane/internal/testkit"
)

// TestSESPeer sends to a stand-in that somebody else wrote, so that sesfake cannot confirm itself. It drops raw messages' own headers and
// tags, and limits nothing: what it can tell is that a request has the form that SES's clients have.
func TestSESPeer(t *testing.T) {
	t.Parallel()
	endpoint := testkit.SES(t, "../internal/sesfake/node", 14)
	transport := openTest(t, sesAddress(t, endpoint, "&configuration_set=main&tenant=acme"), Options{})
	m := testMail(1)
	m.Bytes = []byte("From: Acme <hello@acme.example>\r\nTo: p1@mail.example\r\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\nMIME-Version: 1.0\r\n" +
		"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nGr=C3=BC=C3=9Fe\r\n")
	m.Tags = []Tag{{"run", "r1"}}
	r := transport.Send(t.Context(), m)
	if r.Outcome != Sent || r.ID == "" {
		t.Fatalf("%+v", r)
	}
	limits, err := transport.(Limited).Limits(t.Context())
	if want := (Limits{PerSecond: 14, PerDay: 50_000, Used: 3}); err != nil || limits != want {
		t.Errorf("%+v %v", limits, err)
	}
	state, err := openAccount(t, endpoint, "").State(t.Context())
	if want := (AccountState{Limits: limits, Health: "HEALTHY", Suppresses: []string{"BOUNCE"}}); err != nil || !reflect.DeepEqual(state, want) {
		t.Errorf("%+v %v", state, err)
	}
	got := peerMails(t, endpoint)
	if len(got) != 1 || got[0].MessageID != r.ID || got[0].Subject != "Grüße" || strings.TrimSpace(got[0].Body.Text) != "Grüße" ||
		len(got[0].Destination.To) != 1 || !strings.Contains(got[0].Destination.To[0], m.To) {
		t.Errorf("it got %+v", got)
	}
}

// peerMail is a mail in the peer's store.
type peerMail struct {
	MessageID   string `json:"messageId"`
	Subject     string `json:"subject"`
	Destination struct {
		To []string `json:"to"`
	} `json:"destination"`
	Body struct {
		Text string `json:"text"`
	} `json:"body"`
}

func peerMails(t *testing.T, endpoint string) []peerMail {
	t.Helper()
	r, err := http.Get(endpoint + "/store")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	var store struct {
		Emails []peerMail `json:"emails"`
	}
	if err := json.NewDecoder(r.Body).Decode(&store); err != nil {
		t.Fatal(err)
	}
	return store.Emails
}
