package frontdesk_test

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/openai/openai-go/v3/option"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk"
)

// embeddingHost is a model host for embeddings that keeps what it was asked.
type embeddingHost struct {
	*httptest.Server
	mu     sync.Mutex
	asked  [][]string
	bodies []map[string]any
}

// newEmbeddingHost starts a host. Answer is given the number of the request,
// from 0, and its texts.
func newEmbeddingHost(t *testing.T, answer func(request int, texts []string) (status int, body string)) *embeddingHost {
	t.Helper()
	h := new(embeddingHost)
	h.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var body struct {
			Input []string `json:"input"`
		}
		var fields map[string]any
		var raw json.RawMessage
		if r.URL.Path != "/v1/embeddings" || json.NewDecoder(r.Body).Decode(&raw) != nil ||
			json.Unmarshal(raw, &body) != nil || json.Unmarshal(raw, &fields) != nil {
			http.Error(w, "not a request for embeddings", http.StatusNotFound)
			return
		}
		h.mu.Lock()
		request := len(h.asked)
		h.asked = append(h.asked, body.Input)
		h.bodies = append(h.bodies, fields)
		h.mu.Unlock()
		status, text := answer(request, body.Input)
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = w.Write([]byte(text))
	}))
	t.Cleanup(h.Close)
	return h
}

func (h *embeddingHost) provider() *frontdesk.OpenAICompatible {
	return &frontdesk.OpenAICompatible{BaseURL: h.URL + "/v1", APIKey: "test-key", Retries: -1}
}

// requests returns the texts of each request.
func (h *embeddingHost) requests() [][]string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.asked)
}

// embedBackwards answers each text with a vector that tells its last byte, and
// lists the vectors in the wrong order.
func embedBackwards(_ int, texts []string) (int, string) {
	var items []string
	for i, text := range slices.Backward(texts) {
		items = append(items, fmt.Sprintf(`{"object":"embedding","index":%d,"embedding":[%d,100]}`, i, text[len(text)-1]))
	}
	return http.StatusOK, `{"object":"list","data":[` + strings.Join(items, ",") + `],"model":"m","usage":{"prompt_tokens":1,"total_tokens":1}}`
}

// always answers every request alike.
func always(status int, body string) func(int, []string) (int, string) {
	return func(int, []string) (int, string) { return status, body }
}

// numberedTexts returns texts that end in different letters.
func numberedTexts(count int) []string {
	texts := make([]string, count)
	for i := range texts {
		texts[i] = fmt.Sprintf("text %d %c", i, 'a'+i%26)
	}
	return texts
}

func assertBackwards(t *testing.T, texts []string, vectors [][]float32) {
	t.Helper()
	require.Len(t, vectors, len(texts))
	for i, text := range texts {
		last := float64(text[len(text)-1])
		length := math.Hypot(last, 100)
		assert.InDeltaSlice(t, []float64{last / length, 100 / length}, []float64{float64(vectors[i][0]), float64(vectors[i][1])}, 1e-6, text)
	}
}

func TestEmbedPutsVectorsInTheOrderOfTheTexts(t *testing.T) {
	host := newEmbeddingHost(t, embedBackwards)
	embeddings := &frontdesk.Embeddings{Host: host.provider(), BatchSize: 4}
	texts := numberedTexts(10)

	vectors, err := embeddings.Embed(t.Context(), texts, frontdesk.EmbedPassage)

	require.NoError(t, err)
	assertBackwards(t, texts, vectors)
	assert.Equal(t, [][]string{texts[:4], texts[4:8], texts[8:]}, host.requests())
	assert.Equal(t, len(host.requests()), embeddings.Requests(len(texts)))
	for _, body := range host.bodies {
		assert.Equal(t, "bge-large", body["model"])
		assert.Len(t, body, 2, "nothing is sent but the model and the texts")
	}
}

func TestEmbedRequests(t *testing.T) {
	var embeddings frontdesk.Embeddings
	for texts, want := range map[int]int{-1: 0, 0: 0, 1: 1, 256: 1, 257: 2, 1000: 4} {
		assert.Equal(t, want, embeddings.Requests(texts), texts)
	}
	assert.Equal(t, 10, (&frontdesk.Embeddings{BatchSize: 1}).Requests(10))
}

