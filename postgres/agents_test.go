package postgres_test

import (
	"context"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk/internal/crash"
	"github.com/frontdesk-go/frontdesk/postgres"
)

// agentsSchema and agentsPayments tell a process that it is a replica.
const (
	agentsSchema   = "FRONTDESK_AGENTS_SCHEMA"
	agentsPayments = "FRONTDESK_AGENTS_PAYMENTS"
)

// TestAgentReplica is the life of the processes that TestAgentsKilled kills.
func TestAgentReplica(t *testing.T) {
	schema := os.Getenv(agentsSchema)
	if schema == "" {
		t.Skip("TestAgentsKilled runs this in processes of its own")
	}
	store, err := postgres.Open(t.Context(), postgres.Config{URL: databaseURL(t), Schema: schema})
	require.NoError(t, err)
	defer store.Close()
	require.NoError(t, crash.Serve(context.Background(), store, os.Getenv(agentsPayments), os.Stdin, os.Stdout))
}

// Replicas answer over one database, and are killed, or stopped and woken when it
// is too late, while they pay.
func TestAgentsKilled(t *testing.T) {
	url := databaseURL(t)
	kills, wakes := 10, 4
	if os.Getenv("FRONTDESK_FAULTS") == "all" {
		kills, wakes = 200, 200
	}
	schema := newSchema(t, url)
	store, err := postgres.Open(t.Context(), postgres.Config{URL: url, Schema: schema})
	require.NoError(t, err)
	defer store.Close()
	report, err := crash.Plan{
		Replicas: 5, Conversations: 30 * kills, Kills: kills, Wakes: wakes, Pause: 200 * time.Millisecond,
		Start: func(payments string) *exec.Cmd {
			command := exec.Command(os.Args[0], "-test.run=^TestAgentReplica$")
			command.Env = append(os.Environ(), agentsSchema+"="+schema, agentsPayments+"="+payments)
			return command
		},
	}.Run(t.Context(), store)
	require.NoError(t, err)
	t.Logf("%+v", report)
	assert.Empty(t, report.Faults)
	assert.Positive(t, report.Payments)
}
