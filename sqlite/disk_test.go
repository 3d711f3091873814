package sqlite_test

import (
	"bytes"
	"io"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"

	"github.com/ncruces/go-sqlite3"
	"github.com/ncruces/go-sqlite3/vfs"
)

// disk is a file layer for SQLite that forgets what was not synced when the
// power fails. It keeps for each file what is surely on the disk and, in order,
// what was done to it since.
type disk struct {
	// touch is called before anything is written, synced, cut or deleted, with
	// the lock held. So what it sees is what a power cut at that moment hits.
	touch func()

	lies bool // it says that it synced, and did not
	full bool

	shared string // a real file for SQLite's shared memory, which no cut outlives

	mu    sync.Mutex
	files map[string]*diskFile
	gone  map[string]*diskFile // deleted, though not for certain
}

// diskFile is a file, whatever its name is.
type diskFile struct {
	seen    []byte // what the process sees
	certain []byte // what was synced
	changes []diskChange
	named   bool // its name was synced too

	readers           int
	reserved, pending bool
}

// diskChange is a write, or a change of the size.
type diskChange struct {
	offset int64
	data   []byte
	size   int64 // if data is nil
}

func newDisk(shared string) *disk {
	return &disk{touch: func() {}, shared: shared, files: make(map[string]*diskFile), gone: make(map[string]*diskFile)}
}

// sector is what a disk writes at once, or not.
const sector = 512

func (c *diskChange) apply(to []byte) []byte {
	size := c.size
	if c.data != nil {
		size = max(int64(len(to)), c.offset+int64(len(c.data)))
	}
	for int64(len(to)) < size {
		to = append(to, make([]byte, size-int64(len(to)))...)
	}
	copy(to[min(c.offset, int64(len(to))):], c.data)
	return to[:size]
}

// afterCut returns the disk as it may be after the power failed: of what was
// not synced, each sector is there, or not, or torn. The caller holds the lock.
func (d *disk) afterCut(random *rand.Rand, shared string) *disk {
	left := newDisk(shared)
	loss := []float64{0, 0.1, 0.5, 0.9, 1}[random.IntN(5)]
	lost := func() bool { return random.Float64() < loss }
	keep := func(name string, file *diskFile) {
		content := bytes.Clone(file.certain)
		for _, change := range file.changes {
			if change.data == nil {
				if !lost() {
					content = change.apply(content)
				}
				continue
			}
			for at := int64(0); at < int64(len(change.data)); {
				end := min(at+sector-(change.offset+at)%sector, int64(len(change.data)))
				part := diskChange{offset: change.offset + at, data: change.data[at:end]}
				if random.IntN(20) == 0 {
					part.data = part.data[:random.Int64N(end-at)+1] // torn
				}
				if !lost() {
					content = part.apply(content)
				}
				at = end
			}
		}
		left.files[name] = &diskFile{seen: content, certain: bytes.Clone(content), named: true}
	}
	for _, name := range slices.Sorted(maps.Keys(d.gone)) {
		if lost() { // its deletion is lost
			keep(name, d.gone[name])
		}
	}
	for _, name := range slices.Sorted(maps.Keys(d.files)) {
		if file := d.files[name]; file.named || !lost() {
			keep(name, file)
		}
	}
	return left
}

// syncNames makes certain which files there are. The caller holds the lock.
func (d *disk) syncNames() {
	for _, file := range d.files {
		file.named = true
	}
	clear(d.gone)
}

func (d *disk) setFull(full bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.full = full
}

func (d *disk) isFull() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.full
}

func (d *disk) Open(name string, flags vfs.OpenFlag) (vfs.File, vfs.OpenFlag, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if name == "" {
		return &openFile{disk: d, diskFile: new(diskFile), flags: flags}, flags, nil
	}
	file := d.files[name]
	if file == nil {
		if flags&vfs.OPEN_CREATE == 0 {
			return nil, flags, sqlite3.CANTOPEN
		}
		file = new(diskFile)
		d.files[name] = file
	}
	opened := &openFile{disk: d, diskFile: file, flags: flags}
	if flags&vfs.OPEN_MAIN_DB != 0 {
		opened.memory = vfs.NewSharedMemory(d.shared, flags)
	}
	return opened, flags, nil
}

