package send

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sesv2"
	"github.com/aws/aws-sdk-go-v2/service/sesv2/types"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/logging"
)

// ses sends through Amazon SES: SendEmail with the complete message, one recipient a call. SES knows no key that would make a second
// call harmless, so there is none: the SDK's own tries again are off for sending, whatever its environment says.
type ses struct {
	address Address
	options Options
	sender  *sesv2.Client // never tries again
	reader  *sesv2.Client // does
}

func openSES(ctx context.Context, a *Address, o Options) (*ses, error) {
	sender, reader, err := sesClients(ctx, a, o)
	if err != nil {
		return nil, err
	}
	return &ses{*a, o, sender, reader}, nil
}

// sesClients makes a client that never tries again, for sending, and one that does.
func sesClients(ctx context.Context, a *Address, o Options) (sender, reader *sesv2.Client, err error) {
	list := []func(*config.LoadOptions) error{config.WithRegion(a.Region), config.WithHTTPClient(connections(o)), config.WithLogger(logging.Nop{})}
	if a.Loopback() { // real credentials are for AWS alone
		list = append(list, config.WithCredentialsProvider(credentials.NewStaticCredentialsProvider("germane", "local", "")))
	}
	shared, err := config.LoadDefaultConfig(ctx, list...)
	if err != nil {
		return nil, nil, fmt.Errorf("ses %s: %w", a.Region, err)
	}
	endpoint := func(to *sesv2.Options) {
		if a.Endpoint != "" {
			to.BaseEndpoint = aws.String(a.Endpoint)
		}
	}
	once := func(to *sesv2.Options) {
		to.Retryer = aws.NopRetryer{}
		to.HTTPClient = watched{withoutRedirects(shared.HTTPClient)}
	}
	return sesv2.NewFromConfig(shared, endpoint, once), sesv2.NewFromConfig(shared, endpoint), nil
}

// idleConnection is less than servers wait before they hang up: a request that crosses their goodbye is in doubt.
const idleConnection = 15 * time.Second

// connections are HTTP/1.1's: one that breaks puts one mail in doubt, and not all that share it.
func connections(o Options) *awshttp.BuildableClient {
	return awshttp.NewBuildableClient().WithTransportOptions(func(t *http.Transport) {
		t.MaxIdleConns, t.MaxIdleConnsPerHost = o.Concurrency, o.Concurrency
		t.IdleConnTimeout = idleConnection
		t.ForceAttemptHTTP2 = false
		t.Protocols = new(http.Protocols)
		t.Protocols.SetHTTP1(true)
		if o.TLS != nil {
			t.TLSClientConfig = o.TLS.Clone()
		}
	})
}

// withoutRedirects answers with a redirect instead of sending the mail to where it leads.
func withoutRedirects(client config.HTTPClient) *http.Client {
	own := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	if buildable, ok := client.(*awshttp.BuildableClient); ok { // it is; a CA bundle of the environment is in it
		own.Transport = buildable.GetTransport()
	}
	return own
}

// wire is how far a request got. A context ends it before the request gets a connection, and not afterwards.
type wire struct {
	mu        sync.Mutex
	tried     bool // a connection was asked for
	connected bool // there was one
	gaveUp    bool // before there was one
	written   bool // bytes may have left
	cancel    context.CancelFunc
}

type wireKey struct{}

// watched notes how far the request in a context gets. It stands below the SDK, where requests for credentials do not pass.
type watched struct{ client *http.Client }

func (w watched) Do(r *http.Request) (*http.Response, error) {
	note, ok := r.Context().Value(wireKey{}).(*wire)
	if !ok {
		return w.client.Do(r)
	}
	trace := &httptrace.ClientTrace{
		GetConn:      func(string) { note.try() },
		GotConn:      func(got httptrace.GotConnInfo) { note.connect(got.Conn) },
		WroteHeaders: note.write,
	}
	return w.client.Do(r.WithContext(httptrace.WithClientTrace(r.Context(), trace)))
}

func (w *wire) try() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.tried = true
}

// giveUp ends a request that has no connection yet.
func (w *wire) giveUp() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.connected {
		w.gaveUp = true
		w.cancel()
	}
}

// connect notes that there is a connection. One that comes after giving up is closed: net/http would write the request before it
// looks at the context.
func (w *wire) connect(c io.Closer) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.gaveUp {
		_ = c.Close()
		return
	}
	w.connected = true
}

// write notes that the request was written, be it to a connection that is closed.
func (w *wire) write() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.written = w.connected
}

