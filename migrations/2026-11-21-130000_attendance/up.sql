-- Roles. An owner is an admin whom other admins cannot touch, and one always remains: the oldest account is
-- whoever set this up.
ALTER TABLE users
    DROP CONSTRAINT users_role,
    ADD CONSTRAINT users_role CHECK (role IN ('admin', 'manager', 'guard', 'member')),
    ADD COLUMN owner boolean NOT NULL DEFAULT false,
    ADD CONSTRAINT users_owner_is_admin CHECK (NOT owner OR role = 'admin'),
    -- Whose own record a member sees.
    ADD COLUMN person_id uuid CONSTRAINT users_person_id_key UNIQUE REFERENCES people ON DELETE SET NULL;
UPDATE users SET owner = true
WHERE id = (SELECT id FROM users WHERE role = 'admin' ORDER BY created_at, id LIMIT 1);

-- The groups of a manager, and the feeds that somebody may send frames to.
CREATE TABLE user_groups (
    user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    group_id uuid NOT NULL REFERENCES groups ON DELETE CASCADE,
    PRIMARY KEY (user_id, group_id)
);
CREATE INDEX user_groups_group_idx ON user_groups (group_id);
CREATE TABLE user_feeds (
    user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    feed_id uuid NOT NULL REFERENCES feeds ON DELETE CASCADE,
    PRIMARY KEY (user_id, feed_id)
);
CREATE INDEX user_feeds_feed_idx ON user_feeds (feed_id);

ALTER TABLE groups
    ADD COLUMN kind text NOT NULL DEFAULT 'class' CONSTRAINT groups_kind CHECK (kind IN ('class', 'team', 'site'));

-- Membership has dates: [from_day, until_day), open where null. Who was in the class in May is answered in July.
ALTER TABLE group_members
    DROP CONSTRAINT group_members_pkey,
    ADD COLUMN id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    ADD COLUMN from_day date,
    ADD COLUMN until_day date,
    ADD CONSTRAINT group_members_dates CHECK (from_day < until_day),
    ADD CONSTRAINT group_members_once
        EXCLUDE USING gist (group_id WITH =, person_id WITH =, daterange(from_day, until_day) WITH &&);

-- What is expected of a group: class periods or shifts. The rules are dated versions, each standing until the next
-- begins, so a change never rewrites the past.
CREATE TABLE schedules (
    id uuid PRIMARY KEY,
    name text NOT NULL CONSTRAINT schedules_name_length CHECK (char_length(name) BETWEEN 1 AND 100),
    kind text NOT NULL CONSTRAINT schedules_kind CHECK (kind IN ('period', 'shift')),
    -- Null: the site's zone.
    timezone text,
    created_at timestamptz NOT NULL DEFAULT now(),
    deleted_at timestamptz
);
CREATE UNIQUE INDEX schedules_name_key ON schedules (lower(name)) WHERE deleted_at IS NULL;

CREATE TABLE schedule_versions (
    schedule_id uuid NOT NULL REFERENCES schedules,
    from_day date NOT NULL,
    rules jsonb NOT NULL,
    created_by uuid,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (schedule_id, from_day)
);

CREATE TABLE group_schedules (
    id uuid PRIMARY KEY,
    group_id uuid NOT NULL REFERENCES groups ON DELETE CASCADE,
    schedule_id uuid NOT NULL REFERENCES schedules,
    from_day date NOT NULL,
    until_day date,
    CONSTRAINT group_schedules_dates CHECK (from_day < until_day),
    CONSTRAINT group_schedules_once
        EXCLUDE USING gist (group_id WITH =, schedule_id WITH =, daterange(from_day, until_day) WITH &&)
);
CREATE INDEX group_schedules_schedule_idx ON group_schedules (schedule_id);

-- Of everybody, or of one group.
CREATE TABLE holidays (
    id uuid PRIMARY KEY,
    group_id uuid REFERENCES groups ON DELETE CASCADE,
    name text NOT NULL CONSTRAINT holidays_name_length CHECK (char_length(name) BETWEEN 1 AND 100),
    from_day date NOT NULL,
    until_day date NOT NULL,
    CONSTRAINT holidays_dates CHECK (from_day < until_day)
);

-- Which feeds a group comes past: a known gap in one of them is a reason not to call anybody absent.
CREATE TABLE feed_groups (
    feed_id uuid NOT NULL REFERENCES feeds ON DELETE CASCADE,
    group_id uuid NOT NULL REFERENCES groups ON DELETE CASCADE,
    PRIMARY KEY (feed_id, group_id)
);
CREATE INDEX feed_groups_group_idx ON feed_groups (group_id);
CREATE TABLE feed_gaps (
    id uuid PRIMARY KEY,
    feed_id uuid NOT NULL REFERENCES feeds ON DELETE CASCADE,
    from_at timestamptz NOT NULL,
    -- Null while it lasts.
    until_at timestamptz,
    CONSTRAINT feed_gaps_dates CHECK (from_at < until_at)
);
CREATE INDEX feed_gaps_feed_idx ON feed_gaps (feed_id, from_at);

-- A class without a schedule can be marked by hand all the same: each day of this one is one period that nobody
-- is expected in.
INSERT INTO schedules (id, name, kind) VALUES ('00000000-0000-0000-0000-000000000001', 'All day', 'period');

-- A wrong arrival is voided, never deleted; given to somebody else, that is a new row which names the old one.
ALTER TABLE arrivals
    ADD COLUMN voided_at timestamptz,
    ADD COLUMN voided_by uuid,
    ADD COLUMN void_reason text CONSTRAINT arrivals_void_reason_length CHECK (char_length(void_reason) BETWEEN 1 AND 500),
    ADD COLUMN reassigned_from uuid REFERENCES arrivals ON DELETE SET NULL,
    ADD CONSTRAINT arrivals_void_whole CHECK (
        (voided_at IS NULL) = (voided_by IS NULL) AND (voided_at IS NULL) = (void_reason IS NULL)),
    DROP CONSTRAINT arrivals_once,
    ADD CONSTRAINT arrivals_once EXCLUDE USING gist (person_id WITH =, feed_id WITH =, span WITH &&)
        WHERE (voided_at IS NULL);
