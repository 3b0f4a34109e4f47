package track

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"path"
	"regexp"
	"strings"
	"sync"
	"time"

	"germane/store"
)

// assets keeps public files in memory: every mail that is opened asks for its pictures. A file never changes under its address.
type assets struct {
	store store.Versions

	mu    sync.RWMutex
	files map[string][]byte // by HASH/NAME
	bytes int
}

const (
	mostAssetBytes    = 64 << 20 // kept at a time
	largestKept       = 8 << 20
	longestAssetName  = 255
	contentTypeBinary = "application/octet-stream"
)

func newAssets(s store.Versions) *assets {
	return &assets{store: s, files: map[string][]byte{}}
}

func (a *assets) kept(address string) ([]byte, bool) {
	a.mu.RLock()
	defer a.mu.RUnlock()
	data, ok := a.files[address]
	return data, ok
}

func (a *assets) load(ctx context.Context, address, hash, name string) ([]byte, error) {
	data, err := a.store.AssetContent(ctx, hash, name)
	if err != nil || len(data) > largestKept {
		return data, err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	for other, bytes := range a.files { // whichever comes: those still asked for come back
		if a.bytes+len(data) <= mostAssetBytes {
			break
		}
		a.bytes -= len(bytes)
		delete(a.files, other)
	}
	if _, ok := a.files[address]; !ok {
		a.files[address] = data
		a.bytes += len(data)
	}
	return data, nil
}

var assetHash = regexp.MustCompile(`^[0-9a-f]{8,64}$`)

// asset serves a public file of a version.
func (s *Server) asset(w http.ResponseWriter, r *http.Request, rest string) {
	hash, name, _ := strings.Cut(rest, "/")
	if !assetHash.MatchString(hash) || name == "" || len(name) > longestAssetName || strings.ContainsAny(name, "/\\\x00") {
		s.notFound(w, r)
		return
	}
	data, ok := s.assets.kept(rest)
	if !ok {
		if s.limiter.empty(clientOf(r, s.trusted), s.now()) { // names can be guessed at, and each guess asks the database
			s.tooMany(w, r)
			return
		}
		ctx, cancel := context.WithTimeout(r.Context(), databaseWithin)
		defer cancel()
		var err error
		data, err = s.assets.load(ctx, rest, hash, name)
		if errors.Is(err, store.ErrNotFound) {
			s.notFound(w, r)
			return
		}
		if err != nil {
			s.unavailable(w, r, "read an asset", err)
			return
		}
	}
	assetHeader(w.Header(), hash, name)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(data))
}

// contentTypes are what may be shown. All else is only downloaded: a page of ours must not share its origin with somebody's HTML.
var contentTypes = map[string]string{
	".avif": "image/avif", ".gif": "image/gif", ".ico": "image/x-icon", ".jpeg": "image/jpeg", ".jpg": "image/jpeg", ".png": "image/png",
	".svg": "image/svg+xml", ".webp": "image/webp", ".mp4": "video/mp4", ".pdf": "application/pdf", ".txt": "text/plain; charset=utf-8",
	".woff": "font/woff", ".woff2": "font/woff2",
}

func assetHeader(h http.Header, hash, name string) {
	kind := contentTypes[strings.ToLower(path.Ext(name))]
	if kind == "" {
		kind = contentTypeBinary
		h.Set("Content-Disposition", "attachment")
	}
	h.Set("Content-Type", kind)
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	h.Set("ETag", `"`+hash+`"`)
	h.Set("Cross-Origin-Resource-Policy", "cross-origin") // mail in a browser is another origin
	h.Set("Access-Control-Allow-Origin", "*")             // fonts are only loaded with it
	if kind == "image/svg+xml" {                          // it may hold scripts
		h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; sandbox")
	}
}
