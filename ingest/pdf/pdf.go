// Package pdf reads PDF files for package ingest. It uses PDFium, compiled to
// WebAssembly, so it needs no cgo, and a file that makes PDFium fail, or abuses
// it, gets no further than the sandbox.
//
//	decoder := &pdf.Decoder{CacheDir: dir}
//	defer decoder.Close()
//	source := ingest.Folder{FS: os.DirFS("manuals"), Decoders: map[string]ingest.Decoder{".pdf": decoder}}
//
// It is a module of its own because of its size: it adds 12 MB to a program.
package pdf

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"path"
	"strings"
	"sync"
	"time"

	"github.com/klippa-app/go-pdfium"
	"github.com/klippa-app/go-pdfium/references"
	"github.com/klippa-app/go-pdfium/requests"
	"github.com/klippa-app/go-pdfium/webassembly"
	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"

	"github.com/frontdesk-go/frontdesk/ingest"
)

// The defaults and bounds of a [Decoder].
const (
	DefaultTimeout  = time.Minute
	DefaultMaxPages = 2000

	maxMemory     = 512 << 20 // of the sandbox, for each file
	pageMemory    = 64 << 10  // of WebAssembly
	maxTextBytes  = 16 << 20
	minCharacters = 20 // a page with fewer is taken for an image
)

// Decoder is the [ingest.Decoder] of PDF files. The zero value is ready to use.
// It is safe for concurrent use; files are read one after another. Close it when
// it is no longer needed.
//
// Text comes in reading order, column by column, with paragraphs put together
// and words that were divided at the end of a line joined. The bookmarks of a
// file become its headings; lines that stand at the top or the bottom of most
// pages are left out. Tables are lines of cells.
//
// A page without text, as scanners make them, is reported, and a file of such
// pages skipped.
type Decoder struct {
	// CacheDir is a folder that keeps what PDFium was compiled to, about 20
	// MB. Compiling takes seconds; reading it back takes a tenth of one.
	// Empty means to compile once for each Decoder.
	CacheDir string

	// Timeout bounds the time that a file may take, not counting the
	// compiling. Zero means [DefaultTimeout].
	Timeout time.Duration

	// MaxPages is the number of pages from which on a file is skipped. Zero
	// means [DefaultMaxPages].
	MaxPages int

	mu     sync.Mutex
	pool   pdfium.Pool
	cache  wazero.CompilationCache
	closed bool
}

// Close gives back what the decoder holds. No file can be read afterwards.
func (d *Decoder) Close() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.closed = true
	var err error
	if d.pool != nil {
		err = d.pool.Close()
		d.pool = nil
	}
	if d.cache != nil {
		err = errors.Join(err, d.cache.Close(context.Background()))
		d.cache = nil
	}
	return err
}

// start compiles PDFium at the first use.
func (d *Decoder) start() error {
	if d.closed {
		return errors.New("the decoder is closed")
	}
	if d.pool != nil {
		return nil
	}
	config := wazero.NewRuntimeConfig().
		WithCoreFeatures(api.CoreFeaturesV2 | experimental.CoreFeaturesExceptionHandling).
		WithMemoryLimitPages(maxMemory / pageMemory).
		WithCloseOnContextDone(true) // or nothing could stop a file that never ends
	if d.CacheDir != "" {
		cache, err := wazero.NewCompilationCacheWithDir(d.CacheDir)
		if err != nil {
			return fmt.Errorf("open the compilation cache: %w", err)
		}
		d.cache = cache
		config = config.WithCompilationCache(cache)
	}
	pool, err := webassembly.Init(webassembly.Config{
		MaxTotal:      1,
		RuntimeConfig: config,
		FSConfig:      wazero.NewFSConfig(), // no files at all
		Stdout:        io.Discard,
		Stderr:        io.Discard,
	})
	if err != nil {
		return fmt.Errorf("start PDFium: %w", err)
	}
	d.pool = pool
	return nil
}

// Decode implements [ingest.Decoder].
func (d *Decoder) Decode(ctx context.Context, name string, data []byte) iter.Seq2[ingest.Document, error] {
	return func(yield func(ingest.Document, error) bool) {
		file, err := d.read(ctx, data)
		if err != nil {
			yield(ingest.Document{}, err)
			return
		}
		doc := ingest.Document{ID: name, Title: file.title, Text: file.markdown()}
		if doc.Title == "" {
			doc.Title = titleOfFile(name)
		}
		if strings.TrimSpace(doc.Text) == "" {
			reason := errors.New("it has no text")
			if len(file.images) > 0 {
				reason = fmt.Errorf("it has no text: its %d pages are images, as scanners make them: run text recognition over it first", len(file.images))
			}
			yield(ingest.Document{}, &ingest.SkipError{Document: name, Reason: reason})
			return
		}
		if !yield(doc, nil) {
			return
		}
		for _, page := range file.images {
			err := &ingest.SkipError{Document: fmt.Sprintf("%s#page=%d", name, page), Withheld: true, Reason: errors.New("the page has no text, only images")}
			if !yield(ingest.Document{}, err) {
				return
			}
		}
	}
}

