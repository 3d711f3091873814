package frontdesk

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"

	"github.com/frontdesk-go/frontdesk/internal/wire/assemble"
)

// The embedding models that Oxlo hosts. Both read 512 tokens of a text and
// return vectors of 1024 dimensions.
const (
	BGELarge = "bge-large" // BAAI's bge-large-en
	E5Large  = "e5-large"  // intfloat's e5-large
)

// DefaultBatchSize is how many texts [Embeddings] puts into one request, since
// requests are what is paid for. 256 texts of 512 tokens are 131,072 tokens,
// which large hosts take: OpenAI documents 2,048 texts and 300,000 tokens,
// DeepInfra 1,024 texts. Hosts that take fewer, such as Hugging Face's
// text-embeddings-inference with 32 unless told otherwise, are adapted to: see
// [Embeddings.BatchSize].
const DefaultBatchSize = 256

// EmbedKind says what a text is for, because many models want a question and
// a passage that answers it to be marked as such.
type EmbedKind string

// The kinds of text that are embedded.
const (
	EmbedQuery   EmbedKind = "query"   // what is searched for
	EmbedPassage EmbedKind = "passage" // what is to be found
)

// Embedder turns texts into vectors, such that texts of like meaning have
// vectors with a high dot product. [Embeddings] is the one that comes with the
// library.
//
// Embed returns one vector for each text, in the order of texts, all of one
// length and of Euclidean length 1. It returns all of them or an error. An
// Embedder must be safe for concurrent use.
type Embedder interface {
	Embed(ctx context.Context, texts []string, kind EmbedKind) ([][]float32, error)
}

// Embeddings is the [Embedder] for hosts that speak OpenAI's embeddings
// protocol. The zero value is BGE-Large on Oxlo. Set the fields before the
// first use. It is safe for concurrent use and must not be copied.
type Embeddings struct {
	// Host is the model host. Nil means Oxlo, with the key from the
	// environment. Its Quota counts the requests; see [OpenAICompatible].
	Host *OpenAICompatible

	// Model names the model, in the host's spelling. Empty means [BGELarge].
	Model string

	// BatchSize is the most texts in one request. Zero means
	// [DefaultBatchSize]. A host that refuses a batch and says how many texts
	// it takes is asked again with as many, and gets no more from then on.
	BatchSize int

	// Prefixes are put before each text of a kind. Nil means those that the
	// model was trained with:
	//
	//   - English BGE models: "Represent this sentence for searching relevant
	//     passages: " before queries, nothing before passages.
	//   - E5 and multilingual E5 models: "query: " and "passage: ".
	//   - All others, the Chinese BGE and the E5 instruct models among them:
	//     nothing.
	//
	// A prefix counts towards the tokens of its text.
	Prefixes map[EmbedKind]string

	oxlo      OpenAICompatible // stands in for a nil Host
	accepted  atomic.Int64     // most texts in one request, as the host told, or 0
	dimension atomic.Int64     // length of the vectors so far, or 0
}

// Embed implements [Embedder]. Texts go out in batches, one after another, as
// many as [Embeddings.Requests] says. No texts mean no request.
//
// A text that is blank is an error before any request. A text longer than the
// model reads, which is 512 tokens for both of Oxlo's models, is the caller's
// business: some hosts refuse it, with a [*HostError], and others cut it
// without a word.
//
// A vector that is missing, of another length than the rest or than those of
// earlier calls, zero or not finite fails the call, as does any failed request.
// The error names the batch as a slice of texts, and wraps what
// [OpenAICompatible.Generate] would return.
func (e *Embeddings) Embed(ctx context.Context, texts []string, kind EmbedKind) ([][]float32, error) {
	if kind != EmbedQuery && kind != EmbedPassage {
		return nil, fmt.Errorf("embed: unknown kind %q: use EmbedQuery or EmbedPassage", kind)
	}
	for i, text := range texts {
		if strings.TrimSpace(text) == "" {
			return nil, fmt.Errorf("embed texts[%d]: the text is empty: leave it out", i)
		}
	}
	vectors := make([][]float32, 0, len(texts))
	for len(vectors) < len(texts) {
		from := len(vectors)
		to := min(from+e.batchSize(), len(texts))
		batch, err := e.request(ctx, texts[from:to], e.prefix(kind))
		if e.adapt(err, to-from) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("embed texts[%d:%d] of %d: %w", from, to, len(texts), err)
		}
		vectors = append(vectors, batch...)
	}
	return vectors, nil
}

