package policies_test

import (
	"io/fs"
	"regexp"
	"strings"
	"testing"

	"github.com/frontdesk-go/frontdesk/examples/support/policies"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// frontMatter is what each page begins with.
var frontMatter = regexp.MustCompile(`^---\ntitle: (.+)\nurl: (https://help\.lampandlinen\.example/[a-z-]+)\n---\n\n# (.+)\n`)

func TestPages(t *testing.T) {
	names, err := fs.Glob(policies.Files, "*.md")
	require.NoError(t, err)
	assert.GreaterOrEqual(t, len(names), 10)
	urls := map[string]string{}
	for _, name := range names {
		text, err := fs.ReadFile(policies.Files, name)
		require.NoError(t, err)
		head := frontMatter.FindStringSubmatch(string(text))
		if !assert.NotNil(t, head, name) {
			continue
		}
		assert.Equal(t, head[1], head[3], "%s: the title is the first heading", name)
		assert.Empty(t, urls[head[2]], "%s has the same url", name)
		urls[head[2]] = name
		words := len(strings.Fields(string(text)))
		assert.True(t, 150 <= words && words <= 450, "%s has %d words", name, words)
		assert.Contains(t, string(text), "\n## ", name)
	}
}
