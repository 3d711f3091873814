package sqlite_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/frontdesk-go/frontdesk"
	"github.com/frontdesk-go/frontdesk/frontdesktest"
	"github.com/frontdesk-go/frontdesk/sqlite"
)

// A conversation goes on after the program was started again.
func ExampleOpen() {
	ctx := context.Background()
	folder, err := os.MkdirTemp("", "frontdesk")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(folder)

	for _, text := range []string{"My lamp is broken.", "What did I say?"} {
		store, err := sqlite.Open(ctx, filepath.Join(folder, "conversations.db"))
		if err != nil {
			log.Fatal(err)
		}
		model := frontdesktest.NewProvider(frontdesktest.Say("Noted."))
		agent, err := frontdesk.New(frontdesk.Config{Provider: model, Memory: store, Quota: frontdesk.Quota{Ledger: store, Plan: 60}})
		if err != nil {
			log.Fatal(err)
		}
		if _, err := agent.Reply(ctx, frontdesk.Turn{Conversation: "c-81", Text: text}); err != nil {
			log.Fatal(err)
		}
		fmt.Println(len(model.Requests()[0].Messages), "messages were sent to the model")
		if err := store.Close(); err != nil {
			log.Fatal(err)
		}
	}
	// Output:
	// 1 messages were sent to the model
	// 3 messages were sent to the model
}
