package index

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// ErrSnapshot says that what was read is no snapshot of an index, or a damaged
// one. Fill the index anew.
var ErrSnapshot = errors.New("not a snapshot of an index, or a damaged one")

// magic begins a snapshot. Its last byte is the version of the format.
const magic = "frontdesk index\x02"

// magic1 began snapshots that did not say who wrote a passage.
const magic1 = "frontdesk index\x01"

// Save writes the index to a file, with all that a search needs, and replaces
// the file in one step: whatever happens meanwhile, the file is the old snapshot
// or the new one, whole and on the disk. Updates during a Save are not part of
// it. 100,000 vectors of 1,024 dimensions are about 430 MB.
func (x *Index) Save(path string) (err error) {
	folder, name := filepath.Split(filepath.Clean(path))
	if folder == "" {
		folder = "."
	}
	file, err := os.CreateTemp(folder, "."+name+"-*")
	if err != nil {
		return fmt.Errorf("save the index: %w", err)
	}
	defer func() {
		if err != nil {
			file.Close()           // closed already, perhaps
			os.Remove(file.Name()) // or renamed
			err = fmt.Errorf("save the index: %w", err)
		}
	}()
	if _, err := x.WriteTo(file); err != nil {
		return err
	}
	if err := file.Sync(); err != nil {
		return err
	}
	if err := file.Close(); err != nil {
		return err
	}
	if err := os.Rename(file.Name(), filepath.Clean(path)); err != nil {
		return err
	}
	return syncFolder(folder)
}

// syncFolder makes a change of names last.
func syncFolder(path string) error {
	folder, err := os.Open(path)
	if err != nil {
		return nil // the new file stands; some systems let no folder be opened
	}
	defer folder.Close()
	if err := folder.Sync(); err != nil && !errors.Is(err, os.ErrInvalid) && !errors.Is(err, errors.ErrUnsupported) {
		return err
	}
	return nil
}

// Load replaces what the index holds by the snapshot in a file. It is the model
// of the index's Model field that must have made the snapshot's vectors: that of
// another is refused with a [ModelError]. A damaged file is [ErrSnapshot], a
// missing one [os.ErrNotExist]. After an error nothing has changed.
func (x *Index) Load(path string) error {
	file, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("load the index: %w", err)
	}
	defer file.Close()
	if _, err := x.ReadFrom(file); err != nil {
		return fmt.Errorf("load the index from %s: %w", path, err)
	}
	return nil
}

// WriteTo writes a snapshot. It implements [io.WriterTo].
func (x *Index) WriteTo(w io.Writer) (int64, error) {
	e := &encoder{w: bufio.NewWriterSize(w, 1<<20)}
	state := x.current()
	e.raw([]byte(magic))
	e.string(x.Model)
	e.number(uint64(len(state.parts)))
	for i := range state.parts {
		e.part(&state.parts[i])
	}
	e.end()
	return e.written, e.err
}

// ReadFrom replaces what the index holds by a snapshot, which must be all there
// is to read. It implements [io.ReaderFrom]; errors are those of [Index.Load].
func (x *Index) ReadFrom(r io.Reader) (int64, error) {
	d := &decoder{r: bufio.NewReaderSize(r, 1<<20)}
	switch string(d.raw(len(magic))) {
	case magic:
	case magic1:
		d.first = true
	default:
		d.fail("it does not begin as one of this version")
	}
	model := d.string()
	next := &state{}
	for range d.count() {
		p := d.part()
		if d.err != nil {
			break
		}
		next.parts = append(next.parts, p)
		next.passages += p.live
	}
	d.end()
	if d.err == nil {
		d.check(next)
	}
	if d.err != nil {
		return d.read, d.err
	}
	x.writing.Lock()
	defer x.writing.Unlock()
	if dimensions := next.dimensions(); dimensions > 0 && x.Model != model {
		return d.read, &ModelError{Model: x.Model, Dimensions: x.current().dimensions(), OtherModel: model, OtherDimensions: dimensions}
	}
	x.state.Store(next)
	return d.read, nil
}
