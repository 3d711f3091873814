package ingest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"unicode/utf16"
	"unicode/utf8"
)

// Decoders returns the decoders that [Folder] has, by extension.
func Decoders() map[string]Decoder {
	return map[string]Decoder{
		".md": Markdown{}, ".markdown": Markdown{}, ".mdx": Markdown{JSX: true},
		".html": HTML{}, ".htm": HTML{}, ".xhtml": HTML{},
		".txt": Text{}, ".text": Text{},
		".csv": CSV{}, ".tsv": CSV{},
		".json": JSON{}, ".jsonl": JSON{}, ".ndjson": JSON{},
		".docx": DOCX{},
		".eml":  Mail{}, ".mbox": Mailbox{},
		".pdf": DecoderFunc(noPDF),
	}
}

// noPDF stands for the decoder that this module does not have.
func noPDF(context.Context, string, []byte) iter.Seq2[Document, error] {
	return one(Document{}, errors.New("reading PDF takes the decoder of the module ingest/pdf: set it in Folder.Decoders under \".pdf\""))
}

// utf8Text returns the text of a file: UTF-8, or UTF-16 with a byte order mark,
// without the mark and with plain line ends. Other encodings are an error, since
// guessing would garble names and prices.
func utf8Text(data []byte) (string, error) {
	switch {
	case bytes.HasPrefix(data, []byte("\xEF\xBB\xBF")):
		data = data[3:]
	case bytes.HasPrefix(data, []byte("\xFF\xFE")):
		return utf16Text(data[2:], func(b []byte) uint16 { return uint16(b[0]) | uint16(b[1])<<8 })
	case bytes.HasPrefix(data, []byte("\xFE\xFF")):
		return utf16Text(data[2:], func(b []byte) uint16 { return uint16(b[1]) | uint16(b[0])<<8 })
	}
	if !utf8.Valid(data) {
		at := 0
		for at < len(data) {
			r, size := utf8.DecodeRune(data[at:])
			if r == utf8.RuneError && size == 1 {
				break
			}
			at += size
		}
		return "", fmt.Errorf("byte %d is not UTF-8: save the file as UTF-8", at)
	}
	return cleanText(data)
}

func utf16Text(data []byte, unit func([]byte) uint16) (string, error) {
	if len(data)%2 != 0 {
		return "", errors.New("it is UTF-16 and ends within a character: save the file as UTF-8")
	}
	units := make([]uint16, 0, len(data)/2)
	for i := 0; i < len(data); i += 2 {
		units = append(units, unit(data[i:]))
	}
	return cleanText([]byte(string(utf16.Decode(units))))
}

func cleanText(data []byte) (string, error) {
	if i := bytes.IndexByte(data, 0); i >= 0 {
		return "", fmt.Errorf("byte %d is zero: it is no text", i)
	}
	if bytes.IndexByte(data, '\r') >= 0 {
		data = bytes.ReplaceAll(data, []byte("\r\n"), []byte("\n"))
		data = bytes.ReplaceAll(data, []byte("\r"), []byte("\n"))
	}
	return string(data), nil
}

// Text is the [Decoder] of plain text. The title is made of the file's name.
type Text struct{}

// Decode implements [Decoder].
func (Text) Decode(_ context.Context, name string, data []byte) iter.Seq2[Document, error] {
	text, err := utf8Text(data)
	return one(Document{ID: name, Title: titleOfFile(name), Text: text, Plain: true}, err)
}
