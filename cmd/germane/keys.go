package main

import (
	"context"
	"fmt"
	"math"
	"strconv"
	"strings"

	"germane/store"
	"germane/token"
)

// The variables that hold keys; NAME_FILE names a file instead.
const (
	addressKeyVariable = "GERMANE_ADDRESS_KEY"
	tokenKeysVariable  = "GERMANE_TOKEN_KEYS"
)

// tokenPurpose is what the keys of tokens are called in the database.
const tokenPurpose = "token"

// tokenKeys returns the keys that sign what stands in addresses: those of the environment, or else the database's, which makes one when
// it has none.
func tokenKeys(ctx context.Context, sys *system, s store.Keys) (*token.Keys, error) {
	master, err := environmentTokenKeys(sys)
	if err != nil {
		return nil, err
	}
	if master == nil {
		if master, err = storedTokenKeys(ctx, s); err != nil {
			return nil, err
		}
	}
	keys, err := token.NewKeys(master...)
	if err != nil {
		return nil, hint(err, "each key of "+tokenKeysVariable+" has a number of its own; the first one signs")
	}
	return keys, nil
}

// environmentTokenKeys reads ID:BASE64,ID:BASE64; nil: there are none.
func environmentTokenKeys(sys *system) ([]token.Key, error) {
	text, err := sys.secret(tokenKeysVariable)
	if err != nil || text == "" {
		return nil, err
	}
	const form = "write NUMBER:BASE64, with commas between keys; the first one signs; "
	var keys []token.Key
	for i, part := range strings.Split(text, ",") {
		number, encoded, ok := strings.Cut(strings.TrimSpace(part), ":")
		id, err := strconv.ParseUint(number, 10, 8)
		if !ok || err != nil || id == 0 {
			return nil, usageError{hint(fmt.Errorf("key %d of %s does not begin with a number from 1 to 255", i+1, tokenKeysVariable), form+makeKey)}
		}
		key, err := decodeKey(encoded)
		if err != nil {
			return nil, usageError{hint(fmt.Errorf("key %d of %s: %w", i+1, tokenKeysVariable, err), form+makeKey)}
		}
		keys = append(keys, token.Key{ID: uint8(id), Master: key})
	}
	return keys, nil
}

func storedTokenKeys(ctx context.Context, s store.Keys) ([]token.Key, error) {
	stored, err := s.SigningKeys(ctx, tokenPurpose)
	if err != nil {
		return nil, err
	}
	var keys []token.Key
	for _, k := range stored {
		if k.ID < 1 || k.ID > math.MaxUint8 {
			return nil, fmt.Errorf("the database's token key %d has a number that no token can hold", k.ID)
		}
		keys = append(keys, token.Key{ID: uint8(k.ID), Master: k.Secret})
	}
	return keys, nil
}

// addressKey is the environment's key that addresses are hashed with; nil: the database's own.
func addressKey(sys *system) ([]byte, error) {
	text, err := sys.secret(addressKeyVariable)
	if err != nil || text == "" {
		return nil, err
	}
	key, err := decodeKey(text)
	if err != nil {
		return nil, usageError{hint(fmt.Errorf("%s: %w", addressKeyVariable, err), makeKey)}
	}
	return key, nil
}
