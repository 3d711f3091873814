package index

import (
	"context"

	"github.com/frontdesk-go/frontdesk"
)

// Explain searches like [Index.Retrieve] and tells why each passage was found.
func (x *Index) Explain(ctx context.Context, query frontdesk.Query) ([]Hit, error) {
	hits, err := x.search(ctx, query)
	if err != nil || len(hits) == 0 {
		return nil, err
	}
	asked := make(map[string]bool)
	for _, term := range x.current().parse(&query) {
		asked[term.term] = true
	}
	stemmer := newStemmer()
	for i := range hits {
		p := &hits[i].Passage
		fields := fieldsOf(p)
		in := passageLanguages(p, fields)
		seen := make(map[string]bool)
		for _, field := range fields {
			for _, token := range field.tokens {
				stemmer.terms(token, in, func(term string) {
					if asked[term] && !seen[token.lower] {
						seen[token.lower] = true
						hits[i].Matched = append(hits[i].Matched, token.lower)
					}
				})
			}
		}
	}
	return hits, nil
}
