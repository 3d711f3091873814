// Command support is the support desk of a small shop, as a terminal chat: an
// agent that looks orders up, pays refunds, answers from the shop's help pages
// with citations, and hands over to a colleague.
//
//	go run ./examples/support
//
// With OXLO_API_KEY set it talks to Oxlo, with -base-url and -model to any
// OpenAI-compatible server, such as Ollama at http://127.0.0.1:11434/v1. With
// neither, a rule-based stand-in plays the model's part over loopback; all else
// is the same.
//
// Orders, refunds and conversations are kept in the folder given by -data, so a
// restart continues where the last run ended.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"time"

	"github.com/frontdesk-go/frontdesk"
	"github.com/frontdesk-go/frontdesk/examples/support/offline"
	"github.com/frontdesk-go/frontdesk/examples/support/policies"
	"github.com/frontdesk-go/frontdesk/examples/support/shop"
	"github.com/frontdesk-go/frontdesk/sqlite"
)

const instructions = `You are the support agent of Lamp & Linen, a small shop for lamps and household linen. Be friendly, brief and exact.
Look an order up before you say anything about it, and before you change or refund it. Never claim to have done what no tool has confirmed.
Hand the conversation over when the customer asks for a person, when a policy says so, or when you cannot help.`

// options are the program's flags.
type options struct {
	baseURL      string
	model        string
	data         string
	customer     string
	conversation string
}

func main() {
	var o options
	flag.StringVar(&o.baseURL, "base-url", os.Getenv("OXLO_BASE_URL"), "base `URL` of an OpenAI-compatible server (default Oxlo)")
	flag.StringVar(&o.model, "model", frontdesk.DefaultModel, "`name` of the model")
	flag.StringVar(&o.data, "data", "support-data", "`folder` for orders, refunds and conversations")
	flag.StringVar(&o.customer, "customer", "cus_ana", "`id` of the customer who chats: cus_ana, cus_ben, cus_chloe or cus_dario")
	flag.StringVar(&o.conversation, "conversation", "", "`id` of the conversation to begin or continue (default: one for each customer)")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, o, os.Stdin, os.Stdout)
	stop()
	if err != nil && !errors.Is(err, context.Canceled) {
		fmt.Fprintln(os.Stderr, "support:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, o options, in io.Reader, out io.Writer) (err error) {
	if o.conversation == "" {
		o.conversation = "chat-" + o.customer
	}
	provider, stop, err := connect(o, out)
	if err != nil {
		return err
	}
	defer stop()

	if err := os.MkdirAll(o.data, 0o700); err != nil {
		return err
	}
	store, err := shop.Open(filepath.Join(o.data, "shop.db"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	customer, err := store.Customer(ctx, o.customer)
	if err != nil {
		return err
	}
	memory, err := sqlite.Open(ctx, filepath.Join(o.data, "conversations.db"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, memory.Close()) }()
	pages, err := readPages(ctx, policies.Files)
	if err != nil {
		return err
	}

	chat := newChat(in, out, frontdesk.Turn{
		Conversation: o.conversation,
		Customer: frontdesk.Customer{
			ID:      customer.ID,
			Name:    customer.Name,
			Profile: fmt.Sprintf("The customer is %s and is signed in.", customer.Name),
		},
	})
	chat.agent, err = frontdesk.New(frontdesk.Config{
		Provider:     provider,
		Model:        o.model,
		Instructions: instructions,
		Tools:        shopTools(store),
		Memory:       memory,
		Retriever:    pages,
		Escalator:    &queue{path: filepath.Join(o.data, "handoffs.jsonl")},
	})
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "You are %s. Orders and conversations are kept in %s. Type /help for commands, or end the input to leave.\n", customer.Name, o.data)
	return chat.run(ctx)
}

// connect says who plays the model's part, and gets them ready.
func connect(o options, out io.Writer) (provider frontdesk.Provider, stop func(), err error) {
	key := os.Getenv("OXLO_API_KEY")
	switch {
	case o.baseURL != "":
		fmt.Fprintf(out, "Talking to %s at %s.\n", o.model, o.baseURL)
		return &frontdesk.OpenAICompatible{BaseURL: o.baseURL, APIKey: key}, func() {}, nil
	case key != "":
		fmt.Fprintf(out, "Talking to %s at Oxlo.\n", o.model)
		return &frontdesk.OpenAICompatible{APIKey: key}, func() {}, nil
	}
	fmt.Fprintln(out, "Offline: OXLO_API_KEY is not set, so a rule-based stand-in plays the model's part. Everything else is real.")
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, nil, err
	}
	server := &http.Server{Handler: offline.Handler(), ReadHeaderTimeout: 10 * time.Second}
	go func() {
		// It returns when stop closes the server, which is no failure.
		_ = server.Serve(listener)
	}()
	baseURL := "http://" + listener.Addr().String() + "/v1"
	return &frontdesk.OpenAICompatible{BaseURL: baseURL}, func() { _ = server.Close() }, nil
}
