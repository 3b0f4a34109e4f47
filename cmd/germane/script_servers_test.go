package main

import (
	"encoding/json"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"germane/internal/sesfake"
	"germane/internal/testkit"
)

// fakeAccount is an account at Amazon as a script writes it.
type fakeAccount struct {
	sesfake.Account
	Suppressed []sesfake.Suppressed
}

// startSES starts a stand-in for Amazon SES, and lets germane deliver there:
//
//	ses account.json configuration_set=main
//
// The same file name with other contents, or another one, starts another.
func startSES(script *testscript.TestScript, negated bool, args []string) {
	if negated || len(args) < 1 || len(args) > 2 {
		script.Fatalf("usage: ses ACCOUNT.json [OPTIONS OF THE ADDRESS]")
	}
	var account fakeAccount
	script.Check(json.Unmarshal([]byte(script.ReadFile(args[0])), &account))
	fake := sesfake.New(account.Account)
	for i := range account.Suppressed {
		if account.Suppressed[i].At.IsZero() {
			account.Suppressed[i].At = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
		}
	}
	fake.Suppress(account.Suppressed...)
	server := fake.Start()
	script.Defer(server.Close)
	address := "ses://eu-west-1?endpoint=" + server.URL
	if len(args) == 2 {
		address += "&" + args[1]
	}
	script.Setenv("GERMANE_DELIVERY", address)
}

// startDNS starts a DNS server with the records of a file, and sets DNS to its address: dns zone.txt
func startDNS(script *testscript.TestScript, negated bool, args []string) {
	if negated || len(args) != 1 {
		script.Fatalf("usage: dns FILE")
	}
	server, err := testkit.StartDNS(script.ReadFile(args[0]))
	script.Check(err)
	script.Defer(server.Close)
	script.Setenv("DNS", server.Address)
}
