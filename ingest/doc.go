// Package ingest turns what a company has already written into the passages that
// an agent answers from, and keeps them in step with it.
//
//	kb := new(index.Index)
//	in := &ingest.Ingester{Target: kb, Embedder: &frontdesk.Embeddings{}}
//	report, err := in.Sync(ctx, "help", ingest.Folder{FS: os.DirFS("help")})
//
// A [Source] yields documents: [Folder] reads files, and [Decoders] says which.
// A [Splitter] cuts documents into passages along their structure. An [Ingester]
// embeds what is new and puts it into a [Target].
//
// # What is left out
//
// A file that cannot be read, or should not be, is left out, and the [Report]
// says why. It never ends the run. What the target holds of a page that is broken
// for now stays; what it holds of one that was withdrawn goes.
//
// # Files are untrusted
//
// Sizes, nesting and the growth of what is compressed are bounded: what is beyond is
// left out with a [LimitError]. The limits are listed in docs/knowledge.md. A decoder
// that panics costs its file, and a document cannot widen for whom it is: see
// [With].
//
// # Requests
//
// Only texts that no earlier run has embedded are sent, each once, in the
// largest batches. A run over an unchanged source makes no request and changes
// nothing, and one that was interrupted goes on where it was, if there is a
// [Cache].
package ingest
