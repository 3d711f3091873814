package frontdesktest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"reflect"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/frontdesk-go/frontdesk"
)

// KnowledgeBase is a retriever that can be filled: what [TestRetriever] checks.
type KnowledgeBase interface {
	frontdesk.Retriever

	// Documents returns the versions of the documents held of a source, by
	// their names: [frontdesk.Passage].Version by Passage.Document.
	Documents(ctx context.Context, source string) (map[string]string, error)

	// Replace takes out all passages of the named documents of a source and
	// puts the given ones in, in one step: a search sees all of it or nothing.
	// Each passage must be of one of the documents. vectors holds one vector
	// of length 1 for each passage, or is nil: then the passages are found by
	// their words alone. After an error nothing has changed.
	Replace(ctx context.Context, source string, documents []string, passages []frontdesk.Passage, vectors [][]float32) error
}

// TestRetriever checks that a retriever keeps the contract of
// [frontdesk.Retriever] and of [KnowledgeBase]: order, filters, isolation of
// tenants and audiences, visibility of updates, ties, limits. open returns an
// empty one, new each time; it cleans up with t.Cleanup. embedder is the one
// that the retriever uses for its queries; nil if it searches by words alone.
func TestRetriever(t *testing.T, embedder frontdesk.Embedder, open func(t *testing.T) KnowledgeBase) {
	tests := []struct {
		name string
		run  func(k *knowledge)
	}{
		{"an empty one finds nothing", func(k *knowledge) {
			k.expect(frontdesk.Query{Text: "lamp", TopK: 5})
			k.expect(frontdesk.Query{TopK: 5})
			k.expectDocuments("shop", nil)
		}},
		{"the best comes first", func(k *knowledge) {
			k.replace("shop", shopPassages...)
			k.expectFirst(frontdesk.Query{Text: "shipping to Norway", TopK: 3}, "shipping")
			k.expectFirst(frontdesk.Query{Text: "How long is the warranty on lamps?", TopK: 3}, "warranty")
			k.expectFirst(frontdesk.Query{Text: "return an item", TopK: 1}, "returns")
		}},
		{"passages come back as they went in", func(k *knowledge) {
			whole := frontdesk.Passage{
				ID: "p-1", Document: "d-1", Version: "v-1", Title: "Größen 🧦", Untrusted: true, URL: "https://shop.example/a?b=c#d",
				Text: "Socks \"quoted\" \\ come\n\n| size | cm |\n|---|---|\n| S | 22 |", Tenant: "acme",
				Audience: []string{"staff", "gold"}, Labels: map[string]string{"product": "socks", "language": "en"},
				ValidFrom: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), ValidUntil: time.Date(2027, 1, 2, 3, 4, 5, 0, time.UTC),
			}
			k.replace("shop", whole)
			found := k.retrieve(frontdesk.Query{Text: "socks size", TopK: 1, Tenant: "acme", Audience: []string{"gold"}, At: time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)})
			if len(found) != 1 {
				k.t.Fatalf("found %d passages, want 1", len(found))
			}
			got := found[0]
			if !got.ValidFrom.Equal(whole.ValidFrom) || !got.ValidUntil.Equal(whole.ValidUntil) {
				k.t.Errorf("valid from %v until %v, want %v and %v", got.ValidFrom, got.ValidUntil, whole.ValidFrom, whole.ValidUntil)
			}
			got.Score, got.ValidFrom, got.ValidUntil = 0, whole.ValidFrom, whole.ValidUntil
			if !reflect.DeepEqual(got, whole) {
				k.t.Errorf("got  %+v\nwant %+v", got, whole)
			}
		}},
		{"at most k, and no more than there are", func(k *knowledge) {
			var passages []frontdesk.Passage
			for i := range 20 {
				passages = append(passages, frontdesk.Passage{ID: fmt.Sprint("p-", i), Document: "d", Text: fmt.Sprintf("a lamp of kind %d", i)})
			}
			k.replace("shop", passages...)
			for _, topK := range []int{-1, 0, 1, 7, 20, 21, 1000} {
				found := k.retrieve(frontdesk.Query{Text: "lamp", TopK: topK})
				if want := min(max(topK, 0), 20); len(found) != want {
					k.t.Errorf("found %d passages with k = %d, want %d", len(found), topK, want)
				}
				k.expectOrdered(found)
			}
		}},
		{"ties keep their order", func(k *knowledge) {
			var passages []frontdesk.Passage
			for i := range 12 {
				passages = append(passages, frontdesk.Passage{ID: fmt.Sprint("p-", i), Document: fmt.Sprint("d-", i), Text: "the same words"})
			}
			k.replace("shop", passages...)
			first := identities(k.retrieve(frontdesk.Query{Text: "same words", TopK: 12}))
			for topK := 1; topK <= 12; topK++ {
				if got := identities(k.retrieve(frontdesk.Query{Text: "same words", TopK: topK})); !slices.Equal(got, first[:topK]) {
					k.t.Fatalf("found %v with k = %d, want the beginning of %v", got, topK, first)
				}
			}
		}},
		{"updates are seen", func(k *knowledge) {
			k.replace("shop", shopPassages...)
			changed := shopPassages[0]
			changed.Text, changed.Version = "Send an unwanted thing back within 90 days.", "v-2"
			k.replace("shop", changed)
			k.expectFirst(frontdesk.Query{Text: "unwanted thing", TopK: 1}, "returns")
			for _, p := range k.retrieve(frontdesk.Query{Text: "return an item within 30 days", TopK: 10}) {
				if p.ID == "returns" && p.Text != changed.Text {
					k.t.Errorf("the old text is still found: %q", p.Text)
				}
			}
			k.expectDocuments("shop", map[string]string{"returns": "v-2", "shipping": "v-1", "warranty": "v-1"})
		}},
		{"a document may have more or fewer passages than before", func(k *knowledge) {
			p := func(id string) frontdesk.Passage {
				return frontdesk.Passage{ID: id, Document: "d", Version: "v-" + id, Text: "lamp " + id}
			}
			k.replace("shop", p("a"), p("b"), p("c"))
			k.expectSet(frontdesk.Query{Text: "lamp", TopK: 9}, "a", "b", "c")
			k.replace("shop", p("b"))
			k.expectSet(frontdesk.Query{Text: "lamp", TopK: 9}, "b")
			k.replace("shop", p("b"), p("d"))
			k.expectSet(frontdesk.Query{Text: "lamp", TopK: 9}, "b", "d")
		}},
		{"what was deleted is gone", func(k *knowledge) {
			k.replace("shop", shopPassages...)
			k.must(k.Replace(k.t.Context(), "shop", []string{"shipping", "unknown"}, nil, nil))
			k.expectDocuments("shop", map[string]string{"returns": "v-1", "warranty": "v-1"})
			for _, id := range identities(k.retrieve(frontdesk.Query{Text: "shipping to Norway", TopK: 10})) {
				if id == "shipping" {
					k.t.Error("a deleted passage is found")
				}
			}
			k.must(k.Replace(k.t.Context(), "shop", []string{"returns", "warranty"}, nil, nil))
			k.expect(frontdesk.Query{Text: "return warranty", TopK: 10})
			k.expectDocuments("shop", nil)
		}},
		{"sources are kept apart", func(k *knowledge) {
			k.replace("wiki", frontdesk.Passage{ID: "w", Document: "lamps", Version: "v-1", Text: "a lamp of the wiki"})
			k.replace("shop", frontdesk.Passage{ID: "s", Document: "lamps", Version: "v-2", Text: "a lamp of the shop"})
			k.expectSet(frontdesk.Query{Text: "lamp", TopK: 9}, "s", "w")
			k.expectDocuments("wiki", map[string]string{"lamps": "v-1"})
			k.expectDocuments("shop", map[string]string{"lamps": "v-2"})
			k.must(k.Replace(k.t.Context(), "shop", []string{"lamps"}, nil, nil))
			k.expectSet(frontdesk.Query{Text: "lamp", TopK: 9}, "w")
		}},
		{"what cannot be put in changes nothing", func(k *knowledge) {
			k.replace("shop", shopPassages...)
			stranger := frontdesk.Passage{ID: "x", Document: "stranger", Text: "a stranger"}
			if err := k.Replace(k.t.Context(), "shop", []string{"returns"}, []frontdesk.Passage{stranger}, k.vectors(stranger)); err == nil {
				k.t.Error("a passage of a document that is not replaced was accepted")
			}
			changed := shopPassages[0]
			changed.Version = "v-2"
			if err := k.Replace(k.t.Context(), "shop", []string{"returns"}, []frontdesk.Passage{changed}, [][]float32{{1}, {1}}); err == nil {
				k.t.Error("two vectors for one passage were accepted")
			}
			k.expectDocuments("shop", map[string]string{"returns": "v-1", "shipping": "v-1", "warranty": "v-1"})
			k.expectFirst(frontdesk.Query{Text: "return an item", TopK: 1}, "returns")
		}},
		{"labels filter", func(k *knowledge) {
			p := func(id string, labels map[string]string) frontdesk.Passage {
				return frontdesk.Passage{ID: id, Document: id, Text: "about lamps", Labels: labels}
			}
			k.replace("shop",
				p("none", nil),
				p("red", map[string]string{"colour": "red"}),
				p("blue", map[string]string{"colour": "blue", "size": "S"}),
				p("large", map[string]string{"colour": "red", "size": "L"}))
			query := func(filter map[string][]string) frontdesk.Query {
				return frontdesk.Query{Text: "lamps", TopK: 9, Filter: filter}
			}
			k.expectSet(query(nil), "none", "red", "blue", "large")
			k.expectSet(query(map[string][]string{"colour": {"red"}}), "red", "large")
			k.expectSet(query(map[string][]string{"colour": {"red", "blue"}}), "red", "blue", "large")
			k.expectSet(query(map[string][]string{"colour": {"red"}, "size": {"S", "L"}}), "large")
			k.expectSet(query(map[string][]string{"colour": {"green"}}))
			k.expectSet(query(map[string][]string{"colour": {}}))
			k.expectSet(query(map[string][]string{"shape": {""}}))
		}},
		{"filters apply before the best are chosen", func(k *knowledge) {
			var passages []frontdesk.Passage
			for i := range 300 {
				passages = append(passages, frontdesk.Passage{ID: fmt.Sprint("p-", i), Document: fmt.Sprint("d-", i), Text: "lamp warranty years", Labels: map[string]string{"product": "lamp"}})
			}
			passages = append(passages, frontdesk.Passage{ID: "rug", Document: "rug", Text: "A warranty is a promise, also for what lies on the floor.", Labels: map[string]string{"product": "rug"}})
			k.replace("shop", passages...)
			k.expectSet(frontdesk.Query{Text: "lamp warranty years", TopK: 3, Filter: map[string][]string{"product": {"rug"}}}, "rug")
		}},
		{"audiences are kept apart", func(k *knowledge) {
			k.replace("shop",
				frontdesk.Passage{ID: "all", Document: "a", Text: "lamp"},
				frontdesk.Passage{ID: "staff", Document: "b", Text: "lamp", Audience: []string{"staff"}},
				frontdesk.Passage{ID: "both", Document: "c", Text: "lamp", Audience: []string{"staff", "gold"}})
			k.expectSet(frontdesk.Query{Text: "lamp", TopK: 9}, "all")
			k.expectSet(frontdesk.Query{Text: "lamp", TopK: 9, Audience: []string{"gold"}}, "all", "both")
			k.expectSet(frontdesk.Query{Text: "lamp", TopK: 9, Audience: []string{"gold", "staff"}}, "all", "both", "staff")
			k.expectSet(frontdesk.Query{Text: "lamp", TopK: 9, Audience: []string{""}}, "all")
		}},
		{"passages are valid for a time", func(k *knowledge) {
			from, until := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC), time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC)
			k.replace("shop",
				frontdesk.Passage{ID: "always", Document: "a", Text: "lamp"},
				frontdesk.Passage{ID: "march", Document: "b", Text: "lamp", ValidFrom: from, ValidUntil: until},
				frontdesk.Passage{ID: "later", Document: "c", Text: "lamp", ValidFrom: until},
				frontdesk.Passage{ID: "over", Document: "d", Text: "lamp", ValidUntil: from})
			at := func(t time.Time) frontdesk.Query { return frontdesk.Query{Text: "lamp", TopK: 9, At: t} }
			k.expectSet(at(from), "always", "march")
			k.expectSet(at(from.Add(-time.Second)), "always", "over")
			k.expectSet(at(until.Add(-time.Second)), "always", "march")
			k.expectSet(at(until), "always", "later")
		}},
		{"no query returns what is not for it, and none misses what is", (*knowledge).expectIsolation},
		{"a search sees all of a replacement or nothing", (*knowledge).expectAtomic},
		{"a canceled search or replacement says so", func(k *knowledge) {
			k.replace("shop", shopPassages...)
			ctx, cancel := context.WithCancel(k.t.Context())
			cancel()
			if _, err := k.Retrieve(ctx, frontdesk.Query{Text: "lamp", TopK: 1}); !errors.Is(err, context.Canceled) {
				k.t.Errorf("retrieve: got error %v, want context.Canceled", err)
			}
			if err := k.Replace(ctx, "shop", []string{"returns"}, nil, nil); !errors.Is(err, context.Canceled) {
				k.t.Errorf("replace: got error %v, want context.Canceled", err)
			}
			k.expectDocuments("shop", map[string]string{"returns": "v-1", "shipping": "v-1", "warranty": "v-1"})
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) { test.run(&knowledge{open(t), t, embedder}) })
	}
}

