package main

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
)

// maxSecret bounds a secret's file: a key of 16,384 bits with everything around it has half of this.
const maxSecret = 64 << 10

// secret returns what a variable holds, or the file that NAME_FILE names, without the end of its line; "" when neither is set. Errors
// never repeat it.
func (sys *system) secret(name string) (string, error) {
	variables := sys.variables()
	text, path := variables[name], variables[name+"_FILE"]
	switch {
	case text != "" && path != "":
		return "", usageError{hint(fmt.Errorf("%s and %s_FILE are both set", name, name), "unset one of them")}
	case path == "":
		return text, nil
	}
	file, err := os.Open(path)
	if err != nil {
		return "", hint(fmt.Errorf("read %s_FILE: %w", name, err), "it names a file that only germane may read")
	}
	defer file.Close()
	content, err := io.ReadAll(io.LimitReader(file, maxSecret+1))
	switch {
	case err != nil:
		return "", fmt.Errorf("read %s_FILE: %w", name, err)
	case len(content) > maxSecret:
		return "", fmt.Errorf("the file that %s_FILE names is larger than %d kB: it is no secret", name, maxSecret>>10)
	case len(bytes.TrimSpace(content)) == 0:
		return "", fmt.Errorf("the file that %s_FILE names is empty", name)
	}
	return strings.TrimRight(string(content), "\r\n"), nil
}

// minKey is how many random bytes a key has at least.
const minKey = 32

// decodeKey reads a key as base64, with or without padding, in either alphabet.
func decodeKey(text string) ([]byte, error) {
	text = strings.TrimRight(strings.TrimSpace(text), "=")
	form := base64.RawStdEncoding
	if strings.ContainsAny(text, "-_") {
		form = base64.RawURLEncoding
	}
	key, err := form.DecodeString(text)
	switch {
	case err != nil:
		return nil, errors.New("it is not base64")
	case len(key) < minKey:
		return nil, fmt.Errorf("it has %d bytes and needs %d", len(key), minKey)
	}
	return key, nil
}

// makeKey is what to type to get a key.
const makeKey = "`head -c 32 /dev/urandom | base64` makes one"