func (w *wire) seen() (tried, written bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.tried, w.written
}

func (s *ses) Send(ctx context.Context, m *Mail) Result {
	if err := ctx.Err(); err != nil {
		return notSent(err)
	}
	if reason := m.fault(); reason != "" {
		return refusedHere(reason)
	}
	within, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.options.Timeout+s.options.Answer)
	defer cancel()
	note := &wire{cancel: cancel}
	defer context.AfterFunc(ctx, note.giveUp)()
	out, err := s.sender.SendEmail(context.WithValue(within, wireKey{}, note), s.input(m))
	if err != nil {
		return s.failed(ctx, err, note, m)
	}
	if id := aws.ToString(out.MessageId); id != "" {
		return Result{Outcome: Sent, ID: id}
	}
	return Result{Code: "ses", Text: "SES said neither yes nor no"}
}

// deliveryTag is the name of the tag with which SES's notices name a delivery.
const deliveryTag = "delivery"

func (s *ses) input(m *Mail) *sesv2.SendEmailInput {
	in := &sesv2.SendEmailInput{
		Content:          &types.EmailContent{Raw: &types.RawMessage{Data: m.Bytes}},
		FromEmailAddress: aws.String(m.From),
		Destination:      &types.Destination{ToAddresses: []string{m.To}},
		EmailTags:        []types.MessageTag{{Name: aws.String(deliveryTag), Value: aws.String(m.ID)}},
	}
	for _, tag := range m.Tags {
		in.EmailTags = append(in.EmailTags, types.MessageTag{Name: aws.String(tag.Name), Value: aws.String(tag.Value)})
	}
	if s.address.ConfigurationSet != "" {
		in.ConfigurationSetName = aws.String(s.address.ConfigurationSet)
	}
	if s.address.Tenant != "" {
		in.TenantName = aws.String(s.address.Tenant)
	}
	return in
}

// failed judges an error by how far the request got, and by what SES answered.
func (s *ses) failed(ctx context.Context, err error, note *wire, m *Mail) Result {
	tried, written := note.seen()
	if !written {
		return s.notWritten(ctx, err, tried, m)
	}
	var answer *awshttp.ResponseError
	if !errors.As(err, &answer) || answer.HTTPStatusCode() == 0 {
		var lost *url.Error
		if errors.As(err, &lost) {
			err = lost.Err
		}
		return Result{Code: "no answer", Text: clean(err.Error(), m.To)}
	}
	var said smithy.APIError
	if !errors.As(err, &said) {
		return bySES(answer.HTTPStatusCode(), "", err.Error(), m)
	}
	code := said.ErrorCode()
	if code == "UnknownError" { // the SDK's name for an answer without one
		code = ""
	}
	return bySES(answer.HTTPStatusCode(), code, said.ErrorMessage(), m)
}

// notWritten judges an error that came before anything left. Where not even a connection was asked for, something is missing here:
// credentials, most of the time.
func (s *ses) notWritten(ctx context.Context, err error, tried bool, m *Mail) Result {
	switch {
	case ctx.Err() != nil:
		return notSent(ctx.Err())
	case !tried:
		return Result{Outcome: Stopped, Code: "ses credentials", Text: clean(err.Error(), m.To)}
	}
	return byConnecting(err, m)
}

// Limits asks SES for the account's.
func (s *ses) Limits(ctx context.Context) (Limits, error) {
	out, err := s.reader.GetAccount(ctx, &sesv2.GetAccountInput{})
	if err != nil {
		return Limits{}, fmt.Errorf("ask SES for the account's limits: %w", err)
	}
	return readLimits(out)
}

func readLimits(out *sesv2.GetAccountOutput) (Limits, error) {
	if out.SendQuota == nil {
		return Limits{}, errors.New("ask SES for the account's limits: the answer has none")
	}
	limits := Limits{PerSecond: out.SendQuota.MaxSendRate, PerDay: out.SendQuota.Max24HourSend, Used: out.SendQuota.SentLast24Hours}
	if !out.SendingEnabled {
		limits.Stopped = "SES has switched off sending for this account: " + strings.ToLower(aws.ToString(out.EnforcementStatus))
	}
	return limits, nil
}

func (s *ses) Check(ctx context.Context) error {
	limits, err := s.Limits(ctx)
	if err == nil && limits.Stopped != "" {
		err = errors.New(limits.Stopped)
	}
	return err
}

func (s *ses) Close() error {
	return nil
}
