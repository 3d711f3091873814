// Package postgres keeps conversations in PostgreSQL, so that any number of
// processes can serve them: [Store] is a [frontdesk.SharedMemory], a
// [frontdesk.CustomerMemory] and a [frontdesk.Ledger].
//
//	store, err := postgres.Open(ctx, postgres.Config{URL: os.Getenv("DATABASE_URL")})
//	if err != nil {
//		return err
//	}
//	defer store.Close()
//	agent, err := frontdesk.New(frontdesk.Config{Memory: store, Quota: frontdesk.Quota{Ledger: store}, …})
//
// It needs PostgreSQL 14 or newer and no extension. Its tables are in a schema
// of their own, so it can share a database with the application. They are made
// and brought up to date by [Open].
//
// Nothing is kept open between two calls: no transaction, no lock and no
// connection is held while a model thinks. Most appends are one statement and one round
// trip; those with claims or counts are a transaction. After PostgreSQL was
// restarted, or a connection was cut, calls under way fail and later ones
// work. Whether an append that failed so was done is told by the log: see
// [frontdesk.Memory].
package postgres