func TestEmbedPrefixes(t *testing.T) {
	const bge = "Represent this sentence for searching relevant passages: "
	own := map[frontdesk.EmbedKind]string{frontdesk.EmbedPassage: "search_document: "}
	for _, test := range []struct {
		model          string
		prefixes       map[frontdesk.EmbedKind]string
		query, passage string
	}{
		{model: "", query: bge},
		{model: frontdesk.BGELarge, query: bge},
		{model: "BAAI/bge-large-en-v1.5", query: bge},
		{model: "BGE_Small:335m", query: bge},
		{model: frontdesk.E5Large, query: "query: ", passage: "passage: "},
		{model: "intfloat/E5-base-v2", query: "query: ", passage: "passage: "},
		{model: "intfloat/multilingual-e5-large", query: "query: ", passage: "passage: "},
		{model: "intfloat/multilingual-e5-large-instruct"},
		{model: "bge-large-zh-v1.5"},
		{model: "bge-m3"},
		{model: "bge-reranker-large"},
		{model: "nomic-embed-text"},
		{model: "nomic-embed-text", prefixes: own, passage: "search_document: "},
		{model: frontdesk.E5Large, prefixes: map[frontdesk.EmbedKind]string{}},
	} {
		t.Run(test.model, func(t *testing.T) {
			host := newEmbeddingHost(t, embedBackwards)
			embeddings := &frontdesk.Embeddings{Host: host.provider(), Model: test.model, Prefixes: test.prefixes}
			for _, kind := range []frontdesk.EmbedKind{frontdesk.EmbedQuery, frontdesk.EmbedPassage} {
				_, err := embeddings.Embed(t.Context(), []string{"Refunds?"}, kind)
				require.NoError(t, err)
			}
			assert.Equal(t, [][]string{{test.query + "Refunds?"}, {test.passage + "Refunds?"}}, host.requests())
		})
	}
}

