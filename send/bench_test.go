package send

import (
	"bufio"
	"bytes"
	"context"
	"net"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"germane/internal/sesfake"
)

// letter is a mail of 24 KB.
var letter = []byte("From: Acme <hello@acme.example>\r\nTo: p@mail.example\r\nSubject: Hi\r\n\r\n" + strings.Repeat(strings.Repeat("x", 74)+"\r\n", 24*1024/76))

// BenchmarkSMTP sends over one or more connections to the simplest server there can be, which is in the same process: its time is in
// all of the numbers.
func BenchmarkSMTP(b *testing.B) {
	for _, connections := range []int{1, 4} {
		b.Run(strconv.Itoa(connections), func(b *testing.B) {
			transport := openTest(b, smtpAddress(b, "smtp", sink(b)), Options{})
			benchmark(b, transport, connections)
		})
	}
}

// BenchmarkSES sends to sesfake, in the same process.
func BenchmarkSES(b *testing.B) {
	server := sesfake.New(sesfake.Account{})
	server.Fault = func(*sesfake.Mail) sesfake.Fault { return sesfake.None }
	benchmark(b, openTest(b, sesAddress(b, startSES(b, server).URL, ""), Options{}), 4)
}

func BenchmarkOutbox(b *testing.B) {
	benchmark(b, openTest(b, &Address{Dir: b.TempDir()}, Options{}), 1)
}

func benchmark(b *testing.B, transport Transport, workers int) {
	b.ReportAllocs()
	before := used()
	each := make(chan int)
	failed := make(chan Result)
	for range workers {
		go func() {
			var last Result
			for n := range each {
				m := Mail{ID: "d" + strconv.Itoa(n), From: "hello@acme.example", To: "p@mail.example", Bytes: letter}
				if r := transport.Send(context.Background(), &m); r.Outcome != Sent {
					last = r
				}
			}
			failed <- last
		}()
	}
	for n := range b.N {
		each <- n
	}
	close(each)
	for range workers {
		if r := <-failed; r.Code != "" {
			b.Errorf("%+v", r)
		}
	}
	b.ReportMetric(float64((used()-before).Microseconds())/float64(b.N), "cpu-µs/mail")
}

// used is the process's CPU time.
func used() time.Duration {
	var usage syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &usage)
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// sink takes all mails and keeps none.
func sink(tb testing.TB) string {
	tb.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			go swallow(c)
		}
	}()
	return listener.Addr().String()
}

// swallow reads what a client says in whole pieces: commands are answered at their line's end, a message at its end.
func swallow(c net.Conn) {
	defer c.Close()
	r := bufio.NewReaderSize(c, 64<<10)
	_, _ = c.Write([]byte("220 sink\r\n"))
	for {
		line, err := r.ReadSlice('\n')
		if err != nil {
			return
		}
		switch {
		case bytes.HasPrefix(line, []byte("EHLO")):
			_, _ = c.Write([]byte("250-sink\r\n250 PIPELINING\r\n"))
		case bytes.HasPrefix(line, []byte("DATA")):
			_, _ = c.Write([]byte("250 Ok\r\n250 Ok\r\n354 go on\r\n"))
			if !message(r) {
				return
			}
			_, _ = c.Write([]byte("250 2.0.0 Ok: queued as 4F1A2\r\n"))
		case bytes.HasPrefix(line, []byte("QUIT")):
			_, _ = c.Write([]byte("221 Bye\r\n"))
			return
		}
	}
}

// message reads up to the dot.
func message(r *bufio.Reader) bool {
	for {
		if _, err := r.Peek(1); err != nil {
			return false
		}
		piece, _ := r.Peek(r.Buffered())
		end := bytes.HasSuffix(piece, []byte("\r\n.\r\n"))
		keep := 4 // the dot's line may come in two pieces
		if end || len(piece) < keep {
			keep = 0
		}
		_, _ = r.Discard(len(piece) - keep)
		if end {
			return true
		}
		if keep > 0 {
			if _, err := r.Peek(keep + 1); err != nil {
				return false
			}
		}
	}
}
