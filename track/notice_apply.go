package track

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"germane/store"
)

// apply writes what a notice says: first the ledger and whom never to mail again, at last the event. All of it can be done twice, so
// that a notice which comes again after half of it was done brings the rest. known is false when the mail is none of ours.
func (s *Server) apply(ctx context.Context, e *sesEvent, messageID string, at time.Time) (known bool, err error) {
	row, err := s.mailOf(ctx, e)
	if err != nil || row == nil {
		return false, err
	}
	if err := s.settle(ctx, row, e, at); err != nil {
		return true, err
	}
	if err := s.spare(ctx, row, e, at); err != nil {
		return true, err
	}
	event, ok := e.event(row, messageID, at)
	if !ok {
		return true, nil
	}
	return true, s.store.Record(ctx, []store.Event{event}, judge)
}

// mailOf finds the row of the ledger that a notice is about; nil: it is about somebody else's mail. Another database may send through
// the same account, and its rows have the same names: the campaign and the provider's id tell them apart.
func (s *Server) mailOf(ctx context.Context, e *sesEvent) (*store.Delivery, error) {
	run, person, occasion, ok := store.ParseDeliveryID(e.tag("delivery"))
	if !ok || run <= 0 || person <= 0 {
		return nil, nil
	}
	row, err := s.store.Delivery(ctx, run, person, occasion)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return nil, nil
	case err != nil:
		return nil, err
	case row.Campaign != e.tag("campaign") || row.Provider != "" && row.Provider != e.Mail.MessageID:
		return nil, nil
	case row.State == store.Skipped || row.State == store.HeldOut:
		return nil, nil // nobody was mailed
	}
	return row, nil
}

// settle writes what a notice proves of a mail: that it was handed over, or that it never left. It may come before the worker that sent
// the mail has written so itself. The time is the provider's, which is the same in all notices of a mail, whichever comes first.
func (s *Server) settle(ctx context.Context, row *store.Delivery, e *sesEvent, at time.Time) error {
	if row.State != store.Claimed && row.State != store.InDoubt {
		return nil
	}
	n := store.Settlement{Run: row.Run, Person: row.Person, Occasion: row.Occasion, State: store.Sent, Provider: e.Mail.MessageID, At: when(e.Mail.Timestamp, at)}
	switch e.EventType {
	case "Reject":
		n.State, n.Reason = store.Failed, "ses Reject"
	case "Rendering Failure":
		n.State, n.Reason = store.Failed, "ses Rendering Failure"
	}
	return s.store.Settle(ctx, n)
}

// spare keeps mail away from who cannot or does not want to get it.
func (s *Server) spare(ctx context.Context, row *store.Delivery, e *sesEvent, at time.Time) error {
	var why store.Suppression
	switch {
	case e.EventType == "Bounce" && e.Bounce.gone():
		detail := append([]string{word(e.Bounce.BounceSubType)}, e.Bounce.statuses()...)
		why = store.Suppression{Reason: store.Bounced, Detail: strings.Join(detail[:min(len(detail), 2)], " "), At: when(e.Bounce.Timestamp, at)}
	case e.EventType == "Complaint" && e.Complaint.real():
		why = store.Suppression{Reason: store.Complained, Detail: word(e.Complaint.ComplaintFeedbackType), At: when(e.Complaint.Timestamp, at)}
		if err := s.withdrawAll(ctx, row.Person, why.At); err != nil {
			return err
		}
	default:
		return nil
	}
	for _, address := range e.about() {
		if err := s.store.Suppress(ctx, address, why); err != nil {
			return err
		}
	}
	return nil
}

// real reports whether somebody complained: a few say that what was taken for spam is none (RFC 5965, 7.2; SES's not-spam).
func (c *sesComplaint) real() bool { return c.ComplaintFeedbackType != "not-spam" }

// withdrawAll withdraws somebody from all topics that there are. Who was erased has nothing to withdraw.
func (s *Server) withdrawAll(ctx context.Context, person int64, at time.Time) error {
	consents, err := s.store.ConsentsOf(ctx, person)
	if err == nil {
		err = s.store.Unsubscribe(ctx, person, store.Withdrawal{Topics: s.these(&reader{consents: consents}, ""), Source: "complaint", At: at})
	}
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	return err
}

// event makes the event that reports count and clicks are judged by.
func (e *sesEvent) event(row *store.Delivery, messageID string, at time.Time) (event store.Event, ok bool) {
	event = store.Event{Key: "sns/" + messageID, Person: row.Person, Run: row.Run, Occasion: row.Occasion}
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
	default:
		return event, false // a Send: the ledger says it
	}
	event.Fields = encodeFields(fields)
	return event, true
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
