package ingest_test

import (
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk/ingest"
)

func TestFileCacheOutlastsDamage(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "new", "cache")
	cache, err := ingest.OpenFileCache(folder)
	require.NoError(t, err)
	require.NoError(t, cache.Put(t.Context(), []ingest.CacheKey{{1}, {2}}, [][]float32{{0.5, -1}, {2, 3}}))
	require.NoError(t, cache.Put(t.Context(), []ingest.CacheKey{{3}}, [][]float32{{4, 5}}))
	require.NoError(t, cache.Put(t.Context(), nil, nil))
	require.Error(t, cache.Put(t.Context(), []ingest.CacheKey{{1}}, nil))
	require.Error(t, cache.Put(t.Context(), []ingest.CacheKey{{5}, {6}}, [][]float32{{1, 2}, {3}}))

	// What a crash leaves behind, and other people's files, do not matter.
	require.NoError(t, os.WriteFile(filepath.Join(folder, "writing-123"), []byte("half"), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(folder, "x.vectors"), []byte("half"), 0o600))
	cache, err = ingest.OpenFileCache(folder)
	require.NoError(t, err)
	assert.Equal(t, 3, cache.Len())
	vectors, err := cache.Get(t.Context(), []ingest.CacheKey{{3}, {9}, {1}})
	require.NoError(t, err)
	assert.Equal(t, [][]float32{{4, 5}, nil, {0.5, -1}}, vectors)

	// A flipped bit anywhere costs the batch, and nothing else.
	names, err := filepath.Glob(filepath.Join(folder, "*.vectors"))
	require.NoError(t, err)
	names = slices.DeleteFunc(names, func(name string) bool { return filepath.Base(name) == "x.vectors" })
	require.Len(t, names, 2)
	for _, name := range names {
		data, err := os.ReadFile(name)
		require.NoError(t, err)
		whole, err := ingest.OpenFileCache(folder)
		require.NoError(t, err)
		before := whole.Len()
		for i := range data {
			data[i] ^= 1
			require.NoError(t, os.WriteFile(name, data, 0o600))
			damaged, err := ingest.OpenFileCache(folder)
			require.NoError(t, err)
			assert.Less(t, damaged.Len(), before, "byte %d", i)
			data[i] ^= 1
		}
		require.NoError(t, os.Remove(name))
	}
	vectors, err = cache.Get(t.Context(), []ingest.CacheKey{{3}})
	require.NoError(t, err)
	assert.Equal(t, [][]float32{nil}, vectors, "a file that was removed meanwhile")
}

func TestFileCacheIsShared(t *testing.T) {
	folder := t.TempDir()
	var wait sync.WaitGroup
	for writer := range 4 {
		wait.Go(func() {
			cache, err := ingest.OpenFileCache(folder)
			assert.NoError(t, err)
			for i := range 20 {
				key := ingest.CacheKey{byte(i), byte(writer % 2)} // two write the same
				assert.NoError(t, cache.Put(t.Context(), []ingest.CacheKey{key}, [][]float32{{float32(i)}}))
				got, err := cache.Get(t.Context(), []ingest.CacheKey{key})
				assert.NoError(t, err)
				assert.Equal(t, [][]float32{{float32(i)}}, got)
			}
		})
	}
	wait.Wait()
	cache, err := ingest.OpenFileCache(folder)
	require.NoError(t, err)
	assert.Equal(t, 40, cache.Len())
}
