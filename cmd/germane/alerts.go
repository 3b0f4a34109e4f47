package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"mime/quotedprintable"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"germane/send"
	"germane/store"
	"germane/worker"
)

// alerts tells people what they should know: a hook gets JSON, an address a mail through the same delivery.
type alerts struct {
	post    *post
	sending sync.WaitGroup
}

// hookAlert is what a hook gets.
type hookAlert struct {
	Campaign string    `json:"campaign"`
	Run      int64     `json:"run,omitempty"`
	What     string    `json:"what"`
	Text     string    `json:"text"`
	At       time.Time `json:"at"`
}

const alertWithin = 20 * time.Second

// tell sends an alert everywhere, without waiting for it.
func (a *alerts) tell(alert worker.Alert) {
	for _, to := range a.post.w.Config.Alerts {
		a.sending.Go(func() {
			ctx, end := context.WithTimeout(context.Background(), alertWithin)
			defer end()
			if err := a.tellOne(ctx, to, alert); err != nil {
				a.post.log.Error("an alert did not get through", "campaign", alert.Campaign, "run", alert.Run, "err", err)
			}
		})
	}
}

// wait returns when all alerts are out, or given up.
func (a *alerts) wait() { a.sending.Wait() }

func (a *alerts) tellOne(ctx context.Context, to string, alert worker.Alert) error {
	if strings.Contains(to, "://") {
		return a.hook(ctx, to, alert)
	}
	if err := a.allowed(ctx, to); err != nil {
		return err
	}
	result := a.post.transport.Send(ctx, a.mail(to, alert))
	if result.Outcome != send.Sent {
		return fmt.Errorf("a mail: %s: %s %s", result.Outcome, result.Code, result.Text)
	}
	return nil
}

// allowed holds alerts to what holds for all mail: before a database is armed, it goes to few.
func (a *alerts) allowed(ctx context.Context, to string) error {
	switches, err := a.post.store.Switches(ctx)
	if err == nil && a.post.real() && !switches[store.SwitchArmed].On && !worker.Allowed(a.post.w.Config.AllowRecipients, to) {
		err = errors.New("a mail: the database is not armed, and allow_recipients does not name the address")
	}
	return err
}

func (a *alerts) hook(ctx context.Context, address string, alert worker.Alert) error {
	body, err := json.Marshal(hookAlert{alert.Campaign, alert.Run, alert.What, alert.Text, a.post.sys.now().UTC()})
	if err != nil {
		return fmt.Errorf("a hook: %w", err)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("a hook: %w", err)
	}
	request.Header.Set("Content-Type", "application/json")
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	response, err := client.Do(request)
	if err != nil {
		return fmt.Errorf("a hook: %w", err)
	}
	defer response.Body.Close()
	if response.StatusCode >= 300 {
		return fmt.Errorf("a hook answers %s", response.Status)
	}
	return nil
}

// mail writes a short text to a colleague.
func (a *alerts) mail(to string, alert worker.Alert) *send.Mail {
	sender, _ := a.post.w.Config.Sender("default")
	now := a.post.sys.now()
	id := "alert-" + strconv.FormatInt(now.UnixNano(), 36)
	var b bytes.Buffer
	fmt.Fprintf(&b, "From: %s\r\nTo: %s\r\n", sender.Email, to)
	subject := "germane: " + strings.ReplaceAll(alert.What, "_", " ")
	if alert.Campaign != "" {
		subject = "germane: " + alert.Campaign + ": " + strings.ReplaceAll(alert.What, "_", " ")
	}
	fmt.Fprintf(&b, "Subject: %s\r\n", mime.QEncoding.Encode("utf-8", subject))
	_, domain, _ := strings.Cut(sender.Email, "@")
	fmt.Fprintf(&b, "Date: %s\r\nMessage-ID: <%s@%s>\r\nAuto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n", now.Format(time.RFC1123Z), id, domain)
	b.WriteString("Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n")
	body := quotedprintable.NewWriter(&b)
	fmt.Fprintf(body, "%s\r\n", alert.Text)
	_ = body.Close() // a buffer takes everything
	return &send.Mail{ID: id, From: sender.Email, To: to, Bytes: b.Bytes()}
}
