package index_test

import (
	"testing"

	"github.com/frontdesk-go/frontdesk/frontdesktest"
	"github.com/frontdesk-go/frontdesk/index"
)

func TestConformance(t *testing.T) {
	frontdesktest.TestRetriever(t, nil, func(*testing.T) frontdesktest.KnowledgeBase { return new(index.Index) })
}
