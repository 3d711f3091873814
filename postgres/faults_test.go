package postgres_test

import (
	"bytes"
	"context"
	"errors"
	"math/rand/v2"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk/internal/linear"
	"github.com/frontdesk-go/frontdesk/postgres"
)

// faults is how many faults a test makes: a sample, or all of them with
// FRONTDESK_FAULTS=all.
func faults(sample, all int) int {
	if os.Getenv("FRONTDESK_FAULTS") == "all" {
		return all
	}
	return sample
}

// fuse burns down with the bytes that pass through the connections, and cuts
// the one on which it ends.
type fuse struct {
	left   atomic.Int64 // 0: not lit
	commit atomic.Bool  // is lit by the next commit
	cuts   atomic.Int64
}

func (f *fuse) light(bytes int64) { f.left.CompareAndSwap(0, bytes) }

// burn returns how many of the next bytes pass, and whether the connection is
// cut behind them.
func (f *fuse) burn(bytes int) (int, bool) {
	for {
		left := f.left.Load()
		if left == 0 {
			return bytes, false
		}
		rest := max(left-int64(bytes), 0)
		if !f.left.CompareAndSwap(left, rest) {
			continue
		}
		if rest > 0 {
			return bytes, false
		}
		f.cuts.Add(1)
		return int(left), true
	}
}

// fusedConn is a connection with a fuse, in both directions.
type fusedConn struct {
	net.Conn
	fuse *fuse
}

var errCut = errors.New("the connection was cut")

func (c *fusedConn) Write(p []byte) (int, error) {
	if bytes.Contains(p, []byte("commit\x00")) && c.fuse.commit.CompareAndSwap(true, false) {
		c.fuse.light(1 + rand.Int64N(int64(len(p)+len("C    COMMIT Z    I")))) // with PostgreSQL's answer
	}
	passed, cut := c.fuse.burn(len(p))
	n, err := c.Conn.Write(p[:passed])
	if cut {
		c.Conn.Close()
		return n, errCut
	}
	return n, err
}

func (c *fusedConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if err != nil {
		return n, err
	}
	passed, cut := c.fuse.burn(n)
	if cut {
		c.Conn.Close()
		return passed, errCut
	}
	return passed, nil
}

// openFused opens a store whose connections have a fuse.
func openFused(t *testing.T, url, schema string, fuse *fuse) *postgres.Store {
	t.Helper()
	config, err := pgxpool.ParseConfig(url)
	require.NoError(t, err)
	config.MaxConns = 4
	dial := config.ConnConfig.DialFunc
	config.ConnConfig.DialFunc = func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dial(ctx, network, address)
		if err != nil {
			return nil, err
		}
		return &fusedConn{Conn: conn, fuse: fuse}, nil
	}
	pool, err := pgxpool.NewWithConfig(t.Context(), config)
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	store, err := postgres.Open(t.Context(), postgres.Config{Pool: pool, Schema: schema})
	require.NoError(t, err)
	return store
}

// Connections are cut at any byte of an append, on the way there or back.
func TestConnectionsCutInAppends(t *testing.T) {
	url := databaseURL(t)
	schema := newSchema(t, url)
	var fuse fuse
	store := openFused(t, url, schema, &fuse)

	wanted := int64(faults(60, 500))
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	load := newLoad(store, 2)
	load.fault = func() {
		switch what := rand.IntN(6); {
		case fuse.cuts.Load() >= wanted && load.landed.Load() > 0:
			cancel()
		case what == 0:
			fuse.light(1 + rand.Int64N(3000))
		case what <= 3:
			fuse.commit.Store(true)
		}
	}
	var group sync.WaitGroup
	for writer := range 3 {
		group.Go(func() { load.write(ctx, writer) })
	}
	group.Wait()
	fuse.left.Store(0)
	fuse.commit.Store(false)
	assert.GreaterOrEqual(t, fuse.cuts.Load(), wanted)
	assert.NotZero(t, load.landed.Load(), "no append was cut after its commit, in five minutes")
	load.check(t, connect(t, url), schema)
}

// What clients see of appends and loads has an order, also where connections
// are cut and nobody knows whether an append was done.
func TestStoreIsLinearizable(t *testing.T) {
	url := databaseURL(t)
	schema := newSchema(t, url)
	open := func() *postgres.Store {
		store, err := postgres.Open(t.Context(), postgres.Config{URL: url, Schema: schema})
		require.NoError(t, err)
		t.Cleanup(func() { store.Close() })
		return store
	}
	first, second := open(), open()
	for seed := range uint64(faults(5, 20)) {
		require.NoError(t, linear.Record(t.Context(), seed, first, second).Check(), "seed %d", seed)
	}
	var fuse fuse
	third := openFused(t, url, schema, &fuse)
	for seed := range uint64(faults(5, 20)) {
		ctx, cancel := context.WithCancel(t.Context())
		var group sync.WaitGroup
		group.Go(func() {
			for ctx.Err() == nil {
				fuse.light(1 + rand.Int64N(10_000))
				time.Sleep(time.Millisecond)
			}
		})
		history := linear.Record(t.Context(), 1000+seed, first, third)
		cancel()
		group.Wait()
		require.NoError(t, history.Check(), "seed %d with cuts", seed)
	}
	assert.NotZero(t, fuse.cuts.Load())
	t.Logf("%d connections were cut", fuse.cuts.Load())
}

// The server is killed with all its processes while it works, and started
// again.
func TestServerStopsAtOnce(t *testing.T) {
	server := startServer(t)
	schema := newSchema(t, server.url)
	store, err := postgres.Open(t.Context(), postgres.Config{URL: server.url, Schema: schema})
	require.NoError(t, err)
	t.Cleanup(func() { store.Close() })

	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	load := newLoad(store, 8)
	var (
		group   sync.WaitGroup
		slowest time.Duration
	)
	for writer := range 4 {
		group.Go(func() { load.write(ctx, writer) })
	}
	for range faults(3, 50) {
		before := load.appends.Load()
		require.Eventually(t, func() bool { return load.appends.Load() > before+20 }, time.Minute, time.Millisecond, "service does not return")
		server.stopAtOnce(t)
		server.start(t)
		back, before := time.Now(), load.appends.Load()
		require.Eventually(t, func() bool { return load.appends.Load() > before }, time.Minute, time.Millisecond, "service does not return")
		slowest = max(slowest, time.Since(back))
	}
	cancel()
	group.Wait()
	load.check(t, connect(t, server.url), schema)
	t.Logf("service returned at the latest %v after the server", slowest)
}
