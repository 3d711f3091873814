package markup

import (
	"strings"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/renderer/html"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

// converter renders Markdown. It leaves raw HTML out.
var converter = goldmark.New(
	goldmark.WithExtensions(extension.NewLinkify()),
	goldmark.WithParserOptions(parser.WithASTTransformers(util.Prioritized(relations{}, 100))),
	goldmark.WithRendererOptions(html.WithHardWraps()),
)

// relations says of each link that it is not the page's own, and drops images.
type relations struct{}

func (relations) Transform(document *ast.Document, _ text.Reader, _ parser.Context) {
	var images []ast.Node
	_ = ast.Walk(document, func(node ast.Node, entering bool) (ast.WalkStatus, error) {
		switch node.Kind() {
		case ast.KindLink, ast.KindAutoLink:
			node.SetAttributeString("rel", []byte("nofollow noopener noreferrer"))
		case ast.KindImage:
			if entering {
				images = append(images, node)
			}
		}
		return ast.WalkContinue, nil
	})
	for _, image := range images {
		image.Parent().RemoveChild(image.Parent(), image)
	}
}

// HTML renders a reply as HTML that is safe to put into a page: paragraphs, lists,
// emphasis, code, and links to allowed hosts. It takes any text.
func HTML(text string, links *Links) string {
	closed, _ := Close(text, links)
	var b strings.Builder
	if err := converter.Convert([]byte(closed), &b); err != nil {
		return "" // it writes to memory
	}
	return b.String()
}
