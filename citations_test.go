package frontdesk_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/frontdesk-go/frontdesk"
	"github.com/frontdesk-go/frontdesk/frontdesktest"
)

func TestUnsupported(t *testing.T) {
	fees := frontdesk.Passage{ID: "fees", Title: "Fees from 1 March 2026", Text: "| country | fee |\n|---|---|\n| Norway | 12,50 € |"}
	tests := []struct {
		name, answer string
		want         []frontdesk.Unsupported
	}{
		{"supported", "Returns take 14 days [1].", nil},
		{"in other words", "Sie haben zwei Wochen Zeit [1]. It is EUR 12.50 to Norway [2].", nil},
		{"by the title", "That holds since 2026-03-01 [2].", nil},
		{"not supported", "Returns take 30 days [1]. Goodbye.", []frontdesk.Unsupported{
			{Sentence: "Returns take 30 days [1].", Numbers: []int{1}, Figures: []string{"30 days"}}}},
		{"marker behind the full stop", "Hello. Returns take 30 days. [1] It costs 9 EUR.", []frontdesk.Unsupported{
			{Sentence: "Returns take 30 days. [1]", Numbers: []int{1}, Figures: []string{"30 days"}}}},
		{"another passage's figure", "Returns take 14 days [2].", []frontdesk.Unsupported{
			{Sentence: "Returns take 14 days [2].", Numbers: []int{2}, Figures: []string{"14 days"}}}},
		{"one of those cited", "14 days, for 12.50 EUR [1, 2].", nil},
		{"two things wrong", "15 days, for 13.50 EUR [1][2].", []frontdesk.Unsupported{
			{Sentence: "15 days, for 13.50 EUR [1][2].", Numbers: []int{1, 2}, Figures: []string{"15 days", "13.50 EUR"}}}},
		{"cites nothing", "Returns take 30 days.", nil},
		{"list", "1. Pack it.\n2. Send it within 14 days [1].\n", nil},
		{"Chinese", "退货需要30天。[1]谢谢。", []frontdesk.Unsupported{
			{Sentence: "退货需要30天。[1]", Numbers: []int{1}, Figures: []string{"30"}}}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			agent := newAgent(t, frontdesk.Config{
				Provider:  frontdesktest.NewProvider(frontdesktest.Say(test.answer)),
				Retriever: &library{found: [][]frontdesk.Passage{{returns, fees}}},
			})
			assert.Equal(t, test.want, play(t, agent, say("Tell me"), false).Unsupported())
		})
	}
}

func TestAdmits(t *testing.T) {
	noon := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	tests := []struct {
		name    string
		query   frontdesk.Query
		passage frontdesk.Passage
		want    bool
	}{
		{"anything", frontdesk.Query{}, frontdesk.Passage{}, true},
		{"for all tenants", frontdesk.Query{Tenant: "acme"}, frontdesk.Passage{}, true},
		{"for its tenant", frontdesk.Query{Tenant: "acme"}, frontdesk.Passage{Tenant: "acme"}, true},
		{"for another tenant", frontdesk.Query{Tenant: "acme"}, frontdesk.Passage{Tenant: "Acme"}, false},
		{"without a tenant", frontdesk.Query{}, frontdesk.Passage{Tenant: "acme"}, false},
		{"for all audiences", frontdesk.Query{Audience: []string{"gold"}}, frontdesk.Passage{}, true},
		{"for one of the groups", frontdesk.Query{Audience: []string{"new", "gold"}}, frontdesk.Passage{Audience: []string{"staff", "gold"}}, true},
		{"for other groups", frontdesk.Query{Audience: []string{"gold"}}, frontdesk.Passage{Audience: []string{"staff"}}, false},
		{"for a group, of none", frontdesk.Query{}, frontdesk.Passage{Audience: []string{"staff"}}, false},
		{"label", frontdesk.Query{Filter: map[string][]string{"a": {"1", "2"}}}, frontdesk.Passage{Labels: map[string]string{"a": "2", "b": "3"}}, true},
		{"other value", frontdesk.Query{Filter: map[string][]string{"a": {"1"}}}, frontdesk.Passage{Labels: map[string]string{"a": "2"}}, false},
		{"no such label", frontdesk.Query{Filter: map[string][]string{"a": {""}}}, frontdesk.Passage{}, false},
		{"one label of two", frontdesk.Query{Filter: map[string][]string{"a": {"1"}, "b": {"1"}}}, frontdesk.Passage{Labels: map[string]string{"a": "1"}}, false},
		{"no value will do", frontdesk.Query{Filter: map[string][]string{"a": nil}}, frontdesk.Passage{Labels: map[string]string{"a": "1"}}, false},
		{"valid from this moment", frontdesk.Query{At: noon}, frontdesk.Passage{ValidFrom: noon}, true},
		{"not valid yet", frontdesk.Query{At: noon}, frontdesk.Passage{ValidFrom: noon.Add(1)}, false},
		{"valid until this moment", frontdesk.Query{At: noon}, frontdesk.Passage{ValidUntil: noon}, false},
		{"valid a moment longer", frontdesk.Query{At: noon}, frontdesk.Passage{ValidUntil: noon.Add(1)}, true},
		{"now", frontdesk.Query{}, frontdesk.Passage{ValidFrom: time.Now().Add(-time.Hour), ValidUntil: time.Now().Add(time.Hour)}, true},
		{"over", frontdesk.Query{}, frontdesk.Passage{ValidUntil: time.Now().Add(-time.Hour)}, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) { assert.Equal(t, test.want, test.query.Admits(&test.passage)) })
	}
}

func TestTheQueryNamesAudienceAndFilter(t *testing.T) {
	library := new(library)
	agent := newAgent(t, frontdesk.Config{Provider: frontdesktest.NewProvider(frontdesktest.Say("Hm.")), Retriever: library})
	turn := say("Hi")
	turn.Customer.Audience = []string{"gold"}
	turn.Filter = map[string][]string{"product": {"lamp"}}
	play(t, agent, turn, false)
	assert.Equal(t, []string{"gold"}, library.queries[0].Audience)
	assert.Equal(t, turn.Filter, library.queries[0].Filter)
}
