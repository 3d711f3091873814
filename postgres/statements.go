package postgres

// statements are the store's SQL, in one place because the order in which they
// lock rows must be the same everywhere: the conversation, claims, accounts.
//
// Where a statement decides by time it asks clock_timestamp, which goes on
// while it waits for a row.
type statements struct {
	load, create, extend, state      string
	renew, expired                   string
	claim, holder, release           string
	count, giveBack, forget          string
	conversations                    string
	eraseConversations, eraseEntries string
	eraseHolders                     string
}

func newStatements(schema string) statements {
	in := func(sql string) string { return inSchema(schema, sql) }
	// addEntries is the end of both appends: it adds nothing unless the
	// conversation's row was written.
	const addEntries = `
		INSERT INTO frontdesk.entries (tenant, conversation, seq, id, kind, version, turn, time, nanoseconds, data)
		SELECT $1, $2, $3::bigint + e.place, e.id, e.kind, e.version, e.turn, e.time, e.nanoseconds, e.data
		FROM conversation, unnest($8::bytea[], $9::bytea[], $10::bigint[], $11::bytea[], $12::timestamptz[], $13::smallint[], $14::bytea[])
			WITH ORDINALITY AS e (id, kind, version, turn, time, nanoseconds, data, place)`
	return statements{
		load: in(`
			SELECT seq, id, kind, version, turn, time, nanoseconds, data FROM frontdesk.entries
			WHERE tenant = $1 AND conversation = $2 AND seq > $3 ORDER BY seq`),

		// $1 tenant, $2 id, $3 last, $4 the new last, $5 the customer or null,
		// $6 the lease's epoch or null, $7 its duration, $8 to $14 the entries;
		// $15 the epoch that is checked.
		create: in(`
			WITH conversation AS (
				INSERT INTO frontdesk.conversations (tenant, id, last_seq, customer, appended, epoch, lease_until)
				VALUES ($1, $2, $4::bigint, coalesce($5::bytea, ''), clock_timestamp(), coalesce($6::bigint, 0),
					CASE WHEN $7::interval > interval '0' THEN clock_timestamp() + $7::interval END)
				ON CONFLICT DO NOTHING
				RETURNING 1
			)` + addEntries),
		extend: in(`
			WITH conversation AS (
				UPDATE frontdesk.conversations SET
					last_seq = $4::bigint,
					customer = coalesce($5::bytea, customer),
					appended = clock_timestamp(),
					epoch = coalesce($6::bigint, epoch),
					lease_until = CASE WHEN $6::bigint IS NULL THEN lease_until
						WHEN $7::interval > interval '0' THEN clock_timestamp() + $7::interval END
				WHERE tenant = $1 AND id = $2 AND last_seq = $3::bigint AND ($15::bigint IS NULL OR $15::bigint = epoch
					OR $15::bigint > epoch AND (lease_until IS NULL OR lease_until <= clock_timestamp()))
				RETURNING 1
			)` + addEntries),
		state: in(`
			SELECT last_seq, epoch, coalesce(greatest(lease_until - clock_timestamp(), interval '0'), interval '0')
			FROM frontdesk.conversations WHERE tenant = $1 AND id = $2`),

		renew: in(`
			UPDATE frontdesk.conversations SET lease_until = clock_timestamp() + $4::interval
			WHERE tenant = $1 AND id = $2 AND epoch = $3 AND lease_until IS NOT NULL`),
		expired: in(`
			WITH due AS MATERIALIZED (
				SELECT tenant, id, lease_until FROM frontdesk.conversations
				WHERE lease_until <= statement_timestamp() AND coalesce(hidden_until <= statement_timestamp(), true)
				ORDER BY lease_until, tenant, id LIMIT $1
				FOR UPDATE SKIP LOCKED
			), offered AS (
				UPDATE frontdesk.conversations c SET hidden_until = clock_timestamp() + $2::interval
				FROM due WHERE c.tenant = due.tenant AND c.id = due.id
			)
			SELECT tenant, id FROM due ORDER BY lease_until, tenant, id`),

		claim: in(`
			INSERT INTO frontdesk.claims (name, tenant, conversation)
			SELECT name, $2, $3 FROM unnest($1::bytea[]) AS name
			ON CONFLICT DO NOTHING RETURNING name`),
		holder:  in(`SELECT tenant, conversation FROM frontdesk.claims WHERE name = $1`),
		release: in(`DELETE FROM frontdesk.claims WHERE name = ANY ($1::bytea[])`),

		// $1 name, $2 amount, $3 limit, $4 period. Periods begin at multiples
		// of their length since the year 1, as frontdesk.Account says.
		count: in(`
			WITH period AS (
				SELECT date_bin($4::interval, clock_timestamp(), timestamptz '0001-01-01 00:00:00Z') + $4::interval AS ends
			), counted AS (
				INSERT INTO frontdesk.accounts AS a (name, spent, resets)
				SELECT $1, $2::bigint, ends FROM period WHERE $2::bigint <= $3::bigint
				ON CONFLICT (name) DO UPDATE SET
					spent = CASE WHEN a.resets > clock_timestamp() THEN a.spent ELSE 0 END + excluded.spent,
					resets = CASE WHEN a.resets > clock_timestamp() THEN a.resets ELSE excluded.resets END
				WHERE excluded.spent <= $3::bigint - CASE WHEN a.resets > clock_timestamp() THEN a.spent ELSE 0 END
				RETURNING 1
			)
			SELECT EXISTS (SELECT FROM counted),
				coalesce((SELECT resets FROM frontdesk.accounts WHERE name = $1 AND resets > clock_timestamp()), ends)
			FROM period`),
		// $3 null, or a time in the period from which the amount is taken.
		giveBack: in(`
			UPDATE frontdesk.accounts SET spent = greatest(spent + $2::bigint, 0)
			WHERE name = $1 AND resets > clock_timestamp() AND ($3::timestamptz IS NULL
				OR resets = date_bin($4::interval, $3::timestamptz, timestamptz '0001-01-01 00:00:00Z') + $4::interval)`),
		forget: in(`
			DELETE FROM frontdesk.accounts WHERE name IN (
				SELECT name FROM frontdesk.accounts WHERE resets < now() - interval '1 hour' LIMIT 10000 FOR UPDATE SKIP LOCKED)`),

		conversations: in(`
			SELECT id FROM frontdesk.conversations WHERE tenant = $1 AND customer = $2 AND customer <> ''
			ORDER BY appended DESC LIMIT $3`),

		// Each of these must be a statement of its own: the first waits for
		// appends under way, and only a later one sees what they added.
		eraseConversations: in(`
			DELETE FROM frontdesk.conversations WHERE tenant = $1 AND customer = $2 AND customer <> '' RETURNING id`),
		eraseEntries: in(`DELETE FROM frontdesk.entries WHERE tenant = $1 AND conversation = ANY ($2::bytea[])`),
		eraseHolders: in(`
			UPDATE frontdesk.claims SET tenant = NULL, conversation = NULL
			WHERE tenant = $1 AND conversation = ANY ($2::bytea[])`),
	}
}
