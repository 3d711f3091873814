package sqlite_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/frontdesk-go/frontdesk"
	"github.com/frontdesk-go/frontdesk/sqlite"
)

// crashWriter is the path of the store to which this process appends until it
// is killed, if it is not the one that tests.
const crashWriter = "FRONTDESK_CRASH_WRITER"

func TestMain(m *testing.M) {
	if path := os.Getenv(crashWriter); path != "" {
		fmt.Fprintln(os.Stderr, appendUntilKilled(path))
		os.Exit(1)
	}
	goleak.VerifyTestMain(m)
}

const crashConversations = 4

func crashConversation(n int) frontdesk.ConversationID {
	return frontdesk.ConversationID{Tenant: "acme", ID: fmt.Sprint("c-", n)}
}

// crashData says which append an entry is part of.
type crashData struct {
	Append  string `json:"append"`
	Part    int    `json:"part"`
	Parts   int    `json:"parts"`
	Claim   string `json:"claim,omitempty"`
	Padding []byte `json:"padding"`
}

// acknowledged is what a writer tells of an append that was.
type acknowledged struct {
	Conversation int
	Last         int64
	Append       string
}

// appendUntilKilled appends to random conversations, as another process does
// too. Every append claims a name for which they compete.
func appendUntilKilled(path string) error {
	ctx := context.Background()
	store, err := sqlite.Open(ctx, path)
	if err != nil {
		return err
	}
	var group sync.WaitGroup
	failed := make(chan error, crashConversations)
	for range crashConversations {
		group.Go(func() {
			for {
				if err := appendOne(ctx, store); err != nil {
					failed <- err
					return
				}
			}
		})
	}
	return <-failed
}

func appendOne(ctx context.Context, store *sqlite.Store) error {
	conversation := rand.IntN(crashConversations)
	log, err := store.Load(ctx, crashConversation(conversation), 0)
	if err != nil {
		return err
	}
	last := int64(len(log))
	claim := fmt.Sprint("claim ", time.Now().UnixMilli())
	data := crashData{Append: strconv.FormatUint(rand.Uint64(), 36), Parts: 1 + rand.IntN(4)}
	entries := make([]frontdesk.Entry, data.Parts)
	for i := range entries {
		data.Part, data.Padding = i, make([]byte, rand.IntN(1000))
		data.Claim = ""
		if i == data.Parts-1 {
			data.Claim = claim
		}
		text, err := json.Marshal(data)
		if err != nil {
			return err
		}
		entries[i] = frontdesk.Entry{ID: fmt.Sprint(data.Append, "-", i), Kind: frontdesk.EntryPosted, Version: 1, Data: text}
	}
	entries[data.Parts-1].Changes = &frontdesk.Changes{Claims: []string{claim}}
	err = store.Append(ctx, crashConversation(conversation), last, entries...)
	var claimed *frontdesk.ClaimError
	if errors.Is(err, frontdesk.ErrConflict) || errors.As(err, &claimed) {
		return nil
	}
	if err != nil {
		return err
	}
	line, err := json.Marshal(acknowledged{conversation, last, data.Append})
	if err == nil {
		_, err = os.Stdout.Write(append(line, '\n'))
	}
	return err
}

// Two processes append to one file and are killed again and again. What they
// said was appended is there, whole, and nothing is there twice.
func TestProcessesThatAreKilled(t *testing.T) {
	kills := faults(30, 200)
	executable, err := os.Executable()
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), "crash.db")
	var (
		mu    sync.Mutex
		acked []acknowledged
	)
	runAndKill := func() error {
		command := exec.Command(executable)
		command.Env = append(os.Environ(), crashWriter+"="+path)
		command.Stderr = os.Stderr
		output, err := command.StdoutPipe()
		if err != nil {
			return err
		}
		if err := command.Start(); err != nil {
			return err
		}
		// Half of the moments are counted from the first append on, so that
		// writers die while they open the file, too.
		begun := make(chan struct{})
		read := make(chan struct{})
		go func() {
			defer close(read)
			for lines, n := bufio.NewScanner(output), 0; lines.Scan(); n++ {
				if n == 0 {
					close(begun)
				}
				var ack acknowledged
				if json.Unmarshal(lines.Bytes(), &ack) == nil { // else it was killed within the line
					mu.Lock()
					acked = append(acked, ack)
					mu.Unlock()
				}
			}
		}()
		if rand.IntN(2) == 0 {
			select {
			case <-begun:
			case <-read:
			}
		}
		time.Sleep(rand.N(120 * time.Millisecond))
		if err := command.Process.Kill(); err != nil {
			return err
		}
		<-read
		var exited *exec.ExitError
		if err := command.Wait(); !errors.As(err, &exited) || exited.ExitCode() != -1 {
			return fmt.Errorf("a writer ended by itself: %w", err)
		}
		return nil
	}
	for killed := 0; killed < kills; {
		const processes, each = 2, 5
		var group sync.WaitGroup
		for range processes {
			group.Go(func() {
				for range each {
					assert.NoError(t, runAndKill())
				}
			})
		}
		group.Wait()
		killed += processes * each
		checkCrashed(t, path, acked)
		if t.Failed() {
			return
		}
	}
	assert.Greater(t, len(acked), kills, "hardly anything was appended")
	t.Logf("%d kills, %d appends acknowledged", kills, len(acked))
}

// checkCrashed checks what the killed processes have left.
func checkCrashed(t *testing.T, path string, acked []acknowledged) {
	store := open(t, path)
	defer func() { require.NoError(t, store.Close()) }()
	require.NoError(t, store.CheckIntegrity(t.Context()))
	type place struct {
		conversation int
		sequence     int64
	}
	appends, claims := make(map[string]place), make(map[string]string)
	for n := range crashConversations {
		log, err := store.Load(t.Context(), crashConversation(n), 0)
		require.NoError(t, err)
		for i := 0; i < len(log); {
			var first crashData
			require.NoError(t, json.Unmarshal(log[i].Data, &first))
			require.LessOrEqual(t, i+first.Parts, len(log), "an append is there in part")
			require.NotContains(t, appends, first.Append)
			appends[first.Append] = place{n, int64(i)}
			for part := range first.Parts {
				entry := log[i+part]
				var data crashData
				require.NoError(t, json.Unmarshal(entry.Data, &data))
				require.Equal(t, int64(i+part+1), entry.Sequence)
				require.Equal(t, []any{first.Append, part}, []any{data.Append, data.Part})
				if data.Claim != "" {
					require.NotContains(t, claims, data.Claim, "a name was claimed twice")
					claims[data.Claim] = data.Append
				}
			}
			i += first.Parts
		}
	}
	for _, ack := range acked {
		found, ok := appends[ack.Append]
		require.True(t, ok, "an append that was acknowledged is lost: %+v", ack)
		require.Equal(t, place{ack.Conversation, ack.Last}, found)
	}
}
