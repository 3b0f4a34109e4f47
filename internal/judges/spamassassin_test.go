package judges

import (
	"bytes"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"germane/internal/testkit"
	"germane/workspace"
)

// maxSpamScore is far below the 5.0 from which on SpamAssassin calls a message spam.
const maxSpamScore = 2.0

// spam is the text that SpamAssassin's authors chose for trying it out: always spam.
const spam = "XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X"

// control is a message that is spam, to see that SpamAssassin has its rules.
const control = "From: a@mail.acme.example\nTo: b@acme.example\nSubject: control\nMessage-ID: <control@mail.acme.example>\n\n" + spam + "\n"

// separator begins each message of a mailbox. No line of a message does.
const separator = "From judged@mail.acme.example Mon Nov 23 09:00:00 2026\n"

// TestSpamAssassin scores every starter message for every persona, by SpamAssassin's local tests.
func TestSpamAssassin(t *testing.T) {
	t.Parallel()
	program := testkit.Program(t, "spamassassin")
	w := load(t, workspace.Starter(), nil)
	mailbox := separator + control
	messages := 1
	for _, message := range w.Messages {
		for _, persona := range w.Personas {
			mime := strings.ReplaceAll(string(write(t, message, persona.Person, true).mime), "\r\n", "\n")
			mailbox += "\n" + separator + mime
			messages++
		}
	}
	// One process for all: its start takes a second. It keeps no settings, and asks nobody.
	var failure bytes.Buffer
	command := exec.CommandContext(t.Context(), program, "--local", "--nocreate-prefs", "--mbox")
	command.Env = append(command.Environ(), "HOME="+t.TempDir())
	command.Stdin, command.Stderr = strings.NewReader(mailbox), &failure
	output, err := command.Output()
	if err != nil {
		t.Fatalf("spamassassin: %v\n%s", err, failure.String())
	}
	judged := strings.Split(string(output), separator)[1:]
	if len(judged) != messages {
		t.Fatalf("%d of %d messages were judged\n%s", len(judged), messages, failure.String())
	}
	for _, message := range judged {
		judgeSpam(t, message)
	}
}

var (
	spamVerdict = regexp.MustCompile(`(?m)^X-Spam-Status: \w+, score=(-?[\d.]+)[^\n]*?\stests=((?:[A-Z0-9_,]|\s+)*)`)
	messageID   = regexp.MustCompile(`(?mi)^Message-ID: <(.*)@`)
)

// judgeSpam reads the headers that SpamAssassin added to a message. It puts messages into any order.
func judgeSpam(t *testing.T, message string) {
	t.Helper()
	id, verdict := messageID.FindStringSubmatch(message), spamVerdict.FindStringSubmatch(message)
	if id == nil || verdict == nil {
		t.Fatalf("no verdict in %.1000q", message)
	}
	score, err := strconv.ParseFloat(verdict[1], 64)
	rules := strings.Join(strings.Fields(verdict[2]), "")
	t.Logf("%s: %s points, for %s", id[1], verdict[1], rules)
	if spam := id[1] == "control"; err != nil || spam != (score >= maxSpamScore) {
		t.Errorf("%s got %s points; %.1f are the limit", id[1], verdict[1], maxSpamScore)
	}
}
