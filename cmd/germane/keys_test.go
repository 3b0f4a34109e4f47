package main

import (
	"encoding/base64"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"germane/internal/engines"
	"germane/token"
)

func key(letter string, length int) string {
	return base64.StdEncoding.EncodeToString([]byte(strings.Repeat(letter, length)))
}

func TestTokenKeys(t *testing.T) {
	t.Parallel()
	s := engines.Open(t)
	file := filepath.Join(t.TempDir(), "keys")
	if err := os.WriteFile(file, []byte("3:"+key("c", 32)+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	signed := map[string]string{}
	sign := func(name string, environment ...string) *token.Keys {
		keys, err := tokenKeys(t.Context(), &system{stderr: io.Discard, environment: environment}, s)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		signed[name] = string(keys.Signer().AppendManage(nil, token.Unsubscribe, token.Manage{Person: 7}))
		return keys
	}
	sign("database")
	sign("one", tokenKeysVariable+"=1:"+key("a", 32))
	both := sign("two", tokenKeysVariable+"=2:"+key("b", 40)+", 1:"+key("a", 32))
	sign("file", tokenKeysVariable+"_FILE="+file)
	for name, want := range map[string]bool{"database": false, "one": true, "two": true, "file": false} {
		if _, ok := both.Manage(token.Unsubscribe, signed[name]); ok != want {
			t.Errorf("a token of %s: accepted %t", name, ok)
		}
	}
	if signed["one"] == signed["two"] {
		t.Error("the first key does not sign")
	}
}

func TestTokenKeysThatAreNone(t *testing.T) {
	t.Parallel()
	good := key("a", 32)
	empty := filepath.Join(t.TempDir(), "empty")
	if err := os.WriteFile(empty, []byte("\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, environment := range map[string][]string{
		"no number": {tokenKeysVariable + "=" + good},
		"zero":      {tokenKeysVariable + "=0:" + good},
		"too large": {tokenKeysVariable + "=256:" + good},
		"short":     {tokenKeysVariable + "=1:" + key("a", 31)},
		"no base64": {tokenKeysVariable + "=1:%%%secret%%%"},
		"twice":     {tokenKeysVariable + "=1:" + good + ",1:" + good},
		"comma":     {tokenKeysVariable + "=1:" + good + ","},
		"both":      {tokenKeysVariable + "=1:" + good, tokenKeysVariable + "_FILE=/nothing"},
		"no file":   {tokenKeysVariable + "_FILE=" + filepath.Join(t.TempDir(), "nothing")},
		"empty":     {tokenKeysVariable + "_FILE=" + empty},
	} {
		_, err := tokenKeys(t.Context(), &system{environment: environment}, nil)
		if err == nil || strings.Contains(err.Error(), "secret") || strings.Contains(err.Error(), good) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
