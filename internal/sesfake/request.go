package sesfake

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/mail"
	"regexp"
	"strings"
)

// refusal is an error as SES writes it.
type refusal struct {
	status        int
	code, message string
}

var (
	throttled     = &refusal{http.StatusTooManyRequests, "TooManyRequestsException", "Maximum sending rate exceeded."}
	quotaExceeded = &refusal{http.StatusTooManyRequests, "LimitExceededException", "Daily message quota exceeded."}
)

func refuse(w http.ResponseWriter, r *refusal) {
	w.Header().Set("X-Amzn-Errortype", r.code)
	answer(w, r.status, map[string]string{"message": r.message})
}

// request is the body of SendEmail, as far as we use it. A key that is not here is a mistake of ours.
type request struct {
	ConfigurationSetName string
	TenantName           string
	FromEmailAddress     string
	Destination          struct{ ToAddresses, CcAddresses, BccAddresses []string }
	EmailTags            []struct{ Name, Value string }
	Content              struct {
		Raw *struct{ Data []byte }
	}
}

// SES's limits (its developer guide, "Service quotas" and "Raw message").
const (
	largestMessage = 40 << 20
	longestLine    = 1000 // with its CRLF
	mostRecipients = 50
	mostTags       = 50
)

var tagForm = regexp.MustCompile(`^[A-Za-z0-9_-]{1,256}$`)

// read reads a request and checks all that SES checks before it looks at the account.
func read(body []byte, account *Account) (*Mail, *refusal) {
	var r request
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&r); err != nil {
		return nil, bad("SerializationException", err.Error())
	}
	if r.Content.Raw == nil {
		return nil, bad("BadRequestException", "this endpoint takes raw messages only")
	}
	recipients := append(append(r.Destination.ToAddresses, r.Destination.CcAddresses...), r.Destination.BccAddresses...)
	switch {
	case len(recipients) == 0:
		return nil, bad("BadRequestException", "No recipients.")
	case len(recipients) > mostRecipients:
		return nil, bad("MessageRejected", "Recipient count exceeds 50.")
	case r.ConfigurationSetName != "" && !hasSet(account, r.ConfigurationSetName):
		return nil, noSet(r.ConfigurationSetName)
	}
	m := &Mail{
		From: r.FromEmailAddress, To: strings.Join(recipients, ", "), ConfigurationSet: r.ConfigurationSetName, Tenant: r.TenantName,
		Tags: map[string]string{}, Data: r.Content.Raw.Data,
	}
	for _, tag := range r.EmailTags {
		if !tagForm.MatchString(tag.Name) || !tagForm.MatchString(tag.Value) || len(r.EmailTags) > mostTags {
			return nil, bad("BadRequestException", "Invalid tag <"+tag.Name+">")
		}
		m.Tags[tag.Name] = tag.Value
	}
	if refused := checkMessage(m, recipients); refused != nil {
		return nil, refused
	}
	return m, checkIdentity(m, account)
}

func bad(code, message string) *refusal {
	return &refusal{http.StatusBadRequest, code, message}
}

func checkMessage(m *Mail, recipients []string) *refusal {
	for _, address := range recipients {
		if parsed, err := mail.ParseAddress(address); err != nil || strings.ContainsFunc(parsed.Address, func(r rune) bool { return r > 0x7e }) {
			return bad("BadRequestException", "Missing final '@domain', or an address that is not ASCII")
		}
	}
	if len(m.Data) > largestMessage {
		return bad("BadRequestException", "Message length is more than 41943040 bytes long")
	}
	for line := range bytes.Lines(m.Data) {
		if len(line) > longestLine {
			return bad("MessageRejected", "Line too long.")
		}
	}
	message, err := mail.ReadMessage(bytes.NewReader(m.Data))
	if err != nil || message.Header.Get("From") == "" {
		return bad("BadRequestException", "Missing required header 'From'.")
	}
	return nil
}

func checkIdentity(m *Mail, account *Account) *refusal {
	if account.Identities == nil {
		return nil
	}
	name := strings.ToLower(m.From)
	if i, ok := account.Identities[name]; ok && !i.Unverified {
		return nil
	}
	// A verified domain speaks for those below it.
	for _, domain, more := strings.Cut(name, "@"); more; _, domain, more = strings.Cut(domain, ".") {
		if i, ok := account.Identities[domain]; ok && !i.Unverified {
			return nil
		}
	}
	return bad("MessageRejected", "Email address is not verified. The following identities failed the check in region EU-WEST-1: "+m.From)
}