CREATE INDEX arrivals_reassigned_from_idx ON arrivals (reassigned_from) WHERE reassigned_from IS NOT NULL;

-- The template that a face arrival was decided on, sealed under the person's key, for as long as a review face is
-- kept: what is voided as not this person becomes a confirmed non-match.
CREATE TABLE arrival_probes (
    arrival_id uuid PRIMARY KEY REFERENCES arrivals ON DELETE CASCADE,
    person_id uuid NOT NULL REFERENCES people ON DELETE CASCADE,
    model_pack text NOT NULL REFERENCES model_packs ON DELETE CASCADE,
    sealed bytea NOT NULL,
    expires_at timestamptz NOT NULL
);
CREATE INDEX arrival_probes_expires_idx ON arrival_probes (expires_at);
CREATE INDEX arrival_probes_person_idx ON arrival_probes (person_id);

-- Hand marks and approved corrections. A change is a new row and the newest counts; a null state takes the hand
-- mark back, so that what the cameras saw counts again.
CREATE TABLE marks (
    id uuid PRIMARY KEY,
    person_id uuid NOT NULL REFERENCES people ON DELETE CASCADE,
    schedule_id uuid NOT NULL REFERENCES schedules,
    day date NOT NULL,
    slot smallint NOT NULL,
    state text CONSTRAINT marks_state CHECK (state IN ('present', 'absent', 'late', 'excused')),
    note text CONSTRAINT marks_note_length CHECK (char_length(note) <= 500),
    marked_by uuid NOT NULL,
    marked_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX marks_day_idx ON marks (person_id, schedule_id, day, slot, id DESC);

-- What somebody asks to have put right; the decision makes a mark.
CREATE TABLE corrections (
    id uuid PRIMARY KEY,
    person_id uuid NOT NULL REFERENCES people ON DELETE CASCADE,
    schedule_id uuid NOT NULL REFERENCES schedules,
    day date NOT NULL,
    slot smallint NOT NULL,
    state text NOT NULL CONSTRAINT corrections_state CHECK (state IN ('present', 'absent', 'late', 'excused')),
    reason text NOT NULL CONSTRAINT corrections_reason_length CHECK (char_length(reason) BETWEEN 1 AND 500),
    asked_by uuid NOT NULL,
    asked_at timestamptz NOT NULL DEFAULT now(),
    approved boolean,
    decided_by uuid,
    decided_at timestamptz,
    decision_note text CONSTRAINT corrections_decision_note_length CHECK (char_length(decision_note) <= 500),
    mark_id uuid REFERENCES marks ON DELETE SET NULL,
    CONSTRAINT corrections_decided CHECK (
        (approved IS NULL) = (decided_by IS NULL) AND (approved IS NULL) = (decided_at IS NULL))
);
CREATE INDEX corrections_person_idx ON corrections (person_id, asked_at DESC);
CREATE INDEX corrections_open_idx ON corrections (asked_at) WHERE approved IS NULL;
CREATE UNIQUE INDEX corrections_one_open ON corrections (person_id, schedule_id, day, slot) WHERE approved IS NULL;

-- The state of a person in one shift instance: slot `slot` of the schedule on `day`. Worked out from arrivals,
-- marks, rules, holidays and camera gaps; everything here can be computed again.
CREATE TABLE attendance_days (
    person_id uuid NOT NULL REFERENCES people ON DELETE CASCADE,
    schedule_id uuid NOT NULL REFERENCES schedules,
    day date NOT NULL,
    slot smallint NOT NULL,
    -- The group through which the schedule is theirs, for reports; null once it is deleted.
    group_id uuid REFERENCES groups ON DELETE SET NULL,
    starts_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL,
    state text NOT NULL CONSTRAINT attendance_days_state CHECK (state IN
        ('expected', 'present', 'late', 'left_early', 'half_day', 'absent', 'excused', 'holiday', 'unconfirmed')),
    -- Whether a hand mark decided.
    by_hand boolean NOT NULL DEFAULT false,
    mark_id uuid REFERENCES marks ON DELETE SET NULL,
    first_in timestamptz,
    last_out timestamptz,
    -- Whole minutes; late and early count from start and end, beyond the grace only.
    late_minutes integer NOT NULL DEFAULT 0,
    early_minutes integer NOT NULL DEFAULT 0,
    -- Null where somebody went in and was not seen to leave.
    worked_minutes integer,
    computed_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (person_id, schedule_id, day, slot)
);
CREATE INDEX attendance_days_day_idx ON attendance_days (day, state);
CREATE INDEX attendance_days_group_idx ON attendance_days (group_id, day);
CREATE INDEX attendance_days_schedule_idx ON attendance_days (schedule_id, day, slot);

-- Which instances were opened and closed, so that a restart goes on where it was.
CREATE TABLE schedule_runs (
    schedule_id uuid NOT NULL REFERENCES schedules,
    day date NOT NULL,
    slot smallint NOT NULL,
    opened_at timestamptz NOT NULL DEFAULT now(),
    closed_at timestamptz,
    PRIMARY KEY (schedule_id, day, slot)
);
CREATE INDEX schedule_runs_open_idx ON schedule_runs (day) WHERE closed_at IS NULL;

-- Marks are the record of who decided what: written, read, and erased only with their person.
REVOKE UPDATE, DELETE ON marks FROM attendance_app;
