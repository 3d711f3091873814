package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk"
	"github.com/frontdesk-go/frontdesk/frontdesktest"
	"github.com/frontdesk-go/frontdesk/postgres"
)

// servers are where passages are tested: on a PostgreSQL without pgvector and on
// one with it.
var servers = map[string]func(testing.TB) string{
	"plain": databaseURL,
	"pgvector": func(t testing.TB) string {
		url := os.Getenv("FRONTDESK_PGVECTOR_URL")
		if url == "" {
			t.Skip("no PostgreSQL with pgvector: set FRONTDESK_PGVECTOR_URL, or run the tests by .ci/pgvector go test ./postgres/...")
		}
		return url
	},
}

func onEachServer(t *testing.T, run func(t *testing.T, url string)) {
	for name, url := range servers {
		t.Run(name, func(t *testing.T) { run(t, url(t)) })
	}
}

func openPassages(t testing.TB, url string, config postgres.PassagesConfig) *postgres.Passages {
	t.Helper()
	config.URL = url
	if config.Schema == "" {
		config.Schema = newSchema(t, url)
	}
	passages, err := postgres.OpenPassages(t.Context(), config)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, passages.Close()) })
	return passages
}

func TestPassagesAreARetriever(t *testing.T) {
	onEachServer(t, func(t *testing.T, url string) {
		t.Run("by words", func(t *testing.T) {
			frontdesktest.TestRetriever(t, nil, func(t *testing.T) frontdesktest.KnowledgeBase {
				return openPassages(t, url, postgres.PassagesConfig{})
			})
		})
		t.Run("by words and vectors", func(t *testing.T) {
			embedder := &frontdesktest.HashEmbedder{Dimensions: 64}
			frontdesktest.TestRetriever(t, embedder, func(t *testing.T) frontdesktest.KnowledgeBase {
				return openPassages(t, url, postgres.PassagesConfig{Embedder: embedder, Model: "words"})
			})
		})
	})
}

func put(t testing.TB, p *postgres.Passages, embedder frontdesk.Embedder, passages ...frontdesk.Passage) {
	t.Helper()
	var documents, texts []string
	for i := range passages {
		if passages[i].Document == "" {
			passages[i].Document = passages[i].ID
		}
		documents, texts = append(documents, passages[i].Document), append(texts, passages[i].Text)
	}
	var vectors [][]float32
	if embedder != nil {
		var err error
		vectors, err = embedder.Embed(t.Context(), texts, frontdesk.EmbedPassage)
		require.NoError(t, err)
	}
	require.NoError(t, p.Replace(t.Context(), "test", documents, passages, vectors))
}

func find(t testing.TB, p *postgres.Passages, query frontdesk.Query) []string {
	t.Helper()
	found, err := p.Retrieve(t.Context(), query)
	require.NoError(t, err)
	ids := make([]string, len(found))
	for i, passage := range found {
		ids[i] = passage.ID
	}
	return ids
}

