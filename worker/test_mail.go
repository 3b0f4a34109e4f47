package worker

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"germane/audience"
	"germane/send"
	"germane/store"
	"germane/token"
)

// TestMail sends somebody's mail of a campaign to a colleague. Nothing of it is counted, and its pages withdraw nobody. It is made
// whether the person is in the audience or not, and may be mailed or not.
func TestMail(ctx context.Context, c *Content, t send.Transport, keys *token.Keys, person *audience.Stored, to string, now time.Time) (send.Result, error) {
	seen := *person
	seen.Email = to
	j := &job{person: &store.Person{Stored: seen}, at: now}
	message := c.Message
	if err := message.Selection.Decode(&j.person.Stored, now.UnixMilli(), &j.decoded); err != nil {
		return send.Result{}, fmt.Errorf("read the person: %w", err)
	}
	j.choices = message.Chooser.Choose(&j.decoded, person.ID, nil)
	mail, skipped, err := NewLetter(keys).compose(c, 0, j, "test-"+strconv.FormatInt(now.UnixNano(), 36))
	switch {
	case err != nil:
		return send.Result{}, err
	case skipped != "":
		return send.Result{}, fmt.Errorf("this person gets no mail: %s", skipped)
	}
	return t.Send(ctx, mail), nil
}
