package send

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"germane/internal/sesfake"
)

func openAccount(t *testing.T, endpoint, more string) *Account {
	t.Helper()
	account, err := OpenAccount(t.Context(), sesAddress(t, endpoint, more), Options{})
	if err != nil {
		t.Fatal(err)
	}
	account.pause = time.Millisecond
	return account
}

// TestSESQuestionsOnTheWire holds requests and answers as Amazon's API reference has them, because a fake that reads what the same SDK
// writes would not notice a change of both.
func TestSESQuestionsOnTheWire(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		ask              func(ctx context.Context, a *Account) (any, error)
		request, answers string
		want             any
	}{
		"account": {
			func(ctx context.Context, a *Account) (any, error) { return a.State(ctx) },
			"GET /v2/email/account",
			`{"DedicatedIpAutoWarmupEnabled":true,"EnforcementStatus":"PROBATION","ProductionAccessEnabled":false,"SendQuota":{"Max24HourSend":200.0,"MaxSendRate":1.0,"SentLast24Hours":3.0},
				"SendingEnabled":true,"SuppressionAttributes":{"SuppressedReasons":["BOUNCE","COMPLAINT"]},"Details":{"MailType":"MARKETING"},"VdmAttributes":{"VdmEnabled":"DISABLED"}}`,
			AccountState{Limits: Limits{PerSecond: 1, PerDay: 200, Used: 3}, Sandbox: true, Health: "PROBATION", Suppresses: []string{"BOUNCE", "COMPLAINT"}},
		},
		"domain": {
			func(ctx context.Context, a *Account) (any, error) { return a.Identity(ctx, "mail.acme.example") },
			"GET /v2/email/identities/mail.acme.example",
			`{"ConfigurationSetName":"main","DkimAttributes":{"CurrentSigningKeyLength":"RSA_2048_BIT","LastKeyGenerationTimestamp":1.7E9,"SigningAttributesOrigin":"AWS_SES","SigningEnabled":true,
				"SigningHostedZone":"dkim.eu-west-1.amazonses.com","Status":"PENDING","Tokens":["a1","b2","c3"]},"FeedbackForwardingStatus":true,"IdentityType":"DOMAIN",
				"MailFromAttributes":{"BehaviorOnMxFailure":"USE_DEFAULT_VALUE","MailFromDomain":"bounce.mail.acme.example","MailFromDomainStatus":"FAILED"},
				"Policies":{},"Tags":[],"VerificationInfo":{"SOARecord":{"SerialNumber":1}},"VerificationStatus":"SUCCESS","VerifiedForSendingStatus":true}`,
			&Identity{
				Name: "mail.acme.example", Verified: true, ConfigurationSet: "main", Signs: true, DKIM: "PENDING", Tokens: []string{"a1", "b2", "c3"},
				Zone: "dkim.eu-west-1.amazonses.com", MailFrom: "bounce.mail.acme.example", MailFromStatus: "FAILED",
			},
		},
		"address with a plus": {
			func(ctx context.Context, a *Account) (any, error) { return a.Identity(ctx, "a+b/c@acme.example") },
			"GET /v2/email/identities/a%2Bb%2Fc%40acme.example",
			`{"DkimAttributes":{"SigningAttributesOrigin":"EXTERNAL","SigningEnabled":true,"Status":"SUCCESS","Tokens":["s1"]},"IdentityType":"EMAIL_ADDRESS","VerifiedForSendingStatus":false}`,
			&Identity{Name: "a+b/c@acme.example", Signs: true, DKIM: "SUCCESS", Tokens: []string{"s1"}, Zone: "dkim.amazonses.com", OwnDKIMKey: true},
		},
		"destinations": {
			func(ctx context.Context, a *Account) (any, error) { return a.Destinations(ctx, "main") },
			"GET /v2/email/configuration-sets/main/event-destinations",
			`{"EventDestinations":[{"Enabled":true,"MatchingEventTypes":["SEND","RENDERING_FAILURE","DELIVERY_DELAY"],"Name":"germane","SnsDestination":{"TopicArn":"arn:aws:sns:eu-west-1:123456789012:mail"}},
				{"CloudWatchDestination":{"DimensionConfigurations":[{"DefaultDimensionValue":"x","DimensionName":"y","DimensionValueSource":"MESSAGE_TAG"}]},"Enabled":false,"MatchingEventTypes":["CLICK"],"Name":"watch"}]}`,
			[]Destination{
				{"germane", true, "arn:aws:sns:eu-west-1:123456789012:mail", []string{"SEND", "RENDERING_FAILURE", "DELIVERY_DELAY"}},
				{"watch", false, "", []string{"CLICK"}},
			},
		},
		"suppression list": {
			func(ctx context.Context, a *Account) (any, error) {
				var all []Suppressed
				for page, err := range a.Suppressed(ctx, time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)) {
					if err != nil {
						return nil, err
					}
					for i := range page {
						page[i].At = page[i].At.UTC()
					}
					all = append(all, page...)
				}
				return all, nil
			},
			"GET /v2/email/suppression/addresses?PageSize=1000&StartDate=2026-01-02T03%3A04%3A05Z&TenantName=acme",
			`{"SuppressedDestinationSummaries":[{"EmailAddress":"ann@mail.example","LastUpdateTime":1.767322E9,"Reason":"BOUNCE"},{"EmailAddress":"bob@mail.example","LastUpdateTime":1767322001.5,"Reason":"COMPLAINT"}]}`,
			[]Suppressed{{"ann@mail.example", false, time.Unix(1_767_322_000, 0).UTC()}, {"bob@mail.example", true, time.UnixMilli(1_767_322_001_500).UTC()}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var request string
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				request = r.Method + " " + r.RequestURI
				_, _ = w.Write([]byte(c.answers))
			}))
			defer server.Close()
			got, err := c.ask(t.Context(), openAccount(t, server.URL, "&tenant=acme"))
			if err != nil || request != c.request || !reflect.DeepEqual(got, c.want) {
				t.Errorf("asked with %s\n%+v, %v\nwant %+v", request, got, err, c.want)
			}
		})
	}
}