// shopPassages each stand alone in a document.
var shopPassages = []frontdesk.Passage{
	{ID: "returns", Document: "returns", Version: "v-1", Title: "Returns", Text: "You can return an item within 30 days and get your money back."},
	{ID: "shipping", Document: "shipping", Version: "v-1", Title: "Shipping costs", Text: "Shipping within the EU costs 4.90 EUR. Shipping to Norway takes a week."},
	{ID: "warranty", Document: "warranty", Version: "v-1", Title: "Warranty", Text: "The warranty on lamps is three years. Keep the receipt."},
}

// knowledge is a knowledge base under test.
type knowledge struct {
	KnowledgeBase
	t        *testing.T
	embedder frontdesk.Embedder
}

func (k *knowledge) must(err error) {
	k.t.Helper()
	if err != nil {
		k.t.Fatal(err)
	}
}

// replace replaces the documents of the given passages.
func (k *knowledge) replace(source string, passages ...frontdesk.Passage) {
	k.t.Helper()
	var documents []string
	for _, p := range passages {
		if !slices.Contains(documents, p.Document) {
			documents = append(documents, p.Document)
		}
	}
	k.must(k.Replace(k.t.Context(), source, documents, passages, k.vectors(passages...)))
}

func (k *knowledge) vectors(passages ...frontdesk.Passage) [][]float32 {
	if k.embedder == nil {
		return nil
	}
	var texts []string
	for _, p := range passages {
		texts = append(texts, p.Title+"\n"+p.Text)
	}
	vectors, err := k.embedder.Embed(k.t.Context(), texts, frontdesk.EmbedPassage)
	if err != nil {
		k.t.Errorf("embed: %v", err)
	}
	return vectors
}

