-- Every consent there was: the one that stands is in `consents`, and here is when each was given and ended.
CREATE TABLE consent_history (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    person_id uuid NOT NULL REFERENCES people ON DELETE CASCADE,
    given_by text NOT NULL,
    at timestamptz NOT NULL,
    text_version text NOT NULL,
    recorded_by uuid NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT now(),
    ended_at timestamptz,
    ended_by uuid,
    -- Taken back; else another consent took its place.
    withdrawn boolean NOT NULL DEFAULT false,
    CONSTRAINT consent_history_ended CHECK ((ended_at IS NULL) = (ended_by IS NULL))
);
CREATE INDEX consent_history_person_idx ON consent_history (person_id, recorded_at);
INSERT INTO consent_history (person_id, given_by, at, text_version, recorded_by, recorded_at)
SELECT person_id, given_by, at, text_version, recorded_by, recorded_at FROM consents;

-- What people agree to. A version is never changed; the newest is the one that is asked for.
CREATE TABLE consent_texts (
    version text PRIMARY KEY CONSTRAINT consent_texts_version_length CHECK (char_length(version) BETWEEN 1 AND 50),
    text text NOT NULL CONSTRAINT consent_texts_length CHECK (char_length(text) BETWEEN 1 AND 20000),
    created_at timestamptz NOT NULL DEFAULT now(),
    created_by uuid
);
INSERT INTO consent_texts (version, text) VALUES ('1',
    'I agree that photos of my face and the templates computed from them are stored and compared with the faces that '
    'pass the cameras of this site, so that my arrivals are logged. I can take this back at any time; photos and '
    'templates are then erased. Whoever does not agree is marked in another way and has no disadvantage from it.');
REVOKE UPDATE, DELETE ON consent_texts FROM attendance_app;

-- How long each kind of data is kept, in days; null is without end.
CREATE TABLE retention (
    singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
    arrivals_days integer CONSTRAINT retention_arrivals CHECK (arrivals_days BETWEEN 1 AND 36500),
    attendance_days integer CONSTRAINT retention_attendance CHECK (attendance_days BETWEEN 1 AND 36500),
    audit_days integer CONSTRAINT retention_audit CHECK (audit_days BETWEEN 1 AND 36500),
    imports_days integer NOT NULL DEFAULT 1 CONSTRAINT retention_imports CHECK (imports_days BETWEEN 1 AND 30)
);
INSERT INTO retention DEFAULT VALUES;
REVOKE INSERT, DELETE ON retention FROM attendance_app;

-- The nights that were purged: one process of all does it.
CREATE TABLE retention_runs (day date PRIMARY KEY, at timestamptz NOT NULL DEFAULT now());

-- Marks are not the application's to delete, but old ones go with the days that they are of.
CREATE FUNCTION purge_marks(before date) RETURNS bigint
    LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp
    AS $$
        WITH gone AS (DELETE FROM marks WHERE day < before AND before < current_date RETURNING 1)
        SELECT count(*) FROM gone
    $$;
REVOKE EXECUTE ON FUNCTION purge_marks FROM PUBLIC;
GRANT EXECUTE ON FUNCTION purge_marks TO attendance_app;