// TestSESQuestions asks the stand-in for all of it, through Amazon's own SDK.
func TestSESQuestions(t *testing.T) {
	t.Parallel()
	const topic = "arn:aws:sns:eu-west-1:123456789012:mail"
	server := sesfake.New(sesfake.Account{
		PerSecond: 14, PerDay: 50_000, UnderReview: true, Sandbox: true, ListsNobody: true,
		Identities:        map[string]sesfake.Identity{"acme.example": {Unsigned: true, Tokens: []string{"t"}, MailFrom: "b.acme.example", MailFromStatus: "PENDING", Set: "main"}},
		ConfigurationSets: map[string][]sesfake.Destination{"main": {{Name: "germane", Topic: topic, Events: sesfake.AllEvents}, {Name: "watch", Disabled: true}}},
	})
	account := openAccount(t, startSES(t, server).URL, "")
	state, err := account.State(t.Context())
	if want := (AccountState{Limits: Limits{PerSecond: 14, PerDay: 50_000}, Sandbox: true, Health: "PROBATION"}); err != nil || !reflect.DeepEqual(state, want) {
		t.Errorf("%+v %v", state, err)
	}
	i, err := account.Identity(t.Context(), "acme.example")
	want := Identity{Name: "acme.example", Verified: true, ConfigurationSet: "main", DKIM: "SUCCESS", Tokens: []string{"t"}, Zone: "dkim.amazonses.com", MailFrom: "b.acme.example", MailFromStatus: "PENDING"}
	if err != nil || !reflect.DeepEqual(*i, want) {
		t.Errorf("%+v %v", i, err)
	}
	d, err := account.Destinations(t.Context(), "main")
	if want := []Destination{{"germane", true, topic, sesfake.AllEvents}, {"watch", false, "", nil}}; err != nil || !reflect.DeepEqual(d, want) {
		t.Errorf("%+v %v", d, err)
	}
	if _, err := account.Identity(t.Context(), "ann@other.example"); !errors.Is(err, ErrUnknown) {
		t.Errorf("an unknown identity: %v", err)
	}
	if _, err := account.Destinations(t.Context(), "other"); !errors.Is(err, ErrUnknown) {
		t.Errorf("an unknown set: %v", err)
	}
	server.Set(sesfake.Account{Forbidden: []string{"GetEmailIdentity", "GetConfigurationSetEventDestinations", "ListSuppressedDestinations", "GetAccount"}})
	_, identity := account.Identity(t.Context(), "acme.example")
	_, destinations := account.Destinations(t.Context(), "main")
	_, state2 := account.State(t.Context())
	_, listed := listSuppressed(t, account, time.Time{})
	for _, err := range []error{identity, destinations, state2, listed} {
		if !errors.Is(err, ErrForbidden) || strings.Contains(err.Error(), "arn:") {
			t.Errorf("forbidden: %v", err)
		}
	}
}

// TestSESListsWhomItSuppresses: all pages, each entry once, those of a time and after it only.
func TestSESListsWhomItSuppresses(t *testing.T) {
	t.Parallel()
	server := sesfake.New(sesfake.Account{})
	start := time.Unix(1_800_000_000, 0)
	for i := range 2500 {
		reason := "BOUNCE"
		if i%5 == 0 {
			reason = "COMPLAINT"
		}
		server.Suppress(sesfake.Suppressed{Address: fmt.Sprintf("p%04d@mail.example", i), Reason: reason, At: start.Add(time.Duration(i) * time.Minute)})
	}
	requests := 0
	server.Seen = func(*http.Request) { requests++ }
	account := openAccount(t, startSES(t, server).URL, "")
	all, err := listSuppressed(t, account, time.Time{})
	complaints := 0
	for i, x := range all {
		if x.Address != fmt.Sprintf("p%04d@mail.example", i) || !x.At.Equal(start.Add(time.Duration(i)*time.Minute)) {
			t.Fatalf("entry %d is %+v", i, x)
		}
		if x.Complaint {
			complaints++
		}
	}
	if err != nil || len(all) != 2500 || complaints != 500 || requests != 3 {
		t.Errorf("%d entries, %d complaints in %d requests, %v", len(all), complaints, requests, err)
	}
	if late, err := listSuppressed(t, account, start.Add(2490*time.Minute)); err != nil || len(late) != 10 {
		t.Errorf("%d late entries, %v", len(late), err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	account.pause = time.Hour
	var last error
	for _, err := range account.Suppressed(ctx, time.Time{}) {
		last = err
		cancel()
	}
	if !errors.Is(last, context.Canceled) {
		t.Errorf("cancelled: %v", last)
	}
}

func listSuppressed(t *testing.T, account *Account, since time.Time) (all []Suppressed, err error) {
	t.Helper()
	for page, err := range account.Suppressed(t.Context(), since) {
		if err != nil {
			return all, err
		}
		all = slices.Concat(all, page)
	}
	return all, nil
}

// TestSESThatListsForEver: a list whose next page is always the same one ends.
func TestSESThatListsForEver(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = w.Write([]byte(`{"SuppressedDestinationSummaries":[{"EmailAddress":"ann@mail.example"}],"NextToken":"again"}`))
	}))
	defer server.Close()
	if all, err := listSuppressed(t, openAccount(t, server.URL, ""), time.Time{}); err == nil || len(all) != 2 {
		t.Errorf("%d entries, %v", len(all), err)
	}
}
