-- Ids are bytes, because a text cannot hold every string that Go can. To read
-- them in psql: SET bytea_output = escape.

CREATE TABLE frontdesk.conversations (
	tenant       bytea NOT NULL,
	id           bytea NOT NULL,
	last_seq     bigint NOT NULL,
	customer     bytea NOT NULL DEFAULT '',
	appended     timestamptz NOT NULL,
	epoch        bigint NOT NULL DEFAULT 0,
	lease_until  timestamptz,            -- null: there is none, or it was ended
	hidden_until timestamptz,            -- was offered for recovery
	PRIMARY KEY (tenant, id)
) WITH (fillfactor = 70);                -- each append updates the row in place

CREATE INDEX conversations_customer ON frontdesk.conversations (tenant, customer) WHERE customer <> '';
CREATE INDEX conversations_lease ON frontdesk.conversations (lease_until) WHERE lease_until IS NOT NULL;

CREATE TABLE frontdesk.entries (
	tenant       bytea NOT NULL,
	conversation bytea NOT NULL,
	seq          bigint NOT NULL,
	id           bytea NOT NULL,
	kind         bytea NOT NULL,
	version      bigint NOT NULL,
	turn         bytea NOT NULL,
	time         timestamptz NOT NULL,
	nanoseconds  smallint NOT NULL,      -- those that time cannot hold, 0 to 999
	data         bytea,                  -- JSON, byte for byte
	PRIMARY KEY (tenant, conversation, seq)
);

-- Names of claims and accounts are kept as SHA-256: so they can be of any
-- length, and tell nothing after their customer was erased.

CREATE TABLE frontdesk.claims (
	name         bytea PRIMARY KEY,
	tenant       bytea,                  -- the holder; null after it was erased
	conversation bytea
);

CREATE INDEX claims_holder ON frontdesk.claims (tenant, conversation);

CREATE TABLE frontdesk.accounts (
	name         bytea PRIMARY KEY,
	spent        bigint NOT NULL,
	resets       timestamptz NOT NULL
) WITH (fillfactor = 70);
