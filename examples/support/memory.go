package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"

	"github.com/frontdesk-go/frontdesk"
)

// fileMemory keeps conversations in one append-only file and, to read them, in
// memory. Each append is one line, so it is there as a whole or not at all. It
// shows how little a frontdesk.Memory has to do; one process can use a file at
// a time.
type fileMemory struct {
	frontdesk.InMemory

	mu     sync.Mutex
	file   *os.File
	broken error // a write failed: the file's end is not known any more
}

// record is a line of the file.
type record struct {
	Conversation frontdesk.ConversationID `json:"conversation"`
	Entries      []frontdesk.Entry        `json:"entries"`
}

// openFileMemory reads the file at path, which need not exist. A last line that
// was cut short, as by a power failure, was never acknowledged and is removed.
func openFileMemory(path string) (*fileMemory, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	m := &fileMemory{file: file}
	if err := m.read(); err != nil {
		return nil, errors.Join(fmt.Errorf("read %s: %w", path, err), file.Close())
	}
	return m, nil
}

func (m *fileMemory) read() error {
	text, err := io.ReadAll(m.file)
	if err != nil {
		return err
	}
	whole := int64(bytes.LastIndexByte(text, '\n') + 1)
	number := 0
	for line := range bytes.Lines(text[:whole]) {
		number++
		var r record
		if err := json.Unmarshal(line, &r); err != nil {
			return fmt.Errorf("line %d: %w", number, err)
		}
		if len(r.Entries) == 0 {
			continue
		}
		last := r.Entries[0].Sequence - 1
		if err := m.InMemory.Append(context.Background(), r.Conversation, last, r.Entries...); err != nil {
			return fmt.Errorf("line %d: %w", number, err)
		}
	}
	if err := m.file.Truncate(whole); err != nil {
		return err
	}
	_, err = m.file.Seek(whole, io.SeekStart)
	return err
}

// Append implements frontdesk.Memory.
func (m *fileMemory) Append(ctx context.Context, id frontdesk.ConversationID, last int64, entries ...frontdesk.Entry) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.broken != nil {
		return m.broken
	}
	if err := m.InMemory.Append(ctx, id, last, entries...); err != nil {
		return err
	}
	r := record{Conversation: id}
	for i, entry := range entries {
		entry.Sequence = last + int64(i) + 1
		r.Entries = append(r.Entries, entry)
	}
	line, err := json.Marshal(r)
	if err == nil {
		_, err = m.file.Write(append(line, '\n'))
	}
	if err == nil {
		err = m.file.Sync()
	}
	if err != nil {
		m.broken = fmt.Errorf("the conversations could not be written, restart to go on: %w", err)
	}
	return m.broken
}

// Close closes the file.
func (m *fileMemory) Close() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.file.Close()
}
