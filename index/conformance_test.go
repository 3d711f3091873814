package index_test

import (
	"testing"

	"github.com/frontdesk-go/frontdesk/frontdesktest"
	"github.com/frontdesk-go/frontdesk/index"
)

func TestConformance(t *testing.T) {
	t.Run("by words", func(t *testing.T) {
		frontdesktest.TestRetriever(t, nil, func(*testing.T) frontdesktest.KnowledgeBase { return new(index.Index) })
	})
	t.Run("by meaning", func(t *testing.T) {
		embedder := new(frontdesktest.HashEmbedder)
		frontdesktest.TestRetriever(t, embedder, func(*testing.T) frontdesktest.KnowledgeBase {
			return &index.Index{Embedder: embedder, Model: "hash"}
		})
	})
}