func TestWordsAreFoundInTheirOtherForms(t *testing.T) {
	onEachServer(t, func(t *testing.T, url string) {
		p := openPassages(t, url, postgres.PassagesConfig{})
		put(t, p, nil,
			frontdesk.Passage{ID: "en", Text: "You can return the items within 30 days."},
			frontdesk.Passage{ID: "de", Text: "Die Rücksendungen sind für Kunden in der EU kostenlos, und das für 30 Tage."},
			frontdesk.Passage{ID: "fr", Text: "Les remboursements sont versés dans les dix jours sur votre compte."},
			frontdesk.Passage{ID: "es", Text: "Las devoluciones se hacen en los treinta días, y no hay gastos para el cliente."},
			frontdesk.Passage{ID: "pt", Text: "As entregas são feitas em uma semana, e você não paga os portes."},
			frontdesk.Passage{ID: "it", Text: "Le spedizioni sono gratuite per gli ordini con un valore di 50 euro."},
			frontdesk.Passage{ID: "nl", Text: "De bestellingen worden binnen een week geleverd en het is gratis."},
			frontdesk.Passage{ID: "labelled", Text: "Lampen, Schirme", Labels: map[string]string{"language": "de-AT"}},
			frontdesk.Passage{ID: "code", Text: "ERR-4711: Zahlung XQ17"},
			frontdesk.Passage{ID: "zh", Text: "退货政策:三十天内可以退货"},
			frontdesk.Passage{ID: "ja", Text: "返品は30日以内にお願いします"},
			frontdesk.Passage{ID: "th", Text: "นโยบายการคืนสินค้า"},
			frontdesk.Passage{ID: "ru", Text: "Гарантия на лампы — три года"},
			frontdesk.Passage{ID: "ar", Text: "سياسة الإرجاع ثلاثون يوما"},
			frontdesk.Passage{ID: "hi", Text: "वापसी नीति तीस दिन"},
		)
		for query, want := range map[string]string{
			"How do I return an item?":               "en",
			"RETURNING ITEMS":                        "en",
			"Was kostet eine Rücksendung?":           "de",
			"RÜCKSENDUNG":                            "de",
			"Quand le remboursement est-il versé ?":  "fr",
			"¿Cómo hago una devolución?":             "es",
			"Quando é feita a entrega?":              "pt",
			"Quanto costa la spedizione?":            "it",
			"Wanneer wordt mijn bestelling geleverd": "nl",
			"Lampe":                                  "labelled",
			"what does ERR-4711 mean":                "code",
			"xq17":                                   "code",
			"怎么退货":                                   "zh",
			"返品したい":                                  "ja",
			"คืนสินค้า":                              "th",
			"гарантия":                               "ru",
			"الإرجاع":                                "ar",
			"वापसी":                                  "hi",
		} {
			found := find(t, p, frontdesk.Query{Text: query, TopK: 3})
			if assert.NotEmpty(t, found, query) {
				assert.Equal(t, want, found[0], query)
			}
		}
		for _, query := range []string{"the", "is it on the", "nothing like this!", "' OR 1=1 --", "\x00", "\xff", "& | ! ( ) <-> :*", `\'`} {
			assert.Empty(t, find(t, p, frontdesk.Query{Text: query, TopK: 3}), query)
		}
	})
}

func TestRareWordsCountMore(t *testing.T) {
	onEachServer(t, func(t *testing.T, url string) {
		p := openPassages(t, url, postgres.PassagesConfig{})
		var passages []frontdesk.Passage
		for i := range 50 {
			passages = append(passages, frontdesk.Passage{ID: fmt.Sprint("card-", i), Text: "Your card, the card, a card and its card number: all about the card."})
		}
		passages = append(passages, frontdesk.Passage{ID: "rare", Text: "A contactless payment needs no number when the amount is small, and the terminal says so."})
		put(t, p, nil, passages...)
		assert.Equal(t, "rare", find(t, p, frontdesk.Query{Text: "contactless card", TopK: 3})[0])
	})
}

func TestFollowUpsTakeTheirTopicFromBefore(t *testing.T) {
	onEachServer(t, func(t *testing.T, url string) {
		for _, embedder := range []frontdesk.Embedder{nil, &frontdesktest.HashEmbedder{Dimensions: 256}} {
			p := openPassages(t, url, postgres.PassagesConfig{Embedder: embedder, Model: "words"})
			put(t, p, embedder,
				frontdesk.Passage{ID: "warranty", Text: "The warranty on lamps is three years."},
				frontdesk.Passage{ID: "shipping", Text: "Shipping to Norway takes a week, however long the way."},
				frontdesk.Passage{ID: "receipt", Text: "Keep the receipt."})
			assert.Equal(t, "warranty", find(t, p, frontdesk.Query{Text: "and how many years?", Previous: []string{"Is there a warranty on lamps?"}, TopK: 2})[0])
			assert.Equal(t, "shipping", find(t, p, frontdesk.Query{Text: "norway", Previous: []string{"receipt"}, TopK: 2})[0])
		}
	})
}

