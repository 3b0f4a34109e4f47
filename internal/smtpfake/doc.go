// Package smtpfake holds SMTP servers for tests: [Server] misbehaves as it is told, [Receiver] is a real one (go-smtp) with STARTTLS,
// TLS and authentication. Both listen on this machine only, on free ports, and keep what they took responsibility for, so that a test
// can say that nobody got a mail twice.
package smtpfake

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"math/big"
	"net"
	"sync"
	"time"
)

// Mail is a message that a server took.
type Mail struct {
	Connection int // the first is 1
	From, To   string
	Data       []byte
	At         time.Time // when all of it had arrived
}

// kept are the mails that a server took.
type kept struct {
	mu   sync.Mutex
	list []Mail
	more chan struct{} // closed with the next mail; nil: nobody waits
}

func (k *kept) keep(m Mail) {
	k.mu.Lock()
	defer k.mu.Unlock()
	m.At = time.Now()
	k.list = append(k.list, m)
	if k.more != nil {
		close(k.more)
		k.more = nil
	}
}

// Wait returns when the server has taken so many mails, or with the context's error.
func (k *kept) Wait(ctx context.Context, mails int) error {
	for {
		k.mu.Lock()
		if len(k.list) >= mails {
			k.mu.Unlock()
			return nil
		}
		if k.more == nil {
			k.more = make(chan struct{})
		}
		more := k.more
		k.mu.Unlock()
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-more:
		}
	}
}

// Mails are the messages that the server took so far.
func (k *kept) Mails() []Mail {
	k.mu.Lock()
	defer k.mu.Unlock()
	return append([]Mail(nil), k.list...)
}

// Taken is how many messages the server took so far.
func (k *kept) Taken() int {
	k.mu.Lock()
	defer k.mu.Unlock()
	return len(k.list)
}

// Certificate makes a certificate for this machine, and the configuration of a client that trusts it.
func Certificate() (server tls.Certificate, client *tls.Config, err error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return server, nil, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	raw, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return server, nil, err
	}
	leaf, err := x509.ParseCertificate(raw)
	if err != nil {
		return server, nil, err
	}
	roots := x509.NewCertPool()
	roots.AddCert(leaf)
	return tls.Certificate{Certificate: [][]byte{raw}, PrivateKey: key, Leaf: leaf}, &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}, nil
}