func TestEmbedReadsWhatHostsAnswer(t *testing.T) {
	base64Of := func(values ...float32) string {
		var packed []byte
		for _, value := range values {
			packed = binary.LittleEndian.AppendUint32(packed, math.Float32bits(value))
		}
		return base64.StdEncoding.EncodeToString(packed)
	}
	for _, test := range []struct {
		name, body, problem string // for two texts, whose vectors are [1,0] and [0,1]
	}{
		{"with spaces", "{\"data\": [\n{\"index\": 0, \"embedding\": [ 1.0 ,\n0 ]}, {\"index\": 1, \"embedding\": [0, 1e0]}]}", ""},
		{"in order", `{"data":[{"index":0,"embedding":[1,0]},{"index":1,"embedding":[0,1]}]}`, ""},
		{"shuffled", `{"data":[{"index":1,"embedding":[0,1]},{"index":0,"embedding":[1,0]}]}`, ""},
		{"no index at all", `{"data":[{"embedding":[1,0]},{"embedding":[0,1]}]}`, ""},
		{"index of zero left out", `{"data":[{"index":1,"embedding":[0,1]},{"embedding":[1,0]}]}`, ""},
		{"index of null", `{"data":[{"index":null,"embedding":[1,0]},{"index":1,"embedding":[0,1]}]}`, ""},
		{"not normalised", `{"data":[{"index":0,"embedding":[3e30,0]},{"index":1,"embedding":[0,1e-40]}]}`, ""},
		{"base64", `{"data":[{"index":0,"embedding":"` + base64Of(2, 0) + `"},{"index":1,"embedding":"` + base64Of(0, 0.5) + `"}]}`, ""},
		{"base64 beside numbers", `{"data":[{"index":0,"embedding":"` + base64Of(2, 0) + `"},{"index":1,"embedding":[0,1]}]}`, ""},
		{"error field of null", `{"error":null,"data":[{"index":0,"embedding":[1,0]},{"index":1,"embedding":[0,1]}]}`, ""},

		{"one missing", `{"data":[{"index":0,"embedding":[1,0]}]}`, "1 vectors for 2 texts"},
		{"one too many", `{"data":[{"embedding":[1,0]},{"embedding":[1,0]},{"embedding":[1,0]}]}`, "3 vectors for 2 texts"},
		{"none", `{"data":[]}`, "0 vectors for 2 texts"},
		{"same index twice", `{"data":[{"index":0,"embedding":[1,0]},{"index":0,"embedding":[0,1]}]}`, "two vectors for text 0"},
		{"index beyond the texts", `{"data":[{"index":1,"embedding":[1,0]},{"index":2,"embedding":[0,1]}]}`, "index 2 for 2 texts"},
		{"negative index", `{"data":[{"index":-1,"embedding":[1,0]},{"index":0,"embedding":[0,1]}]}`, "index -1 for 2 texts"},
		{"mixed dimensions", `{"data":[{"index":0,"embedding":[1,0]},{"index":1,"embedding":[0,1,0]}]}`, "vector 1 has 3 dimensions and vector 0 has 2"},
		{"empty vector", `{"data":[{"index":0,"embedding":[]},{"index":1,"embedding":[0,1]}]}`, "vector 0 is missing"},
		{"no vector", `{"data":[{"index":0},{"index":1,"embedding":[0,1]}]}`, "vector 0 is missing"},
		{"zero vector", `{"data":[{"index":0,"embedding":[1,0]},{"index":1,"embedding":[0,0]}]}`, "vector 1 is zero"},
		{"null in a vector", `{"data":[{"index":0,"embedding":[1,null]},{"index":1,"embedding":[0,1]}]}`, `value 1 of a vector: strconv.ParseFloat: parsing "null"`},
		{"NaN as Python writes it", `{"data":[{"index":0,"embedding":[NaN,0]},{"index":1,"embedding":[0,1]}]}`, "invalid character 'N'"},
		{"NaN in base64", `{"data":[{"index":0,"embedding":"` + base64Of(1, float32(math.NaN())) + `"},{"index":1,"embedding":[0,1]}]}`, "vector 0 is not finite"},
		{"infinite in base64", `{"data":[{"index":0,"embedding":[1,0]},{"index":1,"embedding":"` + base64Of(float32(math.Inf(-1)), 1) + `"}]}`, "vector 1 is not finite"},
		{"beyond float32", `{"data":[{"index":0,"embedding":[1e39,0]},{"index":1,"embedding":[0,1]}]}`, `parsing "1e39": value out of range`},
		{"bytes that are no floats", `{"data":[{"index":0,"embedding":"AAAAAAA="},{"index":1,"embedding":[0,1]}]}`, "5 bytes are no sequence of float32 values"},
		{"bad base64", `{"data":[{"index":0,"embedding":"?"},{"index":1,"embedding":[0,1]}]}`, "illegal base64"},
		{"a vector for each token", `{"data":[{"index":0,"embedding":[[1,0]]},{"index":1,"embedding":[[0,1]]}]}`, `parsing "[1": invalid syntax`},
		{"neither numbers nor base64", `{"data":[{"index":0,"embedding":{"values":[1,0]}},{"index":1,"embedding":[0,1]}]}`, "is no vector"},
		{"vector of null", `{"data":[{"index":0,"embedding":null},{"index":1,"embedding":[0,1]}]}`, `"null" is no vector`},
		{"not JSON", `<html>`, "invalid character '<'"},
		{"cut off", `{"data":[{"index":0,"embedding":[1`, "unexpected end of JSON input"},
		{"empty", ``, "unexpected end of JSON input"},
	} {
		t.Run(test.name, func(t *testing.T) {
			host := newEmbeddingHost(t, always(http.StatusOK, test.body))
			embeddings := &frontdesk.Embeddings{Host: host.provider()}

			vectors, err := embeddings.Embed(t.Context(), []string{"a", "b"}, frontdesk.EmbedPassage)

			if test.problem != "" {
				require.ErrorContains(t, err, test.problem)
				assert.ErrorContains(t, err, "embed texts[0:2] of 2: ")
				assert.Nil(t, vectors)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, [][]float32{{1, 0}, {0, 1}}, vectors)
		})
	}
}