func (k *knowledge) retrieve(query frontdesk.Query) []frontdesk.Passage {
	k.t.Helper()
	passages, err := k.Retrieve(k.t.Context(), query)
	if err != nil {
		k.t.Errorf("retrieve: %v", err)
	}
	return passages
}

func identities(passages []frontdesk.Passage) []string {
	ids := make([]string, len(passages))
	for i, p := range passages {
		ids[i] = p.ID
	}
	return ids
}

func (k *knowledge) expect(query frontdesk.Query, want ...string) {
	k.t.Helper()
	if got := identities(k.retrieve(query)); !slices.Equal(got, want) {
		k.t.Errorf("%q: found %q, want %q", query.Text, got, want)
	}
}

func (k *knowledge) expectFirst(query frontdesk.Query, want string) {
	k.t.Helper()
	found := k.retrieve(query)
	k.expectOrdered(found)
	if len(found) == 0 || found[0].ID != want {
		k.t.Errorf("%q: found %q, want %q first", query.Text, identities(found), want)
	}
}

func (k *knowledge) expectSet(query frontdesk.Query, want ...string) {
	k.t.Helper()
	got := identities(k.retrieve(query))
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		k.t.Errorf("%q for tenant %q, audience %q, filter %v: found %q, want %q", query.Text, query.Tenant, query.Audience, query.Filter, got, want)
	}
}

