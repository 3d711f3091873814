package ingest

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strings"
	"sync"
)

// Cache keeps vectors, so that no text is embedded twice by the same model. It
// is what makes a sync resumable: each batch is put into it as soon as it was
// embedded. It must be safe for concurrent use.
type Cache interface {
	// Get returns the vectors that are held under the keys, nil for the
	// others, in the order of the keys.
	Get(ctx context.Context, keys []CacheKey) ([][]float32, error)

	// Put holds vectors, all of one length. When it returns nil, they outlast
	// a crash. A key that is held already may keep its vector.
	Put(ctx context.Context, keys []CacheKey, vectors [][]float32) error
}

// CacheKey names a text and the model that embedded it: it is a SHA-256 of both.
type CacheKey [sha256.Size]byte

func cacheKey(model, text string) CacheKey {
	digest := sha256.New()
	io.WriteString(digest, model)
	digest.Write([]byte{0})
	io.WriteString(digest, text)
	return CacheKey(digest.Sum(nil))
}

// FileCache is a [Cache] in a folder: one file for each batch, which is written
// under another name, synced and renamed, and never changes. So a crash at any
// moment leaves whole files only, and processes can share a folder.
//
// A file that is damaged is as if it were not there: its texts are embedded
// again. Vectors are read from the files when they are asked for; in memory
// there are about 100 bytes for each.
type FileCache struct {
	folder string

	mu     sync.Mutex
	places map[CacheKey]place
}

// place is where a vector stands.
type place struct {
	file   string
	offset int64
	length int // numbers
}

// The layout of a file, all numbers little-endian: cacheMagic, the number of
// vectors and of numbers in each as uint32, the keys, the vectors as float32,
// and a CRC-32 (Castagnoli) of all that as uint32.
const (
	cacheMagic  = "fdvec\x00\x00\x01"
	cacheHeader = len(cacheMagic) + 8
	cacheSuffix = ".vectors"
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// OpenFileCache opens the cache in a folder, which it creates if it is not
// there.
func OpenFileCache(folder string) (*FileCache, error) {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return nil, fmt.Errorf("open embedding cache: %w", err)
	}
	c := &FileCache{folder: folder, places: make(map[CacheKey]place)}
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil, fmt.Errorf("open embedding cache: %w", err)
	}
	for _, entry := range entries {
		if !strings.HasSuffix(entry.Name(), cacheSuffix) {
			continue
		}
		data, err := os.ReadFile(filepath.Join(folder, entry.Name()))
		if errors.Is(err, fs.ErrNotExist) {
			continue // another process has removed it
		}
		if err != nil {
			return nil, fmt.Errorf("open embedding cache: %w", err)
		}
		c.index(entry.Name(), data)
	}
	return c, nil
}

// index notes the vectors of a file, if it is whole.
func (c *FileCache) index(name string, data []byte) {
	if len(data) < cacheHeader+4 || string(data[:len(cacheMagic)]) != cacheMagic {
		return
	}
	count := int64(binary.LittleEndian.Uint32(data[len(cacheMagic):]))
	length := int64(binary.LittleEndian.Uint32(data[len(cacheMagic)+4:]))
	vectors := int64(cacheHeader) + count*sha256.Size
	body := len(data) - 4
	// In two steps, so that no product overflows.
	if vectors > int64(body) || length > int64(body) || vectors+count*length*4 != int64(body) {
		return
	}
	if crc32.Checksum(data[:body], castagnoli) != binary.LittleEndian.Uint32(data[body:]) {
		return
	}
	for i := range count {
		key := CacheKey(data[int64(cacheHeader)+i*sha256.Size:])
		c.places[key] = place{file: name, offset: vectors + i*length*4, length: int(length)}
	}
}

// Len returns the number of vectors that are held.
func (c *FileCache) Len() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.places)
}

// Get implements [Cache].
func (c *FileCache) Get(ctx context.Context, keys []CacheKey) ([][]float32, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	places := make([]place, len(keys))
	c.mu.Lock()
	for i, key := range keys {
		places[i] = c.places[key]
	}
	c.mu.Unlock()

	vectors := make([][]float32, len(keys))
	var open *os.File
	defer func() {
		if open != nil {
			open.Close()
		}
	}()
	current := ""
	for i, at := range places {
		if at.file == "" {
			continue
		}
		if at.file != current {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			if open != nil {
				open.Close()
			}
			var err error
			if open, err = os.Open(filepath.Join(c.folder, at.file)); errors.Is(err, fs.ErrNotExist) {
				open, current = nil, ""
				continue // removed since: the text is embedded again
			} else if err != nil {
				return nil, fmt.Errorf("read embedding cache: %w", err)
			}
			current = at.file
		}
		data := make([]byte, at.length*4)
		if _, err := open.ReadAt(data, at.offset); err != nil {
			return nil, fmt.Errorf("read embedding cache: %w", err)
		}
		vector := make([]float32, at.length)
		for j := range vector {
			vector[j] = math.Float32frombits(binary.LittleEndian.Uint32(data[j*4:]))
		}
		vectors[i] = vector
	}
	return vectors, nil
}

// Put implements [Cache].
func (c *FileCache) Put(ctx context.Context, keys []CacheKey, vectors [][]float32) error {
	if len(keys) != len(vectors) {
		return fmt.Errorf("put into embedding cache: %d keys for %d vectors", len(keys), len(vectors))
	}
	if len(keys) == 0 {
		return nil
	}
	length := len(vectors[0])
	data := make([]byte, 0, cacheHeader+len(keys)*(sha256.Size+length*4)+4)
	data = append(data, cacheMagic...)
	data = binary.LittleEndian.AppendUint32(data, uint32(len(keys)))
	data = binary.LittleEndian.AppendUint32(data, uint32(length))
	for _, key := range keys {
		data = append(data, key[:]...)
	}
	for _, vector := range vectors {
		if len(vector) != length {
			return fmt.Errorf("put into embedding cache: vectors of %d and %d numbers in one batch", length, len(vector))
		}
		for _, number := range vector {
			data = binary.LittleEndian.AppendUint32(data, math.Float32bits(number))
		}
	}
	data = binary.LittleEndian.AppendUint32(data, crc32.Checksum(data, castagnoli))

	// The same batch has the same name, whoever writes it.
	name := fmt.Sprintf("%x%s", sha256.Sum256(data[:cacheHeader+len(keys)*sha256.Size]), cacheSuffix)
	if err := writeAtomically(c.folder, name, data); err != nil {
		return fmt.Errorf("write embedding cache: %w", err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.index(name, data)
	return nil
}

func writeAtomically(folder, name string, data []byte) (err error) {
	file, err := os.CreateTemp(folder, "writing-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			os.Remove(file.Name())
		}
	}()
	if _, err = file.Write(data); err != nil {
		file.Close()
		return err
	}
	if err = file.Sync(); err != nil {
		file.Close()
		return err
	}
	if err = file.Close(); err != nil {
		return err
	}
	if err = os.Rename(file.Name(), filepath.Join(folder, name)); err != nil {
		return err
	}
	// The name is on disk when the folder is. Not every system can say so.
	if directory, err := os.Open(folder); err == nil {
		_ = directory.Sync()
		directory.Close()
	}
	return nil
}
