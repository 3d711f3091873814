// Package index finds passages in a knowledge base that is held in memory: up to
// about a million of them, in the process that asks.
//
// An [Index] searches by words and, with an embedder, by meaning:
//
//	kb := &index.Index{Embedder: new(frontdesk.Embeddings), Model: frontdesk.BGELarge}
//	err := kb.Load("kb.index")                  // or filled by package ingest
//	agent, err := frontdesk.New(frontdesk.Config{Retriever: kb})
//
// Without an embedder it is a lexical index, needs no vectors and makes no
// request: see [New].
//
// # By words
//
// Words are weighted by how rare they are (BM25), and count more in titles and
// headings. They are reduced to stems in the language of each passage, which its
// function words or its label "language" tell: Arabic, Danish, Dutch, English,
// Finnish, French, German, Italian, Norwegian, Portuguese, Russian, Spanish,
// Swedish and Turkish. Others are found by their whole words, and Chinese,
// Japanese, Korean and Thai by pairs of characters. Diacritics do not matter, a
// code is found with and without its hyphens, and a word that no passage holds
// is taken for a slip of the pen or a compound. It knows nothing of meaning: "money
// back" does not find "refund".
//
// # By meaning
//
// The vectors nearest to that of the query are found by an estimate from one bit
// for each dimension (RaBitQ), and those that may be among the best are compared
// exactly. How much error to allow for is measured on the index's own vectors,
// so that 98 of 100 of the ten nearest are found whatever they are like; where
// estimates would not help, all vectors are compared. A vector of 1,024
// dimensions takes 4.2 KB.
//
// The two rankings are joined by the places that passages have in them
// (reciprocal rank fusion).
//
// # Who may see what
//
// What a query does not admit (frontdesk.Query.Admits) is left out before the
// search and not after it: a filter that leaves one passage in a hundred makes a
// search faster and finds no less.
//
// # Updates
//
// [Index.Replace] swaps documents in one step while searches go on, and
// [Index.Save] writes a file that a crash cannot break. Package ingest keeps an
// index in step with folders and exports.
package index
