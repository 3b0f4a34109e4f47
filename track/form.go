package track

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"
)

// longestBody is far more than any form of ours, or a one-click request, takes.
const longestBody = 4 << 10

// readForm reads the fields of a form. status is 200, or what to answer.
func readForm(w http.ResponseWriter, r *http.Request) (form url.Values, status int) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, longestBody))
	var tooLong *http.MaxBytesError
	switch {
	case errors.As(err, &tooLong):
		return nil, http.StatusRequestEntityTooLarge
	case err != nil:
		return nil, http.StatusBadRequest
	}
	return parseForm(r.Header.Get("Content-Type"), body), http.StatusOK
}

// parseForm reads as much as it can of a body: RFC 8058 lets mail providers send either type, and some name none.
func parseForm(contentType string, body []byte) url.Values {
	kind, parameters, _ := mime.ParseMediaType(contentType)
	if kind == "multipart/form-data" && parameters["boundary"] != "" {
		return parseMultipart(multipart.NewReader(bytes.NewReader(body), parameters["boundary"]))
	}
	form, _ := url.ParseQuery(strings.TrimSpace(string(body)))
	return form
}

func parseMultipart(parts *multipart.Reader) url.Values {
	form := url.Values{}
	for {
		part, err := parts.NextPart()
		if err != nil {
			return form
		}
		value, err := io.ReadAll(part)
		if err != nil {
			return form
		}
		form.Add(part.FormName(), strings.TrimRight(string(value), "\r\n"))
	}
}

// isOneClick reports whether a form asks to unsubscribe, in RFC 8058's words.
func isOneClick(form url.Values) bool {
	for name, values := range form {
		if strings.EqualFold(name, oneClickName) && len(values) > 0 && strings.EqualFold(values[0], oneClickValue) {
			return true
		}
	}
	return false
}

const (
	oneClickName  = "List-Unsubscribe"
	oneClickValue = "One-Click"
)
