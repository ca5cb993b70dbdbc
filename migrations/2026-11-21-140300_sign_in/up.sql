-- Somebody who was invited has no password until they set one; a disabled account stays and cannot sign in.
ALTER TABLE users
    ALTER COLUMN password_hash DROP NOT NULL,
    ADD COLUMN disabled_at timestamptz;

-- A link that sets a password, once: for somebody new, or in place of a lost one. A newer one replaces it.
CREATE TABLE invitations (
    user_id uuid PRIMARY KEY REFERENCES users ON DELETE CASCADE,
    token_hash bytea NOT NULL CONSTRAINT invitations_token_hash_key UNIQUE,
    -- Null: on the command line.
    created_by uuid,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL
);
CREATE INDEX invitations_expires_idx ON invitations (expires_at);

ALTER TABLE sessions
    -- What a session is called in lists: it opens nothing.
    ADD COLUMN id uuid NOT NULL DEFAULT gen_random_uuid() CONSTRAINT sessions_id_key UNIQUE,
    -- When the password was last given.
    ADD COLUMN confirmed_at timestamptz NOT NULL DEFAULT now();

-- Time-based one-time passwords (RFC 6238). The secret is sealed under a key of its own, wrapped by the master key.
CREATE TABLE second_factors (
    user_id uuid PRIMARY KEY REFERENCES users ON DELETE CASCADE,
    master_key_version integer NOT NULL,
    wrapped bytea NOT NULL,
    sealed bytea NOT NULL,
    -- Null until a first code has proven that the other side has the secret.
    confirmed_at timestamptz,
    -- The newest time step whose code was used: none is accepted twice.
    last_step bigint NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX second_factors_key_idx ON second_factors (master_key_version);

-- For when the device is lost: each is used once and then gone.
CREATE TABLE recovery_codes (
    user_id uuid NOT NULL REFERENCES second_factors ON DELETE CASCADE,
    code_hash bytea NOT NULL,
    PRIMARY KEY (user_id, code_hash)
);

ALTER TABLE settings ADD COLUMN admins_need_second_factor boolean NOT NULL DEFAULT false;

-- Keys of programs. One that is revoked stays: the audit names it.
CREATE TABLE api_keys (
    id uuid PRIMARY KEY,
    name text NOT NULL CONSTRAINT api_keys_name_length CHECK (char_length(name) BETWEEN 1 AND 100),
    -- The first characters of the key, to tell keys apart by.
    prefix text NOT NULL,
    key_hash bytea NOT NULL CONSTRAINT api_keys_key_hash_key UNIQUE,
    -- Separated by spaces.
    scopes text NOT NULL,
    created_by uuid NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz,
    last_used_at timestamptz,
    last_used_address inet,
    revoked_at timestamptz
);
CREATE UNIQUE INDEX api_keys_name_key ON api_keys (lower(name)) WHERE revoked_at IS NULL;
