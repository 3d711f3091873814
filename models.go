package frontdesk

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode"
)

// Model says what a language model can do. Fields that are zero are not known.
type Model struct {
	// ID names the model in the host's spelling, or in Oxlo's.
	ID string

	// Aliases are other names of the same model.
	Aliases []string

	// Context is the context window in tokens: prompt and answer together or,
	// for an embedding model, the longest text.
	Context int

	// Vision says that the model reads images, Tools that it calls tools
	// dependably, Reasoning that it thinks before it answers, and Multilingual
	// that it is at home in languages that are not written in Latin letters.
	// Where none of them is set, nothing is known of what the model can do.
	Vision, Tools, Reasoning, Multilingual bool

	// Tier is the lowest plan of Oxlo that has the model, such as "free".
	Tier string

	// Dimensions is the length of an embedding model's vectors, zero for a
	// model that answers.
	Dimensions int
}

// catalogue is what is known of the models that Oxlo names, best default first.
// Where sources differ, the shorter window counts: Qwen 3 reads 131,072 tokens
// with YaRN, and DeepSeek R1 is served with 65,536 and more. It is never
// changed.
var catalogue = []Model{
	{
		ID:      "llama-3.3-70b",
		Aliases: []string{"Llama-3.3-70B-Instruct", "llama-3.3-70b-versatile", "llama3.3", "llama-v3p3-70b-instruct"},
		Context: 131_072,
		Tools:   true,
	},
	{
		ID:           "qwen-3-32b",
		Aliases:      []string{"Qwen3-32B"},
		Context:      32_768,
		Tools:        true,
		Reasoning:    true,
		Multilingual: true,
	},
	{
		ID:           "deepseek-v3.2",
		Aliases:      []string{"DeepSeek-V3.2", "DeepSeek-V3.2-Exp", "deepseek-v3p2"},
		Context:      131_072,
		Tools:        true,
		Multilingual: true,
		Tier:         "free",
	},
	{
		ID:           "kimi-k2.6",
		Aliases:      []string{"kimi-k2-6", "Kimi-K2.6", "kimi-k2p6"},
		Context:      131_072,
		Vision:       true,
		Tools:        true,
		Reasoning:    true,
		Multilingual: true,
	},
	{
		ID:           "deepseek-v4-flash",
		Aliases:      []string{"DeepSeek-V4-Flash"},
		Context:      1_000_000,
		Tools:        true,
		Reasoning:    true,
		Multilingual: true,
	},
	{
		ID:           "deepseek-r1-671b",
		Aliases:      []string{"deepseek-r1", "DeepSeek-R1-0528"},
		Context:      65_536,
		Reasoning:    true,
		Multilingual: true,
	},
	{
		ID:         "bge-large",
		Aliases:    []string{"bge-large-en", "bge-large-en-v1.5"},
		Context:    512,
		Dimensions: 1024,
	},
	{
		ID:         "e5-large",
		Aliases:    []string{"e5-large-v2"},
		Context:    512,
		Dimensions: 1024,
	},
}

// catalogueNames finds the models of the catalogue by their plain names. It is
// never changed.
var catalogueNames = func() map[string]*Model {
	names := make(map[string]*Model)
	for i := range catalogue {
		model := &catalogue[i]
		names[plainName(model.ID)] = model
		for _, alias := range model.Aliases {
			names[plainName(alias)] = model
		}
	}
	return names
}()

// Models returns the models that the library knows: those of Oxlo that suit
// support agents, best default first, then the embedding models. Hosts serve
// others too, and each can be used by its ID. The slice is the caller's.
func Models() []Model {
	models := make([]Model, len(catalogue))
	for i := range catalogue {
		models[i] = catalogue[i].clone()
	}
	return models
}

