package index_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk"
	"github.com/frontdesk-go/frontdesk/frontdesktest"
	"github.com/frontdesk-go/frontdesk/index"
)

// filled is an index with all that a snapshot has to keep: several segments,
// deleted passages, passages with and without vectors, sketches.
func filled(t testing.TB, big bool) *index.Index {
	embedder := &frontdesktest.HashEmbedder{Dimensions: 64}
	x := &index.Index{Embedder: embedder, Model: "hash"}
	add := func(source string, passages ...frontdesk.Passage) {
		var documents, texts []string
		for _, p := range passages {
			documents, texts = append(documents, p.Document), append(texts, p.Text)
		}
		vectors, err := embedder.Embed(t.Context(), texts, frontdesk.EmbedPassage)
		require.NoError(t, err)
		require.NoError(t, x.Replace(t.Context(), source, documents, passages, vectors))
	}
	if big {
		many := make([]frontdesk.Passage, 2500)
		for i := range many {
			many[i] = frontdesk.Passage{ID: fmt.Sprint(i), Document: fmt.Sprint(i), Text: fmt.Sprintf("lamp number %d of kind %d", i, i%50)}
		}
		add("big", many...)
	}
	var passages []frontdesk.Passage
	for i, p := range shop {
		p.Document, p.Version = p.ID, fmt.Sprint("v-", i)
		if i%3 > 0 {
			p.Audience = []string{"gold", "staff"}[:i%3]
		}
		p.Labels = map[string]string{"number": fmt.Sprint(i)}
		p.ValidUntil = time.Date(2100, 1, i+1, 0, 0, 0, 7, time.UTC)
		passages = append(passages, p)
	}
	add("shop", passages...)
	require.NoError(t, x.Replace(t.Context(), "words", []string{"d"}, []frontdesk.Passage{{ID: "d", Document: "d", Text: "a lamp without a vector"}}, nil))
	require.NoError(t, x.Replace(t.Context(), "shop", []string{"warranty"}, nil, nil))
	return x
}

func snapshot(t testing.TB, x *index.Index) []byte {
	t.Helper()
	var b bytes.Buffer
	n, err := x.WriteTo(&b)
	require.NoError(t, err)
	require.EqualValues(t, b.Len(), n)
	return b.Bytes()
}

func TestASnapshotKeepsEverything(t *testing.T) {
	x := filled(t, true)
	path := filepath.Join(t.TempDir(), "kb.index")
	require.NoError(t, x.Save(path))
	loaded := &index.Index{Embedder: x.Embedder, Model: x.Model}
	require.NoError(t, loaded.Load(path))
	assert.Equal(t, x.Len(), loaded.Len())
	for _, text := range []string{"lamp number 7", "Norway shipping", "money back", "退货", "warranty", "receipt"} {
		query := frontdesk.Query{Text: text, TopK: 20, Tenant: "acme", Audience: []string{"gold"}}
		want, err := x.Retrieve(t.Context(), query)
		require.NoError(t, err)
		got, err := loaded.Retrieve(t.Context(), query)
		require.NoError(t, err)
		assert.Equal(t, want, got, text)
	}
	for _, source := range []string{"big", "shop", "words"} {
		want, err := x.Documents(t.Context(), source)
		require.NoError(t, err)
		got, err := loaded.Documents(t.Context(), source)
		require.NoError(t, err)
		assert.Equal(t, want, got)
	}
	assert.Equal(t, snapshot(t, x), snapshot(t, loaded), "the same index gives the same bytes")

	// It can be updated like the one that was saved.
	put(t, loaded, frontdesk.Passage{ID: "new", Document: "new", Text: "a xylophone"})
	assert.Contains(t, retrieve(t, loaded, frontdesk.Query{Text: "xylophone", TopK: 5}), "new")
}

func TestAnEmptySnapshot(t *testing.T) {
	x := index.New(shop...)
	_, err := x.ReadFrom(bytes.NewReader(snapshot(t, new(index.Index))))
	require.NoError(t, err)
	assert.Zero(t, x.Len())
}

func TestADamagedSnapshotIsRefused(t *testing.T) {
	x := filled(t, false)
	good := snapshot(t, x)
	loaded := &index.Index{Model: "hash"}
	refuse := func(name string, data []byte) {
		t.Helper()
		_, err := loaded.ReadFrom(bytes.NewReader(data))
		require.ErrorIs(t, err, index.ErrSnapshot, name)
		require.Zero(t, loaded.Len(), "it has not changed")
	}
	for i := range good {
		damaged := bytes.Clone(good)
		damaged[i] ^= byte(1 << (i % 8))
		refuse(fmt.Sprintf("byte %d flipped", i), damaged)
	}
	for i := 0; i < len(good); i += 7 {
		refuse(fmt.Sprintf("cut after %d bytes", i), good[:i])
	}
	refuse("another one behind it", append(bytes.Clone(good), good...))
	refuse("a text", []byte("# Returns\n\nYou can return an item within 30 days."))
}

