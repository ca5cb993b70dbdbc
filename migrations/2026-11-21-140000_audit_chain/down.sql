REVOKE UPDATE (actor_id, subject_id, detail, salt) ON audit FROM attendance_app;
DROP TRIGGER audit_only_empties ON audit;
DROP FUNCTION audit_only_empties;
DROP TRIGGER audit_note_pending ON audit;
DROP FUNCTION audit_note_pending;
DROP TABLE audit_pending, audit_chain;
DROP INDEX audit_action_idx, audit_actor_idx, audit_subject_idx;
UPDATE audit SET detail = '{}' WHERE detail IS NULL;
ALTER TABLE audit DROP COLUMN salt, ALTER COLUMN detail SET NOT NULL;
