package workspace

import (
	"crypto/sha256"
	"encoding/hex"
	"path"
	"regexp"
	"slices"
	"strings"

	"germane/internal/finding"
	"germane/templates"
)

// assetReference is a file of assets/ named in an attribute that loads or leads to something.
var assetReference = regexp.MustCompile(`(\b(?:src|href|background|poster)=["']?)(assets/[^"'\s>?#]+)`)

// assetURL is the public address of a file of assets/; any other text stays as it is. The address holds the content's hash, so that
// a file which changes gets another one, and mail that was sent keeps its pictures.
func (w *Workspace) assetURL(name string) string {
	i := slices.IndexFunc(w.Assets, func(f StoredFile) bool { return f.Name == name })
	if i < 0 || w.Config.PublicURL == nil {
		return name
	}
	return w.Config.PublicURL.String() + "/a/" + assetHash(w.Assets[i].Data) + "/" + path.Base(name)
}

// Brand returns a constant of the brand as messages print it; "" when it is not set.
func (w *Workspace) Brand(name string) string {
	value, _ := w.Config.BrandValue(name)
	return w.assetURL(value.Text.S)
}

// assets replaces the names of assets in a piece's HTML by their addresses, and reports those that are not there.
func (c *compiler) assets(file *finding.File, nodes []templates.Node) {
	for _, node := range nodes {
		switch n := node.(type) {
		case *templates.Text:
			n.Text = assetReference.ReplaceAllStringFunc(n.Text, func(found string) string {
				match := assetReference.FindStringSubmatch(found)
				return match[1] + c.asset(file, n.Span, match[2])
			})
		case *templates.Link:
			if first, ok := firstText(n.Target); ok && len(n.Target) == 1 && isAssetName(first.Text) {
				first.Text = c.asset(file, n.Span, first.Text)
			}
		case *templates.Capture: // holds text, no markup
		default:
			for _, body := range templates.Bodies(node) {
				c.assets(file, body)
			}
		}
	}
}

func firstText(nodes []templates.Node) (*templates.Text, bool) {
	if len(nodes) == 0 {
		return nil, false
	}
	text, ok := nodes[0].(*templates.Text)
	return text, ok
}

func isAssetName(s string) bool {
	name, ok := strings.CutPrefix(s, "assets/")
	return ok && name != ""
}

func (c *compiler) asset(file *finding.File, at templates.Span, name string) string {
	address := c.w.assetURL(name)
	if address == name && c.w.Config.PublicURL != nil {
		c.add([]finding.Finding{file.At(at.Start, at.End, "unknown-asset", "there is no file "+name, "put it into assets/, or write a whole web address")})
	}
	return address
}

// PublicAsset is an asset as the public fetches it: /a/HASH/NAME.
type PublicAsset struct{ Hash, Name, Path string }

// PublicAssets lists the assets in the order of their paths.
func (w *Workspace) PublicAssets() []PublicAsset {
	var list []PublicAsset
	for _, f := range w.Assets {
		list = append(list, PublicAsset{Hash: assetHash(f.Data), Name: path.Base(f.Name), Path: f.Name})
	}
	return list
}

func assetHash(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:8])
}