func (d *disk) Delete(name string, syncDir bool) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	file := d.files[name]
	if file == nil {
		return sqlite3.IOERR_DELETE_NOENT
	}
	d.touch()
	delete(d.files, name)
	if file.named {
		d.gone[name] = file
	}
	if syncDir {
		d.syncNames()
	}
	return nil
}

func (d *disk) Access(name string, _ vfs.AccessFlag) (bool, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.files[name] != nil, nil
}

func (d *disk) FullPathname(name string) (string, error) { return name, nil }

// openFile is a file as one connection has it.
type openFile struct {
	disk *disk
	*diskFile
	flags  vfs.OpenFlag
	synced bool
	lock   vfs.LockLevel
	memory vfs.SharedMemory
}

var _ vfs.FileSharedMemory = (*openFile)(nil)

func (f *openFile) Close() error {
	if f.memory != nil {
		if err := f.memory.Close(); err != nil {
			return err
		}
	}
	return f.Unlock(vfs.LOCK_NONE)
}

func (f *openFile) ReadAt(p []byte, offset int64) (int, error) {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	n := copy(p, f.seen[min(offset, int64(len(f.seen))):])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

func (f *openFile) WriteAt(p []byte, offset int64) (int, error) {
	if f.disk.isFull() {
		return 0, sqlite3.FULL
	}
	f.change(diskChange{offset: offset, data: bytes.Clone(p)})
	return len(p), nil
}

func (f *openFile) Truncate(size int64) error {
	f.change(diskChange{size: size})
	return nil
}

// change changes the file. A cut hits the change itself as well.
func (f *openFile) change(change diskChange) {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	f.changes = append(f.changes, change)
	f.disk.touch()
	f.seen = change.apply(f.seen)
}

// Sync makes the content certain and, as SQLite's own file layers do, with the
// first sync of a new log or journal the names in the folder.
func (f *openFile) Sync(vfs.SyncFlag) error {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	f.disk.touch()
	if f.disk.lies {
		return nil
	}
	f.certain = bytes.Clone(f.seen)
	f.changes = nil
	if log := vfs.OPEN_WAL | vfs.OPEN_MAIN_JOURNAL; !f.synced && f.flags&log != 0 && f.flags&vfs.OPEN_CREATE != 0 {
		f.synced = true
		f.disk.syncNames()
	}
	return nil
}

func (f *openFile) Size() (int64, error) {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	return int64(len(f.seen)), nil
}

func (f *openFile) Lock(lock vfs.LockLevel) error {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	if f.lock >= lock {
		return nil
	}
	switch lock {
	case vfs.LOCK_SHARED:
		if f.pending {
			return sqlite3.BUSY
		}
		f.readers++
	case vfs.LOCK_RESERVED:
		if f.reserved {
			return sqlite3.BUSY
		}
		f.reserved = true
	case vfs.LOCK_EXCLUSIVE:
		if f.lock == vfs.LOCK_RESERVED {
			f.lock = vfs.LOCK_PENDING
			f.pending = true
		}
		if f.readers > 1 {
			return sqlite3.BUSY
		}
	}
	f.lock = lock
	return nil
}

func (f *openFile) Unlock(lock vfs.LockLevel) error {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	if f.lock <= lock {
		return nil
	}
	if f.lock >= vfs.LOCK_RESERVED {
		f.reserved = false
	}
	if f.lock >= vfs.LOCK_PENDING {
		f.pending = false
	}
	if lock < vfs.LOCK_SHARED {
		f.readers--
	}
	f.lock = lock
	return nil
}

func (f *openFile) CheckReservedLock() (bool, error) {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	return f.reserved, nil
}

func (f *openFile) SectorSize() int { return sector }

func (f *openFile) DeviceCharacteristics() vfs.DeviceCharacteristic {
	return vfs.IOCAP_POWERSAFE_OVERWRITE | vfs.IOCAP_SUBPAGE_READ // those of a file of the operating system
}

func (f *openFile) SharedMemory() vfs.SharedMemory { return f.memory }
