package worker

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"germane/send"
	"germane/store"
)

// slot is one of the places from which mails leave. Whoever holds it may have one mail in flight.
type slot struct{ letter *Letter }

// outcome is what became of a claimed job.
type outcome struct {
	slot   *slot
	job    *job
	result send.Result
	failed string // why no mail could be made of it; "": one was
	kept   bool   // it was not offered: the worker ends, or its lease may be over
	took   time.Duration
}

// maxMailBytes is the largest mail that is offered: beyond it SES slows down, and many servers refuse.
const maxMailBytes = 10 << 20

func tooLarge(m *send.Mail) error {
	if m != nil && len(m.Bytes) > maxMailBytes {
		return fmt.Errorf("the mail has %d MB, and more than %d are not sent", len(m.Bytes)>>20, maxMailBytes>>20)
	}
	return nil
}

// send makes a job's mail and offers it when its turn comes.
func (s *slot) send(ctx context.Context, k *chunkWork, j *job) (o outcome) {
	o.slot, o.job = s, j
	mail, failed := s.mail(k.content, k.chunk.Run, j)
	if failed != "" {
		o.failed = failed
		k.w.unkeep(j)
		return o
	}
	if k.w.waitsForDomain(ctx, j) != nil || k.w.rate.Depart(ctx) != nil || k.term.over() {
		o.kept = true
		return o
	}
	k.w.domains.Goes(mail.To, time.Now())
	o.result = k.w.Transport.Send(ctx, mail)
	return o
}

// mail makes a job's mail. Whatever goes wrong in that is this mail's failure and nobody else's.
func (s *slot) mail(c *Content, run int64, j *job) (mail *send.Mail, failed string) {
	defer func() {
		if r := recover(); r != nil {
			mail, failed = nil, ReasonPanic+brief(fmt.Sprint(r))
		}
	}()
	mail, skipped, err := s.letter.write(c, run, j)
	if err == nil && skipped != "" {
		err = errors.New(ReasonSkip + skipped) // deciding would have met it, unless the message depends on more than it was given
	}
	if err == nil {
		err = tooLarge(mail)
	}
	if err != nil {
		return nil, brief(ReasonMaking + err.Error())
	}
	return mail, ""
}

// Reasons of rows that a provider's answer leads to, where its code says too little.
const (
	reasonThrottled  = "throttled"
	reasonQuota      = "quota"
	reasonNotOffered = "not handed over"
)

// maxAttempts is how often a mail is offered to a server that says "not yet": over about two hours.
const maxAttempts = 8

// judge turns an outcome into a result for the ledger, and tells the sender and the run's guard of it. again says after what time
// the job is to be tried once more.
func (k *chunkWork) judge(o *outcome) (result store.Result, again time.Duration) {
	j := o.job
	result = store.Result{Person: j.person.Number, Occasion: j.decision.Occasion, At: k.w.Now()}
	if o.failed != "" {
		result.State, result.Reason = store.Failed, o.failed
		k.guard.poisoned(k.w, k.chunk.Run, o.failed)
		return result, 0
	}
	if o.kept {
		result.State, result.Reason = store.Retry, reasonNotOffered
		return result, 0
	}
	r := &o.result
	result.Reason = r.Code
	switch r.Outcome {
	case send.Sent:
		result.State, result.Reason, result.Provider = store.Sent, "", r.ID
		k.w.sender.works()
		k.guard.accepted()
	case send.Refused:
		result.State = store.Failed
		k.w.sender.works()
		k.guard.refused(k.w, k.chunk.Run, r)
	case send.InDoubt:
		result.State = store.InDoubt
	default:
		again = k.notSent(o, &result)
	}
	return result, again
}

// notSent judges what was certainly not sent, and is no fault of the mail's.
func (k *chunkWork) notSent(o *outcome, result *store.Result) time.Duration {
	r := &o.result
	result.State = store.Retry
	// Where a domain pushes back, it alone gets fewer, unless many do.
	if bySender := !r.PushedBack || k.w.domains.PushedBack(o.job.person.Email, time.Now()); bySender && (r.PushedBack || r.Outcome == send.Throttled) {
		k.w.rate.Throttled()
	}
	switch {
	case r.Outcome == send.Throttled:
		result.Reason = reasonThrottled
		return min(time.Duration(o.job.attempt), 30) * k.w.second()
	case r.Outcome == send.Quota:
		result.Reason = reasonQuota
		k.w.sender.spent(r.Text)
		return k.w.second()
	case r.Outcome == send.Stopped:
		k.guard.stopped(k.w, k.chunk.Run, r)
		return k.w.second()
	case isReply(r.Code):
		k.w.sender.works()
		if o.job.attempt >= maxAttempts {
			result.State = store.Failed
			return 0
		}
		return k.w.delay(o.job.attempt)
	}
	k.w.sender.fails(r.Text)
	return k.w.second()
}

// isReply reports that a server answered, and did not want this mail yet: other mails may fare better.
func isReply(code string) bool { return strings.HasPrefix(code, "smtp 4") }

// delay is how long a mail waits that a server did not want yet: 1, 4, 16, 30, 30 … minutes.
func (w *Worker) delay(attempt int) time.Duration {
	return min(w.Backoff<<(2*min(attempt-1, 10)), 30*w.Backoff)
}

// second is how long the shortest waits are: a second, but for tests.
func (w *Worker) second() time.Duration { return w.Backoff / 60 }
