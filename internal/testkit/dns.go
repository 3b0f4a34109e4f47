package testkit

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"sync"

	"golang.org/x/net/dns/dnsmessage"
)

// DNS is a server on this machine that knows a few names.
type DNS struct {
	Address string // host:port, over UDP

	conn    net.PacketConn
	records map[string][]dnsRecord // by name in lower case with its dot
	serving sync.WaitGroup
}

type dnsRecord struct {
	kind dnsmessage.Type
	body dnsmessage.ResourceBody // nil: the server fails on this name
}

// StartDNS serves records, one a line: NAME TYPE VALUE, without dots at the end of names. Types are A, AAAA, CNAME, MX (with its
// preference), PTR, TXT, and FAIL, for a name about which the server fails.
//
//	acme.example TXT v=spf1 include:amazonses.com ~all
//	acme.example MX 10 mx.acme.example
//	*.silent.example FAIL
func StartDNS(zone string) (*DNS, error) {
	d := &DNS{records: map[string][]dnsRecord{}}
	for line := range strings.Lines(zone) {
		if line = strings.TrimSpace(line); line == "" || line[0] == '#' {
			continue
		}
		if err := d.add(line); err != nil {
			return nil, fmt.Errorf("%s: %w", line, err)
		}
	}
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	d.conn, d.Address = conn, conn.LocalAddr().String()
	d.serving.Go(d.serve)
	return d, nil
}

// Close ends the server.
func (d *DNS) Close() {
	_ = d.conn.Close()
	d.serving.Wait()
}

func (d *DNS) add(line string) error {
	fields := strings.SplitN(line, " ", 3)
	if len(fields) < 2 {
		return errors.New("a record is NAME TYPE VALUE")
	}
	name := strings.ToLower(fields[0]) + "."
	record, err := readRecord(fields[1], strings.Join(fields[2:], ""))
	d.records[name] = append(d.records[name], record)
	return err
}

func readRecord(kind, value string) (r dnsRecord, err error) {
	name, err := dnsmessage.NewName(value + ".")
	switch kind {
	case "FAIL":
		return dnsRecord{}, nil
	case "A":
		var address netip.Addr
		address, err = netip.ParseAddr(value)
		return dnsRecord{dnsmessage.TypeA, &dnsmessage.AResource{A: address.As4()}}, err
	case "AAAA":
		var address netip.Addr
		address, err = netip.ParseAddr(value)
		return dnsRecord{dnsmessage.TypeAAAA, &dnsmessage.AAAAResource{AAAA: address.As16()}}, err
	case "CNAME":
		return dnsRecord{dnsmessage.TypeCNAME, &dnsmessage.CNAMEResource{CNAME: name}}, err
	case "PTR":
		return dnsRecord{dnsmessage.TypePTR, &dnsmessage.PTRResource{PTR: name}}, err
	case "MX":
		preference, host, _ := strings.Cut(value, " ")
		number, err := strconv.ParseUint(preference, 10, 16)
		if err != nil {
			return r, err
		}
		name, err := dnsmessage.NewName(strings.TrimSuffix(host, ".") + ".")
		return dnsRecord{dnsmessage.TypeMX, &dnsmessage.MXResource{Pref: uint16(number), MX: name}}, err
	case "TXT":
		var parts []string
		for ; len(value) > 255; value = value[255:] {
			parts = append(parts, value[:255])
		}
		return dnsRecord{dnsmessage.TypeTXT, &dnsmessage.TXTResource{TXT: append(parts, value)}}, nil
	}
	return r, fmt.Errorf("there is no type %s here", kind)
}

func (d *DNS) serve() {
	buffer := make([]byte, 4096)
	for {
		n, from, err := d.conn.ReadFrom(buffer)
		if err != nil {
			return
		}
		var question dnsmessage.Message
		if question.Unpack(buffer[:n]) != nil || len(question.Questions) != 1 {
			continue
		}
		answer := d.answer(&question)
		if packed, err := answer.Pack(); err == nil {
			_, _ = d.conn.WriteTo(packed, from) // an error: the client has gone
		}
	}
}

func (d *DNS) answer(question *dnsmessage.Message) *dnsmessage.Message {
	q := question.Questions[0]
	a := &dnsmessage.Message{Header: dnsmessage.Header{ID: question.ID, Response: true, RecursionAvailable: true, RecursionDesired: true}, Questions: question.Questions}
	name := q.Name
	for range 10 { // CNAMEs
		records, ok := d.find(strings.ToLower(name.String()))
		if !ok {
			a.RCode = dnsmessage.RCodeNameError
			return a
		}
		next := false
		for _, r := range records {
			if r.body == nil {
				a.RCode = dnsmessage.RCodeServerFailure
				return a
			}
			if r.kind == q.Type || r.kind == dnsmessage.TypeCNAME {
				a.Answers = append(a.Answers, dnsmessage.Resource{Header: dnsmessage.ResourceHeader{Name: name, Type: r.kind, Class: q.Class, TTL: 60}, Body: r.body})
			}
			if alias, ok := r.body.(*dnsmessage.CNAMEResource); ok && q.Type != dnsmessage.TypeCNAME {
				name, next = alias.CNAME, true
			}
		}
		if !next {
			return a
		}
	}
	return a
}

// find returns the records of a name, or those of all names below one above it: *.silent.example.
func (d *DNS) find(name string) ([]dnsRecord, bool) {
	if records, ok := d.records[name]; ok {
		return records, true
	}
	for _, above, more := strings.Cut(name, "."); more; _, above, more = strings.Cut(above, ".") {
		if records, ok := d.records["*."+above]; ok {
			return records, true
		}
	}
	records, ok := d.records["*."]
	return records, ok
}
