package smtpfake

import (
	"bufio"
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
)

// Stage is a moment at which a server answers.
type Stage string

// The stages.
const (
	Greeting Stage = "greeting"
	Hello    Stage = "EHLO"
	Sender   Stage = "MAIL"
	To       Stage = "RCPT"
	Data     Stage = "DATA"
	Message  Stage = "message" // when all of it has arrived
	Part     Stage = "part"    // when its first bytes have
	Reset    Stage = "RSET"
	Goodbye  Stage = "QUIT"
	Other    Stage = "other"
)

// Moment is what a server is about to answer.
type Moment struct {
	Stage      Stage
	Connection int // the first is 1
	Mail       int // of the connection, the first is 1
	From, To   string
	Line       string // the command
}

// Act is what a server does instead of what it should. The zero value is no fault.
type Act struct {
	Reply string          // instead of the right one; lines are separated by \r\n
	Drop  bool            // hang up; with a Reply, after it. A message that came whole has been taken, unless the reply refuses it
	Hang  bool            // say nothing until the client hangs up. A message that came whole has been taken
	Until <-chan struct{} // answer only when this is closed
}

// Server is a scripted server.
type Server struct {
	kept
	Addr       string
	Pipelining bool             // is offered
	Script     func(Moment) Act // nil: no faults. It is called by one goroutine a connection

	listener net.Listener
	count    atomic.Int64
	moments  moments
	open     sync.WaitGroup
	mu       sync.Mutex
	conns    map[net.Conn]struct{}
}

type moments struct {
	mu   sync.Mutex
	list []Moment
}

// Listen starts a server. The caller closes it.
func Listen(pipelining bool, script func(Moment) Act) (*Server, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := &Server{Addr: listener.Addr().String(), Pipelining: pipelining, Script: script, listener: listener, conns: map[net.Conn]struct{}{}}
	s.open.Go(s.accept)
	return s, nil
}

// Close ends all conversations.
func (s *Server) Close() error {
	err := s.listener.Close()
	s.mu.Lock()
	for c := range s.conns {
		_ = c.Close()
	}
	s.mu.Unlock()
	s.open.Wait()
	return err
}

// Moments are all that the server was told, in order.
func (s *Server) Moments() []Moment {
	s.moments.mu.Lock()
	defer s.moments.mu.Unlock()
	return append([]Moment(nil), s.moments.list...)
}

// Connections is how many clients have connected.
func (s *Server) Connections() int { return int(s.count.Load()) }

func (s *Server) accept() {
	for {
		c, err := s.listener.Accept()
		if err != nil {
			return
		}
		s.mu.Lock()
		s.conns[c] = struct{}{}
		s.mu.Unlock()
		s.open.Go(func() {
			(&conversation{server: s, net: c, r: bufio.NewReaderSize(c, 64<<10), w: bufio.NewWriter(c), at: Moment{Connection: int(s.count.Add(1)), Mail: 1}}).run()
			_ = c.Close()
			s.mu.Lock()
			delete(s.conns, c)
			s.mu.Unlock()
		})
	}
}

type conversation struct {
	server *Server
	net    net.Conn
	r      *bufio.Reader
	w      *bufio.Writer
	at     Moment
}

func (c *conversation) run() {
	if _, ok := c.answer(Greeting, "", "220 fake ESMTP"); !ok {
		return
	}
	for {
		if c.r.Buffered() == 0 && c.w.Flush() != nil {
			return
		}
		line, err := c.r.ReadString('\n')
		if err != nil || !c.command(strings.TrimRight(line, "\r\n")) {
			_ = c.w.Flush()
			return
		}
	}
}