// Requests returns how many requests Embed takes for the given number of texts,
// if none is refused or tried again.
func (e *Embeddings) Requests(texts int) int {
	size := e.batchSize()
	return (max(texts, 0) + size - 1) / size
}

func (e *Embeddings) batchSize() int {
	size := e.BatchSize
	if size <= 0 {
		size = DefaultBatchSize
	}
	if accepted := int(e.accepted.Load()); accepted > 0 {
		size = min(size, accepted)
	}
	return size
}

func (e *Embeddings) model() string {
	if e.Model == "" {
		return BGELarge
	}
	return e.Model
}

// The names of model families in letters and digits alone, and the prefixes
// that the cards of the models on Hugging Face ask for.
var (
	bgeModel = regexp.MustCompile(`bge(?:small|base|large)(zh)?`)
	e5Model  = regexp.MustCompile(`e5(?:small|base|large)`)
)

func (e *Embeddings) prefix(kind EmbedKind) string {
	if e.Prefixes != nil {
		return e.Prefixes[kind]
	}
	name := plainName(e.model())
	bge := bgeModel.FindStringSubmatch(name)
	switch {
	case bge != nil && bge[1] == "" && kind == EmbedQuery:
		return "Represent this sentence for searching relevant passages: "
	case e5Model.MatchString(name) && !strings.Contains(name, "instruct"):
		return string(kind) + ": "
	default:
		return ""
	}
}

// request sends one batch.
func (e *Embeddings) request(ctx context.Context, texts []string, prefix string) ([][]float32, error) {
	host := e.Host
	if host == nil {
		host = &e.oxlo
	}
	// The encoding of the vectors is not asked for: some hosts refuse the
	// parameter and others ignore it, so that both forms must be read anyway.
	question := struct {
		Model string   `json:"model"`
		Input []string `json:"input"`
	}{e.model(), texts}
	if prefix != "" {
		question.Input = make([]string, len(texts))
		for i, text := range texts {
			question.Input[i] = prefix + text
		}
	}
	response, err := host.post(ctx, "embeddings", appendJSON(nil, question), "application/json")
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if err != nil {
		return nil, host.failure(ctx, &TruncatedError{cause: err})
	}
	vectors, err := readEmbeddings(body, len(texts))
	if err != nil {
		// An error that came with a good status explains more.
		var failure *assemble.Error
		if _, other := assemble.Completion(body); errors.As(other, &failure) {
			err = failure
		}
		return nil, host.failure(ctx, err)
	}
	return vectors, e.checkDimension(len(vectors[0]))
}

// checkDimension makes sure that vectors of different calls can be compared.
func (e *Embeddings) checkDimension(dimension int) error {
	if e.dimension.CompareAndSwap(0, int64(dimension)) {
		return nil
	}
	if known := int(e.dimension.Load()); known != dimension {
		return fmt.Errorf("the vectors of %s have %d dimensions now and had %d before: the host serves another model under this name, embed everything anew", e.model(), dimension, known)
	}
	return nil
}

// tooMany matches what hosts say of a batch with too many texts: TEI and
// SiliconFlow, DashScope, OpenAI, and those that validate with Pydantic. It
// must not match what they say of a text with too many tokens.
var tooMany = regexp.MustCompile(`(?i)maximum allowed batch size (\d+)|batch size .{0,60}larger than (\d+)|array with maximum length (\d+)|at most (\d+) (?:items|inputs)`)

// adapt learns from an error how many texts the host takes, and reports whether
// it is worth asking with fewer.
func (e *Embeddings) adapt(err error, sent int) bool {
	var host *HostError
	if !errors.As(err, &host) || host.Status != http.StatusBadRequest &&
		host.Status != http.StatusRequestEntityTooLarge && host.Status != http.StatusUnprocessableEntity {
		return false
	}
	numbers := tooMany.FindStringSubmatch(host.Message)
	if numbers == nil {
		return false
	}
	accepted, err := strconv.Atoi(strings.Join(numbers[1:], ""))
	if err != nil || accepted < 1 || accepted >= sent {
		return false
	}
	for known := e.accepted.Load(); known == 0 || int64(accepted) < known; known = e.accepted.Load() {
		if e.accepted.CompareAndSwap(known, int64(accepted)) {
			break
		}
	}
	return true
}

