package engine

import (
	"bytes"
	"compress/flate"
	"fmt"
	"io"
)

// Deflate packs a file as it is kept.
func Deflate(data []byte) []byte {
	var b bytes.Buffer
	w, _ := flate.NewWriter(&b, flate.DefaultCompression) // its only error is of the level
	w.Write(data)
	w.Close()
	return b.Bytes()
}

// Inflate returns what Deflate packed.
func Inflate(packed []byte) ([]byte, error) {
	data, err := io.ReadAll(flate.NewReader(bytes.NewReader(packed)))
	if err != nil {
		return nil, fmt.Errorf("unpack: %w", err)
	}
	return data, nil
}
