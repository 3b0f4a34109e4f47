package render

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

const maxJSONDepth = 100

// FromJSON reads a JSON document. Keys keep their order; whole numbers become ints, others floats.
func FromJSON(data []byte) (Value, error) {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	v, err := jsonValue(decoder, maxJSONDepth)
	if err != nil {
		return Value{}, fmt.Errorf("read JSON: %w", err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return Value{}, errors.New("read JSON: there is more behind the value")
	}
	return v, nil
}

func jsonValue(d *json.Decoder, depth int) (Value, error) {
	if depth == 0 {
		return Value{}, fmt.Errorf("more than %d lists or objects inside each other", maxJSONDepth)
	}
	token, err := d.Token()
	if err != nil {
		return Value{}, err
	}
	switch token := token.(type) {
	case bool:
		return Bool(token), nil
	case string:
		return String(token), nil
	case json.Number:
		return jsonNumber(token)
	case json.Delim:
		if token == '[' {
			return jsonList(d, depth)
		}
		return jsonObject(d, depth)
	}
	return Value{}, nil
}

func jsonList(d *json.Decoder, depth int) (Value, error) {
	list := []Value{}
	for d.More() {
		v, err := jsonValue(d, depth-1)
		if err != nil {
			return Value{}, err
		}
		list = append(list, v)
	}
	_, err := d.Token()
	return List(list), err
}

func jsonObject(d *json.Decoder, depth int) (Value, error) {
	o := &Object{}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return Value{}, err
		}
		name, ok := key.(string)
		if !ok {
			return Value{}, fmt.Errorf("%v is no key", key)
		}
		v, err := jsonValue(d, depth-1)
		if err != nil {
			return Value{}, err
		}
		o.Set(name, v)
	}
	_, err := d.Token()
	return o.Value(), err
}