// readEmbeddings decodes the answer to a request with the given number of
// texts, which is at least 1.
func readEmbeddings(body []byte, texts int) ([][]float32, error) {
	var answer struct {
		Data []embedding `json:"data"`
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		return nil, fmt.Errorf("read embeddings: %w", err)
	}
	if len(answer.Data) != texts {
		return nil, fmt.Errorf("read embeddings: %d vectors for %d texts", len(answer.Data), texts)
	}
	indexed := slices.ContainsFunc(answer.Data, func(e embedding) bool { return e.Index != nil })
	vectors := make([][]float32, texts)
	for position, item := range answer.Data {
		index := position
		switch {
		case item.Index != nil:
			index = *item.Index
		case indexed:
			index = 0 // hosts built on protocol buffers, such as Gemini, leave it out
		}
		switch {
		case index < 0 || index >= texts:
			return nil, fmt.Errorf("read embeddings: index %d for %d texts", index, texts)
		case vectors[index] != nil:
			return nil, fmt.Errorf("read embeddings: two vectors for text %d", index)
		}
		if err := item.Embedding.normalize(); err != nil {
			return nil, fmt.Errorf("read embeddings: vector %d %w", index, err)
		}
		vectors[index] = item.Embedding
	}
	for i, v := range vectors {
		if len(v) != len(vectors[0]) {
			return nil, fmt.Errorf("read embeddings: vector %d has %d dimensions and vector 0 has %d", i, len(v), len(vectors[0]))
		}
	}
	return vectors, nil
}

// embedding is one element of an answer.
type embedding struct {
	Index     *int   `json:"index"`
	Embedding vector `json:"embedding"`
}

// vector holds the values of an embedding, which come in two forms: an array
// of numbers, or the base64 form of little-endian float32 values.
type vector []float32

// UnmarshalJSON accepts either form. A null among the values, which Python's
// encoders write for a NaN, is refused.
func (v *vector) UnmarshalJSON(text []byte) error {
	switch text[0] {
	case '[':
		return v.readNumbers(bytes.TrimSpace(text[1 : len(text)-1]))
	case '"':
		var packed []byte
		if err := json.Unmarshal(text, &packed); err != nil {
			return err
		}
		return v.readBytes(packed)
	default:
		return fmt.Errorf("%.20q is no vector", text)
	}
}

// readNumbers reads what stands between the brackets of an array, several times
// as fast as encoding/json, which has found it to be valid already.
func (v *vector) readNumbers(list []byte) error {
	*v = (*v)[:0]
	if len(list) == 0 {
		return nil
	}
	*v = slices.Grow(*v, bytes.Count(list, []byte(","))+1)
	for number := range bytes.SplitSeq(list, []byte(",")) {
		value, err := strconv.ParseFloat(string(bytes.TrimSpace(number)), 32)
		if err != nil {
			return fmt.Errorf("value %d of a vector: %w", len(*v), err)
		}
		*v = append(*v, float32(value))
	}
	return nil
}

func (v *vector) readBytes(packed []byte) error {
	if len(packed)%4 != 0 {
		return fmt.Errorf("%d bytes are no sequence of float32 values", len(packed))
	}
	*v = make([]float32, len(packed)/4)
	for i := range *v {
		(*v)[i] = math.Float32frombits(binary.LittleEndian.Uint32(packed[4*i:]))
	}
	return nil
}

// normalize gives the vector the length 1.
func (v vector) normalize() error {
	if len(v) == 0 {
		return errors.New("is missing")
	}
	var square float64
	for _, x := range v {
		square += float64(x) * float64(x)
	}
	switch length := math.Sqrt(square); {
	case length == 0:
		return errors.New("is zero")
	case math.IsNaN(length) || math.IsInf(length, 0):
		return errors.New("is not finite")
	default:
		for i, x := range v {
			v[i] = float32(float64(x) / length)
		}
		return nil
	}
}
