// Command splitter measures how fast documents are cut into passages, and how
// well: by this library and by langchaingo's text splitters, over the same text
// in the same run.
package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/clipperhouse/uax29/v2/sentences"
	"github.com/tmc/langchaingo/textsplitter"

	"github.com/frontdesk-go/frontdesk/ingest"
)

// limit is what the embedding models read, less what they add themselves.
const limit = 510

func main() {
	path := flag.String("documents", "../../../../shared/retrieval/policies.jsonl", "`file` of JSON lines with id, title and text")
	rounds := flag.Int("rounds", 9, "`number` of rounds, of which the median is printed")
	flag.Parse()
	documents, err := load(*path)
	if err != nil {
		log.Fatal(err)
	}
	size := 0
	for _, doc := range documents {
		size += len(doc.Text)
	}
	fmt.Printf("%d documents, %.2f MB, median of %d rounds\n\n", len(documents), float64(size)/1e6, *rounds)

	splitters := []struct {
		name  string
		split func(*ingest.Document) ([]string, error)
	}{
		{"frontdesk", frontdesk},
		{"langchaingo Markdown, 1,600 characters", langchaingo(textsplitter.NewMarkdownTextSplitter(textsplitter.WithChunkSize(1600), textsplitter.WithChunkOverlap(0), textsplitter.WithHeadingHierarchy(true), textsplitter.WithCodeBlocks(true)))},
		{"langchaingo Markdown, 400 tokens", langchaingo(textsplitter.NewMarkdownTextSplitter(textsplitter.WithChunkSize(400), textsplitter.WithChunkOverlap(0), textsplitter.WithHeadingHierarchy(true), textsplitter.WithCodeBlocks(true), textsplitter.WithLenFunc(ingest.CountTokens)))},
		{"langchaingo RecursiveCharacter, 1,600 characters", langchaingo(textsplitter.NewRecursiveCharacter(textsplitter.WithChunkSize(1600), textsplitter.WithChunkOverlap(0)))},
		{"langchaingo RecursiveCharacter, 400 tokens", langchaingo(textsplitter.NewRecursiveCharacter(textsplitter.WithChunkSize(400), textsplitter.WithChunkOverlap(0), textsplitter.WithLenFunc(ingest.CountTokens)))},
	}
	times := make([][]time.Duration, len(splitters))
	for range *rounds { // in turn, since a busy machine is busy for all
		for i, s := range splitters {
			begin := time.Now()
			for _, doc := range documents {
				if _, err := s.split(&doc); err != nil {
					log.Fatal(err)
				}
			}
			times[i] = append(times[i], time.Since(begin))
		}
	}
	fmt.Println("| splitter | MB/s | passages | longest, tokens | too long | sentences lost |")
	fmt.Println("| --- | --- | --- | --- | --- | --- |")
	for i, s := range splitters {
		slices.Sort(times[i])
		median := times[i][len(times[i])/2]
		passages, longest, tooLong, lost := 0, 0, 0, 0
		for _, doc := range documents {
			texts, err := s.split(&doc)
			if err != nil {
				log.Fatal(err)
			}
			for _, text := range texts {
				tokens := ingest.CountTokens(text)
				longest = max(longest, tokens)
				if tokens > limit {
					tooLong++
				}
			}
			passages += len(texts)
			lost += missing(&doc, texts)
		}
		fmt.Printf("| %s | %.1f | %d | %d | %d | %d |\n", s.name, float64(size)/1e6/median.Seconds(), passages, longest, tooLong, lost)
	}
}

func load(path string) ([]ingest.Document, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	var documents []ingest.Document
	for lines := bufio.NewScanner(file); lines.Scan(); {
		var doc struct{ ID, Title, Text string }
		if err := json.Unmarshal(lines.Bytes(), &doc); err != nil {
			return nil, err
		}
		documents = append(documents, ingest.Document{ID: doc.ID, Title: doc.Title, Text: doc.Text})
	}
	return documents, nil
}

func frontdesk(doc *ingest.Document) ([]string, error) {
	var texts []string
	for _, p := range new(ingest.Splitter).Split("policies", doc) {
		texts = append(texts, ingest.EmbeddedText(&p))
	}
	return texts, nil
}

func langchaingo(splitter textsplitter.TextSplitter) func(*ingest.Document) ([]string, error) {
	return func(doc *ingest.Document) ([]string, error) { return splitter.SplitText(doc.Text) }
}

// missing counts the sentences of a document that no passage holds as a whole.
// Marks of headings, lists and emphasis do not count.
func missing(doc *ingest.Document, texts []string) int {
	plain := func(text string) string {
		return strings.Join(strings.Fields(strings.NewReplacer("*", "", "#", "", "- ", " ", "`", "", "|", " ", "_", "", `\`, "").Replace(text)), " ")
	}
	for i, text := range texts {
		texts[i] = plain(text)
	}
	lost := 0
	for line := range strings.Lines(doc.Text) {
		for tokens := sentences.FromString(line); tokens.Next(); {
			sentence := plain(tokens.Value())
			if !slices.ContainsFunc(texts, func(text string) bool { return strings.Contains(text, sentence) }) {
				lost++
			}
		}
	}
	return lost
}
