-- Programs that are told of alerts. The secret that requests are signed with is sealed under a key of its own.
CREATE TABLE webhooks (
    id uuid PRIMARY KEY,
    name text NOT NULL CONSTRAINT webhooks_name_length CHECK (char_length(name) BETWEEN 1 AND 100),
    url text NOT NULL CONSTRAINT webhooks_url_length CHECK (char_length(url) BETWEEN 1 AND 2000),
    enabled boolean NOT NULL,
    master_key_version integer NOT NULL,
    wrapped bytea NOT NULL,
    sealed bytea NOT NULL,
    secret_changed_at timestamptz NOT NULL DEFAULT now(),
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX webhooks_name_key ON webhooks (lower(name));
CREATE INDEX webhooks_key_idx ON webhooks (master_key_version);

-- Who is told of what. Recipients and the like are read and written whole, and never searched.
CREATE TABLE alert_rules (
    id uuid PRIMARY KEY,
    name text NOT NULL CONSTRAINT alert_rules_name_length CHECK (char_length(name) BETWEEN 1 AND 100),
    kind text NOT NULL CONSTRAINT alert_rules_kind
        CHECK (kind IN ('absence', 'lateness', 'unknown_face', 'camera_silent')),
    group_id uuid REFERENCES groups ON DELETE CASCADE,
    feed_id uuid REFERENCES feeds ON DELETE CASCADE,
    channels jsonb NOT NULL,
    recipients jsonb NOT NULL,
    quiet_hours jsonb,
    digest jsonb NOT NULL,
    enabled boolean NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX alert_rules_name_key ON alert_rules (lower(name));
CREATE INDEX alert_rules_group_idx ON alert_rules (group_id);
CREATE INDEX alert_rules_feed_idx ON alert_rules (feed_id);

-- What somebody wants to be told: an account says so itself, for people without one an admin does.
CREATE TABLE alert_preferences (
    id uuid PRIMARY KEY,
    user_id uuid CONSTRAINT alert_preferences_user_key UNIQUE REFERENCES users ON DELETE CASCADE,
    person_id uuid CONSTRAINT alert_preferences_person_key UNIQUE REFERENCES people ON DELETE CASCADE,
    preferences jsonb NOT NULL,
    changed_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT alert_preferences_whose CHECK ((user_id IS NULL) <> (person_id IS NULL))
);

-- Reports that are sent by themselves.
CREATE TABLE report_schedules (
    id uuid PRIMARY KEY,
    name text NOT NULL CONSTRAINT report_schedules_name_length CHECK (char_length(name) BETWEEN 1 AND 100),
    kind text NOT NULL,
    range text NOT NULL,
    group_id uuid REFERENCES groups ON DELETE CASCADE,
    format text NOT NULL,
    users jsonb NOT NULL,
    emails jsonb NOT NULL,
    cadence jsonb NOT NULL,
    -- Minutes after midnight, by the site's clocks.
    at_minute smallint NOT NULL CONSTRAINT report_schedules_minute CHECK (at_minute BETWEEN 0 AND 1439),
    enabled boolean NOT NULL,
    last_run_at timestamptz,
    next_run_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT report_schedules_next CHECK (enabled = (next_run_at IS NOT NULL))
);
CREATE UNIQUE INDEX report_schedules_name_key ON report_schedules (lower(name));
CREATE INDEX report_schedules_group_idx ON report_schedules (group_id);

-- What is to be told, written in the transaction of its cause: one row for each thing, recipient and way. Texts are
-- made when they are sent, so that names and addresses of people stand in their own tables alone.
CREATE TABLE outbox (
    id uuid PRIMARY KEY,
    -- The same thing is told to the same address by the same way once.
    key text NOT NULL CONSTRAINT outbox_key_key UNIQUE,
    kind text NOT NULL CONSTRAINT outbox_kind
        CHECK (kind IN ('absence', 'lateness', 'unknown_face', 'camera_silent', 'camera_back', 'report')),
    channel text NOT NULL CONSTRAINT outbox_channel CHECK (channel IN ('email', 'sms', 'webhook')),
    -- An e-mail address, a phone number, or the id of a webhook.
    target text NOT NULL,
    webhook_id uuid REFERENCES webhooks ON DELETE CASCADE,
    user_id uuid REFERENCES users ON DELETE CASCADE,
    -- Erasing somebody erases what is told of them.
    person_id uuid REFERENCES people ON DELETE CASCADE,
    feed_id uuid REFERENCES feeds ON DELETE CASCADE,
    report_schedule_id uuid REFERENCES report_schedules ON DELETE CASCADE,
    -- Whether it goes to the person that it is about.
    to_person boolean NOT NULL DEFAULT false,
    schedule_id uuid,
    day date,
    slot smallint,
    payload jsonb NOT NULL,
    -- Rows of one bundle that are due together share a message.
    bundle text NOT NULL,
    state text NOT NULL DEFAULT 'pending' CONSTRAINT outbox_state
        CHECK (state IN ('pending', 'held', 'sent', 'withdrawn', 'dead')),
    created_at timestamptz NOT NULL DEFAULT now(),
    not_before timestamptz NOT NULL,
    -- Names the message from its first attempt on: a repeated one is the same message.
    delivery_id uuid,
    -- Until when a sender has it for itself.
    claimed_until timestamptz,
    attempts integer NOT NULL DEFAULT 0,
    last_error text,
    sent_at timestamptz,
    CONSTRAINT outbox_sent CHECK ((state = 'sent') = (sent_at IS NOT NULL)),
    CONSTRAINT outbox_webhook CHECK ((channel = 'webhook') = (webhook_id IS NOT NULL))
);
CREATE INDEX outbox_due_idx ON outbox (channel, not_before) WHERE state = 'pending';
CREATE INDEX outbox_delivery_idx ON outbox (delivery_id) WHERE delivery_id IS NOT NULL;
CREATE INDEX outbox_person_idx ON outbox (person_id) WHERE person_id IS NOT NULL;
CREATE INDEX outbox_feed_idx ON outbox (feed_id, created_at) WHERE feed_id IS NOT NULL;
CREATE INDEX outbox_user_idx ON outbox (user_id) WHERE user_id IS NOT NULL;
CREATE INDEX outbox_webhook_idx ON outbox (webhook_id) WHERE webhook_id IS NOT NULL;
CREATE INDEX outbox_report_schedule_idx ON outbox (report_schedule_id) WHERE report_schedule_id IS NOT NULL;
CREATE INDEX outbox_state_idx ON outbox (state, id DESC);
CREATE INDEX outbox_created_idx ON outbox (kind, created_at);
