package workspace

import (
	"embed"
	"io/fs"
)

//go:embed all:starter
var starter embed.FS

// Starter returns the workspace that `germane init` writes.
func Starter() fs.FS {
	sub, err := fs.Sub(starter, "starter")
	if err != nil {
		panic(err) // the folder is embedded: it cannot be missing
	}
	return sub
}
