// Package frontdesktest tests agents without a model.
//
// A [Provider] plays the model's part from a script, in the process: a unit
// test of an agent is a list of answers, a turn, and an assertion. A [Server]
// plays the same script over HTTP, as an OpenAI-compatible host, for tests that
// mean to include the wire. Both refuse a transcript that a strict host would
// refuse.
//
// [TestMemory] checks that a store keeps the contract of frontdesk.Memory, and
// [TestRetriever] that a knowledge base keeps that of frontdesk.Retriever. A
// [HashEmbedder] makes vectors without a model.
package frontdesktest
