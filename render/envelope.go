package render

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
)

// header holds what is around a message's bodies and the same for everybody.
type header struct {
	from   []byte // From
	fixed  []byte // Reply-To, List-Id, Feedback-ID, MIME-Version, Content-Type
	plain  []byte // the end of the header, and the head of the plain text part
	html   []byte // the head of the HTML part
	end    []byte // the closing boundary
	domain string // the sender's, of Message-ID
}

// compileHeader prepares all of the header that does not depend on the person (RFC 5322; MIME: RFC 2045 and 2046).
func (m *Message) compileHeader(parts *Parts) error {
	sender := &parts.Sender
	_, m.head.domain, _ = strings.Cut(sender.Email, "@")
	var err error
	if m.head.from, err = appendAddress(nil, "From", sender.Name, sender.Email); err != nil {
		return fmt.Errorf("sender: %w", err)
	}
	if sender.ReplyTo != "" {
		if m.head.fixed, err = appendAddress(nil, "Reply-To", "", sender.ReplyTo); err != nil {
			return fmt.Errorf("reply_to: %w", err)
		}
	}
	if parts.ListID != "" {
		if m.head.fixed, err = appendListID(m.head.fixed, "", parts.ListID, m.head.domain); err != nil {
			return fmt.Errorf("list: %w", err)
		}
	}
	if parts.Campaign != "" {
		if m.head.fixed, err = appendFeedbackID(m.head.fixed, parts.Campaign, "", parts.ListID, m.head.domain); err != nil {
			return fmt.Errorf("feedback id: %w", err)
		}
	}
	mark := boundary(m.fingerprint(parts))
	m.head.fixed = append(m.head.fixed, "MIME-Version: 1.0\r\nContent-Type: multipart/alternative;\r\n boundary=\""+mark+"\"\r\n"...)
	const encoding = "Content-Transfer-Encoding: quoted-printable\r\n\r\n"
	m.head.plain = []byte("\r\n--" + mark + "\r\nContent-Type: text/plain; charset=utf-8\r\n" + encoding)
	m.head.html = []byte("\r\n--" + mark + "\r\nContent-Type: text/html; charset=utf-8\r\n" + encoding)
	m.head.end = []byte("\r\n--" + mark + "--\r\n")
	if static := staticText(m.subject); parts.Subject != nil && static != nil {
		m.subjectStatic = string(appendHeader(nil, "Subject", *static))
	}
	return nil
}

// fingerprint names a message for its boundary: the same message has the same one everywhere.
func (m *Message) fingerprint(parts *Parts) string {
	sum := sha256.Sum256([]byte(m.Name + "\x00" + parts.Sender.Email))
	return hex.EncodeToString(sum[:12])
}

// staticText is the text that code writes for everybody, or nil.
func staticText(c code) *string {
	whole := ""
	for _, next := range c {
		static, ok := next.(*text)
		if !ok {
			return nil
		}
		whole += static.text
	}
	return &whole
}

// header writes a message's header for one person.
func (r *Renderer) header(message *Message, e *Envelope) error {
	m := &r.m
	if message.subjectStatic == "" {
		message.subject.run(m)
		if m.err != nil || m.skipped != "" {
			return m.err
		}
		r.line = append(r.line[:0], m.out...)
		m.out = m.out[:0]
	}
	out, err := appendAddress(append(m.out, message.head.from...), "To", "", e.To)
	if err != nil {
		return fmt.Errorf("recipient: %w", err)
	}
	if message.subjectStatic != "" {
		out = append(out, message.subjectStatic...)
	} else {
		out = appendHeader(out, "Subject", alias(r.line))
	}
	out = appendDateHeader(out, e.Date)
	if out, err = appendMessageID(out, e.ID, message.head.domain); err != nil {
		return fmt.Errorf("message id: %w", err)
	}
	if e.Unsubscribe != "" || e.UnsubscribeMail != "" {
		mailto := e.UnsubscribeMail
		if mailto != "" {
			mailto = "mailto:" + mailto
		}
		if out, err = appendListUnsubscribe(out, e.Unsubscribe, mailto); err != nil {
			return fmt.Errorf("unsubscribe: %w", err)
		}
	}
	m.out = append(out, message.head.fixed...)
	return nil
}
