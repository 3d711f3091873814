package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/frontdesk-go/frontdesk"
)

const help = `  /back [note]   hand the conversation back to the agent, as the colleague
  /say text      write to the customer, as the colleague
  /quit          leave`

// chat is a conversation in a terminal, or piped.
type chat struct {
	agent *frontdesk.Agent
	turn  frontdesk.Turn
	out   io.Writer
	lines chan string // of the input; closed at its end
	echo  bool        // the input does not come from a keyboard
}

func newChat(in io.Reader, out io.Writer, turn frontdesk.Turn) *chat {
	c := &chat{turn: turn, out: out, lines: make(chan string), echo: true}
	if file, ok := in.(*os.File); ok {
		info, err := file.Stat()
		c.echo = err != nil || info.Mode()&os.ModeCharDevice == 0
	}
	go func() {
		defer close(c.lines)
		scanner := bufio.NewScanner(in)
		scanner.Buffer(nil, 1<<20)
		for scanner.Scan() {
			c.lines <- scanner.Text()
		}
	}()
	return c
}

// run reads messages and commands until the input ends.
func (c *chat) run(ctx context.Context) error {
	if err := c.approve(ctx); err != nil { // what was left open the last time
		return err
	}
	for {
		fmt.Fprint(c.out, "\nyou> ")
		line, err := c.read(ctx)
		if err == io.EOF {
			fmt.Fprintln(c.out)
			return nil
		}
		if err != nil {
			return err
		}
		command, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		id := frontdesk.ConversationID{ID: c.turn.Conversation}
		switch command {
		case "":
			continue
		case "/quit":
			return nil
		case "/help":
			fmt.Fprintln(c.out, help)
		case "/back":
			if err = c.agent.HandBack(ctx, id, "Robin", rest); err == nil {
				fmt.Fprintln(c.out, "  (the agent has the conversation again)")
			}
		case "/say":
			err = c.agent.Post(ctx, id, "Robin", rest)
		default:
			c.turn.Text = line
			if err = c.reply(ctx); err == nil {
				err = c.approve(ctx)
			}
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			// The conversation is kept: the customer can just go on.
			fmt.Fprintf(c.out, "  error: %v\n", err)
		}
	}
}

func (c *chat) read(ctx context.Context) (string, error) {
	select {
	case line, ok := <-c.lines:
		if !ok {
			return "", io.EOF
		}
		if c.echo {
			fmt.Fprintln(c.out, line)
		}
		return line, nil
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

// reply prints a turn as it happens.
func (c *chat) reply(ctx context.Context) error {
	speaking := false
	line := func(format string, arguments ...any) {
		if speaking {
			fmt.Fprintln(c.out)
			speaking = false
		}
		fmt.Fprintf(c.out, "  "+format+"\n", arguments...)
	}
	for event, err := range c.agent.Stream(ctx, c.turn) {
		if err != nil {
			if speaking {
				fmt.Fprintln(c.out)
			}
			return err
		}
		switch event := event.(type) {
		case frontdesk.TextDelta:
			if !speaking {
				fmt.Fprint(c.out, "agent> ")
				speaking = true
			}
			fmt.Fprint(c.out, event.Text)
		case frontdesk.Reset:
			line("(the above is void)")
		case frontdesk.ToolStarted:
			line("-> %s(%s)", event.Call.Name, event.Call.Arguments)
		case frontdesk.ToolFinished:
			if event.Result.Status != frontdesk.ToolDone {
				line("   %s: %s", event.Result.Status, event.Result.Content)
			}
		case frontdesk.HandedOver:
			line("handed over to a colleague, ticket %s:", event.Handoff.Ticket)
			for text := range strings.Lines(event.Handoff.String()) {
				line("| %s", strings.TrimSuffix(text, "\n"))
			}
		case frontdesk.Done:
			for _, citation := range event.Reply.Citations {
				line("[%d] %s, %s", citation.Number, citation.Passage.Title, citation.Passage.URL)
			}
			if event.Reply.Outcome == frontdesk.Escalated && event.Reply.Text == "" {
				line("(a colleague has this conversation and will read your message; /back gives it back to the agent)")
			}
			if speaking {
				fmt.Fprintln(c.out)
			}
		}
	}
	return nil
}

// approve asks the colleague at the same terminal about everything that waits for
// them. In a real support desk, that is another program, hours later.
func (c *chat) approve(ctx context.Context) error {
	id := frontdesk.ConversationID{ID: c.turn.Conversation}
	open, err := c.agent.Approvals(ctx, id)
	if err != nil {
		return err
	}
	for _, approval := range open {
		if approval.Kind != frontdesk.ColleagueApproves {
			continue
		}
		fmt.Fprintf(c.out, "\n  colleague, please decide: %s %s? [y/N] ", approval.Tool, approval.Arguments)
		line, err := c.read(ctx)
		if err == io.EOF {
			fmt.Fprintln(c.out, "\n  (it waits until you are back)")
			return nil
		}
		if err != nil {
			return err
		}
		answer := strings.ToLower(strings.TrimSpace(line))
		reply, err := c.agent.Decide(ctx, id, frontdesk.Decision{Approval: approval.ID, Approved: answer == "y" || answer == "yes", By: "Robin"})
		if err != nil {
			return err
		}
		fmt.Fprintln(c.out, "agent> "+reply.Text)
	}
	return nil
}
