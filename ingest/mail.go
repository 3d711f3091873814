package ingest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"

	"github.com/emersion/go-message"
	_ "github.com/emersion/go-message/charset" // mails come in any encoding
	"github.com/emersion/go-message/mail"
)

// The bounds of a mail.
const (
	maxMailParts = 200
	maxMailDepth = 20      // of parts within parts
	maxMailText  = 4 << 20 // bytes of one part
)

// Mail is the [Decoder] of a single mail (RFC 5322). The title is the subject,
// the text what the mail says itself, without what it quotes, its signature and
// its attachments. Personal data is scrubbed, the names of sender and recipients
// included.
type Mail struct {
	Scrubber Scrubber
}

// Decode implements [Decoder].
func (m Mail) Decode(_ context.Context, name string, data []byte) iter.Seq2[Document, error] {
	return one(m.document(name, data))
}

// Mailbox is the [Decoder] of files that hold many mails, in the form mboxrd or
// mboxo. Each becomes a document as by [Mail].
type Mailbox struct {
	Scrubber Scrubber
}

// Decode implements [Decoder].
func (m Mailbox) Decode(ctx context.Context, name string, data []byte) iter.Seq2[Document, error] {
	return func(yield func(Document, error) bool) {
		if !bytes.HasPrefix(data, []byte("From ")) {
			yield(Document{}, errors.New(`it is no mailbox: it does not begin with a line "From "`))
			return
		}
		number := 0
		for mail := range mailsOf(data) {
			if ctx.Err() != nil {
				return
			}
			number++
			digest := sha256.Sum256(mail)
			doc, err := Mail(m).document(name+"#"+hex.EncodeToString(digest[:6]), mail)
			if err != nil {
				err = skip(name, fmt.Errorf("mail %d: %w", number, err))
			}
			if !yield(doc, err) {
				return
			}
		}
	}
}

// mailsOf splits a mailbox at the lines that begin with "From " and follow an
// empty one, and takes the mark off the lines that only looked like them.
func mailsOf(data []byte) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		var current []byte
		began, blank := false, true
		for line := range bytes.Lines(data) {
			switch {
			case blank && bytes.HasPrefix(line, []byte("From ")):
				if began && !yield(current) {
					return
				}
				current, began, blank = nil, true, false
				continue
			case bytes.HasPrefix(bytes.TrimLeft(line, ">"), []byte("From ")) && line[0] == '>':
				line = line[1:]
			}
			current = append(current, line...)
			blank = len(bytes.TrimSpace(line)) == 0
		}
		if began {
			yield(current)
		}
	}
}

func (m Mail) document(id string, data []byte) (Document, error) {
	entity, err := message.Read(bytes.NewReader(data))
	if err != nil {
		return Document{}, fmt.Errorf("it is no mail: %w", err)
	}
	header := mail.Header{Header: entity.Header}
	if header.Len() == 0 {
		return Document{}, errors.New("it is no mail: it has no header")
	}
	subject, err := header.Subject()
	if err != nil {
		subject = header.Get("Subject")
	}
	subject = strings.ToValidUTF8(subject, "\uFFFD")
	var names []string
	for _, field := range []string{"From", "Sender", "Reply-To", "To", "Cc"} {
		people, err := header.AddressList(field)
		if err != nil {
			continue // the scrubber finds addresses by itself
		}
		for _, person := range people {
			names = append(names, person.Name, person.Address)
		}
	}
	var texts mailTexts
	if err := texts.read(entity, 0); err != nil {
		return Document{}, err
	}
	text := texts.plain
	if strings.TrimSpace(text) == "" && texts.rich != "" {
		if text, err = htmlToMarkdown(texts.rich, ""); err != nil {
			return Document{}, err
		}
	}
	text = m.Scrubber.Scrub(withoutQuotes(text), names...)
	if text == "" {
		return Document{}, errors.New("it has no text")
	}
	return Document{ID: id, Title: oneLine(m.Scrubber.Scrub(subject, names...)), Text: text, Plain: true, Attributes: Attributes{Untrusted: true}}, nil
}

// mailTexts are the first plain text of a mail and the first HTML.
type mailTexts struct {
	plain, rich string
	parts       int
}

// read reads a part with those in it, depth levels below the mail.
func (t *mailTexts) read(entity *message.Entity, depth int) error {
	if t.parts++; t.parts > maxMailParts {
		return tooMuch("it has more than %d parts", maxMailParts)
	}
	reader := entity.MultipartReader()
	if reader == nil {
		return t.text(entity)
	}
	if depth == maxMailDepth {
		return tooMuch("its parts are nested deeper than %d", maxMailDepth)
	}
	for {
		part, err := reader.NextPart()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("one of its parts cannot be read: %w", err)
		}
		if err := t.read(part, depth+1); err != nil {
			return err
		}
	}
}

func (t *mailTexts) text(entity *message.Entity) error {
	kind, _, err := entity.Header.ContentType()
	if err != nil {
		return nil
	}
	if disposition, _, _ := entity.Header.ContentDisposition(); disposition == "attachment" {
		return nil
	}
	into := &t.plain
	switch {
	case strings.EqualFold(kind, "text/html"):
		into = &t.rich
	case !strings.EqualFold(kind, "text/plain"):
		return nil
	}
	if *into != "" {
		return nil
	}
	body, err := io.ReadAll(io.LimitReader(entity.Body, maxMailText+1))
	if err != nil {
		return fmt.Errorf("its text cannot be read: %w", err)
	}
	if len(body) > maxMailText {
		return tooMuch("its text has more than %d bytes", maxMailText)
	}
	*into, err = utf8Text(body)
	return err
}
