package send

import (
	"bufio"
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"

	"germane/internal/testkit"
)

// peerAccount is what aws-ses-v2-local wants to be told before it answers GetAccount.
const peerAccount = `{"DedicatedIpAutoWarmupEnabled":false,"Details":{"AdditionalContactEmailAddresses":[],"ContactLanguage":"EN",` +
	`"MailType":"MARKETING","ReviewDetails":{"CaseId":"1","Status":"GRANTED"},"UseCaseDescription":"x","WebsiteURL":"https://acme.example"},` +
	`"EnforcementStatus":"HEALTHY","ProductionAccessEnabled":true,"SendingEnabled":true,` +
	`"SendQuota":{"Max24HourSend":50000,"MaxSendRate":14,"SentLast24Hours":3},"SuppressionAttributes":{"SuppressedReasons":["BOUNCE"]}}`

// startPeer starts a stand-in for SES that others wrote, and returns its address.
func startPeer(t *testing.T) string {
	t.Helper()
	node := testkit.Program(t, "node")
	const program = "../internal/sesfake/node/node_modules/aws-ses-v2-local/dist/cli.js"
	if _, err := os.Stat(program); err != nil {
		testkit.Missing(t, "aws-ses-v2-local")
	}
	// Port 0 would be any free one, but the program says 0 when asked which: so it is asked for one that was free a moment ago.
	address := freeAddress(t)
	_, port, _ := strings.Cut(address, ":")
	command := exec.CommandContext(t.Context(), node, program, "--host", "127.0.0.1", "--port", port)
	command.Env = append(os.Environ(), "AWS_SES_ACCOUNT="+peerAccount)
	out, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = command.Process.Kill(); _ = command.Wait() })
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if strings.Contains(lines.Text(), "server running") {
			return "http://" + address
		}
	}
	t.Fatal("aws-ses-v2-local has not started")
	return ""
}

// TestSESPeer sends to a stand-in that somebody else wrote, so that sesfake cannot confirm itself. It drops raw messages' own headers and
// tags, and limits nothing: what it can tell is that a request has the form that SES's clients have.
func TestSESPeer(t *testing.T) {
	t.Parallel()
	endpoint := startPeer(t)
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
