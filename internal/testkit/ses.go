package testkit

import (
	"bufio"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// SES starts aws-ses-v2-local, a stand-in for Amazon SES that others wrote, and returns its address. node is the folder
// internal/sesfake/node as seen from the test; perSecond is what the account may send. Nothing is limited.
func SES(t testing.TB, node string, perSecond int) (endpoint string) {
	t.Helper()
	runtime := Program(t, "node")
	program := filepath.Join(node, "node_modules", "aws-ses-v2-local", "dist", "cli.js")
	if _, err := os.Stat(program); err != nil {
		Missing(t, "aws-ses-v2-local")
	}
	// Port 0 would be any free one, but the program says 0 when asked which: so it is asked for one that was free a moment ago.
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	listener.Close()
	_, port, _ := strings.Cut(address, ":")
	command := exec.CommandContext(t.Context(), runtime, program, "--host", "127.0.0.1", "--port", port)
	command.Env = append(os.Environ(), "AWS_SES_ACCOUNT="+account(perSecond))
	out, err := command.StdoutPipe()
	if err == nil {
		err = command.Start()
	}
	if err != nil {
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

// account is what aws-ses-v2-local wants to be told before it answers GetAccount.
func account(perSecond int) string {
	return `{"DedicatedIpAutoWarmupEnabled":false,"Details":{"AdditionalContactEmailAddresses":[],"ContactLanguage":"EN",` +
		`"MailType":"MARKETING","ReviewDetails":{"CaseId":"1","Status":"GRANTED"},"UseCaseDescription":"x","WebsiteURL":"https://acme.example"},` +
		`"EnforcementStatus":"HEALTHY","ProductionAccessEnabled":true,"SendingEnabled":true,` +
		`"SendQuota":{"Max24HourSend":50000,"MaxSendRate":` + strconv.Itoa(perSecond) + `,"SentLast24Hours":3},"SuppressionAttributes":{"SuppressedReasons":["BOUNCE"]}}`
}
