-- Who an account is at a provider of OpenID Connect. The subject is somebody's for good; an e-mail address may become
-- somebody else's, so it is looked at only until an account is bound.
CREATE TABLE oidc_identities (
    issuer text NOT NULL,
    subject text NOT NULL,
    user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (issuer, subject),
    CONSTRAINT oidc_identities_once UNIQUE (user_id, issuer)
);

-- A sign-in under way. The browser has a token in a cookie; here is its hash alone. State, nonce and code verifier follow
-- from the token, so that nothing in this table helps whoever reads it.
CREATE TABLE oidc_sign_ins (
    token_hash bytea PRIMARY KEY,
    -- Path of the page to show afterwards.
    return_to text NOT NULL,
    -- The session that the browser had; it ends.
    old_session bytea,
    -- The session that this sign-in renews the confirmation of; null: it starts one.
    confirms uuid REFERENCES sessions (id) ON DELETE CASCADE,
    -- Set once the provider has vouched for somebody of whom a second factor is asked here.
    user_id uuid REFERENCES users ON DELETE CASCADE,
    -- When they showed the provider who they are, where it says so.
    authenticated_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL
);
CREATE INDEX oidc_sign_ins_expires_idx ON oidc_sign_ins (expires_at);
