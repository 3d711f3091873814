package ingest

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/frontdesk-go/frontdesk"
)

// Target is a knowledge base that is kept in step with sources. The index of
// package index is one, and so is the retriever of package postgres.
type Target interface {
	// Documents returns the version of each document that is held of a
	// source, by [frontdesk.Passage].Document.
	Documents(ctx context.Context, source string) (map[string]string, error)

	// Replace takes out all passages of the given documents of a source and
	// puts the given passages in, in one step: no search sees half of it, and
	// if it fails, nothing has changed. There is a vector for each passage, or
	// vectors is nil.
	Replace(ctx context.Context, source string, documents []string, passages []frontdesk.Passage, vectors [][]float32) error
}

// ErrEmptySource is returned for a source without any document, of which the
// target holds some: more likely a folder is not mounted than all pages are
// gone. See [Ingester.AllowEmpty].
var ErrEmptySource = errors.New("the source has no documents, but the target holds some of it: check the source, or allow it to be empty")

// Ingester keeps a [Target] in step with sources. Only Target must be set. It
// is safe for concurrent use if what is set is; but no two syncs of one source
// should run at once, since the later one to finish wins.
type Ingester struct {
	Target Target

	// Splitter cuts documents into passages.
	Splitter Splitter

	// Embedder turns passages into vectors. Nil means none: the target
	// searches by words alone.
	Embedder frontdesk.Embedder

	// Model names what Embedder embeds with, for the cache and for the
	// versions of documents: another name means that all is embedded anew. It
	// may be left empty for a [*frontdesk.Embeddings], which knows its own.
	Model string

	// Cache keeps vectors from run to run. Nil means that an interrupted run
	// begins anew.
	Cache Cache

	// BatchSize is the most texts that are embedded between two writes to the
	// cache. Zero means as many as the embedder takes in one request if it has
	// a method Requests(texts int) int, as [*frontdesk.Embeddings] has, and
	// [frontdesk.DefaultBatchSize] otherwise.
	BatchSize int

	// Progress is called as a sync proceeds, from the goroutine of Sync. Nil
	// means not to tell.
	Progress func(Progress)

	// AllowEmpty lets a source without documents empty the target.
	AllowEmpty bool
}

// Stage is a part of a sync.
type Stage string

// The stages of a sync, in their order.
const (
	Reading   Stage = "reading"   // Done counts documents; Total is not known
	Embedding Stage = "embedding" // Done and Total count texts
	Storing   Stage = "storing"   // Done and Total count passages
)

// Progress tells how far a sync is.
type Progress struct {
	Stage    Stage
	Done     int
	Total    int    // 0 if it is not known
	Document string // the one last read
}

// Report tells what a sync did.
type Report struct {
	Source string

	// Added, Changed and Removed name documents; Unchanged counts them.
	Added     []string
	Changed   []string
	Removed   []string
	Unchanged int

	// Skipped tells what was left out, and why. Kept names the documents among
	// them of which the target goes on to hold an older version.
	Skipped []*SkipError
	Kept    []string

	// Passages is the number of those put into the target.
	Passages int

	// Texts is how many different texts had to be embedded, Cached how many
	// of the others the cache knew, and Requests how many requests that took,
	// as far as the embedder tells.
	Texts    int
	Cached   int
	Requests int

	Duration time.Duration
}

// String says it in one line.
func (r *Report) String() string {
	return fmt.Sprintf("%s: %d added, %d changed, %d removed, %d unchanged, %d skipped; %d passages, %d texts embedded in %d requests, %d from the cache",
		r.Source, len(r.Added), len(r.Changed), len(r.Removed), r.Unchanged, len(r.Skipped), r.Passages, r.Texts, r.Requests, r.Cached)
}

// Sync makes the target hold what a source has. The name of the source tells
// its documents from those of others in the same target.
//
// A document whose content, attributes, splitting and embedding model are what
// they were is left alone: it is read and hashed, not cut or embedded. The rest
// is embedded, in batches as large as may be, each of which is in the cache
// before the next is asked for. In the end one [Target].Replace makes all
// changes. If anything fails before, or ctx is cancelled, the target is as it
// was, and the next Sync embeds only what is missing. Without a change there is
// neither a request nor a Replace.
//
// The report is complete if the error is nil, and tells how far it came
// otherwise.
func (in *Ingester) Sync(ctx context.Context, name string, source Source) (*Report, error) {
	begin := time.Now()
	report := &Report{Source: name}
	err := in.sync(ctx, name, source, report)
	report.Duration = time.Since(begin)
	if err != nil {
		return report, fmt.Errorf("sync %s: %w", name, err)
	}
	return report, nil
}

