package index_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/frontdesk-go/frontdesk"
	"github.com/frontdesk-go/frontdesk/frontdesktest"
	"github.com/frontdesk-go/frontdesk/index"
)

// An index by meaning, with vectors that came from the embedder.
func ExampleIndex_Replace() {
	ctx := context.Background()
	embedder := new(frontdesktest.HashEmbedder) // in earnest: new(frontdesk.Embeddings)
	kb := &index.Index{Embedder: embedder, Model: "hash"}

	passages := []frontdesk.Passage{
		{ID: "returns-1", Document: "returns.md", Version: "1", Title: "Returns", Text: "Return an item within 30 days."},
		{ID: "shipping-1", Document: "shipping.md", Version: "1", Title: "Shipping", Text: "Shipping costs 4.90 EUR."},
	}
	vectors, err := embedder.Embed(ctx, []string{passages[0].Text, passages[1].Text}, frontdesk.EmbedPassage)
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := kb.Replace(ctx, "help", []string{"returns.md", "shipping.md"}, passages, vectors); err != nil {
		fmt.Println(err)
		return
	}
	versions, err := kb.Documents(ctx, "help")
	fmt.Println(versions, err)
	// Output: map[returns.md:1 shipping.md:1] <nil>
}

func ExampleIndex_Explain() {
	kb := index.New(
		frontdesk.Passage{ID: "returns", Title: "Returns", Text: "Returned items are refunded within 30 days."},
		frontdesk.Passage{ID: "shipping", Title: "Shipping", Text: "Shipping costs 4.90 EUR."},
	)
	hits, err := kb.Explain(context.Background(), frontdesk.Query{Text: "How do I get a refund for a return?", TopK: 3})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, hit := range hits {
		fmt.Println(hit.WordRank, hit.Passage.ID, hit.Matched)
	}
	// Output: 1 returns [returns returned refunded]
}

func ExampleIndex_Save() {
	folder, err := os.MkdirTemp("", "kb")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(folder)
	path := filepath.Join(folder, "kb.index")

	kb := index.New(frontdesk.Passage{ID: "shipping", Text: "Shipping costs 4.90 EUR."})
	if err := kb.Save(path); err != nil {
		fmt.Println(err)
		return
	}
	loaded := new(index.Index)
	fmt.Println(loaded.Load(path), loaded.Len())
	// Output: <nil> 1
}
