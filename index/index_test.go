package index_test

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk"
	"github.com/frontdesk-go/frontdesk/index"
)

func retrieve(t *testing.T, x *index.Index, query frontdesk.Query) []string {
	t.Helper()
	if query.TopK == 0 {
		query.TopK = 3
	}
	passages, err := x.Retrieve(t.Context(), query)
	require.NoError(t, err)
	var ids []string
	for i, p := range passages {
		ids = append(ids, p.ID)
		assert.Positive(t, p.Score)
		if i > 0 {
			assert.LessOrEqual(t, p.Score, passages[i-1].Score)
		}
	}
	return ids
}

// put replaces the document of a passage.
func put(t *testing.T, x *index.Index, p frontdesk.Passage) {
	t.Helper()
	require.NoError(t, x.Replace(t.Context(), "shop", []string{p.Document}, []frontdesk.Passage{p}, nil))
}

var shop = []frontdesk.Passage{
	{ID: "returns", Title: "Returns", Text: "You can return an item within 30 days and get your money back."},
	{ID: "shipping", Title: "Shipping costs", Text: "Shipping within the EU costs 4.90 EUR. To Norway it costs 12 EUR."},
	{ID: "warranty", Title: "Warranty", Text: "Lamps have a warranty of three years. Keep the receipt."},
	{ID: "chinese", Title: "退货政策", Text: "您可以在三十天内退货并获得退款。"},
	{ID: "acme", Title: "Returns at Acme", Text: "Acme takes items back within 90 days.", Tenant: "acme"},
}

func TestRetrieve(t *testing.T) {
	x := index.New(shop...)
	tests := []struct {
		name  string
		query frontdesk.Query
		want  []string
	}{
		{"word of the text", frontdesk.Query{Text: "Do I need the receipt?"}, []string{"warranty"}},
		{"function words find nothing", frontdesk.Query{Text: "What is it to you?"}, nil},
		{"title counts", frontdesk.Query{Text: "warranty"}, []string{"warranty"}},
		{"case and punctuation do not", frontdesk.Query{Text: "NORWAY?!"}, []string{"shipping"}},
		{"no shared word", frontdesk.Query{Text: "xylophone"}, nil},
		{"empty", frontdesk.Query{}, nil},
		{"Chinese", frontdesk.Query{Text: "怎么退货"}, []string{"chinese"}},
		{"top k", frontdesk.Query{Text: "returns shipping costs", TopK: 1}, []string{"shipping"}},
		{"follow-up takes its topic from before", frontdesk.Query{Text: "and how long?", Previous: []string{"Is there a warranty on lamps?"}}, []string{"warranty"}},
		{"but the newest message leads", frontdesk.Query{Text: "norway", Previous: []string{"receipt"}, TopK: 1}, []string{"shipping"}},
		{"other tenants see nothing of it", frontdesk.Query{Text: "acme", Tenant: "other"}, nil},
		{"its own does", frontdesk.Query{Text: "acme", Tenant: "acme"}, []string{"acme"}},
		{"negative k", frontdesk.Query{Text: "warranty", TopK: -1}, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			assert.Equal(t, test.want, retrieve(t, x, test.query))
		})
	}
}

func TestEmptyIndex(t *testing.T) {
	assert.Empty(t, retrieve(t, new(index.Index), frontdesk.Query{Text: "anything"}))
}

func TestTiesKeepTheirOrder(t *testing.T) {
	x := index.New()
	var want []string
	for i := range 20 {
		id := fmt.Sprint(i)
		put(t, x, frontdesk.Passage{ID: id, Document: id, Text: "same words"})
		want = append(want, id)
	}
	for range 20 {
		assert.Equal(t, want, retrieve(t, x, frontdesk.Query{Text: "same", TopK: 20}))
	}
}

func TestCanceled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := index.New(shop...).Retrieve(ctx, frontdesk.Query{Text: "warranty", TopK: 1})
	assert.ErrorIs(t, err, context.Canceled)
}

func TestSearchWhileAdding(t *testing.T) {
	x := index.New(shop...)
	var group sync.WaitGroup
	for i := range 8 {
		group.Go(func() {
			for j := range 50 {
				id := fmt.Sprintf("%d-%d", i, j)
				put(t, x, frontdesk.Passage{ID: id, Document: id, Text: "new passage about vouchers"})
				assert.Equal(t, []string{"warranty"}, retrieve(t, x, frontdesk.Query{Text: "receipt", TopK: 1}))
			}
		})
	}
	group.Wait()
	assert.Len(t, retrieve(t, x, frontdesk.Query{Text: "voucher", TopK: 1000}), 400)
}

func ExampleIndex() {
	x := index.New(
		frontdesk.Passage{ID: "returns", Title: "Returns", Text: "Return an item within 30 days."},
		frontdesk.Passage{ID: "shipping", Title: "Shipping", Text: "Shipping costs 4.90 EUR."},
	)
	passages, err := x.Retrieve(context.Background(), frontdesk.Query{Text: "What does shipping cost?", TopK: 1})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(passages[0].Title)
	// Output: Shipping
}
