package track

import (
	"encoding/json"
	"net/mail"
	"regexp"
	"strings"
	"time"
)

// sesEvent is what SES says of one mail (its developer guide, "Contents of event data that Amazon SES publishes to Amazon SNS"), as
// far as we use it. Notices that an identity sends have NotificationType instead, and no tags unless it was told to keep headers.
type sesEvent struct {
	EventType        string
	NotificationType string
	Mail             struct {
		Timestamp   time.Time
		MessageID   string `json:"messageId"`
		Destination []string
		Tags        map[string][]string
	}
	Bounce        *sesBounce
	Complaint     *sesComplaint
	Delivery      *struct{ Timestamp time.Time }
	DeliveryDelay *struct {
		Timestamp time.Time
		DelayType string
	}
}

type sesBounce struct {
	BounceType, BounceSubType string
	BouncedRecipients         []struct{ EmailAddress, Status, DiagnosticCode string }
	Timestamp                 time.Time
	FeedbackID                string `json:"feedbackId"`
}

type sesComplaint struct {
	ComplainedRecipients  []struct{ EmailAddress string }
	ComplaintFeedbackType string
	ComplaintSubType      string
	Timestamp             time.Time
	FeedbackID            string `json:"feedbackId"`
}

// parseSES reads what SES says. ok is false when it says nothing of a mail.
func parseSES(message string) (e *sesEvent, ok bool) {
	e = &sesEvent{}
	if json.Unmarshal([]byte(message), e) != nil {
		return nil, false
	}
	if e.EventType == "" {
		e.EventType = e.NotificationType
	}
	switch e.EventType {
	case "Bounce":
		ok = e.Bounce != nil
	case "Complaint":
		ok = e.Complaint != nil
	case "Send", "Delivery", "Reject", "Rendering Failure", "DeliveryDelay":
		ok = true
	}
	return e, ok && e.Mail.MessageID != ""
}

// tag returns the one value of a tag of ours.
func (e *sesEvent) tag(name string) string {
	if values := e.Mail.Tags[name]; len(values) == 1 {
		return values[0]
	}
	return ""
}

// recipient is the address that a mail went to; "": it is not known, or not one. We mail one person at a time, and what a receiver names
// may be where that was forwarded to.
func (e *sesEvent) recipient() string {
	all := e.Mail.Destination
	if len(all) == 0 && e.Bounce != nil {
		for _, r := range e.Bounce.BouncedRecipients {
			all = append(all, r.EmailAddress)
		}
	}
	if len(all) == 0 && e.Complaint != nil {
		for _, r := range e.Complaint.ComplainedRecipients {
			all = append(all, r.EmailAddress)
		}
	}
	if len(all) != 1 {
		return "" // not a mail of ours
	}
	parsed, err := mail.ParseAddress(all[0])
	if err != nil {
		return ""
	}
	return parsed.Address
}

var domainForm = regexp.MustCompile(`^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$`)

// domainOf is an address's domain; "": none that could be counted.
func domainOf(address string) string {
	domain := strings.ToLower(address[strings.LastIndexByte(address, '@')+1:])
	if !domainForm.MatchString(domain) {
		return ""
	}
	return domain
}

var statusForm = regexp.MustCompile(`\b[245]\.[0-9]{1,3}\.[0-9]{1,3}\b`)

// statuses are the enhanced codes (RFC 3463) that the receiver gave.
func (b *sesBounce) statuses() (all []string) {
	for i := range b.BouncedRecipients {
		r := &b.BouncedRecipients[i]
		if code := statusForm.FindString(r.Status); code != "" {
			all = append(all, code)
		}
		if code := statusForm.FindString(r.DiagnosticCode); code != "" {
			all = append(all, code)
		}
	}
	return all
}

// gone reports whether there is no such mailbox. What is permanent for another reason says something of the mail or its sender: 5.2.2
// full, 5.2.3 and 5.3.4 too large, 5.6 its contents, 5.7 a policy (RFC 3463, RFC 7372).
func (b *sesBounce) gone() bool {
	if b.BounceType != "Permanent" {
		return false
	}
	switch b.BounceSubType {
	case "General", "NoEmail", "Suppressed", "OnAccountSuppressionList":
	default:
		return false
	}
	for _, status := range b.statuses() {
		for _, other := range []string{"5.2.2", "5.2.3", "5.3.4", "5.6.", "5.7."} {
			if status == other || strings.HasSuffix(other, ".") && strings.HasPrefix(status, other) {
				return false
			}
		}
	}
	return true
}

// refused is the code with which a receiver refused a mail for whom it is from or what it is (RFC 3463, 7.x; RFC 7372); "": it did not.
// Amazon calls some of these permanent and others not.
func (b *sesBounce) refused() string {
	for _, status := range b.statuses() {
		if strings.HasPrefix(status, "5.7.") {
			return status
		}
	}
	return ""
}

// byProvider reports whether a mail bounced from the provider's own list, not from its receiver.
func (b *sesBounce) byProvider() bool {
	return b.BounceSubType == "Suppressed" || strings.HasSuffix(b.BounceSubType, "SuppressionList")
}

// word is a word of a provider that may be stored: nothing in it can be an address.
func word(s string) string {
	if wordForm.MatchString(s) {
		return s
	}
	return ""
}

var wordForm = regexp.MustCompile(`^[A-Za-z0-9. -]{1,40}$`)
