-- The owner migrates; the application has data only and cannot rewrite the audit; the public count function
-- sees one view; the backup reads. Roles belong to the cluster, so another database may have made them.
DO $$
DECLARE role text;
BEGIN
    FOREACH role IN ARRAY ARRAY['attendance_app', 'attendance_stats', 'attendance_backup'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role) THEN
            BEGIN
                EXECUTE format('CREATE ROLE %I NOLOGIN', role);
            EXCEPTION WHEN duplicate_object OR unique_violation THEN
                NULL; -- another database of this cluster was migrated at the same moment
            END;
        END IF;
    END LOOP;
END $$;

CREATE VIEW people_count AS SELECT count(*) AS count FROM people WHERE archived_at IS NULL;

REVOKE CREATE ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO attendance_app, attendance_stats, attendance_backup;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO attendance_app;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO attendance_app;
REVOKE UPDATE, DELETE ON audit FROM attendance_app;
REVOKE INSERT, UPDATE, DELETE ON people_count, __diesel_schema_migrations FROM attendance_app;
GRANT SELECT ON people_count TO attendance_stats;
GRANT SELECT ON ALL TABLES IN SCHEMA public TO attendance_backup;
GRANT SELECT ON ALL SEQUENCES IN SCHEMA public TO attendance_backup;
-- Tables of later migrations follow the same rule without being named here.
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO attendance_app;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE ON SEQUENCES TO attendance_app;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO attendance_backup;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON SEQUENCES TO attendance_backup;
