package send

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sesv2"
	"github.com/aws/aws-sdk-go-v2/service/sesv2/types"
	"github.com/aws/smithy-go"
)

// Account asks Amazon SES about an account and changes nothing in it: who may send, who hears what becomes of mails, whom SES does not
// mail. SES takes about one such question a second.
type Account struct {
	address Address
	reader  *sesv2.Client
	pause   time.Duration // between pages
}

// Errors of what SES answers, or does not.
var (
	ErrUnknown   = errors.New("SES knows nothing of that name")
	ErrForbidden = errors.New("the credentials do not allow it")
)

// OpenAccount takes an address of [SESKind]. Nothing is asked yet.
func OpenAccount(ctx context.Context, a *Address, o Options) (*Account, error) {
	_, reader, err := sesClients(ctx, a, o.withDefaults())
	if err != nil {
		return nil, err
	}
	return &Account{*a, reader, time.Second}, nil
}

// AccountState is what SES says of the whole account.
type AccountState struct {
	Limits
	Sandbox    bool     // mails go to verified addresses only
	Health     string   // HEALTHY, PROBATION or SHUTDOWN
	Suppresses []string // reasons for which SES itself puts addresses on the account's list: BOUNCE, COMPLAINT
}

// State asks for the account.
func (a *Account) State(ctx context.Context) (AccountState, error) {
	out, err := a.reader.GetAccount(ctx, &sesv2.GetAccountInput{})
	if err != nil {
		return AccountState{}, judgeQuestion("ask SES for the account", err)
	}
	limits, err := readLimits(out)
	state := AccountState{Limits: limits, Sandbox: !out.ProductionAccessEnabled, Health: aws.ToString(out.EnforcementStatus)}
	if out.SuppressionAttributes != nil {
		for _, reason := range out.SuppressionAttributes.SuppressedReasons {
			state.Suppresses = append(state.Suppresses, string(reason))
		}
	}
	return state, err
}

// Identity is an address or a domain that may send.
type Identity struct {
	Name             string
	Verified         bool
	ConfigurationSet string // of mails that name none; "": none

	Signs      bool     // DKIM is on
	DKIM       string   // what SES found in the DNS: SUCCESS, PENDING, FAILED, TEMPORARY_FAILURE, NOT_STARTED
	Tokens     []string // Easy DKIM: TOKEN._domainkey.NAME is a CNAME to TOKEN.Zone; with a key of one's own: its one selector
	Zone       string
	OwnDKIMKey bool

	MailFrom       string // the domain that bounces go to; "": SES's own
	MailFromStatus string // SUCCESS, PENDING, FAILED, TEMPORARY_FAILURE
	MailFromMust   bool   // without it SES sends nothing; otherwise it takes its own
}

// mostTokens is more than SES has.
const mostTokens = 10

// sesZone is where SES publishes its keys, unless it says otherwise.
const sesZone = "dkim.amazonses.com"

// Identity asks for an address or a domain; the error of one that is not there is an [ErrUnknown].
func (a *Account) Identity(ctx context.Context, name string) (*Identity, error) {
	out, err := a.reader.GetEmailIdentity(ctx, &sesv2.GetEmailIdentityInput{EmailIdentity: aws.String(name)})
	if err != nil {
		return nil, judgeQuestion("ask SES for the identity "+name, err)
	}
	i := &Identity{Name: name, Verified: out.VerifiedForSendingStatus, ConfigurationSet: aws.ToString(out.ConfigurationSetName), Zone: sesZone}
	if d := out.DkimAttributes; d != nil {
		i.Signs, i.DKIM, i.Tokens, i.OwnDKIMKey = d.SigningEnabled, string(d.Status), d.Tokens[:min(len(d.Tokens), mostTokens)], d.SigningAttributesOrigin == types.DkimSigningAttributesOriginExternal
		if zone := aws.ToString(d.SigningHostedZone); zone != "" {
			i.Zone = zone
		}
	}
	if m := out.MailFromAttributes; m != nil {
		i.MailFrom, i.MailFromStatus = aws.ToString(m.MailFromDomain), string(m.MailFromDomainStatus)
		i.MailFromMust = m.BehaviorOnMxFailure == types.BehaviorOnMxFailureRejectMessage
	}
	return i, nil
}

