// Package policies holds the help pages of Lamp & Linen, the shop of the support
// example: what the agent retrieves from and cites. Each page is a Markdown file
// with a front matter of two keys, title and url.
package policies

import "embed"

// Files are the help pages, one Markdown file each, without folders.
//
//go:embed *.md
var Files embed.FS