// LookupModel returns what the library knows of a model, by its ID or an alias.
// Names are compared by letters and digits alone, without the provider's prefix
// and what only says how the weights are stored, so that
// "meta-llama/Llama-3.3-70B-Instruct-Turbo" is "llama-3.3-70b". For a model that
// is not known, it returns false and a Model with nothing but the ID.
func LookupModel(id string) (Model, bool) {
	if known := knownModel(id); known != nil {
		return known.clone(), true
	}
	return Model{ID: id}, false
}

// described reports whether it is known what a model can do.
func (m *Model) described() bool {
	return m.Vision || m.Tools || m.Reasoning || m.Multilingual
}

func (m *Model) clone() Model {
	clone := *m
	clone.Aliases = slices.Clone(m.Aliases)
	return clone
}

// variants are ends of model names that stand for the same model, stored or
// priced otherwise.
var variants = []string{"turbo", "free", "fp8", "fp4", "nvfp4", "bf16", "awq", "gptq", "int4", "int8", "instruct"}

// knownModel returns the model of the catalogue with this name, or nil.
func knownModel(id string) *Model {
	name := plainName(id[strings.LastIndexByte(id, '/')+1:])
	for {
		if known := catalogueNames[name]; known != nil {
			return known
		}
		i := slices.IndexFunc(variants, func(variant string) bool { return strings.HasSuffix(name, variant) })
		if i < 0 {
			return nil
		}
		name = strings.TrimSuffix(name, variants[i])
	}
}

// plainName returns a model's name in letters and digits alone, in lower case.
func plainName(name string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, name)
}

// ListModels asks the host which models it serves, by GET /models. Each Model
// has the ID that the host wants to read. For those that the library knows, it
// has their properties too, with the catalogue's ID among the aliases; the
// context window is the host's own where it tells. The result can be
// [Router.Known].
//
// It is one request, tried again like those of Generate and with the same
// errors; OpenAICompatible.Quota counts it.
func (p *OpenAICompatible) ListModels(ctx context.Context) ([]Model, error) {
	if err := p.check(); err != nil {
		return nil, err
	}
	var text []byte
	attempts := &attempts{provider: p}
	err := attempts.run(ctx, func(ctx context.Context) error {
		response, err := p.client.Get(ctx, "models")
		if err != nil {
			return p.failure(ctx, err)
		}
		defer response.Body.Close()
		if text, err = io.ReadAll(io.LimitReader(response.Body, maxModelList)); err != nil {
			return p.failure(ctx, err)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("list the host's models: %w", err)
	}
	list, err := readModels(text)
	if err != nil {
		return nil, err
	}
	var models []Model
	for _, listed := range list {
		if listed.ID != "" {
			models = append(models, listed.model())
		}
	}
	return models, nil
}

// listedModel is a model as hosts describe it. OpenAI's protocol has the ID
// alone; the windows are what vLLM, OpenRouter and Groq call them.
type listedModel struct {
	ID            string `json:"id"`
	MaxModelLen   int    `json:"max_model_len"`
	ContextLength int    `json:"context_length"`
	ContextWindow int    `json:"context_window"`
}

func (l *listedModel) model() Model {
	model, known := LookupModel(l.ID)
	if known && model.ID != l.ID {
		model.Aliases = append([]string{model.ID}, model.Aliases...)
		model.ID = l.ID
	}
	if window := max(l.MaxModelLen, l.ContextLength, l.ContextWindow); window > 0 {
		model.Context = window
	}
	return model
}

// maxModelList bounds a list of models, in bytes. OpenRouter's has 1 MB.
const maxModelList = 32 << 20

// readModels reads a list in an object, as OpenAI has it, or a bare one, as
// Together has it.
func readModels(text []byte) ([]listedModel, error) {
	var object struct {
		Data *[]listedModel `json:"data"`
	}
	if json.Unmarshal(text, &object) == nil && object.Data != nil {
		return *object.Data, nil
	}
	var list []listedModel
	if json.Unmarshal(text, &list) != nil {
		return nil, fmt.Errorf("the host's answer to GET /models is not a list of models, but %q: check BaseURL", shorten(strings.TrimSpace(string(text))))
	}
	return list, nil
}
