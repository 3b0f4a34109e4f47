package send

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"strings"
	"time"
)

// connection is one SMTP conversation. It writes and reads past go-mail's client, whose own way looks at each byte of a message for
// dots, and waits for each command's answer.
type connection struct {
	options    Options
	net        net.Conn      // below TLS: for deadlines, and to hang up
	reader     *bufio.Reader // above it
	writer     *bufio.Writer
	pipelining bool // RFC 2920
	size       bool // RFC 1870

	broken bool      // it can only be dropped
	since  time.Time // of its last use; zero: it is new
	out    []byte
}

// reply is a server's answer to a command.
type reply struct {
	code int
	text string // without the code; of several lines, joined by spaces
}

// attempt is what became of a mail on a connection.
type attempt struct {
	Result
	hungUp bool // the connection was over before the server answered anything
}

// send offers a mail. Afterwards the connection is either ready for the next one, or broken: nothing is ever said on a connection
// whose server might still wait for the rest of a message, because anything would be taken for its end.
func (c *connection) send(ctx context.Context, m *Mail, signature string) attempt {
	c.out = append(c.out[:0], signature...)
	wire, ok := appendWire(c.out, m.Bytes)
	if !ok {
		return attempt{Result: refusedHere("a line of the mail ends with CR or LF alone")}
	}
	c.out = wire
	if r, ok := c.envelope(ctx, m, len(signature)+len(m.Bytes)); !ok {
		return r
	}
	return attempt{Result: c.message(m)}
}

// envelope says who sends to whom, and asks for the message to be sent. Its second answer is whether the server waits for it.
func (c *connection) envelope(ctx context.Context, m *Mail, size int) (attempt, bool) {
	c.deadline(c.options.Timeout)
	stop := context.AfterFunc(ctx, func() { _ = c.net.SetDeadline(time.Unix(1, 0)) })
	r, ok := c.commands(m, size)
	if !stop() { // the context has ended, and set or is about to set a deadline of its own
		c.broken = true
		return attempt{Result: notSent(ctx.Err())}, false
	}
	return r, ok
}

// commands says all of the envelope at once where the server offers it. The answers are those of MAIL, RCPT and DATA.
func (c *connection) commands(m *Mail, size int) (attempt, bool) {
	if c.pipelining {
		for at := atSender; at <= atData; at++ {
			c.ask(at, m, size)
		}
	}
	var refusal *Result
	var last reply
	for at := atSender; at <= atData; at++ {
		if !c.pipelining {
			c.ask(at, m, size)
		}
		got, err := c.answer()
		if err != nil {
			return c.lost(err, at == atSender, refusal), false
		}
		last = got
		if refusal == nil && !got.agrees(at) {
			r := bySMTP(at, got.code, got.text, m)
			refusal = &r
		}
		if got.code == 421 { // it hangs up
			c.broken = true
			return attempt{*refusal, at == atSender}, false
		}
		if refusal != nil && !c.pipelining {
			break
		}
	}
	if refusal != nil {
		c.forget(last)
		return attempt{Result: *refusal}, false
	}
	if c.reader.Buffered() > 0 { // the answers are those of other questions
		return c.lost(errUnasked, false, nil), false
	}
	return attempt{}, true
}

// ask writes one command of the envelope.
func (c *connection) ask(at stage, m *Mail, size int) {
	switch {
	case at == atRecipient:
		c.say("RCPT TO:<", m.To, ">")
	case at == atData:
		c.say("DATA")
	case c.size:
		c.say("MAIL FROM:<", m.From, "> SIZE=", strconv.Itoa(size))
	default:
		c.say("MAIL FROM:<", m.From, ">")
	}
}

var (
	errUnasked = errors.New("the server says more than it was asked")
	errNoReply = errors.New("this is no reply")
)

// agrees reports whether the conversation can go on.
func (r reply) agrees(at stage) bool {
	if at == atData {
		return r.code == 354
	}
	return r.code/100 == 2
}

// lost is what becomes of a mail whose connection ends before the message.
func (c *connection) lost(err error, first bool, refusal *Result) attempt {
	c.broken = true
	if refusal != nil {
		return attempt{Result: *refusal}
	}
	return attempt{notSent(err), first && !errors.Is(err, os.ErrDeadlineExceeded) && !errors.Is(err, errNoReply)}
}