func TestSnapshotErrors(t *testing.T) {
	x := filled(t, false)
	folder := t.TempDir()
	path := filepath.Join(folder, "kb.index")
	require.ErrorIs(t, x.Load(path), os.ErrNotExist)
	require.Error(t, x.Save(filepath.Join(folder, "missing", "kb.index")))
	require.NoError(t, x.Save(path))
	names, err := os.ReadDir(folder)
	require.NoError(t, err)
	assert.Len(t, names, 1, "nothing else is left behind")

	other := index.Index{Model: "other"}
	var model *index.ModelError
	require.ErrorAs(t, other.Load(path), &model)
	assert.Equal(t, "hash", model.OtherModel)
	assert.Zero(t, other.Len())

	down := errors.New("the line is down")
	_, err = other.ReadFrom(io.MultiReader(bytes.NewReader(snapshot(t, x)[:100]), failing{down}))
	require.ErrorIs(t, err, down)
	assert.NotErrorIs(t, err, index.ErrSnapshot, "it may be fine")
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// saveForever makes this test binary save two snapshots in turn until it is
// killed, when it is started with this variable as the path.
const saveForever = "FRONTDESK_TEST_SAVE"

func TestMain(m *testing.M) {
	if path := os.Getenv(saveForever); path != "" {
		small, large := index.New(shop...), index.New(manyLamps()...)
		for {
			for _, x := range []*index.Index{small, large} {
				if err := x.Save(path); err != nil {
					fmt.Fprintln(os.Stderr, err)
					os.Exit(1)
				}
			}
		}
	}
	os.Exit(m.Run())
}

func manyLamps() []frontdesk.Passage {
	lamps := make([]frontdesk.Passage, 3000)
	for i := range lamps {
		lamps[i] = frontdesk.Passage{ID: fmt.Sprint(i), Text: fmt.Sprintf("lamp number %d", i)}
	}
	return lamps
}

// A process that is killed while it saves leaves the old snapshot or the new
// one.
func TestASaveThatIsKilled(t *testing.T) {
	path := filepath.Join(t.TempDir(), "kb.index")
	require.NoError(t, index.New(shop...).Save(path))
	sizes := make(map[int]int)
	for round := range 12 {
		// It is sent SIGKILL at another moment each time.
		ctx, cancel := context.WithTimeout(t.Context(), time.Duration(40+17*round)*time.Millisecond)
		command := exec.CommandContext(ctx, os.Args[0])
		command.Env = append(os.Environ(), saveForever+"="+path)
		require.Error(t, command.Run())
		cancel()

		x := new(index.Index)
		require.NoError(t, x.Load(path))
		require.Contains(t, []int{len(shop), 3000}, x.Len())
		sizes[x.Len()]++
	}
	t.Logf("found after the kill: %v", sizes)
}

func FuzzReadFrom(f *testing.F) {
	table := crc32.MakeTable(crc32.Castagnoli)
	whole := snapshot(f, filled(f, false))
	f.Add(whole[:len(whole)-4])
	one := snapshot(f, index.New(frontdesk.Passage{ID: "a", Text: "lamp"}))
	f.Add(one[:len(one)-4])
	none := snapshot(f, new(index.Index))
	f.Add(none[:len(none)-4])
	f.Fuzz(func(t *testing.T, body []byte) {
		x := &index.Index{Model: "hash", Embedder: new(frontdesktest.HashEmbedder)}
		data := binary.LittleEndian.AppendUint32(bytes.Clone(body), crc32.Checksum(body, table))
		if _, err := x.ReadFrom(bytes.NewReader(data)); err != nil {
			var model *index.ModelError
			if !errors.Is(err, index.ErrSnapshot) && !errors.As(err, &model) {
				t.Fatalf("it cannot be told what is wrong: %v", err)
			}
			if x.Len() != 0 {
				t.Fatal("what was refused has changed the index")
			}
			return
		}
		// What is accepted can be searched, updated and saved.
		query := frontdesk.Query{Text: "lamp money back", TopK: 5, Tenant: "acme"}
		var model *index.ModelError
		if _, err := x.Retrieve(t.Context(), query); err != nil && !errors.As(err, &model) {
			t.Fatal(err)
		}
		put := frontdesk.Passage{ID: "new", Document: "new", Text: "a new lamp"}
		if err := x.Replace(t.Context(), "fuzz", []string{"new"}, []frontdesk.Passage{put}, nil); err != nil {
			t.Fatal(err)
		}
		if _, err := x.WriteTo(io.Discard); err != nil {
			t.Fatal(err)
		}
	})
}
