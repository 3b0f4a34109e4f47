package dns

import (
	"context"
	"crypto"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
)

// Key is the public key of a DKIM selector.
type Key struct {
	Public crypto.PublicKey // *rsa.PublicKey or ed25519.PublicKey
	Bits   int              // of an RSA key
	Test   bool             // receivers are told to treat mail with it like mail without (RFC 6376, 3.6.1: t=y)
}

// ErrRevoked is the answer of a selector whose key was taken back.
var ErrRevoked = errors.New("the key was taken back: p= is empty")

// Key reads the key at SELECTOR._domainkey.DOMAIN, following CNAMEs. The error is an [ErrNone], [ErrSeveral] or [ErrRevoked], or says
// what is wrong with the record.
func (r *Resolver) Key(ctx context.Context, selector, domain string) (*Key, error) {
	texts, err := r.TXT(ctx, selector+"._domainkey."+domain)
	switch {
	case err != nil:
		return nil, err
	case len(texts) > 1:
		return nil, ErrSeveral
	}
	return ParseKey(texts[0])
}

// ParseKey reads the text of a DKIM record.
func ParseKey(text string) (*Key, error) {
	if len(text) > longestRecord {
		return nil, errors.New("the record is too long for a key")
	}
	tags := readTags(text)
	if version := tags["v"]; version != "" && version != "DKIM1" {
		return nil, errors.New("its version is not DKIM1")
	}
	if _, ok := tags["p"]; !ok {
		return nil, errors.New("it has no p=, where the key would be")
	}
	if tags["p"] == "" {
		return nil, ErrRevoked
	}
	data, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(tags["p"]), ""))
	if err != nil {
		return nil, errors.New("its key is not base64: was a part of it lost?")
	}
	k := &Key{}
	for flag := range strings.SplitSeq(tags["t"], ":") {
		k.Test = k.Test || strings.TrimSpace(flag) == "y"
	}
	if err := k.read(strings.ToLower(tags["k"]), data); err != nil {
		return nil, err
	}
	return k, nil
}

func (k *Key) read(kind string, data []byte) error {
	switch {
	case kind == "ed25519" && len(data) == ed25519.PublicKeySize: // RFC 8463
		k.Public = ed25519.PublicKey(data)
		return nil
	case kind == "" || kind == "rsa":
		if public, err := x509.ParsePKIXPublicKey(data); err == nil {
			if public, ok := public.(*rsa.PublicKey); ok {
				k.Public, k.Bits = public, public.N.BitLen()
				return nil
			}
		}
		if public, err := x509.ParsePKCS1PublicKey(data); err == nil {
			k.Public, k.Bits = public, public.N.BitLen()
			return nil
		}
	default:
		return fmt.Errorf("%q is no kind of key that receivers know", kind[:min(len(kind), 20)])
	}
	return errors.New("its key cannot be read: was a part of it lost?")
}

// Is reports whether it is the public part of somebody's key.
func (k *Key) Is(public crypto.PublicKey) bool {
	mine, ok := k.Public.(interface{ Equal(crypto.PublicKey) bool })
	return ok && mine.Equal(public)
}
