-- Faces that an admin has said are not a person's, whatever the score says: a probe that is as near to one of
-- them as to the person's own templates is not that person. Sealed under the person's key, so they go with it.
CREATE TABLE non_matches (
    id uuid PRIMARY KEY,
    person_id uuid NOT NULL REFERENCES people ON DELETE CASCADE,
    model_pack text NOT NULL REFERENCES model_packs ON DELETE CASCADE,
    sealed bytea NOT NULL,
    decided_by uuid NOT NULL,
    decided_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX non_matches_person_idx ON non_matches (person_id);

-- The queue of unknown faces is off until somebody says why it is needed.
CREATE TABLE review_settings (
    singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
    enabled boolean NOT NULL DEFAULT false,
    reason text CONSTRAINT review_settings_reason_length CHECK (char_length(reason) BETWEEN 10 AND 500),
    keep_hours integer NOT NULL DEFAULT 72 CONSTRAINT review_settings_keep_hours CHECK (keep_hours BETWEEN 1 AND 720),
    CONSTRAINT review_settings_has_reason CHECK (NOT enabled OR reason IS NOT NULL)
);
INSERT INTO review_settings DEFAULT VALUES;

-- Faces that seem to be one person's, sealed under a key of the item's own that the master key wraps. Pictures
-- are small and lie in the row, so that one statement erases a face everywhere at once.
CREATE TABLE review_items (
    id uuid PRIMARY KEY,
    model_pack text NOT NULL,
    -- The score from which two faces were one person's when this was collected.
    threshold real NOT NULL,
    master_key_version integer NOT NULL,
    wrapped bytea NOT NULL,
    sightings bigint NOT NULL DEFAULT 1,
    first_seen timestamptz NOT NULL,
    last_seen timestamptz NOT NULL
);
CREATE INDEX review_items_last_seen_idx ON review_items (last_seen DESC, id DESC);

CREATE TABLE review_faces (
    id uuid PRIMARY KEY,
    item_id uuid NOT NULL REFERENCES review_items ON DELETE CASCADE,
    feed_id uuid NOT NULL REFERENCES feeds,
    at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    why text NOT NULL CONSTRAINT review_faces_why CHECK (why IN ('unknown', 'spoof')),
    liveness real,
    picture bytea NOT NULL,
    template bytea NOT NULL
);
CREATE INDEX review_faces_item_idx ON review_faces (item_id, at DESC);
CREATE INDEX review_faces_expires_idx ON review_faces (expires_at);
