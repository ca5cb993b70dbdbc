-- The roles stay: they belong to the cluster and another database may use them.
ALTER DEFAULT PRIVILEGES IN SCHEMA public REVOKE ALL ON TABLES FROM attendance_app, attendance_backup;
ALTER DEFAULT PRIVILEGES IN SCHEMA public REVOKE ALL ON SEQUENCES FROM attendance_app, attendance_backup;
REVOKE ALL ON ALL TABLES IN SCHEMA public FROM attendance_app, attendance_stats, attendance_backup;
REVOKE ALL ON ALL SEQUENCES IN SCHEMA public FROM attendance_app, attendance_stats, attendance_backup;
REVOKE ALL ON SCHEMA public FROM attendance_app, attendance_stats, attendance_backup;
DROP VIEW people_count;