func (k *knowledge) expectOrdered(found []frontdesk.Passage) {
	k.t.Helper()
	for i := 1; i < len(found); i++ {
		if found[i].Score > found[i-1].Score {
			k.t.Errorf("score %v of %q stands behind %v of %q", found[i].Score, found[i].ID, found[i-1].Score, found[i-1].ID)
		}
	}
}

func (k *knowledge) expectDocuments(source string, want map[string]string) {
	k.t.Helper()
	got, err := k.Documents(k.t.Context(), source)
	k.must(err)
	if !maps.Equal(got, want) {
		k.t.Errorf("documents of %q: %v, want %v", source, got, want)
	}
}

// expectIsolation searches random passages for random customers. All passages
// share a word, so that each search must find all that it may see.
func (k *knowledge) expectIsolation() {
	random := rand.New(rand.NewPCG(1, 2))
	pick := func(of ...string) string { return of[random.IntN(len(of))] }
	some := func(of ...string) (chosen []string) {
		for _, s := range of {
			if random.IntN(3) == 0 {
				chosen = append(chosen, s)
			}
		}
		return chosen
	}
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	moment := func() time.Time {
		if random.IntN(4) > 0 {
			return time.Time{}
		}
		return start.Add(time.Duration(random.IntN(100)) * time.Hour)
	}
	tenants := []string{"", "acme", "acme2", "ACME", "a' OR '1'='1", "%"}
	groups := []string{"staff", "gold", "Gold", "sta", "{}"}
	var all []frontdesk.Passage
	const passages, batch = 240, 60
	for i := range passages {
		p := frontdesk.Passage{
			ID: fmt.Sprint("p-", i), Document: fmt.Sprint("d-", i), Text: fmt.Sprintf("lamp number %d", i),
			Tenant: pick(tenants...), Audience: some(groups...), ValidFrom: moment(), ValidUntil: moment(),
		}
		for _, label := range some("product", "language", "region") {
			if p.Labels == nil {
				p.Labels = make(map[string]string)
			}
			p.Labels[label] = pick("a", "b", "A", "")
		}
		all = append(all, p)
	}
	for first := 0; first < passages; first += batch {
		k.replace("shop", all[first:first+batch]...)
	}
	for range 150 {
		query := frontdesk.Query{
			Text: pick("lamp", "lamp number", "which lamp is number 7?"), TopK: passages,
			Tenant: pick(tenants...), Audience: some(groups...), At: start.Add(time.Duration(random.IntN(100)) * time.Hour),
		}
		for _, label := range some("product", "language", "region") {
			if query.Filter == nil {
				query.Filter = make(map[string][]string)
			}
			query.Filter[label] = some("a", "b", "A", "")
		}
		var want []string
		for i := range all {
			if query.Admits(&all[i]) {
				want = append(want, all[i].ID)
			}
		}
		k.expectSet(query, want...)
		query.TopK = 3
		for _, p := range k.retrieve(query) {
			if !query.Admits(&p) {
				k.t.Errorf("passage %+v was found by %+v", p, query)
			}
		}
	}
}

