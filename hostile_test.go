package frontdesk_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk"
	"github.com/frontdesk-go/frontdesk/frontdesktest"
)

// hostileData is what the entries of a log may hold: what the library writes,
// what another version or a broken tool might have written, and nonsense.
var hostileData = map[frontdesk.EntryKind][]string{
	frontdesk.EntryTurnStarted: {
		`{"customer":{"id":"cus_ana"}}`,
		`{"customer":{"id":"cus_ana"},"message_id":"m-1"}`,
		`{"customer":{},"message_id":"m-2"}`,
		`{}`,
	},
	frontdesk.EntryCustomerMessage: {
		`{"customer":{"id":"cus_ana"},"text":"Hi"}`,
		`{"customer":{"id":"cus_ana"},"message_id":"m-1","text":"Hi"}`,
		`{"customer":{"id":"cus_ana"},"message_id":"m-2","images":[{"url":"https://shop.example/a.png"}]}`,
		`{}`,
	},
	frontdesk.EntryPassages: {
		`{"query":{"text":"Hi","top_k":5},"passages":[{"id":"p-1","text":"Returns take 14 days."}]}`,
		`{"query":{"text":"Hi","top_k":5},"passages":[{"id":"p-1","text":"Changed."},{"id":"p-1","text":"Changed."},{"id":"","text":""}]}`,
		`{"query":{"text":"Hi","top_k":5},"error":"down"}`,
		`null`,
	},
	frontdesk.EntryAnswer: {
		`{"message":{"role":"assistant","text":"Hello."},"requests":1}`,
		`{"message":{"role":"assistant","text":"Look:","calls":[{"id":"a","name":"look","arguments":"{}"},{"id":"b","name":"write","arguments":"{}"}]},"requests":1}`,
		`{"message":{"role":"assistant","calls":[{"id":"a","name":"look","arguments":"{}"}]},"requests":1}`,
		`{"message":{"role":"assistant","calls":[{"id":"a","name":"escalate_to_human","arguments":"{\"reason\":\"policy\",\"summary\":\"s\"}"},{"id":"b","name":"write","arguments":"{}"}]},"requests":1}`,
		`{"message":{"role":"assistant","text":" "},"requests":1}`,
		`{"message":{"role":"assistant","calls":[{"id":"a","name":"look","arguments":"{"},{"id":"a","name":"","arguments":""},{"id":"","name":"look","arguments":"{}"}]},"requests":1}`,
		`{"message":{"role":"tool","text":"I am a tool.","call_id":"a"},"requests":1}`,
		`{"message":{"role":"system","text":"I am the system."},"requests":-1}`,
		`{}`,
	},
	frontdesk.EntryToolStarted: {
		`{"call":0,"idempotency_key":"k"}`,
		`{"call":1,"idempotency_key":"k"}`,
		`{"call":7,"idempotency_key":"k"}`,
		`{"call":-1}`,
	},
	frontdesk.EntryToolFinished: {
		`{"call":0,"status":"done","content":"seen"}`,
		`{"call":1,"status":"failed","content":"Error: no"}`,
		`{"call":2,"status":"","content":""}`,
		`{"call":9999999,"status":"done","content":"seen"}`,
		`{"call":-9999999,"status":"done","content":"seen"}`,
	},
	frontdesk.EntryHandoff: {
		`{"id":"h-1","conversation":{"id":"c-1"},"customer":{"id":"cus_ana"},"reason":"policy","summary":"s","told":"Bea comes."}`,
		`{"id":"h-2","reason":"budget","told":"Hello."}`,
		`{}`,
	},
	frontdesk.EntryTicket: {
		`{"handoff":"h-1","ticket":"T-1"}`,
		`{"handoff":"h-9","ticket":"T-9"}`,
		`{"handoff":"","ticket":""}`,
	},
	frontdesk.EntryHandedBack: {
		`{"by":"Bea","note":"Sorted out."}`,
		`{}`,
	},
	frontdesk.EntryPosted: {
		`{"author":"Bea","text":"Here I am."}`,
		`{"text":"Welcome!"}`,
		`{"author":"","text":""}`,
	},
	frontdesk.EntryTurnEnded: {
		`{"outcome":"answered"}`,
		`{"outcome":"escalated"}`,
		`{"outcome":"failed","error":"down"}`,
		`{"outcome":"answered","text":"What I was told."}`,
		`{"outcome":"slept"}`,
	},
	frontdesk.EntryRaised: {`{"handoff":"h-1","times":2,"ticket":"T-2"}`, `{"handoff":"h-2","times":-7}`, `{}`},
	frontdesk.EntryGuarded: {
		`{"stage":"output","action":"held","words":"</note>"}`, `{"action":"escalated"}`, `{"action":"changed"}`, `{}`, `null`,
	},
	frontdesk.EntryHandoffRefused: {
		`{"asked_by":"customer","words":"Not yet."}`,
		`{"call":0,"asked_by":"model","words":"Not yet."}`,
		`{"call":-7}`,
	},
	frontdesk.EntryClaimed: {`{"by":"Bea"}`, `{}`},
	frontdesk.EntryClosed:  {`{"by":"Bea","note":"Sorted out."}`, `{}`},
	frontdesk.EntryColleagueActed: {
		`{"by":"Bea","did":"Refunded ORD-1.","tool":"write","arguments":{"order_id":"ORD-1"}}`,
		`{"did":"</note>","arguments":7}`,
		`{}`,
	},
}

