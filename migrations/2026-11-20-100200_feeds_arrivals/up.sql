-- A deleted feed keeps its row: arrivals go on naming it.
CREATE TABLE feeds (
    id uuid PRIMARY KEY,
    name text NOT NULL CONSTRAINT feeds_name_length CHECK (char_length(name) BETWEEN 1 AND 100),
    liveness text NOT NULL CONSTRAINT feeds_liveness CHECK (liveness IN ('off', 'passive', 'challenge')),
    min_frames integer NOT NULL CONSTRAINT feeds_min_frames CHECK (min_frames BETWEEN 1 AND 100),
    dedup_seconds integer NOT NULL CONSTRAINT feeds_dedup_seconds CHECK (dedup_seconds BETWEEN 1 AND 86400),
    max_fps integer NOT NULL CONSTRAINT feeds_max_fps CHECK (max_fps BETWEEN 1 AND 60),
    direction text NOT NULL CONSTRAINT feeds_direction CHECK (direction IN ('in', 'out', 'both')),
    reveals text NOT NULL CONSTRAINT feeds_reveals CHECK (reveals IN ('all', 'state')),
    threshold real CONSTRAINT feeds_threshold CHECK (threshold BETWEEN -1 AND 1),
    margin real CONSTRAINT feeds_margin CHECK (margin BETWEEN 0 AND 2),
    token_hash bytea NOT NULL CONSTRAINT feeds_token_hash_key UNIQUE,
    last_frame_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    deleted_at timestamptz
);
CREATE UNIQUE INDEX feeds_name_key ON feeds (lower(name)) WHERE deleted_at IS NULL;

CREATE TABLE arrivals (
    id uuid PRIMARY KEY,
    person_id uuid NOT NULL REFERENCES people ON DELETE CASCADE,
    feed_id uuid NOT NULL REFERENCES feeds,
    at timestamptz NOT NULL,
    -- [at, at + the feed's dedup_seconds). Stored, because timestamptz + interval is not immutable and an
    -- index takes nothing less.
    span tstzrange NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT now(),
    captured_at timestamptz NOT NULL,
    received_at timestamptz NOT NULL,
    method text NOT NULL CONSTRAINT arrivals_method CHECK (method IN ('face', 'pin', 'qr', 'manual')),
    -- What the decision rested on, so that it can be judged again.
    model_pack text,
    similarity real,
    margin real,
    runner_up uuid,
    runner_up_similarity real,
    threshold real,
    min_margin real,
    liveness real,
    -- Who sent the deciding frame, how, and from where.
    sender_kind text NOT NULL CONSTRAINT arrivals_sender_kind CHECK (sender_kind IN ('feed', 'user')),
    sender_id uuid NOT NULL,
    source_kind text NOT NULL CONSTRAINT arrivals_source_kind CHECK (source_kind IN ('post', 'live')),
    source_address inet,
    -- Captured in the past while the server itself saw that feed alive.
    time_unproven boolean NOT NULL DEFAULT false,
    -- The writing transaction, so that a reader's cursor can be a snapshot: what that snapshot did not see is
    -- exactly what the reader has not had, in whatever order transactions commit.
    written_by bigint NOT NULL DEFAULT (pg_current_xact_id()::text::bigint),
    -- One arrival per person, feed and window, whoever writes it: another instance, a replay, a restart.
    CONSTRAINT arrivals_once EXCLUDE USING gist (person_id WITH =, feed_id WITH =, span WITH &&)
);
CREATE INDEX arrivals_at_idx ON arrivals (at DESC, id DESC);
CREATE INDEX arrivals_person_idx ON arrivals (person_id, at DESC, id DESC);
CREATE INDEX arrivals_feed_idx ON arrivals (feed_id, at DESC, id DESC);
CREATE INDEX arrivals_written_by_idx ON arrivals (written_by);
