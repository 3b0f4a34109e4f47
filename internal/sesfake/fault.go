package sesfake

import "net/http"

// act answers a request that is right, or does something else.
func (s *Server) act(w http.ResponseWriter, r *http.Request, mail *Mail, fault Fault) {
	switch fault {
	case ErrorAfter, DropAfter, HalfAnswer, Nonsense, NoID, Silent, None:
		s.take(mail)
	}
	switch fault {
	case None:
		answer(w, http.StatusOK, map[string]string{"MessageId": mail.ID})
	case NoID:
		answer(w, http.StatusOK, map[string]string{})
	case Throttled:
		refuse(w, throttled)
	case QuotaExceeded:
		refuse(w, quotaExceeded)
	case Rejected:
		refuse(w, bad("MessageRejected", "Message contained a virus for "+mail.To))
	case ErrorBefore, ErrorAfter:
		refuse(w, &refusal{http.StatusInternalServerError, "InternalServerErrorException", "Internal failure"})
	case Denied:
		page(w, http.StatusForbidden)
	case UnavailableHTM:
		page(w, http.StatusServiceUnavailable)
	case Nonsense:
		page(w, http.StatusOK)
	case Redirect:
		http.Redirect(w, r, r.URL.Path, http.StatusTemporaryRedirect)
	case Silent:
		<-r.Context().Done()
	case HalfAnswer:
		hangUp(w, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 80\r\n\r\n{\"MessageId\"")
	case DropBefore, DropAfter:
		hangUp(w, "")
	}
}

// page is what a proxy in between says.
func page(w http.ResponseWriter, status int) {
	w.Header().Set("Content-Type", "text/html")
	w.WriteHeader(status)
	_, _ = w.Write([]byte("<html><body><h1>proxy</h1></body></html>"))
}

// hangUp ends the connection, after some last words.
func hangUp(w http.ResponseWriter, words string) {
	conn, buffer, err := w.(http.Hijacker).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler) // hangs up, too
	}
	_, _ = buffer.WriteString(words)
	_ = buffer.Flush()
	_ = conn.Close()
}