// read gets the text of a file out of a sandbox of its own.
func (d *Decoder) read(ctx context.Context, data []byte) (*file, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.start(); err != nil {
		return nil, err
	}
	timeout := d.Timeout
	if timeout <= 0 {
		timeout = DefaultTimeout
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	instance, err := d.pool.GetInstanceWithContext(ctx)
	if err != nil {
		return nil, fmt.Errorf("start PDFium: %w", err)
	}
	// A call into the sandbox cannot be cancelled but by ending the sandbox.
	type result struct {
		file *file
		err  error
	}
	done := make(chan result, 1)
	go func() {
		file, err := d.text(ctx, instance, data)
		done <- result{file, err}
	}()
	select {
	case r := <-done:
		if err := instance.Close(); err != nil && r.err == nil {
			r.err = fmt.Errorf("stop PDFium: %w", err)
		}
		return r.file, r.err
	case <-ctx.Done():
		_ = instance.Kill() // what it returns is about the sandbox that is gone
		<-done
		if errors.Is(ctx.Err(), context.DeadlineExceeded) {
			return nil, fmt.Errorf("reading it takes longer than %v", timeout)
		}
		return nil, ctx.Err()
	}
}

// text reads all pages.
func (d *Decoder) text(ctx context.Context, instance pdfium.Pdfium, data []byte) (*file, error) {
	opened, err := instance.OpenDocument(&requests.OpenDocument{File: &data})
	if err != nil {
		return nil, fmt.Errorf("it cannot be opened: %w", err)
	}
	counted, err := instance.FPDF_GetPageCount(&requests.FPDF_GetPageCount{Document: opened.Document})
	if err != nil {
		return nil, err
	}
	most := d.MaxPages
	if most <= 0 {
		most = DefaultMaxPages
	}
	if counted.PageCount > most {
		return nil, fmt.Errorf("it has %d pages, more than the %d that are read: split it, or raise MaxPages", counted.PageCount, most)
	}
	file := &file{title: title(instance, opened.Document), bookmarks: bookmarks(instance, opened.Document)}
	size := 0
	for number := range counted.PageCount {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		page := requests.Page{ByIndex: &requests.PageByIndex{Document: opened.Document, Index: number}}
		got, err := instance.GetPageText(&requests.GetPageText{Page: page})
		if err != nil {
			return nil, fmt.Errorf("page %d: %w", number+1, err)
		}
		if size += len(got.Text); size > maxTextBytes {
			return nil, fmt.Errorf("it has more than %d bytes of text", maxTextBytes)
		}
		lines := lines(got.Text)
		if characters(lines) < minCharacters && hasObjects(instance, page) {
			file.images = append(file.images, number+1)
		}
		file.pages = append(file.pages, lines)
	}
	return file, nil
}

// title returns what the file says it is called, unless a program put it there.
func title(instance pdfium.Pdfium, document references.FPDF_DOCUMENT) string {
	got, err := instance.GetMetaData(&requests.GetMetaData{Document: document, Tags: &[]string{"Title"}})
	if err != nil || len(got.Tags) == 0 {
		return ""
	}
	title := strings.Join(strings.Fields(got.Tags[0].Value), " ")
	lower := strings.ToLower(title)
	if strings.HasPrefix(lower, "microsoft word - ") || lower == "untitled" || path.Ext(lower) == ".docx" || path.Ext(lower) == ".doc" {
		return ""
	}
	return title
}

// bookmarks returns the file's table of contents.
func bookmarks(instance pdfium.Pdfium, document references.FPDF_DOCUMENT) []bookmark {
	got, err := instance.GetBookmarks(&requests.GetBookmarks{Document: document})
	if err != nil {
		return nil // a file without a usable table of contents can still be read
	}
	return flatten(nil, got.Bookmarks, 1)
}

// hasObjects reports whether anything is drawn on a page.
func hasObjects(instance pdfium.Pdfium, page requests.Page) bool {
	got, err := instance.FPDFPage_CountObjects(&requests.FPDFPage_CountObjects{Page: page})
	return err != nil || got.Count > 0
}

func titleOfFile(name string) string {
	title := path.Base(name)
	title = strings.TrimSuffix(title, path.Ext(title))
	return strings.Join(strings.Fields(strings.NewReplacer("-", " ", "_", " ").Replace(title)), " ")
}
