DROP TABLE schedule_runs, attendance_days, corrections, marks, arrival_probes, feed_gaps, feed_groups, holidays,
    group_schedules, schedule_versions, schedules, user_feeds, user_groups;
DELETE FROM arrivals WHERE voided_at IS NOT NULL;
ALTER TABLE arrivals
    DROP CONSTRAINT arrivals_once,
    DROP CONSTRAINT arrivals_void_whole,
    DROP COLUMN voided_at,
    DROP COLUMN voided_by,
    DROP COLUMN void_reason,
    DROP COLUMN reassigned_from,
    ADD CONSTRAINT arrivals_once EXCLUDE USING gist (person_id WITH =, feed_id WITH =, span WITH &&);
ALTER TABLE group_members
    DROP CONSTRAINT group_members_once,
    DROP CONSTRAINT group_members_dates,
    DROP COLUMN id,
    DROP COLUMN from_day,
    DROP COLUMN until_day,
    ADD PRIMARY KEY (group_id, person_id);
ALTER TABLE groups DROP COLUMN kind;
DELETE FROM users WHERE role IN ('manager', 'member');
ALTER TABLE users
    DROP COLUMN person_id,
    DROP CONSTRAINT users_owner_is_admin,
    DROP COLUMN owner,
    DROP CONSTRAINT users_role,
    ADD CONSTRAINT users_role CHECK (role IN ('admin', 'guard'));
