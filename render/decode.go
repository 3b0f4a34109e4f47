package render

import (
	"bytes"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"strings"
)

// Mail is a message as a mail program reads it.
type Mail struct {
	Header     mail.Header
	Subject    string
	Text, HTML string
}

// ReadMail reads a message that Render made: previews show what was really written.
func ReadMail(message []byte) (*Mail, error) {
	parsed, err := mail.ReadMessage(bytes.NewReader(message))
	if err != nil {
		return nil, fmt.Errorf("read message: %w", err)
	}
	m := &Mail{Header: parsed.Header}
	if m.Subject, err = new(mime.WordDecoder).DecodeHeader(parsed.Header.Get("Subject")); err != nil {
		return nil, fmt.Errorf("read subject: %w", err)
	}
	_, params, err := mime.ParseMediaType(parsed.Header.Get("Content-Type"))
	if err != nil {
		return nil, fmt.Errorf("read content type: %w", err)
	}
	parts := multipart.NewReader(parsed.Body, params["boundary"])
	for {
		part, err := parts.NextRawPart()
		if err == io.EOF {
			return m, nil
		}
		if err != nil {
			return nil, fmt.Errorf("read part: %w", err)
		}
		if err := m.part(part); err != nil {
			return nil, err
		}
	}
}

func (m *Mail) part(part *multipart.Part) error {
	content, err := io.ReadAll(quotedprintable.NewReader(part))
	if err != nil {
		return fmt.Errorf("decode part: %w", err)
	}
	text := strings.ReplaceAll(string(content), "\r\n", "\n")
	if strings.HasPrefix(part.Header.Get("Content-Type"), "text/html") {
		m.HTML = text
	} else {
		m.Text = text
	}
	return nil
}
