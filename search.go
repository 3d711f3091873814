package frontdesk

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"strings"
)

// SearchTool is the name of the built-in tool with which the model searches the
// knowledge base in its own words. It is offered when [Config.Search] is set.
const SearchTool = "search_knowledge_base"

const searchSchema = `{"type":"object","properties":{` +
	`"query":{"type":"string","minLength":1,"description":"What to look for, in full: a question or the words that the answer would use. It is searched for by itself, without the conversation."}},` +
	`"required":["query"],"additionalProperties":false}`

// searchTool looks in a retriever for the customer of the call. What it returns
// are the passages: see conversation.showFound for what the model reads.
func searchTool(retriever Retriever, topK int) Tool {
	return RawTool(SearchTool,
		"Search the company's knowledge base again, in your own words. Use it when the passages beside the customer's message do not answer the question.",
		json.RawMessage(searchSchema),
		func(ctx context.Context, arguments json.RawMessage) (string, error) {
			var wish struct{ Query string }
			if err := json.Unmarshal(arguments, &wish); err != nil {
				return "", err
			}
			call := CallFrom(ctx)
			passages, err := retriever.Retrieve(ctx, Query{
				Text:     wish.Query,
				TopK:     topK,
				Tenant:   call.Conversation.Tenant,
				Audience: call.Customer.Audience,
				Filter:   call.filter,
			})
			if err != nil {
				return "", fmt.Errorf("the knowledge base could not be searched: %w", err)
			}
			return string(appendJSON(nil, passages[:min(len(passages), topK)])), nil
		},
	).ReadOnly()
}

// showFound turns the result of the search tool into what the model reads: the
// passages, numbered like those that come with a message.
func (c *conversation) showFound(result *ToolResult) (passages []Passage) {
	if result.Status != ToolDone {
		return nil
	}
	if err := json.Unmarshal([]byte(result.Content), &passages); err != nil {
		return nil // the search tool writes them, and nobody else
	}
	fresh, seen := c.split(passages)
	result.Content = strings.TrimSpace(renderPassages(fresh, len(c.passages)+1, seen, false))
	return passages
}

// number gives a passage its number in the conversation, if it has none yet.
func (c *conversation) number(passage Passage) int {
	number, known := c.numbers[passage.ID]
	if !known {
		from := fromDocument
		if passage.Untrusted {
			from = fromOthers
		}
		c.sources.add(from, "the document "+cmp.Or(passage.Title, passage.Document, passage.ID), passage.Title+" "+passage.Text, "")
		c.sources.all[len(c.sources.all)-1].passage = true
	}
	if !known || c.passages[number-1].Text != passage.Text {
		c.passages = append(c.passages, passage)
		number = len(c.passages)
		if passage.ID != "" {
			c.numbers[passage.ID] = number
		}
	}
	return number
}
