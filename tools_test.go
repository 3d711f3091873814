package frontdesk_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk"
	"github.com/frontdesk-go/frontdesk/frontdesktest"
)

// Types that no schema can describe.
type (
	recursive struct {
		Name string       `json:"name"`
		Next []*recursive `json:"next,omitempty"`
	}
	mutual struct {
		Others map[string]mutualOther `json:"others"`
	}
	mutualOther struct {
		Back *mutual `json:"back"`
	}
	embedsItself struct {
		Name string
		//lint:ignore U1000 the field is there to be looked at by reflection
		*embedsItself
	}
	talker interface{ Talk() }
)

// tool makes a tool whose argument is an In.
func toolOf[In any](name string) frontdesk.Tool {
	return frontdesk.NewTool(name, "A tool", func(context.Context, In) (string, error) { return "", nil })
}

func raw(name, schema string) frontdesk.Tool {
	return frontdesk.RawTool(name, "A tool", json.RawMessage(schema), relay)
}

func TestRegistryRefuses(t *testing.T) {
	var nilTool *frontdesk.TypedTool[orderArgs, string]
	tests := []struct {
		name string
		tool frontdesk.Tool
		want []string // parts of the error
	}{
		// What a schema cannot express, with the field in Go terms.
		{"a type that contains itself", toolOf[recursive]("t"), []string{"tool t", "recursive.Next", "recursive type"}},
		{"types that contain each other", toolOf[mutual]("t"), []string{"mutual.Others.Back", "recursive type"}},
		{"a type that embeds itself", toolOf[embedsItself]("t"), []string{"embedsItself"}},
		{"a recursive type further down", toolOf[struct {
			Deep struct{ List []recursive }
		}]("t"), []string{"Deep.List", "recursive type"}},
		{"a channel", toolOf[struct{ Updates chan int }]("t"), []string{"Updates", "chan int", `json:"-"`}},
		{"a function", toolOf[struct{ Then func() error }]("t"), []string{"Then", "func() error"}},
		{"a complex number", toolOf[struct{ Z complex128 }]("t"), []string{"Z", "complex128"}},
		{"an interface with methods", toolOf[struct{ Who talker }]("t"), []string{"Who", "talker"}},
		{"map keys that are no names", toolOf[struct{ Flags map[bool]string }]("t"), []string{"Flags", "bool"}},
		{"a duration, which is nanoseconds in JSON", toolOf[struct{ Wait time.Duration }]("t"), []string{"Wait", "nanoseconds"}},
		{"a description cut by a comma", toolOf[struct {
			Order string `json:"order" jsonschema:"description=The number, with its prefix"`
		}]("t"), []string{"Order", "comma", "jsonschema_description"}},
		{"an enum cut by a comma", toolOf[struct {
			Why string `json:"why" jsonschema:"enum=damaged,late"`
		}]("t"), []string{"Why", "late"}},
		{"a keyword that does not apply", toolOf[struct {
			Order string `json:"order" jsonschema:"minimum=3"`
		}]("t"), []string{"Order", "minimum"}},
		{"two fields of one name", toolOf[struct {
			A string `json:"B"`
			B string
		}]("t"), []string{"B", "A", `"B"`}},
		{"no struct", toolOf[string]("t"), []string{"struct", "string"}},
		{"a slice", toolOf[[]orderArgs]("t"), []string{"struct"}},
		{"a map", toolOf[map[string]any]("t"), []string{"struct"}},

		// Names.
		{"no name", raw("", `{"type":"object"}`), []string{`tool ""`, "1 to 64"}},
		{"a space in the name", raw("get order", `{"type":"object"}`), []string{`"get order"`}},
		{"a dot in the name", raw("orders.get", `{"type":"object"}`), []string{`"orders.get"`}},
		{"a letter beyond ASCII", raw("größe", `{"type":"object"}`), []string{`"größe"`}},
		{"a line break", raw("get\n", `{"type":"object"}`), []string{`"get\n"`}},
		{"a long name", raw(strings.Repeat("x", 65), `{"type":"object"}`), []string{"64"}},

		// Foreign schemas.
		{"no schema", frontdesk.RawTool("t", "A tool", nil, relay), []string{"tool t", "schema", "empty"}},
		{"an empty schema", raw("t", ""), []string{"schema", "empty"}},
		{"a schema cut off", raw("t", `{"type":"object"`), []string{"not valid JSON"}},
		{"a schema and more", raw("t", `{"type":"object"} {}`), []string{"not valid JSON"}},
		{"a boolean schema", raw("t", `true`), []string{"object"}},
		{"a list", raw("t", `[]`), []string{"object", "array"}},
		{"a schema of a string", raw("t", `{"type":"string"}`), []string{"object"}},
		{"a type that does not exist", raw("t", `{"type":"object","properties":{"n":{"type":"strnig"}}}`), []string{"invalid schema", "/properties/n/type"}},
		{"a pattern that does not compile", raw("t", `{"type":"object","properties":{"n":{"pattern":"("}}}`), []string{"/properties/n/pattern"}},
		{"a reference to nowhere", raw("t", `{"type":"object","properties":{"n":{"$ref":"#/$defs/none"}}}`), []string{"$defs/none"}},
		{"a reference to the web", raw("t", `{"$ref":"https://evil.example/schema.json"}`), []string{"evil.example", "nothing is fetched"}},
		{"a reference to a file", raw("t", `{"$ref":"file:///etc/passwd"}`), []string{"file:///etc/passwd"}},

		// Tools that are none.
		{"nil", nil, []string{"nil"}},
		{"a nil pointer", nilTool, []string{"tool"}},
		{"no handler", frontdesk.NewTool[orderArgs, string]("t", "A tool", nil), []string{"tool t", "handler"}},
		{"no handler for raw arguments", frontdesk.RawTool[string]("t", "A tool", json.RawMessage(`{"type":"object"}`), nil), []string{"tool t", "handler"}},
		{"a timeout below zero", frontdesk.NewTool("t", "A tool", ship).Timeout(-1), []string{"tool t", "negative"}},
		{"a key's life below zero", frontdesk.NewTool("t", "A tool", ship).Idempotent(-time.Hour), []string{"tool t", "negative"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			registry := new(frontdesk.Registry)
			require.NotPanics(t, func() {
				err := registry.Add(raw("before", `{"type":"object"}`), test.tool)
				require.Error(t, err)
				for _, part := range test.want {
					assert.ErrorContains(t, err, part)
				}
			})
			assert.Empty(t, registry.Definitions(), "one that is not in order keeps all out")

			require.NotPanics(t, func() {
				_, err := frontdesk.New(frontdesk.Config{Provider: frontdesktest.NewProvider(), Tools: []frontdesk.Tool{test.tool}})
				require.Error(t, err, "New finds out too")
				assert.ErrorContains(t, err, test.want[0])
			})
		})
	}
}

