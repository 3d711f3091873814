package ingest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"maps"
	"net/url"
	"path"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// DefaultTimeout is how long a [Folder] takes to read one file.
const DefaultTimeout = time.Minute

// DefaultMaxBytes is the size of the largest file that [Folder] reads. Pages of
// a help centre are smaller by far, and a file is read whole.
const DefaultMaxBytes = 32 << 20

// Folder is a [Source] of the files in a folder and those below it, in the order
// of their paths. A document's id is its file's path; where a file holds
// several, # and a name follow.
//
// Names that begin with a dot, and folders called node_modules, are passed over.
// Symbolic links are not followed.
type Folder struct {
	// FS is the folder. [os.DirFS] makes one of a path.
	FS fs.FS

	// BaseURL is where people read the pages, such as
	// https://shop.example/help/. The address of a file is this and its path,
	// for Markdown and HTML without the extension, unless the page names one
	// itself. Empty means that pages have only the addresses they name.
	BaseURL string

	// Decoders say by lower-case extension how files are read, such as
	// ".pdf", beside those of [Decoders], or in their place. Nil for an
	// extension means to pass such files over without a word.
	Decoders map[string]Decoder

	// MaxBytes is the size from which on a file is skipped. Zero means
	// [DefaultMaxBytes].
	MaxBytes int64

	// Timeout is how long a file may take: what is not read by then is skipped.
	// Decoders are told by their context. Zero means [DefaultTimeout].
	Timeout time.Duration
}

// Decoder reads the documents in a file. The ids of the documents begin with
// name, which is the file's path. What it finds wrong with one of them it
// yields as a [*SkipError], and then goes on; any other error is about the whole
// file.
//
// Files come from anywhere: a Decoder bounds the time and the memory it takes.
// It must be safe for concurrent use.
type Decoder interface {
	Decode(ctx context.Context, name string, data []byte) iter.Seq2[Document, error]
}

// DecoderFunc makes a [Decoder] of a function.
type DecoderFunc func(ctx context.Context, name string, data []byte) iter.Seq2[Document, error]

// Decode calls f.
func (f DecoderFunc) Decode(ctx context.Context, name string, data []byte) iter.Seq2[Document, error] {
	return f(ctx, name, data)
}

// Documents implements [Source].
func (f Folder) Documents(ctx context.Context) iter.Seq2[Document, error] {
	return func(yield func(Document, error) bool) {
		if f.FS == nil {
			yield(Document{}, errors.New("no folder: set Folder.FS, for example to os.DirFS(path)"))
			return
		}
		decoders := Decoders()
		maps.Copy(decoders, f.Decoders)
		err := fs.WalkDir(f.FS, ".", func(name string, entry fs.DirEntry, err error) error {
			if ctxErr := ctx.Err(); ctxErr != nil {
				return ctxErr
			}
			if err != nil {
				if name == "." {
					return err
				}
				// What is below a folder that cannot be listed is not known,
				// so nothing of it may be taken for removed.
				if entry != nil && entry.IsDir() {
					return fmt.Errorf("list folder %s: %w", name, err)
				}
				return f.yield(yield, Document{}, skip(name, err))
			}
			if base := path.Base(name); name != "." && (base[0] == '.' || base == "node_modules") {
				if entry.IsDir() {
					return fs.SkipDir
				}
				return nil
			}
			if entry.IsDir() {
				return nil
			}
			if !entry.Type().IsRegular() {
				return f.yield(yield, Document{}, withhold(name, "it is a link or a device, not a file"))
			}
			extension := strings.ToLower(path.Ext(name))
			decoder, ok := decoders[extension]
			if !ok {
				return f.yield(yield, Document{}, withhold(name, fmt.Sprintf("there is no decoder for %q files", extension)))
			}
			if decoder == nil {
				return nil
			}
			return f.file(ctx, name, decoder, yield)
		})
		if err != nil && !errors.Is(err, fs.SkipAll) {
			yield(Document{}, err)
		}
	}
}

