-- Names are searched as people type them: without accents, in any case, with a slip of the finger. unaccent()
-- is only STABLE because its dictionary may be changed, so an index needs a wrapper that promises otherwise.
CREATE EXTENSION IF NOT EXISTS pg_trgm;
CREATE EXTENSION IF NOT EXISTS unaccent;
CREATE EXTENSION IF NOT EXISTS btree_gist;

CREATE FUNCTION search_text(value text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT
    AS $$ SELECT lower(public.unaccent('public.unaccent'::regdictionary, value)) $$;

CREATE TABLE people (
    id uuid PRIMARY KEY,
    name text NOT NULL CONSTRAINT people_name_length CHECK (char_length(name) BETWEEN 1 AND 200),
    external_id text NOT NULL
        CONSTRAINT people_external_id_key UNIQUE
        CONSTRAINT people_external_id_length CHECK (char_length(external_id) BETWEEN 1 AND 64),
    email text,
    phone text,
    branch text,
    year smallint,
    archived_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    search text NOT NULL GENERATED ALWAYS AS (search_text(name || ' ' || external_id)) STORED
);
CREATE INDEX people_search_idx ON people USING gin (search gin_trgm_ops);
CREATE INDEX people_name_idx ON people (name, id);

CREATE TABLE groups (
    id uuid PRIMARY KEY,
    name text NOT NULL CONSTRAINT groups_name_length CHECK (char_length(name) BETWEEN 1 AND 100)
);
CREATE UNIQUE INDEX groups_name_key ON groups (lower(name));

CREATE TABLE group_members (
    group_id uuid NOT NULL REFERENCES groups ON DELETE CASCADE,
    person_id uuid NOT NULL REFERENCES people ON DELETE CASCADE,
    PRIMARY KEY (group_id, person_id)
);
CREATE INDEX group_members_person_idx ON group_members (person_id);

-- The consent that stands. Withdrawing it deletes the row and, with it, the biometric data; the audit keeps
-- that both happened.
CREATE TABLE consents (
    person_id uuid PRIMARY KEY REFERENCES people ON DELETE CASCADE,
    given_by text NOT NULL CONSTRAINT consents_given_by_length CHECK (char_length(given_by) BETWEEN 1 AND 200),
    at timestamptz NOT NULL,
    text_version text NOT NULL,
    recorded_by uuid NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT now()
);
