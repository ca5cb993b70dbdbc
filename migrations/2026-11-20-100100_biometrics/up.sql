-- Everything biometric is sealed with AES-256-GCM under a key of the person's own, and that key is wrapped by
-- a master key that lives outside the database. Deleting this one row makes every copy unreadable.
CREATE TABLE person_keys (
    person_id uuid PRIMARY KEY REFERENCES people ON DELETE CASCADE,
    master_key_version integer NOT NULL,
    wrapped bytea NOT NULL
);

-- The image itself is an object, sealed, at people/{person}/{photo}.
CREATE TABLE photos (
    id uuid PRIMARY KEY,
    person_id uuid NOT NULL REFERENCES people ON DELETE CASCADE,
    width integer NOT NULL,
    height integer NOT NULL,
    quality jsonb NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX photos_person_idx ON photos (person_id, created_at);

-- One template per photo and model pack: templates of two packs never meet, because a search names its pack.
CREATE TABLE templates (
    photo_id uuid NOT NULL REFERENCES photos ON DELETE CASCADE,
    model_pack text NOT NULL,
    person_id uuid NOT NULL REFERENCES people ON DELETE CASCADE,
    sealed bytea NOT NULL,
    PRIMARY KEY (photo_id, model_pack)
);
CREATE INDEX templates_person_idx ON templates (person_id);

-- An admin enrolled a face although somebody else already had it (twins, or a second record on purpose).
-- Between these two the better score wins without a margin.
CREATE TABLE enrolment_overrides (
    person_a uuid NOT NULL REFERENCES people ON DELETE CASCADE,
    person_b uuid NOT NULL REFERENCES people ON DELETE CASCADE,
    decided_by uuid NOT NULL,
    decided_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (person_a, person_b),
    CONSTRAINT enrolment_overrides_ordered CHECK (person_a < person_b)
);
CREATE INDEX enrolment_overrides_b_idx ON enrolment_overrides (person_b);

-- Every change of what can be recognised takes the next revision while it holds this one row, so revisions
-- become visible in their own order and "newer than the last one I saw" misses nothing.
CREATE TABLE gallery_revision (
    singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
    revision bigint NOT NULL
);
INSERT INTO gallery_revision (revision) VALUES (0);

-- The newest revision that touched a person; it outlives the person, so that a deletion is seen too.
CREATE TABLE gallery_changes (
    person_id uuid PRIMARY KEY,
    revision bigint NOT NULL
);
CREATE INDEX gallery_changes_revision_idx ON gallery_changes (revision);
