package track

import (
	"bytes"
	"context"
	"fmt"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"germane/audience"
	"germane/internal/sesfake"
	"germane/store"
)

const testTopic = "arn:aws:sns:eu-west-1:123456789012:mail"

// topicKey makes one key for all tests, as making one takes a while.
var topicKey = sync.OnceValues(func() (*sesfake.Topic, error) { return sesfake.NewTopic(testTopic, noon) })

// noticed is a server that SES's notices come to.
type noticed struct {
	*fixture
	topic *sesfake.Topic
	mails []sesfake.Mail // of a run whose rows are, in turn: claimed, in doubt, sent, settled by hand
	crowd int64          // the run
}

func newNoticed(t testing.TB, people int) *noticed {
	t.Helper()
	return newNoticedOn(t, newFixture(t), people)
}

func newNoticedOn(t testing.TB, fixture *fixture, people int) *noticed {
	t.Helper()
	f := &noticed{fixture: fixture}
	made, err := topicKey()
	f.must(err)
	f.topic = made.Copy(f.time)
	f.Server.notices = newNotices(Notices{Topics: []string{"arn:aws:sns:eu-west-1:123456789012:other", testTopic}, Transport: f.topic})
	f.fillCrowd(people)
	return f
}

func (f *noticed) fillCrowd(people int) {
	ctx, sent := context.Background(), f.clock.Add(-10*time.Minute)
	var updates []audience.Update
	for i := range people {
		updates = append(updates, audience.Update{ID: fmt.Sprint("p", i), Email: fmt.Sprintf("p%d@mail.example", i)})
	}
	_, err := f.db.Import(ctx, updates, store.Importing{At: noon, Consent: []store.ConsentGrant{{Topic: "tips"}, {Topic: "offers"}}})
	f.must(err)
	f.crowd, err = f.db.CreateRun(ctx, store.Run{Campaign: "weekly", Occurrence: "2", Version: "v1", Cut: true, Due: noon, Created: noon, Started: noon},
		[]store.Chunk{{People: store.Range{From: 1, To: 1 << 40}, Members: int64(people)}})
	f.must(err)
	c, err := f.db.TakeChunk(ctx, f.crowd, 0, "test", sent, sent.Add(time.Hour))
	f.must(err)
	step := &store.Step{Lease: store.Lease{Run: f.crowd, Epoch: c.Epoch}, Now: sent, Until: sent.Add(time.Hour)}
	var results []store.Result
	for i := range people {
		number := int64(f.number(fmt.Sprint("p", i)))
		id := fmt.Sprintf("0100018c-%d", i)
		step.Decisions = append(step.Decisions, store.Decision{Person: number, State: store.Claimed, Topic: "tips"})
		switch i % 4 {
		case 1:
			results = append(results, store.Result{Person: number, State: store.InDoubt, At: sent})
		case 2:
			results = append(results, store.Result{Person: number, State: store.Sent, Provider: id, At: sent})
		case 3:
			results = append(results, store.Result{Person: number, State: store.Sent, At: sent})
		}
		f.mails = append(f.mails, sesfake.Mail{
			ID: id, From: "hello@mail.acme.example", To: fmt.Sprintf("p%d@mail.example", i), At: sent,
			Tags: map[string]string{"delivery": store.DeliveryID(f.crowd, number, 0), "campaign": "weekly"},
		})
	}
	_, err = f.db.Step(ctx, step)
	f.must(err)
	step.Decisions, step.Results = nil, results
	_, err = f.db.Step(ctx, step)
	f.must(err)
}

// post posts an envelope as SNS does.
func (f *noticed) post(body []byte, headers ...string) *httptest.ResponseRecorder {
	return f.do("POST", "/n/ses", "text/plain; charset=UTF-8", string(body), headers...)
}

// says posts what SES says of a mail.
func (f *noticed) says(mail int, b sesfake.Becomes) *httptest.ResponseRecorder {
	return f.post(f.topic.Notification(sesfake.Event(&f.mails[mail], b)).JSON())
}

// person is whom a mail went to.
func (f *noticed) person(mail int) int64 {
	_, person, _, _ := store.ParseDeliveryID(f.mails[mail].Tags["delivery"])
	return person
}

// state is all that a notice can change, of one mail's person.
func (f *noticed) state(mail int) string {
	f.Helper()
	ctx, person := context.Background(), f.person(mail)
	row, err := f.db.Delivery(ctx, f.crowd, person, 0)
	f.must(err)
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s %q %s", row.State, row.Reason, row.Provider)
	if row.State != store.Claimed {
		fmt.Fprint(&b, " ", row.Done.UTC().Format(time.TimeOnly))
	}
	var lines []string
	for _, e := range f.eventsOf(uint64(person)) {
		lines = append(lines, fmt.Sprint(e.Kind, " ", e.At.UTC().Format(time.TimeOnly), " ", e.Label, string(e.Fields)))
	}
	slices.Sort(lines)
	fmt.Fprintf(&b, "; events %s", strings.Join(lines, ", "))
	consents, err := f.db.ConsentsOf(ctx, person)
	f.must(err)
	for _, topic := range []string{"tips", "offers", "news"} {
		fmt.Fprint(&b, "; ", topic, " ", consents[topic].State)
	}
	suppressions, err := f.db.SuppressionsOf(ctx, f.mails[mail].To)
	f.must(err)
	for _, s := range suppressions {
		fmt.Fprintf(&b, "; %s %q %s", s.Reason, s.Detail, s.At.UTC().Format(time.TimeOnly))
	}
	return b.String()
}

// states are those of all mails.
func (f *noticed) states() string {
	f.Helper()
	var all []string
	for i := range f.mails {
		all = append(all, f.state(i))
	}
	return strings.Join(all, "\n")
}
