// Command costs tells whether a flat price for each request is cheaper than
// prices for tokens, on conversations that took place.
//
//	go run ./costs [flags] conversations.jsonl
//
// It reads one conversation a line, with its system prompt, what was said, and
// the tokens that the host reported where it did. See type conversation for the
// shape. The prices are an example as long as no flags are given: take those of
// your own hosts, in one currency.
package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"text/tabwriter"

	"github.com/frontdesk-go/frontdesk"
)

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "costs:", err)
		os.Exit(1)
	}
}

func run(arguments []string, out io.Writer) error {
	var prices frontdesk.Prices
	flags := flag.NewFlagSet("costs", flag.ContinueOnError)
	flags.SetOutput(out)
	flags.Usage = func() {
		fmt.Fprintln(out, "usage: costs [flags] conversations.jsonl")
		flags.PrintDefaults()
	}
	flags.Float64Var(&prices.PromptPerMillion, "prompt", 0.25, "price of a million prompt tokens; the default is an example")
	flags.Float64Var(&prices.CompletionPerMillion, "completion", 0.90, "price of a million completion tokens; the default is an example")
	flags.Float64Var(&prices.CachedPerMillion, "cached", 0, "price of a million prompt tokens that the previous request had too; 0 means no discount")
	flat := flags.Float64("flat", 0.001, "flat price of a request; the default is an example")
	tools := flags.String("tools", "", "file with the tools' declarations; without it they are missing where usage is estimated")
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	if flags.NArg() != 1 {
		return errors.New("name one file with conversations, one a line")
	}
	conversations, err := readConversations(flags.Arg(0), *tools)
	if err != nil {
		return err
	}
	var costs []frontdesk.Cost
	for _, c := range conversations {
		entries, err := c.entries()
		if err != nil {
			return fmt.Errorf("conversation %s: %w", c.ID, err)
		}
		cost, err := prices.Cost(entries, frontdesk.Request{Instructions: c.System, Tools: c.tools})
		if err != nil {
			return fmt.Errorf("conversation %s: %w", c.ID, err)
		}
		if cost.Requests > 0 {
			costs = append(costs, cost)
		}
	}
	if len(costs) == 0 {
		return errors.New("no conversation has an answer of a model")
	}
	example := true
	flags.Visit(func(f *flag.Flag) { example = example && f.Name == "tools" })
	return report(out, costs, prices, *flat, example)
}

// report prints the table.
func report(out io.Writer, costs []frontdesk.Cost, prices frontdesk.Prices, flat float64, example bool) error {
	slices.SortStableFunc(costs, func(a, b frontdesk.Cost) int { return a.Requests - b.Requests })
	all := sum(costs)
	fmt.Fprintf(out, "%d conversations, %d requests, %d prompt tokens, %d completion tokens\n",
		len(costs), all.Requests, all.Usage.PromptTokens, all.Usage.CompletionTokens)
	fmt.Fprintf(out, "tokens of %d of %d answers are estimated: their host reported none\n", all.Estimated, all.Answers)
	label := ""
	if example {
		label = " (an example: set yours by flags)"
	}
	cached := "no discount on cached tokens"
	if prices.CachedPerMillion > 0 {
		cached = fmt.Sprintf("%.4g on those cached", prices.CachedPerMillion)
	}
	fmt.Fprintf(out, "prices: %.4g per million prompt tokens, %s, %.4g per million completion tokens; flat: %.4g a request%s\n\n",
		prices.PromptPerMillion, cached, prices.CompletionPerMillion, flat, label)

	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "mean of a conversation\trequests\tprompt tokens\tcompletion tokens\tby token\tflat\tbreak-even flat price\t")
	names := []string{"shortest quarter", "second quarter", "third quarter", "longest quarter"}
	for i, name := range names {
		row(table, name, costs[len(costs)*i/4:len(costs)*(i+1)/4], flat)
	}
	row(table, "all", costs, flat)
	return table.Flush()
}

// row prints the means of some conversations. The break-even price is that of a
// request at which both ways cost the same.
func row(table io.Writer, name string, costs []frontdesk.Cost, flat float64) {
	if len(costs) == 0 {
		return
	}
	total, n := sum(costs), float64(len(costs))
	fmt.Fprintf(table, "%s\t%.1f\t%.0f\t%.0f\t%.5f\t%.5f\t%.6f\t\n", name,
		float64(total.Requests)/n, float64(total.Usage.PromptTokens)/n, float64(total.Usage.CompletionTokens)/n,
		total.Amount/n, float64(total.Requests)*flat/n, total.Amount/float64(total.Requests))
}

func sum(costs []frontdesk.Cost) frontdesk.Cost {
	var total frontdesk.Cost
	for _, cost := range costs {
		total.Requests += cost.Requests
		total.Answers += cost.Answers
		total.Estimated += cost.Estimated
		total.Usage.PromptTokens += cost.Usage.PromptTokens
		total.Usage.CompletionTokens += cost.Usage.CompletionTokens
		total.Amount += cost.Amount
	}
	return total
}

// readConversations reads a file of conversations, and one of tools if there is
// a name of one.
func readConversations(path, toolsPath string) ([]*conversation, error) {
	tools := make(map[string][]declaration)
	if toolsPath != "" {
		text, err := os.ReadFile(toolsPath)
		if err != nil {
			return nil, err
		}
		if err := json.Unmarshal(text, &tools); err != nil {
			return nil, fmt.Errorf("read tools from %s: %w", toolsPath, err)
		}
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	var conversations []*conversation
	for decoder := json.NewDecoder(file); ; {
		c := new(conversation)
		if err := decoder.Decode(c); errors.Is(err, io.EOF) {
			return conversations, nil
		} else if err != nil {
			return nil, fmt.Errorf("read conversation %d from %s: %w", len(conversations)+1, path, err)
		}
		for _, tool := range tools[c.ToolsRef] {
			c.tools = append(c.tools, frontdesk.ToolDefinition{
				Name:        tool.Function.Name,
				Description: tool.Function.Description,
				Schema:      tool.Function.Parameters,
			})
		}
		conversations = append(conversations, c)
	}
}
