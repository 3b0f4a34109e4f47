package engine

import (
	"crypto/rand"
	"time"
)

// Milliseconds is how tables keep a time: unix milliseconds, and 0 for none.
func Milliseconds(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

// Moment is the time that [Milliseconds] made a number of, in UTC.
func Moment(milliseconds int64) time.Time {
	if milliseconds == 0 {
		return time.Time{}
	}
	return time.UnixMilli(milliseconds).UTC()
}

// RandomKey makes a secret of 32 bytes.
func RandomKey() []byte {
	key := make([]byte, 32)
	rand.Read(key)
	return key
}
