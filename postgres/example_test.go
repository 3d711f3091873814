package postgres_test

import (
	"context"
	"fmt"
	"log"
	"os"

	"github.com/frontdesk-go/frontdesk"
	"github.com/frontdesk-go/frontdesk/postgres"
)

// An agent whose conversations any number of processes can serve, with its
// knowledge base in the same database.
func Example() {
	ctx := context.Background()
	config := postgres.Config{URL: os.Getenv("DATABASE_URL")}
	store, err := postgres.Open(ctx, config)
	if err != nil {
		log.Fatal(err)
	}
	defer store.Close()
	passages, err := postgres.OpenPassages(ctx, postgres.PassagesConfig{Config: config, Embedder: &frontdesk.Embeddings{}})
	if err != nil {
		log.Fatal(err)
	}
	defer passages.Close()

	agent, err := frontdesk.New(frontdesk.Config{
		Memory:    store,
		Retriever: passages,
		Quota:     frontdesk.Quota{Ledger: store, Plan: frontdesk.PlanPro},
	})
	if err != nil {
		log.Fatal(err)
	}
	reply, err := agent.Reply(ctx, frontdesk.Turn{Conversation: "c-81", Text: "How long do I have to return a lamp?"})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(reply.Text)
}