// expectAtomic searches while a document is replaced again and again.
func (k *knowledge) expectAtomic() {
	const versions = 30
	version := func(v int) []frontdesk.Passage {
		var passages []frontdesk.Passage
		for i := range 3 {
			passages = append(passages, frontdesk.Passage{
				ID: fmt.Sprintf("p-%d-%d", v, i), Document: "d", Version: fmt.Sprint(v), Text: fmt.Sprintf("lamp %d", i),
			})
		}
		return passages
	}
	k.replace("shop", version(0)...)
	done := make(chan struct{})
	var group sync.WaitGroup
	for range 2 {
		group.Go(func() {
			for {
				found := k.retrieve(frontdesk.Query{Text: "lamp", TopK: 9})
				if len(found) != 3 || found[1].Version != found[0].Version || found[2].Version != found[0].Version {
					k.t.Errorf("found %q, want the three passages of one version", identities(found))
				}
				select {
				case <-done:
					return
				default:
				}
			}
		})
	}
	func() {
		defer group.Wait()
		defer close(done)
		for v := range versions {
			passages := version(v + 1)
			k.must(k.Replace(k.t.Context(), "shop", []string{"d"}, passages, k.vectors(passages...)))
		}
	}()
	k.expectDocuments("shop", map[string]string{"d": fmt.Sprint(versions)})
}
