-- Imports of people from a table, and of photos from an archive. What they hold of people is kept for a day.
CREATE TABLE imports (
    id uuid PRIMARY KEY,
    kind text NOT NULL CONSTRAINT imports_kind CHECK (kind IN ('people', 'photos')),
    state text NOT NULL CONSTRAINT imports_state CHECK (state IN ('preview', 'running', 'done', 'failed')),
    created_by uuid NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL DEFAULT now() + interval '1 day',
    -- Of whoever works it off: what has not been touched for a while was left behind by a process that ended.
    touched_at timestamptz NOT NULL DEFAULT now(),
    -- How the file was read: format, encoding, delimiter, columns.
    source jsonb NOT NULL,
    done integer NOT NULL DEFAULT 0,
    total integer NOT NULL,
    message text
);
CREATE INDEX imports_expires_idx ON imports (expires_at);

-- A row of a table or a file of an archive, and what becomes of it.
CREATE TABLE import_rows (
    import_id uuid NOT NULL REFERENCES imports ON DELETE CASCADE,
    number integer NOT NULL,
    -- The external id, or the file's name.
    name text NOT NULL,
    verdict text NOT NULL CONSTRAINT import_rows_verdict CHECK (verdict IN
        ('create', 'update', 'unchanged', 'error', 'waiting', 'stored', 'refused')),
    -- What is wrong, by column.
    problems jsonb NOT NULL,
    cells jsonb NOT NULL,
    PRIMARY KEY (import_id, number)
);