// Destination hears of events of a configuration set.
type Destination struct {
	Name    string
	Enabled bool
	Topic   string   // ARN of the SNS topic; "": it is of another kind
	Events  []string // SEND, BOUNCE and so on
}

// Destinations asks who hears of a configuration set's events; the error of a set that is not there is an [ErrUnknown].
func (a *Account) Destinations(ctx context.Context, set string) ([]Destination, error) {
	out, err := a.reader.GetConfigurationSetEventDestinations(ctx, &sesv2.GetConfigurationSetEventDestinationsInput{ConfigurationSetName: aws.String(set)})
	if err != nil {
		return nil, judgeQuestion("ask SES for the configuration set "+set, err)
	}
	all := make([]Destination, 0, len(out.EventDestinations))
	for _, d := range out.EventDestinations {
		x := Destination{Name: aws.ToString(d.Name), Enabled: d.Enabled}
		if d.SnsDestination != nil {
			x.Topic = aws.ToString(d.SnsDestination.TopicArn)
		}
		for _, event := range d.MatchingEventTypes {
			x.Events = append(x.Events, string(event))
		}
		all = append(all, x)
	}
	return all, nil
}

// Suppressed is an address that SES takes mail for and bounces it.
type Suppressed struct {
	Address   string
	Complaint bool // somebody complained; otherwise it bounced
	At        time.Time
}

// suppressedPage is the most that SES lists at once.
const suppressedPage = 1000

// Suppressed lists the account's suppression list, or the tenant's, a page at a time and a page a second: those of a time and after it,
// all for the zero time.
func (a *Account) Suppressed(ctx context.Context, since time.Time) iter.Seq2[[]Suppressed, error] {
	return func(yield func([]Suppressed, error) bool) {
		in := &sesv2.ListSuppressedDestinationsInput{PageSize: aws.Int32(suppressedPage)}
		if !since.IsZero() {
			in.StartDate = aws.Time(since)
		}
		if a.address.Tenant != "" {
			in.TenantName = aws.String(a.address.Tenant)
		}
		for {
			out, err := a.reader.ListSuppressedDestinations(ctx, in)
			if err != nil {
				yield(nil, judgeQuestion("ask SES for its suppression list", err))
				return
			}
			if !yield(readSuppressed(out.SuppressedDestinationSummaries), nil) || aws.ToString(out.NextToken) == "" {
				return
			}
			if aws.ToString(out.NextToken) == aws.ToString(in.NextToken) {
				yield(nil, errors.New("ask SES for its suppression list: it shows one page again and again"))
				return
			}
			in.NextToken = out.NextToken
			select {
			case <-ctx.Done():
				yield(nil, ctx.Err())
				return
			case <-time.After(a.pause):
			}
		}
	}
}

func readSuppressed(summaries []types.SuppressedDestinationSummary) []Suppressed {
	page := make([]Suppressed, 0, len(summaries))
	for _, x := range summaries {
		page = append(page, Suppressed{aws.ToString(x.EmailAddress), x.Reason == types.SuppressionListReasonComplaint, aws.ToTime(x.LastUpdateTime)})
	}
	return page
}

// judgeQuestion says what a question's error means, in one line: the SDK's own has the request's id and whatever a proxy wrote.
func judgeQuestion(asked string, err error) error {
	var said smithy.APIError
	if !errors.As(err, &said) {
		return fmt.Errorf("%s: %w", asked, err)
	}
	switch code := said.ErrorCode(); {
	case code == "NotFoundException":
		return fmt.Errorf("%s: %w", asked, ErrUnknown)
	case strings.HasPrefix(code, "AccessDenied") || code == "UnauthorizedOperation":
		return fmt.Errorf("%s: %w", asked, ErrForbidden)
	}
	return fmt.Errorf("%s: %w", asked, err)
}
