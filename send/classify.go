package send

import (
	"context"
	"crypto/tls"
	"errors"
	"net/textproto"
	"strconv"
	"strings"

	"github.com/wneessen/go-mail"
)

// stage is how far an SMTP conversation had come when a reply was given.
type stage uint8

const (
	atGreeting stage = iota // also EHLO, STARTTLS, AUTH
	atSender
	atRecipient
	atData // the answer to DATA, before the message
	atEnd  // the answer to the message
)

// bySMTP judges a reply that is no success. A reply means that the server has not taken the mail, whatever else it says.
func bySMTP(at stage, code int, text string, m *Mail) Result {
	enhanced, words := cutEnhanced(text)
	r := Result{Code: strings.TrimSpace("smtp " + strconv.Itoa(code) + " " + enhanced), Text: clean(text, m.To)}
	switch outcome, known := byWords(words, m); {
	case known:
		r.Outcome = outcome
	case code < 400: // a success that means nothing here
		r.Outcome = NotSent
	case code < 500:
		r.Outcome = bySMTPDelay(code, enhanced)
	case isAboutSender(at, code, enhanced):
		r.Outcome = Stopped
	default:
		r.Outcome = Refused
	}
	r.PushedBack = pushesBack(at, code, enhanced, words)
	return r
}

// pushesBack reports whether a reply wants fewer mails to its recipient's domain for a while: the 421s and 4.7.x with which mailbox
// providers say that. Before there is a recipient it is the sender's
// matter; who greylists wants only time; and a server that is going down, or has lost its network, says 421 4.3.x and 4.4.x.
func pushesBack(at stage, code int, enhanced, words string) bool {
	if at < atRecipient || code < 400 || code >= 500 || isGreylisting(words) {
		return false
	}
	return strings.HasPrefix(enhanced, "4.7.") || code == 421 && (enhanced == "" || strings.HasPrefix(enhanced, "4.2."))
}

func isGreylisting(words string) bool {
	words = strings.ToLower(words)
	return strings.Contains(words, "greylist") || strings.Contains(words, "graylist")
}

// bySMTPDelay judges a 4xx. Providers say "too fast" with 421 and a policy's code (RFC 3463, x.7.x), or with 4.5.3 and 4.3.2.
func bySMTPDelay(code int, enhanced string) Outcome {
	if code == 421 && strings.HasPrefix(enhanced, "4.7.") || enhanced == "4.5.3" || enhanced == "4.3.2" {
		return Throttled
	}
	return NotSent
}

// senderCodes are refusals of who sends, not of this mail: the DNS of the sender's domain or machine is not in order (Gmail's 5.7.25
// to 5.7.30, Microsoft's 5.7.515), or the user may not send.
var senderCodes = []string{"5.7.8", "5.7.9", "5.7.23", "5.7.25", "5.7.26", "5.7.27", "5.7.29", "5.7.30", "5.7.515"}

// isAboutSender reports whether a 5xx would meet all other mails, too.
func isAboutSender(at stage, code int, enhanced string) bool {
	switch code {
	case 530, 534, 535, 538: // authentication (RFC 4954)
		return true
	case 552: // this one is too large
		return false
	}
	for _, known := range senderCodes {
		if enhanced == known {
			return true
		}
	}
	return at == atGreeting || at == atSender
}

// words that decide more surely than codes, which providers use as they like. The first that is found wins.
var words = []struct {
	text    string // in lower case
	outcome Outcome
}{
	{"greylist", NotSent}, // says "try again" with the codes of a policy
	{"graylist", NotSent},
	{"daily message quota", Quota},
	{"daily sending quota", Quota},
	{"daily user sending limit", Quota},
	{"maximum sending rate", Throttled},
	{"throttl", Throttled},
	{"rate limit", Throttled},
	{"too many", Throttled}, // mails, connections, errors
	{"too fast", Throttled},
	{"sending paused", Stopped},
	{"sending suspended", Stopped},
	{"account suspended", Stopped},
	{"relay access denied", Stopped},
	{"relaying denied", Stopped},
	{"relay not permitted", Stopped},
}

// byWords judges what a provider says in its own words.
func byWords(text string, m *Mail) (Outcome, bool) {
	text = strings.ToLower(text)
	if strings.Contains(text, "address is not verified") || strings.Contains(text, "address not verified") {
		return byUnverified(text, m), true
	}
	for _, known := range words {
		if strings.Contains(text, known.text) {
			return known.outcome, true
		}
	}
	return InDoubt, false
}

