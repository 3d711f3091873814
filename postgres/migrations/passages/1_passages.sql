CREATE TABLE frontdesk.passages (
	number       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	source       bytea NOT NULL,
	document     bytea NOT NULL,
	version      bytea NOT NULL,
	tenant       bytea NOT NULL,
	audience     bytea[] NOT NULL,       -- empty: everybody
	labels       bytea[] NOT NULL,       -- each a quoted name, "=" and a quoted value
	valid_from   timestamptz,
	valid_until  timestamptz,
	passage      bytea NOT NULL,         -- as JSON
	words        tsvector NOT NULL,
	embedding    real[]                  -- of length 1; pgvector indexes it where it is there
);

ALTER TABLE frontdesk.passages ALTER COLUMN embedding SET STORAGE EXTERNAL;

CREATE INDEX passages_document ON frontdesk.passages (source, document);
CREATE INDEX passages_tenant ON frontdesk.passages (tenant);
CREATE INDEX passages_labels ON frontdesk.passages USING gin (labels) WITH (fastupdate = off);
CREATE INDEX passages_words ON frontdesk.passages USING gin (words) WITH (fastupdate = off); -- more is read than written

-- The model of all vectors: one row, or none while there are no vectors.
CREATE TABLE frontdesk.embedding_model (
	single       boolean PRIMARY KEY DEFAULT true CHECK (single),
	model        bytea NOT NULL,
	dimensions   int NOT NULL
);