func TestAllFaultsAtOnce(t *testing.T) {
	registry, err := frontdesk.NewRegistry(raw("taken", `{"type":"object"}`))
	require.NoError(t, err)
	err = registry.Add(
		raw("good", `{"type":"object"}`),
		toolOf[recursive]("loops"),
		nil,
		raw("no good", `{"type":"object"}`),
		raw("taken", `{"type":"object"}`),
		raw("twice", `{"type":"object"}`),
		raw("twice", `{"type":"object"}`),
		raw("broken", `{`),
	)
	require.Error(t, err)
	for _, part := range []string{"loops", "tool 2 is nil", `"no good"`, "tool taken: the name is taken", "tool twice: the name is taken", "broken"} {
		assert.ErrorContains(t, err, part)
	}
	assert.NotContains(t, err.Error(), "tool good")
	assert.Len(t, strings.Split(err.Error(), "\n"), 6, "each fault once, on a line of its own")
	assert.Equal(t, []string{"taken"}, names(registry))

	require.NoError(t, registry.Add(raw("good", `{"type":"object"}`)), "it was not added before")
	assert.Equal(t, []string{"taken", "good"}, names(registry))
}

func names(registry *frontdesk.Registry) []string {
	var list []string
	for _, definition := range registry.Definitions() {
		list = append(list, definition.Name)
	}
	return list
}

func TestNamesAreTakenAcrossConfig(t *testing.T) {
	provider := frontdesktest.NewProvider()
	registry, err := frontdesk.NewRegistry(raw("shared", `{"type":"object"}`))
	require.NoError(t, err)
	escalator := frontdesk.EscalatorFunc(func(context.Context, frontdesk.Handoff) (string, error) { return "", nil })

	_, err = frontdesk.New(frontdesk.Config{Provider: provider, Registry: registry, Tools: []frontdesk.Tool{raw("shared", `{"type":"object"}`)}})
	require.ErrorContains(t, err, "tool shared: the name is taken")
	_, err = frontdesk.New(frontdesk.Config{Provider: provider, Tools: []frontdesk.Tool{raw("own", `{"type":"object"}`), raw("own", `{"type":"object"}`)}})
	require.ErrorContains(t, err, "tool own: the name is taken")
	assert.Equal(t, []string{"shared"}, names(registry), "a registry is not changed by the agents that share it")

	own := raw(frontdesk.EscalationTool, `{"type":"object"}`)
	_, err = frontdesk.New(frontdesk.Config{Provider: provider, Tools: []frontdesk.Tool{own}, Escalator: escalator})
	require.ErrorContains(t, err, frontdesk.EscalationTool)
	mine, err := frontdesk.NewRegistry(own)
	require.NoError(t, err)
	_, err = frontdesk.New(frontdesk.Config{Provider: provider, Registry: mine, Escalator: escalator})
	require.ErrorContains(t, err, frontdesk.EscalationTool)
	_, err = frontdesk.New(frontdesk.Config{Provider: provider, Registry: mine})
	require.NoError(t, err, "without an escalator the name is free")
}

