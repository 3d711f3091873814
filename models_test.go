package frontdesk_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk"
	"github.com/frontdesk-go/frontdesk/frontdesktest"
)

func ExampleLookupModel() {
	model, known := frontdesk.LookupModel("meta-llama/Llama-3.3-70B-Instruct")
	fmt.Println(model.ID, model.Context, model.Vision, known)

	model, known = frontdesk.LookupModel("acme-support-7b")
	fmt.Println(model.ID, model.Context, model.Vision, known)
	// Output:
	// llama-3.3-70b 131072 false true
	// acme-support-7b 0 false false
}

func ExampleOpenAICompatible_ListModels() {
	server := frontdesktest.NewServer() // stands for the host
	defer server.Close()

	models, err := server.Provider().ListModels(context.Background())
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, model := range models {
		fmt.Println(model.ID, model.Context)
	}
	// Output: llama-3.3-70b 131072
}

func TestModelsAreTheCallers(t *testing.T) {
	models := frontdesk.Models()
	models[0].ID = "changed"
	models[0].Aliases[0] = "changed"
	found, ok := frontdesk.LookupModel(frontdesk.DefaultModel)
	require.True(t, ok)
	found.Aliases[0] = "changed too"

	again := frontdesk.Models()[0]
	assert.Equal(t, frontdesk.DefaultModel, again.ID)
	assert.NotContains(t, again.Aliases, "changed")
	assert.NotContains(t, again.Aliases, "changed too")
}

func TestModelsAreFoundByEachOfTheirNames(t *testing.T) {
	for _, model := range frontdesk.Models() {
		for _, name := range append([]string{model.ID}, model.Aliases...) {
			found, ok := frontdesk.LookupModel(name)
			assert.True(t, ok, name)
			assert.Equal(t, model, found, name)
		}
		assert.Positive(t, model.Context, model.ID)
	}
}

func TestLookupModel(t *testing.T) {
	tests := []struct {
		name string
		want string // empty: not known
	}{
		{"llama-3.3-70b", "llama-3.3-70b"},
		{"LLAMA 3.3 70B", "llama-3.3-70b"},
		{"meta-llama/Llama-3.3-70B-Instruct", "llama-3.3-70b"},
		{"meta-llama/Llama-3.3-70B-Instruct-Turbo-Free", "llama-3.3-70b"},
		{"accounts/fireworks/models/llama-v3p3-70b-instruct", "llama-3.3-70b"},
		{"llama3.3:70b", "llama-3.3-70b"},
		{"Qwen/Qwen3-32B", "qwen-3-32b"},
		{"Qwen/Qwen3-32B-FP8", "qwen-3-32b"},
		{"qwen/qwen3-32b:free", "qwen-3-32b"},
		{"deepseek-ai/DeepSeek-V3.2", "deepseek-v3.2"},
		{"deepseek-ai/DeepSeek-R1", "deepseek-r1-671b"},
		{"deepseek-r1:671b", "deepseek-r1-671b"},
		{"deepseek-v4-flash", "deepseek-v4-flash"},
		{"moonshotai/Kimi-K2.6", "kimi-k2.6"},
		{"kimi-k2-6", "kimi-k2.6"},
		{"BAAI/bge-large-en-v1.5", "bge-large"},
		{"intfloat/e5-large-v2", "e5-large"},

		{"deepseek-r1-distill-llama-70b", ""},
		{"deepseek-v3", ""},
		{"llama-3.1-70b", ""},
		{"qwen-3-235b", ""},
		{"kimi-k2", ""},
		{"bge-large-zh-v1.5", ""},
		{"instruct", ""},
		{"/", ""},
		{"", ""},
		{"\xff", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			model, ok := frontdesk.LookupModel(test.name)
			if test.want == "" {
				assert.False(t, ok)
				assert.Equal(t, frontdesk.Model{ID: test.name}, model)
				return
			}
			assert.True(t, ok)
			assert.Equal(t, test.want, model.ID)
		})
	}
}

