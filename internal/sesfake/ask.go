package sesfake

import (
	"cmp"
	"encoding/base64"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Identity is an address or a domain that may send. The zero value is one with which all is well: verified, signed by SES, bounces go
// to SES.
type Identity struct {
	Unverified     bool
	Unsigned       bool     // DKIM is switched off
	DKIM           string   // "": SUCCESS
	Tokens         []string // of Easy DKIM; nil: three
	Zone           string   // where SES publishes its keys; "": dkim.amazonses.com
	MailFrom       string   // "": none
	MailFromStatus string   // "": SUCCESS
	Set            string   // the configuration set of mails that name none
}

// Destination hears of events of a configuration set.
type Destination struct {
	Name     string
	Topic    string   // ARN; "": it goes to CloudWatch
	Events   []string // SEND and so on
	Disabled bool
}

// AllEvents are those of a destination as docs/notices.md sets it up.
var AllEvents = []string{"SEND", "DELIVERY", "BOUNCE", "COMPLAINT", "REJECT", "RENDERING_FAILURE", "DELIVERY_DELAY"}

// ask answers questions about the account.
func (s *Server) ask(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	account, used := s.account, len(s.mails)
	s.mu.Unlock()
	path := strings.Split(strings.TrimPrefix(r.URL.Path, "/v2/email/"), "/")
	operation := map[string]string{
		"account1": "GetAccount", "identities2": "GetEmailIdentity", "configuration-sets3": "GetConfigurationSetEventDestinations",
		"suppression2": "ListSuppressedDestinations",
	}[path[0]+strconv.Itoa(len(path))]
	switch {
	case slices.Contains(account.Forbidden, operation):
		refuse(w, &refusal{http.StatusForbidden, "AccessDeniedException", "User: arn:aws:iam::123456789012:user/x is not authorized to perform: ses:" + operation})
	case operation == "GetAccount":
		answer(w, http.StatusOK, account.show(used))
	case operation == "GetEmailIdentity":
		account.showIdentity(w, strings.ToLower(path[1]))
	case operation == "GetConfigurationSetEventDestinations" && path[2] == "event-destinations":
		account.showSet(w, path[1])
	case operation == "ListSuppressedDestinations" && path[1] == "addresses":
		s.listSuppressed(w, r)
	default:
		refuse(w, &refusal{http.StatusNotFound, "NotFoundException", "there is no " + r.Method + " " + r.URL.Path})
	}
}

func (a *Account) show(used int) map[string]any {
	status, perDay, perSecond, reasons := "HEALTHY", -1, 10_000, []string{"BOUNCE", "COMPLAINT"}
	switch {
	case a.Suspended:
		status = "SHUTDOWN"
	case a.UnderReview:
		status = "PROBATION"
	}
	if a.PerDay > 0 {
		perDay = a.PerDay
	}
	if a.PerSecond > 0 {
		perSecond = a.PerSecond
	}
	if a.ListsNobody {
		reasons = []string{}
	}
	return map[string]any{
		"EnforcementStatus": status, "ProductionAccessEnabled": !a.Sandbox, "SendingEnabled": !a.Suspended && !a.Paused,
		"SendQuota":             map[string]any{"Max24HourSend": perDay, "MaxSendRate": perSecond, "SentLast24Hours": used},
		"SuppressionAttributes": map[string]any{"SuppressedReasons": reasons},
	}
}

func (a *Account) showIdentity(w http.ResponseWriter, name string) {
	i, ok := a.Identities[name]
	if !ok && (a.Identities != nil || strings.Contains(name, "@")) {
		refuse(w, &refusal{http.StatusNotFound, "NotFoundException", "Email identity <" + name + "> does not exist."})
		return
	}
	kind, status := "DOMAIN", "SUCCESS"
	if strings.Contains(name, "@") {
		kind = "EMAIL_ADDRESS"
	}
	if i.Unverified {
		status = "PENDING"
	}
	if i.Tokens == nil {
		i.Tokens = []string{"token1", "token2", "token3"}
	}
	body := map[string]any{
		"IdentityType": kind, "VerifiedForSendingStatus": !i.Unverified, "VerificationStatus": status, "FeedbackForwardingStatus": true,
		"DkimAttributes": map[string]any{
			"SigningEnabled": !i.Unsigned, "Status": cmp.Or(i.DKIM, "SUCCESS"), "Tokens": i.Tokens, "SigningAttributesOrigin": "AWS_SES",
			"SigningHostedZone": cmp.Or(i.Zone, "dkim.amazonses.com"), "CurrentSigningKeyLength": "RSA_2048_BIT",
		},
		"Policies": map[string]string{}, "Tags": []string{},
	}
	if i.MailFrom != "" {
		body["MailFromAttributes"] = map[string]any{"MailFromDomain": i.MailFrom, "MailFromDomainStatus": cmp.Or(i.MailFromStatus, "SUCCESS"), "BehaviorOnMxFailure": "USE_DEFAULT_VALUE"}
	}
	if i.Set != "" {
		body["ConfigurationSetName"] = i.Set
	}
	answer(w, http.StatusOK, body)
}

func hasSet(a *Account, name string) bool {
	_, ok := a.ConfigurationSets[name]
	return ok || a.ConfigurationSets == nil
}

func noSet(name string) *refusal {
	return &refusal{http.StatusNotFound, "NotFoundException", "Configuration set <" + name + "> does not exist."}
}

func (a *Account) showSet(w http.ResponseWriter, name string) {
	if !hasSet(a, name) {
		refuse(w, noSet(name))
		return
	}
	all := []any{}
	for _, d := range a.ConfigurationSets[name] {
		x := map[string]any{"Name": d.Name, "Enabled": !d.Disabled, "MatchingEventTypes": d.Events}
		if d.Topic != "" {
			x["SnsDestination"] = map[string]string{"TopicArn": d.Topic}
		} else {
			x["CloudWatchDestination"] = map[string]any{"DimensionConfigurations": []any{}}
		}
		all = append(all, x)
	}
	answer(w, http.StatusOK, map[string]any{"EventDestinations": all})
}

// listSuppressed shows the account's suppression list by address, a page at a time. Its token is the address to go on after.
func (s *Server) listSuppressed(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	size, err := strconv.Atoi(cmp.Or(query.Get("PageSize"), "100"))
	after, tokenErr := base64.RawURLEncoding.DecodeString(query.Get("NextToken"))
	since, sinceErr := time.Parse(time.RFC3339, cmp.Or(query.Get("StartDate"), "1970-01-01T00:00:00Z"))
	if err != nil || tokenErr != nil || sinceErr != nil || size < 1 || size > 1000 {
		refuse(w, bad("BadRequestException", "PageSize, NextToken or StartDate cannot be read"))
		return
	}
	page, more := s.suppressedAfter(string(after), since, query["Reason"], size)
	summaries := []any{}
	for _, x := range page {
		summaries = append(summaries, map[string]any{"EmailAddress": x.Address, "Reason": x.Reason, "LastUpdateTime": float64(x.At.UnixMilli()) / 1000})
	}
	body := map[string]any{"SuppressedDestinationSummaries": summaries}
	if more {
		body["NextToken"] = base64.RawURLEncoding.EncodeToString([]byte(strings.ToLower(page[len(page)-1].Address)))
	}
	answer(w, http.StatusOK, body)
}
