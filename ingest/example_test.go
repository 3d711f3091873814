package ingest_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"testing/fstest"

	"github.com/frontdesk-go/frontdesk"
	"github.com/frontdesk-go/frontdesk/index"
	"github.com/frontdesk-go/frontdesk/ingest"
)

// The index is what most sources are ingested into.
var _ ingest.Target = (*index.Index)(nil)

func ExampleIngester() {
	ctx := context.Background()
	pages := fstest.MapFS{ // or os.DirFS("help")
		"returns.md":  {Data: []byte("# Returns\n\nYou have 30 days.\n\n## Fees\n\nReturns within the EU are free.")},
		"internal.md": {Data: []byte("---\ninternal: true\n---\nNot for customers.")},
	}
	kb := new(index.Index)
	in := &ingest.Ingester{Target: kb}
	for range 2 {
		report, err := in.Sync(ctx, "help", ingest.Folder{FS: pages, BaseURL: "https://shop.example/help/"})
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(report)
	}
	found, err := kb.Retrieve(ctx, frontdesk.Query{Text: "What does a return cost?", TopK: 1})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(found[0].Title, "-", found[0].Text, "-", found[0].URL)
	// Output:
	// help: 1 added, 0 changed, 0 removed, 0 unchanged, 1 skipped; 2 passages, 0 texts embedded in 0 requests, 0 from the cache
	// help: 0 added, 0 changed, 0 removed, 1 unchanged, 1 skipped; 0 passages, 0 texts embedded in 0 requests, 0 from the cache
	// Returns — Fees - Returns within the EU are free. - https://shop.example/help/returns
}

func ExampleOpenFileCache() {
	folder, err := os.MkdirTemp("", "cache")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(folder)
	cache, err := ingest.OpenFileCache(filepath.Join(folder, "vectors"))
	if err != nil {
		log.Fatal(err)
	}
	// Each batch is kept as soon as it was embedded, so that a run that is
	// interrupted goes on where it was.
	in := &ingest.Ingester{Target: new(index.Index), Embedder: new(frontdesk.Embeddings), Cache: cache}
	fmt.Println(in.Embedder != nil, cache.Len())
	// Output: true 0
}

func ExampleTickets() {
	export := fstest.MapFS{"tickets.json": {Data: []byte(`{"id":"81","subject":"Broken lamp","status":"solved","requester":{"name":"Ana Roy"},"messages":[
{"role":"customer","text":"It broke. Call +49 30 901820. Ana"},{"role":"note","text":"VIP"},{"role":"agent","text":"Hi Ana, a new one is on its way."}]}`)}}
	source := ingest.With(ingest.Tickets{FS: export}, ingest.Attributes{Audience: []string{"staff"}})
	for doc, err := range source.Documents(context.Background()) {
		fmt.Println(doc.Title, err)
		fmt.Println(doc.Text)
	}
	// Output:
	// Broken lamp <nil>
	// Customer: It broke. Call [phone]. [name]
	//
	// Agent: Hi [name], a new one is on its way.
}

func ExampleSplitter() {
	var splitter ingest.Splitter
	doc := ingest.Document{ID: "fees.md", Text: "# Fees\n\nAll prices include VAT.\n\n## Shipping\n\n| to | EUR |\n|---|---|\n| EU | 4.90 |\n"}
	for _, passage := range splitter.Split("help", &doc) {
		fmt.Printf("%s\n%s\n\n", passage.Title, passage.Text)
	}
	// Output:
	// Fees
	// All prices include VAT.
	//
	// Fees — Shipping
	// | to | EUR |
	// |---|---|
	// | EU | 4.90 |
}

func ExampleScrubber() {
	s := ingest.Scrubber{Keep: []string{"help@shop.example"}}
	fmt.Println(s.Scrub("Hi Ana, pay to DE89 3704 0044 0532 0130 00 or write to help@shop.example, not to ana@example.com. Ana's order ORD-9281 is paid.", "Ana Roy"))
	// Output: Hi [name], pay to [iban] or write to help@shop.example, not to [email]. [name]'s order ORD-9281 is paid.
}
