-- What opens a feed: at most two live tokens of an agent, so that one can be exchanged without a gap, and one for each
-- paired kiosk. Only hashes are kept.
CREATE TABLE feed_tokens (
    id uuid PRIMARY KEY,
    feed_id uuid NOT NULL REFERENCES feeds ON DELETE CASCADE,
    kind text NOT NULL CONSTRAINT feed_tokens_kind CHECK (kind IN ('device', 'kiosk')),
    token_hash bytea NOT NULL CONSTRAINT feed_tokens_hash_key UNIQUE,
    created_at timestamptz NOT NULL DEFAULT now(),
    last_used_at timestamptz,
    last_address inet,
    revoked_at timestamptz
);
CREATE INDEX feed_tokens_feed_idx ON feed_tokens (feed_id) WHERE revoked_at IS NULL;
INSERT INTO feed_tokens (id, feed_id, kind, token_hash, created_at)
    SELECT gen_random_uuid(), id, 'device', token_hash, created_at FROM feeds WHERE deleted_at IS NULL;
ALTER TABLE feeds
    DROP COLUMN token_hash,
    -- How its device is to work, read and written whole; its revision tells a device that something changed.
    ADD COLUMN device_settings jsonb NOT NULL DEFAULT '{}',
    ADD COLUMN settings_revision integer NOT NULL DEFAULT 1,
    -- The API process that its frames come to, by the address under which the others reach it; null where there is one.
    ADD COLUMN served_by text;

-- What the devices of a feed said last, read and written whole.
CREATE TABLE feed_devices (
    feed_id uuid NOT NULL REFERENCES feeds ON DELETE CASCADE,
    device_id uuid NOT NULL,
    heartbeat jsonb NOT NULL,
    received_at timestamptz NOT NULL,
    -- By how many milliseconds its clock is ahead of the server's.
    drift_ms bigint NOT NULL,
    address inet,
    -- While frames wait on it: since when the oldest did that it told of, and whether it gave any up.
    backlog_from timestamptz,
    backlog_lost boolean NOT NULL DEFAULT false,
    PRIMARY KEY (feed_id, device_id)
);

-- The feed's device kept what passed meanwhile, and all of it has come: nobody was missed.
ALTER TABLE feed_gaps ADD COLUMN filled_at timestamptz;

-- Codes that make a tablet a kiosk: once, within ten minutes.
CREATE TABLE kiosk_pairings (
    code_hash bytea PRIMARY KEY,
    feed_id uuid NOT NULL REFERENCES feeds ON DELETE CASCADE,
    -- Who made it: an account or a key.
    created_by uuid NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL
);
CREATE INDEX kiosk_pairings_expires_idx ON kiosk_pairings (expires_at);

-- PINs, hashed; after five wrong tries one is stopped until it is set anew.
CREATE TABLE person_pins (
    person_id uuid PRIMARY KEY REFERENCES people ON DELETE CASCADE,
    pin_hash text NOT NULL,
    set_at timestamptz NOT NULL DEFAULT now(),
    wrong_tries integer NOT NULL DEFAULT 0
);

-- Badges: the QR code holds the id and a signature under a key outside the database.
CREATE TABLE badges (
    id uuid PRIMARY KEY,
    person_id uuid NOT NULL REFERENCES people ON DELETE CASCADE,
    created_at timestamptz NOT NULL DEFAULT now(),
    revoked_at timestamptz,
    last_used_at timestamptz
);
CREATE INDEX badges_person_idx ON badges (person_id);

-- Check-ins at kiosks by the id that the kiosk gave them: one that is sent again is the same arrival.
CREATE TABLE kiosk_check_ins (
    id uuid PRIMARY KEY,
    feed_id uuid NOT NULL REFERENCES feeds ON DELETE CASCADE,
    arrival_id uuid NOT NULL REFERENCES arrivals ON DELETE CASCADE,
    received_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX kiosk_check_ins_arrival_idx ON kiosk_check_ins (arrival_id);

ALTER TABLE arrivals
    DROP CONSTRAINT arrivals_source_kind,
    ADD CONSTRAINT arrivals_source_kind CHECK (source_kind IN ('post', 'live', 'replay', 'kiosk')),
    -- It waited on a kiosk that could not ask the server whether PIN or badge is right.
    ADD COLUMN provisional boolean NOT NULL DEFAULT false,
    -- Who looked at one that is provisional or whose time is unproven, and let it stand.
    ADD COLUMN confirmed_at timestamptz,
    ADD COLUMN confirmed_by uuid;
CREATE INDEX arrivals_doubtful_idx ON arrivals (at DESC)
    WHERE (provisional OR time_unproven) AND confirmed_at IS NULL;

-- What devices seal to: the secret half, sealed under a key that the master key wraps. One row, made at first need.
CREATE TABLE seal_keys (
    singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
    master_key_version integer NOT NULL,
    wrapped bytea NOT NULL,
    sealed bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);
