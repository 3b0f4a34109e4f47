package track

import (
	"encoding/json"
	"strings"
	"time"

	"germane/store"
)

// about says what is to be done for what SES says of a mail; ok is false when it cannot be one of ours.
func (s *Server) about(e *sesEvent, messageID string, at time.Time) (n store.Notice, ok bool) {
	n.Run, n.Person, n.Occasion, ok = store.ParseDeliveryID(e.tag("delivery"))
	if !ok || n.Run <= 0 || n.Person <= 0 {
		return n, false
	}
	n.Campaign, n.Provider = e.tag("campaign"), e.Mail.MessageID
	// The time is the provider's, which is the same in all notices of a mail, whichever comes first.
	n.State, n.Sent = store.Sent, when(e.Mail.Timestamp, at)
	switch e.EventType {
	case "Reject", "Rendering Failure":
		n.State, n.Reason = store.Failed, "ses "+e.EventType
	}
	n.Address = e.recipient()
	n.Domain = domainOf(n.Address)
	n.Event = e.event(&n, messageID, at)
	s.spare(&n, e)
	return n, true
}

// spare keeps mail away from who cannot or does not want to get it.
func (s *Server) spare(n *store.Notice, e *sesEvent) {
	switch {
	case e.EventType == "Bounce":
		n.Refused = e.Bounce.refused()
		if e.Bounce.byProvider() { // the domain was not even asked
			n.Domain = ""
		}
		if e.Bounce.gone() {
			detail := append([]string{word(e.Bounce.BounceSubType)}, e.Bounce.statuses()...)
			n.Suppress = store.Suppression{Reason: store.Bounced, Detail: strings.Join(detail[:min(len(detail), 2)], " "), At: n.Event.At, Domain: n.Domain}
		}
	case e.EventType == "Complaint" && e.Complaint.real():
		n.Suppress = store.Suppression{Reason: store.Complained, Detail: word(e.Complaint.ComplaintFeedbackType), At: n.Event.At}
		for _, topic := range s.site.Topics {
			n.Withdraw = append(n.Withdraw, topic.Name)
		}
	}
}

// real reports whether somebody complained: a few say that what was taken for spam is none (RFC 5965, 7.2; SES's not-spam).
func (c *sesComplaint) real() bool { return c.ComplaintFeedbackType != "not-spam" }

// event makes the event that reports count and clicks are judged by; a Send has none, as the ledger says it.
func (e *sesEvent) event(n *store.Notice, messageID string, at time.Time) store.Event {
	event := store.Event{Key: "sns/" + messageID, Person: n.Person, Run: n.Run, Occasion: n.Occasion}
	fields := map[string]string{}
	switch e.EventType {
	case "Delivery":
		event.Kind, event.At = store.EventDelivery, at
		if e.Delivery != nil {
			event.At = when(e.Delivery.Timestamp, at)
		}
	case "Bounce":
		event.Kind, event.At = store.EventSoftBounce, when(e.Bounce.Timestamp, at)
		if e.Bounce.BounceType == "Permanent" {
			event.Kind = store.EventBounce
		}
		event.Key = feedbackKey("bounce", e.Bounce.FeedbackID, event.Key)
		fields["type"], fields["subtype"] = word(e.Bounce.BounceType), word(e.Bounce.BounceSubType)
		if codes := e.Bounce.statuses(); len(codes) > 0 {
			fields["status"] = codes[0]
		}
	case "Complaint":
		event.Kind, event.At = store.EventComplaint, when(e.Complaint.Timestamp, at)
		if !e.Complaint.real() {
			event.Kind = store.EventNotSpam
		}
		event.Key = feedbackKey("complaint", e.Complaint.FeedbackID, event.Key)
		fields["type"], fields["subtype"] = word(e.Complaint.ComplaintFeedbackType), word(e.Complaint.ComplaintSubType)
	case "Reject", "Rendering Failure":
		event.Kind, event.At = store.EventReject, when(e.Mail.Timestamp, at)
	case "DeliveryDelay":
		event.Kind, event.At = store.EventDelay, at
		if e.DeliveryDelay != nil {
			event.At, fields["type"] = when(e.DeliveryDelay.Timestamp, at), word(e.DeliveryDelay.DelayType)
		}
	}
	event.Fields = encodeFields(fields)
	return event
}

// feedbackKey names a bounce or complaint as the provider does: two topics may bring it under two message ids.
func feedbackKey(kind, id, otherwise string) string {
	if id == "" || len(id) > 200 {
		return otherwise
	}
	return "ses/" + kind + "/" + id
}

func encodeFields(fields map[string]string) []byte {
	for name, value := range fields {
		if value == "" {
			delete(fields, name)
		}
	}
	if len(fields) == 0 {
		return nil
	}
	text, err := json.Marshal(fields)
	if err != nil {
		panic(err) // strings only
	}
	return text
}

// when is a time that a provider says, unless it says none or one that was not yet when SNS sent the notice.
func when(said, sent time.Time) time.Time {
	if said.IsZero() || said.Year() < 2000 || said.After(sent.Add(clocksDiffer)) {
		return sent
	}
	return said
}
