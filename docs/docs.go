// Package docs holds the pages about Germane that its users read, so that the program can print them where there is no repository.
package docs

import "embed"

// Pages are the Markdown files of this folder.
//
//go:embed *.md
var Pages embed.FS
