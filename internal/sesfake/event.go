package sesfake

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// Becomes is what becomes of a mail, as SES says it.
type Becomes struct {
	Type     string // Send, Delivery, Bounce, Complaint, Reject, Rendering Failure, DeliveryDelay
	Legacy   bool   // as an identity notifies, not a configuration set
	Bounce   string // its type and subtype: "Permanent/General"
	Status   string // enhanced status code of a bounce: 5.1.1
	Feedback string // type of a complaint: abuse, not-spam; "": not said
	After    time.Duration
}

// Event writes what SES says of a mail (its developer guide, "Examples of event data").
func Event(m *Mail, b Becomes) string {
	at := stamp(m.At.Add(b.After))
	destination := strings.Split(m.To, ", ")
	tags := map[string][]string{"ses:configuration-set": {m.ConfigurationSet}, "ses:from-domain": {m.From[strings.IndexByte(m.From, '@')+1:]}}
	for name, value := range m.Tags {
		tags[name] = []string{value}
	}
	event := map[string]any{
		"eventType": b.Type,
		"mail": map[string]any{
			"timestamp": stamp(m.At), "messageId": m.ID, "source": m.From, "sendingAccountId": "123456789012", "destination": destination, "headersTruncated": false,
			"headers":       []map[string]string{{"name": "From", "value": m.From}, {"name": "To", "value": m.To}},
			"commonHeaders": map[string]any{"from": []string{m.From}, "to": destination, "messageId": m.ID},
			"tags":          tags,
		},
	}
	if b.Legacy {
		event["notificationType"] = b.Type
		delete(event, "eventType")
	}
	key, details := b.details(m, at, destination[0])
	event[key] = details
	text, err := json.Marshal(event)
	if err != nil {
		panic(err) // strings only
	}
	return string(text)
}

func (b Becomes) details(m *Mail, at, to string) (key string, details map[string]any) {
	feedback := fmt.Sprintf("%s-%s-%s", m.ID, strings.ToLower(b.Type), b.Bounce+b.Feedback)
	switch b.Type {
	case "Delivery":
		return "delivery", map[string]any{"timestamp": at, "processingTimeMillis": b.After.Milliseconds(), "recipients": []string{to}, "smtpResponse": "250 2.6.0 Message received"}
	case "Bounce":
		kind, subtype, _ := strings.Cut(b.Bounce, "/")
		code := "550 "
		if strings.HasPrefix(b.Status, "4") {
			code = "450 "
		}
		recipient := map[string]string{"emailAddress": to, "action": "failed", "status": b.Status, "diagnosticCode": "smtp; " + code + b.Status + " <" + to + ">: no"}
		return "bounce", map[string]any{"bounceType": kind, "bounceSubType": subtype, "bouncedRecipients": []any{recipient}, "timestamp": at, "feedbackId": feedback, "reportingMTA": "dsn; a8-70.smtp-out.amazonses.com"}
	case "Complaint":
		return "complaint", map[string]any{"complainedRecipients": []any{map[string]string{"emailAddress": to}}, "timestamp": at, "feedbackId": feedback, "complaintSubType": nil, "complaintFeedbackType": b.Feedback, "arrivalDate": at}
	case "Reject":
		return "reject", map[string]any{"reason": "Bad content"}
	case "Rendering Failure":
		return "failure", map[string]any{"errorMessage": "Attribute 'name' is not present in the rendering data.", "templateName": "x"}
	case "DeliveryDelay":
		return "deliveryDelay", map[string]any{"timestamp": at, "delayType": "TransientCommunicationFailure", "expirationTime": at, "delayedRecipients": []any{map[string]string{"emailAddress": to, "status": "4.4.1"}}}
	}
	return "send", map[string]any{}
}

func stamp(at time.Time) string { return at.UTC().Format("2006-01-02T15:04:05.000Z") }
