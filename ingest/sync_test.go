package ingest_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk/ingest"
)

func TestSyncKeepsATargetInStep(t *testing.T) {
	kb, model := new(target), new(embedder)
	in := &ingest.Ingester{Target: kb, Embedder: model, Model: "m"}
	pages := map[string]string{"a.md": "# A\n\nOne.\n\n## More\n\nTwo.", "b.md": "# B\n\nThree.", "c.md": "# C\n\nFour."}

	report, err := in.Sync(t.Context(), "help", files(pages))
	require.NoError(t, err)
	assert.Equal(t, []string{"a.md", "b.md", "c.md"}, report.Added)
	assert.Equal(t, 4, report.Passages)
	assert.Equal(t, 4, report.Texts)
	assert.Equal(t, 1, report.Requests)
	assert.Equal(t, []string{"a.md", "b.md", "c.md"}, kb.documents("help"))
	assert.Contains(t, model.texts, "A — More\nTwo.")

	// Unchanged: no request, no change.
	report, err = in.Sync(t.Context(), "help", files(pages))
	require.NoError(t, err)
	assert.Equal(t, 3, report.Unchanged)
	assert.Zero(t, report.Requests)
	assert.Equal(t, 1, model.calls)
	assert.Equal(t, 1, kb.replaced)

	pages["a.md"] += " And a half."
	pages["d.md"] = "# D\n\nFive."
	delete(pages, "b.md")
	report, err = in.Sync(t.Context(), "help", files(pages))
	require.NoError(t, err)
	assert.Equal(t, []string{"d.md"}, report.Added)
	assert.Equal(t, []string{"a.md"}, report.Changed)
	assert.Equal(t, []string{"b.md"}, report.Removed)
	assert.Equal(t, 1, report.Unchanged)
	assert.Equal(t, []string{"a.md", "c.md", "d.md"}, kb.documents("help"))
	assert.Equal(t, 2, kb.replaced, "all changes in one step")
}

func TestSyncKeepsSourcesApart(t *testing.T) {
	kb := new(target)
	in := &ingest.Ingester{Target: kb}
	for _, name := range []string{"help", "faq"} {
		_, err := in.Sync(t.Context(), name, files(map[string]string{"a.md": "# A\n\nThe same."}))
		require.NoError(t, err)
	}
	assert.NotEqual(t, kb.passages["help"][0].ID, kb.passages["faq"][0].ID)

	_, err := in.Sync(t.Context(), "faq", files(map[string]string{"b.md": "# B\n\nAnother."}))
	require.NoError(t, err)
	assert.Equal(t, []string{"a.md"}, kb.documents("help"))
	assert.Equal(t, []string{"b.md"}, kb.documents("faq"))
}

func TestSyncGoesOnWhereItWasInterrupted(t *testing.T) {
	pages := make(map[string]string)
	for i := range 10 {
		pages[fmt.Sprintf("%d.md", i)] = fmt.Sprintf("# Page %d\n\nText %d.", i, i)
	}
	folder := t.TempDir()
	kb := new(target)
	ctx, cancel := context.WithCancel(t.Context())
	model := &embedder{after: func(calls int) error {
		if calls == 3 {
			cancel()
			return ctx.Err()
		}
		return nil
	}}
	run := func(ctx context.Context) (*ingest.Report, error) {
		cache, err := ingest.OpenFileCache(folder)
		require.NoError(t, err)
		in := &ingest.Ingester{Target: kb, Embedder: model, Model: "m", Cache: cache, BatchSize: 2}
		return in.Sync(ctx, "help", files(pages))
	}
	_, err := run(ctx)
	require.ErrorIs(t, err, context.Canceled)
	assert.Zero(t, kb.replaced, "nothing is changed by halves")

	report, err := run(t.Context())
	require.NoError(t, err)
	assert.Equal(t, 4, report.Cached)
	assert.Equal(t, 6, report.Texts)
	assert.Equal(t, 3, report.Requests)
	assert.Len(t, model.texts, 10, "no text was embedded twice")
	assert.Len(t, kb.vectors, 10)

	// A target that was lost costs no request either.
	kb = new(target)
	report, err = run(t.Context())
	require.NoError(t, err)
	assert.Equal(t, 10, report.Cached)
	assert.Zero(t, report.Requests)
	assert.Len(t, kb.vectors, 10)
}