// yield passes a document on, and returns [fs.SkipAll] if no more are wanted.
func (f Folder) yield(yield func(Document, error) bool, doc Document, err error) error {
	if !yield(doc, err) {
		return fs.SkipAll
	}
	return nil
}

func (f Folder) file(ctx context.Context, name string, decoder Decoder, yield func(Document, error) bool) (err error) {
	data, err := f.read(name)
	if err != nil {
		return f.yield(yield, Document{}, skip(name, err))
	}
	timeout := f.Timeout
	if timeout == 0 {
		timeout = DefaultTimeout
	}
	for doc, err := range caught(ctx, timeout, decoder, name, data) {
		if ctxErr := ctx.Err(); ctxErr != nil {
			return ctxErr
		}
		if _, skipped := errors.AsType[*SkipError](err); err != nil && !skipped {
			err = skip(name, err)
		}
		if err == nil {
			f.complete(name, &doc)
		}
		if err := f.yield(yield, doc, err); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// caught makes errors of a decoder's panic and of one that takes too long, since one
// bad file must not end a run.
func caught(ctx context.Context, timeout time.Duration, decoder Decoder, name string, data []byte) iter.Seq2[Document, error] {
	return func(yield func(Document, error) bool) {
		late := tooMuch("it takes longer than %v to read", timeout)
		ctx, cancel := context.WithTimeoutCause(ctx, timeout, late)
		defer cancel()
		stopped := false
		defer func() {
			if r := recover(); r != nil && !stopped {
				yield(Document{}, fmt.Errorf("the decoder panicked: %v", r))
			}
		}()
		for doc, err := range decoder.Decode(ctx, name, data) {
			if context.Cause(ctx) == late {
				doc, err = Document{}, late
			}
			if !yield(doc, err) {
				stopped = true
				return
			}
			if err == late {
				return
			}
		}
	}
}

func (f Folder) read(name string) ([]byte, error) {
	most := f.MaxBytes
	if most == 0 {
		most = DefaultMaxBytes
	}
	file, err := f.FS.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	if info.Size() > most {
		return nil, tooMuch("it has %d bytes, more than the %d that are read: split it, or raise MaxBytes", info.Size(), most)
	}
	data, err := io.ReadAll(io.LimitReader(file, most+1))
	if err == nil && int64(len(data)) > most {
		err = tooMuch("it has more than the %d bytes that are read: split it, or raise MaxBytes", most)
	}
	return data, err
}

// complete adds what the file's place says about a document.
func (f Folder) complete(name string, doc *Document) {
	if f.BaseURL == "" {
		return
	}
	base, err := url.Parse(f.BaseURL)
	if err != nil {
		return
	}
	if doc.URL == "" {
		page := name
		switch extension := path.Ext(name); strings.ToLower(extension) {
		case ".md", ".markdown", ".mdx", ".html", ".htm", ".xhtml":
			page = strings.TrimSuffix(name, extension)
			if path.Base(page) == "index" {
				page = strings.TrimSuffix(strings.TrimSuffix(page, "index"), "/")
			}
		}
		doc.URL = base.JoinPath(page).String()
	} else if own, err := url.Parse(doc.URL); err == nil && !own.IsAbs() {
		doc.URL = base.ResolveReference(own).String()
	}
}

// titleOfFile makes a title of a file's name.
func titleOfFile(name string) string {
	title := path.Base(name)
	title = strings.TrimSuffix(title, path.Ext(title))
	title = oneLine(strings.NewReplacer("-", " ", "_", " ").Replace(title))
	first, size := utf8.DecodeRuneInString(title)
	return string(unicode.ToUpper(first)) + title[size:]
}

// one is the result of a decoder of files that hold one document.
func one(doc Document, err error) iter.Seq2[Document, error] {
	return func(yield func(Document, error) bool) { yield(doc, err) }
}
