package corpus

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
)

// Conversations are those about the policies, as the systems' programs see them
// from their own folders.
const Conversations = "../../../index/testdata/followups.jsonl"

// Text is a passage, or a question.
type Text struct {
	Title  string
	Text   string
	Before []string // what was said before
	Intent string   // what it is about; empty for passages that answer nothing asked
}

// Texts returns n passages and some questions. The passages are the training
// questions of banking77 in folder and, as often as it takes, the same with words
// left out at random, as another customer might have asked. The questions are
// banking77's test questions, and are answered by a passage of the same intent.
func Texts(folder string, n int) (passages, questions []Text, err error) {
	if passages, err = readQuestions(filepath.Join(folder, "banking77-train.csv")); err != nil {
		return nil, nil, err
	}
	if questions, err = readQuestions(filepath.Join(folder, "banking77-test.csv")); err != nil {
		return nil, nil, err
	}
	known := len(passages)
	random := rand.New(rand.NewPCG(3, 5))
	for len(passages) < n {
		again := passages[random.IntN(known)]
		words := strings.Fields(again.Text)
		kept := words[:0]
		for _, word := range words {
			if random.IntN(5) > 0 {
				kept = append(kept, word)
			}
		}
		passages = append(passages, Text{Text: strings.Join(kept, " "), Intent: again.Intent})
	}
	random.Shuffle(len(passages), func(i, j int) { passages[i], passages[j] = passages[j], passages[i] })
	return passages, questions, nil
}

// Policies returns the policies in folder, their ids as Intent, and what customers
// ask about them: the last message of each conversation in the file and those
// before it, with the ids of the documents that answer it.
func Policies(folder, conversations string) (passages, questions []Text, err error) {
	type policy struct{ ID, Title, Text string }
	err = eachLine(filepath.Join(folder, "policies.jsonl"), func(p policy) {
		passages = append(passages, Text{Title: p.Title, Text: p.Text, Intent: p.ID})
	})
	if err != nil {
		return nil, nil, err
	}
	type conversation struct{ Turns, Documents []string }
	err = eachLine(conversations, func(c conversation) {
		last := len(c.Turns) - 1
		questions = append(questions, Text{Text: c.Turns[last], Before: c.Turns[:last], Intent: strings.Join(c.Documents, " ")})
	})
	return passages, questions, err
}

func eachLine[T any](path string, take func(T)) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var line T
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
			return fmt.Errorf("read %s: %w", path, err)
		}
		take(line)
	}
	return lines.Err()
}

func readQuestions(path string) ([]Text, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	rows, err := csv.NewReader(file).ReadAll()
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	var texts []Text
	for _, row := range rows[1:] {
		texts = append(texts, Text{Text: row[0], Intent: row[1]})
	}
	return texts, nil
}