// byUnverified judges SES's "Email address is not verified. The following identities failed the check in region EU-WEST-1: …". In the
// sandbox recipients are checked, too: then it is about this mail, and not about the sender.
func byUnverified(text string, m *Mail) Outcome {
	from, to := strings.ToLower(m.From), strings.ToLower(m.To)
	if strings.Contains(text, to) && !strings.Contains(text, from) {
		return Refused
	}
	return Stopped
}

// byConnecting judges an error from before the first mail of a connection.
func byConnecting(err error, m *Mail) Result {
	var reply *textproto.Error
	if errors.As(err, &reply) {
		return bySMTP(atGreeting, reply.Code, reply.Msg, m)
	}
	r := Result{Outcome: NotSent, Code: "connect", Text: clean(err.Error(), m.To)}
	var certificate *tls.CertificateVerificationError
	switch {
	case errors.As(err, &certificate):
		r.Outcome, r.Code = Stopped, "certificate"
	case strings.HasSuffix(err.Error(), "does not support STARTTLS"): // go-mail has no error of its own for it
		r.Outcome, r.Code = Stopped, "starttls"
	case errors.Is(err, mail.ErrNoSupportedAuthDiscovered), strings.HasSuffix(err.Error(), "does not support SMTP AUTH"):
		r.Outcome, r.Code = Stopped, "auth"
	}
	return r
}

// bySES judges SES's answer to SendEmail: an HTTP status with the code and the message of its error, as far as there is one.
func bySES(status int, code, message string, m *Mail) Result {
	r := Result{Code: "ses " + code, Text: clean(message, m.To)}
	if code == "" {
		r.Code = "ses " + strconv.Itoa(status)
	}
	switch {
	case status/100 == 3: // that is not SES
		r.Outcome = Stopped
		return r
	case status >= 500, status == 408, status < 300: // it may have acted before it failed
		return r
	}
	outcome, known := byWords(message, m)
	if !known {
		outcome, known = bySESCode(code)
	}
	if !known {
		outcome = bySESStatus(status)
	}
	r.Outcome = outcome
	return r
}

func bySESCode(code string) (Outcome, bool) {
	switch code {
	case "TooManyRequestsException", "Throttling", "ThrottlingException", "ThrottledException", "RequestThrottled", "RequestThrottledException", "SlowDown":
		return Throttled, true
	case "LimitExceededException":
		return Quota, true
	case "SendingPausedException", "AccountSuspendedException", "MailFromDomainNotVerifiedException", "NotFoundException",
		"AccessDenied", "AccessDeniedException", "UnrecognizedClientException", "InvalidClientTokenId", "InvalidSignatureException",
		"SignatureDoesNotMatch", "ExpiredToken", "ExpiredTokenException", "IncompleteSignature", "MissingAuthenticationToken",
		"MissingAuthenticationTokenException", "RequestExpired", "RequestTimeTooSkewed", "OptInRequired", "NotAuthorized":
		return Stopped, true
	case "MessageRejected", "BadRequestException", "ValidationException", "InvalidParameterValue":
		return Refused, true
	}
	return InDoubt, false
}

// bySESStatus judges an answer whose code nobody knows, such as a proxy's.
func bySESStatus(status int) Outcome {
	switch status {
	case 429:
		return Throttled
	case 401, 403, 404, 407:
		return Stopped
	}
	return Refused
}

// cutEnhanced cuts the enhanced status code off a reply's text (RFC 2034).
func cutEnhanced(text string) (enhanced, rest string) {
	first, rest, _ := strings.Cut(text, " ")
	if len(first) < 5 || first[1] != '.' || strings.IndexByte("245", first[0]) < 0 || strings.Trim(first, "0123456789.") != "" {
		return "", text
	}
	return first, rest
}

// clean makes a provider's words fit for a log and for the ledger: one line, without the recipient's address, and not endless.
func clean(text, to string) string {
	text = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(text, "?"))
	for _, secret := range []string{to, strings.ToLower(to)} {
		if secret != "" {
			text = strings.ReplaceAll(text, secret, "(recipient)")
		}
	}
	const enough = 300
	if len(text) > enough {
		text = strings.ToValidUTF8(text[:enough], "") + "…"
	}
	return text
}

func notSent(err error) Result {
	code := "connection"
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		code = "cancelled"
	}
	return Result{Outcome: NotSent, Code: code, Text: err.Error()}
}

// refusedHere is for a mail that nobody was asked about.
func refusedHere(reason string) Result {
	return Result{Outcome: Refused, Code: "germane", Text: reason}
}