func TestRegistryIsShared(t *testing.T) {
	registry, err := frontdesk.NewRegistry(raw("shared", `{"type":"object"}`))
	require.NoError(t, err)
	first := frontdesktest.NewProvider(frontdesktest.Call("shared", `{}`), frontdesktest.Say("one"), frontdesktest.Call("late", `{}`), frontdesktest.Say("three"))
	second := frontdesktest.NewProvider(frontdesktest.Say("two"))
	turn := frontdesk.Turn{Conversation: "c-1", Text: "Hi"}
	toolsOf := func(request *frontdesk.Request) []string {
		var list []string
		for _, tool := range request.Tools {
			list = append(list, tool.Name)
		}
		return list
	}

	agent := newAgent(t, frontdesk.Config{Provider: first, Registry: registry, Tools: []frontdesk.Tool{raw("own", `{"type":"object"}`)}})
	assert.Equal(t, frontdesk.ToolDone, play(t, agent, turn, false).Results[0].Status)

	require.NoError(t, registry.Add(raw("late", `{"type":"object"}`)))
	other := newAgent(t, frontdesk.Config{Provider: second, Registry: registry})
	play(t, other, turn, false)
	reply := play(t, agent, turn, false)

	assert.Equal(t, []string{"shared", "own"}, toolsOf(first.Requests()[0]))
	assert.Equal(t, []string{"shared", "late"}, toolsOf(second.Requests()[0]))
	assert.Equal(t, []string{"shared", "own"}, toolsOf(first.Requests()[3]), "an agent has the tools that were there when it was made")
	assert.Equal(t, frontdesk.ToolNotRun, reply.Results[0].Status)
	assert.Contains(t, reply.Results[0].Content, `no tool "late"`)
}

func TestRegistryConcurrently(t *testing.T) {
	registry := new(frontdesk.Registry)
	const writers = 16
	var (
		group sync.WaitGroup
		mu    sync.Mutex
		won   int
	)
	for i := range writers {
		group.Go(func() {
			assert.NoError(t, registry.Add(raw(fmt.Sprint("tool_", i), `{"type":"object"}`)))
			if registry.Add(raw("contested", `{"type":"object"}`)) == nil {
				mu.Lock()
				won++
				mu.Unlock()
			}
			registry.Definitions()
			_, err := frontdesk.New(frontdesk.Config{Provider: frontdesktest.NewProvider(), Registry: registry})
			assert.NoError(t, err)
		})
	}
	group.Wait()
	assert.Equal(t, 1, won)
	assert.Len(t, names(registry), writers+1)
	assert.True(t, slices.Contains(names(registry), "contested"))
}

// TestSettingsAfterRegistration is about a tool that is changed when agents
// may be using it: that has no effect. Whether a call is taken for a write is
// seen in the log, where a write is announced before it is run.
func TestSettingsAfterRegistration(t *testing.T) {
	announced := func(t *testing.T, registry *frontdesk.Registry) bool {
		memory := new(frontdesk.InMemory)
		provider := frontdesktest.NewProvider(frontdesktest.Call("t", `{}`), frontdesktest.Say("Done."))
		agent := newAgent(t, frontdesk.Config{Provider: provider, Registry: registry, Memory: memory})
		reply := play(t, agent, frontdesk.Turn{Conversation: "c-1", Text: "Do it"}, false)
		require.Equal(t, frontdesk.ToolDone, reply.Results[0].Status)
		log, err := memory.Load(t.Context(), frontdesk.ConversationID{ID: "c-1"}, 0)
		require.NoError(t, err)
		return slices.ContainsFunc(log, func(entry frontdesk.Entry) bool { return entry.Kind == frontdesk.EntryToolStarted })
	}
	tool := frontdesk.NewTool("t", "A tool", rest)
	registry, err := frontdesk.NewRegistry(tool)
	require.NoError(t, err)
	tool.ReadOnly().Timeout(time.Nanosecond)
	assert.True(t, announced(t, registry), "a tool that says nothing is a write")

	registry, err = frontdesk.NewRegistry(frontdesk.NewTool("t", "A tool", rest).ReadOnly())
	require.NoError(t, err)
	assert.False(t, announced(t, registry), "set before, it counts")
}