// command answers one command. Its answer is whether the conversation goes on.
func (c *conversation) command(line string) bool {
	verb, _, _ := strings.Cut(strings.ToUpper(line), " ")
	switch verb {
	case "EHLO", "HELO":
		extensions := "250-fake\r\n250-SIZE 40000000\r\n"
		if c.server.Pipelining {
			extensions += "250-PIPELINING\r\n"
		}
		_, ok := c.answer(Hello, line, extensions+"250 8BITMIME")
		return ok
	case "MAIL":
		c.at.From, c.at.To = between(line), ""
		reply, ok := c.answer(Sender, line, "250 2.1.0 Ok")
		if !strings.HasPrefix(reply, "2") {
			c.at.From = ""
		}
		return ok
	case "RCPT":
		return c.recipient(line)
	case "DATA":
		return c.data(line)
	case "RSET":
		c.at.From, c.at.To = "", ""
		_, ok := c.answer(Reset, line, "250 2.0.0 Ok")
		return ok
	case "QUIT":
		c.answer(Goodbye, line, "221 2.0.0 Bye")
		return false
	}
	_, ok := c.answer(Other, line, "502 5.5.2 what?")
	return ok
}

func (c *conversation) recipient(line string) bool {
	right := "250 2.1.5 Ok"
	if c.at.From == "" {
		right = "503 5.5.1 who sends?"
	}
	c.at.To = between(line)
	reply, ok := c.answer(To, line, right)
	if !strings.HasPrefix(reply, "2") {
		c.at.To = ""
	}
	return ok
}

func (c *conversation) data(line string) bool {
	right := "354 go on"
	if c.at.To == "" {
		right = "554 5.5.1 no valid recipients"
	}
	reply, ok := c.answer(Data, line, right)
	if !ok || !strings.HasPrefix(reply, "354") {
		return ok
	}
	if c.w.Flush() != nil {
		return false
	}
	if _, err := c.r.Peek(1); err != nil {
		return false
	}
	if _, ok := c.answer(Part, "", ""); !ok {
		return false
	}
	message, err := c.message()
	if err != nil {
		return false
	}
	return c.end(message)
}

// end answers a whole message. Whatever is not refused has been taken before the answer, and even when there is none.
func (c *conversation) end(message []byte) bool {
	c.at.Stage, c.at.Line = Message, ""
	act := c.act()
	if act.Reply == "" || strings.HasPrefix(act.Reply, "2") {
		c.server.keep(Mail{Connection: c.at.Connection, From: c.at.From, To: c.at.To, Data: message})
	}
	_, ok := c.do(act, "250 2.0.0 Ok: queued as Q1")
	c.at.Mail, c.at.From, c.at.To = c.at.Mail+1, "", ""
	return ok
}

// message reads up to the dot. Bytes are looked at one line at a time.
func (c *conversation) message() ([]byte, error) {
	var message []byte
	for {
		line, err := c.r.ReadSlice('\n')
		if err != nil {
			return nil, err
		}
		if string(line) == ".\r\n" {
			return message, nil
		}
		if line[0] == '.' {
			line = line[1:]
		}
		message = append(message, line...)
	}
}

func (c *conversation) answer(stage Stage, line, right string) (string, bool) {
	c.at.Stage, c.at.Line = stage, line
	return c.do(c.act(), right)
}

func (c *conversation) act() Act {
	s := c.server
	s.moments.mu.Lock()
	s.moments.list = append(s.moments.list, c.at)
	s.moments.mu.Unlock()
	if s.Script == nil {
		return Act{}
	}
	return s.Script(c.at)
}

// do answers, with what is right unless it shall do something else.
func (c *conversation) do(act Act, right string) (reply string, ok bool) {
	if act.Until != nil {
		<-act.Until
	}
	if act.Hang {
		_ = c.w.Flush()
		_, _ = io.Copy(io.Discard, c.r)
		return "", false
	}
	if reply = act.Reply; reply == "" && !act.Drop {
		reply = right
	}
	if reply != "" {
		_, _ = c.w.WriteString(reply + "\r\n")
	}
	if act.Drop {
		_ = c.w.Flush()
		return "", false
	}
	return reply, true
}

// between is what stands between < and >.
func between(line string) string {
	_, rest, _ := strings.Cut(line, "<")
	address, _, _ := strings.Cut(rest, ">")
	return address
}
