-- Days to be worked out again because schedules, holidays or groups changed: more people than a request has time for.
-- The row is written with the change, so no crash loses it.
CREATE TABLE attendance_recomputes (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    -- Whose: the members of a group. Null: everybody's.
    group_id uuid,
    -- [from_day, until_day)
    from_day date NOT NULL,
    until_day date NOT NULL,
    CONSTRAINT attendance_recomputes_dates CHECK (from_day < until_day)
);

-- What is on today is asked for with every look at the dashboard.
CREATE INDEX attendance_days_open_idx ON attendance_days (ends_at);
-- One gap of a feed lasts at a time.
CREATE UNIQUE INDEX feed_gaps_lasting_key ON feed_gaps (feed_id) WHERE until_at IS NULL;