func (in *Ingester) sync(ctx context.Context, name string, source Source, report *Report) error {
	if in.Target == nil {
		return errors.New("no target: set Ingester.Target to an index")
	}
	model, err := in.model()
	if err != nil {
		return err
	}
	held, err := in.Target.Documents(ctx, name)
	if err != nil {
		return fmt.Errorf("list what the target holds: %w", err)
	}
	passages, err := in.read(ctx, name, source, model, held, report)
	if err != nil {
		return err
	}
	if len(report.Added)+len(report.Changed)+len(report.Removed) == 0 {
		return nil
	}
	var vectors [][]float32
	if in.Embedder != nil {
		if vectors, err = in.embed(ctx, model, passages, report); err != nil {
			return err
		}
	}
	in.tell(Progress{Stage: Storing, Total: len(passages)})
	documents := slices.Concat(report.Added, report.Changed, report.Removed)
	if err := in.Target.Replace(ctx, name, documents, passages, vectors); err != nil {
		return fmt.Errorf("store: %w", err)
	}
	report.Passages = len(passages)
	in.tell(Progress{Stage: Storing, Done: len(passages), Total: len(passages)})
	return nil
}

// read reads all documents and returns the passages of those that are not held.
func (in *Ingester) read(ctx context.Context, name string, source Source, model string, held map[string]string, report *Report) ([]frontdesk.Passage, error) {
	var passages []frontdesk.Passage
	seen := make(map[string]bool)
	broken := make(map[string]bool)
	count := 0
	for doc, err := range source.Documents(ctx) {
		if skipped, ok := errors.AsType[*SkipError](err); ok {
			report.Skipped = append(report.Skipped, skipped)
			if !skipped.Withheld {
				broken[skipped.Document] = true
			}
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("read the source: %w", err)
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		count++
		in.tell(Progress{Stage: Reading, Done: count, Document: doc.ID})
		switch {
		case doc.ID == "":
			report.Skipped = append(report.Skipped, skip(doc.Title, errors.New("it has no id")))
			continue
		case seen[doc.ID]:
			report.Skipped = append(report.Skipped, skip(doc.ID, errors.New("another document of the source has the same id: the first one stays")))
			continue
		}
		seen[doc.ID] = true
		version := in.version(&doc, model)
		old, known := held[doc.ID]
		if known && old == version {
			report.Unchanged++
			continue
		}
		found := in.Splitter.Split(name, &doc)
		if len(found) == 0 {
			seen[doc.ID] = false
			report.Skipped = append(report.Skipped, &SkipError{Document: doc.ID, Withheld: true, Reason: errors.New("it has no text")})
			continue
		}
		for i := range found {
			found[i].Version = version
		}
		passages = append(passages, found...)
		if known {
			report.Changed = append(report.Changed, doc.ID)
		} else {
			report.Added = append(report.Added, doc.ID)
		}
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	for _, document := range slices.Sorted(maps.Keys(held)) {
		switch {
		case seen[document]:
		case isBroken(broken, document):
			report.Kept = append(report.Kept, document)
		default:
			report.Removed = append(report.Removed, document)
		}
	}
	if count == 0 && len(report.Removed) > 0 && !in.AllowEmpty {
		report.Removed = nil
		return nil, ErrEmptySource
	}
	return passages, nil
}

// isBroken reports whether a document could not be read this time, or the file
// that it is a part of.
func isBroken(broken map[string]bool, document string) bool {
	if broken[document] {
		return true
	}
	for i := len(document) - 1; i > 0; i-- {
		if document[i] == '#' && broken[document[:i]] {
			return true
		}
	}
	return false
}

// version hashes all that a document's passages and their vectors depend on.
func (in *Ingester) version(doc *Document, model string) string {
	h := hasher{sha256.New()}
	h.text("frontdesk/ingest 1", model)
	h.number(int64(in.Splitter.MaxTokens))
	h.text(doc.ID, doc.Title, doc.URL, doc.Text, doc.Tenant)
	if doc.Plain {
		h.text("plain")
	}
	if doc.Untrusted {
		h.text("untrusted")
	}
	h.number(int64(len(doc.Audience)))
	h.text(doc.Audience...)
	h.number(int64(len(doc.Labels)))
	for _, label := range slices.Sorted(maps.Keys(doc.Labels)) {
		h.text(label, doc.Labels[label])
	}
	for _, at := range []time.Time{doc.ValidFrom, doc.ValidUntil} {
		h.number(at.Unix())
		h.number(int64(at.Nanosecond()))
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

type hasher struct{ hash.Hash }

func (h hasher) number(n int64) { h.Write(binary.LittleEndian.AppendUint64(nil, uint64(n))) }

func (h hasher) text(texts ...string) {
	for _, text := range texts {
		h.number(int64(len(text)))
		h.Write([]byte(text))
	}
}

func (in *Ingester) tell(progress Progress) {
	if in.Progress != nil {
		in.Progress(progress)
	}
}

// model names what the vectors are made with.
func (in *Ingester) model() (string, error) {
	if in.Embedder == nil {
		return "", nil
	}
	if in.Model != "" {
		return in.Model, nil
	}
	if embeddings, ok := in.Embedder.(*frontdesk.Embeddings); ok {
		model := embeddings.Model
		if model == "" {
			model = frontdesk.BGELarge
		}
		if embeddings.Prefixes != nil {
			model += "\x00" + embeddings.Prefixes[frontdesk.EmbedPassage]
		}
		return model, nil
	}
	return "", errors.New("the embedder's model is not known: name it in Ingester.Model, so that vectors of another one are never mixed in")
}

// embed returns a vector for each passage.
func (in *Ingester) embed(ctx context.Context, model string, passages []frontdesk.Passage, report *Report) ([][]float32, error) {
	// The same text is embedded once, wherever it stands.
	var keys []CacheKey
	var texts []string
	places := make(map[CacheKey]int)
	of := make([]int, len(passages))
	for i, passage := range passages {
		text := EmbeddedText(&passage)
		key := cacheKey(model, text)
		at, ok := places[key]
		if !ok {
			at = len(texts)
			places[key] = at
			keys, texts = append(keys, key), append(texts, text)
		}
		of[i] = at
	}

	vectors := make([][]float32, len(texts))
	if in.Cache != nil {
		found, err := in.Cache.Get(ctx, keys)
		if err != nil {
			return nil, err
		}
		if len(found) != len(keys) {
			return nil, fmt.Errorf("the cache returned %d vectors for %d keys", len(found), len(keys))
		}
		copy(vectors, found)
	}
	var missing []int
	for i, vector := range vectors {
		if vector == nil {
			missing = append(missing, i)
		}
	}
	report.Cached = len(texts) - len(missing)
	if len(missing) > 0 {
		in.tell(Progress{Stage: Embedding, Total: len(missing)})
	}
	for batch := range slices.Chunk(missing, in.batchSize(len(missing))) {
		input := make([]string, len(batch))
		for i, at := range batch {
			input[i] = texts[at]
		}
		output, err := in.Embedder.Embed(ctx, input, frontdesk.EmbedPassage)
		if err != nil {
			return nil, err
		}
		if len(output) != len(input) {
			return nil, fmt.Errorf("the embedder returned %d vectors for %d texts", len(output), len(input))
		}
		report.Texts += len(input)
		report.Requests += in.requests(len(input))
		batchKeys := make([]CacheKey, len(batch))
		for i, at := range batch {
			vectors[at], batchKeys[i] = output[i], keys[at]
		}
		if in.Cache != nil {
			// What was paid for is kept, even if ctx was cancelled meanwhile.
			if err := in.Cache.Put(context.WithoutCancel(ctx), batchKeys, output); err != nil {
				return nil, err
			}
		}
		in.tell(Progress{Stage: Embedding, Done: report.Texts, Total: len(missing)})
	}

	result := make([][]float32, len(passages))
	for i, at := range of {
		result[i] = vectors[at]
		if len(result[i]) != len(result[0]) {
			return nil, fmt.Errorf("vectors of %d and %d numbers under one model: name another model, or empty the cache", len(result[0]), len(result[i]))
		}
	}
	return result, nil
}

// EmbeddedText returns what is embedded of a passage: its title and its text.
func EmbeddedText(passage *frontdesk.Passage) string {
	if passage.Title == "" {
		return passage.Text
	}
	return passage.Title + "\n" + strings.TrimSpace(passage.Text)
}

// requester is implemented by embedders that know how many requests they make.
type requester interface{ Requests(texts int) int }

func (in *Ingester) requests(texts int) int {
	if embedder, ok := in.Embedder.(requester); ok {
		return embedder.Requests(texts)
	}
	return 1
}

// batchSize returns how many of the missing texts are embedded at a time.
func (in *Ingester) batchSize(missing int) int {
	if in.BatchSize > 0 {
		return in.BatchSize
	}
	embedder, ok := in.Embedder.(requester)
	if !ok {
		return frontdesk.DefaultBatchSize
	}
	size := 1
	for size < missing && embedder.Requests(size*2) <= 1 {
		size *= 2
	}
	for step := size / 2; step > 0; step /= 2 {
		if embedder.Requests(size+step) <= 1 {
			size += step
		}
	}
	return size
}