func TestListModels(t *testing.T) {
	kimi, _ := frontdesk.LookupModel("kimi-k2.6")
	known := func(id string, context int) frontdesk.Model {
		model := kimi
		model.ID = id
		model.Aliases = append([]string{kimi.ID}, kimi.Aliases...)
		model.Context = context
		return model
	}
	tests := []struct {
		name, body string
		want       []frontdesk.Model
	}{
		{"known in the host's spelling", `{"object":"list","data":[{"id":"moonshotai/Kimi-K2.6","object":"model","created":1,"owned_by":"x"}]}`,
			[]frontdesk.Model{known("moonshotai/Kimi-K2.6", kimi.Context)}},
		{"known as the catalogue has it", `{"data":[{"id":"kimi-k2.6"}]}`, []frontdesk.Model{kimi}},
		{"not known", `{"data":[{"id":"acme-7b"}]}`, []frontdesk.Model{{ID: "acme-7b"}}},
		{"the window as vLLM tells it", `{"data":[{"id":"acme-7b","max_model_len":8192}]}`, []frontdesk.Model{{ID: "acme-7b", Context: 8192}}},
		{"the window as OpenRouter tells it", `{"data":[{"id":"x/Kimi-K2.6","context_length":262144}]}`, []frontdesk.Model{known("x/Kimi-K2.6", 262144)}},
		{"the window as Groq tells it", `{"data":[{"id":"acme-7b","context_window":32768}]}`, []frontdesk.Model{{ID: "acme-7b", Context: 32768}}},
		{"a bare list", `[{"id":"b"},{"id":"a"}]`, []frontdesk.Model{{ID: "b"}, {ID: "a"}}},
		{"an entry without a name", `{"data":[{"object":"model"},{"id":"a"}]}`, []frontdesk.Model{{ID: "a"}}},
		{"none", `{"data":[]}`, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var method, path, key string
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				method, path, key = r.Method, r.URL.Path, r.Header.Get("Authorization")
				w.Header().Set("Content-Type", "application/json")
				_, _ = w.Write([]byte(test.body))
			}))
			defer server.Close()
			provider := &frontdesk.OpenAICompatible{BaseURL: server.URL + "/v1", APIKey: "test-key"}
			models, err := provider.ListModels(t.Context())
			require.NoError(t, err)
			assert.Equal(t, test.want, models)
			assert.Equal(t, []string{"GET", "/v1/models", "Bearer test-key"}, []string{method, path, key})
		})
	}
}

func TestListModelsFails(t *testing.T) {
	tests := []struct {
		name, body, contentType string
		status                  int
		is                      error
		says                    string
	}{
		{"a wrong key", `{"error":{"message":"no such key"}}`, "application/json", 401, frontdesk.ErrAuth, "list the host's models"},
		{"no such address", "not found", "text/plain", 404, nil, "404"},
		{"another document", `{"models":3}`, "application/json", 200, nil, "not a list of models"},
		{"a page", `<!doctype html>`, "text/html", 200, nil, "check BaseURL"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", test.contentType)
				w.WriteHeader(test.status)
				_, _ = w.Write([]byte(test.body))
			}))
			defer server.Close()
			provider := &frontdesk.OpenAICompatible{BaseURL: server.URL + "/v1", APIKey: "test-key"}
			models, err := provider.ListModels(t.Context())
			assert.Nil(t, models)
			require.ErrorContains(t, err, test.says)
			if test.is != nil {
				assert.ErrorIs(t, err, test.is)
			}
		})
	}

	t.Run("a wrong configuration", func(t *testing.T) {
		_, err := (&frontdesk.OpenAICompatible{BaseURL: "nonsense"}).ListModels(t.Context())
		assert.ErrorContains(t, err, "is not an http address")
	})
	t.Run("a canceled context", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := (&frontdesk.OpenAICompatible{BaseURL: "http://127.0.0.1:1/v1"}).ListModels(ctx)
		assert.ErrorIs(t, err, context.Canceled)
	})
}

func FuzzLookupModel(f *testing.F) {
	f.Add("meta-llama/Llama-3.3-70B-Instruct")
	f.Add("freeinstruct")
	f.Add("x/")
	f.Fuzz(func(t *testing.T, name string) {
		model, known := frontdesk.LookupModel(name)
		if !known {
			assert.Equal(t, frontdesk.Model{ID: name}, model)
			return
		}
		again, known := frontdesk.LookupModel(model.ID)
		assert.True(t, known)
		assert.Equal(t, model, again)
	})
}