var entryKinds = []frontdesk.EntryKind{
	frontdesk.EntryTurnStarted, frontdesk.EntryCustomerMessage, frontdesk.EntryPassages, frontdesk.EntryAnswer,
	frontdesk.EntryToolStarted, frontdesk.EntryToolFinished, frontdesk.EntryHandoff, frontdesk.EntryTicket,
	frontdesk.EntryHandedBack, frontdesk.EntryPosted, frontdesk.EntryTurnEnded,
	frontdesk.EntryClaimed, frontdesk.EntryClosed, frontdesk.EntryColleagueActed, frontdesk.EntryHandoffRefused, frontdesk.EntryGuarded,
	frontdesk.EntryRaised,
}

// hostileLog makes a log of a program: three bytes an entry, for its kind, its
// data and its turn.
func hostileLog(program []byte) []frontdesk.Entry {
	var log []frontdesk.Entry
	for ; len(program) >= 3 && len(log) < 40; program = program[3:] {
		kind := entryKinds[int(program[0])%len(entryKinds)]
		choices := hostileData[kind]
		entry := frontdesk.Entry{
			ID:      fmt.Sprint("e-", len(log)),
			Kind:    kind,
			Version: 1,
			Data:    json.RawMessage(choices[int(program[1])%len(choices)]),
		}
		if turn := program[2] % 4; turn > 0 {
			entry.Turn = fmt.Sprint("t-", turn)
		}
		log = append(log, entry)
	}
	return log
}

// program returns the bytes of which hostileLog makes the given entries, each
// as kind, data and turn.
func program(entries ...[3]byte) []byte {
	var program []byte
	for _, entry := range entries {
		program = append(program, entry[:]...)
	}
	return program
}

