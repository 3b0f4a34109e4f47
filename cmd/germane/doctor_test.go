package main

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"germane/internal/sesfake"
	"germane/send"
)

func TestDoctorReadsLimits(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		account sesfake.Account
		want    status
	}{
		"plenty":  {sesfake.Account{PerSecond: 14, PerDay: 50_000}, good},
		"sandbox": {sesfake.Account{PerSecond: 1, PerDay: 200, Sandbox: true}, warning},
		"review":  {sesfake.Account{UnderReview: true}, warning},
		"stopped": {sesfake.Account{PerSecond: 14, PerDay: 50_000, Paused: true}, failure},
	} {
		server := sesfake.New(test.account).Start()
		t.Cleanup(server.Close)
		d := &doctor{sys: &system{}, o: &options{dir: t.TempDir()}, w: configured(t, "delivery: ses://eu-west-1?endpoint="+server.URL+"\n")}
		d.delivery(t.Context())
		if d.found[0].Status != test.want || test.want != good && d.found[0].Fix == "" {
			t.Errorf("%s: %+v", name, d.found)
		}
	}
}

func TestDoctorForRealDelivery(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(server.Close)
	for name, test := range map[string]struct {
		yaml string
		want map[string]status
	}{
		"everything is wrong": {"delivery: smtp://mail.acme.example\n", map[string]status{"public_url": failure, "sender": failure, "dkim": warning}},
		"reached":             {"delivery: smtp://mail.acme.example\npublic_url: " + server.URL + "\ndkim: {domain: acme.example, selector: s1}\n", map[string]status{"public_url": good, "sender": failure, "dkim": good}},
	} {
		d := &doctor{net: true, real: true, w: configured(t, test.yaml), sys: &system{}}
		d.signature(&send.Address{Kind: send.SMTPKind, Host: "mail.acme.example"})
		d.senders()
		d.publicURL(t.Context())
		got := map[string]status{}
		for _, x := range d.found {
			got[x.Name] = x.Status // the last one
		}
		for check, want := range test.want {
			if got[check] != want {
				t.Errorf("%s: %s is %s: %+v", name, check, got[check], d.found)
			}
		}
	}
}