func TestEmbedPassesErrorsOfTheHostOn(t *testing.T) {
	for _, test := range []struct {
		name, body string
		status     int
		sentinel   error
		message    string
	}{
		{"key", `{"error":{"message":"bad key"}}`, http.StatusUnauthorized, frontdesk.ErrAuth, "bad key"},
		{"plan", `{"error":{"message":"plan limit reached"}}`, http.StatusForbidden, frontdesk.ErrQuota, "plan limit reached"},
		{"text too long", `{"error":"Input validation error: inputs must have less than 512 tokens. Given: 600"}`, http.StatusBadRequest, nil, "less than 512 tokens"},
		{"text too long for llama.cpp", `{"error":{"message":"input (600 tokens) is too large to process. increase the physical batch size (current batch size: 1)"}}`, http.StatusInternalServerError, nil, "too large to process"},
		{"error with a good status", `{"error":{"message":"model is loading","code":"loading"}}`, http.StatusOK, nil, "model is loading"},
		{"error beside vectors", `{"error":"worker died","data":[{"index":0,"embedding":[1,0]}]}`, http.StatusOK, nil, "worker died"},
	} {
		t.Run(test.name, func(t *testing.T) {
			host := newEmbeddingHost(t, func(request int, texts []string) (int, string) {
				if request == 0 {
					return embedBackwards(request, texts)
				}
				return test.status, test.body
			})
			embeddings := &frontdesk.Embeddings{Host: host.provider(), BatchSize: 2}

			vectors, err := embeddings.Embed(t.Context(), numberedTexts(5), frontdesk.EmbedPassage)

			assert.Nil(t, vectors)
			require.ErrorContains(t, err, "embed texts[2:4] of 5: ", "the failed batch is named")
			var hostError *frontdesk.HostError
			require.ErrorAs(t, err, &hostError)
			assert.Equal(t, test.status, hostError.Status)
			assert.Contains(t, hostError.Message, test.message)
			if test.sentinel != nil {
				assert.ErrorIs(t, err, test.sentinel)
			}
		})
	}
}

// A host that says how many texts it takes is asked with as many.
func TestEmbedAdaptsTheBatchSize(t *testing.T) {
	for name, refusal := range map[string]string{
		"text-embeddings-inference": `{"error":"batch size %d > maximum allowed batch size 3","error_type":"Validation"}`,
		"SiliconFlow":               `{"code":20042,"message":"input batch size %d > maximum allowed batch size 3","data":null}`,
		"DashScope":                 `{"error":{"message":"<400> InternalError.Algo.InvalidParameter: Value error, batch size is invalid for %d texts, it should not be larger than 3.: input.contents"}}`,
		"OpenAI":                    `{"error":{"message":"'$.input' is invalid. Expected an array with maximum length 3, but got an array with length %d instead."}}`,
		"Pydantic":                  `{"error":{"message":"Value should have at most 3 items after validation, not %d","param":"input"}}`,
	} {
		t.Run(name, func(t *testing.T) {
			host := newEmbeddingHost(t, func(request int, texts []string) (int, string) {
				if len(texts) > 3 {
					return http.StatusUnprocessableEntity, fmt.Sprintf(refusal, len(texts))
				}
				return embedBackwards(request, texts)
			})
			embeddings := &frontdesk.Embeddings{Host: host.provider()}
			texts := numberedTexts(7)

			for range 2 {
				vectors, err := embeddings.Embed(t.Context(), texts, frontdesk.EmbedPassage)
				require.NoError(t, err)
				assertBackwards(t, texts, vectors)
			}

			assert.Equal(t, [][]string{texts, texts[:3], texts[3:6], texts[6:], texts[:3], texts[3:6], texts[6:]}, host.requests(), "what was learned is remembered")
			assert.Equal(t, 3, embeddings.Requests(7))
		})
	}
}

// A host that contradicts itself is not asked for ever.
func TestEmbedGivesUpOnAHostThatTakesNothing(t *testing.T) {
	host := newEmbeddingHost(t, always(http.StatusBadRequest, `{"error":"batch size 9 > maximum allowed batch size 4"}`))
	embeddings := &frontdesk.Embeddings{Host: host.provider()}

	_, err := embeddings.Embed(t.Context(), numberedTexts(9), frontdesk.EmbedPassage)

	require.ErrorContains(t, err, "embed texts[0:4] of 9: ")
	assert.Len(t, host.requests(), 2)
}