func TestSyncKeepsWhatIsBrokenForNow(t *testing.T) {
	kb := new(target)
	in := &ingest.Ingester{Target: kb}
	_, err := in.Sync(t.Context(), "help", files(map[string]string{"a.md": "# A\n\nOne.", "b.md": "# B\n\nTwo.", "c.md": "# C\n\nThree."}))
	require.NoError(t, err)

	report, err := in.Sync(t.Context(), "help", files(map[string]string{"a.md": "# A\n\n\xff", "b.md": "---\ndraft: true\n---\n# B\n\nTwo.", "c.md": "# C\n\nThree."}))
	require.NoError(t, err)
	assert.Equal(t, []string{"a.md"}, report.Kept)
	assert.Equal(t, []string{"b.md"}, report.Removed)
	require.Len(t, report.Skipped, 2)
	assert.ErrorContains(t, report.Skipped[0], "a.md: byte 5 is not UTF-8")
	assert.ErrorContains(t, report.Skipped[1], "b.md: it is a draft")
	assert.Equal(t, []string{"a.md", "c.md"}, kb.documents("help"))
}

func TestSyncChangesNothingWhenItFails(t *testing.T) {
	kb := new(target)
	in := &ingest.Ingester{Target: kb}
	_, err := in.Sync(t.Context(), "help", files(map[string]string{"a.md": "# A\n\nOne."}))
	require.NoError(t, err)

	_, err = in.Sync(t.Context(), "help", files(nil))
	require.ErrorIs(t, err, ingest.ErrEmptySource)
	_, err = in.Sync(t.Context(), "help", ingest.Folder{})
	require.ErrorContains(t, err, "set Folder.FS")
	kb.fail = errors.New("disk full")
	_, err = in.Sync(t.Context(), "help", files(map[string]string{"b.md": "# B\n\nTwo."}))
	require.ErrorContains(t, err, "disk full")
	assert.Equal(t, []string{"a.md"}, kb.documents("help"))

	kb.fail, in.AllowEmpty = nil, true
	report, err := in.Sync(t.Context(), "help", files(nil))
	require.NoError(t, err)
	assert.Equal(t, []string{"a.md"}, report.Removed)
}

func TestSyncEmbedsAnewForAnotherModel(t *testing.T) {
	kb, model := new(target), new(embedder)
	pages := files(map[string]string{"a.md": "# A\n\nOne."})
	for _, name := range []string{"m1", "m1", "m2"} {
		_, err := (&ingest.Ingester{Target: kb, Embedder: model, Model: name}).Sync(t.Context(), "help", pages)
		require.NoError(t, err)
	}
	assert.Equal(t, 2, model.calls)

	_, err := (&ingest.Ingester{Target: kb, Embedder: model}).Sync(t.Context(), "help", pages)
	require.ErrorContains(t, err, "Ingester.Model")
}

func TestSyncTellsHowFarItIs(t *testing.T) {
	var told []string
	in := &ingest.Ingester{Target: new(target), Embedder: new(embedder), Model: "m", BatchSize: 1, Progress: func(p ingest.Progress) {
		told = append(told, strings.TrimSpace(fmt.Sprintf("%s %d/%d %s", p.Stage, p.Done, p.Total, p.Document)))
	}}
	_, err := in.Sync(t.Context(), "help", files(map[string]string{"a.md": "# A\n\nOne.", "b.md": "# B\n\nTwo."}))
	require.NoError(t, err)
	assert.Equal(t, []string{
		"reading 1/0 a.md", "reading 2/0 b.md",
		"embedding 0/2", "embedding 1/2", "embedding 2/2",
		"storing 0/2", "storing 2/2",
	}, told)
}