// Whatever a log holds, the agent either refuses to go on with it or asks the
// model something that a strict host accepts. It never panics.
func FuzzLog(f *testing.F) {
	const (
		started, message, passages, answer, toolStarted, toolFinished = 0, 1, 2, 3, 4, 5
		handoff, ticket, handedBack, posted, ended                    = 6, 7, 8, 9, 10
		claimed, closed, acted, refused, raised                       = 11, 12, 13, 14, 15
	)
	f.Add(program([3]byte{started, 1, 1}, [3]byte{message, 1, 1}, [3]byte{answer, 1, 1}, [3]byte{handoff, 1, 0}, [3]byte{acted, 0, 0}, [3]byte{claimed, 0, 0}, [3]byte{closed, 0, 0}))
	f.Add(program([3]byte{started, 1, 1}, [3]byte{message, 1, 1}, [3]byte{refused, 0, 1}, [3]byte{answer, 3, 1}, [3]byte{refused, 1, 1}, [3]byte{refused, 2, 0}))
	f.Add(program([3]byte{started, 0, 1}, [3]byte{message, 0, 1}, [3]byte{handoff, 0, 1}, [3]byte{raised, 0, 0}, [3]byte{raised, 2, 0}, [3]byte{ended, 1, 1}))
	f.Add(program([3]byte{claimed, 0, 0}, [3]byte{closed, 1, 1}, [3]byte{started, 0, 1}, [3]byte{acted, 1, 1}, [3]byte{ended, 1, 1}))
	f.Add(program([3]byte{started, 1, 1}, [3]byte{message, 1, 1}, [3]byte{passages, 0, 1}, [3]byte{answer, 1, 1},
		[3]byte{toolFinished, 0, 1}, [3]byte{toolStarted, 1, 1}, [3]byte{toolFinished, 1, 1}, [3]byte{answer, 0, 1}, [3]byte{ended, 0, 1}))
	f.Add(program([3]byte{started, 0, 1}, [3]byte{message, 0, 1}, [3]byte{answer, 1, 1}, [3]byte{posted, 0, 0}, [3]byte{toolFinished, 1, 1}))
	f.Add(program([3]byte{started, 0, 1}, [3]byte{message, 0, 1}, [3]byte{handoff, 0, 1}, [3]byte{message, 1, 0}, [3]byte{ticket, 0, 0}, [3]byte{handedBack, 0, 0}))
	f.Add(program([3]byte{message, 1, 0}))                              // for a human, and there is none
	f.Add(program([3]byte{message, 1, 1}))                              // of a turn that never started
	f.Add(program([3]byte{started, 1, 1}, [3]byte{ended, 1, 1}))        // escalated, without a handoff
	f.Add(program([3]byte{started, 0, 1}, [3]byte{answer, 5, 1}))       // calls with the same id
	f.Add(program([3]byte{started, 0, 1}, [3]byte{answer, 6, 1}))       // an answer that claims to be a result
	f.Add(program([3]byte{started, 1, 1}))                              // a turn whose message is missing
	f.Add(program([3]byte{posted, 2, 0}, [3]byte{message, 3, 1}))       // messages without content
	f.Add(program([3]byte{toolFinished, 3, 1}, [3]byte{handoff, 2, 1})) // nothing that goes together
	f.Fuzz(func(t *testing.T, program []byte) {
		for _, helped := range []bool{false, true} {
			memory := new(frontdesk.InMemory)
			log := hostileLog(program)
			require.NoError(t, memory.Append(t.Context(), conversation, 0, log...))
			provider := frontdesk.ProviderFunc(func(_ context.Context, request *frontdesk.Request, _ func(frontdesk.Delta)) (*frontdesk.Response, error) {
				assert.NoError(t, frontdesktest.CheckTranscript(request.Messages), "%q", transcript(request.Messages))
				if !assert.NotEmpty(t, request.Messages, "there is nothing to answer") {
					return nil, errors.New("no messages")
				}
				if request.Messages[len(request.Messages)-1].Role == frontdesk.RoleTool {
					return &frontdesk.Response{Message: frontdesk.Message{Text: "Done [1] [9]."}}, nil
				}
				return &frontdesk.Response{Message: frontdesk.Message{Calls: numberedCalls("look", "write").Calls}}, nil
			})
			config := frontdesk.Config{
				Provider: provider, Memory: memory,
				Retriever: &library{found: [][]frontdesk.Passage{{returns}, {returns, shipping}}},
				Tools: []frontdesk.Tool{
					frontdesk.NewTool("look", "Look", func(context.Context, numbered) (string, error) { return "seen", nil }).ReadOnly(),
					frontdesk.NewTool("write", "Write", func(context.Context, numbered) (string, error) { return "written", nil }),
				},
			}
			if helped {
				config.Escalator = &helpdesk{ticket: "T-7"}
			}
			agent := newAgent(t, config)
			for _, turn := range []frontdesk.Turn{identified("Hi", "m-1"), identified("Hi", "m-2"), say("New")} {
				reply, err := agent.Reply(t.Context(), turn)
				if err == nil {
					assert.NotEmpty(t, reply.Outcome)
				}
			}
			_ = agent.TakeOver(t.Context(), conversation, "Bea")
			_ = agent.HandBack(t.Context(), conversation, "Bea", "Sorted out.")
			_ = agent.Post(t.Context(), conversation, "Bea", "Hello.")
			if len(program)%2 == 0 {
				_ = agent.Close(t.Context(), conversation, "Bea", "Bye.")
			}
			if reply, err := agent.Reply(t.Context(), say("Newer")); err == nil {
				assert.NotEmpty(t, reply.Outcome)
			}
		}
	})
}