func TestEmbedRefusesAnotherDimensionLater(t *testing.T) {
	host := newEmbeddingHost(t, func(request int, _ []string) (int, string) {
		if request == 0 {
			return http.StatusOK, `{"data":[{"index":0,"embedding":[1,0]}]}`
		}
		return http.StatusOK, `{"data":[{"index":0,"embedding":[1,0,0]}]}`
	})
	embeddings := &frontdesk.Embeddings{Host: host.provider(), Model: "m-1"}

	_, err := embeddings.Embed(t.Context(), []string{"a"}, frontdesk.EmbedPassage)
	require.NoError(t, err)
	_, err = embeddings.Embed(t.Context(), []string{"a"}, frontdesk.EmbedQuery)

	assert.ErrorContains(t, err, "the vectors of m-1 have 3 dimensions now and had 2 before")
}

func TestEmbedSendsNothingItNeedNot(t *testing.T) {
	host := newEmbeddingHost(t, embedBackwards)
	embeddings := &frontdesk.Embeddings{Host: host.provider(), BatchSize: 2}

	vectors, err := embeddings.Embed(t.Context(), nil, frontdesk.EmbedPassage)
	require.NoError(t, err)
	assert.Empty(t, vectors)

	for _, blank := range []string{"", " \n\t"} {
		_, err = embeddings.Embed(t.Context(), []string{"a", "b", "c", blank}, frontdesk.EmbedPassage)
		require.EqualError(t, err, "embed texts[3]: the text is empty: leave it out")
	}
	_, err = embeddings.Embed(t.Context(), []string{"a"}, "document")
	require.EqualError(t, err, `embed: unknown kind "document": use EmbedQuery or EmbedPassage`)
	assert.Empty(t, host.requests())
}

func TestEmbedIsOxloByDefault(t *testing.T) {
	t.Setenv("OXLO_BASE_URL", "")
	t.Setenv("OXLO_API_KEY", "")
	var embeddings frontdesk.Embeddings
	_, err := embeddings.Embed(t.Context(), []string{"a"}, frontdesk.EmbedQuery)
	require.ErrorContains(t, err, "OXLO_API_KEY")

	host := newEmbeddingHost(t, embedBackwards)
	t.Setenv("OXLO_BASE_URL", host.URL+"/v1")
	var local frontdesk.Embeddings
	_, err = local.Embed(t.Context(), []string{"a"}, frontdesk.EmbedQuery)
	require.NoError(t, err)
}

func TestEmbedHonoursTheContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	host := newEmbeddingHost(t, func(request int, texts []string) (int, string) {
		cancel()
		return embedBackwards(request, texts)
	})
	embeddings := &frontdesk.Embeddings{Host: host.provider(), BatchSize: 1}

	_, err := embeddings.Embed(ctx, numberedTexts(3), frontdesk.EmbedPassage)

	require.ErrorIs(t, err, context.Canceled)
	assert.Len(t, host.requests(), 1)
}

func TestEmbedTellsABrokenAnswerFromAWholeOne(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "1000")
		_, _ = w.Write([]byte(`{"data":[`))
	}))
	defer server.Close()
	embeddings := &frontdesk.Embeddings{Host: &frontdesk.OpenAICompatible{BaseURL: server.URL}}

	_, err := embeddings.Embed(t.Context(), []string{"a"}, frontdesk.EmbedPassage)

	assert.ErrorIs(t, err, frontdesk.ErrTruncated)
}

func TestEmbedConcurrently(t *testing.T) {
	host := newEmbeddingHost(t, func(request int, texts []string) (int, string) {
		if len(texts) > 2 {
			return http.StatusRequestEntityTooLarge, fmt.Sprintf(`{"error":"batch size %d > maximum allowed batch size 2"}`, len(texts))
		}
		return embedBackwards(request, texts)
	})
	embeddings := &frontdesk.Embeddings{Host: host.provider()}
	texts := numberedTexts(5)
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			vectors, err := embeddings.Embed(t.Context(), texts, frontdesk.EmbedPassage)
			if assert.NoError(t, err) {
				assertBackwards(t, texts, vectors)
			}
		})
	}
	group.Wait()
}

// answeredWith returns embeddings whose host answers every request with body,
// without a network.
func answeredWith(body []byte) *frontdesk.Embeddings {
	client := &http.Client{Transport: answerTo(func(*http.Request) (*http.Response, error) {
		recorder := httptest.NewRecorder()
		recorder.Header().Set("Content-Type", "application/json")
		_, _ = recorder.Write(body)
		return recorder.Result(), nil
	})}
	return &frontdesk.Embeddings{Host: &frontdesk.OpenAICompatible{
		BaseURL: "http://host.test/v1",
		Options: []option.RequestOption{option.WithHTTPClient(client)},
	}}
}

