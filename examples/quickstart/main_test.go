package main

import (
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk/frontdesktest"
)

func TestQuickStart(t *testing.T) {
	server := frontdesktest.NewServer(
		frontdesktest.Call("get_order_status", OrderArgs{OrderID: "ORD-9281"}),
		frontdesktest.Say("It was delivered yesterday."),
	)
	defer server.Close()
	t.Setenv("OXLO_BASE_URL", server.URL())
	main()
	server.AssertDone(t)
	assert.Equal(t, "ORD-9281 of Ana: delivered yesterday", server.Requests()[1].Messages[2].Text)
}

func TestREADMEShowsThisProgram(t *testing.T) {
	program, err := os.ReadFile("main.go")
	require.NoError(t, err)
	readme, err := os.ReadFile("../../README.md")
	require.NoError(t, err)
	assert.Contains(t, string(readme), "```go\n"+string(program)+"```")
}
