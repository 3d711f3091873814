package ingest_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// TestTimeIsBounded reads files that take parsers a time which grows with the
// square of their length, or worse, if nobody has thought of it. There is no
// limit here but that of the whole test.
func TestTimeIsBounded(t *testing.T) {
	n := 50_000
	all := map[string]string{
		"a.md":   strings.Repeat(">", n),
		"b.md":   strings.Repeat("> ", n) + "x",
		"c.md":   strings.Repeat("- ", n),
		"d.md":   strings.Repeat("[", n),
		"e.md":   strings.Repeat("*a_ ", n),
		"f.md":   "|" + strings.Repeat("a|", n) + "\n|" + strings.Repeat("-|", n) + "\n" + strings.Repeat("|1\n", 1000),
		"g.md":   strings.Repeat("```\n", n),
		"h.md":   strings.Repeat("<!--", n),
		"i.md":   strings.Repeat("<a ", n),
		"j.md":   strings.Repeat("[a]: b\n", n),
		"k.md":   strings.Repeat("# h\n", n),
		"l.md":   strings.Repeat("a", 5*n),
		"m.md":   strings.Repeat("1. a\n   ", n),
		"n.md":   strings.Repeat("a\n", n),
		"o.md":   strings.Repeat("x ", 5*n),
		"p.mdx":  strings.Repeat("<A b=", n),
		"q.mdx":  strings.Repeat("{/*", n),
		"r.html": strings.Repeat("<b><i><a>", n/10),
		"s.html": strings.Repeat("<p><table><tr><td>", n/10),
		"t.html": strings.Repeat("<div class=cookie><button>", 100) + strings.Repeat("cookie ", n),
		"u.html": "<body>" + strings.Repeat("<div><button></button>cookie</div>", 30000),
		"v.json": strings.Repeat("[", n),
		"w.json": "[" + strings.Repeat(`{"id":1,"question":"q","answer":"a"},`, 50000) + `{"id":1,"question":"q","answer":"a"}]`,
		"x.csv":  "q,a\n" + strings.Repeat("\"", n),
		"y.eml":  "Subject: x\n\n" + strings.Repeat("1.1.1.1 ", n),
		"z.eml":  "Subject: x\n\n" + strings.Repeat("Hi A\n", n),
		"z1.eml": "Subject: x\n\n" + strings.Repeat("1", n),
		"z2.eml": "Subject: x\n\n" + strings.Repeat("1 ", n),
		"z3.eml": "Subject: x\n\n" + strings.Repeat("a@", n),
		"z4.eml": "Subject: x\n\n" + strings.Repeat("a.", n) + "@",
		"z5.eml": "Subject: x\n\n" + strings.Repeat("A ", n),
		"z6.eml": "Subject: x\n\n" + strings.Repeat("-----BEGIN PRIVATE KEY----", n/10),
		"z7.eml": "Subject: x\n\n" + strings.Repeat("a:", n),
		"z8.eml": "Subject: x\n\n" + strings.Repeat("de11", n),
		"z9.eml": "From: " + strings.Repeat("a b <a@b>, ", 5000) + "\nSubject: x\n\n" + strings.Repeat("text ", n),
	}
	for name, content := range all {
		t.Run(name, func(t *testing.T) {
			found, skipped := decode(t, name, content)
			assert.NotEmpty(t, len(found)+len(skipped))
			for _, doc := range found[:min(len(found), 100)] {
				checkSplit(t, &doc)
			}
		})
	}
}