// forget makes a connection ready again after a refusal. Where the server waits for a message all the same, even for nobody, it can
// only be dropped: whatever came next would be that message.
func (c *connection) forget(last reply) {
	if last.code < 400 {
		c.broken = true
		return
	}
	c.say("RSET")
	if got, err := c.answer(); err != nil || got.code/100 != 2 || c.reader.Buffered() > 0 {
		c.broken = true
	}
}

// message writes the message and waits for the answer, whatever the context says meanwhile.
func (c *connection) message(m *Mail) Result {
	c.deadline(c.options.Answer)
	n, err := c.writer.Write(c.out)
	if err == nil {
		err = c.writer.Flush()
	}
	if err != nil {
		c.broken = true
		if unsent := len(c.out) - n + c.writer.Buffered(); unsent >= len(".\r\n") {
			return notSent(err)
		}
		return Result{Code: "no answer", Text: clean(err.Error(), m.To)}
	}
	got, err := c.answer()
	switch {
	case err != nil:
		c.broken = true
		return Result{Code: "no answer", Text: clean(err.Error(), m.To)}
	case got.code/100 == 2:
		c.broken = c.reader.Buffered() > 0
		return Result{Outcome: Sent, ID: clean(queueID(got.text), m.To)}
	case got.code < 400:
		c.broken = true
		return Result{Code: "smtp " + strconv.Itoa(got.code), Text: clean(got.text, m.To)}
	}
	c.broken = got.code == 421 || c.reader.Buffered() > 0
	return bySMTP(atEnd, got.code, got.text, m)
}

// queueID is how a server names a mail that it took: SES says "Ok ID", Postfix "2.0.0 Ok: queued as ID".
func queueID(text string) string {
	_, text = cutEnhanced(text)
	if _, id, ok := strings.Cut(text, "queued as "); ok {
		text = id
	} else if id, ok := strings.CutPrefix(text, "Ok "); ok && !strings.Contains(id, " ") {
		text = id
	}
	return text
}

// say writes a command. An error shows when its answer is read.
func (c *connection) say(command ...string) {
	for _, part := range command {
		_, _ = c.writer.WriteString(part)
	}
	_, _ = c.writer.WriteString("\r\n")
}

// answer reads the answer to the next command that has none.
func (c *connection) answer() (reply, error) {
	if err := c.writer.Flush(); err != nil {
		return reply{}, err
	}
	return readReply(c.reader)
}

// replyLines is more than any server says in one reply.
const replyLines = 100

// readReply reads a reply of one or more lines (RFC 5321, 4.2). A line is at most as long as the reader's buffer.
func readReply(r *bufio.Reader) (reply, error) {
	var got reply
	for range replyLines {
		line, err := r.ReadSlice('\n')
		if err != nil {
			if errors.Is(err, io.EOF) {
				err = io.ErrUnexpectedEOF
			}
			return reply{}, fmt.Errorf("read a reply: %w", err)
		}
		line = bytes.TrimRight(line, "\r\n")
		code, rest, more, ok := cutReply(line)
		if !ok || got.code != 0 && got.code != code {
			return reply{}, fmt.Errorf("%w: %q", errNoReply, line)
		}
		if got.code = code; got.text != "" {
			got.text += " "
		}
		got.text += rest
		if !more {
			return got, nil
		}
	}
	return reply{}, fmt.Errorf("%w: it has no end", errNoReply)
}

// cutReply takes a line apart: a code, whether more lines follow, and the text.
func cutReply(line []byte) (code int, rest string, more, ok bool) {
	if len(line) < 3 || len(line) > 3 && line[3] != ' ' && line[3] != '-' {
		return 0, "", false, false
	}
	for _, digit := range line[:3] {
		if digit < '0' || digit > '9' {
			return 0, "", false, false
		}
		code = 10*code + int(digit-'0')
	}
	if code < 200 || code > 599 {
		return 0, "", false, false
	}
	if len(line) > 3 {
		rest, more = string(line[4:]), line[3] == '-'
	}
	return code, rest, more, true
}

func (c *connection) deadline(within time.Duration) {
	_ = c.net.SetDeadline(time.Now().Add(within)) // an error shows with the next read
}

// quit says goodbye to a server that waits for a command.
func (c *connection) quit() {
	c.deadline(2 * time.Second)
	c.say("QUIT")
	_, _ = c.answer() // it may have hung up already
	c.drop()
}

// drop hangs up without a word.
func (c *connection) drop() {
	_ = c.net.Close()
}
