// Command ingest turns a folder of documents, or a helpdesk's export, into a
// searchable snapshot, and lets you try what it finds.
//
//	go run ./examples/ingest -out help.index examples/support/policies
//	go run ./examples/ingest -out tickets.index -tickets export/
//	go run ./examples/ingest -out faq.index faq.csv
//
// With OXLO_API_KEY set, passages are embedded and found by meaning and by
// words; OXLO_BASE_URL names another host. Without, they are found by words
// alone. A second run sends and changes only what is new. When the input is not
// a terminal, each of its lines is a query.
package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/signal"
	"path/filepath"
	"strings"

	"github.com/frontdesk-go/frontdesk"
	"github.com/frontdesk-go/frontdesk/index"
	"github.com/frontdesk-go/frontdesk/ingest"
	"github.com/frontdesk-go/frontdesk/ingest/pdf"
)

// options are the program's flags and its argument.
type options struct {
	path     string
	out      string
	cache    string
	baseURL  string
	model    string
	tenant   string
	audience string
	tickets  bool
	results  int
}

func main() {
	var o options
	flag.StringVar(&o.out, "out", "knowledge.index", "snapshot `file` to write, and to update if it is there")
	flag.StringVar(&o.cache, "cache", defaultCache(), "`folder` for vectors, so that no text is embedded twice")
	flag.StringVar(&o.baseURL, "base-url", "", "`URL` below which people read the pages")
	flag.StringVar(&o.model, "model", frontdesk.BGELarge, "`name` of the embedding model")
	flag.StringVar(&o.tenant, "tenant", "", "`name` of the only tenant that may see the documents")
	flag.StringVar(&o.audience, "audience", "", "`groups`, separated by commas, that may see the documents (default all)")
	flag.BoolVar(&o.tickets, "tickets", false, "the folder is a helpdesk's export: Zendesk, Intercom, Freshdesk, or JSON lines")
	flag.IntVar(&o.results, "results", 3, "`number` of passages to show for a query")
	flag.Usage = func() {
		fmt.Fprintln(flag.CommandLine.Output(), "usage: ingest [flags] folder-or-file")
		flag.PrintDefaults()
	}
	flag.Parse()
	if flag.NArg() != 1 {
		flag.Usage()
		os.Exit(2)
	}
	o.path = flag.Arg(0)

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, o, os.Stdin, os.Stdout, os.Stderr)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "ingest:", err)
		if errors.Is(err, context.Canceled) {
			fmt.Fprintln(os.Stderr, "What was embedded is kept: run it again to go on.")
		}
		os.Exit(1)
	}
}

func defaultCache() string {
	folder, err := os.UserCacheDir()
	if err != nil {
		folder = os.TempDir()
	}
	return filepath.Join(folder, "frontdesk")
}

func run(ctx context.Context, o options, in io.Reader, out, progress io.Writer) error {
	kb := &index.Index{}
	ingester := &ingest.Ingester{Target: kb}
	if isTerminal(progress) {
		ingester.Progress = newBar(progress).show
	}
	if os.Getenv("OXLO_API_KEY") == "" {
		fmt.Fprintln(out, "Lexical: OXLO_API_KEY is not set, so passages are found by their words alone.")
	} else {
		embeddings := &frontdesk.Embeddings{Model: o.model}
		cache, err := ingest.OpenFileCache(filepath.Join(o.cache, "vectors"))
		if err != nil {
			return err
		}
		kb.Embedder, kb.Model = embeddings, o.model
		kb.Fallback = func(_ frontdesk.Query, err error) {
			fmt.Fprintln(out, "The query could not be embedded, so it was answered by words alone:", err)
		}
		ingester.Embedder, ingester.Cache = embeddings, cache
		fmt.Fprintf(out, "Hybrid: passages are found by their words and by the vectors of %s.\n", o.model)
	}

	err := kb.Load(o.out)
	var model *index.ModelError
	switch {
	case err == nil, errors.Is(err, fs.ErrNotExist):
	case errors.As(err, &model), errors.Is(err, index.ErrSnapshot):
		fmt.Fprintf(out, "%s is made anew: %v.\n", o.out, err)
	default:
		return err
	}

	decoder := &pdf.Decoder{CacheDir: filepath.Join(o.cache, "pdfium")}
	source, err := o.source(decoder)
	if err == nil {
		var report *ingest.Report
		if report, err = ingester.Sync(ctx, filepath.Base(o.path), source); err == nil {
			printReport(out, report)
		}
	}
	if err = errors.Join(err, decoder.Close()); err != nil {
		return err
	}
	if err := kb.Save(o.out); err != nil {
		return err
	}
	fmt.Fprintf(out, "%s holds %d passages.\n", o.out, kb.Len())
	return ask(ctx, o, kb, in, out)
}

// source returns where the documents come from.
func (o options) source(decoder ingest.Decoder) (ingest.Source, error) {
	info, err := os.Stat(o.path)
	if err != nil {
		return nil, err
	}
	files := os.DirFS(o.path)
	if !info.IsDir() {
		files = oneFile{os.DirFS(filepath.Dir(o.path)), filepath.Base(o.path)}
	}
	var source ingest.Source = ingest.Folder{FS: files, BaseURL: o.baseURL, Decoders: map[string]ingest.Decoder{".pdf": decoder, ".go": nil}}
	if o.tickets {
		source = ingest.Tickets{FS: files}
	}
	attributes := ingest.Attributes{Tenant: o.tenant}
	if o.audience != "" {
		attributes.Audience = strings.Split(o.audience, ",")
	}
	return ingest.With(source, attributes), nil
}

// oneFile is a folder of which one file is seen.
type oneFile struct {
	fs.FS
	name string
}

func (f oneFile) ReadDir(string) ([]fs.DirEntry, error) {
	info, err := fs.Stat(f.FS, f.name)
	if err != nil {
		return nil, err
	}
	return []fs.DirEntry{fs.FileInfoToDirEntry(info)}, nil
}

// ask answers queries until the input ends.
func ask(ctx context.Context, o options, kb *index.Index, in io.Reader, out io.Writer) error {
	prompt := ""
	if isTerminal(in) {
		prompt = "\nWhat would a customer ask? > "
	}
	lines := bufio.NewScanner(in)
	for fmt.Fprint(out, prompt); lines.Scan(); fmt.Fprint(out, prompt) {
		query := frontdesk.Query{Text: strings.TrimSpace(lines.Text()), TopK: o.results, Tenant: o.tenant}
		if o.audience != "" {
			query.Audience = strings.Split(o.audience, ",")
		}
		if query.Text == "" {
			continue
		}
		hits, err := kb.Explain(ctx, query)
		if err != nil {
			return err
		}
		printHits(out, query.Text, hits, isTerminal(out))
	}
	return lines.Err()
}

// isTerminal reports whether a person sits at the other end.
func isTerminal(stream any) bool {
	file, ok := stream.(*os.File)
	if !ok {
		return false
	}
	info, err := file.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
