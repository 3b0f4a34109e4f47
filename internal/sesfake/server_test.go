package sesfake

import (
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// body is a request to send one mail, with these keys changed.
func body(changes map[string]any) string {
	m := map[string]any{
		"Content":          map[string]any{"Raw": map[string]any{"Data": base64.StdEncoding.EncodeToString([]byte("From: a@x.example\r\nSubject: <b>Hi</b>\r\n\r\nHello\r\n"))}},
		"Destination":      map[string]any{"ToAddresses": []string{"ann@mail.example"}},
		"FromEmailAddress": "a@x.example",
	}
	for key, value := range changes {
		m[key] = value
	}
	text, _ := json.Marshal(m)
	return string(text)
}

func post(s *Server, body string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	s.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/v2/email/outbound-emails", strings.NewReader(body)))
	return w
}

func raw(message string) map[string]any {
	return map[string]any{"Content": map[string]any{"Raw": map[string]any{"Data": base64.StdEncoding.EncodeToString([]byte(message))}}}
}

func TestWhatSESRefuses(t *testing.T) {
	t.Parallel()
	many := strings.Split(strings.Repeat("ann@mail.example ", 51), " ")[:51]
	for name, c := range map[string]struct {
		changes map[string]any
		code    string
	}{
		"right":             {nil, ""},
		"no recipient":      {map[string]any{"Destination": map[string]any{}}, "BadRequestException"},
		"51 recipients":     {map[string]any{"Destination": map[string]any{"ToAddresses": many}}, "MessageRejected"},
		"bad address":       {map[string]any{"Destination": map[string]any{"ToAddresses": []string{"ann"}}}, "BadRequestException"},
		"unicode address":   {map[string]any{"Destination": map[string]any{"ToAddresses": []string{"änn@mail.example"}}}, "BadRequestException"},
		"tag with a space":  {map[string]any{"EmailTags": []map[string]string{{"Name": "a b", "Value": "c"}}}, "BadRequestException"},
		"simple":            {map[string]any{"Content": map[string]any{}}, "BadRequestException"},
		"unknown key":       {map[string]any{"Destinations": 1}, "SerializationException"},
		"long line":         {raw("From: a@x.example\r\n\r\n" + strings.Repeat("x", 999) + "\r\n"), "MessageRejected"},
		"no From":           {raw("Subject: x\r\n\r\nx\r\n"), "BadRequestException"},
		"configuration set": {map[string]any{"ConfigurationSetName": "other"}, "NotFoundException"},
		"sender":            {map[string]any{"FromEmailAddress": "a@other.example"}, "MessageRejected"},
	} {
		s := New(Account{Identities: map[string]Identity{"x.example": {}}, ConfigurationSets: map[string][]Destination{"main": nil}})
		w := post(s, body(c.changes))
		if got := w.Header().Get("X-Amzn-Errortype"); got != c.code {
			t.Errorf("%s: %s %s", name, got, w.Body)
		}
		if taken := len(s.Mails()) == 1; taken != (c.code == "") {
			t.Errorf("%s: taken: %v", name, taken)
		}
	}
}

func TestRate(t *testing.T) {
	t.Parallel()
	s := New(Account{PerSecond: 2, PerDay: 4})
	now := time.Unix(100, 0)
	s.Now = func() time.Time { return now }
	var codes []string
	for range 2 {
		for range 3 {
			codes = append(codes, post(s, body(nil)).Header().Get("X-Amzn-Errortype"))
		}
		now = now.Add(time.Second)
	}
	if got := strings.Join(codes, ","); got != ",,TooManyRequestsException,,,LimitExceededException" {
		t.Error(got)
	}
}

func TestPage(t *testing.T) {
	t.Parallel()
	s := New(Account{})
	post(s, body(nil))
	server := s.Start()
	defer server.Close()
	for path, want := range map[string]string{"/": "&lt;b&gt;Hi&lt;/b&gt;", "/mail/0": "\r\n\r\nHello", "/mail/1": "404", "/mail/-1": "404", "/other": "NotFound"} {
		r, err := http.Get(server.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		text, _ := io.ReadAll(r.Body)
		_ = r.Body.Close()
		if !strings.Contains(string(text), want) && !strings.Contains(r.Header.Get("X-Amzn-Errortype"), want) {
			t.Errorf("%s: %s", path, text)
		}
	}
}

func FuzzRequest(f *testing.F) {
	f.Add([]byte(body(nil)))
	f.Fuzz(func(t *testing.T, request []byte) {
		m, refused := read(request, &Account{})
		if m == nil && refused == nil {
			t.Errorf("%q is neither taken nor refused", request)
		}
	})
}