func TestVectorsOfAnotherModelAreRefused(t *testing.T) {
	onEachServer(t, func(t *testing.T, url string) {
		config := postgres.PassagesConfig{Embedder: &frontdesktest.HashEmbedder{Dimensions: 16}, Model: "words"}
		config.Schema = newSchema(t, url)
		p := openPassages(t, url, config)
		lamp := []frontdesk.Passage{{ID: "lamp", Document: "d", Text: "lamp"}}
		put(t, p, config.Embedder, lamp...)

		longer, err := (&frontdesktest.HashEmbedder{Dimensions: 17}).Embed(t.Context(), []string{"lamp"}, frontdesk.EmbedPassage)
		require.NoError(t, err)
		require.ErrorContains(t, p.Replace(t.Context(), "test", []string{"e"}, []frontdesk.Passage{{ID: "e", Document: "e"}}, longer), "17 dimensions")
		assert.Equal(t, []string{"lamp"}, find(t, p, frontdesk.Query{Text: "lamp", TopK: 3}))
		require.NoError(t, p.Close())

		other := config
		other.URL, other.Model = url, "other"
		_, err = postgres.OpenPassages(t.Context(), other)
		require.ErrorContains(t, err, `"words"`)
		other.Embedder, other.Model = &frontdesktest.HashEmbedder{Dimensions: 16}, ""
		_, err = postgres.OpenPassages(t.Context(), other)
		require.ErrorContains(t, err, "PassagesConfig.Model")

		// By words alone they can be searched, and taken out for another model.
		byWords := openPassages(t, url, postgres.PassagesConfig{Config: config.Config})
		assert.Equal(t, []string{"lamp"}, find(t, byWords, frontdesk.Query{Text: "lamp", TopK: 3}))
		require.NoError(t, byWords.Replace(t.Context(), "test", []string{"d"}, nil, nil))
		require.NoError(t, byWords.Close())
		other.Model, other.Embedder = "other", &frontdesktest.HashEmbedder{Dimensions: 17}
		p = openPassages(t, url, postgres.PassagesConfig{Config: config.Config, Embedder: other.Embedder, Model: "other"})
		put(t, p, other.Embedder, lamp...)
		assert.Equal(t, []string{"lamp"}, find(t, p, frontdesk.Query{Text: "lamp", TopK: 3}))
	})
}

// brokenEmbedder fails, as a host that has no requests left.
type brokenEmbedder struct{}

func (brokenEmbedder) Embed(context.Context, []string, frontdesk.EmbedKind) ([][]float32, error) {
	return nil, errors.New("no request left")
}

func TestWordsAloneAnswerWhenTheEmbedderFails(t *testing.T) {
	onEachServer(t, func(t *testing.T, url string) {
		var told error
		p := openPassages(t, url, postgres.PassagesConfig{
			Embedder: brokenEmbedder{}, Model: "words", Fallback: func(_ frontdesk.Query, err error) { told = err },
		})
		put(t, p, &frontdesktest.HashEmbedder{Dimensions: 16}, frontdesk.Passage{ID: "lamp", Text: "lamp"})
		assert.Equal(t, []string{"lamp"}, find(t, p, frontdesk.Query{Text: "lamp", TopK: 3}))
		require.ErrorContains(t, told, "no request left")
	})
}

// A filter that one passage in a hundred fits still gives k results, whether
// PostgreSQL has an index for it or must search on behind the nearest.
func TestRareFiltersGetAsManyResults(t *testing.T) {
	onEachServer(t, func(t *testing.T, url string) {
		embedder := &frontdesktest.HashEmbedder{Dimensions: 32}
		p := openPassages(t, url, postgres.PassagesConfig{Embedder: embedder, Model: "words"})
		var passages []frontdesk.Passage
		const count, groups = 1500, 100
		var all []string
		for i := range count {
			group := fmt.Sprint("g", i%groups)
			if i < groups {
				all = append(all, group)
			}
			passages = append(passages, frontdesk.Passage{
				ID: fmt.Sprint(i), Document: fmt.Sprint(i), Text: fmt.Sprintf("w%d w%d w%d w%d", i%7, i%11, i%13, i%17),
				Labels: map[string]string{"group": group}, Audience: []string{group},
			})
		}
		put(t, p, embedder, passages...)
		for _, group := range []string{"g0", "g42", "g99"} {
			for _, text := range []string{"w1 w2 w3 w5 w12", "nowhere to be found"} {
				query := frontdesk.Query{Text: text, TopK: count / groups, Audience: []string{group}}
				assert.Len(t, find(t, p, query), query.TopK, "by audience")
				query = frontdesk.Query{Text: text, TopK: count / groups, Audience: all, Filter: map[string][]string{"group": {group}}}
				assert.Len(t, find(t, p, query), query.TopK, "by label")
			}
		}
	})
}