type answerTo func(*http.Request) (*http.Response, error)

func (f answerTo) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func FuzzEmbeddings(f *testing.F) {
	f.Add([]byte(`{"data":[{"index":1,"embedding":[0,1]},{"index":0,"embedding":[1,0]}]}`))
	f.Add([]byte(`{"data":[{"embedding":"AACAPwAAAAA="},{"index":1,"embedding":"AAAAAAAAgD8="}]}`))
	f.Add([]byte(`{"data":[{"index":0,"embedding":[1e-45,3e38]},{"index":1,"embedding":[-1,2.5]}]}`))
	f.Add([]byte(`{"data":[{"index":0,"embedding":[0,0]},{"index":0,"embedding":null}]}`))
	f.Add([]byte(`{"error":{"message":"loading"}}`))
	f.Add([]byte(`[]`))
	f.Fuzz(func(t *testing.T, body []byte) {
		vectors, err := answeredWith(body).Embed(t.Context(), []string{"a", "b"}, frontdesk.EmbedPassage)
		if err != nil {
			require.Nil(t, vectors)
			return
		}
		require.Len(t, vectors, 2)
		require.Len(t, vectors[0], len(vectors[1]))
		for _, vector := range vectors {
			var square float64
			for _, value := range vector {
				square += float64(value) * float64(value)
			}
			require.InDelta(t, 1, square, 1e-3)
		}
	})
}

func BenchmarkEmbed(b *testing.B) {
	texts := numberedTexts(frontdesk.DefaultBatchSize)
	const dimensions = 1024
	for _, encoding := range []string{"numbers", "base64"} {
		b.Run(encoding, func(b *testing.B) {
			var items []string
			for i := range texts {
				var values any
				numbers := make([]float32, dimensions)
				var packed []byte
				for j := range numbers {
					numbers[j] = float32(math.Sin(float64(i*dimensions + j)))
					packed = binary.LittleEndian.AppendUint32(packed, math.Float32bits(numbers[j]))
				}
				if values = numbers; encoding == "base64" {
					values = packed
				}
				encoded, err := json.Marshal(map[string]any{"index": i, "embedding": values})
				require.NoError(b, err)
				items = append(items, string(encoded))
			}
			embeddings := answeredWith([]byte(`{"data":[` + strings.Join(items, ",") + `]}`))
			b.ReportAllocs()
			for b.Loop() {
				_, err := embeddings.Embed(b.Context(), texts, frontdesk.EmbedPassage)
				require.NoError(b, err)
			}
		})
	}
}

// Vectors of a question and of passages have their length in common, so that
// their dot product says how well they fit.
func ExampleEmbeddings() {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var request struct{ Input []string }
		_ = json.NewDecoder(r.Body).Decode(&request)
		if len(request.Input) == 1 {
			fmt.Fprint(w, `{"data":[{"index":0,"embedding":[0.9,0.1]}]}`)
			return
		}
		fmt.Fprint(w, `{"data":[{"index":1,"embedding":[1,4]},{"index":0,"embedding":[4,1]}]}`)
	}))
	defer server.Close()

	embeddings := &frontdesk.Embeddings{
		Host:  &frontdesk.OpenAICompatible{BaseURL: server.URL},
		Model: frontdesk.E5Large,
	}
	passages := []string{"Refunds take five days.", "We ship to all of Europe."}
	vectors, err := embeddings.Embed(context.Background(), passages, frontdesk.EmbedPassage)
	if err != nil {
		panic(err)
	}
	question, err := embeddings.Embed(context.Background(), []string{"When do I get my money?"}, frontdesk.EmbedQuery)
	if err != nil {
		panic(err)
	}
	for i, vector := range vectors {
		var score float32
		for j := range vector {
			score += vector[j] * question[0][j]
		}
		fmt.Printf("%.2f %s\n", score, passages[i])
	}
	// Output:
	// 0.99 Refunds take five days.
	// 0.35 We ship to all of Europe.
}
